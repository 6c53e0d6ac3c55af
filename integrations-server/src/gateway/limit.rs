//! How much a caller may send: a token bucket per name of a key.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// So many requests at once, and so many in each span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    quota: Quota,
}

impl Rate {
    /// `None` when it would let nobody through, or everybody.
    pub(super) fn new(requests: u32, per: Duration) -> Option<Self> {
        let requests = NonZeroU32::new(requests)?;
        let quota = Quota::with_period(per / requests.get())?.allow_burst(requests);
        Some(Self { quota })
    }
}

/// The runtime's clock: tests can pause it.
#[derive(Debug, Clone, Copy)]
struct RuntimeClock;

impl Clock for RuntimeClock {
    type Instant = std::time::Instant;

    fn now(&self) -> Self::Instant {
        Instant::now().into_std()
    }
}

/// What one name has left.
#[derive(Debug)]
pub(super) struct Bucket(RateLimiter<NotKeyed, InMemoryState, RuntimeClock>);

impl Bucket {
    /// A full one.
    pub(super) fn new(rate: Rate) -> Self {
        Self(RateLimiter::direct_with_clock(rate.quota, RuntimeClock))
    }

    /// Takes one request.
    ///
    /// # Errors
    /// How long to wait for the next one.
    pub(super) fn take(&self) -> Result<(), Duration> {
        let taken = self.0.check();
        taken.map_err(|refused| refused.wait_time_from(RuntimeClock.now()))
    }
}
