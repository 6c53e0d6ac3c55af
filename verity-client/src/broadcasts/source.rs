use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use integrations_core::Result;
use jiff::{SignedDuration, Timestamp};

use super::figures::BroadcastAnalytics;
use crate::comms::BroadcastKind;
use crate::ids::BroadcastId;

/// Answers that come later than this are no answers to a broadcast.
const ANSWERS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A broadcast, as far as its numbers need it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BroadcastRecord {
    /// Its id.
    pub id: BroadcastId,
    /// By which medium it went out.
    pub kind: BroadcastKind,
    /// Its subject.
    pub subject: Option<String>,
    /// When it began.
    pub executed_at: Option<Timestamp>,
    /// When it was done.
    pub completed_at: Option<Timestamp>,
}

impl BroadcastRecord {
    /// One that has not begun.
    pub fn new(id: impl Into<BroadcastId>, kind: BroadcastKind) -> Self {
        Self {
            id: id.into(),
            kind,
            subject: None,
            executed_at: None,
            completed_at: None,
        }
    }
}

integrations_core::open_enum! {
    /// What became of a broadcast for one of its receivers.
    pub enum RecipientStatus {
        /// Not sent yet.
        Pending = "pending",
        /// Sent. Of a text message, which nothing more is told of, that counts as delivered.
        Sent = "sent",
        /// Arrived.
        Delivered = "delivered",
        /// Opened.
        Opened = "opened",
        /// A link in it was followed.
        Clicked = "clicked",
        /// Not sent.
        Failed = "failed",
        /// Sent back.
        Bounced = "bounced",
        /// Not sent, because the receiver had opted out.
        OptedOut = "opted_out",
    }
}

impl RecipientStatus {
    /// Whether it arrived, for a broadcast by this medium.
    #[must_use]
    pub fn is_delivered(&self, kind: &BroadcastKind) -> bool {
        match self {
            Self::Delivered | Self::Opened | Self::Clicked => true,
            Self::Sent => *kind == BroadcastKind::Sms,
            _ => false,
        }
    }

    /// The statuses that count as delivered, for a broadcast by this medium.
    #[must_use]
    pub fn delivered(kind: &BroadcastKind) -> Vec<Self> {
        let all = [Self::Sent, Self::Delivered, Self::Opened, Self::Clicked];
        all.into_iter()
            .filter(|status| status.is_delivered(kind))
            .collect()
    }
}

/// The receivers of a broadcast, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recipients {
    /// How many of each status.
    pub counts: BTreeMap<RecipientStatus, u64>,
    /// When the first message went out.
    pub first_sent_at: Option<Timestamp>,
}

impl Recipients {
    /// Counts.
    #[must_use]
    pub fn new(counts: BTreeMap<RecipientStatus, u64>, first_sent_at: Option<Timestamp>) -> Self {
        Self {
            counts,
            first_sent_at,
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// Where the numbers of broadcasts come from. Nothing is ever written there.
#[async_trait]
pub trait BroadcastSource: Debug + Send + Sync {
    /// One broadcast; `None` when there is none of this id.
    ///
    /// # Errors
    /// What the source reports.
    async fn broadcast(&self, id: &BroadcastId) -> Result<Option<BroadcastRecord>>;

    /// Its receivers.
    ///
    /// # Errors
    /// What the source reports.
    async fn recipients(&self, id: &BroadcastId) -> Result<Recipients>;

    /// How many people answered it in this time, however often.
    ///
    /// # Errors
    /// What the source reports.
    async fn replies(&self, id: &BroadcastId, from: Timestamp, until: Timestamp) -> Result<u64>;

    /// How many of those whom it reached made an appointment since.
    ///
    /// # Errors
    /// What the source reports.
    async fn appointments(&self, broadcast: &BroadcastRecord, since: Timestamp) -> Result<u64>;
}

/// The numbers of a broadcast; `None` when there is none of this id.
///
/// # Errors
/// What the source reports.
pub async fn analytics(
    source: &dyn BroadcastSource,
    id: &BroadcastId,
) -> Result<Option<BroadcastAnalytics>> {
    let Some(broadcast) = source.broadcast(id).await? else {
        return Ok(None);
    };
    let recipients = source.recipients(id).await?;
    let replies = match recipients.first_sent_at {
        Some(from) => {
            let until = from.saturating_add(ANSWERS).unwrap_or(Timestamp::MAX);
            source.replies(id, from, until).await?
        }
        None => 0,
    };
    let appointments = match broadcast.executed_at.or(recipients.first_sent_at) {
        Some(since) => source.appointments(&broadcast, since).await?,
        None => 0,
    };
    let figures = BroadcastAnalytics::of(&broadcast, &recipients, replies, appointments);
    Ok(Some(figures))
}
