use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::Result;
use crate::email::EmailAddress;
use crate::model::{Channel, Contact, Conversation, ExternalId, Message};
use crate::paging::Pages;
use crate::phone::PhoneNumber;

/// Contacts of a connection, in the shared vocabulary.
#[async_trait]
pub trait ContactApi: Debug + Send + Sync {
    /// Reads one.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) and whatever the call reports.
    async fn get(&self, id: &ExternalId<Contact>) -> Result<Contact>;

    /// All of them, or those that changed at or after `since`, oldest change first where the provider can.
    fn list(&self, since: Option<Timestamp>) -> Pages<Contact>;

    /// Whether [`list`](Self::list) works. Where it does not, contacts are heard of by webhooks alone.
    fn lists(&self) -> bool {
        true
    }

    /// Creates one, whatever its id says.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when the provider has it already.
    async fn create(&self, contact: &Contact) -> Result<Contact>;

    /// Changes the fields that are set; the id says which contact. Tags, when there are any, replace the contact's: use
    /// [`add_tags`](Self::add_tags) to keep the others.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) and whatever the call reports.
    async fn update(&self, id: &ExternalId<Contact>, contact: &Contact) -> Result<Contact>;

    /// Whether an [update](Self::update) can make this channel, `None` for all of them, be blocked or allowed. Of what it
    /// cannot, the provider's contacts show its own word alone.
    fn writes_opt_out(&self, channel: Option<&Channel>, blocked: bool) -> bool {
        let _ = (channel, blocked);
        true
    }

    /// Updates the contact that the provider takes for the same, or creates it. Tags as in [`update`](Self::update).
    ///
    /// # Errors
    /// Whatever the call reports.
    async fn upsert(&self, contact: &Contact) -> Result<Contact>;

    /// Those with this e-mail address or this phone number, at most a page of them: to find a contact's twin, and to
    /// find out whether a creation of unknown outcome happened.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with the code `unsupported` where the provider cannot be asked
    /// that; whatever the call reports.
    async fn find(
        &self,
        email: Option<&EmailAddress>,
        phone: Option<&PhoneNumber>,
    ) -> Result<Vec<Contact>> {
        let _ = (email, phone);
        Err(super::unsupported(
            "this provider finds no contacts by e-mail address or phone number",
        ))
    }

    /// Deletes one.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) and whatever the call reports.
    async fn delete(&self, id: &ExternalId<Contact>) -> Result<()>;

    /// Adds tags and keeps the others.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) and whatever the call reports.
    async fn add_tags(&self, id: &ExternalId<Contact>, tags: &[String]) -> Result<()>;

    /// Removes tags.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) and whatever the call reports.
    async fn remove_tags(&self, id: &ExternalId<Contact>, tags: &[String]) -> Result<()>;
}

/// What the provider said of a message that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// The message's id; `None` where the provider takes messages without a word of what they are called.
    pub message: Option<ExternalId<Message>>,
    /// The thread that it went into.
    pub conversation: Option<ExternalId<Conversation>>,
}

impl Sent {
    /// A message that was taken.
    pub fn new(message: impl Into<ExternalId<Message>>) -> Self {
        Self {
            message: Some(message.into()),
            conversation: None,
        }
    }

    /// A message that was taken, by a provider that names none.
    #[must_use]
    pub fn without_id() -> Self {
        Self {
            message: None,
            conversation: None,
        }
    }

    /// Adds the thread.
    #[must_use]
    pub fn with_conversation(mut self, conversation: impl Into<ExternalId<Conversation>>) -> Self {
        self.conversation = Some(conversation.into());
        self
    }
}

/// Messages of a connection, in the shared vocabulary.
#[async_trait]
pub trait MessageApi: Debug + Send + Sync {
    /// Sends one to `message.contact`. Not repeated when it may have arrived.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) when the channel or the contact is missing, and
    /// whatever the call reports; see [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown).
    async fn send(&self, message: &Message) -> Result<Sent>;

    /// The messages of a thread, newest first.
    fn list(&self, conversation: &ExternalId<Conversation>) -> Pages<Message>;
}

/// A subscription to webhooks at the provider.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Subscription {
    /// The provider's id.
    pub id: String,
    /// When it ends unless it is renewed.
    pub expires_at: Option<Timestamp>,
}

impl Subscription {
    /// A subscription that does not end.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            expires_at: None,
        }
    }
}
