//! Which processes are alive, so that a job's process need not be waited for when it is dead: each says in a row of its
//! own until when it is to be taken for alive.

use std::time::Duration;

use integrations_core::Result;
use riverqueue::tokio_util::sync::CancellationToken;
use tokio::time::sleep;

use super::Jobs;
use super::database::execute;

/// How long a dead process is remembered, in microseconds: for longer than any job runs.
const REMEMBERED: i64 = 30 * 24 * 3600 * 1_000_000;

/// One process's word that it lives.
pub(super) struct Alive {
    pub(super) jobs: Jobs,
    /// What the engine calls this process in the jobs that it gives it.
    pub(super) id: String,
    /// After how long of silence others take it for dead.
    pub(super) dead_after: Duration,
}

impl Alive {
    /// Says so until it is stopped. What runs may go on for longer: whoever stops it waits for that first.
    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            let wait = match self.say().await {
                Ok(()) => self.dead_after / 3,
                Err(error) => {
                    tracing::warn!(%error, "a process could not say that it lives; it tries again");
                    self.dead_after / 10
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(wait) => {}
            }
        }
    }

    async fn say(&self) -> Result<()> {
        let operation = "jobs.alive";
        let statements = self.jobs.statements();
        let dead_after = i64::try_from(self.dead_after.as_micros()).unwrap_or(i64::MAX / 4);
        let mut transaction = self.jobs.store().begin(operation).await?;
        execute!(
            self.jobs,
            &mut transaction,
            operation,
            &statements.alive,
            self.id.as_str(),
            dead_after
        )?;
        execute!(
            self.jobs,
            &mut transaction,
            operation,
            &statements.forget_runners,
            REMEMBERED
        )?;
        transaction.commit().await
    }
}
