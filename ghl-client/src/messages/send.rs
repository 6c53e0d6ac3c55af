use http::Method;
use integrations_core::{object, open_enum};
use jiff::Timestamp;

use super::{MessageChannel, MessageStatus};
use crate::ids::{ContactId, ConversationId, ConversationProviderId, EventId, MessageId};
use crate::request::request;
use crate::{Spec, Version};

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

request! {
    /// `POST /conversations/messages`: sends a message to a contact.
    ///
    /// The provider finds the conversation of the contact, or creates it. Sending twice sends two messages, so that a call
    /// whose outcome is unknown is not repeated.
    pub struct SendMessage -> SentMessage {
        required {
            /// How it travels.
            body kind: MessageChannel = "type",
            /// The contact.
            body contact_id: ContactId = "contactId",
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
            /// The e-mail address it comes from; the location's own without it.
            body email_from: Option<String> = "emailFrom",
            /// Another of the contact's e-mail addresses.
            body email_to: Option<String> = "emailTo",
            /// Who gets a copy.
            body email_cc: Vec<String> = "emailCc",
            /// Who gets a copy that the others do not see.
            body email_bcc: Vec<String> = "emailBcc",
            /// Whom an e-mail answers.
            body email_reply_mode: Option<EmailReplyMode> = "emailReplyMode",
            /// The message it answers.
            body reply_message_id: Option<MessageId> = "replyMessageId",
            /// The e-mail thread it belongs to.
            body thread_id: Option<MessageId> = "threadId",
            /// The template to fill.
            body template_id: Option<String> = "templateId",
            /// The appointment it is about.
            body appointment_id: Option<EventId> = "appointmentId",
            /// The location's phone number it comes from.
            body from_number: Option<String> = "fromNumber",
            /// Another of the contact's phone numbers.
            body to_number: Option<String> = "toNumber",
            /// When to send it; at once without it.
            seconds scheduled_timestamp: Option<Timestamp> = "scheduledTimestamp",
            /// The conversation provider that carries it.
            body conversation_provider_id: Option<ConversationProviderId> = "conversationProviderId",
            /// The kind of e-mail for the contact's unsubscriptions.
            body custom_subtype_id: Option<String> = "customSubtypeId",
            /// The e-mail to forward.
            body forward: Option<ForwardedEmail> = "forward",
            /// The status it starts with.
            body status: Option<MessageStatus> = "status",
            /// Lets the provider choose the moment of an e-mail.
            body uses_native_scheduling_ai: Option<bool> = "usesNativeSchedulingAi",
            /// In which time it may choose.
            body optimization_period: Option<OptimizationPeriod> = "optimizationPeriod",
        }
    }
    Spec::new("messages.send", Method::POST, "/conversations/messages")
        .version(Version::V2021_04_15)
        .scopes(&["conversations/message.write"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/send-a-new-message")
}

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

object! {
    /// An e-mail to forward.
    pub struct ForwardedEmail {
        required {
            /// Always `true`.
            is_forwarded: bool = "isForwarded",
            /// The message that holds the thread.
            message_id: MessageId = "messageId",
        }
        /// Whether the whole thread is forwarded, and not one e-mail.
        forward_whole_thread: Option<bool> = "forwardWholeThread",
        /// The e-mail, unless the whole thread is forwarded.
        email_message_id: Option<String> = "emailMessageId",
        /// The contact it is taken from.
        source_contact_id: Option<ContactId> = "sourceContactId",
        /// The conversation it is taken from.
        source_conversation_id: Option<ConversationId> = "sourceConversationId",
        /// The e-mail address it goes to.
        to_email: Option<String> = "toEmail",
        /// The contact it goes to.
        recipient_contact_id: Option<ContactId> = "recipientContactId",
        /// The conversation it goes to.
        recipient_conversation_id: Option<ConversationId> = "recipientConversationId",
    }
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

object! {
    /// What became of a message that was sent.
    ///
    /// Nothing in it is certain to be there: a message that is on its way must not look like a failure.
    pub struct SentMessage {
        /// The message.
        message_id: Option<MessageId> = "messageId",
        /// The conversation it is in.
        conversation_id: Option<ConversationId> = "conversationId",
        /// The e-mail inside the message; an answer that is added names it.
        email_message_id: Option<String> = "emailMessageId",
        /// All messages, when it became several.
        message_ids: Vec<MessageId> = "messageIds",
        /// How far it got.
        status: Option<MessageStatus> = "status",
        /// What the provider remarks.
        msg: Option<String> = "msg",
    }
}
