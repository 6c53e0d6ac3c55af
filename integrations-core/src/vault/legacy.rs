//! Reading the values of older systems, to move them into the vault. Nothing here writes these formats.

use std::fmt;

use aes_gcm::aead::consts::U16;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut as _, AesGcm, KeyInit as _, aes::Aes256};
use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use zeroize::Zeroizing;

use super::VaultKey;
use super::errors::crypto;
use crate::{Error, Result, SecretString};

/// A format of an older system, recognised by its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LegacyFormat {
    /// `{iv}:{ciphertext}` in hex: AES-256-CBC with PKCS #7 padding. Nothing authenticates it.
    Aes256Cbc,
    /// `{iv}:{tag}:{ciphertext}` in hex: AES-256-GCM with a 16-byte IV and no associated data.
    Aes256Gcm,
}

impl LegacyFormat {
    /// The format that a stored text has the shape of; `None` for anything else, for example a value that was never
    /// encrypted.
    #[must_use]
    pub fn detect(text: &str) -> Option<Self> {
        Parts::of(text).map(|parts| parts.format())
    }
}

enum Parts<'a> {
    Cbc([&'a str; 2]),
    Gcm([&'a str; 3]),
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let hex = |part: &str| {
            part.len().is_multiple_of(2) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let (iv, rest) = text.split_once(':')?;
        if iv.len() != 32 || !hex(iv) {
            return None;
        }
        match rest.split_once(':') {
            None if !rest.is_empty() && rest.len().is_multiple_of(32) && hex(rest) => {
                Some(Self::Cbc([iv, rest]))
            }
            Some((tag, ciphertext)) if tag.len() == 32 && hex(tag) && hex(ciphertext) => {
                Some(Self::Gcm([iv, tag, ciphertext]))
            }
            _ => None,
        }
    }

    fn format(&self) -> LegacyFormat {
        match self {
            Self::Cbc(_) => LegacyFormat::Aes256Cbc,
            Self::Gcm(_) => LegacyFormat::Aes256Gcm,
        }
    }
}

/// A key of an older system, derived once.
pub struct LegacyKey(VaultKey);

impl LegacyKey {
    /// `crypto.scryptSync(secret, "salt", 32)` of Node.js. Takes 25 ms: make it once.
    ///
    /// # Errors
    /// As [`scrypt_with_salt`](Self::scrypt_with_salt).
    pub fn scrypt(secret: &SecretString) -> Result<Self> {
        Self::scrypt_with_salt(secret, b"salt")
    }

    /// `crypto.scryptSync(secret, salt, 32)` of Node.js: N = 16384, r = 8, p = 1. Takes 25 ms: make it once.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the secret is empty.
    pub fn scrypt_with_salt(secret: &SecretString, salt: &[u8]) -> Result<Self> {
        let secret = not_empty(secret)?;
        let unusable = || Error::config("the legacy key cannot be derived");
        let params = scrypt::Params::new(14, 8, 1).map_err(|_| unusable())?;
        let mut key = VaultKey::zeros();
        scrypt::scrypt(secret.as_bytes(), salt, &params, key.bytes_mut())
            .map_err(|_| unusable())?;
        Ok(Self(key))
    }

    /// A text whose bytes are the key: what Node.js makes of a string that is passed as a key.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when it is not 32 bytes long.
    pub fn text(secret: &SecretString) -> Result<Self> {
        VaultKey::from_bytes(not_empty(secret)?.as_bytes())
            .map(Self)
            .map_err(|_| Error::config("a legacy text key is exactly 32 bytes of UTF-8"))
    }

    /// A key of 64 hex digits: `Buffer.from(secret, "hex")` of Node.js.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when it is not.
    pub fn hex(secret: &SecretString) -> Result<Self> {
        let mut key = VaultKey::zeros();
        hex::decode_to_slice(not_empty(secret)?, key.bytes_mut())
            .map_err(|_| Error::config("a legacy hex key is exactly 64 hex digits"))?;
        Ok(Self(key))
    }

    /// A key of 32 bytes in base64: `Buffer.from(secret, "base64")` of Node.js.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when it is not.
    pub fn base64(secret: &SecretString) -> Result<Self> {
        VaultKey::from_base64(not_empty(secret)?).map(Self)
    }
}

fn not_empty(secret: &SecretString) -> Result<&str> {
    let secret = crate::ExposeSecret::expose_secret(secret);
    if secret.is_empty() {
        return Err(Error::config(
            "the secret of the legacy values is empty: take it from the old system's environment",
        ));
    }
    Ok(secret)
}

impl fmt::Debug for LegacyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LegacyKey([redacted])")
    }
}

/// Opens values of older systems.
///
/// ```
/// use integrations_core::vault::{LegacyFormat, LegacyKey, LegacyReader};
/// # use integrations_core::ExposeSecret as _;
///
/// # fn main() -> integrations_core::Result<()> {
/// let reader = LegacyReader::new().with_cbc(LegacyKey::scrypt(&"example secret".into())?);
/// let stored = "000102030405060708090a0b0c0d0e0f:03e5579090618e833b4f93c8a72fc80f";
/// assert_eq!(LegacyFormat::detect(stored), Some(LegacyFormat::Aes256Cbc));
/// assert_eq!(reader.open(stored)?.expose_secret(), "pit-example");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct LegacyReader {
    cbc: Option<LegacyKey>,
    gcm: Option<LegacyKey>,
}

impl LegacyReader {
    /// A reader without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `{iv}:{ciphertext}` with this key.
    #[must_use]
    pub fn with_cbc(mut self, key: LegacyKey) -> Self {
        self.cbc = Some(key);
        self
    }

    /// Reads `{iv}:{tag}:{ciphertext}` with this key.
    #[must_use]
    pub fn with_gcm(mut self, key: LegacyKey) -> Self {
        self.gcm = Some(key);
        self
    }

    /// Opens a stored text; then seal it with the vault.
    ///
    /// AES-256-CBC has no authentication: about one wrong key in 256 gives garbage instead of an error, so look at the
    /// value before you trust it.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `legacy_malformed` when it has neither format,
    /// `legacy_no_key` when the reader has no key for its format, and `legacy_unreadable`, whatever the cause, when it
    /// does not open.
    pub fn open(&self, text: &str) -> Result<SecretString> {
        let parts = Parts::of(text).ok_or_else(|| {
            crypto(
                "legacy_malformed",
                "neither {iv}:{ciphertext} nor {iv}:{tag}:{ciphertext} in hex",
            )
        })?;
        let key = match parts.format() {
            LegacyFormat::Aes256Cbc => &self.cbc,
            LegacyFormat::Aes256Gcm => &self.gcm,
        };
        let key = key.as_ref().ok_or_else(|| {
            crypto(
                "legacy_no_key",
                "the reader has no key for this format: give it the old system's",
            )
        })?;
        // One error for every cause: what was wrong with a padding is nobody's business.
        open(&parts, &key.0).ok_or_else(|| {
            crypto(
                "legacy_unreadable",
                "the value does not open: another key sealed it, or it is damaged",
            )
        })
    }
}

fn open(parts: &Parts<'_>, key: &VaultKey) -> Option<SecretString> {
    match *parts {
        Parts::Cbc([iv, ciphertext]) => {
            let key = UnboundCipherKey::new(&AES_256, key.expose_bytes()).ok()?;
            let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
            let context = DecryptionContext::Iv128(bytes::<16>(iv)?.into());
            let mut buffer = Zeroizing::new(hex::decode(ciphertext).ok()?);
            text(key.decrypt(&mut buffer, context).ok()?)
        }
        Parts::Gcm([iv, tag, ciphertext]) => {
            let cipher = AesGcm::<Aes256, U16>::new(key.expose_bytes().into());
            let (iv, tag) = (bytes::<16>(iv)?, bytes::<16>(tag)?);
            let mut buffer = Zeroizing::new(hex::decode(ciphertext).ok()?);
            let in_out = InOutBuf::from(buffer.as_mut_slice());
            cipher
                .decrypt_inout_detached(&iv.into(), b"", in_out, &tag.into())
                .ok()?;
            text(&buffer)
        }
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    hex::decode_to_slice(text, &mut out).ok()?;
    Some(out)
}

fn text(bytes: &[u8]) -> Option<SecretString> {
    std::str::from_utf8(bytes).ok().map(Into::into)
}
