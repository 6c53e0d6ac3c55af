use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use integrations_core::Result;
use jiff::Timestamp;

use super::source::{BroadcastRecord, BroadcastSource, RecipientStatus, Recipients};
use crate::ids::BroadcastId;

/// Broadcasts in memory, for tests and demonstrations.
#[derive(Debug, Default)]
pub struct BroadcastsInMemory(Mutex<BTreeMap<BroadcastId, Kept>>);

#[derive(Debug)]
struct Kept {
    record: BroadcastRecord,
    recipients: Vec<MemoryRecipient>,
}

/// A receiver in memory.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MemoryRecipient {
    /// Who it is.
    pub contact: String,
    /// What became of the broadcast.
    pub status: RecipientStatus,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When it was answered.
    pub replies: Vec<Timestamp>,
    /// When an appointment was made.
    pub appointment: Option<Timestamp>,
}

impl MemoryRecipient {
    /// One who neither answered nor made an appointment.
    pub fn new(
        contact: impl Into<String>,
        status: RecipientStatus,
        sent_at: Option<Timestamp>,
    ) -> Self {
        Self {
            contact: contact.into(),
            status,
            sent_at,
            replies: Vec::new(),
            appointment: None,
        }
    }

    /// Adds an answer.
    #[must_use]
    pub fn replied(mut self, at: Timestamp) -> Self {
        self.replies.push(at);
        self
    }

    /// Adds an appointment.
    #[must_use]
    pub fn appointed(mut self, at: Timestamp) -> Self {
        self.appointment = Some(at);
        self
    }
}

impl BroadcastsInMemory {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a broadcast, in place of one with its id.
    pub fn put(&self, record: BroadcastRecord, recipients: Vec<MemoryRecipient>) {
        let kept = Kept { record, recipients };
        self.lock().insert(kept.record.id.clone(), kept);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<BroadcastId, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of<T: Default>(&self, id: &BroadcastId, read: impl FnOnce(&Kept) -> T) -> T {
        self.lock().get(id).map(read).unwrap_or_default()
    }
}

fn people<'a>(recipients: impl Iterator<Item = &'a MemoryRecipient>) -> u64 {
    let people: BTreeSet<_> = recipients.map(|recipient| &recipient.contact).collect();
    u64::try_from(people.len()).unwrap_or(u64::MAX)
}

#[async_trait]
impl BroadcastSource for BroadcastsInMemory {
    async fn broadcast(&self, id: &BroadcastId) -> Result<Option<BroadcastRecord>> {
        Ok(self.of(id, |kept| Some(kept.record.clone())))
    }

    async fn recipients(&self, id: &BroadcastId) -> Result<Recipients> {
        Ok(self.of(id, |kept| {
            let mut counts = BTreeMap::new();
            for recipient in &kept.recipients {
                *counts.entry(recipient.status.clone()).or_default() += 1;
            }
            let sent = kept.recipients.iter().filter_map(|one| one.sent_at);
            Recipients::new(counts, sent.min())
        }))
    }

    async fn replies(&self, id: &BroadcastId, from: Timestamp, until: Timestamp) -> Result<u64> {
        let in_time = |at: &Timestamp| *at >= from && *at <= until;
        Ok(self.of(id, |kept| {
            let all = kept.recipients.iter();
            people(all.filter(|one| one.replies.iter().any(in_time)))
        }))
    }

    async fn appointments(&self, broadcast: &BroadcastRecord, since: Timestamp) -> Result<u64> {
        Ok(self.of(&broadcast.id, |kept| {
            let reached = kept
                .recipients
                .iter()
                .filter(|one| one.status.is_delivered(&broadcast.kind));
            people(reached.filter(|one| one.appointment.is_some_and(|at| at >= since)))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broadcasts::{BroadcastKind, analytics};

    #[tokio::test]
    async fn answers_count_for_seven_days_and_once_for_each_person() {
        let at = |hours: i64| Timestamp::from_second(1_800_000_000 + hours * 3600).unwrap();
        let sent = |name: &str| MemoryRecipient::new(name, RecipientStatus::Sent, Some(at(0)));
        let mut record = BroadcastRecord::new("b1", BroadcastKind::Sms);
        record.executed_at = Some(at(0));
        let broadcasts = BroadcastsInMemory::new();
        broadcasts.put(
            record,
            vec![
                sent("a").replied(at(1)).replied(at(2)).appointed(at(3)),
                sent("b").replied(at(7 * 24)),
                sent("c").replied(at(7 * 24 + 1)).appointed(at(-1)),
                sent("d").replied(at(-1)),
                MemoryRecipient::new("e", RecipientStatus::Failed, None).appointed(at(5)),
            ],
        );
        let figures = analytics(&broadcasts, &"b1".into()).await.unwrap().unwrap();
        assert_eq!((figures.responses, figures.appointments_set), (2, 1));
        assert_eq!(figures.conversion_rate, 50.0);
        assert_eq!(analytics(&broadcasts, &"b2".into()).await.unwrap(), None);
    }
}
