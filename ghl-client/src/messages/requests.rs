use http::Method;
use integrations_core::Result;
use integrations_core::http::Query;
use integrations_core::paging::{Cursor, Page};

use super::{Message, MessagePage, MessageType};
use crate::endpoint::setters;
use crate::ids::{ConversationId, MessageId};
use crate::{Endpoint, Paged, Spec, Version};

/// `GET /conversations/messages/{id}`: reads a message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetMessage {
    /// The message.
    pub id: MessageId,
}

impl GetMessage {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(id: impl Into<MessageId>) -> Self {
        Self { id: id.into() }
    }
}

impl Endpoint for GetMessage {
    const SPEC: Spec = Spec::new("messages.get", Method::GET, "/conversations/messages/{id}")
        .version(Version::V2021_04_15)
        .envelope_if_present("message")
        .scopes(&["conversations/message.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/get-message");
    type Response = Message;

    fn path(&self) -> Vec<&str> {
        vec![self.id.as_str()]
    }
}

/// `GET /conversations/{conversationId}/messages`: lists the messages of a conversation, the latest first.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListMessages {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// These kinds only.
    pub kinds: Vec<MessageType>,
    /// Where to go on: the last message of the page before.
    pub last_message_id: Option<MessageId>,
    /// Messages per page; 20 by default.
    pub limit: Option<u32>,
}

impl ListMessages {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(conversation_id: impl Into<ConversationId>) -> Self {
        Self {
            conversation_id: conversation_id.into(),
            kinds: Vec::new(),
            last_message_id: None,
            limit: None,
        }
    }
}

setters!(ListMessages {
    kinds: Vec<MessageType>,
    last_message_id: MessageId,
    limit: u32,
});

impl Endpoint for ListMessages {
    const SPEC: Spec = Spec::new(
        "messages.list",
        Method::GET,
        "/conversations/{conversationId}/messages",
    )
    .version(Version::V2021_04_15)
    .envelope_if_present("messages")
    .scopes(&["conversations/message.readonly"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/get-messages");
    type Response = MessagePage;

    fn path(&self) -> Vec<&str> {
        vec![self.conversation_id.as_str()]
    }

    fn query(&self, query: &mut Query) {
        query
            .push_joined("type", &self.kinds)
            .push_option("lastMessageId", self.last_message_id.as_ref())
            .push_option("limit", self.limit.as_ref());
    }
}

impl Paged for ListMessages {
    type Item = Message;

    fn set_cursor(&mut self, cursor: &Cursor) -> Result<()> {
        self.last_message_id = Some(cursor.as_str().into());
        Ok(())
    }

    fn page(&self, response: MessagePage) -> Page<Message> {
        let last = response
            .last_message_id
            .or_else(|| response.messages.last().map(|message| message.id.clone()))
            .filter(|_| response.next_page == Some(true));
        let next = last.map(|id| Cursor::new(id.as_str()));
        Page::new(response.messages, next)
    }
}
