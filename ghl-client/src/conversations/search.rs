use http::Method;
use integrations_core::http::Query;
use integrations_core::paging::{Cursor, Page};
use integrations_core::{Result, lenient, open_enum};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Conversation;
use crate::endpoint::{foreign_cursor, is_full, setters};
use crate::ids::{ContactId, ConversationId, LocationId, UserId};
use crate::messages::{MessageDirection, MessageType};
use crate::{Endpoint, LocationIn, Paged, SortOrder, Spec, Version};

/// Conversations per page when the request names no number.
const DEFAULT_LIMIT: u32 = 20;

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

/// `GET /conversations/search`: finds conversations, the latest first by default.
///
/// Pages go on behind the date of the last conversation. The provider compares nothing but that date, so each page
/// asks once more for what shares it, and leaves out what the page before had.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SearchConversations {
    /// The location.
    pub location_id: LocationId,
    /// The contact.
    pub contact_id: Option<ContactId>,
    /// The users who look after them; `unassigned` for those without one.
    pub assigned_to: Vec<UserId>,
    /// The users who follow them.
    pub followers: Vec<UserId>,
    /// The users who are mentioned.
    pub mentions: Vec<UserId>,
    /// Text to find.
    pub query: Option<String>,
    /// This conversation only.
    pub id: Option<ConversationId>,
    /// Their state.
    pub status: Option<ConversationStatus>,
    /// What the last message is.
    pub last_message_type: Option<MessageType>,
    /// Who sent the last outbound message.
    pub last_message_action: Option<MessageAction>,
    /// Which way the last message went.
    pub last_message_direction: Option<MessageDirection>,
    /// The score profile to filter by.
    pub score_profile: Option<String>,
    /// The smallest score.
    pub score_profile_min: Option<f64>,
    /// The largest score.
    pub score_profile_max: Option<f64>,
    /// Created at this time or later.
    pub start_date: Option<Timestamp>,
    /// Created at this time or earlier.
    pub end_date: Option<Timestamp>,
    /// The order; descending by default.
    pub sort: Option<SortOrder>,
    /// What they are ordered by.
    pub sort_by: Option<ConversationSort>,
    /// The score profile to order by.
    pub sort_score_profile: Option<String>,
    /// Where to go on: the sort value of a conversation, for dates in milliseconds since 1970.
    pub start_after_date: Option<String>,
    /// Conversations per page; 20 by default.
    pub limit: Option<u32>,
    /// What the page before had already.
    seen: Vec<ConversationId>,
}

impl SearchConversations {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(location_id: impl Into<LocationId>) -> Self {
        Self {
            location_id: location_id.into(),
            contact_id: None,
            assigned_to: Vec::new(),
            followers: Vec::new(),
            mentions: Vec::new(),
            query: None,
            id: None,
            status: None,
            last_message_type: None,
            last_message_action: None,
            last_message_direction: None,
            score_profile: None,
            score_profile_min: None,
            score_profile_max: None,
            start_date: None,
            end_date: None,
            sort: None,
            sort_by: None,
            sort_score_profile: None,
            start_after_date: None,
            limit: None,
            seen: Vec::new(),
        }
    }
}

setters!(SearchConversations {
    contact_id: ContactId,
    assigned_to: Vec<UserId>,
    followers: Vec<UserId>,
    mentions: Vec<UserId>,
    query: String,
    id: ConversationId,
    status: ConversationStatus,
    last_message_type: MessageType,
    last_message_action: MessageAction,
    last_message_direction: MessageDirection,
    score_profile: String,
    score_profile_min: f64,
    score_profile_max: f64,
    start_date: Timestamp,
    end_date: Timestamp,
    sort: SortOrder,
    sort_by: ConversationSort,
    sort_score_profile: String,
    start_after_date: String,
    limit: u32,
});

impl Endpoint for SearchConversations {
    const SPEC: Spec = Spec::new("conversations.search", Method::GET, "/conversations/search")
        .version(Version::V2021_04_15)
        .location(LocationIn::Query)
        .scopes(&["conversations.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/search-conversation");
    type Response = FoundConversations;

    fn query(&self, query: &mut Query) {
        query
            .push("locationId", &self.location_id)
            .push_option("contactId", self.contact_id.as_ref())
            .push_joined("assignedTo", &self.assigned_to)
            .push_joined("followers", &self.followers)
            .push_joined("mentions", &self.mentions)
            .push_option("query", self.query.as_ref())
            .push_option("id", self.id.as_ref())
            .push_option("status", self.status.as_ref())
            .push_option("lastMessageType", self.last_message_type.as_ref())
            .push_option("lastMessageAction", self.last_message_action.as_ref())
            .push_option("lastMessageDirection", self.last_message_direction.as_ref())
            .push_option("scoreProfile", self.score_profile.as_ref())
            .push_option("scoreProfileMin", self.score_profile_min.as_ref())
            .push_option("scoreProfileMax", self.score_profile_max.as_ref())
            .push_option(
                "startDate",
                self.start_date.map(Timestamp::as_millisecond).as_ref(),
            )
            .push_option(
                "endDate",
                self.end_date.map(Timestamp::as_millisecond).as_ref(),
            )
            .push_option("sort", self.sort.as_ref())
            .push_option("sortBy", self.sort_by.as_ref())
            .push_option("sortScoreProfile", self.sort_score_profile.as_ref())
            .push_option("startAfterDate", self.start_after_date.as_ref())
            .push_option("limit", self.limit.as_ref());
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FoundConversations {
    /// The conversations of this page.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub conversations: Vec<Conversation>,
    /// How many there are in all.
    #[serde(
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub total: Option<i64>,
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
        let total = response.total.and_then(|total| u64::try_from(total).ok());
        Page::new(found, next).with_total(total)
    }
}
