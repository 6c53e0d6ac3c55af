/// What an event says has changed: enough to read the record again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Change {
    /// What kind of record.
    pub object: Object,
    /// The provider's id of the record.
    pub id: String,
    /// What became of it.
    pub kind: ChangeKind,
}

/// A kind of record that changes are told of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Object {
    /// A [`Contact`](crate::model::Contact).
    Contact,
    /// A [`Message`](crate::model::Message).
    Message,
    /// An [`Opportunity`](crate::model::Opportunity).
    Opportunity,
    /// An [`Appointment`](crate::model::Appointment).
    Appointment,
    /// A [`Call`](crate::model::Call).
    Call,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was created or changed: read it.
    Upserted,
    /// It is gone.
    Deleted,
    /// It is gone, and what it was is now part of the record with this id.
    MergedInto(String),
}

impl Change {
    /// A record that was created or changed.
    pub fn upserted(object: Object, id: impl Into<String>) -> Self {
        Self {
            object,
            id: id.into(),
            kind: ChangeKind::Upserted,
        }
    }

    /// A record that is gone.
    pub fn deleted(object: Object, id: impl Into<String>) -> Self {
        Self {
            object,
            id: id.into(),
            kind: ChangeKind::Deleted,
        }
    }

    /// A record that became part of another.
    pub fn merged(object: Object, id: impl Into<String>, into: impl Into<String>) -> Self {
        Self {
            object,
            id: id.into(),
            kind: ChangeKind::MergedInto(into.into()),
        }
    }
}

impl Object {
    /// The lowercase name: `contact`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Message => "message",
            Self::Opportunity => "opportunity",
            Self::Appointment => "appointment",
            Self::Call => "call",
        }
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
