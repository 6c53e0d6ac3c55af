//! The health probe of one integration: when to look again, and when to tell a person.
//!
//! Pure state: it does no I/O, reads no clock and rolls no dice. A worker asks [`Probe::is_due`], tests the connection,
//! hands the result to [`Probe::record`], stores the state, moves the status by the suggested event and passes the
//! notification on. Use the same `now` for all of it.
//!
//! ```
//! use std::time::Duration;
//! use integrations_core::status::probe::{Notification, Policy, Probe};
//! use integrations_core::{Error, ErrorKind, Timestamp};
//!
//! let policy = Policy::default();
//! let mut now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
//! let mut probe = Probe::new(now);
//!
//! let refused = Error::new(ErrorKind::Auth, "the token was revoked");
//! let seen = probe.record(&policy, Err(&refused), now, 1.0);
//! assert!(matches!(seen.notification, Some(Notification::Failing { .. })));
//! assert_eq!(probe.next_due(), now + Duration::from_secs(30));
//!
//! now = probe.next_due();
//! let seen = probe.record(&policy, Ok(()), now, 1.0);
//! assert_eq!(seen.notification, Some(Notification::Recovered { after: Duration::from_secs(30) }));
//! ```

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Event, event_of};
use crate::{Error, ErrorKind};

/// A provider that asks for more patience than this is asked again anyway.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How often to look, and how much it takes to call an integration failing. Start from [`Policy::default`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Between two probes of a healthy integration: 5 minutes. Up to a tenth of it is taken off by the jitter, so that
    /// integrations that were connected together are not probed together for ever.
    pub healthy_every: Duration,
    /// The longest wait after the first failure: 30 seconds; it doubles with each further one.
    pub first_retry: Duration,
    /// The longest wait after any failure: 1 hour.
    pub max_retry: Duration,
    /// The shortest wait after a failure: 1 second.
    pub min_retry: Duration,
    /// How many failures in a row make an outage, when one alone says nothing about the credential: 3.
    pub outage_after: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            healthy_every: Duration::from_secs(5 * 60),
            first_retry: Duration::from_secs(30),
            max_retry: Duration::from_secs(60 * 60),
            min_retry: Duration::from_secs(1),
            outage_after: 3,
        }
    }
}

/// What a person should hear: once when it starts, once when it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notification {
    /// The integration does not work any more.
    Failing {
        /// When the first of the failed probes ran.
        since: Timestamp,
        /// What is wrong.
        #[serde(serialize_with = "kind_as_text")]
        kind: ErrorKind,
        /// The last error in one line; holds no secret.
        message: String,
    },
    /// It works again.
    Recovered {
        /// How long it did not.
        after: Duration,
    },
}

fn kind_as_text<S: serde::Serializer>(kind: &ErrorKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

/// What one probe leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Observation {
    /// What to tell a person, if anything.
    pub notification: Option<Notification>,
    /// What moves the status, if anything: see [`super::apply`]. A probe must not move an integration that a person
    /// disconnected.
    pub event: Option<Event>,
}

/// The state of one integration's probe; keep it as JSON beside the integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    next_due: Timestamp,
    /// Failures in a row.
    #[serde(default)]
    failures: u32,
    /// When the first of them was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failing_since: Option<Timestamp>,
    /// Whether a person has been told.
    #[serde(default)]
    notified: bool,
}

/// What a result says about the connection.
enum Verdict {
    Healthy,
    /// The other side refuses us: no second opinion needed.
    Broken,
    /// It may pass: only a row of them is an outage.
    Doubtful,
    /// Says nothing: the call was held back, or our own side failed.
    Silent,
}

impl Verdict {
    fn of(result: Result<(), &Error>) -> Self {
        let Err(error) = result else {
            return Self::Healthy;
        };
        match error.kind() {
            ErrorKind::RateLimited | ErrorKind::Store | ErrorKind::Transition => Self::Silent,
            _ if event_of(error) == Some(Event::Failed) => Self::Broken,
            _ => Self::Doubtful,
        }
    }
}

impl Probe {
    /// A probe that is due at once.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            next_due: now,
            failures: 0,
            failing_since: None,
            notified: false,
        }
    }

    /// When to probe next.
    #[must_use]
    pub fn next_due(&self) -> Timestamp {
        self.next_due
    }

    /// Whether to probe now.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_due <= now
    }

    /// Failed probes in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Since when it fails, whether or not a person has been told.
    #[must_use]
    pub fn failing_since(&self) -> Option<Timestamp> {
        self.failing_since
    }

    /// Whether a person has been told that it fails, and not yet that it recovered.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.notified
    }

    /// Makes the probe due, for example because a person changed the config.
    pub fn hurry(&mut self, now: Timestamp) {
        self.next_due = self.next_due.min(now);
    }

    /// Takes in the result of a probe.
    ///
    /// `jitter` is a random number from 0 to 1 (`fastrand::f64()`): after a failure the wait is that share of the
    /// exponential ceiling, never less than [`Policy::min_retry`] and never less than the provider's own `Retry-After`.
    ///
    /// - A refusal ([`event_of`] gives [`Event::Failed`]) counts at once.
    /// - Timeouts, 5xx, broken connections and whatever else may pass count from the
    ///   [`outage_after`](Policy::outage_after)th failure in a row.
    /// - Rate limits and failures of our own database say nothing: the probe is put off, the count stays.
    #[must_use]
    pub fn record(
        &mut self,
        policy: &Policy,
        result: Result<(), &Error>,
        now: Timestamp,
        jitter: f64,
    ) -> Observation {
        let jitter = if jitter.is_finite() { jitter } else { 1.0 }.clamp(0.0, 1.0);
        let verdict = Verdict::of(result);
        if matches!(verdict, Verdict::Broken | Verdict::Doubtful) {
            self.failures = self.failures.saturating_add(1);
            self.failing_since.get_or_insert(now);
        }
        let wait = match result {
            Ok(()) => policy.healthy_every.mul_f64(1.0 - jitter / 10.0),
            Err(error) => {
                let asked = error.retry_after().unwrap_or_default();
                self.backoff(policy, jitter).max(asked.min(MAX_RETRY_AFTER))
            }
        };
        self.next_due = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        match (verdict, result) {
            (Verdict::Healthy, _) => self.healthy(now),
            (Verdict::Broken, Err(error)) => self.failing(error),
            (Verdict::Doubtful, Err(error)) if self.is_outage(policy) => self.failing(error),
            _ => Observation::default(),
        }
    }

    fn is_outage(&self, policy: &Policy) -> bool {
        self.notified || self.failures >= policy.outage_after
    }

    fn backoff(&self, policy: &Policy, jitter: f64) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(31);
        let ceiling = policy.first_retry.saturating_mul(1 << doublings);
        let wait = ceiling.min(policy.max_retry).mul_f64(jitter);
        wait.max(policy.min_retry)
    }

    fn healthy(&mut self, now: Timestamp) -> Observation {
        let since = self.failing_since.take();
        let told = std::mem::take(&mut self.notified);
        self.failures = 0;
        // A clock that was set back makes the outage look negative: call it zero.
        let after = since.and_then(|since| Duration::try_from(now.duration_since(since)).ok());
        Observation {
            notification: told.then(|| Notification::Recovered {
                after: after.unwrap_or_default(),
            }),
            event: Some(Event::Succeeded),
        }
    }

    fn failing(&mut self, error: &Error) -> Observation {
        let first = !std::mem::replace(&mut self.notified, true);
        let since = self.failing_since.filter(|_| first);
        Observation {
            notification: since.map(|since| Notification::Failing {
                since,
                kind: error.kind(),
                message: error.to_string(),
            }),
            event: Some(Event::Failed),
        }
    }
}

#[cfg(test)]
mod tests;
