use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A provider's id of a thing, bound to the kind of thing: a contact's id does not pass for a message's.
///
/// Reads JSON strings and numbers, writes a string. Which provider it belongs to is known by where it came from: ids of
/// two providers are kept apart by the mapping tables, not by this type.
pub struct ExternalId<T: ?Sized> {
    id: Box<str>,
    of: PhantomData<fn() -> Box<T>>,
}

impl<T: ?Sized> ExternalId<T> {
    /// Wraps an id as the provider writes it.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into().into(),
            of: PhantomData,
        }
    }

    /// The id as the provider writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.id
    }
}

impl<T: ?Sized> From<&str> for ExternalId<T> {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl<T: ?Sized> From<String> for ExternalId<T> {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}

impl<T: ?Sized> AsRef<str> for ExternalId<T> {
    fn as_ref(&self) -> &str {
        &self.id
    }
}

impl<T: ?Sized> Clone for ExternalId<T> {
    fn clone(&self) -> Self {
        Self::new(&*self.id)
    }
}

impl<T: ?Sized> PartialEq for ExternalId<T> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<T: ?Sized> Eq for ExternalId<T> {}

impl<T: ?Sized> PartialOrd for ExternalId<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: ?Sized> Ord for ExternalId<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

impl<T: ?Sized> Hash for ExternalId<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl<T: ?Sized> fmt::Display for ExternalId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.id)
    }
}

impl<T: ?Sized> fmt::Debug for ExternalId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.id, f)
    }
}

impl<T: ?Sized> Serialize for ExternalId<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.id)
    }
}

impl<'de, T: ?Sized> Deserialize<'de> for ExternalId<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::lenient::string(deserializer).map(Self::new)
    }
}

macro_rules! kinds {
    ($($(#[$meta:meta])* $name:ident,)+) => {$(
        $(#[$meta])*
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum $name {}
    )+};
}

kinds! {
    /// A user or agent of the provider: owns contacts, makes calls. Marks an [`ExternalId`].
    User,
    /// A company or organisation. Marks an [`ExternalId`].
    Company,
    /// A thread of messages. Marks an [`ExternalId`].
    Conversation,
    /// A sales pipeline. Marks an [`ExternalId`].
    Pipeline,
    /// A stage of a pipeline. Marks an [`ExternalId`].
    PipelineStage,
    /// A calendar. Marks an [`ExternalId`].
    Calendar,
}
