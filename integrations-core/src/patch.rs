//! Three states for a field of an update: keep, clear, set.

use serde::{Serialize, Serializer};

/// What an update does to one field.
///
/// Use with `#[serde(skip_serializing_if = "Patch::is_keep")]`.
///
/// ```
/// use integrations_core::Patch;
/// #[derive(serde::Serialize, Default)]
/// struct Update {
///     #[serde(skip_serializing_if = "Patch::is_keep")]
///     name: Patch<String>,
///     #[serde(skip_serializing_if = "Patch::is_keep")]
///     city: Patch<String>,
/// }
/// let update = Update { name: "Jane".into(), city: Patch::Clear };
/// assert_eq!(serde_json::to_string(&update).unwrap(), r#"{"name":"Jane","city":null}"#);
/// assert_eq!(serde_json::to_string(&Update::default()).unwrap(), "{}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth state")]
pub enum Patch<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Remove its value.
    Clear,
    /// Give it this value.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the field stays as it is, and is left out.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl From<&str> for Patch<String> {
    fn from(value: &str) -> Self {
        Self::Set(value.to_owned())
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}
