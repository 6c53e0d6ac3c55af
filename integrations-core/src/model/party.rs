use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::email::EmailAddress;
use crate::phone::PhoneNumber;

/// One end of a message or call: written as one string in JSON.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Party {
    /// A phone number.
    Phone(PhoneNumber),
    /// An e-mail address.
    Email(EmailAddress),
    /// Anything else: a short code, a chat user's id, a number that is not in E.164 form.
    Other(String),
}

impl Party {
    /// The text, whichever it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Phone(phone) => phone.as_str(),
            Self::Email(email) => email.as_str(),
            Self::Other(text) => text,
        }
    }

    /// The phone number, when it is one.
    #[must_use]
    pub fn phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Phone(phone) => Some(phone),
            _ => None,
        }
    }

    /// The e-mail address, when it is one.
    #[must_use]
    pub fn email(&self) -> Option<&EmailAddress> {
        match self {
            Self::Email(email) => Some(email),
            _ => None,
        }
    }
}

impl From<&str> for Party {
    /// E.164 form is a phone number, an address (also `Name <address>`) an e-mail address, the rest other.
    fn from(text: &str) -> Self {
        if let Ok(phone) = PhoneNumber::from_e164(text) {
            return Self::Phone(phone);
        }
        EmailAddress::from_mailbox(text)
            .map_or_else(|_| Self::Other(text.trim().into()), Self::Email)
    }
}

impl From<String> for Party {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<PhoneNumber> for Party {
    fn from(phone: PhoneNumber) -> Self {
        Self::Phone(phone)
    }
}

impl From<EmailAddress> for Party {
    fn from(email: EmailAddress) -> Self {
        Self::Email(email)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(phone) => phone.fmt(f),
            Self::Email(email) => email.fmt(f),
            Self::Other(_) => f.write_str("Other(…)"),
        }
    }
}

impl Serialize for Party {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Party {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::lenient::string(deserializer).map(Self::from)
    }
}
