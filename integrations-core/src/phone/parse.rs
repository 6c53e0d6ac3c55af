//! Reading what people type, by Google's rules.

use super::{PhoneNumber, Region};
use crate::{Error, ErrorKind, Result};

/// Longer texts are no phone numbers: refused before the rules see them.
const MAX_TEXT: usize = 250;

impl PhoneNumber {
    /// Reads a number as people and CRMs write it: `(202) 555-0123`, `011 44 20 7946 0958`, `+33 1 42 68 53 00`,
    /// `tel:+1-202-555-0123`, digits of any script. A number without a country code is one of `default_region`. An
    /// extension is read and dropped: see [`parse_with_extension`](Self::parse_with_extension).
    ///
    /// Costs about 10 µs in a release build; the first call of a process some milliseconds more.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when it is no number, lacks a country code and there is no `default_region`, or is not
    /// valid by the numbering plan of its country; the message does not repeat the text.
    pub fn parse(text: impl AsRef<str>, default_region: Option<Region>) -> Result<Self> {
        Self::parse_with_extension(text, default_region).map(|(number, _)| number)
    }

    /// Like [`parse`](Self::parse), with the extension (`ext. 12`, `x12`, `;ext=12`) beside the number.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse).
    pub fn parse_with_extension(
        text: impl AsRef<str>,
        default_region: Option<Region>,
    ) -> Result<(Self, Option<String>)> {
        let text = text.as_ref();
        if text.len() > MAX_TEXT {
            return Err(refused("a phone number is at most 250 bytes of text"));
        }
        let region = default_region
            .and_then(|region| rlibphonenumber::Region::from_code(region.as_str()).ok());
        let number = rlibphonenumber::PhoneNumber::parse(text, region).map_err(|error| {
            refused(match error {
                rlibphonenumber::ParseError::InvalidCountryCode if region.is_none() => {
                    "a phone number without a country code needs a default region"
                }
                rlibphonenumber::ParseError::InvalidCountryCode => "no country has this code",
                rlibphonenumber::ParseError::TooLongNsn => "too long for a phone number",
                rlibphonenumber::ParseError::TooShortAfterIdd
                | rlibphonenumber::ParseError::TooShortNsn => "too short for a phone number",
                _ => "not a phone number",
            })
        })?;
        if !number.is_valid() {
            return Err(refused("not a valid phone number of its country"));
        }
        let e164 = number.format_as(rlibphonenumber::PhoneNumberFormat::E164);
        let extension = number
            .extension
            .as_ref()
            .filter(|ext| !ext.is_empty())
            .cloned();
        Ok((Self::from_e164(e164)?, extension))
    }

    /// Where the number is registered, when its plan tells; `None` for numbers of no country, such as +800.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        let number = rlibphonenumber::PhoneNumber::parse(self.as_str(), None).ok()?;
        Region::new(number.get_region_code()?.as_region_str().as_str()).ok()
    }
}

fn refused(why: &'static str) -> Error {
    Error::new(ErrorKind::Validation, why)
}
