use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use integrations_core::webhook::Event;
use integrations_core::{IntegrationId, Result, TenantId};
use integrations_store::Transaction;

/// Writes down what must not wait until an event is handled: somebody's STOP, which counts from the moment that its sender
/// was told that it is stored.
#[async_trait]
pub trait Arrival: Debug + Send + Sync {
    /// Writes in the transaction that stores a new event, before its sender is answered. It is told of an event once;
    /// repetitions are left out. Only the database is asked here: whoever sent the event waits.
    ///
    /// # Errors
    /// The event is not stored, and its sender is asked to come back.
    async fn arrived(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        integration: IntegrationId,
        event: &Event,
    ) -> Result<()>;
}

#[async_trait]
impl<A: Arrival + ?Sized> Arrival for Arc<A> {
    async fn arrived(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        integration: IntegrationId,
        event: &Event,
    ) -> Result<()> {
        (**self)
            .arrived(transaction, tenant, integration, event)
            .await
    }
}
