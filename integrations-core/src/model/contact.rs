use jiff::Timestamp;
use jiff::civil::Date;

use super::macros::record;
use super::{Address, Company, ExternalId, OptOuts, User};
use crate::email::EmailAddress;
use crate::phone::PhoneNumber;

record! {
    /// A person: contact, lead.
    pub struct Contact {
        shown {
            /// The provider's id.
            id: ExternalId<Contact> => with_id,
            /// The user who owns it.
            owner: ExternalId<User> => with_owner,
            /// The company it belongs to.
            company: ExternalId<Company> => with_company,
            /// IANA time zone, as the source states it.
            timezone: String => with_timezone,
            /// Where the lead came from, in the source's words.
            source: String => with_source,
            /// Created at the source.
            created_at: Timestamp => with_created_at,
            /// Last changed at the source.
            updated_at: Timestamp => with_updated_at,
        }
        hidden {
            /// Given name.
            first_name: String => with_first_name,
            /// Family name.
            last_name: String => with_last_name,
            /// The whole name, where the source has only that.
            name: String => with_name,
            /// The main e-mail address.
            email: EmailAddress => with_email,
            /// The main phone number.
            phone: PhoneNumber => with_phone,
            /// The company's name.
            company_name: String => with_company_name,
            /// Position.
            job_title: String => with_job_title,
            /// Postal address.
            address: Address => with_address,
            /// Website.
            website: String => with_website,
            /// Day of birth.
            birthday: Date => with_birthday,
        }
        plain {
            /// Further e-mail addresses.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            other_emails: Vec<EmailAddress>,
            /// Further phone numbers.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            other_phones: Vec<PhoneNumber>,
            /// Tags or labels.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            tags: Vec<String>,
            /// What the source says about contacting the person.
            #[serde(skip_serializing_if = "OptOuts::is_empty")]
            opt_outs: OptOuts,
        }
    }
}

impl Contact {
    /// The name to show: the whole name, or first and last name joined.
    #[must_use]
    pub fn display_name(&self) -> Option<String> {
        let filled = |part: &Option<String>| {
            part.as_deref()
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
        };
        filled(&self.name).or_else(
            || match (filled(&self.first_name), filled(&self.last_name)) {
                (Some(first), Some(last)) => Some(format!("{first} {last}")),
                (first, last) => first.or(last),
            },
        )
    }

    /// Every e-mail address, the main one first.
    pub fn emails(&self) -> impl Iterator<Item = &EmailAddress> {
        self.email.iter().chain(&self.other_emails)
    }

    /// Every phone number, the main one first.
    pub fn phones(&self) -> impl Iterator<Item = &PhoneNumber> {
        self.phone.iter().chain(&self.other_phones)
    }
}
