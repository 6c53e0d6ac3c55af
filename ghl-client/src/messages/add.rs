use http::{HeaderMap, Method};
use integrations_core::http::Body;
use integrations_core::{Result, lenient};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CallStatus, MessageChannel, MessageDirection};
use crate::endpoint::setters;
use crate::ids::{ContactId, ConversationId, ConversationProviderId, MessageId};
use crate::{Endpoint, Spec, Version};

/// `POST /conversations/messages/inbound`: reports a message that a conversation provider received.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AddInboundMessage {
    /// How it travelled.
    #[serde(rename = "type")]
    pub kind: MessageChannel,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// The contact.
    pub contact_id: ContactId,
    /// The conversation provider.
    pub conversation_provider_id: ConversationProviderId,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The text of an e-mail, as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The subject of an e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Where the attachments are, as URLs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<String>,
    /// The e-mail address it came from; one of the contact's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_from: Option<String>,
    /// The e-mail address it went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_to: Option<String>,
    /// Who got a copy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub email_cc: Vec<String>,
    /// Who got a copy that the others did not see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub email_bcc: Vec<String>,
    /// The e-mail it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_message_id: Option<String>,
    /// Its id at the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alt_id: Option<String>,
    /// Which way it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<MessageDirection>,
    /// When it came or went; now without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Timestamp>,
    /// What only calls have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallDetails>,
}

impl AddInboundMessage {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(
        kind: impl Into<MessageChannel>,
        conversation_id: impl Into<ConversationId>,
        contact_id: impl Into<ContactId>,
        conversation_provider_id: impl Into<ConversationProviderId>,
    ) -> Self {
        Self {
            kind: kind.into(),
            conversation_id: conversation_id.into(),
            contact_id: contact_id.into(),
            conversation_provider_id: conversation_provider_id.into(),
            message: None,
            html: None,
            subject: None,
            attachments: Vec::new(),
            email_from: None,
            email_to: None,
            email_cc: Vec::new(),
            email_bcc: Vec::new(),
            email_message_id: None,
            alt_id: None,
            direction: None,
            date: None,
            call: None,
        }
    }
}

setters!(AddInboundMessage {
    message: String,
    html: String,
    subject: String,
    attachments: Vec<String>,
    email_from: String,
    email_to: String,
    email_cc: Vec<String>,
    email_bcc: Vec<String>,
    email_message_id: String,
    alt_id: String,
    direction: MessageDirection,
    date: Timestamp,
    call: CallDetails,
});

impl Endpoint for AddInboundMessage {
    const SPEC: Spec = Spec::new(
        "messages.inbound",
        Method::POST,
        "/conversations/messages/inbound",
    )
    .version(Version::V2021_04_15)
    .scopes(&["conversations/message.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/add-an-inbound-message");
    type Response = AddedMessage;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}

/// `POST /conversations/messages/outbound`: reports a call that was made outside the application.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AddOutboundCall {
    /// Always a call.
    #[serde(rename = "type")]
    pub kind: MessageChannel,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// The conversation provider.
    pub conversation_provider_id: ConversationProviderId,
    /// Where the recording is, as URLs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<String>,
    /// Its id at the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alt_id: Option<String>,
    /// When it was made; now without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Timestamp>,
    /// Who called whom, and how it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallDetails>,
}

impl AddOutboundCall {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(
        conversation_id: impl Into<ConversationId>,
        conversation_provider_id: impl Into<ConversationProviderId>,
    ) -> Self {
        Self {
            kind: MessageChannel::Call,
            conversation_id: conversation_id.into(),
            conversation_provider_id: conversation_provider_id.into(),
            attachments: Vec::new(),
            alt_id: None,
            date: None,
            call: None,
        }
    }
}

setters!(AddOutboundCall {
    attachments: Vec<String>,
    alt_id: String,
    date: Timestamp,
    call: CallDetails,
});

impl Endpoint for AddOutboundCall {
    const SPEC: Spec = Spec::new(
        "messages.outbound",
        Method::POST,
        "/conversations/messages/outbound",
    )
    .version(Version::V2021_04_15)
    .scopes(&["conversations/message.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/add-an-outbound-message");
    type Response = AddedMessage;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}

/// Who called whom, and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallDetails {
    /// The phone number that called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The phone number that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CallStatus>,
}

impl CallDetails {
    /// A call from one phone number to another.
    #[must_use]
    pub fn new(from: impl Into<String>, to: impl Into<String>, status: CallStatus) -> Self {
        Self {
            from: Some(from.into()),
            to: Some(to.into()),
            status: Some(status),
        }
    }
}

/// What became of a message that was reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AddedMessage {
    /// Whether it was added.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub success: Option<bool>,
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The conversation it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// The contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<ContactId>,
    /// The e-mail inside the message.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub email_message_id: Option<String>,
    /// When it came or went.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_added: Option<Timestamp>,
    /// What the provider remarks.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub message: Option<String>,
}
