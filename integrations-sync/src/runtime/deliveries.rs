//! Outgoing webhooks as jobs.

use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Result, TenantId};
use integrations_store::{DeliveryId, Transaction};
use serde::{Deserialize, Serialize};

use crate::jobs::{Handler, Job, JobContext, Jobs, NewJob, Outcome, RetryPolicy};
use crate::outgoing::{Delivered, DeliveryQueue, Outgoing};

/// One delivery of an outgoing webhook, until it has arrived or is given up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliverJob {
    delivery: DeliveryId,
}

impl Job for DeliverJob {
    const KIND: &'static str = "outgoing.deliver";
    const QUEUE: &'static str = "outgoing";

    fn retry() -> RetryPolicy {
        // Only the database fails a job: a receiver's failure is told by a snooze.
        RetryPolicy::new(100, Duration::from_secs(1)).longest(Duration::from_secs(60))
    }

    fn subject(&self) -> Option<String> {
        Some(self.delivery.to_string())
    }
}

#[async_trait]
impl DeliveryQueue for Jobs {
    async fn insert_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        deliveries: &[DeliveryId],
    ) -> Result<()> {
        let jobs = deliveries
            .iter()
            .map(|delivery| {
                let delivery = *delivery;
                NewJob::new(tenant, &DeliverJob { delivery })
            })
            .collect::<Result<Vec<_>>>()?;
        Self::insert_in(self, transaction, &jobs).await.map(drop)
    }
}

#[async_trait]
impl Handler<DeliverJob> for Outgoing {
    async fn run(&self, cx: &JobContext, job: DeliverJob) -> Result<Outcome> {
        Ok(match self.deliver(cx.tenant(), job.delivery).await? {
            Delivered::Done => Outcome::Done,
            Delivered::Again(wait) => Outcome::Snooze(wait),
        })
    }
}
