use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use integrations_core::provider::Integration;
use integrations_core::{IntegrationId, TenantId, Timestamp};

type Key = (TenantId, IntegrationId);

/// Values by tenant and integration. Two generations: the young one fills, becomes the old one, and what nobody asked
/// for meanwhile goes.
pub(super) struct Cache<T> {
    half: usize,
    generations: Mutex<[HashMap<Key, T>; 2]>,
}

impl<T: Clone> Cache<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            half: capacity.div_ceil(2),
            generations: Mutex::new([HashMap::new(), HashMap::new()]),
        }
    }

    pub(super) fn get(&self, tenant: &TenantId, id: IntegrationId) -> Option<T> {
        let key = (tenant.clone(), id);
        let mut generations = self.lock();
        let [young, old] = &mut *generations;
        if let Some(value) = young.get(&key) {
            return Some(value.clone());
        }
        let value = old.remove(&key)?;
        add(&mut generations, self.half, key, value.clone());
        Some(value)
    }

    /// Keeps a value, unless there is one by now; returns the one that is kept.
    pub(super) fn get_or_put(&self, tenant: &TenantId, id: IntegrationId, value: T) -> T {
        if let Some(known) = self.get(tenant, id) {
            return known;
        }
        self.put(tenant, id, value.clone());
        value
    }

    pub(super) fn put(&self, tenant: &TenantId, id: IntegrationId, value: T) {
        if self.half > 0 {
            add(&mut self.lock(), self.half, (tenant.clone(), id), value);
        }
    }

    pub(super) fn forget(&self, tenant: &TenantId, id: IntegrationId) {
        let key = (tenant.clone(), id);
        for generation in &mut *self.lock() {
            generation.remove(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, [HashMap<Key, T>; 2]> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn add<T>(generations: &mut [HashMap<Key, T>; 2], half: usize, key: Key, value: T) {
    let [young, old] = generations;
    if young.len() >= half {
        *old = std::mem::take(young);
    }
    old.remove(&key);
    young.insert(key, value);
}

/// One live connection, and the version of the config it was made with.
pub(super) struct Entry {
    pub(super) version: u64,
    pub(super) connection: Arc<dyn Integration>,
    synced_at: AtomicI64,
}

impl Entry {
    pub(super) fn new(version: u64, connection: Arc<dyn Integration>) -> Self {
        Self {
            version,
            connection,
            synced_at: AtomicI64::new(i64::MIN),
        }
    }

    /// Whether a success was recorded less than a second ago; if not, it is now.
    pub(super) fn synced_lately(&self, now: Timestamp) -> bool {
        let now = now.as_second();
        self.synced_at.swap(now, Ordering::Relaxed) == now
    }

    /// The next success is recorded, whenever it comes.
    pub(super) fn forget_sync(&self) {
        self.synced_at.store(i64::MIN, Ordering::Relaxed);
    }
}
