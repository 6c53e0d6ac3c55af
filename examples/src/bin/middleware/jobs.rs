//! What is done apart from the event that led to it: because it may take long, come again, or come late.

mod calls;
mod import;
mod notes;
mod sequences;
mod status;

pub(crate) use calls::CallJob;
pub(crate) use import::ImportJob;
pub(crate) use notes::NoteJob;
pub(crate) use sequences::SequenceJob;
pub(crate) use status::{SettleJob, StatusJob};

use std::sync::Arc;
use std::time::Duration;

use integrations_core::Error;
use integrations_sync::jobs::{Job, JobContext};
use integrations_sync::runtime::WorkerBuilder;

use crate::hub::Hub;

/// The queue of these jobs.
const QUEUE: &str = "middleware";

/// How long a try may take, and how soon at the earliest somebody else does the job of a process that died.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Does the jobs of the middleware.
#[derive(Debug, Clone)]
pub(crate) struct Work(Arc<Hub>);

impl Work {
    /// When a job is tried again: by its kind's policy, and no later than the deployment's pace says.
    fn paced<J: Job>(&self, cx: &JobContext, error: Error) -> Error {
        if !error.is_retryable() || error.retry_after().is_some() {
            return error;
        }
        let doublings = cx.attempt().saturating_sub(1).min(16);
        let pace = self.0.pace.first_retry.saturating_mul(1 << doublings);
        error.with_retry_after(J::retry().wait(cx.attempt()).min(pace))
    }
}

/// Adds the middleware's kinds of jobs to a worker.
pub(crate) fn add(worker: WorkerBuilder, hub: &Arc<Hub>) -> WorkerBuilder {
    let work = Work(Arc::clone(hub));
    worker
        .job::<CallJob>(work.clone())
        .job::<ImportJob>(work.clone())
        .job::<NoteJob>(work.clone())
        .job::<SequenceJob>(work.clone())
        .job::<SettleJob>(work.clone())
        .job::<StatusJob>(work)
}
