//! Bodies: whole ones within bounds, and streams that nobody keeps.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use integrations_core::http::{Body as Outgoing, ResponseBody, UploadWatch};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Memory is counted in these, in bytes.
pub(super) const UNIT: usize = 1024;

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is larger than allowed.
    TooLarge,
    /// There is no memory for it now.
    NoRoom,
    /// It did not come in time.
    TooSlow,
    /// It broke off.
    Broken,
}

/// A body in memory, and the memory that it has.
struct Held {
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a whole body. What it takes of `memory` is given back when the last slice of it is gone.
pub(super) async fn collect<E>(
    chunks: impl Stream<Item = Result<Bytes, E>>,
    limit: usize,
    memory: &Arc<Semaphore>,
) -> Result<Bytes, Fault> {
    let mut chunks = std::pin::pin!(chunks);
    let mut bytes = Vec::new();
    let mut room: Option<OwnedSemaphorePermit> = None;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Fault::Broken)?;
        let length = bytes.len() + chunk.len();
        if length > limit {
            return Err(Fault::TooLarge);
        }
        if length > bytes.capacity() {
            // Doubled, and counted before it is taken.
            let capacity = length.max(bytes.capacity() * 2).min(limit.max(length));
            let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let more = capacity.div_ceil(UNIT).saturating_sub(held);
            let more = u32::try_from(more).map_err(|_| Fault::NoRoom)?;
            let more = Arc::clone(memory).try_acquire_many_owned(more);
            let more = more.map_err(|_| Fault::NoRoom)?;
            match &mut room {
                Some(room) => room.merge(more),
                None => room = Some(more),
            }
            bytes.reserve_exact(capacity - bytes.len());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Bytes::from_owner(Held { bytes, _room: room }))
}

/// The length that a message announces; `None` when it does not, or lies.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(http::header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// A body on its way from a caller to the upstream, watched.
pub(super) struct Upload {
    watch: UploadWatch,
    fault: Arc<OnceLock<Fault>>,
}

impl Upload {
    /// The body to send, chunk by chunk as the upstream takes them.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] when it announces more than the limit.
    pub(super) fn new(body: Body, limit: u64, idle: Duration) -> Result<(Outgoing, Self), Fault> {
        let fault = Arc::new(OnceLock::new());
        let hint = body.size_hint();
        if hint.lower() > limit {
            return Err(Fault::TooLarge);
        }
        if body.is_end_stream() {
            let (body, watch) = Outgoing::Empty.watched();
            return Ok((body, Self { watch, fault }));
        }
        let found = Arc::clone(&fault);
        let chunks = body.into_data_stream();
        let chunks = futures_util::stream::unfold(Some((chunks, 0)), move |state| {
            let found = Arc::clone(&found);
            async move {
                let (mut chunks, before) = state?;
                let fault = match timeout(idle, chunks.next()).await {
                    Ok(None) => return None,
                    Ok(Some(Ok(chunk))) => {
                        let length = before + chunk.len() as u64;
                        if length <= limit {
                            return Some((Ok(chunk), Some((chunks, length))));
                        }
                        Fault::TooLarge
                    }
                    Ok(Some(Err(_))) => Fault::Broken,
                    Err(_) => Fault::TooSlow,
                };
                // The first one counts, and there is no second.
                let _ = found.set(fault);
                Some((
                    Err(std::io::Error::other("the caller's body ended early")),
                    None,
                ))
            }
        });
        let (body, watch) = Outgoing::once(hint.exact(), chunks).watched();
        Ok((body, Self { watch, fault }))
    }

    /// What broke the body, if anything did.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault.get().copied()
    }

    /// Waits for an answer, so long from the last chunk of the body on; `None` when none came. Its caller's slowness is
    /// bounded by the body itself.
    pub(super) async fn answered<T>(
        &self,
        within: Duration,
        answer: impl Future<Output = T>,
    ) -> Option<T> {
        self.watch.answered(within, answer).await
    }
}

type Chunks = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// An answer on its way to a caller, chunk by chunk as the caller takes them; it breaks off when the upstream brings
/// nothing for this long.
pub(super) fn download(body: ResponseBody, idle: Duration) -> Body {
    let chunks: Chunks = Box::pin(
        body.into_stream()
            .map(|chunk| chunk.map_err(std::io::Error::other)),
    );
    let chunks = futures_util::stream::unfold(Some(chunks), move |chunks| async move {
        let mut chunks = chunks?;
        match timeout(idle, chunks.next()).await {
            Ok(chunk) => Some((chunk?, Some(chunks))),
            Err(_) => Some((Err(std::io::ErrorKind::TimedOut.into()), None)),
        }
    });
    Body::from_stream(chunks)
}
