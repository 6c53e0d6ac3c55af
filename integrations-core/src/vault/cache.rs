//! Unwrapped data keys, a bounded number of them, so that reading a record again does not ask the ring or the KMS.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{RecordKey, RecordScope, WrappedKey};

/// Two generations: the young one fills, becomes the old one, and what is not asked for meanwhile goes.
pub(super) struct Cache {
    half: usize,
    generations: Mutex<Generations>,
}

type Generation = HashMap<Box<[u8]>, Arc<RecordKey>>;

#[derive(Default)]
struct Generations {
    young: Generation,
    old: Generation,
}

impl Cache {
    /// Holds up to `capacity` keys (rounded up to even); 0 holds none.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            half: capacity.div_ceil(2),
            generations: Mutex::default(),
        }
    }

    pub(super) fn get(
        &self,
        wrapped: &WrappedKey,
        scope: &RecordScope<'_>,
    ) -> Option<Arc<RecordKey>> {
        if self.half == 0 {
            return None;
        }
        let mut generations = self.lock();
        let bytes = wrapped.as_bytes();
        let (key, is_old) = match generations.young.get(bytes) {
            Some(key) => (key, false),
            None => (generations.old.get(bytes)?, true),
        };
        // Wrapped bytes that were moved to another record or key id must fail as they would without a cache.
        if !key.is_for(wrapped, scope) {
            return None;
        }
        let key = Arc::clone(key);
        if is_old {
            self.add(&mut generations, &key);
        }
        Some(key)
    }

    pub(super) fn put(&self, key: &Arc<RecordKey>) {
        if self.half != 0 {
            self.add(&mut self.lock(), key);
        }
    }

    pub(super) fn clear(&self) {
        *self.lock() = Generations::default();
    }

    pub(super) fn len(&self) -> usize {
        let generations = self.lock();
        let Generations { young, old } = &*generations;
        let repeated = young.keys().filter(|bytes| old.contains_key(*bytes));
        young.len() + old.len() - repeated.count()
    }

    fn add(&self, generations: &mut Generations, key: &Arc<RecordKey>) {
        if generations.young.len() >= self.half {
            generations.old = std::mem::take(&mut generations.young);
        }
        let bytes = key.wrapped_key().as_bytes().into();
        generations.young.insert(bytes, Arc::clone(key));
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
