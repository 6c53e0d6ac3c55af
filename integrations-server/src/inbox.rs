use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::webhook::Event;
use integrations_core::{EventId, IntegrationId, Result, TenantId};
use integrations_store::Store;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::Webhooks;

mod attempt;
mod dispatch;

use dispatch::{Dispatch, stopped};

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
    /// Which attempt this is, from 1. An attempt that the end of a process cut off counts.
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
    /// Handles one event. It runs in a task of its own; when it takes longer than
    /// [`timeout`](InboxBuilder::timeout), it is dropped at its next `await`.
    ///
    /// # Errors
    /// The event is delivered again later after an error that [`is_retryable`](integrations_core::Error::is_retryable),
    /// after one that speaks against the connection ([`status::event_of`](integrations_core::status::event_of): a
    /// revoked token), after a panic and after a timeout. Any other error gives it up, with the error's line as the
    /// reason.
    async fn handle(&self, delivery: &Delivery) -> Result<()>;
}

#[async_trait]
impl<H: EventHandler + ?Sized> EventHandler for Arc<H> {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        (**self).handle(delivery).await
    }
}

/// Hands stored events to a handler, in this process.
///
/// The events of one integration are handled one after the other, in order of arrival; those of different integrations
/// at once. An event that has to be tried again lets later ones pass, and so do the events of another process's inbox.
#[derive(Debug)]
pub struct Inbox(Arc<Settings>);

/// Builds an [`Inbox`].
#[derive(Debug)]
#[must_use]
pub struct InboxBuilder(Settings);

#[derive(Debug)]
struct Settings {
    store: Store,
    arrived: Arc<Notify>,
    handler: Arc<dyn EventHandler>,
    concurrency: usize,
    batch: u32,
    timeout: Duration,
    lease: Duration,
    poll: Duration,
    max_attempts: u32,
    first_retry: Duration,
}

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
    /// How many integrations' events are handled at once; 4 by default.
    pub fn concurrency(mut self, integrations: usize) -> Self {
        self.0.concurrency = integrations.max(1);
        self
    }

    /// How long a handler may take; 60 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }

    /// How soon after a crash somebody else gets the events that this process had in hand; 60 s by default. A handler
    /// may take longer: its lease is kept alive.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.0.lease = lease.max(Duration::from_millis(10));
        self
    }

    /// How often to look for events that another process stored and for those that are to be tried again; 1 s by
    /// default. Events of this process wake it at once.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.0.poll = interval.max(Duration::from_millis(1));
        self
    }

    /// Events taken from the store at once; 32 by default.
    pub fn batch(mut self, events: u32) -> Self {
        self.0.batch = events.max(1);
        self
    }

    /// Attempts before an event is given up; 10 by default.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.0.max_attempts = attempts.max(1);
        self
    }

    /// The wait after the first failed attempt, doubled after each further one up to an hour and shortened by up to a
    /// half by chance; 60 s by default. An error's [`retry_after`](integrations_core::Error::retry_after) counts
    /// instead.
    pub fn first_retry(mut self, wait: Duration) -> Self {
        self.0.first_retry = wait;
        self
    }

    /// The inbox.
    pub fn build(self) -> Inbox {
        Inbox(Arc::new(self.0))
    }
}

impl Inbox {
    /// An inbox that hands what `webhooks` stores to `handler`.
    pub fn builder(webhooks: &Webhooks, handler: impl EventHandler + 'static) -> InboxBuilder {
        InboxBuilder(Settings {
            store: webhooks.store().clone(),
            arrived: webhooks.arrived().clone(),
            handler: Arc::new(handler),
            concurrency: 4,
            batch: 32,
            timeout: Duration::from_secs(60),
            lease: Duration::from_secs(60),
            poll: Duration::from_secs(1),
            max_attempts: 10,
            first_retry: Duration::from_secs(60),
        })
    }

    /// Handles everything that is due now, and what becomes due meanwhile.
    ///
    /// Dropped before it ends, it drops the handlers that run; their events come again when the lease ends.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store); what was not handled stays stored.
    pub async fn drain(&self) -> Result<Drained> {
        Dispatch::new(&self.0, None).run().await
    }

    /// Handles events in the background until the handle is stopped.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start(self) -> InboxHandle {
        let (stop, mut receiver) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut stop = Some(&mut receiver);
            loop {
                // Before the look, so that what arrives after it is not overlooked.
                let arrived = self.0.arrived.notified();
                if let Err(error) = Dispatch::new(&self.0, stop.as_deref_mut()).run().await {
                    tracing::error!(
                        kind = error.kind().as_str(),
                        code = error.code(),
                        "inbox not drained"
                    );
                }
                tokio::select! {
                    () = arrived => {}
                    () = tokio::time::sleep(self.0.poll) => {}
                    () = stopped(&mut stop) => return,
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
    /// Stops: what is being handled is finished, what was taken but not begun is given back, the rest stays stored.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}
