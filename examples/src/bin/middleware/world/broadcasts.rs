//! Broadcasts that Verity has sent, with the numbers of their receivers.

use std::time::Duration;

use integrations_core::Timestamp;
use verity_client::broadcasts::{BroadcastRecord, MemoryRecipient, RecipientStatus};
use verity_client::comms::BroadcastKind;

use super::World;

/// How long ago they were sent.
const AGO: Duration = Duration::from_secs(3600);

/// What is to be found of a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    pub(crate) responses: u64,
}

impl World {
    /// Sends a broadcast to so many people, some of whom it does not reach, and tells of it. Its id, and its figures.
    pub(crate) fn broadcast(&self, number: usize, completed: bool) -> (String, Figures) {
        let id = format!("5b0e7a52-3f0c-4f5e-9a61-{number:012}");
        let now = self.verity.clock().now();
        let sent_at = now.checked_sub(AGO).unwrap_or(Timestamp::UNIX_EPOCH);
        let reached = number % 7 + 3;
        let missed = number % 3;
        let mut record = BroadcastRecord::new(id.as_str(), BroadcastKind::Sms);
        record.executed_at = Some(sent_at);
        record.completed_at = completed.then_some(now);
        let to = |at: usize, status| {
            MemoryRecipient::new(format!("contact-{at}"), status, Some(sent_at))
        };
        let mut recipients = vec![to(0, RecipientStatus::Sent).replied(now)];
        recipients.extend((1..reached).map(|at| to(at, RecipientStatus::Sent)));
        recipients.extend((0..missed).map(|at| to(reached + at, RecipientStatus::Failed)));
        self.broadcasts.put(record, recipients);
        let kind = match completed {
            true => "broadcast_completed",
            false => "analytics_updated",
        };
        self.verity.announce_broadcast(&id, kind);
        let figures = Figures {
            delivered: reached as u64,
            failed: missed as u64,
            responses: 1,
        };
        (id, figures)
    }
}
