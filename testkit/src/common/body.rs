use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::serve::Cut;

/// A response body that can end too early.
#[derive(Debug, Default)]
pub(crate) struct SimBody {
    data: Option<Bytes>,
    cut: Option<Arc<Cut>>,
}

impl SimBody {
    pub(crate) fn full(data: Bytes) -> Self {
        Self {
            data: Some(data),
            cut: None,
        }
    }

    /// Sends `data` and then ends the connection.
    pub(crate) fn truncated(data: Bytes, cut: Arc<Cut>) -> Self {
        Self {
            data: Some(data),
            cut: Some(cut),
        }
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.data.unwrap_or_default()
    }
}

impl Body for SimBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match (self.data.take().filter(|data| !data.is_empty()), &self.cut) {
            (Some(data), _) => Poll::Ready(Some(Ok(Frame::data(data)))),
            (None, None) => Poll::Ready(None),
            (None, Some(cut)) => {
                // What was sent so far is flushed while this waits.
                cut.close();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.cut.is_none() && self.data.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.cut, &self.data) {
            (None, data) => {
                let length = data.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            // Unknown, so that the announced length stands.
            (Some(_), _) => SizeHint::default(),
        }
    }
}
