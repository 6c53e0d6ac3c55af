use std::fmt;
use std::str::FromStr;

use integrations_core::{Error, Result};

use crate::error;

/// One of the two integrations of a flow.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "there is no third side")]
pub enum Side {
    /// The one that was named first.
    Left,
    /// The one that was named second.
    Right,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Left, Self::Right];

    /// `left` or `right`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    /// The one across.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Side {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "left" => Ok(Self::Left),
            "right" => Ok(Self::Right),
            _ => Err(error::corrupt("a stored side is neither left nor right")),
        }
    }
}

/// How a contact of a flow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MappingState {
    /// Known on one side alone.
    Half,
    /// Being created on the other side: until that side's id is known, nobody creates it again.
    Creating,
    /// The same contact on both sides.
    Linked,
    /// Waits for a person's decision.
    Held,
    /// A person decided to leave it alone.
    Ignored,
    /// One side deleted it, and the other is left alone.
    Unlinked,
    /// Deleted on both sides: kept for what arrives late.
    Gone,
}

impl MappingState {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Half,
        Self::Creating,
        Self::Linked,
        Self::Held,
        Self::Ignored,
        Self::Unlinked,
        Self::Gone,
    ];

    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Half => "half",
            Self::Creating => "creating",
            Self::Linked => "linked",
            Self::Held => "held",
            Self::Ignored => "ignored",
            Self::Unlinked => "unlinked",
            Self::Gone => "gone",
        }
    }
}

impl fmt::Display for MappingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MappingState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| error::corrupt("a stored mapping state is not one of its seven words"))
    }
}
