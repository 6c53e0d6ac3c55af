use std::fmt;
use std::str::FromStr;

use integrations_core::{Error, FieldError, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest kind of event.
const MAX: usize = 128;

/// Which kinds of events an endpoint wants: one kind (`contact.created`), all below a prefix (`contact.*`), or all (`*`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventPattern(String);

impl EventPattern {
    /// Every kind.
    #[must_use]
    pub fn all() -> Self {
        Self("*".to_owned())
    }

    /// Whether it wants this kind.
    #[must_use]
    pub fn matches(&self, kind: &str) -> bool {
        match self.0.strip_suffix('*') {
            // What is left of `contact.*` ends in the full stop.
            Some(prefix) => kind.len() > prefix.len() && kind.starts_with(prefix),
            None => self.0 == kind,
        }
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let kind = match text {
            "*" => return Ok(Self::all()),
            _ => text.strip_suffix(".*").unwrap_or(text),
        };
        if is_kind(kind) && text.len() <= MAX {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::validation(
            "not a pattern of events",
            vec![FieldError::new(
                "/events",
                "is neither *, nor a kind such as contact.created, nor a prefix such as contact.*",
            )],
        ))
    }
}

/// Words of letters, digits, `_` and `-`, with full stops between them.
pub(super) fn is_kind(text: &str) -> bool {
    text.len() <= MAX
        && text.split('.').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        })
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for EventPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_words() {
        let matches = |pattern: &str, kind| pattern.parse::<EventPattern>().unwrap().matches(kind);
        assert!(matches("*", "contact.created") && matches("*", "x"));
        assert!(matches("contact.created", "contact.created"));
        assert!(!matches("contact.created", "contact.created.twice"));
        assert!(
            matches("contact.*", "contact.created") && matches("contact.*", "contact.tag.added")
        );
        assert!(!matches("contact.*", "contact") && !matches("contact.*", "contacts.created"));
        assert!(!matches("contact.*", "contact."));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let long = format!("a.{}", "b".repeat(200));
        for bad in [
            "", ".", "a.", ".a", "a..b", "**", "a*", "a.*.b", "*.a", "a b", "a.b*", "ä", &long,
        ] {
            assert!(bad.parse::<EventPattern>().is_err(), "{bad}");
        }
    }
}
