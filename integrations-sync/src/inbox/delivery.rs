use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use integrations_core::webhook::Event;
use integrations_core::{EventId, IntegrationId, Result, TenantId};
use integrations_store::{ClaimedEvent, Lanes, Store, Transaction};

/// A verified event on its way to a handler.
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
    completion: Completion,
}

#[derive(Clone)]
struct Completion {
    claim: Option<Arc<(Lanes, ClaimedEvent)>>,
    used: Arc<AtomicBool>,
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Completion")
    }
}

impl Delivery {
    /// A delivery that nobody waits for: to test a handler with. Its completion does nothing.
    #[must_use]
    pub fn detached(tenant: TenantId, integration: IntegrationId, event: Event) -> Self {
        Self {
            tenant,
            integration,
            id: EventId::new(),
            attempt: 1,
            event,
            completion: Completion {
                claim: None,
                used: Arc::default(),
            },
        }
    }

    /// The delivery of a claimed event, whose payload is open.
    pub(super) fn of(store: &Store, claimed: &ClaimedEvent, event: Event) -> Self {
        Self {
            tenant: claimed.tenant.clone(),
            integration: claimed.integration,
            id: claimed.id,
            attempt: claimed.attempts,
            event,
            completion: Completion {
                claim: Some(Arc::new((store.lanes(), claimed.clone()))),
                used: Arc::default(),
            },
        }
    }

    /// Completes the event in the transaction that holds its effect, so that both happen or neither: exactly once,
    /// whatever is killed and when. The handler commits and returns `Ok`.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](integrations_core::ErrorKind::Conflict) with the code `lease_lost` when somebody else has
    /// the event by now: drop the transaction. [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn complete_in(&self, transaction: &mut Transaction) -> Result<()> {
        if let Some(claim) = &self.completion.claim {
            self.completion.used.store(true, Ordering::SeqCst);
            claim.0.complete_in(transaction, &claim.1).await?;
        }
        Ok(())
    }

    /// [`complete_in`](Self::complete_in), and commits.
    ///
    /// # Errors
    /// As [`complete_in`](Self::complete_in).
    pub async fn commit_with(&self, mut transaction: Transaction) -> Result<()> {
        self.complete_in(&mut transaction).await?;
        transaction.commit().await
    }

    /// Tells whether the handler tried to complete the event itself.
    pub(super) fn watch(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.completion.used)
    }
}

/// What the application does with an event.
///
/// A crash between the effect and its completion delivers the event again: commit both in one transaction
/// ([`Delivery::commit_with`]), or make the effect idempotent by [`Delivery::id`].
#[async_trait]
pub trait EventHandler: fmt::Debug + Send + Sync {
    /// Handles one event. It runs in a task of its own; when it takes longer than
    /// [`timeout`](super::InboxBuilder::timeout), it is dropped at its next `await`.
    ///
    /// # Errors
    /// The event is delivered again later after an error that [`is_retryable`](integrations_core::Error::is_retryable),
    /// after one that speaks against the connection ([`status::event_of`](integrations_core::status::event_of): a
    /// revoked token), after a commit whose answer was lost, after a panic and after a timeout; later events of its lane
    /// wait behind it. Any other error gives it up, with the error's line as the reason.
    async fn handle(&self, delivery: &Delivery) -> Result<()>;
}

#[async_trait]
impl<H: EventHandler + ?Sized> EventHandler for Arc<H> {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        (**self).handle(delivery).await
    }
}
