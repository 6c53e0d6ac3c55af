use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::webhook::Event;
use integrations_core::{EventId, IntegrationId, Result, TenantId};
use integrations_store::{ClaimedEvent, Store};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::Webhooks;

/// A verified event on its way to the application.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// Whose it is.
    pub tenant: TenantId,
    /// The integration it came for.
    pub integration: IntegrationId,
    /// Its id here: the same at every attempt, so that a handler can tell a repetition.
    pub id: EventId,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The event.
    pub event: Event,
}

/// What the application does with an event.
///
/// A crash between the effect and its completion delivers the event again: make the effect idempotent by
/// [`Delivery::id`], or commit both in one transaction.
#[async_trait]
pub trait EventHandler: Debug + Send + Sync {
    /// Handles one event.
    ///
    /// # Errors
    /// An error that [`is_retryable`](integrations_core::Error::is_retryable) delivers it again later; any other gives
    /// it up, with the error's line as the reason.
    async fn handle(&self, delivery: &Delivery) -> Result<()>;
}

/// Hands stored events to a handler, in this process.
#[derive(Debug)]
pub struct Inbox {
    store: Store,
    arrived: Arc<Notify>,
    handler: Arc<dyn EventHandler>,
    batch: u32,
    lease: Duration,
    poll: Duration,
    max_attempts: u32,
    first_retry: Duration,
}

/// Builds an [`Inbox`].
#[derive(Debug)]
#[must_use]
pub struct InboxBuilder(Inbox);

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Drained {
    /// Handled.
    pub done: u64,
    /// To be tried again.
    pub retried: u64,
    /// Given up.
    pub failed: u64,
}

impl InboxBuilder {
    /// How long a handler has before somebody else gets the event; 60 s by default.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.0.lease = lease;
        self
    }

    /// How often to look for events that another process stored; 1 s by default. Events of this process wake it at once.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.0.poll = interval;
        self
    }

    /// Events taken at once; 32 by default.
    pub fn batch(mut self, events: u32) -> Self {
        self.0.batch = events.max(1);
        self
    }

    /// Attempts before an event is given up; 10 by default.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.0.max_attempts = attempts.max(1);
        self
    }

    /// The first wait after a failed attempt, doubled at each further one up to an hour; 60 s by default.
    pub fn first_retry(mut self, wait: Duration) -> Self {
        self.0.first_retry = wait;
        self
    }

    /// The inbox.
    pub fn build(self) -> Inbox {
        self.0
    }
}

impl Inbox {
    /// An inbox that hands what `webhooks` stores to `handler`.
    pub fn builder(webhooks: &Webhooks, handler: impl EventHandler + 'static) -> InboxBuilder {
        InboxBuilder(Self {
            store: webhooks.store().clone(),
            arrived: webhooks.arrived().clone(),
            handler: Arc::new(handler),
            batch: 32,
            lease: Duration::from_secs(60),
            poll: Duration::from_secs(1),
            max_attempts: 10,
            first_retry: Duration::from_secs(60),
        })
    }

    /// Handles everything that is due now, oldest first.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store); what was not handled stays stored.
    pub async fn drain(&self) -> Result<Drained> {
        let mut drained = Drained::default();
        loop {
            let claimed = self
                .store
                .deployment()
                .claim_due_events(self.batch, self.lease)
                .await?;
            if claimed.is_empty() {
                return Ok(drained);
            }
            for event in claimed {
                self.handle(event, &mut drained).await?;
            }
        }
    }

    async fn handle(&self, mut claimed: ClaimedEvent, drained: &mut Drained) -> Result<()> {
        let events = self.store.events();
        // The batch before this event may have taken a part of its lease.
        if events.extend(&mut claimed, self.lease).await.is_err() {
            return Ok(());
        }
        let delivery = Delivery {
            tenant: claimed.tenant.clone(),
            integration: claimed.integration,
            id: claimed.id,
            attempt: claimed.attempts,
            event: claimed.event.clone(),
        };
        let result = tokio::time::timeout(self.lease, self.handler.handle(&delivery)).await;
        let finished = match result {
            Ok(Ok(())) => {
                drained.done += 1;
                events.complete(&claimed).await
            }
            Ok(Err(error)) if !error.is_retryable() || claimed.attempts >= self.max_attempts => {
                drained.failed += 1;
                tracing::warn!(event = %claimed.id, kind = error.kind().as_str(), "event given up");
                events.fail(&claimed, &error.to_string()).await
            }
            Ok(Err(error)) => {
                drained.retried += 1;
                let wait = error
                    .retry_after()
                    .unwrap_or_else(|| self.backoff(claimed.attempts));
                events.retry(&claimed, wait, &error.to_string()).await
            }
            Err(_) if claimed.attempts >= self.max_attempts => {
                drained.failed += 1;
                events
                    .fail(&claimed, "the handler took longer than its lease")
                    .await
            }
            Err(_) => {
                drained.retried += 1;
                let wait = self.backoff(claimed.attempts);
                events
                    .retry(&claimed, wait, "the handler took longer than its lease")
                    .await
            }
        };
        match finished {
            // Somebody else has it: their result counts.
            Err(error) if error.code() == Some("lease_lost") => Ok(()),
            other => other,
        }
    }

    fn backoff(&self, attempts: u32) -> Duration {
        const CAP: Duration = Duration::from_secs(3600);
        self.first_retry
            .saturating_mul(2u32.saturating_pow(attempts.saturating_sub(1).min(12)))
            .min(CAP)
    }

    /// Handles events in the background until the handle is stopped.
    pub fn start(self) -> InboxHandle {
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            while !*stopped.borrow() {
                let arrived = self.arrived.notified();
                if let Err(error) = self.drain().await {
                    tracing::error!(
                        kind = error.kind().as_str(),
                        code = error.code(),
                        "inbox not drained"
                    );
                }
                tokio::select! {
                    () = arrived => {}
                    () = tokio::time::sleep(self.poll) => {}
                    _ = stopped.changed() => {}
                }
            }
        });
        InboxHandle { stop, task }
    }
}

/// A running [`Inbox`].
#[derive(Debug)]
#[must_use = "dropping it leaves the inbox running"]
pub struct InboxHandle {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl InboxHandle {
    /// Stops after the events that are being handled; the rest stays stored.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}
