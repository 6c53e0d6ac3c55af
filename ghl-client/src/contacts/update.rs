use http::{HeaderMap, Method};
use integrations_core::http::Body;
use integrations_core::{Patch, Result};
use serde::Serialize;

use super::{Contact, CustomFieldInput, DndSettings};
use crate::endpoint::setters;
use crate::ids::{ContactId, UserId};
use crate::{Endpoint, Spec};

/// `PUT /contacts/{contactId}`: changes the fields that are set.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UpdateContact {
    /// The contact.
    #[serde(skip)]
    pub contact_id: ContactId,
    /// First name.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub first_name: Patch<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub last_name: Patch<String>,
    /// First and last name together.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub name: Patch<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub email: Patch<String>,
    /// Phone number, best in E.164.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub phone: Patch<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub address1: Patch<String>,
    /// City.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub city: Patch<String>,
    /// State or province.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub state: Patch<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Website.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub website: Patch<String>,
    /// IANA time zone.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub timezone: Patch<String>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub source: Patch<String>,
    /// The user who looks after it.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub assigned_to: Patch<UserId>,
    /// Date of birth, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub date_of_birth: Patch<String>,
    /// Blocks every channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnd: Option<bool>,
    /// Blocks single channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnd_settings: Option<DndSettings>,
    /// Tags: they **replace** the contact's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Values of custom fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_fields: Vec<CustomFieldInput>,
}

impl UpdateContact {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(contact_id: impl Into<ContactId>) -> Self {
        Self {
            contact_id: contact_id.into(),
            first_name: Patch::Keep,
            last_name: Patch::Keep,
            name: Patch::Keep,
            email: Patch::Keep,
            phone: Patch::Keep,
            address1: Patch::Keep,
            city: Patch::Keep,
            state: Patch::Keep,
            postal_code: None,
            country: None,
            website: Patch::Keep,
            timezone: Patch::Keep,
            source: Patch::Keep,
            assigned_to: Patch::Keep,
            date_of_birth: Patch::Keep,
            dnd: None,
            dnd_settings: None,
            tags: Vec::new(),
            custom_fields: Vec::new(),
        }
    }
}

setters!(UpdateContact {
    first_name: Patch<String>,
    last_name: Patch<String>,
    name: Patch<String>,
    email: Patch<String>,
    phone: Patch<String>,
    address1: Patch<String>,
    city: Patch<String>,
    state: Patch<String>,
    postal_code: String,
    country: String,
    website: Patch<String>,
    timezone: Patch<String>,
    source: Patch<String>,
    assigned_to: Patch<UserId>,
    date_of_birth: Patch<String>,
    dnd: bool,
    dnd_settings: DndSettings,
    tags: Vec<String>,
    custom_fields: Vec<CustomFieldInput>,
});

impl Endpoint for UpdateContact {
    const SPEC: Spec = Spec::new("contacts.update", Method::PUT, "/contacts/{contactId}")
        .scopes(&["contacts.write"])
        .envelope("contact")
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/update-contact");
    type Response = Contact;

    fn path(&self) -> Vec<&str> {
        vec![self.contact_id.as_str()]
    }

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}
