//! One worker at a time per contact and per address, in this process: the database's claims do it across processes.

use std::collections::BTreeSet;

use tokio::sync::{Mutex, MutexGuard};

const STRIPES: u64 = 4096;

/// Locks by hash. Two things may share one, which costs a short wait.
#[derive(Debug)]
pub(crate) struct Locks(Vec<Mutex<()>>);

impl Default for Locks {
    fn default() -> Self {
        Self((0..STRIPES).map(|_| Mutex::default()).collect())
    }
}

impl Locks {
    /// Takes the locks of all of them. In one order for everybody, so that nobody waits in a circle.
    pub(crate) async fn hold(
        &self,
        things: impl IntoIterator<Item = u64>,
    ) -> Vec<MutexGuard<'_, ()>> {
        let stripes: BTreeSet<u64> = things.into_iter().map(|thing| thing % STRIPES).collect();
        let mut held = Vec::with_capacity(stripes.len());
        for stripe in stripes {
            if let Some(lock) = usize::try_from(stripe).ok().and_then(|at| self.0.get(at)) {
                held.push(lock.lock().await);
            }
        }
        held
    }
}
