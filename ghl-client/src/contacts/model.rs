use integrations_core::{Timestamp, input_object, object, open_enum};
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

object! {
    /// A contact of a location.
    ///
    /// Fields that the provider leaves out are `None` or empty; unknown ones are ignored.
    pub struct Contact {
        required {
            /// Its id.
            id: ContactId = "id",
        }
        /// The location it belongs to.
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
        /// What the location calls it, for example `lead` or `customer`.
        kind: Option<String> = "type",
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
        /// What may not be sent, by channel.
        dnd_settings: Option<DndSettings> = "dndSettings",
        /// Tags.
        tags: Vec<String> = "tags",
        /// Values of the location's custom fields.
        custom_fields: Vec<CustomFieldValue> = "customFields",
        /// Date of birth, as the provider writes it.
        date_of_birth: Option<String> = "dateOfBirth",
        /// When it was created.
        date_added: Option<Timestamp> = "dateAdded",
        /// When it was changed last.
        date_updated: Option<Timestamp> = "dateUpdated",
        /// The business object it is linked to.
        business_id: Option<String> = "businessId",
        /// Further e-mail addresses.
        additional_emails: Vec<AdditionalEmail> = "additionalEmails",
        /// Where the contact came from first, with all campaign parameters.
        attribution_source: Value = "attributionSource",
        /// Where the contact came from last.
        last_attribution_source: Value = "lastAttributionSource",
        /// Where a search goes on behind this contact; only in search results.
        search_after: Vec<Value> = "searchAfter",
    }
}

object! {
    /// A further e-mail address of a contact.
    pub struct AdditionalEmail {
        /// The address.
        email: Option<String> = "email",
    }
}

object! {
    /// The value of a custom field. One that does not name its field is left out.
    pub struct CustomFieldValue {
        required or left_out {
            /// The field.
            id: CustomFieldId = "id",
        }
        /// Its value: text, number, list or file, by the field's type.
        value: Value = "value" | "field_value" | "fieldValue",
    }
}

input_object! {
    /// What may not be sent to a contact, by channel.
    pub struct DndSettings {
        /// Calls.
        call: Option<DndSetting> = "Call" | "call",
        /// E-mail.
        email: Option<DndSetting> = "Email" | "email",
        /// Text messages.
        sms: Option<DndSetting> = "SMS" | "sms",
        /// WhatsApp.
        whats_app: Option<DndSetting> = "WhatsApp" | "whatsApp" | "whatsapp",
        /// Google Business messages.
        gmb: Option<DndSetting> = "GMB" | "gmb",
        /// Facebook messages.
        fb: Option<DndSetting> = "FB" | "fb",
    }
}

object! {
    /// Whether one channel is blocked.
    pub struct DndSetting {
        /// `active` blocks the channel.
        status: Option<DndStatus> = "status",
        /// The reason.
        message: Option<String> = "message",
        /// The provider's code for the reason.
        code: Option<String> = "code",
    }
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
