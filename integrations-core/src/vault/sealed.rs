//! Sealed values as they are stored.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::cipher::OVERHEAD;
use super::errors::{malformed, unsupported_version};
use super::{KeyId, WrappedKey, encoding};
use crate::{Error, Result};

const PREFIX: &str = "v1.";

/// One encrypted value: nonce, ciphertext and tag. It opens with its record's [`RecordKey`](super::RecordKey).
///
/// As text and in JSON: base64url without padding.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ciphertext(Box<[u8]>);

impl Ciphertext {
    /// Checks the length of stored bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `malformed` when they are too short for any ciphertext.
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Result<Self> {
        let bytes = bytes.into();
        if bytes.len() < OVERHEAD {
            return Err(malformed("a ciphertext that is too short"));
        }
        Ok(Self(bytes))
    }

    /// The stored bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoding::encode(&self.0))
    }
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ciphertext({} bytes)", self.0.len())
    }
}

impl FromStr for Ciphertext {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_bytes(encoding::decode(text)?)
    }
}

/// One sealed value with its own data key: `v1.<key id>.<wrapped data key>.<ciphertext>`.
///
/// `Display` and `FromStr` are the stored form; in JSON it is that string.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sealed {
    key: WrappedKey,
    ciphertext: Ciphertext,
}

impl Sealed {
    pub(super) fn new(key: WrappedKey, ciphertext: Ciphertext) -> Self {
        Self { key, ciphertext }
    }

    /// Whether a stored text claims to be a sealed value, of any version: a cheap look before [`FromStr`], for columns
    /// that still hold values of older systems.
    #[must_use]
    pub fn looks_sealed(text: &str) -> bool {
        version(text).is_some()
    }

    /// The wrapped data key.
    #[must_use]
    pub fn wrapped_key(&self) -> &WrappedKey {
        &self.key
    }

    /// The key that wraps the data key.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        self.key.key_id()
    }

    /// The encrypted value.
    #[must_use]
    pub fn ciphertext(&self) -> &Ciphertext {
        &self.ciphertext
    }

    pub(super) fn with_key(&self, key: WrappedKey) -> Self {
        Self::new(key, self.ciphertext.clone())
    }
}

/// The number in `v<number>.…`.
fn version(text: &str) -> Option<&str> {
    let (digits, _) = text.strip_prefix('v')?.split_once('.')?;
    let digits = Some(digits).filter(|digits| (1..=3).contains(&digits.len()));
    digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = encoding::encode(self.key.as_bytes());
        write!(f, "{PREFIX}{}.{key}.{}", self.key_id(), self.ciphertext)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {:?})", self.key_id(), self.ciphertext)
    }
}

impl FromStr for Sealed {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `malformed` or `unsupported_version`.
    fn from_str(text: &str) -> Result<Self> {
        let shape = || malformed("not of the form v1.<key id>.<wrapped key>.<ciphertext>");
        let Some(rest) = text.strip_prefix(PREFIX) else {
            return Err(match version(text) {
                Some(_) => unsupported_version(),
                None => shape(),
            });
        };
        // From the right: a key id may hold dots, base64url does not.
        let mut parts = rest.rsplitn(3, '.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(ciphertext), Some(key), Some(key_id)) => Ok(Self::new(
                WrappedKey::parse(key_id, key)?,
                ciphertext.parse()?,
            )),
            _ => Err(shape()),
        }
    }
}

macro_rules! serde_as_text {
    ($($name:ident),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

serde_as_text!(Ciphertext, Sealed);
