use std::time::Duration;

use integrations_core::{Result, Timestamp};
use integrations_store::EventStatus;

use super::Inbox;

/// Rows that one transaction deletes.
const BATCH: u32 = 1000;

/// What a purge deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Purged {
    /// Finished events.
    pub events: u64,
    /// Events that matched no integration.
    pub unmatched: u64,
}

impl Inbox {
    /// Forgets what is older than the [retention](super::InboxBuilder::retention), in small transactions. The
    /// [sweeper](Self::start_sweeper) calls it every hour.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge(&self) -> Result<Purged> {
        let settings = &self.shared().settings;
        let deployment = self.shared().store.deployment();
        let now = self.shared().store.clock().now();
        let mut purged = Purged::default();
        for (status, keep) in [
            (EventStatus::Done, settings.retention),
            // Somebody may still want to replay them.
            (EventStatus::Failed, settings.failed_retention),
        ] {
            loop {
                let rows = deployment
                    .purge_events(status, before(now, keep), BATCH)
                    .await?;
                purged.events += rows;
                if rows < u64::from(BATCH) {
                    break;
                }
            }
        }
        loop {
            let rows = deployment
                .purge_unmatched(before(now, settings.unmatched_retention), BATCH)
                .await?;
            purged.unmatched += rows;
            if rows < u64::from(BATCH) {
                return Ok(purged);
            }
        }
    }
}

fn before(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_sub(by).unwrap_or(Timestamp::MIN)
}
