mod leases;
mod states;
mod tokens;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use leases::MemoryLeaseStore;
pub use states::MemoryStateStore;
pub use tokens::MemoryTokenStore;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
