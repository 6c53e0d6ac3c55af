use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};

/// An event that the subscribers are told of.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) event: &'static str,
    pub(crate) about: u64,
    pub(crate) body: Value,
    /// How long after what caused it.
    pub(crate) after: Duration,
}

impl Told {
    pub(crate) fn new(event: &'static str, about: u64, body: Value) -> Self {
        Self {
            event,
            about,
            body,
            after: Duration::ZERO,
        }
    }

    pub(crate) fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }
}

/// A webhook as it goes over the wire: unsigned, without a time and without an id.
///
/// `Debug` shows the name and size, not the content.
#[derive(Clone)]
#[non_exhaustive]
pub struct PlainWebhook {
    /// The name of the event; empty for the test.
    pub event: String,
    /// What the provider sends, authentication apart.
    pub headers: HeaderMap,
    /// The bytes.
    pub body: Bytes,
}

impl PlainWebhook {
    pub(crate) fn of(told: Told) -> Self {
        let body = json!({"event": told.event, "body": told.body});
        Self::new(told.event, body.to_string())
    }

    pub(crate) fn ping() -> Self {
        Self::new("", r#"{"test_payload":true}"#.to_owned())
    }

    fn new(event: &str, body: String) -> Self {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        let agent = HeaderValue::from_static("GuzzleHttp/7");
        headers.insert(header::USER_AGENT, agent);
        let gzip = HeaderValue::from_static("gzip");
        headers.insert(header::ACCEPT_ENCODING, gzip);
        Self {
            event: event.to_owned(),
            headers,
            body: body.into(),
        }
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

impl fmt::Debug for PlainWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlainWebhook")
            .field("event", &self.event)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
