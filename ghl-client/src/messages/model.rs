use integrations_core::object;
use jiff::Timestamp;
use serde_json::Value;

use super::{CallStatus, MessageDirection, MessageSource, MessageStatus, MessageType};
use crate::ids::{
    ContactId, ConversationId, ConversationProviderId, LocationId, MessageId, UserId,
};

object! {
    /// A message of a conversation.
    ///
    /// An e-mail's text is not here: the provider keeps it apart, under the ids in [`MessageMeta::email`].
    pub struct Message {
        required {
            /// Its id.
            id: MessageId = "id",
        }
        /// The conversation.
        conversation_id: Option<ConversationId> = "conversationId",
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// What it is.
        message_type: Option<MessageType> = "messageType",
        /// What it is, as the provider's number.
        type_id: Option<i64> = "type",
        /// Which way it went.
        direction: Option<MessageDirection> = "direction",
        /// How far it got.
        status: Option<MessageStatus> = "status",
        /// Its text.
        body: Option<String> = "body",
        /// The content type of the text.
        content_type: Option<String> = "contentType",
        /// Where its attachments are; for calls, the recording.
        attachments: Vec<String> = "attachments",
        /// When it came or went.
        date_added: Option<Timestamp> = "dateAdded",
        /// What only calls and e-mails have.
        meta: Option<MessageMeta> = "meta",
        /// What made it.
        source: Option<MessageSource> = "source",
        /// The user who sent it.
        user_id: Option<UserId> = "userId",
        /// The conversation provider that carried it.
        conversation_provider_id: Option<ConversationProviderId> = "conversationProviderId",
        /// The chat widget it was written in.
        chat_widget_id: Option<String> = "chatWidgetId",
    }
}

object! {
    /// What only calls and e-mails have.
    pub struct MessageMeta {
        /// How long the call took, in seconds.
        call_duration: Option<i64> = "callDuration",
        /// How the call ended.
        call_status: Option<CallStatus> = "callStatus",
        /// The ids of the e-mails behind this message.
        email: Value = "email",
    }
}

object! {
    /// A page of a conversation's messages, the latest first.
    pub struct MessagePage {
        /// The messages.
        messages: Vec<Message> = "messages",
        /// The last message of this page: the next one goes on behind it.
        last_message_id: Option<MessageId> = "lastMessageId",
        /// Whether there are more.
        next_page: Option<bool> = "nextPage",
    }
}
