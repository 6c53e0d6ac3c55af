//! Users of a location or company: created, changed, deleted.

use std::collections::BTreeMap;

use integrations_core::open_enum;
use serde_json::Value;

use crate::ids::{CompanyId, LocationId, UserId};

open_enum! {
    /// What a user is.
    pub enum UserRole {
        /// May do everything.
        Admin = "admin",
        /// May do what the permissions say.
        User = "user",
    }
}

integrations_core::object! {
    /// A user was created, changed or deleted.
    ///
    /// The provider documents the fields of `UserCreate` only; `UserUpdate` and `UserDelete` are read with the same
    /// ones, and [`payload`](integrations_core::webhook::Event::payload) has what else they may bring.
    pub struct UserEvent {
        /// The user.
        id: Option<UserId> = "id",
        /// The location, of a location's user.
        location_id: Option<LocationId> = "locationId",
        /// The company, of a company's user.
        company_id: Option<CompanyId> = "companyId",
        /// The locations that a company's user works in.
        locations: Vec<LocationId> = "locations",
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
        /// What they are.
        role: Option<UserRole> = "role",
        /// What they may do in the application, by the provider's names: see [`may`](Self::may).
        permissions: BTreeMap<String, Value> = "permissions",
    }
}

impl UserEvent {
    /// Whether a permission is set, by the provider's name, for example `contactsEnabled`; `None` when the event does
    /// not say.
    #[must_use]
    pub fn may(&self, permission: &str) -> Option<bool> {
        self.permissions.get(permission)?.as_bool()
    }
}
