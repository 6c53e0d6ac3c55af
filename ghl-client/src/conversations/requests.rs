use http::Method;

use super::Conversation;
use crate::ids::{ContactId, ConversationId, LocationId};
use crate::request::request;
use crate::{LocationIn, Spec, Version};

request! {
    /// `GET /conversations/{conversationId}`: reads a conversation.
    pub struct GetConversation -> Conversation {
        path {
            /// The conversation.
            conversation_id: ConversationId,
        }
    }
    Spec::new(
        "conversations.get",
        Method::GET,
        "/conversations/{conversationId}",
    )
    .version(Version::V2021_04_15)
    .scopes(&["conversations.readonly"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/get-conversation")
}

request! {
    /// `POST /conversations/`: creates a conversation with a contact.
    ///
    /// A contact has one conversation: for a contact that has it already the provider answers an error.
    pub struct CreateConversation -> Conversation {
        required {
            /// The location.
            body location_id: LocationId = "locationId",
            /// The contact.
            body contact_id: ContactId = "contactId",
        }
    }
    Spec::new("conversations.create", Method::POST, "/conversations/")
        .version(Version::V2021_04_15)
        .location(LocationIn::Body)
        .envelope("conversation")
        .scopes(&["conversations.write"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/create-conversation")
}
