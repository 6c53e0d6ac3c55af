use http::{HeaderMap, Method};
use integrations_core::http::{Body, Idempotency};
use integrations_core::{Result, lenient};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Contact, DndSettings};
use crate::endpoint::setters;
use crate::ids::{ContactId, CustomFieldId, LocationId, UserId};
use crate::{Endpoint, LocationIn, Spec, Succeeded};

/// A value for a custom field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CustomFieldInput {
    /// The field.
    pub id: CustomFieldId,
    /// The field's key, for example `contact.industry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value: text, number, list or file, by the field's type.
    pub field_value: Value,
}

impl CustomFieldInput {
    /// A value for the field with this id.
    pub fn new(id: impl Into<CustomFieldId>, value: impl Into<Value>) -> Self {
        Self {
            id: id.into(),
            key: None,
            field_value: value.into(),
        }
    }
}

/// `GET /contacts/{contactId}`: reads a contact.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetContact {
    /// The contact.
    pub contact_id: ContactId,
}

impl GetContact {
    /// A request with what the operation requires.
    pub fn new(contact_id: impl Into<ContactId>) -> Self {
        Self {
            contact_id: contact_id.into(),
        }
    }
}

impl Endpoint for GetContact {
    const SPEC: Spec = Spec::new("contacts.get", Method::GET, "/contacts/{contactId}")
        .scopes(&["contacts.readonly"])
        .envelope("contact")
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contact");
    type Response = Contact;

    fn path(&self) -> Vec<&str> {
        vec![self.contact_id.as_str()]
    }
}

/// `POST /contacts/`: creates a contact.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreateContact {
    /// The location it will belong to.
    pub location_id: LocationId,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// First and last name together, when they are not known apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number, best in E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Website.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Name of the company the contact works for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The user who looks after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    /// Date of birth, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<String>,
    /// Blocks every channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnd: Option<bool>,
    /// Blocks single channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnd_settings: Option<DndSettings>,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Values of custom fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_fields: Vec<CustomFieldInput>,
}

impl CreateContact {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(location_id: impl Into<LocationId>) -> Self {
        Self {
            location_id: location_id.into(),
            first_name: None,
            last_name: None,
            name: None,
            email: None,
            phone: None,
            gender: None,
            address1: None,
            city: None,
            state: None,
            postal_code: None,
            country: None,
            website: None,
            timezone: None,
            company_name: None,
            source: None,
            assigned_to: None,
            date_of_birth: None,
            dnd: None,
            dnd_settings: None,
            tags: Vec::new(),
            custom_fields: Vec::new(),
        }
    }
}

setters!(CreateContact {
    first_name: String,
    last_name: String,
    name: String,
    email: String,
    phone: String,
    gender: String,
    address1: String,
    city: String,
    state: String,
    postal_code: String,
    country: String,
    website: String,
    timezone: String,
    company_name: String,
    source: String,
    assigned_to: UserId,
    date_of_birth: String,
    dnd: bool,
    dnd_settings: DndSettings,
    tags: Vec<String>,
    custom_fields: Vec<CustomFieldInput>,
});

impl Endpoint for CreateContact {
    const SPEC: Spec = Spec::new("contacts.create", Method::POST, "/contacts/")
        .scopes(&["contacts.write"])
        .location(LocationIn::Body)
        .envelope("contact")
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/create-contact");
    type Response = Contact;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}

/// `POST /contacts/upsert`: updates the contact with this e-mail address or phone number, or creates it.
///
/// Which of the two identifies it, and which wins, is a setting of the location.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UpsertContact {
    /// The location it belongs to.
    pub location_id: LocationId,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// First and last name together, when they are not known apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number, best in E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Website.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Name of the company the contact works for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The user who looks after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    /// Date of birth, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<String>,
    /// Blocks every channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnd: Option<bool>,
    /// Blocks single channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnd_settings: Option<DndSettings>,
    /// Tags: they **replace** those of an existing contact.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Values of custom fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_fields: Vec<CustomFieldInput>,
    /// Creates a new contact if the location allows duplicates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_new_if_duplicate_allowed: Option<bool>,
}

impl UpsertContact {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(location_id: impl Into<LocationId>) -> Self {
        Self {
            location_id: location_id.into(),
            first_name: None,
            last_name: None,
            name: None,
            email: None,
            phone: None,
            gender: None,
            address1: None,
            city: None,
            state: None,
            postal_code: None,
            country: None,
            website: None,
            timezone: None,
            company_name: None,
            source: None,
            assigned_to: None,
            date_of_birth: None,
            dnd: None,
            dnd_settings: None,
            tags: Vec::new(),
            custom_fields: Vec::new(),
            create_new_if_duplicate_allowed: None,
        }
    }
}

setters!(UpsertContact {
    first_name: String,
    last_name: String,
    name: String,
    email: String,
    phone: String,
    gender: String,
    address1: String,
    city: String,
    state: String,
    postal_code: String,
    country: String,
    website: String,
    timezone: String,
    company_name: String,
    source: String,
    assigned_to: UserId,
    date_of_birth: String,
    dnd: bool,
    dnd_settings: DndSettings,
    tags: Vec<String>,
    custom_fields: Vec<CustomFieldInput>,
    create_new_if_duplicate_allowed: bool,
});

impl Endpoint for UpsertContact {
    const SPEC: Spec = Spec::new("contacts.upsert", Method::POST, "/contacts/upsert")
        .scopes(&["contacts.write"])
        .location(LocationIn::Body)
        // The second of two equal upserts changes nothing.
        .idempotency(Idempotency::Idempotent)
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact");
    type Response = UpsertedContact;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}

/// What an upsert did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UpsertedContact {
    /// Whether the contact was created.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub new: Option<bool>,
    /// The contact as it is now.
    pub contact: Contact,
}

/// `DELETE /contacts/{contactId}`: deletes a contact.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeleteContact {
    /// The contact.
    pub contact_id: ContactId,
}

impl DeleteContact {
    /// A request with what the operation requires.
    pub fn new(contact_id: impl Into<ContactId>) -> Self {
        Self {
            contact_id: contact_id.into(),
        }
    }
}

impl Endpoint for DeleteContact {
    const SPEC: Spec = Spec::new("contacts.delete", Method::DELETE, "/contacts/{contactId}")
        .scopes(&["contacts.write"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/delete-contact");
    type Response = Succeeded;

    fn path(&self) -> Vec<&str> {
        vec![self.contact_id.as_str()]
    }
}
