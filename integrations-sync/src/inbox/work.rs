//! One job's work on a lane.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result, TenantId};
use integrations_store::{ClaimedEvent, Ended, Lane, LaneLease, Step};
use tokio::time::Instant;

use super::{Drained, Inbox, Shared};

/// How a job on a lane ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LaneOutcome {
    /// Nothing is left to do now, or somebody else does it.
    Done,
    /// The lane wants another job after this wait.
    Again(Duration),
}

/// The event in hand. Dropped in the middle of it, it gives event and lane back, so that nobody has to wait for the end
/// of the lease.
struct Hand {
    shared: Arc<Shared>,
    held: Option<(LaneLease, Box<ClaimedEvent>)>,
}

impl Hand {
    fn of(shared: &Arc<Shared>, lease: LaneLease, claimed: Box<ClaimedEvent>) -> Self {
        Self {
            shared: Arc::clone(shared),
            held: Some((lease, claimed)),
        }
    }

    async fn attempt(&mut self) -> Result<Option<Ended>> {
        match &mut self.held {
            Some((lease, claimed)) => self.shared.attempt(lease, claimed).await,
            None => Ok(None),
        }
    }

    async fn next(mut self, ended: &Ended) -> Result<Step> {
        match self.held.take() {
            Some((lease, claimed)) => {
                let lanes = self.shared.store.lanes();
                lanes.next(lease, &claimed, ended).await
            }
            None => Ok(Step::Empty),
        }
    }

    fn put_down(mut self) {
        self.held = None;
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        let Some((lease, claimed)) = self.held.take() else {
            return;
        };
        // Without a runtime there is no way but to wait for the end of the lease.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let lanes = self.shared.store.lanes();
            runtime.spawn(async move {
                if let Err(error) = lanes.next(lease, &claimed, &Ended::Released).await {
                    tracing::debug!(event = %claimed.id, code = error.code(), "event not given back");
                }
            });
        }
    }
}

impl Inbox {
    /// Hands the events of a lane to the handler, one after the other and in order of arrival, until there is none, the
    /// first one has to wait for another attempt, or the time [slice](super::InboxBuilder::slice) is over. When `cancel`
    /// ends, it ends after the event in hand. Dropped, it drops the handler and gives the event back.
    ///
    /// Safe to call for any lane at any time in any process: when somebody else works on it, nothing happens.
    ///
    /// # Errors
    /// [`ErrorKind::Store`], [`ErrorKind::Config`] without a handler. The events stay stored, and are found by
    /// [`sweep`](Self::sweep) when no further job comes.
    pub async fn work_lane(
        &self,
        tenant: &TenantId,
        lane: &Lane,
        cancel: impl Future<Output = ()> + Send,
    ) -> Result<LaneOutcome> {
        let mut drained = Drained::default();
        self.work(tenant, lane, cancel, &mut drained).await
    }

    pub(super) async fn work(
        &self,
        tenant: &TenantId,
        lane: &Lane,
        cancel: impl Future<Output = ()> + Send,
        drained: &mut Drained,
    ) -> Result<LaneOutcome> {
        let shared = self.shared();
        shared.handler()?;
        let settings = &shared.settings;
        let mut cancel = pin!(cancel);
        let started = Instant::now();
        let lanes = shared.store.lanes();
        let mut stopping = is_over(cancel.as_mut()).await;
        if stopping {
            return Ok(LaneOutcome::Again(Duration::ZERO));
        }
        let mut step = lanes
            .enter(tenant, lane, settings.lease, settings.max_attempts)
            .await?;
        let mut retried = false;
        loop {
            let (lease, claimed) = match step {
                Step::Work(lease, claimed) => (lease, claimed),
                // Whoever put the event back comes again for it; the others need not.
                Step::Later(wait) if retried => return Ok(LaneOutcome::Again(wait)),
                _ => return Ok(LaneOutcome::Done),
            };
            let provider = claimed.event.provider().to_owned();
            let mut hand = Hand::of(shared, lease, claimed);
            if stopping || started.elapsed() > settings.slice {
                hand.next(&Ended::Released).await?;
                return Ok(LaneOutcome::Again(Duration::ZERO));
            }
            let ended = {
                let mut attempt = pin!(hand.attempt());
                loop {
                    tokio::select! {
                        ended = &mut attempt => break ended?,
                        () = cancel.as_mut(), if !stopping => stopping = true,
                    }
                }
            };
            // Both may be ready at once: told to stop, it takes no other event.
            if !stopping {
                stopping = is_over(cancel.as_mut()).await;
            }
            let Some(ended) = ended else {
                hand.put_down();
                count(&provider, "lost");
                return Ok(LaneOutcome::Done);
            };
            retried = matches!(ended, Ended::Retry { .. });
            step = match hand.next(&ended).await {
                Ok(step) => step,
                Err(error) if is_lost(&error) => {
                    count(&provider, "lost");
                    return Ok(LaneOutcome::Done);
                }
                Err(error) => return Err(error),
            };
            count(&provider, drained.add(&ended));
        }
    }
}

fn count(provider: &str, outcome: &'static str) {
    metrics::counter!("integrations_events_total", "provider" => provider.to_owned(), "outcome" => outcome)
        .increment(1);
}

fn is_lost(error: &Error) -> bool {
    error.kind() == ErrorKind::Conflict && error.code() == Some("lease_lost")
}

/// Whether a future has ended, without waiting for it.
async fn is_over(mut future: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_ready()))
        .await
}
