//! A sealed record as it is stored: one wrapped data key, many sealed fields.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::errors::{malformed, unsupported_version};
use super::{Ciphertext, KeyId, VERSION, WrappedKey, encoding};
use crate::Result;

/// The sealed fields of one record under one data key.
///
/// In JSON: `{"v":1,"kek":"<key id>","dek":"<wrapped data key>","fields":{"/apiKey":"<ciphertext>"}}`.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedRecord {
    key: WrappedKey,
    fields: BTreeMap<String, Ciphertext>,
}

impl SealedRecord {
    pub(super) fn new(key: WrappedKey, fields: BTreeMap<String, Ciphertext>) -> Self {
        Self { key, fields }
    }

    /// Reads the stored JSON text.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `malformed` or `unsupported_version`.
    pub fn parse(json: &str) -> Result<Self> {
        let value = serde_json::from_str(json).map_err(|_| malformed("not JSON"))?;
        Self::from_value(value)
    }

    /// Reads the stored JSON value.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `malformed` or `unsupported_version`.
    pub fn from_value(value: Value) -> Result<Self> {
        match value.get("v").and_then(Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(version) if version > u64::from(VERSION) => return Err(unsupported_version()),
            _ => return Err(malformed("a sealed record without a version")),
        }
        let stored: Stored<String, BTreeMap<String, String>> = serde_json::from_value(value)
            .map_err(|_| malformed("not a sealed record: v, kek, dek, fields"))?;
        let fields = stored.fields.into_iter();
        let fields = fields.map(|(field, text)| Ok((field, text.parse()?)));
        Ok(Self::new(
            WrappedKey::parse(&stored.kek, &stored.dek)?,
            fields.collect::<Result<_>>()?,
        ))
    }

    /// The stored JSON text; the same record always has the same text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a struct of strings is always JSON")
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

    /// One sealed field.
    #[must_use]
    pub fn field(&self, field: &str) -> Option<&Ciphertext> {
        self.fields.get(field)
    }

    /// The sealed fields by name.
    #[must_use]
    pub fn fields(&self) -> &BTreeMap<String, Ciphertext> {
        &self.fields
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<T, F> {
    v: u8,
    kek: T,
    dek: String,
    fields: F,
}

impl Serialize for SealedRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = Stored {
            v: VERSION,
            kek: self.key_id().as_str(),
            dek: encoding::encode(self.key.as_bytes()),
            fields: &self.fields,
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SealedRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(value).map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for SealedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedRecord")
            .field("key_id", &self.key_id().as_str())
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}
