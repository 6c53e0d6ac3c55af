//! A record's data key, unwrapped: opens and seals its fields without asking the ring again.

use std::fmt;

use super::aad::{Purpose, push};
use super::cipher::Cipher;
use super::errors::not_text;
use super::{Ciphertext, RecordScope, SecretBytes, VaultKey, WrappedKey};
use crate::secret::constant_time_eq;
use crate::{ExposeSecret as _, Result, SecretString, TenantId};

/// The open data key of one record. Wiped when its last owner, which may be the vault's cache, lets go of it.
///
/// Everything here is plain computation: no waiting, no cache, no lock.
pub struct RecordKey {
    cipher: Cipher,
    wrapped: WrappedKey,
    tenant: TenantId,
    record: Box<str>,
    /// The associated data of every field, up to the field's name.
    prefix: Box<[u8]>,
}

impl RecordKey {
    pub(super) fn new(
        key: &VaultKey,
        wrapped: WrappedKey,
        scope: &RecordScope<'_>,
    ) -> Result<Self> {
        Ok(Self {
            cipher: Cipher::new(key.expose_bytes())?,
            wrapped,
            tenant: scope.tenant().clone(),
            record: scope.record().into(),
            prefix: scope.bytes(Purpose::Field, 0).into(),
        })
    }

    /// The record this key belongs to.
    #[must_use]
    pub fn scope(&self) -> RecordScope<'_> {
        RecordScope::new(&self.tenant, &self.record)
    }

    /// The data key as it is stored.
    #[must_use]
    pub fn wrapped_key(&self) -> &WrappedKey {
        &self.wrapped
    }

    /// Encrypts one field with a new nonce.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when the system's random source fails.
    pub fn seal(&self, field: &str, plaintext: impl AsRef<[u8]>) -> Result<Ciphertext> {
        let sealed = self
            .cipher
            .seal(&self.associated(field), plaintext.as_ref())?;
        Ciphertext::from_bytes(sealed)
    }

    /// Decrypts one field.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `tampered` (also when it belongs elsewhere) or
    /// `not_text`.
    pub fn open(&self, field: &str, ciphertext: &Ciphertext) -> Result<SecretString> {
        let bytes = self.plaintext(field, ciphertext)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(error) => {
                drop(SecretBytes::from(error.into_bytes()));
                Err(not_text())
            }
        }
    }

    /// Decrypts one field that need not be text.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `tampered` (also when it belongs elsewhere).
    pub fn open_bytes(&self, field: &str, ciphertext: &Ciphertext) -> Result<SecretBytes> {
        self.plaintext(field, ciphertext).map(Into::into)
    }

    /// Whether a sealed field holds exactly this value; the comparison takes constant time.
    ///
    /// # Errors
    /// As [`open_bytes`](Self::open_bytes).
    pub fn holds(
        &self,
        field: &str,
        ciphertext: &Ciphertext,
        value: impl AsRef<[u8]>,
    ) -> Result<bool> {
        let held = self.open_bytes(field, ciphertext)?;
        Ok(constant_time_eq(held.expose_secret(), value.as_ref()))
    }

    pub(super) fn is_for(&self, wrapped: &WrappedKey, scope: &RecordScope<'_>) -> bool {
        self.wrapped == *wrapped && self.scope() == *scope
    }

    /// Exactly as long as its text: turning it into a boxed secret moves it without a copy.
    fn plaintext(&self, field: &str, ciphertext: &Ciphertext) -> Result<Vec<u8>> {
        self.cipher
            .open(&self.associated(field), ciphertext.as_bytes())
    }

    fn associated(&self, field: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.prefix.len() + 8 + field.len());
        out.extend_from_slice(&self.prefix);
        push(&mut out, field);
        out
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RecordKey({:?}, {})",
            self.scope(),
            self.wrapped.key_id()
        )
    }
}
