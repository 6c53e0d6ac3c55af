//! Events of GoHighLevel. Contacts are the flow's; messages that its users write come as deliveries.

use ghl_client::messages::MessageChannel;
use ghl_client::webhook::Event;
use integrations_core::Result;
use integrations_core::model::Channel;
use integrations_sync::inbox::Delivery;

use crate::consent::{Heard, Said};
use crate::hub::Hub;

/// What deliveries of the conversation provider are kept as.
const DELIVERY: &str = "ProviderOutboundMessage";

impl Hub {
    pub(super) async fn take_ghl(&self, delivery: &Delivery) -> Result<()> {
        if delivery.event.kind() == DELIVERY {
            return self.send(delivery).await;
        }
        let message = match Event::try_from(&delivery.event)? {
            Event::InboundMessage(message) => message,
            // Somebody may be allowed to be written to again.
            Event::ContactUpdate(contact) | Event::ContactDndUpdate(contact) => {
                return match self.phone(contact.phone.as_deref()) {
                    Some(phone) => self.unmark(&phone).await,
                    None => Ok(()),
                };
            }
            _ => return Ok(()),
        };
        if message.message_type != Some(MessageChannel::Sms) {
            return Ok(());
        }
        // What came by our own provider was read where it came from.
        let ours = message
            .conversation_provider_id
            .as_ref()
            .map(|id| id.as_str());
        if ours.is_some() && ours == self.provider.as_deref() {
            return Ok(());
        }
        let (Some(contact), Some(text)) = (&message.contact_id, &message.body) else {
            return Ok(());
        };
        let connection = self.manager.connect(&self.tenant, self.ids.ghl).await?;
        let Some(contacts) = connection.contacts() else {
            return Ok(());
        };
        let contact = match contacts.get(&contact.as_str().into()).await {
            Ok(contact) => contact,
            Err(error) if error.kind() == integrations_core::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if let Some(phone) = &contact.phone {
            let subject = message.message_id.as_ref().map_or("", |id| id.as_str());
            let said = Said {
                heard: Heard::Ghl,
                phone,
                text,
                subject: &format!("ghl:{subject}"),
                at: delivery.event.received_at(),
                native: contact.opt_outs.blocks(&Channel::Sms),
            };
            self.heed(said).await?;
        }
        Ok(())
    }
}
