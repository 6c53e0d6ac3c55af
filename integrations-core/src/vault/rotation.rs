//! Rotation: pure steps from one stored row to the next, for a store that runs them row by row while the system works.
//!
//! Write the result only if the row still holds what was read (compare and swap), so that a change in between wins.

use super::{RecordScope, Scope, Sealed, SealedRecord, Vault, WrappedKey};
use crate::{ExposeSecret as _, Result};

impl Vault {
    /// Whether a data key is wrapped by another key than the active one.
    #[must_use]
    pub fn needs_rewrap(&self, wrapped: &WrappedKey) -> bool {
        *wrapped.key_id() != self.active_id()
    }

    /// Wraps the data key of a record again, under the active key; the fields stay as they are.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `unknown_key`, `tampered` or `malformed`, or the key
    /// provider's.
    pub async fn rewrap(
        &self,
        scope: &RecordScope<'_>,
        record: &SealedRecord,
    ) -> Result<SealedRecord> {
        let key = self.rewrapped(scope, record.wrapped_key()).await?;
        Ok(SealedRecord::new(key, record.fields().clone()))
    }

    /// [`rewrap`](Self::rewrap) for a single value.
    ///
    /// # Errors
    /// As [`rewrap`](Self::rewrap).
    pub async fn rewrap_value(&self, scope: &Scope<'_>, sealed: &Sealed) -> Result<Sealed> {
        let key = self
            .rewrapped(&scope.record(), sealed.wrapped_key())
            .await?;
        Ok(sealed.with_key(key))
    }

    /// The next state of a row in a rotation: `None` when it is current already.
    ///
    /// # Errors
    /// As [`rewrap`](Self::rewrap).
    pub async fn upgrade(
        &self,
        scope: &RecordScope<'_>,
        record: &SealedRecord,
    ) -> Result<Option<SealedRecord>> {
        if !self.needs_rewrap(record.wrapped_key()) {
            return Ok(None);
        }
        self.rewrap(scope, record).await.map(Some)
    }

    /// [`upgrade`](Self::upgrade) for a single value.
    ///
    /// # Errors
    /// As [`rewrap`](Self::rewrap).
    pub async fn upgrade_value(
        &self,
        scope: &Scope<'_>,
        sealed: &Sealed,
    ) -> Result<Option<Sealed>> {
        if !self.needs_rewrap(sealed.wrapped_key()) {
            return Ok(None);
        }
        self.rewrap_value(scope, sealed).await.map(Some)
    }

    /// Encrypts everything again under a new data key: after a data key may have leaked, not for a rotation.
    ///
    /// # Errors
    /// As [`rewrap`](Self::rewrap).
    pub async fn reencrypt(
        &self,
        scope: &RecordScope<'_>,
        record: &SealedRecord,
    ) -> Result<SealedRecord> {
        let old = self.record_key(scope, record.wrapped_key()).await?;
        let new = self.new_record_key(scope).await?;
        let fields = record.fields().iter().map(|(field, ciphertext)| {
            let value = old.open_bytes(field, ciphertext)?;
            Ok((field.clone(), new.seal(field, value.expose_secret())?))
        });
        let fields = fields.collect::<Result<_>>()?;
        Ok(SealedRecord::new(new.wrapped_key().clone(), fields))
    }

    /// [`reencrypt`](Self::reencrypt) for a single value.
    ///
    /// # Errors
    /// As [`rewrap`](Self::rewrap).
    pub async fn reencrypt_value(&self, scope: &Scope<'_>, sealed: &Sealed) -> Result<Sealed> {
        let value = self.open_bytes(scope, sealed).await?;
        self.seal(scope, value.expose_secret()).await
    }

    async fn rewrapped(&self, scope: &RecordScope<'_>, wrapped: &WrappedKey) -> Result<WrappedKey> {
        let key = self.unwrap(wrapped, scope).await?;
        self.wrap(&key, scope).await
    }
}
