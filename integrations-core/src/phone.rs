//! Phone numbers in E.164 form.
//!
//! A [`PhoneNumber`] is made in two ways: [`PhoneNumber::from_e164`] takes a number that is in the form already and
//! checks its syntax; `PhoneNumber::parse` (feature `phone`) reads what people type, and checks it against the
//! numbering plan of its country.

#[cfg(feature = "phone")]
mod parse;
mod region;

use std::fmt;

pub use region::Region;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, ErrorKind, Result};

/// A phone number in E.164 form: `+`, country code, national number, no extension.
///
/// `Display` and serde show the whole number, `Debug` only its ends: it is personal data and has no place in a log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(Box<str>);

impl PhoneNumber {
    /// Takes a number that is in E.164 form already: `+` and 7 to 15 digits, the first not zero. Spaces around it are
    /// dropped; nothing else is changed, and no numbering plan is asked.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when it has another form; the message does not repeat the number.
    pub fn from_e164(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref().trim();
        let digits = text.strip_prefix('+').unwrap_or_default().as_bytes();
        let fits = (7..=15).contains(&digits.len())
            && digits[0] != b'0'
            && digits.iter().all(u8::is_ascii_digit);
        if !fits {
            return Err(Error::new(
                ErrorKind::Validation,
                "a phone number in E.164 form is `+` and 7 to 15 digits, for example +12025550123",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The number, for example `+12025550123`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without the `+`, as some providers want them.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, tail) = (&self.0[..2], &self.0[self.0.len() - 4..]);
        write!(f, "PhoneNumber({head}…{tail})")
    }
}

impl AsRef<str> for PhoneNumber {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PhoneNumber {
    type Err = Error;

    /// Reads the E.164 form, like [`PhoneNumber::from_e164`].
    fn from_str(text: &str) -> Result<Self> {
        Self::from_e164(text)
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    /// Reads the E.164 form only.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_e164(text).map_err(|error| serde::de::Error::custom(error.message()))
    }
}
