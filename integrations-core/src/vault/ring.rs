//! The key ring: wrapping keys by id, the first one active.

use std::fmt;

use async_trait::async_trait;

use super::aad::{Purpose, push};
use super::cipher::{Cipher, KEY_LEN, OVERHEAD};
use super::errors::{MAKE_ONE, malformed, unknown_key};
use super::{KeyId, KeyProvider, RecordScope, VaultKey, WrappedKey};
use crate::{Error, Result, SecretString};

/// Wrapping keys by id. The first wraps; all of them unwrap.
///
/// A rotation without a pause: add the new key at the end and deploy, move it to the front and deploy,
/// [`upgrade`](super::Vault::upgrade) every row, take the old key out and deploy.
///
/// `Debug` shows ids only; keys are wiped on drop.
pub struct KeyRing {
    entries: Vec<Entry>,
}

struct Entry {
    id: KeyId,
    key: VaultKey,
    cipher: Cipher,
}

impl KeyRing {
    /// A ring of these keys; the first is active.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when there is none, or when an id or a key comes twice.
    pub fn new(keys: impl IntoIterator<Item = (KeyId, VaultKey)>) -> Result<Self> {
        let mut entries: Vec<Entry> = Vec::new();
        for (id, key) in keys {
            let at = entries.len() + 1;
            if entries.iter().any(|entry| entry.id == id) {
                return Err(Error::config(format!(
                    "key {at} of the ring has the id of an earlier one: give each key its own id"
                )));
            }
            if entries.iter().any(|entry| entry.key == key) {
                return Err(Error::config(format!(
                    "key {at} of the ring equals an earlier one under another id: {MAKE_ONE}"
                )));
            }
            let cipher = Cipher::new(key.expose_bytes())?;
            entries.push(Entry { id, key, cipher });
        }
        if entries.is_empty() {
            return Err(Error::config(format!("the key ring is empty: {MAKE_ONE}")));
        }
        Ok(Self { entries })
    }

    /// A ring of one new random key, named by its fingerprint. Keep [`to_text`](Self::to_text): without it nothing that
    /// it seals can ever be opened again.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when the system's random source fails.
    pub fn generate() -> Result<Self> {
        let key = VaultKey::generate()?;
        Self::new([(key.fingerprint()?, key)])
    }

    /// The key that wraps.
    #[must_use]
    pub fn active_id(&self) -> &KeyId {
        &self.entries[0].id
    }

    /// The ids, the active one first.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.entries.iter().map(|entry| &entry.id)
    }

    /// The ring as text, one `id:base64` per line: what [`parse`](Self::parse) reads. It is the secret of all secrets.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let lines = self.entries.iter().map(|entry| {
            let (id, key) = (entry.id.as_str(), entry.key.to_base64());
            (id, key)
        });
        let lines: Vec<_> = lines.collect();
        let length = lines.iter().map(|(id, key)| id.len() + key.len() + 2).sum();
        // Exactly long enough: a buffer that grows leaves copies behind.
        let mut text = String::with_capacity(length);
        for (id, key) in &lines {
            for part in [id, ":", key, "\n"] {
                text.push_str(part);
            }
        }
        text.into()
    }

    pub(super) fn wrap_now(&self, key: &VaultKey, scope: &RecordScope<'_>) -> Result<WrappedKey> {
        let Entry { id, cipher, .. } = &self.entries[0];
        let bytes = cipher.seal(&associated(id, scope), key.expose_bytes())?;
        WrappedKey::new(id.clone(), bytes)
    }

    pub(super) fn unwrap_now(
        &self,
        wrapped: &WrappedKey,
        scope: &RecordScope<'_>,
    ) -> Result<VaultKey> {
        let id = wrapped.key_id();
        let mut entries = self.entries.iter();
        let Some(Entry { cipher, .. }) = entries.find(|entry| entry.id == *id) else {
            return Err(unknown_key(id));
        };
        if wrapped.as_bytes().len() != OVERHEAD + KEY_LEN {
            return Err(malformed("a wrapped key of the wrong length"));
        }
        let mut key = VaultKey::zeros();
        cipher.open_into(&associated(id, scope), wrapped.as_bytes(), key.bytes_mut())?;
        Ok(key)
    }
}

fn associated(id: &KeyId, scope: &RecordScope<'_>) -> Vec<u8> {
    let mut out = scope.bytes(Purpose::DataKey, id.as_str().len());
    push(&mut out, id.as_str());
    out
}

#[async_trait]
impl KeyProvider for KeyRing {
    fn active_id(&self) -> KeyId {
        self.active_id().clone()
    }

    async fn wrap(&self, key: &VaultKey, scope: &RecordScope<'_>) -> Result<WrappedKey> {
        self.wrap_now(key, scope)
    }

    async fn unwrap(&self, wrapped: &WrappedKey, scope: &RecordScope<'_>) -> Result<VaultKey> {
        self.unwrap_now(wrapped, scope)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing")?;
        f.debug_list()
            .entries(self.ids().map(KeyId::as_str))
            .finish()
    }
}
