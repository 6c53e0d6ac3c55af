use std::fmt;

use serde::{Deserialize, Serialize};

use crate::timezone::Place;

/// A postal address, as free text: providers do not agree on codes.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Address {
    /// Street and house number; further lines joined by line breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State, province or region, code or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// ZIP or postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country, code or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl Address {
    /// An empty address.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Debug for Address {
    /// Shows state and country; of the rest only that it is there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Address");
        if let Some(state) = &self.state {
            out.field("state", state);
        }
        if let Some(country) = &self.country {
            out.field("country", country);
        }
        out.finish_non_exhaustive()
    }
}

impl<'a> From<&'a Address> for Place<'a> {
    fn from(address: &'a Address) -> Self {
        Self {
            country: address.country.as_deref(),
            state: address.state.as_deref(),
            postal_code: address.postal_code.as_deref(),
            city: address.city.as_deref(),
        }
    }
}
