use integrations_core::object;
use serde_json::{Map, Value};

use crate::ids::{LocationId, UserId};

object! {
    /// A person who works in a location or company.
    pub struct User {
        required {
            /// Their id.
            id: UserId = "id",
        }
        /// First and last name together.
        name: Option<String> = "name",
        /// First name.
        first_name: Option<String> = "firstName",
        /// Last name.
        last_name: Option<String> = "lastName",
        /// E-mail address.
        email: Option<String> = "email",
        /// Phone number.
        phone: Option<String> = "phone",
        /// Phone extension.
        extension: Option<String> = "extension",
        /// What they may do in the application, by the provider's names: see [`may`](Self::may).
        permissions: Map<String, Value> = "permissions",
        /// What they may do, in the newer system of scopes.
        scopes: Vec<String> = "scopes",
        /// Their role, and where they have it.
        roles: Option<UserRoles> = "roles",
        /// Their inbound phone number by location.
        lc_phone: Map<String, Value> = "lcPhone",
        /// The language they use, for example `en_US`.
        platform_language: Option<String> = "platformLanguage",
        /// Whether they were removed.
        deleted: Option<bool> = "deleted",
    }
}

object! {
    /// A user's role, and where they have it.
    pub struct UserRoles {
        /// `account` or `agency`.
        kind: Option<String> = "type",
        /// `admin` or `user`.
        role: Option<String> = "role",
        /// Their locations.
        location_ids: Vec<LocationId> = "locationIds",
        /// Whether they are kept to these locations.
        restrict_sub_account: Option<bool> = "restrictSubAccount",
    }
}

impl User {
    /// Whether a permission is set, by the provider's name, for example `contactsEnabled`; `None` when the answer does
    /// not say.
    #[must_use]
    pub fn may(&self, permission: &str) -> Option<bool> {
        self.permissions.get(permission)?.as_bool()
    }
}
