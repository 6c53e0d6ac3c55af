//! An application's handler: it remembers what it was given, and keeps its effect in the database.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use integrations_core::Result;
use integrations_store::{LeadFields, Store};
use integrations_sync::inbox::{Delivery, EventHandler, Inbox, InboxBuilder, LaneJob, Sweeper};
use integrations_sync::jobs::{JobRunner, RunningJobs, Workers};
use std::time::Duration;

use super::app::App;

/// What happened, in order: the provider's id of each event that was handled.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    store: Store,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    pub(crate) fn new(app: &App) -> Self {
        Self {
            store: app.store.clone(),
            seen: Arc::default(),
        }
    }

    /// The ids of the events, in the order in which they were handled.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// An inbox that hands events to it and tries again at once.
    pub(crate) fn inbox(&self, app: &App) -> Inbox {
        inbox(app, self.clone()).build()
    }
}

/// An inbox of this process, which tries again at once.
pub(crate) fn inbox(app: &App, handler: impl EventHandler + 'static) -> InboxBuilder {
    Inbox::builder(&app.store, app.jobs.clone())
        .vault(&app.vault)
        .handler(handler)
        .first_retry(Duration::from_millis(1))
}

/// Jobs that work on an inbox in the background, as in an application.
pub(crate) struct Working(RunningJobs, Sweeper);

impl Working {
    pub(crate) fn start(app: &App, inbox: &Inbox) -> Self {
        let workers = Workers::new().add::<LaneJob>(inbox.clone());
        let runner = JobRunner::builder(&app.jobs, workers);
        Self(
            runner.start().expect("workers"),
            inbox.start_sweeper(Duration::from_millis(20)),
        )
    }

    pub(crate) async fn stop(self) {
        self.1.stop().await;
        let stopped = self.0.stop(Duration::from_secs(10)).await;
        stopped.expect("stopped");
    }
}

#[async_trait]
impl EventHandler for Recorder {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        let id = delivery.event.id().unwrap_or("without an id").to_owned();
        let fields = LeadFields::default();
        let leads = self.store.leads();
        leads
            .upsert(
                &delivery.tenant,
                delivery.integration,
                &id,
                "webhook",
                &fields,
            )
            .await?;
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(id);
        Ok(())
    }
}
