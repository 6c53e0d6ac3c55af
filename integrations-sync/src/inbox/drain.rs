use futures_util::StreamExt as _;
use futures_util::stream;
use integrations_core::Result;
use integrations_store::Ended;

use super::Inbox;

/// How many lanes are worked on at once.
const LANES: usize = 8;
/// How many lanes are asked for at once.
const BATCH: u32 = 200;

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Drained {
    /// Handled.
    pub done: u64,
    /// To be tried again.
    pub retried: u64,
    /// Given up.
    pub failed: u64,
}

impl Drained {
    /// Counts what became of an event; its word in the metrics.
    pub(super) fn add(&mut self, ended: &Ended) -> &'static str {
        let (counter, word) = match ended {
            Ended::Done => (&mut self.done, "done"),
            Ended::Failed(_) => (&mut self.failed, "failed"),
            _ => (&mut self.retried, "retried"),
        };
        *counter += 1;
        word
    }

    fn sum(self, other: Self) -> Self {
        Self {
            done: self.done + other.done,
            retried: self.retried + other.retried,
            failed: self.failed + other.failed,
        }
    }
}

impl Inbox {
    /// Handles everything that is due now, and what becomes due meanwhile, in this call, without jobs: for tests, and
    /// for tools that end when there is nothing left to do.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store),
    /// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) without a handler; what was not handled stays stored.
    pub async fn drain(&self) -> Result<Drained> {
        let deployment = self.shared().store.deployment();
        let mut all = Drained::default();
        loop {
            let due = deployment.lanes_due(BATCH).await?;
            let mut progress = Drained::default();
            let mut working = stream::iter(due)
                .map(|(tenant, lane)| async move {
                    let mut drained = Drained::default();
                    let never = std::future::pending();
                    self.work(&tenant, &lane, never, &mut drained).await?;
                    Ok::<_, integrations_core::Error>(drained)
                })
                .buffer_unordered(LANES);
            while let Some(drained) = working.next().await {
                progress = progress.sum(drained?);
            }
            if progress == Drained::default() {
                return Ok(all);
            }
            all = all.sum(progress);
        }
    }
}
