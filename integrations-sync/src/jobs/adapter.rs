//! Between the engine's worker and a handler: decodes, watches the time, catches panics, decides what a failure leads to.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use integrations_core::{Error, IntegrationId, Result, TenantId, Timestamp};
use riverqueue::{
    BoxError, JobArgs, JobRow, WorkCancelled, WorkContext, WorkError, WorkOutcome, Worker,
    WorkerTimeout,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use super::failure::{Cause, Dead, Retry};
use super::{Handler, Job, JobContext, JobId, Jobs, Outcome};
use crate::origin;

/// How long a handler may take to end after it is cancelled; then its future is dropped.
const LINGER: Duration = Duration::from_secs(1);
/// Where the cause is kept when the dead letter cannot be written: the maintenance reads it.
pub(super) const FAILURE: &str = "failure";

/// A job's arguments as they are stored. Decoding them is ours: the engine would retry what can never be read.
pub(super) struct Args<J> {
    raw: Box<RawValue>,
    kind: PhantomData<fn() -> J>,
}

impl<J> Serialize for Args<J> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

impl<'de, J> Deserialize<'de> for Args<J> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self {
            raw,
            kind: PhantomData,
        })
    }
}

impl<J: Job> JobArgs for Args<J> {
    const KIND: &'static str = J::KIND;
}

pub(super) struct Adapter<J> {
    handler: Arc<dyn Handler<J>>,
    jobs: Jobs,
    grace: Duration,
}

impl<J: Job> Adapter<J> {
    pub(super) fn new(handler: Arc<dyn Handler<J>>, jobs: Jobs, grace: Duration) -> Self {
        Self {
            handler,
            jobs,
            grace,
        }
    }
}

/// How the handler's future ended.
enum Ended {
    With(Result<Outcome>),
    Panicked,
    TimedOut,
    /// The process stops, or the job is cancelled.
    Stopped,
}

impl<J: Job> Worker<Args<J>> for Adapter<J> {
    type Error = BoxError;

    fn next_retry(
        &self,
        job: &riverqueue::Job<Args<J>>,
        error: &WorkError,
        _now: Timestamp,
    ) -> Option<Duration> {
        let asked = error.downcast_ref::<Retry>().map(|retry| retry.wait);
        let attempt = u32::try_from(job.row.attempt).unwrap_or(1);
        Some(asked.unwrap_or_else(|| J::retry().wait(attempt)))
    }

    /// Ours comes first; the engine's is for a handler that does not let go.
    fn timeout(&self, _job: &riverqueue::Job<Args<J>>) -> WorkerTimeout {
        WorkerTimeout::After(J::timeout() + self.grace)
    }

    async fn work(
        &self,
        context: WorkContext,
        job: riverqueue::Job<Args<J>>,
    ) -> std::result::Result<WorkOutcome, BoxError> {
        let row = job.row;
        let Some(tenant) = tenant(&row) else {
            tracing::error!(
                job = row.id,
                kind = row.kind,
                "a job names no tenant: this crate did not enqueue it"
            );
            return Ok(WorkOutcome::Discard);
        };
        let Ok(args) = serde_json::from_str::<J>(job.args.raw.get()) else {
            return self
                .failed(&context, &row, &tenant, Cause::unreadable())
                .await;
        };
        let cx = JobContext::new(&self.jobs, &context, &row, tenant.clone());
        let began = Instant::now();
        let origin = row.metadata.get::<String>("origin").ok().flatten();
        let span = tracing::info_span!(
            "job",
            job = row.id,
            kind = J::KIND,
            attempt = row.attempt,
            origin = origin.as_deref(),
        );
        let work = self.run(&context, &cx, args).instrument(span);
        let ended = origin::within(origin, work).await;
        metrics::histogram!("integrations_job_seconds", "kind" => J::KIND)
            .record(began.elapsed().as_secs_f64());
        let cause = match ended {
            Ended::With(Ok(Outcome::Done)) => {
                count(J::KIND, "done");
                return Ok(WorkOutcome::Complete);
            }
            Ended::With(Ok(Outcome::Snooze(wait))) => {
                count(J::KIND, "snoozed");
                return Ok(WorkOutcome::Snooze(wait));
            }
            Ended::Stopped => {
                count(J::KIND, "stopped");
                return Err(Box::new(WorkCancelled));
            }
            Ended::With(Err(error)) => Cause::of(&error),
            Ended::Panicked => Cause::panic(),
            Ended::TimedOut => Cause::timeout(J::timeout()),
        };
        // What failed because it was told to stop did not fail.
        if cause.retryable && context.cancellation_token().is_cancelled() {
            count(J::KIND, "stopped");
            return Err(Box::new(WorkCancelled));
        }
        self.failed(&context, &row, &tenant, cause).await
    }
}

impl<J: Job> Adapter<J> {
    async fn run(&self, context: &WorkContext, cx: &JobContext, args: J) -> Ended {
        let mut work = AssertUnwindSafe(self.handler.run(cx, args)).catch_unwind();
        let token = context.cancellation_token();
        tokio::select! {
            ended = &mut work => ended.map_or(Ended::Panicked, Ended::With),
            () = tokio::time::sleep(J::timeout()) => Ended::TimedOut,
            () = token.cancelled() => match timeout(LINGER.min(self.grace), &mut work).await {
                Ok(ended) => ended.map_or(Ended::Panicked, Ended::With),
                Err(_) => Ended::Stopped,
            },
        }
    }

    async fn failed(
        &self,
        context: &WorkContext,
        row: &JobRow,
        tenant: &TenantId,
        cause: Cause,
    ) -> std::result::Result<WorkOutcome, BoxError> {
        if cause.retryable && row.attempt < row.max_attempts {
            count(J::KIND, "retried");
            let attempt = u32::try_from(row.attempt).unwrap_or(1);
            return Err(Box::new(Retry {
                wait: cause.wait.unwrap_or_else(|| J::retry().wait(attempt)),
                message: cause.message,
            }));
        }
        count(J::KIND, "dead");
        let subject = row.metadata.get::<String>("subject").ok().flatten();
        let dead = Dead {
            tenant,
            id: JobId(row.id),
            kind: &row.kind,
            queue: &row.queue,
            priority: row.priority,
            attempt: row.attempt.into(),
            max_attempts: row.max_attempts.into(),
            args: row.encoded_args.get(),
            subject: subject.as_deref(),
            integration: row
                .metadata
                .get::<IntegrationId>("integration")
                .ok()
                .flatten(),
        };
        if let Err(error) = self.jobs.bury_running(&dead, &cause).await {
            tracing::warn!(%error, job = row.id, "a dead letter could not be written; the maintenance will");
            context
                .metadata_set(FAILURE, &cause)
                .map_err(|_| not_written(&error))?;
        }
        Ok(WorkOutcome::Discard)
    }
}

fn not_written(error: &Error) -> BoxError {
    Box::new(Retry {
        wait: Duration::from_secs(5),
        message: error.to_string(),
    })
}

fn tenant(row: &JobRow) -> Option<TenantId> {
    let text = row.metadata.get::<String>("tenant").ok()??;
    TenantId::new(&text).ok()
}

fn count(kind: &'static str, outcome: &'static str) {
    metrics::counter!("integrations_jobs_total", "kind" => kind, "outcome" => outcome).increment(1);
}
