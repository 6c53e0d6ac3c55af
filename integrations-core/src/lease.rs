//! Leases: one owner at a time across processes, with a fencing token against owners that were too slow.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{Result, TenantId};

/// A lease that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// What is leased, for example `oauth:<integration>`.
    pub name: String,
    /// Who holds it: a different text for each attempt to hold it.
    pub owner: String,
    /// Grows by one each time the lease changes hands. A write that carries a smaller one comes from an owner who lost
    /// the lease without noticing, and is refused.
    pub fence: u64,
    /// Until when it is held, by the store's clock.
    pub expires_at: Timestamp,
}

impl Lease {
    /// A lease as a store granted it.
    #[must_use]
    pub fn new(
        tenant: TenantId,
        name: String,
        owner: String,
        fence: u64,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            tenant,
            name,
            owner,
            fence,
            expires_at,
        }
    }
}

/// Keeps leases. The clock is the store's, so that machines need not agree on the time.
#[async_trait]
pub trait LeaseStore: Debug + Send + Sync {
    /// Takes the lease when it is free or has expired; `None` when somebody else holds it.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](crate::ErrorKind::Store).
    async fn try_acquire(
        &self,
        tenant: &TenantId,
        name: &str,
        owner: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>>;

    /// Extends a lease that is still held; `None` when it was lost.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](crate::ErrorKind::Store).
    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Option<Lease>>;

    /// Gives the lease back, if this owner still holds it; whether it did.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](crate::ErrorKind::Store).
    async fn release(&self, lease: &Lease) -> Result<bool>;
}
