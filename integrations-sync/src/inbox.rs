//! The durable inbox: verified events are stored before they are answered, and handled in order, once.
//!
//! [`Inbox::store`] commits the events of many requests together, each with a job for its lane, and answers each caller
//! after its own commit. A lane job calls [`Inbox::work_lane`], which hands the lane's events to the [`EventHandler`] one
//! after the other, under a lease, in whatever process. [`Inbox::sweep`] finds what no job will come for: the events of
//! a worker that died, of a connection that recovered, of a retry.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use integrations_core::vault::Vault;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{Store, UnmatchedLimits};
use tokio::sync::{Semaphore, mpsc};

mod arrival;
mod attempt;
mod commit;
mod delivery;
mod drain;
mod incoming;
mod job;
mod purge;
mod queue;
mod replay;
mod seal;
mod sweep;
mod work;

pub use arrival::Arrival;
pub use delivery::{Delivery, EventHandler};
pub use drain::Drained;
pub use incoming::{Incoming, Unmatched};
pub use integrations_store::{EventFilter, Inserted, Lane};
pub use job::LaneJob;
pub use purge::Purged;
pub use queue::LaneQueue;
pub use sweep::{Sweeper, Swept};
pub use work::LaneOutcome;

use commit::Waiting;

/// Stores verified events and hands them to a handler, in order per lane. Clones share everything.
#[derive(Clone)]
pub struct Inbox(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    committer: OnceLock<mpsc::UnboundedSender<Waiting>>,
    attribution: sweep::Attribution,
}

struct Shared {
    store: Store,
    queue: Arc<dyn LaneQueue>,
    vault: Option<Vault>,
    handler: Option<Arc<dyn EventHandler>>,
    arrival: Option<Arc<dyn Arrival>>,
    settings: Settings,
}

#[derive(Debug, Clone)]
struct Settings {
    room: usize,
    bytes: usize,
    batch: usize,
    linger: Duration,
    committers: usize,
    timeout: Duration,
    lease: Duration,
    slice: Duration,
    max_attempts: u32,
    first_retry: Duration,
    sweep_batch: u32,
    unmatched: UnmatchedLimits,
    retention: Duration,
    failed_retention: Duration,
    unmatched_retention: Duration,
}

/// Builds an [`Inbox`].
#[must_use]
pub struct InboxBuilder {
    store: Store,
    queue: Arc<dyn LaneQueue>,
    vault: Option<Vault>,
    handler: Option<Arc<dyn EventHandler>>,
    arrival: Option<Arc<dyn Arrival>>,
    settings: Settings,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl InboxBuilder {
    /// Who handles events. A process that only receives them needs none.
    pub fn handler(mut self, handler: impl EventHandler + 'static) -> Self {
        self.handler = Some(Arc::new(handler));
        self
    }

    /// Writes down with each event what must not wait until it is handled.
    pub fn at_arrival(mut self, arrival: impl Arrival + 'static) -> Self {
        self.arrival = Some(Arc::new(arrival));
        self
    }

    /// What payloads are sealed with whose provider's template calls them sensitive.
    pub fn vault(mut self, vault: &Vault) -> Self {
        // Each event has a data key of its own: keeping them would push out those that are used again.
        self.vault = Some(vault.clone().with_cached_keys(0));
        self
    }

    /// How many events may wait for their commit; 4,096 by default. One more is refused at once, with the code
    /// `inbox_full`.
    pub fn queued_events(mut self, events: usize) -> Self {
        self.settings.room = events.clamp(1, 1 << 20);
        self
    }

    /// How many bytes of payload may wait for their commit; 64 MiB by default.
    pub fn queued_bytes(mut self, bytes: usize) -> Self {
        self.settings.bytes = bytes.clamp(1024, 1 << 34);
        self
    }

    /// How many events share one commit at most; 512 by default.
    pub fn batch(mut self, events: usize) -> Self {
        self.settings.batch = events.max(1);
        self
    }

    /// How long a commit waits for as many requests as shared the one before; 3 ms by default.
    pub fn linger(mut self, wait: Duration) -> Self {
        self.settings.linger = wait;
        self
    }

    /// How long a handler may take with one event; 60 s by default, 8 minutes at most.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout.min(job::LONGEST_TIMEOUT);
        self
    }

    /// How soon after a crash somebody else gets the lanes that this process had in hand; 30 s by default. A handler may
    /// take longer: its lease is kept alive.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease.max(Duration::from_millis(10));
        self
    }

    /// How long one job works on a lane before the next one gets its turn; 20 s by default, a minute at most.
    pub fn slice(mut self, slice: Duration) -> Self {
        self.settings.slice = slice.min(Duration::from_secs(60));
        self
    }

    /// Attempts before an event is given up; 10 by default. One that the end of a process cut off counts.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.settings.max_attempts = attempts.max(1);
        self
    }

    /// The wait after the first failed attempt, doubled after each further one up to an hour and shortened by up to a
    /// half by chance; 60 s by default. An error's [`retry_after`](Error::retry_after) counts instead.
    pub fn first_retry(mut self, wait: Duration) -> Self {
        self.settings.first_retry = wait;
        self
    }

    /// How many events that match no integration are kept aside: 1,000 a key and 100,000 in all by default.
    pub fn unmatched(mut self, limits: UnmatchedLimits) -> Self {
        self.settings.unmatched = limits;
        self
    }

    /// How long events that were given up are kept, to be replayed; 90 days by default.
    pub fn failed_retention(mut self, keep: Duration) -> Self {
        self.settings.failed_retention = keep;
        self
    }

    /// How long handled events are kept, and with them the memory of what was delivered before; 30 days by default.
    pub fn retention(mut self, keep: Duration) -> Self {
        self.settings.retention = keep;
        self
    }

    /// How long events that match no integration are kept aside; 30 days by default.
    pub fn unmatched_retention(mut self, keep: Duration) -> Self {
        self.settings.unmatched_retention = keep;
        self
    }

    /// The inbox.
    #[must_use]
    pub fn build(self) -> Inbox {
        let settings = &self.settings;
        Inbox(Arc::new(Inner {
            room: Arc::new(Semaphore::new(settings.room)),
            bytes: Arc::new(Semaphore::new(settings.bytes.div_ceil(incoming::UNIT))),
            committer: OnceLock::new(),
            attribution: sweep::Attribution::default(),
            shared: Arc::new(Shared {
                store: self.store,
                queue: self.queue,
                vault: self.vault,
                handler: self.handler,
                arrival: self.arrival,
                settings: self.settings,
            }),
        }))
    }
}

impl Inbox {
    /// An inbox in `store` that asks `queue` for the jobs that work on it.
    pub fn builder(store: &Store, queue: impl LaneQueue + 'static) -> InboxBuilder {
        // A second writer of one SQLite file would only wait for the first.
        let committers = match store.engine() {
            integrations_store::Engine::Postgres => 2,
            _ => 1,
        };
        InboxBuilder {
            store: store.clone(),
            queue: Arc::new(queue),
            vault: None,
            handler: None,
            arrival: None,
            settings: Settings {
                room: 4096,
                bytes: 64 << 20,
                batch: 512,
                linger: Duration::from_millis(3),
                committers,
                timeout: Duration::from_secs(60),
                lease: Duration::from_secs(30),
                slice: Duration::from_secs(20),
                max_attempts: 10,
                first_retry: Duration::from_secs(60),
                sweep_batch: 1000,
                unmatched: UnmatchedLimits::default(),
                retention: 30 * DAY,
                failed_retention: 90 * DAY,
                unmatched_retention: 30 * DAY,
            },
        }
    }

    /// The store.
    #[must_use]
    pub fn store_handle(&self) -> &Store {
        &self.0.shared.store
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }
}

impl Shared {
    fn handler(&self) -> Result<&Arc<dyn EventHandler>> {
        self.handler
            .as_ref()
            .ok_or_else(|| Error::config("this inbox has no handler: InboxBuilder::handler"))
    }

    fn vault(&self) -> Result<&Vault> {
        self.vault.as_ref().ok_or_else(|| {
            Error::config("this inbox cannot seal or open payloads: InboxBuilder::vault")
        })
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("store", &self.0.shared.store)
            .field("settings", &self.0.shared.settings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for InboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Too much waits already: the sender is asked to come back.
fn full() -> Error {
    Error::new(
        ErrorKind::Store,
        "too many events wait to be stored; come back later",
    )
    .with_code("inbox_full")
    .with_retryable(true)
}
