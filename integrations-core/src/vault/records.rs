//! Records: several secret fields under one data key.

use std::collections::BTreeMap;

use super::{Ciphertext, RecordKey, RecordScope, SealedRecord, Vault};
use crate::{ExposeSecret as _, Result, SecretString};

/// Secret values by field name; for a config the name is its JSON pointer.
pub type Secrets = BTreeMap<String, SecretString>;

impl Vault {
    /// Seals the secrets of a record: exactly these fields, whatever `previous` held.
    ///
    /// With `previous`, the data key stays and a field whose value did not change keeps its ciphertext, byte for byte.
    /// Pass `None` to start over, for example when the previous key is lost.
    ///
    /// # Errors
    /// As [`open_record`](Self::open_record) for `previous`, or the key provider's.
    pub async fn seal_record(
        &self,
        scope: &RecordScope<'_>,
        secrets: &Secrets,
        previous: Option<&SealedRecord>,
    ) -> Result<SealedRecord> {
        let key = match previous {
            Some(previous) => self.record_key(scope, previous.wrapped_key()).await?,
            None => self.new_record_key(scope).await?,
        };
        let fields = secrets.iter().map(|(field, value)| {
            let before = previous.and_then(|previous| previous.field(field));
            Ok((field.clone(), reseal(&key, field, value, before)?))
        });
        let fields = fields.collect::<Result<_>>()?;
        Ok(SealedRecord::new(key.wrapped_key().clone(), fields))
    }

    /// Changes some fields of a record: a value sets a field, `None` removes it. The others are not even opened.
    ///
    /// A field that is set to the value it has keeps its ciphertext.
    ///
    /// # Errors
    /// As [`open_record`](Self::open_record) for the fields that change.
    pub async fn update_record(
        &self,
        scope: &RecordScope<'_>,
        record: &SealedRecord,
        changes: &BTreeMap<String, Option<SecretString>>,
    ) -> Result<SealedRecord> {
        let key = self.record_key(scope, record.wrapped_key()).await?;
        let mut fields = record.fields().clone();
        for (field, change) in changes {
            match change {
                Some(value) => {
                    let sealed = reseal(&key, field, value, record.field(field))?;
                    fields.insert(field.clone(), sealed);
                }
                None => {
                    fields.remove(field);
                }
            }
        }
        Ok(SealedRecord::new(key.wrapped_key().clone(), fields))
    }

    /// Opens every field of a record. For one field of many, take [`record_key`](Self::record_key).
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `unknown_key`, `tampered`, `malformed` or `not_text`,
    /// or the key provider's.
    pub async fn open_record(
        &self,
        scope: &RecordScope<'_>,
        record: &SealedRecord,
    ) -> Result<Secrets> {
        let key = self.record_key(scope, record.wrapped_key()).await?;
        open_all(&key, record)
    }
}

pub(super) fn open_all(key: &RecordKey, record: &SealedRecord) -> Result<Secrets> {
    let fields = record.fields().iter();
    fields
        .map(|(field, ciphertext)| Ok((field.clone(), key.open(field, ciphertext)?)))
        .collect()
}

fn reseal(
    key: &RecordKey,
    field: &str,
    value: &SecretString,
    before: Option<&Ciphertext>,
) -> Result<Ciphertext> {
    let value = value.expose_secret();
    match before {
        Some(before) if key.holds(field, before, value)? => Ok(before.clone()),
        _ => key.seal(field, value),
    }
}
