mod line;
mod places;
mod window;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::{Error, ErrorKind, Result, TenantId};
pub use places::{Demand, Places, Returned};
pub use window::WindowLimiter;

/// A rate limit that a provider declares, before its headers say more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "built as a constant by every endpoint"
)]
pub struct LimitClass {
    /// Its name: calls of one class share a budget.
    pub name: &'static str,
    /// How many requests …
    pub max: u32,
    /// … in any span of this length.
    pub per: Duration,
}

/// Whose budget a request counts against.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LimitKey {
    /// The provider's slug.
    pub provider: &'static str,
    /// The credential or account that the provider counts by; never the secret itself.
    pub subject: Arc<str>,
    /// The [`LimitClass`]'s name.
    pub class: &'static str,
}

impl LimitKey {
    /// A key.
    pub fn new(provider: &'static str, subject: impl Into<Arc<str>>, class: &'static str) -> Self {
        Self {
            provider,
            subject: subject.into(),
            class,
        }
    }
}

/// Which request goes first when both wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Priority {
    /// Long work that can wait: a backfill.
    Bulk,
    /// The default.
    #[default]
    Normal,
    /// A person waits for it.
    Urgent,
}

/// How many [`Priority`]s there are, the least urgent first.
pub(crate) const LEVELS: usize = Priority::Urgent as usize + 1;

/// A request for a permit.
#[derive(Debug)]
#[non_exhaustive]
pub struct Acquire<'a> {
    /// Whose budget.
    pub key: &'a LimitKey,
    /// The limit as declared; headers that were seen since override it.
    pub class: LimitClass,
    /// Until when waiting makes sense.
    pub deadline: Instant,
    /// Which goes first.
    pub priority: Priority,
    /// For whom: tenants who share a budget are served in turn.
    pub tenant: Option<&'a TenantId>,
}

impl<'a> Acquire<'a> {
    /// A request of normal priority, of no tenant.
    #[must_use]
    pub fn new(key: &'a LimitKey, class: LimitClass, deadline: Instant) -> Self {
        Self {
            key,
            class,
            deadline,
            priority: Priority::Normal,
            tenant: None,
        }
    }
}

/// What an answer says about a limit. Every part is optional.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LimitSignal {
    /// Requests allowed in the span.
    pub max: Option<u32>,
    /// Requests left in the span, after this one.
    pub remaining: Option<u32>,
    /// The length of the span.
    pub per: Option<Duration>,
    /// Requests allowed per day.
    pub daily_limit: Option<u32>,
    /// Requests left today.
    pub daily_remaining: Option<u32>,
    /// How long to wait before the next request.
    pub retry_after: Option<Duration>,
    /// When the request left whose answer says this: the pipeline fills it in.
    pub sent: Option<Instant>,
}

/// Keeps requests under the providers' limits; shared by all clients of a process, or of a whole deployment.
#[async_trait]
pub trait RateLimiter: fmt::Debug + Send + Sync {
    /// Waits until one more request fits under the limit.
    ///
    /// # Errors
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) when it does not fit before the deadline.
    async fn acquire(&self, ask: Acquire<'_>) -> Result<Permit>;

    /// Learns from an answer; `refused` when it was a 429.
    fn observe(&self, key: &LimitKey, signal: &LimitSignal, refused: bool);
}

/// The right to send one request. Drop it as soon as the answer's headers are there: a limiter that counts from then on
/// never lets the provider see more than the limit, however long the request travelled. When no answer came, say so
/// with [`abandon`](Self::abandon).
pub struct Permit(Option<Box<dyn FnOnce(bool) + Send>>);

impl Permit {
    /// A permit that calls `done` at its end, with whether there was an answer.
    pub fn new(done: impl FnOnce(bool) + Send + 'static) -> Self {
        Self(Some(Box::new(done)))
    }

    /// A permit of nobody's budget.
    #[must_use]
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// The request was given up without an answer: it may be on its way still, and counts for longer.
    pub fn abandon(mut self) {
        if let Some(done) = self.0.take() {
            done(false);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(true);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// The error of a request for which there was no room in time.
pub(crate) fn no_room() -> Error {
    Error::new(
        ErrorKind::RateLimited,
        "no request fits under the provider's rate limit before the call's deadline: \
         send fewer at once or give the call more time",
    )
}
