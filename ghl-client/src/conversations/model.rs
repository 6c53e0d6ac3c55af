use integrations_core::{lenient, open_enum};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{ContactId, ConversationId, LocationId, UserId};
use crate::messages::{MessageDirection, MessageType};

open_enum! {
    /// What a conversation began as. The provider writes a word in searches and a number elsewhere; both are read.
    pub enum ConversationType {
        /// Calls and text messages.
        Phone = "TYPE_PHONE" | "1",
        /// E-mail.
        Email = "TYPE_EMAIL" | "2",
        /// Facebook Messenger.
        Facebook = "TYPE_FB_MESSENGER" | "3",
        /// A review.
        Review = "TYPE_REVIEW" | "4",
        /// A text message to a group.
        GroupSms = "TYPE_GROUP_SMS" | "5",
    }
}

/// A conversation with a contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<ContactId>,
    /// The location it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// What it began as.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ConversationType>,
    /// The contact's name.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub full_name: Option<String>,
    /// The contact's name, or the name of its company.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub contact_name: Option<String>,
    /// The contact's e-mail address.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub email: Option<String>,
    /// The contact's phone number.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub phone: Option<String>,
    /// The text of the last message.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_message_body: Option<String>,
    /// What the last message is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message_type: Option<MessageType>,
    /// Which way the last message went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message_direction: Option<MessageDirection>,
    /// When the last message came or went.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_message_date: Option<Timestamp>,
    /// When a person sent the last message.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_manual_message_date: Option<Timestamp>,
    /// How many messages nobody has read.
    #[serde(
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub unread_count: Option<i64>,
    /// The user who looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    /// The users who follow it.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub followers: Vec<UserId>,
    /// Whether it is marked.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub starred: Option<bool>,
    /// Whether it is in the inbox.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub inbox: Option<bool>,
    /// Whether it is in the trash.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub deleted: Option<bool>,
    /// When it was created.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_added: Option<Timestamp>,
    /// When it was changed last.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_updated: Option<Timestamp>,
    /// Where a search goes on behind this conversation; only in search results.
    #[serde(
        default,
        deserialize_with = "lenient::one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub sort: Vec<Value>,
}
