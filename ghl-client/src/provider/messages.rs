use async_trait::async_trait;
use integrations_core::model::{Channel, Conversation, Direction, ExternalId, Message};
use integrations_core::paging::Pages;
use integrations_core::provider::{MessageApi, Sent};

use super::Connection;
use crate::messages::{self, MessageChannel, MessageType};
use crate::{Error, ErrorKind, PROVIDER, Result};

#[async_trait]
impl MessageApi for Connection {
    async fn send(&self, message: &Message) -> Result<Sent> {
        let missing = |what: &'static str| {
            Error::new(ErrorKind::Validation, what)
                .with_provider(PROVIDER)
                .with_operation("messages.send")
        };
        let contact = message
            .contact
            .as_ref()
            .ok_or_else(|| missing("the message names no contact"))?;
        let channel = message
            .channel
            .as_ref()
            .ok_or_else(|| missing("the message names no channel"))?;
        let mut call = self
            .location
            .messages()
            .send(channel_of(channel), contact.as_str());
        let request = call.request_mut();
        request.message = message.body.clone();
        request.html = message.html.clone();
        request.subject = message.subject.clone();
        request.attachments = message.attachments.clone();
        let sent = call.send().await?;
        let id = sent
            .message_id
            .as_ref()
            .or(sent.message_ids.first())
            .ok_or_else(|| {
                Error::new(ErrorKind::Decode, "the answer names no message")
                    .with_provider(PROVIDER)
                    .with_outcome_unknown(true)
            })?;
        let mut result = Sent::new(id.as_str());
        if let Some(conversation) = &sent.conversation_id {
            result = result.with_conversation(conversation.as_str());
        }
        Ok(result)
    }

    fn list(&self, conversation: &ExternalId<Conversation>) -> Pages<Message> {
        self.location
            .messages()
            .list(conversation.as_str())
            .pages()
            .map_items(to_model)
    }
}

fn channel_of(channel: &Channel) -> MessageChannel {
    match channel {
        Channel::Sms => MessageChannel::Sms,
        Channel::Email => MessageChannel::Email,
        Channel::WhatsApp => MessageChannel::WhatsApp,
        Channel::Facebook => MessageChannel::Facebook,
        Channel::Instagram => MessageChannel::Instagram,
        Channel::LiveChat => MessageChannel::LiveChat,
        other => MessageChannel::from(other.as_str()),
    }
}

fn to_model(ghl: messages::Message) -> Message {
    let mut message = Message::new().with_id(ghl.id.as_str());
    message.conversation = ghl.conversation_id.map(|id| ExternalId::new(id.as_str()));
    message.contact = ghl.contact_id.map(|id| ExternalId::new(id.as_str()));
    message.channel = ghl.message_type.as_ref().map(|kind| match kind {
        MessageType::Sms
        | MessageType::CustomSms
        | MessageType::CustomProviderSms
        | MessageType::CampaignSms => Channel::Sms,
        MessageType::Email
        | MessageType::CustomEmail
        | MessageType::CustomProviderEmail
        | MessageType::CampaignEmail => Channel::Email,
        MessageType::Call
        | MessageType::CustomCall
        | MessageType::IvrCall
        | MessageType::CampaignCall => Channel::Call,
        MessageType::WhatsApp => Channel::WhatsApp,
        MessageType::Facebook | MessageType::CampaignFacebook => Channel::Facebook,
        MessageType::Instagram => Channel::Instagram,
        MessageType::LiveChat | MessageType::WebChat => Channel::LiveChat,
        other => Channel::from(other.as_str()),
    });
    message.direction = ghl
        .direction
        .map(|direction| Direction::from(direction.as_str()));
    message.status = ghl.status.map(|status| status.as_str().into());
    message.sent_at = ghl.date_added;
    message.body = ghl.body;
    message.attachments = ghl.attachments;
    message
}
