//! Fields of a contact, by name: where a value lives on each side.

use integrations_core::email::EmailAddress;
use integrations_core::model::{Address, Contact};
use integrations_core::phone::PhoneNumber;
use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! texts {
    ($contact:ident, $field:ident, $text:ident, $address:ident) => {
        match $field {
            Field::FirstName => $text!($contact.first_name),
            Field::LastName => $text!($contact.last_name),
            Field::Name => $text!($contact.name),
            Field::CompanyName => $text!($contact.company_name),
            Field::JobTitle => $text!($contact.job_title),
            Field::Website => $text!($contact.website),
            Field::Timezone => $text!($contact.timezone),
            Field::Source => $text!($contact.source),
            Field::Street => $address!(street),
            Field::City => $address!(city),
            Field::State => $address!(state),
            Field::PostalCode => $address!(postal_code),
            Field::Country => $address!(country),
            _ => None,
        }
    };
}

/// A place for one value in a [`Contact`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Field {
    /// Given name.
    FirstName,
    /// Family name.
    LastName,
    /// The whole name, of contacts that have no parts of it.
    Name,
    /// The main e-mail address.
    Email,
    /// The main phone number.
    Phone,
    /// The company's name.
    CompanyName,
    /// Position.
    JobTitle,
    /// Street and house number.
    Street,
    /// City.
    City,
    /// State, province or region.
    State,
    /// ZIP or postal code.
    PostalCode,
    /// Country.
    Country,
    /// Website.
    Website,
    /// IANA time zone.
    Timezone,
    /// Where the lead came from.
    Source,
    /// Day of birth.
    Birthday,
    /// Tags: compared tag by tag.
    Tags,
    /// Further e-mail addresses: compared one by one.
    OtherEmails,
    /// Further phone numbers: compared one by one.
    OtherPhones,
    /// A field of the provider's own, by its name in [`Contact::extra`].
    Extra(String),
}

impl Field {
    /// Every field of the shared vocabulary.
    pub const SHARED: [Self; 19] = [
        Self::FirstName,
        Self::LastName,
        Self::Name,
        Self::Email,
        Self::Phone,
        Self::CompanyName,
        Self::JobTitle,
        Self::Street,
        Self::City,
        Self::State,
        Self::PostalCode,
        Self::Country,
        Self::Website,
        Self::Timezone,
        Self::Source,
        Self::Birthday,
        Self::Tags,
        Self::OtherEmails,
        Self::OtherPhones,
    ];

    /// A field of the provider's own.
    pub fn extra(name: impl Into<String>) -> Self {
        Self::Extra(name.into())
    }

    /// Whether it holds many values, which are compared one by one.
    #[must_use]
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Tags | Self::OtherEmails | Self::OtherPhones)
    }

    /// Its name: `firstName`, `extra.color`.
    #[must_use]
    pub fn name(&self) -> String {
        let word = match self {
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::Name => "name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::CompanyName => "companyName",
            Self::JobTitle => "jobTitle",
            Self::Street => "street",
            Self::City => "city",
            Self::State => "state",
            Self::PostalCode => "postalCode",
            Self::Country => "country",
            Self::Website => "website",
            Self::Timezone => "timezone",
            Self::Source => "source",
            Self::Birthday => "birthday",
            Self::Tags => "tags",
            Self::OtherEmails => "otherEmails",
            Self::OtherPhones => "otherPhones",
            Self::Extra(name) => return format!("extra.{name}"),
        };
        word.to_owned()
    }

    /// The value there; `None` when the contact says nothing, or nothing but spaces.
    pub(crate) fn read(&self, contact: &Contact) -> Option<Value> {
        let field = self;
        let address = contact.address.as_ref();
        macro_rules! text {
            ($text:expr) => {
                filled($text.as_deref())
            };
        }
        macro_rules! part {
            ($part:ident) => {
                filled(address.and_then(|address| address.$part.as_deref()))
            };
        }
        match field {
            // A whole name beside its parts is the parts' echo.
            Self::Name if contact.first_name.is_some() || contact.last_name.is_some() => None,
            Self::Email => contact.email.as_ref().map(|email| email.as_str().into()),
            Self::Phone => contact.phone.as_ref().map(|phone| phone.as_str().into()),
            Self::Birthday => contact.birthday.map(|day| day.to_string().into()),
            Self::Extra(name) => contact
                .extra
                .get(name)
                .filter(|value| !is_empty(value))
                .cloned(),
            _ => texts!(contact, field, text, part),
        }
    }

    /// Writes a value there; whether it fits. An empty text empties what can be emptied.
    pub(crate) fn write(&self, contact: &mut Contact, value: &Value) -> bool {
        let field = self;
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ if matches!(self, Self::Extra(_)) => String::new(),
            _ => return false,
        };
        macro_rules! text {
            ($place:expr) => {{
                $place = Some(text);
                Some(())
            }};
        }
        macro_rules! part {
            ($part:ident) => {{
                contact.address.get_or_insert_with(Address::new).$part = Some(text);
                Some(())
            }};
        }
        match field {
            Self::Email => {
                let email = EmailAddress::parse(&text).ok();
                contact.email = email.or(contact.email.take());
                contact.email.is_some()
            }
            Self::Phone => {
                let phone = PhoneNumber::from_e164(&text).ok();
                contact.phone = phone.or(contact.phone.take());
                contact.phone.is_some()
            }
            Self::Birthday => {
                let day = text.parse().ok();
                contact.birthday = day.or(contact.birthday.take());
                contact.birthday.is_some()
            }
            Self::Extra(name) => {
                contact.extra.insert(name.clone(), value.clone());
                true
            }
            _ => texts!(contact, field, text, part).is_some(),
        }
    }

    /// The values of a field that holds many.
    pub(crate) fn read_set(&self, contact: &Contact) -> Vec<String> {
        match self {
            Self::Tags => contact.tags.clone(),
            Self::OtherEmails => contact
                .other_emails
                .iter()
                .map(ToString::to_string)
                .collect(),
            Self::OtherPhones => contact
                .other_phones
                .iter()
                .map(ToString::to_string)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Replaces the values of a field that holds many.
    pub(crate) fn write_set(&self, contact: &mut Contact, values: &[String]) {
        match self {
            Self::Tags => contact.tags = values.to_vec(),
            Self::OtherEmails => {
                contact.other_emails = values
                    .iter()
                    .filter_map(|value| EmailAddress::parse(value).ok())
                    .collect();
            }
            Self::OtherPhones => {
                contact.other_phones = values
                    .iter()
                    .filter_map(|value| PhoneNumber::from_e164(value).ok())
                    .collect();
            }
            _ => {}
        }
    }

    /// A value as it is compared: what providers write differently and mean alike.
    pub(crate) fn normalise(&self, value: &Value) -> String {
        match value {
            Value::String(text) if matches!(self, Self::Email | Self::OtherEmails | Self::Tags) => {
                text.trim().to_lowercase()
            }
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        }
    }
}

fn filled(text: Option<&str>) -> Option<Value> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    Some(text.into())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for field in Field::SHARED.iter().filter(|field| !field.is_set()) {
            let value: Value = match field {
                Field::Email => "Jane@example.com".into(),
                Field::Phone => "+12025550123".into(),
                Field::Birthday => "1990-02-03".into(),
                _ => "some text".into(),
            };
            let mut contact = Contact::new();
            assert!(field.read(&contact).is_none());
            assert!(field.write(&mut contact, &value), "{field:?}");
            assert_eq!(field.read(&contact), Some(value), "{field:?}");
        }
        let own = Field::extra("color");
        let mut contact = Contact::new();
        own.write(&mut contact, &serde_json::json!(["red"]));
        assert_eq!(own.read(&contact), Some(serde_json::json!(["red"])));
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut contact = Contact::new();
        assert!(!Field::Email.write(&mut contact, &"no address".into()));
        assert!(!Field::Phone.write(&mut contact, &"".into()));
        assert!(!Field::FirstName.write(&mut contact, &serde_json::json!({})));
        assert_eq!(contact, Contact::new());
    }

    #[test]
    fn an_empty_text_says_nothing() {
        let contact = Contact::new().with_first_name("  ").with_extra("x", "");
        assert_eq!(Field::FirstName.read(&contact), None);
        assert_eq!(Field::extra("x").read(&contact), None);
    }
}
