//! What keeps the queue going, done by every process for all of them: each statement takes what no other one holds, so
//! there is no leader whose death stops it.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use integrations_core::Result;
use integrations_store::Transaction;
use riverqueue::tokio_util::sync::CancellationToken;
use tokio::time::sleep;

use super::database::{execute, fetch_all};
use super::failure::{Cause, Dead, Meta};
use super::handler::Kind;
use super::{JobId, Jobs};

/// So many rows are handled in one transaction.
const PAGE: i64 = 200;
/// How many jobs are made available in one statement.
const DUE: i64 = 1_000;
/// How many old jobs are deleted in one statement.
const OLD: i64 = 2_000;
/// Old jobs are looked for once in so many rounds.
const CLEANING: u32 = 20;
/// How long cancelled jobs stay listed, in seconds.
const KEEP_CANCELLED: i64 = 24 * 60 * 60;
/// How long the engine's own discarded jobs stay, in seconds: those that name no tenant.
const KEEP_DISCARDED: i64 = 7 * 24 * 60 * 60;

pub(super) struct Maintenance {
    pub(super) jobs: Jobs,
    pub(super) kinds: Vec<Kind>,
    pub(super) grace: Duration,
    pub(super) rescue_after: Duration,
    pub(super) every: Duration,
    pub(super) keep_completed: Duration,
}

/// id, kind, queue, priority, attempt, max_attempts, args, metadata, discarded, age in microseconds, whether its process
/// is known to be dead.
type Stuck = (
    i64,
    String,
    String,
    i16,
    i16,
    i16,
    String,
    String,
    bool,
    i64,
    bool,
);

impl Maintenance {
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut round = 0_u32;
        loop {
            // Processes that started together drift apart.
            let wait = self.every.mul_f64(0.8 + 0.4 * fastrand::f64());
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(wait) => {}
            }
            // A round is short and is not cancelled: its transactions end.
            self.report("due", self.make_due().await);
            self.report("stuck", self.rescue().await);
            if round.is_multiple_of(CLEANING) {
                self.report("old", self.clean().await);
            }
            round = round.wrapping_add(1);
        }
    }

    fn report(&self, what: &'static str, done: Result<()>) {
        if let Err(error) = done {
            tracing::warn!(%error, what, "the maintenance of the jobs failed; it tries again");
        }
    }

    async fn make_due(&self) -> Result<()> {
        loop {
            let mut transaction = self.jobs.store().begin("jobs.due").await?;
            let queues = fetch_all!(
                self.jobs,
                &mut transaction,
                "jobs.due",
                (String,),
                &self.jobs.statements().make_due,
                DUE,
            )?;
            transaction.commit().await?;
            let count = queues.len();
            let queues: BTreeSet<_> = queues.into_iter().map(|(queue,)| queue).collect();
            for queue in queues {
                self.jobs.wake(&queue);
            }
            if count < usize::try_from(DUE).unwrap_or_default() {
                return Ok(());
            }
        }
    }

    async fn rescue(&self) -> Result<()> {
        let known: HashMap<&str, &Kind> = self.kinds.iter().map(|kind| (kind.name, kind)).collect();
        let names = serde_json::json!(known.keys().collect::<Vec<_>>()).to_string();
        let age = i64::try_from(self.rescue_after.as_micros()).unwrap_or(i64::MAX);
        let mut after = 0_i64;
        loop {
            let mut transaction = self.jobs.store().begin("jobs.rescue").await?;
            let stuck = fetch_all!(
                self.jobs,
                &mut transaction,
                "jobs.rescue",
                Stuck,
                &self.jobs.statements().stuck,
                age,
                names.as_str(),
                after,
                PAGE,
            )?;
            for job in &stuck {
                self.settle(&mut transaction, &known, job).await?;
            }
            transaction.commit().await?;
            for job in &stuck {
                self.jobs.wake(&job.2);
            }
            match stuck.last() {
                Some(last) if stuck.len() >= usize::try_from(PAGE).unwrap_or_default() => {
                    after = last.0;
                }
                _ => return Ok(()),
            }
        }
    }

    async fn settle(
        &self,
        transaction: &mut Transaction,
        known: &HashMap<&str, &Kind>,
        job: &Stuck,
    ) -> Result<()> {
        let (
            id,
            kind,
            queue,
            priority,
            attempt,
            max_attempts,
            args,
            meta,
            discarded,
            age,
            dead_process,
        ) = job;
        let meta: Meta = serde_json::from_str(meta).unwrap_or_default();
        let Some(tenant) = meta.tenant() else {
            return Ok(());
        };
        let dead = Dead {
            tenant: &tenant,
            id: JobId(*id),
            kind,
            queue,
            priority: *priority,
            attempt: i64::from(*attempt),
            max_attempts: i64::from(*max_attempts),
            args,
            subject: meta.subject.as_deref(),
            integration: meta.integration,
        };
        let statements = self.jobs.statements();
        let operation = "jobs.rescue";
        if *discarded {
            let cause = meta.failure.clone().unwrap_or_else(Cause::discarded);
            self.jobs.letter(transaction, &dead, &cause).await?;
            execute!(
                self.jobs,
                transaction,
                operation,
                &statements.delete_discarded,
                *id
            )?;
            return Ok(());
        }
        let Some(kind) = known.get(kind.as_str()) else {
            return Ok(());
        };
        let allowed = i64::try_from((kind.timeout + self.grace).as_micros()).unwrap_or(i64::MAX);
        // Of a process that never said that it lives, nothing but the time is known.
        if *age < allowed && !dead_process {
            return Ok(());
        }
        if meta.cancel_attempted_at.is_some() {
            let text = &statements.cancel_rescued;
            execute!(self.jobs, transaction, operation, text, *id, dead.attempt)?;
        } else if dead.attempt >= dead.max_attempts {
            self.jobs
                .letter(transaction, &dead, &Cause::crashed())
                .await?;
            let text = &statements.delete_running;
            execute!(self.jobs, transaction, operation, text, *id, dead.attempt)?;
        } else {
            // The first time it was most likely not the job's doing. A job that kills its process comes back slower
            // each time.
            let wait = match u32::try_from(*attempt).unwrap_or(1) {
                0 | 1 => Duration::ZERO,
                later => kind.retry.wait(later - 1),
            };
            let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX / 4);
            let text = &statements.rescue;
            execute!(
                self.jobs,
                transaction,
                operation,
                text,
                *id,
                dead.attempt,
                wait
            )?;
            metrics::counter!("integrations_jobs_rescued_total", "kind" => kind.name).increment(1);
            tracing::warn!(
                tenant = tenant.as_str(),
                job = *id,
                kind = kind.name,
                "a job was left running by a process that died; it runs again"
            );
        }
        Ok(())
    }

    async fn clean(&self) -> Result<()> {
        let completed = i64::try_from(self.keep_completed.as_secs()).unwrap_or(i64::MAX / 4);
        for (state, seconds) in [
            ("completed", completed),
            ("cancelled", KEEP_CANCELLED),
            ("discarded", KEEP_DISCARDED),
        ] {
            loop {
                let mut transaction = self.jobs.store().begin("jobs.clean").await?;
                let rows = execute!(
                    self.jobs,
                    &mut transaction,
                    "jobs.clean",
                    &self.jobs.statements().clean,
                    state,
                    seconds,
                    OLD,
                )?;
                transaction.commit().await?;
                if rows < u64::try_from(OLD).unwrap_or_default() {
                    break;
                }
            }
        }
        let mut transaction = self.jobs.store().begin("jobs.clean").await?;
        execute!(
            self.jobs,
            &mut transaction,
            "jobs.clean",
            &self.jobs.statements().clean_notifications,
        )?;
        transaction.commit().await
    }
}
