use http::Method;
use integrations_core::http::Idempotency;
use integrations_core::object;
use serde_json::Value;

use super::{Contact, DndSettings};
use crate::ids::{ContactId, CustomFieldId, LocationId, UserId};
use crate::request::request;
use crate::{LocationIn, Spec, Succeeded};

object! {
    /// A value for a custom field.
    pub struct CustomFieldInput {
        required {
            /// The field.
            id: CustomFieldId = "id",
            /// The value: text, number, list or file, by the field's type.
            field_value: Value = "field_value",
        }
        /// The field's key, for example `contact.industry`.
        key: Option<String> = "key",
    }
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

request! {
    /// `GET /contacts/{contactId}`: reads a contact.
    pub struct GetContact -> Contact {
        path {
            /// The contact.
            contact_id: ContactId,
        }
    }
    Spec::new("contacts.get", Method::GET, "/contacts/{contactId}")
        .scopes(&["contacts.readonly"])
        .envelope("contact")
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contact")
}

request! {
    /// `POST /contacts/`: creates a contact.
    pub struct CreateContact -> Contact {
        required {
            /// The location it will belong to.
            body location_id: LocationId = "locationId",
        }
        optional {
            /// First name.
            body first_name: Option<String> = "firstName",
            /// Last name.
            body last_name: Option<String> = "lastName",
            /// First and last name together, when they are not known apart.
            body name: Option<String> = "name",
            /// E-mail address.
            body email: Option<String> = "email",
            /// Phone number, best in E.164.
            body phone: Option<String> = "phone",
            /// Gender.
            body gender: Option<String> = "gender",
            /// Street and number.
            body address1: Option<String> = "address1",
            /// City.
            body city: Option<String> = "city",
            /// State or province.
            body state: Option<String> = "state",
            /// Postal code.
            body postal_code: Option<String> = "postalCode",
            /// Country, ISO 3166-1 alpha-2.
            body country: Option<String> = "country",
            /// Website.
            body website: Option<String> = "website",
            /// IANA time zone.
            body timezone: Option<String> = "timezone",
            /// Name of the company the contact works for.
            body company_name: Option<String> = "companyName",
            /// Where it came from.
            body source: Option<String> = "source",
            /// The user who looks after it.
            body assigned_to: Option<UserId> = "assignedTo",
            /// Date of birth, `YYYY-MM-DD`.
            body date_of_birth: Option<String> = "dateOfBirth",
            /// Blocks every channel.
            body dnd: Option<bool> = "dnd",
            /// Blocks single channels.
            body dnd_settings: Option<DndSettings> = "dndSettings",
            /// Tags.
            body tags: Vec<String> = "tags",
            /// Values of custom fields.
            body custom_fields: Vec<CustomFieldInput> = "customFields",
        }
    }
    Spec::new("contacts.create", Method::POST, "/contacts/")
        .scopes(&["contacts.write"])
        .location(LocationIn::Body)
        .envelope("contact")
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/create-contact")
}

request! {
    /// `POST /contacts/upsert`: updates the contact with this e-mail address or phone number, or creates it.
    ///
    /// Which of the two identifies it, and which wins, is a setting of the location.
    pub struct UpsertContact -> UpsertedContact {
        required {
            /// The location it belongs to.
            body location_id: LocationId = "locationId",
        }
        optional {
            /// First name.
            body first_name: Option<String> = "firstName",
            /// Last name.
            body last_name: Option<String> = "lastName",
            /// First and last name together, when they are not known apart.
            body name: Option<String> = "name",
            /// E-mail address.
            body email: Option<String> = "email",
            /// Phone number, best in E.164.
            body phone: Option<String> = "phone",
            /// Gender.
            body gender: Option<String> = "gender",
            /// Street and number.
            body address1: Option<String> = "address1",
            /// City.
            body city: Option<String> = "city",
            /// State or province.
            body state: Option<String> = "state",
            /// Postal code.
            body postal_code: Option<String> = "postalCode",
            /// Country, ISO 3166-1 alpha-2.
            body country: Option<String> = "country",
            /// Website.
            body website: Option<String> = "website",
            /// IANA time zone.
            body timezone: Option<String> = "timezone",
            /// Name of the company the contact works for.
            body company_name: Option<String> = "companyName",
            /// Where it came from.
            body source: Option<String> = "source",
            /// The user who looks after it.
            body assigned_to: Option<UserId> = "assignedTo",
            /// Date of birth, `YYYY-MM-DD`.
            body date_of_birth: Option<String> = "dateOfBirth",
            /// Blocks every channel.
            body dnd: Option<bool> = "dnd",
            /// Blocks single channels.
            body dnd_settings: Option<DndSettings> = "dndSettings",
            /// Tags: they **replace** those of an existing contact.
            body tags: Vec<String> = "tags",
            /// Values of custom fields.
            body custom_fields: Vec<CustomFieldInput> = "customFields",
            /// Creates a new contact if the location allows duplicates.
            body create_new_if_duplicate_allowed: Option<bool> = "createNewIfDuplicateAllowed",
        }
    }
    Spec::new("contacts.upsert", Method::POST, "/contacts/upsert")
        .scopes(&["contacts.write"])
        .location(LocationIn::Body)
        // The second of two equal upserts changes nothing.
        .idempotency(Idempotency::Idempotent)
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact")
}

object! {
    /// What an upsert did.
    pub struct UpsertedContact {
        required {
            /// The contact as it is now.
            contact: Contact = "contact",
        }
        /// Whether the contact was created.
        new: Option<bool> = "new",
    }
}

request! {
    /// `DELETE /contacts/{contactId}`: deletes a contact.
    pub struct DeleteContact -> Succeeded {
        path {
            /// The contact.
            contact_id: ContactId,
        }
    }
    Spec::new("contacts.delete", Method::DELETE, "/contacts/{contactId}")
        .scopes(&["contacts.write"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/delete-contact")
}
