use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::lock;
use crate::lease::{Lease, LeaseStore};
use crate::{Clock, Result, SystemClock, TenantId};

/// Leases in memory: they coordinate one process only, and are forgotten when it ends. Clones share the leases.
#[derive(Debug, Clone)]
pub struct MemoryLeaseStore {
    clock: Arc<dyn Clock>,
    leases: Arc<Mutex<HashMap<(TenantId, String), Lease>>>,
}

impl MemoryLeaseStore {
    /// No leases, on the machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// No leases, on this clock.
    #[must_use]
    pub fn with_clock(clock: impl Clock + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            leases: Arc::default(),
        }
    }

    fn until(&self, ttl: Duration) -> (Timestamp, Timestamp) {
        let now = self.clock.now();
        let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
        (now, now.saturating_add(ttl).unwrap_or(Timestamp::MAX))
    }
}

impl Default for MemoryLeaseStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl LeaseStore for MemoryLeaseStore {
    async fn try_acquire(
        &self,
        tenant: &TenantId,
        name: &str,
        owner: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>> {
        let (now, expires_at) = self.until(ttl);
        let mut leases = lock(&self.leases);
        let key = (tenant.clone(), name.to_owned());
        let last = leases.get(&key);
        if last.is_some_and(|lease| lease.expires_at > now) {
            return Ok(None);
        }
        // An ended lease stays, because its fence must go on growing.
        let fence = last.map_or(0, |lease| lease.fence) + 1;
        let lease = Lease::new(
            tenant.clone(),
            name.to_owned(),
            owner.to_owned(),
            fence,
            expires_at,
        );
        leases.insert(key, lease.clone());
        Ok(Some(lease))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Option<Lease>> {
        let (now, expires_at) = self.until(ttl);
        let mut leases = lock(&self.leases);
        let key = (lease.tenant.clone(), lease.name.clone());
        let held = leases
            .get_mut(&key)
            .filter(|held| is_same(held, lease) && held.expires_at > now);
        Ok(held.map(|held| {
            held.expires_at = expires_at;
            held.clone()
        }))
    }

    async fn release(&self, lease: &Lease) -> Result<bool> {
        let now = self.clock.now();
        let mut leases = lock(&self.leases);
        let key = (lease.tenant.clone(), lease.name.clone());
        let held = leases
            .get_mut(&key)
            .filter(|held| is_same(held, lease) && held.expires_at > now);
        Ok(held.map(|held| held.expires_at = now).is_some())
    }
}

fn is_same(held: &Lease, lease: &Lease) -> bool {
    held.owner == lease.owner && held.fence == lease.fence
}
