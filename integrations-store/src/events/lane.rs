use std::fmt;
use std::sync::Arc;

use integrations_core::IntegrationId;
use integrations_core::webhook::DedupeKey;
use serde::{Deserialize, Serialize};

/// The longest order key that is kept as it is; a longer one is digested.
const LONGEST: usize = 256;

/// What events are ordered by: the events of one lane of a tenant are handled one after the other, in order of arrival.
///
/// As text `<integration>/<order key>`; without an order key, `<integration>/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Lane(Arc<str>);

impl Lane {
    /// The lane of an integration's events with this order key: see
    /// [`WebhookSource::order_key`](integrations_core::webhook::WebhookSource::order_key).
    #[must_use]
    pub fn new(integration: IntegrationId, order_key: Option<&str>) -> Self {
        let key = order_key.unwrap_or_default();
        let lane = if key.len() <= LONGEST && !key.contains('\0') {
            format!("{integration}/{key}")
        } else {
            format!("{integration}/{}", DedupeKey::digest([key.as_bytes()]))
        };
        Self(lane.into())
    }

    /// Whose events are in it.
    #[must_use]
    pub fn integration(&self) -> Option<IntegrationId> {
        self.0.split('/').next()?.parse().ok()
    }

    /// The lane as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A lane as it was stored.
impl From<String> for Lane {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Lane> for String {
    fn from(lane: Lane) -> Self {
        (*lane.0).to_owned()
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lane({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_fits_its_column_whatever_the_key() {
        let id = IntegrationId::new();
        assert_eq!(Lane::new(id, None).as_str(), format!("{id}/"));
        assert_eq!(Lane::new(id, Some("a/b")).integration(), Some(id));
        assert_eq!(
            Lane::new(id, Some("contact:1")).as_str(),
            format!("{id}/contact:1")
        );
        for hostile in ["a\0b".to_owned(), "x".repeat(100_000)] {
            let lane = Lane::new(id, Some(&hostile));
            assert!(lane.as_str().len() < 512 && !lane.as_str().contains('\0'));
            assert_ne!(lane, Lane::new(id, Some("x")));
        }
    }
}
