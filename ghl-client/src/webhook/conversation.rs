//! Conversations that became read or unread.

use crate::ids::{ContactId, ConversationId, LocationId};

integrations_core::object! {
    /// A conversation became read or unread.
    pub struct ConversationUnreadEvent {
        /// The conversation.
        id: Option<ConversationId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// How many messages nobody has read.
        unread_count: Option<i64> = "unreadCount",
        /// Whether it is in the inbox.
        inbox: Option<bool> = "inbox",
        /// Whether it is marked with a star.
        starred: Option<bool> = "starred",
        /// Whether it was deleted.
        deleted: Option<bool> = "deleted",
    }
}
