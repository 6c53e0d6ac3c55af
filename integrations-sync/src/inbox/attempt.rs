//! One event in a handler's hands.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use integrations_core::webhook::Event;
use integrations_core::{Error, Result, status};
use integrations_store::{ClaimedEvent, Ended, Failure, LaneLease};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use tracing::Instrument as _;

use super::{Delivery, Settings, Shared, seal};
use crate::again::is_lost_commit;
use crate::origin;

/// The longest wait between two attempts that the inbox chooses itself.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);
/// The longest wait that a provider may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 60 * 60);

/// What the handler said, or what stopped it.
enum Verdict {
    Done,
    Refused(Error),
    Panicked,
    TooSlow,
    Lost,
}

impl Shared {
    /// Runs the handler; what became of the event, or `None` when it is somebody else's by now.
    pub(super) async fn attempt(
        &self,
        lease: &mut LaneLease,
        claimed: &ClaimedEvent,
    ) -> Result<Option<Ended>> {
        let (verdict, completed) = match self.open(claimed).await {
            Ok(event) => {
                let delivery = Delivery::of(&self.store, claimed, event);
                let completed = delivery.watch();
                let verdict = self.ask(lease, claimed, delivery).await?;
                (verdict, completed.load(Ordering::SeqCst))
            }
            // A key that is missing now may be there again after a deployment is corrected.
            Err(error) => (Verdict::Refused(error.with_retryable(true)), false),
        };
        // The handler completed it with its effect and stumbled afterwards, or could not commit.
        if completed && !matches!(verdict, Verdict::Done | Verdict::Lost) {
            let lanes = self.store.lanes();
            if lanes.is_finished(&claimed.tenant, claimed.id).await? {
                return Ok(Some(Ended::Done));
            }
        }
        Ok(self.settings.ended(claimed, verdict))
    }

    async fn open(&self, claimed: &ClaimedEvent) -> Result<Event> {
        if !claimed.sealed {
            return Ok(claimed.event.clone());
        }
        let record = seal::event(claimed.id);
        let sealed = claimed.event.payload();
        let opened = seal::open(self.vault()?, &claimed.tenant, &record, sealed).await?;
        Ok(claimed.event.clone().with_payload(opened))
    }

    /// In a task of its own, so that neither a panic nor a busy loop in it stops anything here; the lease is kept alive
    /// meanwhile. Dropped, it takes the task with it.
    async fn ask(
        &self,
        lease: &mut LaneLease,
        claimed: &ClaimedEvent,
        delivery: Delivery,
    ) -> Result<Verdict> {
        let span = tracing::info_span!(
            "webhook_event",
            event = %claimed.id,
            provider = claimed.event.provider(),
            attempt = claimed.attempts,
        );
        let handler = Arc::clone(self.handler()?);
        let mut task = JoinSet::new();
        let handling = async move { handler.handle(&delivery).await }.instrument(span);
        task.spawn(origin::within(Some(claimed.id.to_string()), handling));
        let third = self.settings.lease / 3;
        let mut beat = interval_at(Instant::now() + third, third);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let lasts = self.settings.lease;
        let mut held_until = Instant::now() + lasts;
        let lanes = self.store.lanes();
        let handled = async {
            loop {
                tokio::select! {
                    ended = task.join_next() => return match ended {
                        Some(Ok(Ok(()))) => Verdict::Done,
                        Some(Ok(Err(error))) => Verdict::Refused(error),
                        _ => Verdict::Panicked,
                    },
                    _ = beat.tick() => {
                        let asked = Instant::now();
                        match timeout_at(held_until, lanes.keep(lease)).await {
                            Ok(Ok(true)) => held_until = asked + lasts,
                            // It may pass.
                            Ok(Err(_)) => {}
                            // It is somebody else's, or may be by now.
                            Ok(Ok(false)) | Err(_) => return Verdict::Lost,
                        }
                    }
                }
            }
        };
        let limit = self.settings.timeout;
        Ok(timeout(limit, handled).await.unwrap_or(Verdict::TooSlow))
    }
}

impl Settings {
    fn ended(&self, claimed: &ClaimedEvent, verdict: Verdict) -> Option<Ended> {
        let (failure, again, asked) = match verdict {
            Verdict::Done => return Some(Ended::Done),
            Verdict::Lost => return None,
            Verdict::Refused(error) => (
                Failure::of(&error),
                is_worth_another_try(&error),
                error.retry_after(),
            ),
            // The text of a panic may hold anything, the payload too.
            Verdict::Panicked => (Failure::new("panic", "the handler panicked"), true, None),
            Verdict::TooSlow => (
                Failure::new("timeout", "the handler took too long"),
                true,
                None,
            ),
        };
        if again && claimed.attempts < self.max_attempts {
            let wait = self.wait(claimed, asked);
            tracing::info!(event = %claimed.id, attempt = claimed.attempts, wait = ?wait, "event put back");
            return Some(Ended::Retry {
                wait,
                reason: failure.message,
            });
        }
        tracing::warn!(event = %claimed.id, attempt = claimed.attempts, cause = failure.cause, "event given up");
        Some(Ended::Failed(failure))
    }

    /// What the provider asked for, or twice the wait before: half of it at least, the rest by chance, so that events
    /// which failed together do not come back together.
    fn wait(&self, claimed: &ClaimedEvent, asked: Option<Duration>) -> Duration {
        if let Some(asked) = asked.filter(|asked| !asked.is_zero()) {
            return asked.min(LONGEST_ASKED);
        }
        let doubled = claimed.attempts.saturating_sub(1).min(16);
        let whole = self.first_retry.saturating_mul(1 << doubled);
        let whole = whole.min(LONGEST_WAIT.max(self.first_retry));
        whole / 2 + (whole / 2).mul_f64(fastrand::f64())
    }
}

/// A refused credential says nothing against the event: it waits for the connection to recover.
fn is_worth_another_try(error: &Error) -> bool {
    let connection = status::event_of(error) == Some(status::Event::Failed);
    error.is_retryable() || is_lost_commit(error) || (connection && !error.is_outcome_unknown())
}
