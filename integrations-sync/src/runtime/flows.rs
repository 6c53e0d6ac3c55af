//! The flows at work: on what webhooks tell of, and in runs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::webhook::Change;
use integrations_core::{Error, Result, TenantId, status};
use integrations_store::{IntegrationManager, RunKind, StoredFlow};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::flow::Flows;
use crate::inbox::{Delivery, EventHandler};
use crate::jobs::{Handler, Job, JobContext, Outcome, RetryPolicy};

/// How long one job works on a run. What is longer goes on in the next one, and lists both sides anew: long enough for
/// any account whose daily limit allows a run at all.
const SLICE: Duration = Duration::from_secs(24 * 60 * 60);

/// Works on the flows: on what events tell of, and on runs. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct FlowWorker {
    pub(super) manager: IntegrationManager,
    pub(super) flows: Arc<Flows>,
}

impl FlowWorker {
    fn changes(&self, delivery: &Delivery) -> Vec<Change> {
        let provider = self.manager.providers().get(delivery.event.provider());
        provider
            .ok()
            .and_then(|provider| provider.webhooks())
            .map(|source| source.changes(&delivery.event))
            .unwrap_or_default()
    }

    /// When an error speaks against a connection: asks both, since nobody knows which of them refused, and tells the
    /// status machine what they say.
    async fn look_at(&self, tenant: &TenantId, stored: &StoredFlow, error: &Error) {
        if status::event_of(error) != Some(status::Event::Failed) {
            return;
        }
        for end in [stored.left, stored.right] {
            let asked = async {
                let connection = self.manager.connect(tenant, end).await?;
                let tested = connection.test_connection().await;
                let outcome = tested.as_ref().map(drop);
                self.manager.record(tenant, end, outcome).await
            };
            if let Err(error) = asked.await {
                tracing::debug!(integration = %end, code = error.code(), "connection not looked at");
            }
        }
    }
}

#[async_trait]
impl EventHandler for FlowWorker {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        let changes = self.changes(delivery);
        let (tenant, integration) = (&delivery.tenant, delivery.integration);
        let at = delivery.event.occurred_at();
        let handled = self.flows.handle_changes(tenant, integration, &changes, at);
        let Err(error) = handled.await else {
            return Ok(());
        };
        let flows = self.manager.store().flows();
        for stored in flows.list(tenant, Some(integration)).await? {
            self.look_at(tenant, &stored, &error).await;
        }
        Err(error)
    }
}

/// A run of a stored flow: for schedules and for whoever starts one by hand.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunJob {
    /// The flow's name.
    pub flow: String,
    /// What kind of run.
    pub kind: RunKind,
    /// Who started it, for the log: `schedule`, `user:42`.
    #[serde(default = "by_hand")]
    pub started_by: String,
}

fn by_hand() -> String {
    "manual".to_owned()
}

impl Job for RunJob {
    const KIND: &'static str = "flow.run";
    const QUEUE: &'static str = "flows";

    fn retry() -> RetryPolicy {
        RetryPolicy::new(10, Duration::from_secs(10))
    }

    fn timeout() -> Duration {
        SLICE + Duration::from_secs(60)
    }

    fn subject(&self) -> Option<String> {
        Some(self.flow.clone())
    }
}

#[async_trait]
impl Handler<RunJob> for FlowWorker {
    async fn run(&self, cx: &JobContext, job: RunJob) -> Result<Outcome> {
        let tenant = cx.tenant();
        let store = self.manager.store();
        let Some(stored) = store.flows().find(tenant, &job.flow).await? else {
            tracing::info!(%tenant, "a flow that is to run is gone");
            return Ok(Outcome::Done);
        };
        if stored.paused {
            return Ok(Outcome::Done);
        }
        let flow = self.flows.open(tenant, &stored.name).await?;
        let run = flow.run(job.kind).started_by(job.started_by).execute();
        // Dropped, a run goes on where it was: every page is a checkpoint.
        let result = tokio::select! {
            result = run => result,
            () = sleep(SLICE) => return Ok(Outcome::Snooze(Duration::ZERO)),
            () = cx.cancelled() => return Ok(Outcome::Snooze(Duration::ZERO)),
        };
        match result {
            Ok(report) => {
                tracing::info!(%tenant, drift = report.drift(), "a flow has run");
                Ok(Outcome::Done)
            }
            Err(error) => {
                self.look_at(tenant, &stored, &error).await;
                Err(error)
            }
        }
    }
}
