//! E-mail addresses.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, ErrorKind, Result};

/// An e-mail address: trimmed, the domain in lower case, the local part as written.
///
/// The check is the practical one: one address, no display name, no quoted local part, no comment, a domain with a dot.
/// Internationalised domains are kept as written, not turned into punycode. `Display` and serde show the whole
/// address, `Debug` only `j…@example.com`: it is personal data and has no place in a log.
///
/// Two addresses are equal when they are written alike; to find the same person use [`normalized`](Self::normalized).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(Box<str>);

impl EmailAddress {
    /// Checks and wraps an address.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when it is not an address; the message does not repeat the text.
    pub fn parse(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref().trim();
        let refused = || {
            Error::new(
                ErrorKind::Validation,
                "not an e-mail address: write it like name@example.com",
            )
        };
        let (local, domain) = text.rsplit_once('@').ok_or_else(refused)?;
        let domain = domain.strip_suffix('.').unwrap_or(domain).to_lowercase();
        if text.len() > 320 || !is_local(local) || !is_domain(&domain) {
            return Err(refused());
        }
        Ok(Self(format!("{local}@{domain}").into()))
    }

    /// Reads an address out of a header or link: `Jane Doe <jane@example.com>`, `<jane@example.com>`,
    /// `mailto:jane@example.com`, or the bare address.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse), for the part that is the address.
    pub fn from_mailbox(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref().trim();
        let inner = text
            .strip_suffix('>')
            .and_then(|head| head.rsplit_once('<'))
            .map_or(text, |(_, inner)| inner);
        Self::parse(match inner.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &inner[7..],
            _ => inner,
        })
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`, as written.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part behind the `@`, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address in lower case: what two records of one person share. Dots and `+tags` stay, since only some
    /// providers ignore them.
    #[must_use]
    pub fn normalized(&self) -> String {
        self.0.to_lowercase()
    }
}

/// RFC 5321's dot-atom, and any letter beyond ASCII.
fn is_local(local: &str) -> bool {
    (1..=64).contains(&local.len())
        && local.split('.').all(|atom| {
            !atom.is_empty()
                && atom.chars().all(|c| {
                    c.is_ascii_alphanumeric()
                        || "!#$%&'*+-/=?^_`{|}~".contains(c)
                        || (!c.is_ascii() && c.is_alphanumeric())
                })
        })
}

fn is_domain(domain: &str) -> bool {
    let mut labels = 0;
    let fits = domain.len() <= 253
        && domain.split('.').all(|label| {
            labels += 1;
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .chars()
                    .all(|c| c == '-' || c.is_alphanumeric() || is_joined(c))
        });
    let top = domain.rsplit('.').next().unwrap_or_default();
    fits && labels >= 2 && !top.bytes().all(|b| b.is_ascii_digit())
}

/// Marks within words of Indic scripts, Thai and others, which `is_alphanumeric` leaves out.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{0E7F}' | '\u{200C}' | '\u{200D}')
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.0.chars().next().unwrap_or('…');
        write!(f, "EmailAddress({first}…@{})", self.domain())
    }
}

impl AsRef<str> for EmailAddress {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for EmailAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text).map_err(|error| serde::de::Error::custom(error.message()))
    }
}
