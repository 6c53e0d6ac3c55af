//! Messages, calls and voicemails that came or went.

use jiff::Timestamp;

use crate::ids::{
    ContactId, ConversationId, ConversationProviderId, LocationId, MessageId, UserId,
};
use crate::messages::{
    CallStatus, MessageChannel, MessageDirection, MessageSource, MessageStatus, MessageType,
};

integrations_core::object! {
    /// A message, call or voicemail that came or went.
    ///
    /// There is no event of its own for a recording: it is an attachment of the call.
    pub struct MessageEvent {
        /// The message; the provider's older events lack it.
        message_id: Option<MessageId> = "messageId",
        /// The conversation.
        conversation_id: Option<ConversationId> = "conversationId",
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// How it travelled.
        message_type: Option<MessageChannel> = "messageType",
        /// What it is, as lists of messages write it.
        type_name: Option<MessageType> = "messageTypeString",
        /// What it is, as the provider's number.
        type_id: Option<i64> = "messageTypeId",
        /// Which way it went.
        direction: Option<MessageDirection> = "direction",
        /// How far it got; `voicemail` for a call that reached the voicemail.
        status: Option<MessageStatus> = "status",
        /// Its text; of an e-mail, as HTML.
        body: Option<String> = "body",
        /// The content type of the text.
        content_type: Option<String> = "contentType",
        /// Where its attachments are; for calls, the recording.
        attachments: Vec<String> = "attachments",
        /// When it came or went.
        date_added: Option<Timestamp> = "dateAdded",
        /// Who sent it: a phone number or an e-mail address.
        from: Option<String> = "from",
        /// Who got it.
        to: Vec<String> = "to",
        /// Who got a copy.
        cc: Vec<String> = "cc",
        /// Who got a copy that the others do not see.
        bcc: Vec<String> = "bcc",
        /// The subject of an e-mail.
        subject: Option<String> = "subject",
        /// The e-mail thread.
        thread_id: Option<String> = "threadId",
        /// The e-mail inside the message.
        email_message_id: Option<String> = "emailMessageId",
        /// What carried an e-mail.
        provider: Option<String> = "provider",
        /// How long the call took, in seconds.
        call_duration: Option<i64> = "callDuration",
        /// How the call ended.
        call_status: Option<CallStatus> = "callStatus",
        /// What made it.
        source: Option<MessageSource> = "source",
        /// The user who sent it or took it.
        user_id: Option<UserId> = "userId",
        /// The users whom a note mentions.
        mentions: Vec<UserId> = "mentions",
        /// The conversation provider that carried it.
        conversation_provider_id: Option<ConversationProviderId> = "conversationProviderId",
        /// The chat widget it was written in.
        chat_widget_id: Option<String> = "chatWidgetId",
    }
}
