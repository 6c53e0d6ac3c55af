//! Conversations of a location: find, read, create. What is said in them is in [`messages`](crate::messages).
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use ghl_client::conversations::ConversationStatus;
//!
//! # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
//! let mut unread = location.conversations().search().status(ConversationStatus::Unread).items();
//! while let Some(conversation) = unread.try_next().await? {
//!     println!("{} {:?}", conversation.id, conversation.unread_count);
//! }
//! # Ok(()) }
//! ```

mod model;
mod requests;
mod search;

pub use crate::generated::conversations::*;
pub use model::{Conversation, ConversationType};
pub use requests::{CreateConversation, GetConversation};
pub use search::{
    ConversationSort, ConversationStatus, FoundConversations, MessageAction, SearchConversations,
};

use crate::ids::{ContactId, ConversationId};
use crate::{Call, Location};

/// The conversations of a location: see [`Location::conversations`].
#[derive(Debug, Clone, Copy)]
pub struct Conversations<'a>(pub(crate) &'a Location);

impl Conversations<'_> {
    /// Finds conversations, the latest first; pages with [`items`](Call::items). Scope `conversations.readonly`.
    pub fn search(&self) -> Call<SearchConversations> {
        self.0.call(SearchConversations::new(self.0.id()))
    }

    /// Reads a conversation, without its messages. Scope `conversations.readonly`.
    pub fn get(&self, id: impl Into<ConversationId>) -> Call<GetConversation> {
        self.0.call(GetConversation::new(id))
    }

    /// Creates a conversation with a contact. Scope `conversations.write`.
    ///
    /// For a contact that has one already the provider answers [`ErrorKind::Conflict`](crate::ErrorKind::Conflict);
    /// [`ApiError::meta`](crate::ApiError::meta) then has its `conversationId`.
    pub fn create(&self, contact: impl Into<ContactId>) -> Call<CreateConversation> {
        self.0.call(CreateConversation::new(self.0.id(), contact))
    }
}
