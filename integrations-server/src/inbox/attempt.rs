use std::sync::Arc;
use std::time::Duration;

use integrations_core::{Error, Result, status};
use integrations_store::ClaimedEvent;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tracing::Instrument as _;

use super::{Delivery, Settings};

/// The longest wait between two attempts that the inbox chooses itself.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);
/// The longest wait that a provider may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 60 * 60);

/// An event that this inbox holds, and since when its lease runs.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) claimed: ClaimedEvent,
    pub(super) since: Instant,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Done,
    Retried,
    Failed,
    /// Somebody else has the event: their result counts.
    Lost,
}

/// What the handler said, or what stopped it.
enum Verdict {
    Done,
    Refused(Error),
    Panicked,
    TooSlow,
    Lost,
}

impl Held {
    /// Extends the lease; false when somebody else has the event or it is gone.
    pub(super) async fn extend(&mut self, settings: &Settings) -> bool {
        let now = Instant::now();
        let events = settings.store.events();
        match events.extend(&mut self.claimed, settings.lease).await {
            Ok(_) => {
                self.since = now;
                true
            }
            // Anything else may pass: the lease still runs.
            Err(error) => !is_lost(&error),
        }
    }
}

/// Hands one event to the handler and stores what became of it.
pub(super) async fn attempt(settings: Arc<Settings>, mut held: Held) -> Result<Ended> {
    // It may have waited while the machine slept.
    if held.since.elapsed() > settings.lease / 2 && !held.extend(&settings).await {
        return Ok(Ended::Lost);
    }
    let verdict = settings.ask(&mut held).await;
    let ended = settings.record(&held.claimed, verdict).await?;
    let word = match ended {
        Ended::Done => "done",
        Ended::Retried => "retried",
        Ended::Failed => "failed",
        Ended::Lost => "lost",
    };
    let provider = held.claimed.event.provider().to_owned();
    metrics::counter!("integrations_events_total", "provider" => provider, "outcome" => word)
        .increment(1);
    Ok(ended)
}

impl Settings {
    /// Runs the handler in a task of its own, so that neither a panic nor a busy loop in it stops anything here, and
    /// keeps the lease alive meanwhile. Dropped, it takes the task with it.
    async fn ask(&self, held: &mut Held) -> Verdict {
        let claimed = &held.claimed;
        let delivery = Delivery {
            tenant: claimed.tenant.clone(),
            integration: claimed.integration,
            id: claimed.id,
            attempt: claimed.attempts,
            event: claimed.event.clone(),
        };
        // The last one allowed began and did not end, not even by a timeout: the process died in it.
        if claimed.attempts > self.max_attempts {
            return Verdict::TooSlow;
        }
        let span = tracing::info_span!(
            "webhook_event",
            event = %delivery.id,
            provider = delivery.event.provider(),
            attempt = delivery.attempt,
        );
        let handler = Arc::clone(&self.handler);
        let mut task = JoinSet::new();
        task.spawn(async move { handler.handle(&delivery).await }.instrument(span));
        let third = self.lease / 3;
        let mut beat = interval_at(Instant::now() + third, third);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let handled = async {
            loop {
                tokio::select! {
                    ended = task.join_next() => return match ended {
                        Some(Ok(Ok(()))) => Verdict::Done,
                        Some(Ok(Err(error))) => Verdict::Refused(error),
                        _ => Verdict::Panicked,
                    },
                    _ = beat.tick() => if !held.extend(self).await {
                        return Verdict::Lost;
                    },
                }
            }
        };
        timeout(self.timeout, handled)
            .await
            .unwrap_or(Verdict::TooSlow)
    }

    async fn record(&self, claimed: &ClaimedEvent, verdict: Verdict) -> Result<Ended> {
        let events = self.store.events();
        let (reason, again, asked) = match verdict {
            Verdict::Done => {
                return settle(events.complete(claimed).await, Ended::Done);
            }
            Verdict::Lost => return Ok(Ended::Lost),
            Verdict::Refused(error) => (
                error.to_string(),
                is_worth_another_try(&error),
                error.retry_after(),
            ),
            // The text of a panic may hold anything, the payload too.
            Verdict::Panicked => ("the handler panicked".to_owned(), true, None),
            Verdict::TooSlow => (
                "the handler took too long, or the process ended in it".to_owned(),
                true,
                None,
            ),
        };
        if again && claimed.attempts < self.max_attempts {
            let wait = self.wait(claimed, asked);
            tracing::info!(event = %claimed.id, attempt = claimed.attempts, wait = ?wait, "event put back");
            return settle(events.retry(claimed, wait, &reason).await, Ended::Retried);
        }
        tracing::warn!(event = %claimed.id, attempt = claimed.attempts, reason, "event given up");
        settle(events.fail(claimed, &reason).await, Ended::Failed)
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
        // The last four bytes of an event's id are random.
        let [.., a, b, c, d] = *claimed.id.as_uuid().as_bytes();
        let chance = u32::from_be_bytes([a, b, c, d]).rotate_left(claimed.attempts);
        whole / 2 + (whole / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }
}

/// A refused credential says nothing against the event: it waits for the connection to recover.
fn is_worth_another_try(error: &Error) -> bool {
    let connection = status::event_of(error) == Some(status::Event::Failed);
    error.is_retryable() || (connection && !error.is_outcome_unknown())
}

fn is_lost(error: &Error) -> bool {
    error.code() == Some("lease_lost")
}

fn settle(stored: Result<()>, ended: Ended) -> Result<Ended> {
    match stored {
        Err(error) if is_lost(&error) => Ok(Ended::Lost),
        stored => stored.map(|()| ended),
    }
}
