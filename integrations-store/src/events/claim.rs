use std::time::Duration;

use integrations_core::webhook::Event;
use integrations_core::{Error, ErrorKind, EventId, IntegrationId, Result, TenantId, Timestamp};
use uuid::Uuid;

use super::Lane;

/// A lane that this caller works on until [`until`](Self::until), and nobody else.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LaneLease {
    /// Whose lane it is.
    pub tenant: TenantId,
    /// The lane.
    pub lane: Lane,
    /// Grows each time the lane changes hands.
    pub fence: u64,
    /// When the lease ends, by the database's clock.
    pub until: Timestamp,
    pub(super) owner: Uuid,
    pub(super) ttl: Duration,
    pub(super) max_attempts: u32,
}

/// An event that the holder of its lane works on. What becomes of it is told by [`Lanes::next`](super::Lanes::next), or
/// by [`Lanes::complete_in`](super::Lanes::complete_in) in the transaction of its effect.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClaimedEvent {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: EventId,
    /// The integration it came for.
    pub integration: IntegrationId,
    /// The event; its payload is sealed when [`sealed`](Self::sealed) says so.
    pub event: Event,
    /// Whether the payload is the vault's sealed text.
    pub sealed: bool,
    /// The lane that it waited in.
    pub lane: Lane,
    /// How often somebody began to work on it, this time included.
    pub attempts: u32,
    pub(super) claim: Uuid,
}

/// What there is to do in a lane.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step {
    /// This event, under this lease.
    Work(LaneLease, Box<ClaimedEvent>),
    /// Somebody else works on the lane: they will find everything that is stored by now.
    Busy,
    /// Nothing; the lane is free again.
    Empty,
    /// The first event is to be tried again after this wait, and the others wait behind it; the lane is free again.
    Later(Duration),
}

/// What became of an event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Ended {
    /// It was handled.
    Done,
    /// It is to be tried again, after this wait. When its connection went down meanwhile, it is kept until that recovers.
    Retry {
        /// How long to wait.
        wait: Duration,
        /// Why: holds no secret and no payload.
        reason: String,
    },
    /// It is given up.
    Failed(Failure),
    /// Nobody has begun with it after all: the worker stops.
    Released,
}

/// Why an event is given up.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The kind of error: `validation`, or `crashed`.
    pub cause: String,
    /// The error's own code.
    pub code: Option<String>,
    /// What happened: holds no secret and no payload.
    pub message: String,
}

impl Failure {
    /// A failure that is no error of a call.
    pub fn new(cause: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            code: None,
            message: message.into(),
        }
    }

    /// The failure that an error is.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        Self {
            cause: error.kind().as_str().to_owned(),
            code: error.code().map(str::to_owned),
            message: error.to_string(),
        }
    }
}

pub(super) fn lost(claimed: &ClaimedEvent) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!(
            "the lease on event {} ran out, and somebody else has it or it is gone",
            claimed.id
        ),
    )
    .with_code("lease_lost")
}

pub(super) fn fence_of(fence: i64) -> Result<u64> {
    u64::try_from(fence).map_err(|_| crate::error::corrupt("a stored fence is negative"))
}
