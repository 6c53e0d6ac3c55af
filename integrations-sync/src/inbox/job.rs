//! The jobs that work on lanes.

use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{IntegrationId, Result, TenantId};
use integrations_store::{Lane, Transaction};
use serde::{Deserialize, Serialize};

use super::{Inbox, LaneOutcome, LaneQueue};
use crate::jobs::{Handler, Job, JobContext, Jobs, NewJob, Outcome, RetryPolicy};

/// The longest time that an event's handler may be given: well within the job's.
pub(super) const LONGEST_TIMEOUT: Duration = Duration::from_secs(8 * 60);

/// Work on one lane of the inbox. Register the inbox as its handler: `Workers::new().add::<LaneJob>(inbox.clone())`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LaneJob {
    lane: Lane,
}

impl Job for LaneJob {
    const KIND: &'static str = "inbox.lane";
    const QUEUE: &'static str = "inbox";

    fn retry() -> RetryPolicy {
        // The database failed: the sweeper finds the lane whatever becomes of the job.
        RetryPolicy::new(10, Duration::from_secs(1)).longest(Duration::from_secs(60))
    }

    /// Long, because nobody waits for it: when a process dies, the sweeper finds its lanes at the end of their leases.
    fn timeout() -> Duration {
        LONGEST_TIMEOUT + Duration::from_secs(2 * 60)
    }

    fn subject(&self) -> Option<String> {
        Some(self.lane.to_string())
    }

    fn integration(&self) -> Option<IntegrationId> {
        self.lane.integration()
    }
}

#[async_trait]
impl LaneQueue for Jobs {
    async fn insert_in(
        &self,
        transaction: &mut Transaction,
        lanes: &[(TenantId, Lane)],
    ) -> Result<()> {
        let jobs = lanes
            .iter()
            .map(|(tenant, lane)| NewJob::new(tenant, &LaneJob { lane: lane.clone() }))
            .collect::<Result<Vec<_>>>()?;
        Self::insert_in(self, transaction, &jobs).await.map(drop)
    }

    async fn waited_in(&self, transaction: &mut Transaction) -> Result<Duration> {
        Self::waited_in(self, transaction, LaneJob::QUEUE).await
    }

    fn wake(&self) {
        Self::wake(self, LaneJob::QUEUE);
    }
}

#[async_trait]
impl Handler<LaneJob> for Inbox {
    async fn run(&self, cx: &JobContext, job: LaneJob) -> Result<Outcome> {
        let outcome = self
            .work_lane(cx.tenant(), &job.lane, cx.cancelled())
            .await?;
        Ok(match outcome {
            LaneOutcome::Done => Outcome::Done,
            LaneOutcome::Again(wait) => Outcome::Snooze(wait),
        })
    }
}
