//! Where data keys are wrapped: the key ring, or a KMS behind [`KeyProvider`].

use std::fmt;

use async_trait::async_trait;

use super::errors::malformed;
use super::{KeyId, RecordScope, VaultKey, encoding};
use crate::Result;

/// Longer than what any KMS answers for a 32-byte key.
const MAX_WRAPPED: usize = 16 * 1024;

/// Wraps and unwraps data keys with a key that never leaves its place: implement it for a KMS.
///
/// [`KeyRing`](super::KeyRing) is the built-in one; the vault calls it without waiting or boxing. Bind the wrapped key to
/// [`RecordScope::associated_data`] (additional authenticated data), or to tenant and record as an encryption context.
#[async_trait]
pub trait KeyProvider: fmt::Debug + Send + Sync {
    /// The key that wraps from now on.
    fn active_id(&self) -> KeyId;

    /// Wraps a data key with the active key.
    async fn wrap(&self, key: &VaultKey, scope: &RecordScope<'_>) -> Result<WrappedKey>;

    /// Unwraps a data key with the key that [`WrappedKey::key_id`] names.
    ///
    /// An unknown id is [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `unknown_key`, a refused ciphertext one
    /// with code `tampered`; a KMS that cannot be reached has its own kind, so that it is tried again.
    async fn unwrap(&self, wrapped: &WrappedKey, scope: &RecordScope<'_>) -> Result<VaultKey>;
}

/// A data key as it is stored: wrapped, with the id of the key that wraps it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WrappedKey {
    key_id: KeyId,
    bytes: Box<[u8]>,
}

impl WrappedKey {
    /// What a provider made of a data key.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `malformed` when it is empty or longer than 16 KiB.
    pub fn new(key_id: KeyId, bytes: impl Into<Box<[u8]>>) -> Result<Self> {
        let bytes = bytes.into();
        if bytes.is_empty() || bytes.len() > MAX_WRAPPED {
            return Err(malformed("a wrapped key is 1 byte to 16 KiB"));
        }
        Ok(Self { key_id, bytes })
    }

    /// The key that wraps it.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The wrapped key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn parse(key_id: &str, text: &str) -> Result<Self> {
        Self::new(KeyId::new(key_id)?, encoding::decode(text)?)
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKey({}, {} bytes)", self.key_id, self.bytes.len())
    }
}
