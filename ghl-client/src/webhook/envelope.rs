use integrations_core::webhook;
use integrations_core::{Error, ErrorKind, Result, lenient};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{AppId, CompanyId, LocationId};

/// What surrounds every event: whose it is, and which delivery. The event's own fields are in [`Event`](super::Event).
///
/// The provider's older samples lack the id, the time, the app and the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Envelope {
    /// The provider's name of the event, for example `ContactCreate`; a few events have none.
    #[serde(
        rename = "type",
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub kind: Option<String>,
    /// The id of the event; a repeated delivery has the same.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub webhook_id: Option<String>,
    /// When it happened; a repeated delivery has the same.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub timestamp: Option<Timestamp>,
    /// The app that subscribed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// The version of that app.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub version_id: Option<String>,
    /// The location it belongs to; of an invoice without `locationId`, the one in `altId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// The company it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
}

impl Envelope {
    /// Reads the envelope of a body, which must be an object.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        // Without this, serde would take a list for the fields in their order.
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace())?;
        let envelope: Option<Self> = (*first == b'{').then(|| serde_json::from_slice(body).ok())?;
        Some(envelope?.completed(body))
    }

    /// Finds the location of invoices, which name it in `altId`.
    fn completed(mut self, body: &[u8]) -> Self {
        if self.location_id.is_none() && self.company_id.is_none() {
            let owner: Owner = serde_json::from_slice(body).unwrap_or_default();
            if owner.alt_type.as_deref() == Some("location") {
                self.location_id = owner.alt_id;
            }
        }
        self
    }

    /// What names the integration: the location, or the company for what concerns all of its locations.
    pub(super) fn tenant_key(&self) -> Option<&str> {
        let location = self.location_id.as_ref().map(LocationId::as_str);
        let company = self.company_id.as_ref().map(CompanyId::as_str);
        location
            .filter(|id| !id.is_empty())
            .or(company.filter(|id| !id.is_empty()))
    }
}

integrations_core::object! {
    /// Whose an invoice or order is.
    struct Owner {
        /// The id.
        alt_id: Option<LocationId> = "altId",
        /// Of what.
        alt_type: Option<String> = "altType",
    }
}

impl TryFrom<&webhook::Event> for Envelope {
    type Error = Error;

    fn try_from(event: &webhook::Event) -> Result<Self> {
        ours(event)?;
        Ok(event.decode::<Self>()?.completed(event.payload()))
    }
}

/// Refuses the events of other providers.
pub(super) fn ours(event: &webhook::Event) -> Result<()> {
    if event.provider() == crate::PROVIDER {
        Ok(())
    } else {
        Err(Error::new(
            ErrorKind::Webhook,
            "the event is another provider's: read it with that provider's crate",
        ))
    }
}
