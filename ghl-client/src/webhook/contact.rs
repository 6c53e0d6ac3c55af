//! Contacts: created, changed, tagged, blocked, deleted.

use jiff::Timestamp;
use serde_json::Value;

use crate::contacts::{CustomFieldValue, DndSettings};
use crate::ids::{ContactId, LocationId, UserId};

integrations_core::object! {
    /// A contact as it is after the change; of a deletion, as it was before.
    ///
    /// In a webhook `type` is the name of the event and not what the location calls the contact.
    pub struct ContactEvent {
        /// The contact.
        id: Option<ContactId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// First and last name together.
        name: Option<String> = "name",
        /// First name.
        first_name: Option<String> = "firstName",
        /// Last name.
        last_name: Option<String> = "lastName",
        /// E-mail address, as it was entered.
        email: Option<String> = "email",
        /// Phone number, E.164 when the provider could read it.
        phone: Option<String> = "phone",
        /// Name of the company the contact works for.
        company_name: Option<String> = "companyName",
        /// Where it came from.
        source: Option<String> = "source",
        /// The user who looks after it.
        assigned_to: Option<UserId> = "assignedTo",
        /// Street and number.
        address1: Option<String> = "address1",
        /// City.
        city: Option<String> = "city",
        /// State or province.
        state: Option<String> = "state",
        /// Postal code.
        postal_code: Option<String> = "postalCode",
        /// Country, ISO 3166-1 alpha-2.
        country: Option<String> = "country",
        /// Website.
        website: Option<String> = "website",
        /// IANA time zone.
        timezone: Option<String> = "timezone",
        /// Whether nothing may be sent, on any channel.
        dnd: Option<bool> = "dnd",
        /// What may not be sent, by channel; in `ContactDndUpdate`.
        dnd_settings: Option<DndSettings> = "dndSettings",
        /// Tags.
        tags: Vec<String> = "tags",
        /// Values of the location's custom fields.
        custom_fields: Vec<CustomFieldValue> = "customFields",
        /// Files; the documents do not say in which form.
        attachments: Vec<Value> = "attachments",
        /// Date of birth, as the provider writes it.
        date_of_birth: Option<String> = "dateOfBirth",
        /// When it was created.
        date_added: Option<Timestamp> = "dateAdded",
        /// When it was changed last.
        date_updated: Option<Timestamp> = "dateUpdated",
    }
}
