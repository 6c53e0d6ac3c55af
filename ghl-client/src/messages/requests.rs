use http::Method;
use integrations_core::Result;
use integrations_core::paging::{Cursor, Page};

use super::{Message, MessagePage, MessageType};
use crate::ids::{ConversationId, MessageId};
use crate::request::request;
use crate::{Paged, Pagination, Spec, Version};

request! {
    /// `GET /conversations/messages/{id}`: reads a message.
    pub struct GetMessage -> Message {
        path {
            /// The message.
            id: MessageId,
        }
    }
    Spec::new("messages.get", Method::GET, "/conversations/messages/{id}")
        .version(Version::V2021_04_15)
        .envelope_if_present("message")
        .scopes(&["conversations/message.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/get-message")
}

request! {
    /// `GET /conversations/{conversationId}/messages`: lists the messages of a conversation, the latest first.
    pub struct ListMessages -> MessagePage {
        path {
            /// The conversation.
            conversation_id: ConversationId,
        }
        optional {
            /// These kinds only.
            joined kinds: Vec<MessageType> = "type",
            /// Where to go on: the last message of the page before.
            query last_message_id: Option<MessageId> = "lastMessageId",
            /// Messages per page; 20 by default.
            query limit: Option<u32> = "limit",
        }
    }
    Spec::new(
        "messages.list",
        Method::GET,
        "/conversations/{conversationId}/messages",
    )
    .version(Version::V2021_04_15)
    .envelope_if_present("messages")
    .scopes(&["conversations/message.readonly"])
    .pagination(Pagination::LastId)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/get-messages")
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
