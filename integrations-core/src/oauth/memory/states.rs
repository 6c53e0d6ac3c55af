use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::lock;
use crate::oauth::{PendingAuthorization, StateStore};
use crate::{Clock, ExposeSecret, Result, SecretString, SystemClock, TenantId};

/// Started authorizations in memory: a restart or another process does not know them, and the user starts again. Clones
/// share them.
#[derive(Clone)]
pub struct MemoryStateStore {
    clock: Arc<dyn Clock>,
    /// By the hash of the state, so that the time of a look-up says nothing about the state.
    pending: Arc<Mutex<HashMap<[u8; 32], PendingAuthorization>>>,
}

impl MemoryStateStore {
    /// An empty store, on the machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// An empty store, on this clock.
    #[must_use]
    pub fn with_clock(clock: impl Clock + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            pending: Arc::default(),
        }
    }
}

impl Default for MemoryStateStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStateStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStateStore({} waiting)", lock(&self.pending).len())
    }
}

#[async_trait]
impl StateStore for MemoryStateStore {
    async fn put(&self, pending: &PendingAuthorization) -> Result<()> {
        let now = self.clock.now();
        let mut all = lock(&self.pending);
        all.retain(|_, waiting| waiting.expires_at > now);
        all.insert(hash(&pending.state), pending.clone());
        Ok(())
    }

    async fn take(
        &self,
        tenant: &TenantId,
        state: &SecretString,
    ) -> Result<Option<PendingAuthorization>> {
        let now = self.clock.now();
        let mut all = lock(&self.pending);
        let hash = hash(state);
        // Another tenant's attempt must not use it up.
        if all.get(&hash).is_none_or(|found| found.tenant != *tenant) {
            return Ok(None);
        }
        Ok(all.remove(&hash).filter(|found| found.expires_at > now))
    }
}

fn hash(state: &SecretString) -> [u8; 32] {
    Sha256::digest(state.expose_secret().as_bytes()).into()
}
