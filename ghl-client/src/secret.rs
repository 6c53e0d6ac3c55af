//! Secrets that requests carry and answers hold.

use std::fmt;

use integrations_core::lenient::{Lenient, string_option, text_item};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

integrations_core::secret! {
    /// A password, key or token inside a request or an answer. It is written to the provider and nowhere else.
    pub struct Secret;
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose_secret())
    }
}

impl Lenient for Secret {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(string_option(deserializer)?.map(Self::from))
    }

    fn read_item<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(text_item(deserializer)?.map(Self::from))
    }
}

/// JSON with secrets somewhere in it: settings of an action, credentials by name. `Debug` shows none of it.
#[derive(Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub struct SecretValue(Value);

impl SecretValue {
    /// The JSON itself. Never log or format it.
    #[must_use]
    pub fn expose_secret(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for SecretValue {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue([redacted])")
    }
}

impl Lenient for SecretValue {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok((!value.is_null()).then_some(Self(value)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn promise_07_neither_is_shown() {
        let shown = format!(
            "{:?} {:?}",
            Secret::from("planted"),
            SecretValue::from(json!({"password": "planted"}))
        );
        assert!(!shown.contains("planted"), "{shown}");
    }

    #[test]
    fn both_are_written_to_the_provider() {
        let secret = serde_json::to_value(Secret::from("s")).unwrap();
        let value = serde_json::to_value(SecretValue::from(json!({"a": 1}))).unwrap();
        assert_eq!((secret, value), (json!("s"), json!({"a": 1})));
    }
}
