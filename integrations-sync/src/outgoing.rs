//! Webhooks to other teams' systems, as [Standard Webhooks](https://www.standardwebhooks.com) describes them.
//!
//! ```text
//! publish_in(transaction) ─► one delivery per endpoint ─► deliver ─► 2xx
//!                                                            └─ else again: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h
//! ```
//!
//! - **Published with what it is about**: [`Outgoing::publish_in`] works in the caller's transaction. A message of the
//!   same id is published once.
//! - **At least once**: a delivery whose process dies is attempted again; receivers tell repetitions by `webhook-id`.
//! - **Signed** with every secret of a rotation, newest first.
//! - **Never into our own network**: names are resolved by us, every address is judged, redirects are not followed; see
//!   [`AddressPolicy`].
//! - **An end**: a receiver that answers 410 is disabled at once, one that failed for five days then, and somebody is
//!   told, once. [`Outgoing::enable`] serves it again, [`Outgoing::recover`] sends what it missed.
//! - **A log** of every attempt: when, how long, which status. Never what was sent or answered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::http::{AddressPolicy, Transport};
use integrations_core::vault::Vault;
use integrations_core::{Clock, Result, TenantId, Timestamp};
use integrations_store::{
    DeliveryId, Endpoint, EndpointChanges, EndpointId, Endpoints, NewEndpoint, NewMessage,
    Published, RecoverFrom, Store, Transaction,
};

mod builder;
mod deliver;
mod notice;
mod retries;

pub use builder::OutgoingBuilder;
pub use deliver::Delivered;
pub use notice::{EndpointNotice, EndpointNotifier};
pub use retries::Retries;

/// Gets deliveries to work on, in the transaction that makes them: a job queue.
///
/// Each ends in one call of [`Outgoing::deliver`] after another, until that says that nothing is left to do.
#[async_trait]
pub trait DeliveryQueue: Send + Sync {
    /// Takes deliveries of one tenant.
    ///
    /// # Errors
    /// As the queue; the transaction is given up then.
    async fn insert_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        deliveries: &[DeliveryId],
    ) -> Result<()>;
}

/// Outgoing webhooks: publishes, delivers, and keeps the endpoints. Cheap to clone.
#[derive(Clone)]
pub struct Outgoing(Arc<Inner>);

struct Inner {
    store: Store,
    endpoints: Endpoints,
    transport: Arc<dyn Transport>,
    addresses: AddressPolicy,
    clock: Arc<dyn Clock>,
    queue: Option<Arc<dyn DeliveryQueue>>,
    notifier: Option<Arc<dyn EndpointNotifier>>,
    retries: Retries,
    timeout: Duration,
    patience: Duration,
    user_agent: http::HeaderValue,
}

/// What [`Outgoing::recover`] started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Recovery {
    /// Deliveries that had failed and are on their way again.
    pub failed: u64,
    /// Messages that were published while the endpoint was not served.
    pub missed: u64,
}

impl Outgoing {
    /// Outgoing webhooks of this store, whose endpoints this vault seals.
    pub fn builder(store: &Store, vault: &Vault) -> OutgoingBuilder {
        OutgoingBuilder::new(store, vault)
    }

    /// The endpoints, deliveries and attempts, to read; changes of a URL go through this type, which checks it.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.0.endpoints
    }

    /// Adds a receiver.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) with the code `url_refused` when the URL may
    /// not be called, and as [`Endpoints::create`].
    pub async fn create_endpoint(
        &self,
        tenant: &TenantId,
        new: &NewEndpoint,
        actor: &str,
    ) -> Result<Endpoint> {
        self.0.addresses.check_url(new.url())?;
        self.0.endpoints.create(tenant, new, actor).await
    }

    /// Changes a receiver.
    ///
    /// # Errors
    /// As [`create_endpoint`](Self::create_endpoint) and [`Endpoints::update`].
    pub async fn update_endpoint(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        changes: &EndpointChanges,
        actor: &str,
    ) -> Result<Endpoint> {
        if let Some(url) = changes.new_url() {
            self.0.addresses.check_url(url)?;
        }
        self.0
            .endpoints
            .update(tenant, endpoint, changes, actor)
            .await
    }

    /// Serves an endpoint again, whatever stopped it. What it missed is not sent by itself: see
    /// [`recover`](Self::recover).
    ///
    /// # Errors
    /// As [`Endpoints::set_active`].
    pub async fn enable(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        actor: &str,
    ) -> Result<Endpoint> {
        self.0
            .endpoints
            .set_active(tenant, endpoint, true, actor)
            .await
    }

    /// Publishes a message in the caller's transaction: see [`Endpoints::publish_in`].
    ///
    /// # Errors
    /// As [`Endpoints::publish_in`], and the queue's.
    pub async fn publish_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        message: &NewMessage,
    ) -> Result<Published> {
        let published = self
            .0
            .endpoints
            .publish_in(transaction, tenant, message)
            .await?;
        self.enqueue(transaction, tenant, &published.deliveries)
            .await?;
        Ok(published)
    }

    /// Publishes a message in a transaction of its own.
    ///
    /// # Errors
    /// As [`publish_in`](Self::publish_in).
    pub async fn publish(&self, tenant: &TenantId, message: &NewMessage) -> Result<Published> {
        let mut transaction = self.0.store.begin("outgoing.publish").await?;
        let published = self.publish_in(&mut transaction, tenant, message).await?;
        transaction.commit().await?;
        Ok(published)
    }

    /// Sends again what an endpoint missed since a time: what failed, and what was published while it was not served.
    /// Stopped half-way, it can be called again; nothing is sent twice by that but what failed again meanwhile.
    ///
    /// # Errors
    /// As [`Endpoints::recover_in`], and the queue's.
    pub async fn recover(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        since: Timestamp,
    ) -> Result<Recovery> {
        let mut all = Recovery::default();
        let mut cursor = RecoverFrom::default();
        loop {
            let mut transaction = self.0.store.begin("outgoing.recover").await?;
            let step = self
                .0
                .endpoints
                .recover_in(&mut transaction, tenant, endpoint, since, &mut cursor)
                .await?;
            self.enqueue(&mut transaction, tenant, &step.deliveries)
                .await?;
            transaction.commit().await?;
            all.missed += step.missed;
            all.failed += step.deliveries.len() as u64 - step.missed;
            if step.complete {
                return Ok(all);
            }
        }
    }

    /// Sends one delivery again that arrived or failed; whether it was one.
    ///
    /// # Errors
    /// As [`Endpoints::resend_in`], and the queue's.
    pub async fn resend(&self, tenant: &TenantId, delivery: DeliveryId) -> Result<bool> {
        let mut transaction = self.0.store.begin("outgoing.resend").await?;
        let again = self
            .0
            .endpoints
            .resend_in(&mut transaction, tenant, delivery)
            .await?;
        if again {
            self.enqueue(&mut transaction, tenant, &[delivery]).await?;
        }
        transaction.commit().await?;
        Ok(again)
    }

    async fn enqueue(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        deliveries: &[DeliveryId],
    ) -> Result<()> {
        match &self.0.queue {
            Some(queue) if !deliveries.is_empty() => {
                queue.insert_in(transaction, tenant, deliveries).await
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("store", &self.0.store)
            .field("retries", &self.0.retries)
            .finish_non_exhaustive()
    }
}
