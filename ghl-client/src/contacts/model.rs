use integrations_core::{Timestamp, lenient, open_enum};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{ContactId, CustomFieldId, LocationId, UserId};

open_enum! {
    /// Whether a channel is blocked.
    pub enum DndStatus {
        /// Blocked.
        Active = "active",
        /// Open.
        Inactive = "inactive",
        /// Blocked for good, for example after a STOP.
        Permanent = "permanent",
    }
}

/// A contact of a location.
///
/// Fields that the provider leaves out are `None` or empty; unknown ones are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// The location it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// First and last name together.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// First name.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_name: Option<String>,
    /// E-mail address, as it was entered.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub email: Option<String>,
    /// Phone number, E.164 when the provider could read it.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub phone: Option<String>,
    /// Name of the company the contact works for.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub company_name: Option<String>,
    /// What the location calls it, for example `lead` or `customer`.
    #[serde(
        rename = "type",
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub kind: Option<String>,
    /// Where it came from.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub source: Option<String>,
    /// The user who looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    /// Street and number.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub address1: Option<String>,
    /// City.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub city: Option<String>,
    /// State or province.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub state: Option<String>,
    /// Postal code.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub postal_code: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub country: Option<String>,
    /// Website.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub website: Option<String>,
    /// IANA time zone.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub timezone: Option<String>,
    /// Whether nothing may be sent, on any channel.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub dnd: Option<bool>,
    /// What may not be sent, by channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dnd_settings: Option<DndSettings>,
    /// Tags.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tags: Vec<String>,
    /// Values of the location's custom fields.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub custom_fields: Vec<CustomFieldValue>,
    /// Date of birth, as the provider writes it.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_of_birth: Option<String>,
    /// When it was created.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_added: Option<Timestamp>,
    /// When it was changed last.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_updated: Option<Timestamp>,
    /// The business object it is linked to.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub business_id: Option<String>,
    /// Further e-mail addresses.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub additional_emails: Vec<AdditionalEmail>,
    /// Where the contact came from first, with all campaign parameters.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub attribution_source: Value,
    /// Where the contact came from last.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub last_attribution_source: Value,
    /// Where a search goes on behind this contact; only in search results.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub search_after: Vec<Value>,
}

/// A further e-mail address of a contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdditionalEmail {
    /// The address.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub email: Option<String>,
}

/// The value of a custom field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CustomFieldValue {
    /// The field.
    pub id: CustomFieldId,
    /// Its value: text, number, list or file, by the field's type.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
}

/// What may not be sent to a contact, by channel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DndSettings {
    /// Calls.
    #[serde(
        rename = "Call",
        alias = "call",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub call: Option<DndSetting>,
    /// E-mail.
    #[serde(
        rename = "Email",
        alias = "email",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub email: Option<DndSetting>,
    /// Text messages.
    #[serde(
        rename = "SMS",
        alias = "sms",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub sms: Option<DndSetting>,
    /// WhatsApp.
    #[serde(
        rename = "WhatsApp",
        alias = "whatsApp",
        alias = "whatsapp",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub whats_app: Option<DndSetting>,
    /// Google Business messages.
    #[serde(
        rename = "GMB",
        alias = "gmb",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub gmb: Option<DndSetting>,
    /// Facebook messages.
    #[serde(
        rename = "FB",
        alias = "fb",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub fb: Option<DndSetting>,
}

/// Whether one channel is blocked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DndSetting {
    /// `active` blocks the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DndStatus>,
    /// The reason.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub message: Option<String>,
    /// The provider's code for the reason.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub code: Option<String>,
}

impl DndSetting {
    /// A channel that is blocked or open, without a reason.
    pub fn new(status: impl Into<DndStatus>) -> Self {
        Self {
            status: Some(status.into()),
            message: None,
            code: None,
        }
    }
}
