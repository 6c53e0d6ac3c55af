//! Messages and calls that happened elsewhere, filed in GoHighLevel's conversations: each once, whatever is killed and when.
//!
//! GoHighLevel adds a message as often as it is reported and shows nobody's own id of one. So a committed row says that a
//! report was begun; whoever finds such a row of a process that did not come back looks through the conversation for a
//! message of that moment, direction and text before it is reported again.

use ghl_client::ApiError;
use ghl_client::ids::{ContactId, ConversationId, MessageId};
use ghl_client::messages::{CallDetails, CallStatus, Message, MessageChannel, MessageDirection};
use integrations_core::phone::PhoneNumber;
use integrations_core::{Error, ErrorKind, Result, Timestamp};
use integrations_store::{CopyState, Side};

use crate::hub::{FLOW, Hub};
use crate::people::look_again;

/// So many of the latest messages are looked through.
const LOOKED: usize = 500;

/// What is filed.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A text.
    Text(String),
    /// A call that ended so.
    Call(CallStatus),
}

/// A message or call of another system.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Its name in the books: `texting:…`. Never used for another.
    pub(crate) key: String,
    /// Whose it is: the number that is not ours.
    pub(crate) phone: PhoneNumber,
    /// Our number.
    pub(crate) ours: Option<String>,
    pub(crate) inbound: bool,
    pub(crate) content: Content,
    pub(crate) at: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filed {
    /// It is in the conversation, by now or since before.
    There(MessageId),
    /// It is in a note, as there is no conversation provider.
    Noted,
    /// GoHighLevel has nobody with this number.
    Nobody,
    /// It was refused before, and a person knows.
    Refused,
}

impl Hub {
    /// Files an item.
    pub(crate) async fn file(&self, item: &Item) -> Result<Filed> {
        let copies = self.store().message_mappings();
        let known = copies
            .find_copy(&self.tenant, FLOW, Side::Right, &item.key)
            .await?;
        if let Some((CopyState::Copied, Some(id))) = &known {
            return Ok(Filed::There(MessageId::from(id.as_str())));
        }
        if known.is_some_and(|(state, _)| state == CopyState::Refused) {
            return Ok(Filed::Refused);
        }
        let Some(contact) = self.contact_of(&item.phone).await? else {
            return Ok(Filed::Nobody);
        };
        let Some(provider) = &self.provider else {
            let mark = format!("[{}]", item.key);
            self.note(&contact, &mark, &item.note(&mark)).await?;
            return Ok(Filed::Noted);
        };
        let begun = copies
            .begin_copy(&self.tenant, FLOW, Side::Right, &item.key)
            .await?;
        let conversation = self.conversation_of(&contact).await?;
        if begun.is_some()
            && let Some(id) = self.look_for(&conversation, item).await?
        {
            self.finish(item, CopyState::Copied, Some(&id)).await?;
            return Ok(Filed::There(id));
        }
        match self.add_to(&conversation, &contact, provider, item).await {
            Ok(id) => {
                self.finish(item, CopyState::Copied, Some(&id)).await?;
                Ok(Filed::There(id))
            }
            Err(error) if error.is_outcome_unknown() => Err(look_again(error)),
            Err(error) if error.kind() == ErrorKind::Validation => {
                self.finish(item, CopyState::Refused, None).await?;
                self.ask("message_refused", format!("message:{}", item.key))
                    .await?;
                Ok(Filed::Refused)
            }
            Err(error) => {
                // Nothing was written: as if it had not been begun.
                self.finish(item, CopyState::Copying, None).await?;
                Err(error)
            }
        }
    }

    async fn finish(&self, item: &Item, state: CopyState, id: Option<&MessageId>) -> Result<()> {
        let copies = self.store().message_mappings();
        let id = id.map(|id| id.as_str());
        copies
            .finish_copy(&self.tenant, FLOW, Side::Right, &item.key, state, id)
            .await
    }

    /// The conversation with a contact, begun now if there was none.
    async fn conversation_of(&self, contact: &ContactId) -> Result<ConversationId> {
        let location = self.location().await?;
        let conversations = location.conversations();
        let search = conversations
            .search()
            .contact_id(contact.clone())
            .limit(1_u32);
        if let Some(found) = search.send().await?.conversations.into_iter().next() {
            return Ok(found.id);
        }
        match conversations.create(contact.clone()).send().await {
            Ok(created) => Ok(created.id),
            // Somebody was faster, or an answer was lost.
            Err(error) if error.kind() == ErrorKind::Conflict => ApiError::of(&error)
                .and_then(|api| Some(api.meta.get("conversationId")?.as_str()?.into()))
                .ok_or(error),
            Err(error) => Err(look_again(error)),
        }
    }

    async fn look_for(
        &self,
        conversation: &ConversationId,
        item: &Item,
    ) -> Result<Option<MessageId>> {
        let location = self.location().await?;
        let messages = location.messages();
        let list = messages.list(conversation.clone()).limit(100_u32);
        let mut messages = list.items();
        let mut seen = 0;
        while let Some(message) = messages.try_next().await? {
            // Two calls of one second look alike: one that is another item's is not this one.
            if item.is(&message) && !self.is_filed(&message.id).await? {
                return Ok(Some(message.id));
            }
            seen += 1;
            if seen >= LOOKED {
                break;
            }
        }
        Ok(None)
    }

    /// Whether a message is known to be some item's.
    async fn is_filed(&self, message: &MessageId) -> Result<bool> {
        let copies = self.store().message_mappings();
        copies
            .is_copy(&self.tenant, FLOW, Side::Left, message.as_str())
            .await
    }

    async fn add_to(
        &self,
        conversation: &ConversationId,
        contact: &ContactId,
        provider: &str,
        item: &Item,
    ) -> Result<MessageId> {
        let location = self.location().await?;
        let messages = location.messages();
        let added = match &item.content {
            Content::Text(text) => {
                let mut call = messages
                    .inbound(
                        MessageChannel::Sms,
                        conversation.clone(),
                        contact.clone(),
                        provider,
                    )
                    .message(text.clone())
                    .alt_id(item.key.clone())
                    .date(item.at);
                if !item.inbound {
                    call = call.direction(MessageDirection::Outbound);
                }
                call.send().await?
            }
            Content::Call(status) if item.inbound => {
                messages
                    .inbound(
                        MessageChannel::Call,
                        conversation.clone(),
                        contact.clone(),
                        provider,
                    )
                    .alt_id(item.key.clone())
                    .date(item.at)
                    .call(item.details(status))
                    .send()
                    .await?
            }
            Content::Call(status) => {
                messages
                    .outbound(conversation.clone(), provider)
                    .alt_id(item.key.clone())
                    .date(item.at)
                    .call(item.details(status))
                    .send()
                    .await?
            }
        };
        added.message_id.ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                "GoHighLevel took a message and did not say which",
            )
            .with_provider(ghl_client::PROVIDER)
            .with_operation("messages.inbound")
            .with_outcome_unknown(true)
        })
    }
}

impl Item {
    /// Whether a message of GoHighLevel's is this one.
    fn is(&self, message: &Message) -> bool {
        let direction = match self.inbound {
            true => MessageDirection::Inbound,
            false => MessageDirection::Outbound,
        };
        let text = match &self.content {
            Content::Text(text) => text.as_str(),
            Content::Call(_) => "",
        };
        let at = message.date_added.map(|at| at.as_millisecond());
        message.direction == Some(direction)
            && at == Some(self.at.as_millisecond())
            && message.body.as_deref().unwrap_or_default() == text
    }

    fn details(&self, status: &CallStatus) -> CallDetails {
        let ours = self.ours.clone().unwrap_or_default();
        let theirs = self.phone.as_str().to_owned();
        let (from, to) = match self.inbound {
            true => (theirs, ours),
            false => (ours, theirs),
        };
        CallDetails::new(from, to, status.clone())
    }

    fn note(&self, mark: &str) -> String {
        let way = match self.inbound {
            true => "from",
            false => "to",
        };
        match &self.content {
            Content::Text(text) => format!("Text {way} the contact, {}\n{text}\n{mark}", self.at),
            Content::Call(status) => {
                format!(
                    "Call {way} the contact, {}: {}\n{mark}",
                    self.at,
                    status.as_str()
                )
            }
        }
    }
}
