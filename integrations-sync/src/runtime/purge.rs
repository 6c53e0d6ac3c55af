//! Forgetting what is finished.

use std::time::Duration;

use integrations_core::{Result, Timestamp};

use super::Runtime;
use crate::inbox;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Rows that one transaction deletes.
const BATCH: u32 = 1000;

/// How long what is finished is kept. Events have settings of their own: see
/// [`InboxBuilder::retention`](crate::inbox::InboxBuilder::retention).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Retention {
    messages: Duration,
    dead_letters: Duration,
    runs: Duration,
    gone: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            messages: 30 * DAY,
            dead_letters: 90 * DAY,
            runs: 90 * DAY,
            gone: 90 * DAY,
        }
    }
}

impl Retention {
    /// The defaults: see each setter.
    pub fn new() -> Self {
        Self::default()
    }

    /// Outgoing messages with their deliveries and attempts, after publication: 30 days. Within it, a message that is
    /// published twice under one id is sent once.
    pub fn messages(mut self, keep: Duration) -> Self {
        self.messages = keep;
        self
    }

    /// Dead letters after they were replayed or dropped: 90 days. Open ones stay.
    pub fn dead_letters(mut self, keep: Duration) -> Self {
        self.dead_letters = keep;
        self
    }

    /// The log of a flow's runs, after their end: 90 days.
    pub fn runs(mut self, keep: Duration) -> Self {
        self.runs = keep;
        self
    }

    /// The memory of contacts that were deleted on both sides: 90 days. What arrives of them later is taken for new.
    pub fn gone_contacts(mut self, keep: Duration) -> Self {
        self.gone = keep;
        self
    }
}

/// What [`Runtime::purge`] forgot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Forgotten {
    /// Finished events.
    pub events: u64,
    /// Events that matched no integration.
    pub unmatched: u64,
    /// Outgoing messages.
    pub messages: u64,
    /// Dead letters that were replayed or dropped.
    pub dead_letters: u64,
    /// Runs of flows.
    pub runs: u64,
    /// Contacts that are gone on both sides.
    pub gone_contacts: u64,
    /// Entries of the echo ledger.
    pub echoes: u64,
    /// Authorizations that nobody came back for.
    pub authorizations: u64,
    /// Rate budgets that nobody uses.
    pub budgets: u64,
}

impl Runtime {
    /// Forgets what has been kept for long enough. A [worker](Self::worker) does it every hour; any number of processes
    /// may.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store): what was forgotten before it is.
    pub async fn purge(&self) -> Result<Forgotten> {
        let inbox::Purged {
            events, unmatched, ..
        } = self.0.inbox.purge().await?;
        Ok(Forgotten {
            events,
            unmatched,
            ..self.purge_state().await?
        })
    }

    /// All but the events: the sweeper does those.
    pub(super) async fn purge_state(&self) -> Result<Forgotten> {
        let store = self.0.manager.store();
        let (deployment, keep) = (store.deployment(), self.0.retention);
        let now = store.clock().now();
        let before = |keep: Duration| now.checked_sub(keep).unwrap_or(Timestamp::MIN);
        let (letters, runs) = (before(keep.dead_letters), before(keep.runs));
        Ok(Forgotten {
            messages: deployment.purge_messages(before(keep.messages)).await?,
            dead_letters: all(|| deployment.purge_dead_letters(letters, BATCH)).await?,
            runs: all(|| deployment.purge_runs(runs, BATCH)).await?,
            gone_contacts: deployment.purge_gone_contacts(keep.gone).await?,
            echoes: deployment.purge_echoes().await?,
            authorizations: deployment.purge_states().await?,
            budgets: store.budgets().purge(DAY).await?,
            ..Forgotten::default()
        })
    }
}

/// Batch after batch, until there is less than a batch.
async fn all<F: Future<Output = Result<u64>>>(batch: impl Fn() -> F) -> Result<u64> {
    let mut rows = 0;
    loop {
        let gone = batch().await?;
        rows += gone;
        if gone < u64::from(BATCH) {
            return Ok(rows);
        }
    }
}
