use integrations_core::{Timestamp, input_object, object};
use jiff::civil::Date;
use serde_json::Value;

use crate::enums::LineType;
use crate::ids::{ContactId, DispositionId, LineId, UserId};

object! {
    /// A contact, as the look-up answers it and webhooks carry it.
    pub struct Contact {
        rest {
            /// The account's own fields, which the provider puts beside the others, and what it does not document: counts
            /// of calls and messages, `cnam_…`.
            extra,
        }
        /// The id.
        id: Option<ContactId> = "id",
        /// The whole name.
        name: Option<String> = "name",
        /// First name.
        first_name: Option<String> = "first_name",
        /// Last name.
        last_name: Option<String> = "last_name",
        /// The main phone number.
        phone_number: Option<String> = "phone_number",
        /// E-mail address.
        email: Option<String> = "email",
        /// IANA time zone.
        timezone: Option<String> = "timezone",
        /// Country.
        country: Option<String> = "country",
        /// State or province.
        state: Option<String> = "state",
        /// City.
        city: Option<String> = "city",
        /// Postal code.
        zipcode: Option<String> = "zipcode",
        /// Street and number.
        address: Option<String> = "address",
        /// Website.
        website: Option<String> = "website",
        /// Date of birth as it was entered, which may be nonsense: see [`birthday`](Self::birthday).
        date_of_birth: Option<String> = "date_of_birth",
        /// Name of the company.
        company_name: Option<String> = "company_name",
        /// Where the lead came from.
        lead_source: Option<String> = "lead_source",
        /// What put it in: `gohighlevel` for the provider's own integration, a third writer beside ours.
        intake_source: Option<String> = "intake_source",
        /// The same, in other words.
        contact_source: Option<String> = "contact_source",
        /// The line of the first contact.
        initial_line_id: Option<LineId> = "initial_campaign_id",
        /// The state of the lead, in the account's own words.
        disposition_status: Option<String> = "disposition_status",
        /// Its id.
        disposition_status_id: Option<DispositionId> = "disposition_status_id",
        /// The user who looks after it.
        user_id: Option<UserId> = "user_id",
        /// Not to be called.
        is_dnc: Option<bool> = "is_dnc",
        /// Not to be reached at all.
        is_blocked: Option<bool> = "is_blocked",
        /// Answered STOP: no text messages, on any line. Calls are another matter.
        is_opted_out: Option<bool> = "is_opted_out",
        /// Agreed to text messages. `false` does not stop the provider from sending one.
        text_authorized: Option<bool> = "text_authorized",
        /// When.
        text_authorized_at: Option<Timestamp> = "text_authorized_at",
        /// What kind of line the number is on.
        lrn_type: Option<LineType> = "lrn_type",
        /// Ids in other systems.
        external_ids: Value = "external_ids",
        /// The first of two free fields.
        csf1: Option<String> = "csf1",
        /// The second.
        csf2: Option<String> = "csf2",
        /// Notes.
        notes: Option<String> = "notes",
        /// Tags, in whatever form: see [`tag_names`](Self::tag_names).
        tags: Value = "tags",
        /// When it was created.
        created_at: Option<Timestamp> = "created_at",
        /// When it was changed last.
        updated_at: Option<Timestamp> = "updated_at",
    }
}

impl Contact {
    /// The date of birth, from either form that the provider writes: `MM/DD/YYYY` or `YYYY-MM-DD`, with or without a time.
    /// `None` for what is no date. Whether it lies in the future is for the caller to judge: such were seen.
    #[must_use]
    pub fn birthday(&self) -> Option<Date> {
        let text = self.date_of_birth.as_deref()?.trim();
        let day = text.split([' ', 'T']).next()?;
        day.parse()
            .or_else(|_| Date::strptime("%m/%d/%Y", day))
            .ok()
            .filter(|date: &Date| date.year() > 0)
    }

    /// The names of the tags: the provider writes a list of names, of objects, or one text with commas.
    #[must_use]
    pub fn tag_names(&self) -> Vec<String> {
        let name = |tag: &Value| match tag {
            Value::String(name) => Some(name.clone()),
            Value::Object(tag) => tag.get("name")?.as_str().map(str::to_owned),
            _ => None,
        };
        match &self.tags {
            Value::Array(tags) => tags.iter().filter_map(name).collect(),
            Value::String(tags) => tags
                .split(',')
                .map(|tag| tag.trim().to_owned())
                .filter(|tag| !tag.is_empty())
                .collect(),
            _ => Vec::new(),
        }
    }
}

input_object! {
    /// A further phone number of a contact.
    pub struct OtherPhone {
        /// What it is: `work`.
        label: Option<String> = "label",
        /// The number.
        phone_number: Option<String> = "phone_number",
    }
}
