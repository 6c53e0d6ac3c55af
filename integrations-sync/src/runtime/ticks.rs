//! What schedules start, as jobs.

use async_trait::async_trait;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{NewSchedule, RunKind, ScheduleSpec, Transaction};
use serde_json::json;

use super::flows::RunJob;
use crate::jobs::{Job, Jobs, NewJob};
use crate::schedule::{Tick, TickQueue};

/// A schedule that runs a flow: give it to [`Scheduler::declare`](crate::schedule::Scheduler::declare).
pub fn run_schedule(
    name: impl Into<String>,
    flow: &str,
    kind: RunKind,
    spec: ScheduleSpec,
) -> NewSchedule {
    NewSchedule::new(name, RunJob::KIND, spec).payload(json!({
        "flow": flow, "kind": kind, "started_by": "schedule",
    }))
}

#[async_trait]
impl TickQueue for Jobs {
    /// A tick is a job of the schedule's kind with the schedule's payload as its arguments, so that any kind of job can
    /// be scheduled.
    async fn insert_in(&self, transaction: &mut Transaction, ticks: &[Tick]) -> Result<()> {
        let mut jobs = Vec::with_capacity(ticks.len());
        for tick in ticks {
            let new = if tick.kind == RunJob::KIND {
                let job: RunJob = serde_json::from_value(tick.payload.clone()).map_err(|_| {
                    Error::new(
                        ErrorKind::Validation,
                        "the payload of a schedule of runs is {flow, kind}",
                    )
                })?;
                // One run at a time: a tick that comes while the last one's run waits adds nothing.
                NewJob::new(&tick.tenant, &job)?.unique(format!("schedule:{}", tick.name))
            } else {
                NewJob::of_kind(&tick.tenant, &tick.kind, &tick.payload)?
            };
            jobs.push(new);
        }
        Self::insert_in(self, transaction, &jobs).await.map(drop)
    }
}
