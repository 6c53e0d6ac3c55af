use http::{HeaderMap, Method};
use integrations_core::Result;
use integrations_core::http::Body;
use serde::Serialize;

use super::Conversation;
use crate::ids::{ContactId, ConversationId, LocationId};
use crate::{Endpoint, LocationIn, Spec, Version};

/// `GET /conversations/{conversationId}`: reads a conversation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetConversation {
    /// The conversation.
    pub conversation_id: ConversationId,
}

impl GetConversation {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(conversation_id: impl Into<ConversationId>) -> Self {
        Self {
            conversation_id: conversation_id.into(),
        }
    }
}

impl Endpoint for GetConversation {
    const SPEC: Spec = Spec::new(
        "conversations.get",
        Method::GET,
        "/conversations/{conversationId}",
    )
    .version(Version::V2021_04_15)
    .scopes(&["conversations.readonly"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/get-conversation");
    type Response = Conversation;

    fn path(&self) -> Vec<&str> {
        vec![self.conversation_id.as_str()]
    }
}

/// `POST /conversations/`: creates a conversation with a contact.
///
/// A contact has one conversation: for a contact that has it already the provider answers an error.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreateConversation {
    /// The location.
    pub location_id: LocationId,
    /// The contact.
    pub contact_id: ContactId,
}

impl CreateConversation {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(location_id: impl Into<LocationId>, contact_id: impl Into<ContactId>) -> Self {
        Self {
            location_id: location_id.into(),
            contact_id: contact_id.into(),
        }
    }
}

impl Endpoint for CreateConversation {
    const SPEC: Spec = Spec::new("conversations.create", Method::POST, "/conversations/")
        .version(Version::V2021_04_15)
        .location(LocationIn::Body)
        .envelope("conversation")
        .scopes(&["conversations.write"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/create-conversation");
    type Response = Conversation;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}
