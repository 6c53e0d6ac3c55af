use http::Method;
use integrations_core::object;
use jiff::Timestamp;

use super::{CallStatus, MessageChannel, MessageDirection};
use crate::ids::{ContactId, ConversationId, ConversationProviderId, MessageId};
use crate::request::request;
use crate::{Spec, Version};

request! {
    /// `POST /conversations/messages/inbound`: reports a message that a conversation provider received.
    pub struct AddInboundMessage -> AddedMessage {
        required {
            /// How it travelled.
            body kind: MessageChannel = "type",
            /// The conversation.
            body conversation_id: ConversationId = "conversationId",
            /// The contact.
            body contact_id: ContactId = "contactId",
            /// The conversation provider.
            body conversation_provider_id: ConversationProviderId = "conversationProviderId",
        }
        optional {
            /// The text.
            body message: Option<String> = "message",
            /// The text of an e-mail, as HTML.
            body html: Option<String> = "html",
            /// The subject of an e-mail.
            body subject: Option<String> = "subject",
            /// Where the attachments are, as URLs.
            body attachments: Vec<String> = "attachments",
            /// The e-mail address it came from; one of the contact's.
            body email_from: Option<String> = "emailFrom",
            /// The e-mail address it went to.
            body email_to: Option<String> = "emailTo",
            /// Who got a copy.
            body email_cc: Vec<String> = "emailCc",
            /// Who got a copy that the others did not see.
            body email_bcc: Vec<String> = "emailBcc",
            /// The e-mail it answers.
            body email_message_id: Option<String> = "emailMessageId",
            /// Its id at the other side.
            body alt_id: Option<String> = "altId",
            /// Which way it went.
            body direction: Option<MessageDirection> = "direction",
            /// When it came or went; now without it.
            body date: Option<Timestamp> = "date",
            /// What only calls have.
            body call: Option<CallDetails> = "call",
        }
    }
    Spec::new(
        "messages.inbound",
        Method::POST,
        "/conversations/messages/inbound",
    )
    .version(Version::V2021_04_15)
    .scopes(&["conversations/message.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/add-an-inbound-message")
}

request! {
    /// `POST /conversations/messages/outbound`: reports a call that was made outside the application.
    pub struct AddOutboundCall -> AddedMessage {
        required {
            /// The conversation.
            body conversation_id: ConversationId = "conversationId",
            /// The conversation provider.
            body conversation_provider_id: ConversationProviderId = "conversationProviderId",
        }
        preset {
            /// Always a call.
            body kind: MessageChannel = "type" => MessageChannel::Call,
        }
        optional {
            /// Where the recording is, as URLs.
            body attachments: Vec<String> = "attachments",
            /// Its id at the other side.
            body alt_id: Option<String> = "altId",
            /// When it was made; now without it.
            body date: Option<Timestamp> = "date",
            /// Who called whom, and how it ended.
            body call: Option<CallDetails> = "call",
        }
    }
    Spec::new(
        "messages.outbound",
        Method::POST,
        "/conversations/messages/outbound",
    )
    .version(Version::V2021_04_15)
    .scopes(&["conversations/message.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/add-an-outbound-message")
}

object! {
    /// Who called whom, and how it ended.
    pub struct CallDetails {
        /// The phone number that called.
        from: Option<String> = "from",
        /// The phone number that was called.
        to: Option<String> = "to",
        /// How it ended.
        status: Option<CallStatus> = "status",
    }
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

object! {
    /// What became of a message that was reported.
    pub struct AddedMessage {
        /// Whether it was added.
        success: Option<bool> = "success",
        /// The message.
        message_id: Option<MessageId> = "messageId",
        /// The conversation it is in.
        conversation_id: Option<ConversationId> = "conversationId",
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// The e-mail inside the message.
        email_message_id: Option<String> = "emailMessageId",
        /// When it came or went.
        date_added: Option<Timestamp> = "dateAdded",
        /// What the provider remarks.
        message: Option<String> = "message",
    }
}
