//! An application's handler: it remembers what it was given, and keeps its effect in the database.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use integrations_core::Result;
use integrations_server::{Delivery, EventHandler, Inbox};
use integrations_store::{LeadFields, Store};
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
        Inbox::builder(&app.webhooks, self.clone())
            .poll_interval(Duration::from_millis(20))
            .first_retry(Duration::from_millis(1))
            .build()
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
