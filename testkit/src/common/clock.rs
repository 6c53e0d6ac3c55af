use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

/// Where a simulator reads the time of day.
///
/// Clones share one time, so a test keeps a clone and moves it while the simulator runs.
/// Token lifetimes, `dateAdded` and webhook timestamps follow this clock. The rate-limit window
/// does not: it follows `tokio::time`.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    source: Source,
    offset: Mutex<SignedDuration>,
}

enum Source {
    Real,
    Fixed(Timestamp),
    Custom(Box<dyn Fn() -> Timestamp + Send + Sync>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn real() -> Self {
        Self::new(Source::Real)
    }

    /// A clock that stands at `start` until it is [advanced](Self::advance).
    #[must_use]
    pub fn fixed(start: Timestamp) -> Self {
        Self::new(Source::Fixed(start))
    }

    /// A clock that asks `now` each time.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self::new(Source::Custom(Box::new(now)))
    }

    fn new(source: Source) -> Self {
        Self(Arc::new(Inner {
            source,
            offset: Mutex::new(SignedDuration::ZERO),
        }))
    }

    /// Moves this clock, and all its clones, forward.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        let mut offset = self.0.offset.lock().unwrap_or_else(PoisonError::into_inner);
        *offset = offset.checked_add(by).unwrap_or(SignedDuration::MAX);
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let base = match &self.0.source {
            Source::Real => machine_time(),
            Source::Fixed(start) => *start,
            Source::Custom(now) => now(),
        };
        let offset = *self.0.offset.lock().unwrap_or_else(PoisonError::into_inner);
        base.checked_add(offset).unwrap_or(Timestamp::MAX)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::real()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the machine's clock; everything else takes a Clock"
)]
pub(crate) fn machine_time() -> Timestamp {
    Timestamp::now()
}

/// The form that GHL writes: UTC, milliseconds, `Z`.
pub(crate) fn iso(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The same from milliseconds since the epoch.
pub(crate) fn iso_ms(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map_or_else(|_| String::new(), iso)
}
