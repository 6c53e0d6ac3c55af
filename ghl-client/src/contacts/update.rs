use http::Method;
use integrations_core::Patch;

use super::{Contact, CustomFieldInput, DndSettings};
use crate::Spec;
use crate::ids::{ContactId, UserId};
use crate::request::request;

request! {
    /// `PUT /contacts/{contactId}`: changes the fields that are set.
    pub struct UpdateContact -> Contact {
        path {
            /// The contact.
            contact_id: ContactId,
        }
        optional {
            /// First name.
            body first_name: Patch<String> = "firstName",
            /// Last name.
            body last_name: Patch<String> = "lastName",
            /// First and last name together.
            body name: Patch<String> = "name",
            /// E-mail address.
            body email: Patch<String> = "email",
            /// Phone number, best in E.164.
            body phone: Patch<String> = "phone",
            /// Street and number.
            body address1: Patch<String> = "address1",
            /// City.
            body city: Patch<String> = "city",
            /// State or province.
            body state: Patch<String> = "state",
            /// Postal code.
            body postal_code: Option<String> = "postalCode",
            /// Country, ISO 3166-1 alpha-2.
            body country: Option<String> = "country",
            /// Website.
            body website: Patch<String> = "website",
            /// IANA time zone.
            body timezone: Patch<String> = "timezone",
            /// Where it came from.
            body source: Patch<String> = "source",
            /// The user who looks after it.
            body assigned_to: Patch<UserId> = "assignedTo",
            /// Date of birth, `YYYY-MM-DD`.
            body date_of_birth: Patch<String> = "dateOfBirth",
            /// Blocks every channel.
            body dnd: Option<bool> = "dnd",
            /// Blocks single channels.
            body dnd_settings: Option<DndSettings> = "dndSettings",
            /// Tags: they **replace** the contact's.
            body tags: Vec<String> = "tags",
            /// Values of custom fields.
            body custom_fields: Vec<CustomFieldInput> = "customFields",
        }
    }
    Spec::new("contacts.update", Method::PUT, "/contacts/{contactId}")
        .scopes(&["contacts.write"])
        .envelope("contact")
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/update-contact")
}
