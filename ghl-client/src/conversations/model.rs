use integrations_core::{object, open_enum};
use jiff::Timestamp;
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

object! {
    /// A conversation with a contact.
    pub struct Conversation {
        required {
            /// Its id.
            id: ConversationId = "id",
        }
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// The location it belongs to.
        location_id: Option<LocationId> = "locationId",
        /// What it began as.
        kind: Option<ConversationType> = "type",
        /// The contact's name.
        full_name: Option<String> = "fullName",
        /// The contact's name, or the name of its company.
        contact_name: Option<String> = "contactName",
        /// The contact's e-mail address.
        email: Option<String> = "email",
        /// The contact's phone number.
        phone: Option<String> = "phone",
        /// The text of the last message.
        last_message_body: Option<String> = "lastMessageBody",
        /// What the last message is.
        last_message_type: Option<MessageType> = "lastMessageType",
        /// Which way the last message went.
        last_message_direction: Option<MessageDirection> = "lastMessageDirection",
        /// When the last message came or went.
        last_message_date: Option<Timestamp> = "lastMessageDate",
        /// When a person sent the last message.
        last_manual_message_date: Option<Timestamp> = "lastManualMessageDate",
        /// How many messages nobody has read.
        unread_count: Option<i64> = "unreadCount",
        /// The user who looks after it.
        assigned_to: Option<UserId> = "assignedTo",
        /// The users who follow it.
        followers: Vec<UserId> = "followers",
        /// Whether it is marked.
        starred: Option<bool> = "starred",
        /// Whether it is in the inbox.
        inbox: Option<bool> = "inbox",
        /// Whether it is in the trash.
        deleted: Option<bool> = "deleted",
        /// When it was created.
        date_added: Option<Timestamp> = "dateAdded",
        /// When it was changed last.
        date_updated: Option<Timestamp> = "dateUpdated",
        /// Where a search goes on behind this conversation; only in search results.
        sort: Vec<Value> = "sort",
    }
}
