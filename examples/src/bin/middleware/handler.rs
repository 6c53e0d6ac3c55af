//! What is done with each verified event, after the flow of contacts has done its part.
//!
//! Everything here may run again: a process may be killed at any point, and a provider may send a thing twice. What changes
//! something elsewhere looks first, or has a committed row that says it was begun.

mod aloware;
mod ghl;
mod texting;

use std::sync::Arc;

use async_trait::async_trait;
use integrations_core::Result;
use integrations_sync::inbox::{Delivery, EventHandler};

use crate::hub::Hub;

/// Sends each event to its provider's part.
#[derive(Debug, Clone)]
pub(crate) struct Handler(pub(crate) Arc<Hub>);

#[async_trait]
impl EventHandler for Handler {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        let hub = &self.0;
        let handled = match delivery.event.provider() {
            ghl_client::PROVIDER => hub.take_ghl(delivery).await,
            aloware_client::PROVIDER => hub.take_aloware(delivery).await,
            verity_client::PROVIDER => hub.take_texting(delivery).await,
            _ => Ok(()),
        };
        if let Err(error) = &handled {
            hub.observe(error).await;
        }
        handled
    }
}
