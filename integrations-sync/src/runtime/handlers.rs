use std::sync::Arc;

use async_trait::async_trait;
use integrations_core::Result;

use super::flows::FlowWorker;
use crate::inbox::{Delivery, EventHandler};

/// The flows, then the application. When the application fails, both come again; what the flows did is found done.
#[derive(Debug)]
pub(super) struct Handlers {
    pub(super) flows: FlowWorker,
    pub(super) application: Option<Arc<dyn EventHandler>>,
}

#[async_trait]
impl EventHandler for Handlers {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        self.flows.handle(delivery).await?;
        match &self.application {
            Some(application) => application.handle(delivery).await,
            None => Ok(()),
        }
    }
}
