use http::Method;
use integrations_core::paging::{Cursor, Page};
use integrations_core::{Result, object, open_enum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Conversation;
use crate::endpoint::foreign_cursor;
use crate::ids::{ContactId, ConversationId, LocationId, UserId};
use crate::messages::{MessageDirection, MessageType};
use crate::pagination::{is_full, total};
use crate::request::request;
use crate::{LocationIn, Paged, Pagination, SortOrder, Spec, Version};

/// Conversations per page when the request names no number.
const DEFAULT_LIMIT: i64 = 20;

open_enum! {
    /// Which conversations a search shows, by their state.
    pub enum ConversationStatus {
        /// All.
        All = "all",
        /// Without unread messages.
        Read = "read",
        /// With unread messages.
        Unread = "unread",
        /// Marked.
        Starred = "starred",
        /// The recent ones.
        Recents = "recents",
    }

    /// What a search of conversations is ordered by.
    pub enum ConversationSort {
        /// The last message of any kind.
        LastMessageDate = "last_message_date",
        /// The last message that a person sent.
        LastManualMessageDate = "last_manual_message_date",
        /// The score of a profile.
        ScoreProfile = "score_profile",
        /// When an answer became overdue.
        OverdueAt = "overdue_at",
        /// When an answer is due.
        DueAt = "due_at",
    }

    /// Who sent an outbound message.
    pub enum MessageAction {
        /// The application.
        Automated = "automated",
        /// A person.
        Manual = "manual",
    }
}

request! {
    /// `GET /conversations/search`: finds conversations, the latest first by default.
    ///
    /// Pages go on behind the date of the last conversation. The provider compares nothing but that date, so each page
    /// asks once more for what shares it, and leaves out what the page before had.
    pub struct SearchConversations -> FoundConversations {
        required {
            /// The location.
            query location_id: LocationId = "locationId",
        }
        optional {
            /// The contact.
            query contact_id: Option<ContactId> = "contactId",
            /// The users who look after them; `unassigned` for those without one.
            joined assigned_to: Vec<UserId> = "assignedTo",
            /// The users who follow them.
            joined followers: Vec<UserId> = "followers",
            /// The users who are mentioned.
            joined mentions: Vec<UserId> = "mentions",
            /// Text to find.
            query query: Option<String> = "query",
            /// This conversation only.
            query id: Option<ConversationId> = "id",
            /// Their state.
            query status: Option<ConversationStatus> = "status",
            /// What the last message is.
            query last_message_type: Option<MessageType> = "lastMessageType",
            /// Who sent the last outbound message.
            query last_message_action: Option<MessageAction> = "lastMessageAction",
            /// Which way the last message went.
            query last_message_direction: Option<MessageDirection> = "lastMessageDirection",
            /// The score profile to filter by.
            query score_profile: Option<String> = "scoreProfile",
            /// The smallest score.
            query score_profile_min: Option<f64> = "scoreProfileMin",
            /// The largest score.
            query score_profile_max: Option<f64> = "scoreProfileMax",
            /// Created at this time or later.
            millis start_date: Option<Timestamp> = "startDate",
            /// Created at this time or earlier.
            millis end_date: Option<Timestamp> = "endDate",
            /// The order; descending by default.
            query sort: Option<SortOrder> = "sort",
            /// What they are ordered by.
            query sort_by: Option<ConversationSort> = "sortBy",
            /// The score profile to order by.
            query sort_score_profile: Option<String> = "sortScoreProfile",
            /// Where to go on: the sort value of a conversation, for dates in milliseconds since 1970.
            query start_after_date: Option<String> = "startAfterDate",
            /// Conversations per page; 20 by default.
            query limit: Option<u32> = "limit",
        }
        state {
            /// What the page before had already.
            seen: Vec<ConversationId>,
        }
    }
    Spec::new("conversations.search", Method::GET, "/conversations/search")
        .version(Version::V2021_04_15)
        .location(LocationIn::Query)
        .scopes(&["conversations.readonly"])
        .pagination(Pagination::StartAfter)
        .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/search-conversation")
}

object! {
    /// What a search found.
    pub struct FoundConversations {
        /// The conversations of this page.
        conversations: Vec<Conversation> = "conversations",
        /// How many there are in all.
        total: Option<i64> = "total",
    }
}

impl SearchConversations {
    /// What the provider orders this conversation by.
    fn sort_value(&self, conversation: &Conversation) -> Option<Value> {
        if let Some(value) = conversation.sort.first() {
            return Some(value.clone());
        }
        let date = match self.sort_by {
            None | Some(ConversationSort::LastMessageDate) => conversation.last_message_date,
            Some(ConversationSort::LastManualMessageDate) => conversation.last_manual_message_date,
            Some(_) => None,
        };
        Some(date?.as_millisecond().into())
    }

    fn next(&self, found: &[Conversation]) -> Option<Cursor> {
        let last = self.sort_value(found.last()?)?;
        let same: Vec<_> = found
            .iter()
            .rev()
            .take_while(|conversation| self.sort_value(conversation).as_ref() == Some(&last))
            .map(|conversation| &conversation.id)
            .collect();
        let cursor = match last.as_i64() {
            // Were a whole page of one date asked for again, it would come again.
            Some(date) if same.len() < found.len() => {
                let step = if self.sort == Some(SortOrder::Ascending) {
                    -1
                } else {
                    1
                };
                json!([(date + step).to_string(), same])
            }
            _ => json!([
                last.as_str()
                    .map_or_else(|| last.to_string(), str::to_owned),
                []
            ]),
        };
        Some(Cursor::new(cursor.to_string()))
    }
}

impl Paged for SearchConversations {
    type Item = Conversation;

    fn set_cursor(&mut self, cursor: &Cursor) -> Result<()> {
        let (after, seen) = serde_json::from_str(cursor.as_str()).map_err(|_| foreign_cursor())?;
        self.start_after_date = Some(after);
        self.seen = seen;
        Ok(())
    }

    fn page(&self, response: FoundConversations) -> Page<Conversation> {
        let mut found = response.conversations;
        let next = is_full(self.limit, DEFAULT_LIMIT, found.len())
            .then(|| self.next(&found))
            .flatten();
        found.retain(|conversation| !self.seen.contains(&conversation.id));
        Page::new(found, next).with_total(total(response.total))
    }
}
