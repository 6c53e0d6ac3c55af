//! Keys and their names.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};
use zeroize::Zeroizing;

use super::cipher::KEY_LEN;
use super::errors::{MAKE_ONE, malformed, unavailable};
use crate::secret::constant_time_eq;
use crate::{Error, Result};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ENGINES: [GeneralPurpose; 2] = [
    GeneralPurpose::new(&STANDARD, LENIENT),
    GeneralPurpose::new(&URL_SAFE, LENIENT),
];

/// The name of a wrapping key: stored with every ciphertext, shown in errors. Not a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// Checks a name: 1 to 256 printable ASCII characters without spaces, commas and quotes. The name of a key in a KMS
    /// (`arn:aws:kms:…`) is one.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `malformed`.
    pub fn new(id: impl AsRef<str>) -> Result<Self> {
        let id = id.as_ref();
        let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b',' | b'"' | b'\\');
        if id.is_empty() || id.len() > 256 || !id.bytes().all(allowed) {
            return Err(malformed(
                "a key id is 1 to 256 printable ASCII characters without spaces, commas and quotes",
            ));
        }
        Ok(Self(id.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

impl std::str::FromStr for KeyId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

/// A 256-bit key: wiped on drop, compared in constant time, never printed.
pub struct VaultKey(Box<Zeroizing<[u8; KEY_LEN]>>);

impl VaultKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when the system's random source fails.
    pub fn generate() -> Result<Self> {
        let mut key = Self::zeros();
        aws_lc_rs::rand::fill(&mut **key.0).map_err(|_| unavailable())?;
        Ok(key)
    }

    /// A key from its bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when they are not 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.len() != KEY_LEN {
            return Err(Error::config(format!(
                "a key is 32 bytes, this one has {}: {MAKE_ONE}",
                bytes.len()
            )));
        }
        let mut key = Self::zeros();
        key.0.copy_from_slice(bytes);
        Ok(key)
    }

    /// A key from base64, standard or URL-safe, padded or not.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when it is not base64 of 32 bytes; the text is not repeated.
    pub fn from_base64(text: &str) -> Result<Self> {
        let mut buffer = Zeroizing::new([0; 96]);
        let text = text.trim();
        for engine in ENGINES {
            // A longer text does not fit the buffer and is not 32 bytes either.
            if let Ok(length) = engine.decode_slice(text, &mut *buffer) {
                return Self::from_bytes(&buffer[..length]);
            }
        }
        Err(Error::config(format!(
            "a key is not base64 of 32 bytes: {MAKE_ONE}"
        )))
    }

    /// The key's bytes: for a [`KeyProvider`](super::KeyProvider) that wraps them. Never log or store them.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    pub(super) fn zeros() -> Self {
        Self(Box::new(Zeroizing::new([0; KEY_LEN])))
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8; KEY_LEN] {
        &mut self.0
    }

    pub(super) fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(ENGINES[0].encode(self.expose_bytes()))
    }

    /// A name made from the key itself, for rings that give none: tells nothing about a random key.
    pub(super) fn fingerprint(&self) -> Result<KeyId> {
        let mut context = Context::new(&SHA256);
        context.update(b"integrations-vault key id");
        context.update(self.expose_bytes());
        let mut id = String::from("k");
        for byte in &context.finish().as_ref()[..8] {
            id.push_str(&format!("{byte:02x}"));
        }
        KeyId::new(id)
    }
}

impl PartialEq for VaultKey {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(self.expose_bytes(), other.expose_bytes())
    }
}

impl Eq for VaultKey {}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey([redacted])")
    }
}
