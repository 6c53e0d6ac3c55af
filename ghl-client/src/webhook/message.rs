use integrations_core::lenient;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{
    ContactId, ConversationId, ConversationProviderId, LocationId, MessageId, UserId,
};
use crate::messages::{
    CallStatus, MessageChannel, MessageDirection, MessageSource, MessageStatus, MessageType,
};

/// A message, call or voicemail that came or went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MessageEvent {
    /// The message; the provider's older events lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// The contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<ContactId>,
    /// The location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// How it travelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_type: Option<MessageChannel>,
    /// What it is, as lists of messages write it.
    #[serde(
        rename = "messageTypeString",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub type_name: Option<MessageType>,
    /// What it is, as the provider's number.
    #[serde(
        rename = "messageTypeId",
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub type_id: Option<i64>,
    /// Which way it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<MessageDirection>,
    /// How far it got; `voicemail` for a call that reached the voicemail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MessageStatus>,
    /// Its text; of an e-mail, as HTML.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub body: Option<String>,
    /// The content type of the text.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub content_type: Option<String>,
    /// Where its attachments are; for calls, the recording.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub attachments: Vec<String>,
    /// When it came or went.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_added: Option<Timestamp>,
    /// Who sent it: a phone number or an e-mail address.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<String>,
    /// Who got it.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub to: Vec<String>,
    /// Who got a copy.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub cc: Vec<String>,
    /// Who got a copy that the others do not see.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub bcc: Vec<String>,
    /// The subject of an e-mail.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub subject: Option<String>,
    /// The e-mail thread.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub thread_id: Option<String>,
    /// The e-mail inside the message.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub email_message_id: Option<String>,
    /// How long the call took, in seconds.
    #[serde(
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub call_duration: Option<i64>,
    /// How the call ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_status: Option<CallStatus>,
    /// What made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<MessageSource>,
    /// The user who sent it or took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The users whom a note mentions.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub mentions: Vec<UserId>,
    /// The conversation provider that carried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_provider_id: Option<ConversationProviderId>,
    /// The chat widget it was written in.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub chat_widget_id: Option<String>,
}
