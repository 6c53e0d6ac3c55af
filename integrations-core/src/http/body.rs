use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;

use super::{TransportError, TransportFailure};
use crate::{Error, ErrorKind, Result};

/// A stream of body chunks.
pub type ByteStream = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// A request body. All but [`Body::Once`] can be sent again for another attempt.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// A body in memory.
    Bytes(Bytes),
    /// A body that is produced anew for every attempt, so that files need not fit in memory.
    Stream {
        /// Opens the body from its start.
        open: Arc<dyn Fn() -> ByteStream + Send + Sync>,
        /// Its length in bytes, when known.
        length: Option<u64>,
    },
    /// A body that is there once, such as one that somebody else is sending just now: a call with it is never repeated.
    Once(OnceBody),
}

/// A stream that the first attempt takes.
#[derive(Clone)]
pub struct OnceBody {
    stream: Arc<Mutex<Option<ByteStream>>>,
    length: Option<u64>,
}

#[expect(clippy::len_without_is_empty, reason = "the length may be unknown")]
impl OnceBody {
    /// The length in bytes, when known.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        self.length
    }

    /// The stream; for whoever asks later, one that fails.
    #[must_use]
    pub fn take(&self) -> ByteStream {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.take().unwrap_or_else(|| {
            let gone = std::io::Error::other("the body was sent already and cannot be sent again");
            Box::pin(futures_util::stream::once(async move { Err(gone) }))
        })
    }
}

impl Body {
    /// JSON, with its content type put into `headers`.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when the value cannot be written as JSON (a map with keys that are not strings).
    pub fn json<T: Serialize + ?Sized>(value: &T, headers: &mut HeaderMap) -> Result<Self> {
        let bytes = serde_json::to_vec(value).map_err(|error| {
            Error::new(
                ErrorKind::Validation,
                "the request cannot be written as JSON",
            )
            .with_source(error)
        })?;
        Ok(Self::json_text(bytes, headers))
    }

    /// JSON that is written already, with its content type put into `headers`.
    pub fn json_text(text: impl Into<Bytes>, headers: &mut HeaderMap) -> Self {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Self::Bytes(text.into())
    }

    /// A form, with its content type put into `headers`.
    pub fn form<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        headers: &mut HeaderMap,
    ) -> Self {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        Self::Bytes(form.into())
    }

    /// A body that is opened anew for every attempt.
    pub fn stream(
        length: Option<u64>,
        open: impl Fn() -> ByteStream + Send + Sync + 'static,
    ) -> Self {
        Self::Stream {
            open: Arc::new(open),
            length,
        }
    }

    /// A body that can be sent only once.
    pub fn once(
        length: Option<u64>,
        stream: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self::Once(OnceBody {
            stream: Arc::new(Mutex::new(Some(Box::pin(stream)))),
            length,
        })
    }

    /// Whether another attempt can send it again.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Once(_))
    }

    /// The length in bytes, when known.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Stream { length, .. } => *length,
            Self::Once(once) => once.len(),
        }
    }

    /// Reads the whole body into memory: for who has to look at it before it is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when it is longer than `limit`, [`ErrorKind::Io`] when it breaks off.
    pub async fn read(&self, limit: usize) -> Result<Bytes> {
        let too_large = || {
            Error::new(
                ErrorKind::Validation,
                format!("the body is larger than {limit} bytes"),
            )
        };
        let mut chunks = match self {
            Self::Empty => return Ok(Bytes::new()),
            Self::Bytes(bytes) if bytes.len() > limit => return Err(too_large()),
            Self::Bytes(bytes) => return Ok(bytes.clone()),
            Self::Stream { open, .. } => open(),
            Self::Once(once) => once.take(),
        };
        let mut all = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                Error::new(ErrorKind::Io, "the body broke off").with_source(error)
            })?;
            if all.len() + chunk.len() > limit {
                return Err(too_large());
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Whether there is no body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

impl fmt::Debug for Body {
    /// Shows the length: bodies hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            Some(length) => write!(f, "Body({length} bytes)"),
            None => f.write_str("Body(stream)"),
        }
    }
}

impl fmt::Debug for OnceBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceBody")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// A response body: read whole up to a limit, or chunk by chunk.
pub struct ResponseBody(Inner);

enum Inner {
    Bytes(Bytes),
    Chunks(Chunks),
}

impl ResponseBody {
    /// A body in memory.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self(Inner::Bytes(bytes.into()))
    }

    /// A body that arrives chunk by chunk.
    pub fn from_stream(
        chunks: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
    ) -> Self {
        Self(Inner::Chunks(Box::pin(chunks)))
    }

    /// Reads the whole body.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when it is longer than `limit` after decompression; what the transport reports when it
    /// breaks off.
    pub async fn read(self, limit: usize) -> Result<Bytes> {
        let too_large = || {
            Error::new(
                ErrorKind::Decode,
                format!("the answer is larger than {limit} bytes: raise the limit of the call"),
            )
        };
        match self.0 {
            Inner::Bytes(bytes) if bytes.len() > limit => Err(too_large()),
            Inner::Bytes(bytes) => Ok(bytes),
            Inner::Chunks(mut chunks) => {
                let Some(first) = chunks.next().await.transpose()? else {
                    return Ok(Bytes::new());
                };
                if first.len() > limit {
                    return Err(too_large());
                }
                let Some(second) = chunks.next().await.transpose()? else {
                    return Ok(first);
                };
                let mut all = BytesMut::from(&first[..]);
                let mut next = Some(second);
                while let Some(chunk) = next {
                    if all.len() + chunk.len() > limit {
                        return Err(too_large());
                    }
                    all.extend_from_slice(&chunk);
                    next = chunks.next().await.transpose()?;
                }
                Ok(all.freeze())
            }
        }
    }

    /// The same body, which fails when it brings nothing for this long.
    pub(super) fn with_idle_timeout(self, idle: Duration) -> Self {
        let Inner::Chunks(chunks) = self.0 else {
            return self;
        };
        let timed = futures_util::stream::unfold(Some(chunks), move |chunks| async move {
            let mut chunks = chunks?;
            match tokio::time::timeout(idle, chunks.next()).await {
                Ok(chunk) => Some((chunk?, Some(chunks))),
                Err(_) => Some((Err(TransportError::bare(TransportFailure::Timeout)), None)),
            }
        });
        Self::from_stream(timed)
    }

    /// The body chunk by chunk.
    #[must_use]
    pub fn into_stream(self) -> Chunks {
        match self.0 {
            Inner::Bytes(bytes) => Box::pin(futures_util::stream::once(async move { Ok(bytes) })),
            Inner::Chunks(chunks) => chunks,
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Inner::Bytes(_) => "ResponseBody(bytes)",
            Inner::Chunks(_) => "ResponseBody(stream)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_there_once_is_there_once() {
        let body = Body::once(Some(2), futures_util::stream::iter([Ok(Bytes::from("hi"))]));
        assert_eq!((body.len(), body.is_repeatable()), (Some(2), false));
        assert!(Body::Empty.is_repeatable());
        assert_eq!(format!("{body:?}"), "Body(2 bytes)");
        let Body::Once(once) = body.clone() else {
            panic!("it is a body of its own kind");
        };
        assert_eq!(once.take().next().await.unwrap().unwrap(), "hi");
        assert!(
            once.take().next().await.unwrap().is_err(),
            "a copy is no second body"
        );
    }
}
