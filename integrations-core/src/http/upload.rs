//! Bodies on their way out: who is waited for, the one who sends them or the one who answers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::{Body, ByteStream, later};

/// Watches over a body that is being sent: see [`Body::watched`].
#[derive(Clone)]
pub struct UploadWatch(Arc<Mutex<Option<Instant>>>);

impl UploadWatch {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(Instant::now()))))
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Since when nobody waits for the body's sender; `None` while somebody does.
    fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn over(&self, chunks: ByteStream) -> ByteStream {
        let watch = self.clone();
        Box::pin(futures_util::stream::unfold(chunks, move |mut chunks| {
            let watch = watch.clone();
            async move {
                let waiting = Waiting::begin(watch);
                let chunk = chunks.next().await;
                drop(waiting);
                Some((chunk?, chunks))
            }
        }))
    }

    /// Waits for what answers the body, so long after its sender was waited for last; `None` when nothing came. How long
    /// the sender takes is not counted: give the body's stream a bound of its own.
    pub async fn answered<T>(
        &self,
        within: Duration,
        answer: impl Future<Output = T>,
    ) -> Option<T> {
        let mut answer = std::pin::pin!(answer);
        loop {
            let until = later(self.since().unwrap_or_else(Instant::now), within);
            match timeout_at(until, &mut answer).await {
                Ok(answer) => return Some(answer),
                Err(_) => match self.since() {
                    Some(since) if later(since, within) <= Instant::now() => return None,
                    // It has moved, or its sender is slow.
                    _ => {}
                },
            }
        }
    }
}

impl fmt::Debug for UploadWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadWatch")
            .field("waits_for_sender", &self.since().is_none())
            .finish()
    }
}

/// Somebody waits for the next chunk, for as long as this is there.
struct Waiting(UploadWatch);

impl Waiting {
    fn begin(watch: UploadWatch) -> Self {
        watch.set(None);
        Self(watch)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.set(Some(Instant::now()));
    }
}

impl Body {
    /// The same body, and a watch that tells a sender who is slow from somebody who does not answer. A body in memory is
    /// never waited for.
    #[must_use]
    pub fn watched(self) -> (Self, UploadWatch) {
        let watch = UploadWatch::new();
        let body = match self {
            Self::Once(once) => Self::once(once.len(), watch.over(once.take())),
            Self::Stream { open, length } => {
                let watch = watch.clone();
                Self::stream(length, move || watch.over(open()))
            }
            body => body,
        };
        (body, watch)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::time::sleep;

    use super::*;

    /// So many chunks, each after so long.
    fn slow(chunks: u64, each: u64) -> Body {
        let chunks = futures_util::stream::iter(0..chunks).then(move |_| async move {
            sleep(Duration::from_secs(each)).await;
            Ok(Bytes::from_static(b"x"))
        });
        Body::once(None, chunks)
    }

    /// Reads a body, then takes so long to answer.
    async fn answer(body: Body, after: u64) -> usize {
        let Body::Once(once) = body else {
            panic!("it is there once")
        };
        let length = once.take().count().await;
        sleep(Duration::from_secs(after)).await;
        length
    }

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_slow_sender_does_not_use_up_the_time_of_who_answers() {
        for (chunks, each, after, expected) in [
            (100, 9, 9, Some(100)),
            (3, 3600, 9, Some(3)),
            (0, 0, 9, Some(0)),
            (3, 1, 11, None),
            (0, 0, 11, None),
        ] {
            let (body, watch) = slow(chunks, each).watched();
            let begun = Instant::now();
            let got = watch.answered(PATIENCE, answer(body, after)).await;
            assert_eq!(got, expected, "{chunks} {each} {after}");
            let waited = after.min(10);
            assert_eq!(begun.elapsed().as_secs(), chunks * each + waited);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_no_body_has_no_more_time() {
        for body in [slow(3, 1), Body::Bytes("x".into())] {
            let (body, watch) = body.watched();
            let begun = Instant::now();
            let never = async move {
                let _body = body;
                std::future::pending::<()>().await;
            };
            assert_eq!(watch.answered(PATIENCE, never).await, None);
            assert_eq!(begun.elapsed(), PATIENCE);
        }
        // One chunk, and no interest in the next.
        let (Body::Once(once), watch) = slow(3, 1).watched() else {
            panic!("it is there once")
        };
        let begun = Instant::now();
        let one = async move {
            let mut chunks = once.take();
            let _ = chunks.next().await;
            let next = tokio::time::timeout(Duration::from_millis(500), chunks.next()).await;
            assert!(next.is_err());
            drop(chunks);
            std::future::pending::<()>().await;
        };
        assert_eq!(watch.answered(PATIENCE, one).await, None);
        assert_eq!(begun.elapsed(), Duration::from_millis(11_500));
    }

    #[tokio::test]
    async fn what_can_be_opened_again_still_can() {
        let open = || -> ByteStream {
            Box::pin(futures_util::stream::iter([Ok(Bytes::from_static(b"hi"))]))
        };
        let (body, _watch) = Body::stream(Some(2), open).watched();
        assert!(body.is_repeatable() && body.len() == Some(2));
        let Body::Stream { open, .. } = body else {
            panic!("it is a stream")
        };
        for _ in 0..2 {
            assert_eq!(open().next().await.unwrap().unwrap(), "hi");
        }
    }
}
