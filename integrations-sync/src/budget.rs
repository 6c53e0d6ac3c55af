//! Rate budgets that all processes of a deployment share.
//!
//! A [`SharedLimiter`] is the [`RateLimiter`] of an `HttpContext` for deployments of several processes. The places
//! under a limit (100 requests in 10 seconds are 100 places) are dealt out to the processes that have work, by one row
//! per provider, credential and limit class. A process that has places sends without asking the database; it asks when its
//! share changes, and otherwise every few seconds, to show that it lives.
//!
//! - However many processes there are, no span at the provider ever holds more than the limit, and with work everywhere
//!   at least 95 % of it are used. The proof heads `budgets/exchange.rs` of `integrations-store`, where
//!   [`Budget::exchange`](integrations_store::Budget::exchange) is.
//! - Urgent requests go before normal ones, and these before bulk work, in one process and across all of them. Within
//!   one priority, tenants who share a credential are served in turn. While several want more than there is, requests
//!   are spread over the span, so that nobody waits for the end of another's burst.
//! - What a provider's headers say reaches all processes: a lower limit, a 429.
//! - The places of a process that died come back by themselves, one lease and the longest travel later.
//! - Without the database, a process goes on with what it has until its lease ends; then calls wait, and fail by their
//!   own deadlines with a retryable error. Nothing is ever sent without a place.
//!
//! ```no_run
//! # async fn run() -> integrations_core::Result<()> {
//! use integrations_core::http::HttpContext;
//! use integrations_store::Store;
//! use integrations_sync::budget::SharedLimiter;
//!
//! let store = Store::open("postgres://localhost/crm").await?;
//! let limiter = SharedLimiter::new(&store);
//! let http = HttpContext::builder().limiter(limiter.clone()).build()?;
//! // … and at the end, so that the other processes have its places at once:
//! limiter.close().await;
//! # Ok(()) }
//! ```

mod driver;
mod key;
mod store;

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::http::{
    Acquire, Demand, LimitClass, LimitKey, LimitSignal, Permit, RateLimiter,
};
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::Store;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use key::{Fault, Key};
pub use store::BudgetStore;

/// A [`RateLimiter`] whose budgets are shared by all processes on one store. Clones are the same limiter.
#[derive(Clone)]
pub struct SharedLimiter(Arc<Handle>);

/// How a [`SharedLimiter`] works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct BudgetOptions {
    lease: Duration,
    travel: Duration,
    look: Duration,
    linger: Duration,
}

impl Default for BudgetOptions {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(6),
            travel: Duration::from_secs(10),
            look: Duration::from_millis(100),
            linger: Duration::from_secs(5),
        }
    }
}

impl BudgetOptions {
    /// The defaults: see each setter.
    pub fn new() -> Self {
        Self::default()
    }

    /// For how long a process may send without having reached the database: 6 seconds, at least 100 ms, at most 10
    /// minutes. It reports three times as often.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.clamp(Duration::from_millis(100), Duration::from_secs(600));
        self
    }

    /// The longest that a request takes from its permit to the provider's counter: 10 seconds, as long as connecting
    /// may take. The places of a process that died are out of use for the lease, this and one span.
    pub fn travel(mut self, travel: Duration) -> Self {
        self.travel = travel.min(Duration::from_secs(600));
        self
    }

    /// How often a process looks whether others lack places that it has: every 100 ms; one read for all keys.
    pub fn look(mut self, look: Duration) -> Self {
        self.look = look.max(Duration::from_millis(5));
        self
    }

    /// How long a process keeps the places of a key that it does not use, when nobody lacks them: 5 seconds.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }
}

/// When the last one goes, the places go back.
struct Handle(Arc<Inner>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.begin_to_close();
    }
}

struct Inner {
    store: Arc<dyn BudgetStore>,
    options: BudgetOptions,
    keys: Mutex<HashMap<LimitKey, Arc<Key>>>,
    /// Those that may have to report, before the next look at all of them.
    dirty: Mutex<Vec<Arc<Key>>>,
    wake: Notify,
    closing: AtomicBool,
    driver: Mutex<Option<JoinHandle<()>>>,
}

impl SharedLimiter {
    /// A limiter that shares its budgets with all others on this store.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        Self::with_options(store, BudgetOptions::default())
    }

    /// A limiter with other options.
    #[must_use]
    pub fn with_options(store: &Store, options: BudgetOptions) -> Self {
        Self::over(store.budgets(), options)
    }

    /// A limiter over another keeper of the rows.
    #[must_use]
    pub fn over(store: impl BudgetStore, options: BudgetOptions) -> Self {
        Self(Arc::new(Handle(Arc::new(Inner {
            store: Arc::new(store),
            options,
            keys: Mutex::default(),
            dirty: Mutex::default(),
            wake: Notify::new(),
            closing: AtomicBool::new(false),
            driver: Mutex::new(None),
        }))))
    }

    /// Gives all places back and lets nobody in any more. Waits for the database, for one lease at most.
    ///
    /// Requests that are under way still are taken as on their way for the longest that one travels.
    pub async fn close(&self) {
        let inner = &self.0.0;
        inner.begin_to_close();
        let driver = lock(&inner.driver).take();
        if let Some(driver) = driver {
            // Its runtime may be gone already, and then so is the task.
            let _ = driver.await;
        }
    }

    /// How this process uses its places of a key; `None` when it does not know the key.
    #[must_use]
    pub fn demand(&self, key: &LimitKey) -> Option<Demand> {
        let known = lock(&self.0.0.keys).get(key).cloned();
        known.map(|key| key.places.demand())
    }
}

#[async_trait]
impl RateLimiter for SharedLimiter {
    /// # Errors
    /// [`ErrorKind::RateLimited`] when no request fits before the deadline; [`ErrorKind::Store`], retryable and with
    /// the code `budget_unavailable`, when that is because the database cannot be reached; the database's own error when
    /// waiting does not help, and the code `closed` after [`close`](SharedLimiter::close).
    async fn acquire(&self, ask: Acquire<'_>) -> Result<Permit> {
        let inner = &self.0.0;
        if inner.closing.load(Ordering::Acquire) {
            return Err(Fault::closed().error());
        }
        let key = inner.key(ask.key, ask.class);
        let mut entering = pin!(key.places.enter(&ask));
        let mut faults = key.faults.subscribe();
        // The driver must find it waiting.
        let first = poll_fn(|cx| Poll::Ready(entering.as_mut().poll(cx))).await;
        let entered = match first {
            Poll::Ready(entered) => entered,
            Poll::Pending => {
                inner.report_soon(&key);
                inner.drive();
                tokio::select! {
                    entered = entering => entered,
                    Ok(()) = faults.changed() => {
                        let fault = faults.borrow().clone();
                        return Err(fault.unwrap_or_default().error());
                    }
                }
            }
        };
        entered.ok_or_else(|| key.no_room())
    }

    fn observe(&self, key: &LimitKey, signal: &LimitSignal, refused: bool) {
        let known = lock(&self.0.0.keys).get(key).cloned();
        if let Some(key) = known
            && key.observe(signal, refused)
        {
            self.0.0.report_soon(&key);
        }
    }
}

impl fmt::Debug for SharedLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedLimiter")
            .field("options", &self.0.0.options)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn key(&self, key: &LimitKey, class: LimitClass) -> Arc<Key> {
        let mut keys = lock(&self.keys);
        if let Some(known) = keys.get(key) {
            return Arc::clone(known);
        }
        let new = Arc::new(Key::new(key.clone(), class));
        keys.insert(key.clone(), Arc::clone(&new));
        new
    }

    fn report_soon(&self, key: &Arc<Key>) {
        if !key.dirty.swap(true, Ordering::AcqRel) {
            lock(&self.dirty).push(Arc::clone(key));
            self.wake.notify_one();
        }
    }

    /// Starts the driver where there is none, or where its runtime is gone.
    fn drive(self: &Arc<Self>) {
        let mut driver = lock(&self.driver);
        if driver.as_ref().is_none_or(JoinHandle::is_finished)
            && !self.closing.load(Ordering::Acquire)
        {
            *driver = Some(tokio::spawn(driver::run(Arc::clone(self))));
        }
    }

    fn begin_to_close(&self) {
        self.closing.store(true, Ordering::Release);
        self.wake.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error of a request for which there was no room in time.
fn no_room() -> Error {
    Error::new(
        ErrorKind::RateLimited,
        "no request fits under the provider's rate limit before the call's deadline: \
         send fewer at once or give the call more time",
    )
}
