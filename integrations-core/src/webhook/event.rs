use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::Verified;
use crate::{Error, ErrorKind, Result};

/// What in a webhook names the integration it belongs to: a location id, an account id, a channel id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantKey(String);

impl TenantKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
crate::__string_newtype!(TenantKey);

/// What makes two deliveries the same event; unique per tenant and provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DedupeKey(String);

impl DedupeKey {
    /// The key as text, at most 256 bytes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the parts, each with its length, in hex: for events without an id of their own.
    #[must_use]
    pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        use sha2::Digest;
        let mut hash = sha2::Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(format!("sha256:{}", hex::encode(hash.finalize())))
    }
}

impl From<&str> for DedupeKey {
    /// Keeps short keys as they are and digests those over 256 bytes.
    fn from(key: &str) -> Self {
        if key.len() <= 256 {
            Self(key.to_owned())
        } else {
            Self::digest([key.as_bytes()])
        }
    }
}

impl From<String> for DedupeKey {
    fn from(key: String) -> Self {
        if key.len() <= 256 {
            Self(key)
        } else {
            Self::digest([key.as_bytes()])
        }
    }
}

impl fmt::Display for DedupeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A verified event of a provider.
///
/// It can only be made from a [`Verified`] request, or read back from a store that kept one.
#[derive(Clone)]
pub struct Event(EventParts, Memo);

/// What was read from the payload already.
type Memo = OnceLock<Arc<dyn Any + Send + Sync>>;

/// What a store keeps of an event.
#[derive(Clone)]
#[non_exhaustive]
pub struct EventParts {
    /// The provider's slug.
    pub provider: String,
    /// The provider's name of the event, for example `ContactCreate`.
    pub kind: String,
    /// The provider's id of this event or delivery.
    pub id: Option<String>,
    /// Which integration it belongs to.
    pub tenant_key: Option<TenantKey>,
    /// When it happened, by the provider's clock.
    pub occurred_at: Option<Timestamp>,
    /// When it arrived, by ours.
    pub received_at: Timestamp,
    /// The scheme that verified it.
    pub scheme: String,
    /// The event's own payload, byte for byte as it was signed (or the part of it that is this event).
    pub payload: Bytes,
}

impl EventParts {
    /// Parts with everything optional left out.
    pub fn new(
        provider: impl Into<String>,
        kind: impl Into<String>,
        scheme: impl Into<String>,
        received_at: Timestamp,
        payload: impl Into<Bytes>,
    ) -> Self {
        Self {
            provider: provider.into(),
            kind: kind.into(),
            id: None,
            tenant_key: None,
            occurred_at: None,
            received_at,
            scheme: scheme.into(),
            payload: payload.into(),
        }
    }
}

impl Event {
    /// An event of this kind from a verified request, with the whole body as its payload.
    #[must_use]
    pub fn new(verified: &Verified<'_>, provider: &'static str, kind: impl Into<String>) -> Self {
        let mut parts = EventParts::new(
            provider,
            kind,
            verified.scheme(),
            verified.received_at(),
            verified.body().clone(),
        );
        parts.id = verified.id().map(str::to_owned);
        parts.occurred_at = verified.timestamp();
        Self(parts, Memo::new())
    }

    /// An event that a store kept. For stores only: the parts must come from [`Event::into_parts`].
    #[must_use]
    pub fn restore(parts: EventParts) -> Self {
        Self(parts, Memo::new())
    }

    /// Sets the provider's id of the event.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.0.id = Some(id.into());
        self
    }

    /// Names the integration it belongs to.
    #[must_use]
    pub fn with_tenant_key(mut self, key: impl Into<TenantKey>) -> Self {
        self.0.tenant_key = Some(key.into());
        self
    }

    /// Sets when it happened.
    #[must_use]
    pub fn with_occurred_at(mut self, at: Timestamp) -> Self {
        self.0.occurred_at = Some(at);
        self
    }

    /// Replaces the payload, for requests that carry several events.
    #[must_use]
    pub fn with_payload(mut self, payload: impl Into<Bytes>) -> Self {
        self.0.payload = payload.into();
        self.1 = Memo::new();
        self
    }

    /// Remembers what was read from the payload on the way to the event: see [`memo`](Self::memo).
    #[must_use]
    pub fn with_memo<T: Any + Send + Sync>(mut self, read: T) -> Self {
        self.1 = Memo::from(Arc::new(read) as Arc<dyn Any + Send + Sync>);
        self
    }

    /// What a [`WebhookSource`](super::WebhookSource) reads from the payload, read once for all that it is asked about one
    /// event. Stores do not keep it. Keep it small: it lives as long as the event.
    pub fn memo<T: Any + Send + Sync>(&self, read: impl FnOnce(&Bytes) -> T) -> Arc<T> {
        if let Some(known) = self.1.get() {
            // Somebody else's is left as it is.
            return Arc::clone(known)
                .downcast()
                .unwrap_or_else(|_| Arc::new(read(&self.0.payload)));
        }
        let read = Arc::new(read(&self.0.payload));
        // Whoever was faster has read the same.
        let _ = self.1.set(Arc::clone(&read) as Arc<dyn Any + Send + Sync>);
        read
    }

    /// The provider's slug.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.0.provider
    }

    /// The provider's name of the event.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// The provider's id of this event or delivery.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// Which integration it belongs to.
    #[must_use]
    pub fn tenant_key(&self) -> Option<&TenantKey> {
        self.0.tenant_key.as_ref()
    }

    /// When it happened, by the provider's clock.
    #[must_use]
    pub fn occurred_at(&self) -> Option<Timestamp> {
        self.0.occurred_at
    }

    /// When it arrived, by ours.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.0.received_at
    }

    /// The payload as it was signed.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.0.payload
    }

    /// Decodes the payload.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] with the JSON path of the place that does not fit.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        let mut reader = serde_json::Deserializer::from_slice(&self.0.payload);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            Error::new(
                ErrorKind::Decode,
                format!("the {} event does not fit at {path}", self.0.kind),
            )
        })
    }

    /// Everything a store keeps.
    #[must_use]
    pub fn into_parts(self) -> EventParts {
        self.0
    }

    /// Everything a store keeps, borrowed.
    #[must_use]
    pub fn parts(&self) -> &EventParts {
        &self.0
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Event").field(&self.0).finish()
    }
}

impl fmt::Debug for EventParts {
    /// Shows the payload as a length: it holds personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventParts")
            .field("provider", &self.provider)
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("tenant_key", &self.tenant_key)
            .field("occurred_at", &self.occurred_at)
            .field("received_at", &self.received_at)
            .field("scheme", &self.scheme)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_payload_is_read_once_and_again_when_it_is_another() {
        let parts = EventParts::new("acme", "x", "test", Timestamp::UNIX_EPOCH, "four");
        let event = Event::restore(parts);
        let reads = Cell::new(0);
        let length = |event: &Event| {
            *event.memo(|payload| {
                reads.set(reads.get() + 1);
                payload.len()
            })
        };
        assert_eq!((length(&event), length(&event)), (4, 4));
        assert_eq!(length(&event.clone()), 4, "a copy knows it too");
        assert_eq!(reads.get(), 1);
        assert_eq!(*event.memo(|_| "of another type"), "of another type");
        assert_eq!((length(&event), reads.get()), (4, 1));
        let other = event.with_payload("three");
        assert_eq!((length(&other), reads.get()), (5, 2));
        assert_eq!(length(&other.with_memo(7_usize)), 7);
    }
}
