use integrations_core::lenient;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{LocationId, UserId};

/// A person who works in a location or company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// Their id.
    pub id: UserId,
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
    /// E-mail address.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub email: Option<String>,
    /// Phone number.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub phone: Option<String>,
    /// Phone extension.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub extension: Option<String>,
    /// What they may do in the application, by the provider's names: see [`may`](Self::may).
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Map::is_empty"
    )]
    pub permissions: Map<String, Value>,
    /// What they may do, in the newer system of scopes.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub scopes: Vec<String>,
    /// Their role, and where they have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<UserRoles>,
    /// Their inbound phone number by location.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Map::is_empty"
    )]
    pub lc_phone: Map<String, Value>,
    /// The language they use, for example `en_US`.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub platform_language: Option<String>,
    /// Whether they were removed.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub deleted: Option<bool>,
}

/// A user's role, and where they have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserRoles {
    /// `account` or `agency`.
    #[serde(
        rename = "type",
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub kind: Option<String>,
    /// `admin` or `user`.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub role: Option<String>,
    /// Their locations.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub location_ids: Vec<LocationId>,
    /// Whether they are kept to these locations.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub restrict_sub_account: Option<bool>,
}

impl User {
    /// Whether a permission is set, by the provider's name, for example `contactsEnabled`; `None` when the answer does
    /// not say.
    #[must_use]
    pub fn may(&self, permission: &str) -> Option<bool> {
        self.permissions.get(permission)?.as_bool()
    }
}
