use std::fmt;

use crate::{Error, ErrorKind, Result};

/// A country or territory by its ISO 3166-1 code of two letters: where a number without a country code is dialled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region([u8; 2]);

impl Region {
    /// United States.
    pub const US: Self = Self(*b"US");
    /// Canada.
    pub const CA: Self = Self(*b"CA");
    /// United Kingdom.
    pub const GB: Self = Self(*b"GB");

    /// A region from its two letters, in either case.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when it is not two ASCII letters.
    pub fn new(code: &str) -> Result<Self> {
        match code.trim().as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(Error::new(
                ErrorKind::Validation,
                "a region is an ISO 3166-1 code of two letters, for example US",
            )),
        }
    }

    /// The two letters in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::str::FromStr for Region {
    type Err = Error;

    fn from_str(code: &str) -> Result<Self> {
        Self::new(code)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({self})")
    }
}
