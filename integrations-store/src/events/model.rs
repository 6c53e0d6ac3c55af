use std::str::FromStr;

use integrations_core::webhook::{DedupeKey, Event};
use integrations_core::{Error, EventId, IntegrationId, Result, TenantId, Timestamp};

use super::Lane;
use crate::{error, time};

/// Where a stored event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventStatus {
    /// Waits to be handled.
    Pending,
    /// Somebody works on it, under a lease.
    Processing,
    /// Handled.
    Done,
    /// Given up, with a reason.
    Failed,
    /// Waits for its connection to recover.
    Kept,
}

impl EventStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Processing,
        Self::Done,
        Self::Failed,
        Self::Kept,
    ];

    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Kept => "kept",
        }
    }
}

impl std::fmt::Display for EventStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| error::corrupt("a stored event status is not one of its five words"))
    }
}

/// One event as it is stored.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredEvent {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id: ordered by arrival.
    pub id: EventId,
    /// The integration it came for.
    pub integration: IntegrationId,
    /// What makes two deliveries the same event.
    pub dedupe_key: DedupeKey,
    /// The event, its payload byte for byte, or its sealed text.
    pub event: Event,
    /// Whether the payload is the vault's sealed text.
    pub sealed: bool,
    /// The lane that it waits in.
    pub lane: Lane,
    /// Where it stands.
    pub status: EventStatus,
    /// How often somebody began to work on it.
    pub attempts: u32,
    /// When it is due again; while it is worked on, when the lease ends.
    pub next_at: Timestamp,
    /// Why the last attempt failed.
    pub error_message: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was done or given up.
    pub finished_at: Option<Timestamp>,
}

/// How many events stand where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[non_exhaustive]
pub struct EventCounts {
    /// Waiting.
    pub pending: u64,
    /// Being worked on.
    pub processing: u64,
    /// Handled.
    pub done: u64,
    /// Given up.
    pub failed: u64,
    /// Waiting for a connection to recover.
    pub kept: u64,
}

impl EventCounts {
    pub(crate) fn of(rows: &[(String, i64)]) -> Self {
        let count = |status: EventStatus| {
            let row = rows.iter().find(|(word, _)| word == status.as_str());
            row.map_or(0, |(_, count)| u64::try_from(*count).unwrap_or_default())
        };
        Self {
            pending: count(EventStatus::Pending),
            processing: count(EventStatus::Processing),
            done: count(EventStatus::Done),
            failed: count(EventStatus::Failed),
            kept: count(EventStatus::Kept),
        }
    }
}

/// Which of a tenant's events to list.
#[derive(Debug, Clone)]
#[must_use]
pub struct EventFilter {
    pub(crate) status: Option<EventStatus>,
    pub(crate) integration: Option<IntegrationId>,
    pub(crate) kind: Option<String>,
    pub(crate) lane: Option<Lane>,
    pub(crate) received: (Option<Timestamp>, Option<Timestamp>),
    pub(crate) after: Option<EventId>,
    pub(crate) limit: u32,
}

impl Default for EventFilter {
    fn default() -> Self {
        Self::all()
    }
}

impl EventFilter {
    /// The first 100, whatever they are.
    pub fn all() -> Self {
        Self {
            status: None,
            integration: None,
            kind: None,
            lane: None,
            received: (None, None),
            after: None,
            limit: 100,
        }
    }

    /// Only those that stand here.
    pub fn status(mut self, status: EventStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Only those of this integration.
    pub fn integration(mut self, id: IntegrationId) -> Self {
        self.integration = Some(id);
        self
    }

    /// Only those that the provider calls this, for example `ContactCreate`.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Only those of this lane.
    pub fn lane(mut self, lane: Lane) -> Self {
        self.lane = Some(lane);
        self
    }

    /// Only those that arrived at this time or later.
    pub fn received_from(mut self, at: Timestamp) -> Self {
        self.received.0 = Some(at);
        self
    }

    /// Only those that arrived before this time.
    pub fn received_before(mut self, at: Timestamp) -> Self {
        self.received.1 = Some(at);
        self
    }

    /// The page after this one: the last id of the page before.
    pub fn after(mut self, id: EventId) -> Self {
        self.after = Some(id);
        self
    }

    /// At most this many, up to 500.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = rows;
        self
    }

    /// From when to when, as the database holds times.
    pub(crate) fn range(&self) -> (i64, i64) {
        let (from, before) = self.received;
        (
            from.map_or(i64::MIN, time::to_micros),
            before.map_or(i64::MAX, time::to_micros),
        )
    }
}
