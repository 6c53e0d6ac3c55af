use async_trait::async_trait;
use integrations_core::model::{Channel, Conversation, ExternalId, Message, Party};
use integrations_core::paging::Pages;
use integrations_core::phone::PhoneNumber;
use integrations_core::provider::{MessageApi, Sent};

use super::{Connection, unsupported};
use crate::messages::Sender;
use crate::{Error, ErrorKind, PROVIDER, Result};

#[async_trait]
impl MessageApi for Connection {
    /// Sends a text message to the phone number of `message.to`, or to `message.contact` where that is one. What is sent
    /// gets no id, and that the carrier refused it is told by a webhook alone.
    async fn send(&self, message: &Message) -> Result<Sent> {
        let refused = |what: &'static str| {
            Error::new(ErrorKind::Validation, what)
                .with_provider(PROVIDER)
                .with_operation("messages.send")
        };
        match &message.channel {
            Some(Channel::Sms) => {}
            Some(_) => {
                return Err(unsupported(
                    "messages.send",
                    "Aloware sends text messages and nothing else: set the channel to SMS",
                ));
            }
            None => return Err(refused("the message names no channel")),
        }
        let mut receivers = message.to.iter().filter_map(Party::phone);
        let contact = message.contact.as_ref();
        let contact = contact.and_then(|id| PhoneNumber::from_e164(id.as_str()).ok());
        let to = match (receivers.next(), contact) {
            (Some(phone), _) => phone.clone(),
            (None, Some(phone)) => phone,
            (None, None) => {
                return Err(refused(
                    "the message names no phone number: Aloware sends to a number and not to a contact's id",
                ));
            }
        };
        if receivers.next().is_some() {
            return Err(refused(
                "the message has several receivers: Aloware sends to one, so send one each",
            ));
        }
        let body = message.body.as_deref().filter(|body| !body.is_empty());
        let body = body.ok_or_else(|| refused("the message has no text"))?;
        let own = message.from.as_ref().and_then(Party::phone);
        let from = match (own, &self.sender) {
            (Some(number), _) => Sender::number(number.as_str()),
            (None, Some(sender)) => sender.clone(),
            (None, None) => {
                return Err(Error::config(
                    "no sender: set fromNumber or lineId in the config, or the message's own",
                )
                .with_code("no_sender")
                .with_provider(PROVIDER)
                .with_operation("messages.send"));
            }
        };
        let mut call = self.client.messages().send(from, to.as_str(), body);
        match message.attachments.as_slice() {
            [] => {}
            [picture] => call = call.image_url(picture),
            _ => {
                return Err(refused(
                    "the message has several attachments: Aloware takes one picture",
                ));
            }
        }
        call.send().await?;
        Ok(Sent::without_id())
    }

    fn list(&self, _: &ExternalId<Conversation>) -> Pages<Message> {
        Pages::new(None, |_| async {
            Err(unsupported(
                "messages.list",
                "Aloware lists no messages: learn of them by its webhooks",
            ))
        })
    }
}
