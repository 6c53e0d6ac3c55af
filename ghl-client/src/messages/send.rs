use http::{HeaderMap, Method};
use integrations_core::http::Body;
use integrations_core::{Result, lenient, open_enum};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MessageChannel, MessageStatus};
use crate::endpoint::setters;
use crate::ids::{ContactId, ConversationId, ConversationProviderId, EventId, MessageId};
use crate::{Endpoint, Spec, Version};

open_enum! {
    /// Whom an e-mail answers.
    pub enum EmailReplyMode {
        /// The sender.
        Reply = "reply",
        /// The sender and everybody who got it.
        ReplyAll = "reply_all",
    }

    /// In which time the provider may choose the moment of an e-mail.
    pub enum OptimizationPeriod {
        /// One day.
        Hours24 = "24h",
        /// Two days.
        Hours48 = "48h",
        /// Three days.
        Hours72 = "72h",
    }
}

/// `POST /conversations/messages`: sends a message to a contact.
///
/// The provider finds the conversation of the contact, or creates it. Sending twice sends two messages, so that a call
/// whose outcome is unknown is not repeated.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SendMessage {
    /// How it travels.
    #[serde(rename = "type")]
    pub kind: MessageChannel,
    /// The contact.
    pub contact_id: ContactId,
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
    /// The e-mail address it comes from; the location's own without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_from: Option<String>,
    /// Another of the contact's e-mail addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_to: Option<String>,
    /// Who gets a copy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub email_cc: Vec<String>,
    /// Who gets a copy that the others do not see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub email_bcc: Vec<String>,
    /// Whom an e-mail answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_reply_mode: Option<EmailReplyMode>,
    /// The message it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_message_id: Option<MessageId>,
    /// The e-mail thread it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<MessageId>,
    /// The template to fill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// The appointment it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appointment_id: Option<EventId>,
    /// The location's phone number it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_number: Option<String>,
    /// Another of the contact's phone numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_number: Option<String>,
    /// When to send it; at once without it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "jiff::fmt::serde::timestamp::second::optional"
    )]
    pub scheduled_timestamp: Option<Timestamp>,
    /// The conversation provider that carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_provider_id: Option<ConversationProviderId>,
    /// The kind of e-mail for the contact's unsubscriptions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_subtype_id: Option<String>,
    /// The e-mail to forward.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<ForwardedEmail>,
    /// The status it starts with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MessageStatus>,
    /// Lets the provider choose the moment of an e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses_native_scheduling_ai: Option<bool>,
    /// In which time it may choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimization_period: Option<OptimizationPeriod>,
}

impl SendMessage {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(kind: impl Into<MessageChannel>, contact_id: impl Into<ContactId>) -> Self {
        Self {
            kind: kind.into(),
            contact_id: contact_id.into(),
            message: None,
            html: None,
            subject: None,
            attachments: Vec::new(),
            email_from: None,
            email_to: None,
            email_cc: Vec::new(),
            email_bcc: Vec::new(),
            email_reply_mode: None,
            reply_message_id: None,
            thread_id: None,
            template_id: None,
            appointment_id: None,
            from_number: None,
            to_number: None,
            scheduled_timestamp: None,
            conversation_provider_id: None,
            custom_subtype_id: None,
            forward: None,
            status: None,
            uses_native_scheduling_ai: None,
            optimization_period: None,
        }
    }
}

setters!(SendMessage {
    message: String,
    html: String,
    subject: String,
    attachments: Vec<String>,
    email_from: String,
    email_to: String,
    email_cc: Vec<String>,
    email_bcc: Vec<String>,
    email_reply_mode: EmailReplyMode,
    reply_message_id: MessageId,
    thread_id: MessageId,
    template_id: String,
    appointment_id: EventId,
    from_number: String,
    to_number: String,
    scheduled_timestamp: Timestamp,
    conversation_provider_id: ConversationProviderId,
    custom_subtype_id: String,
    forward: ForwardedEmail,
    status: MessageStatus,
    uses_native_scheduling_ai: bool,
    optimization_period: OptimizationPeriod,
});

impl SendMessage {
    /// A text message.
    #[must_use]
    pub fn sms(contact_id: impl Into<ContactId>, text: impl Into<String>) -> Self {
        Self {
            message: Some(text.into()),
            ..Self::new(MessageChannel::Sms, contact_id)
        }
    }

    /// An e-mail.
    #[must_use]
    pub fn email(
        contact_id: impl Into<ContactId>,
        subject: impl Into<String>,
        html: impl Into<String>,
    ) -> Self {
        Self {
            subject: Some(subject.into()),
            html: Some(html.into()),
            ..Self::new(MessageChannel::Email, contact_id)
        }
    }

    /// A WhatsApp message.
    #[must_use]
    pub fn whats_app(contact_id: impl Into<ContactId>, text: impl Into<String>) -> Self {
        Self {
            message: Some(text.into()),
            ..Self::new(MessageChannel::WhatsApp, contact_id)
        }
    }
}

impl Endpoint for SendMessage {
    const SPEC: Spec = Spec::new("messages.send", Method::POST, "/conversations/messages")
        .version(Version::V2021_04_15)
        .scopes(&["conversations/message.write"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/send-a-new-message");
    type Response = SentMessage;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}

/// An e-mail to forward.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ForwardedEmail {
    /// Always `true`.
    pub is_forwarded: bool,
    /// Whether the whole thread is forwarded, and not one e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_whole_thread: Option<bool>,
    /// The message that holds the thread.
    pub message_id: MessageId,
    /// The e-mail, unless the whole thread is forwarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_message_id: Option<String>,
    /// The contact it is taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_contact_id: Option<ContactId>,
    /// The conversation it is taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_conversation_id: Option<ConversationId>,
    /// The e-mail address it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_email: Option<String>,
    /// The contact it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_contact_id: Option<ContactId>,
    /// The conversation it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_conversation_id: Option<ConversationId>,
}

impl ForwardedEmail {
    /// Forwards the thread of this message.
    #[must_use]
    pub fn new(message_id: impl Into<MessageId>) -> Self {
        Self {
            is_forwarded: true,
            forward_whole_thread: None,
            message_id: message_id.into(),
            email_message_id: None,
            source_contact_id: None,
            source_conversation_id: None,
            to_email: None,
            recipient_contact_id: None,
            recipient_conversation_id: None,
        }
    }
}

/// What became of a message that was sent.
///
/// Nothing in it is certain to be there: a message that is on its way must not look like a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SentMessage {
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The conversation it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// The e-mail inside the message; an answer that is added names it.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub email_message_id: Option<String>,
    /// All messages, when it became several.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub message_ids: Vec<MessageId>,
    /// How far it got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MessageStatus>,
    /// What the provider remarks.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub msg: Option<String>,
}
