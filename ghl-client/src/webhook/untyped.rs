use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// An event whose fields the provider does not document: the whole body.
///
/// What surrounds every event is in the [`Envelope`](super::Envelope) as ever.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct UntypedEvent {
    /// The whole body, `type` and the rest of the envelope included.
    pub body: Value,
}

impl<'de> Deserialize<'de> for UntypedEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|body| Self { body })
    }
}

impl Serialize for UntypedEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.body.serialize(serializer)
    }
}
