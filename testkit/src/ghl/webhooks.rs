use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    clock::iso,
    state::{Change, World},
};
use crate::signer::Ed25519Signer;

const SIGNATURE: HeaderName = HeaderName::from_static("x-ghl-signature");

/// A webhook as it goes over the wire: the exact bytes that were signed, and the headers.
///
/// `Debug` shows the size of the body, not its content.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignedWebhook {
    /// `content-type` and `x-ghl-signature`.
    pub headers: HeaderMap,
    /// The signed bytes.
    pub body: Bytes,
}

impl SignedWebhook {
    fn new(body: &Value, signer: &Ed25519Signer) -> Self {
        let body = Bytes::from(body.to_string());
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        headers.insert(http::header::CONTENT_TYPE, json);
        if let Ok(signature) = HeaderValue::from_str(&signer.sign_base64(&body)) {
            headers.insert(SIGNATURE, signature);
        }
        Self { headers, body }
    }

    /// The body as JSON; null if it was tampered with beyond reading.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The `webhookId`, by which a receiver notices a repetition.
    #[must_use]
    pub fn webhook_id(&self) -> String {
        webhook_id(&self.body)
    }

    /// The signature header, or an empty string.
    #[must_use]
    pub fn signature(&self) -> &str {
        let value = self.headers.get(SIGNATURE);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The same with one byte of the body changed and the signature kept. The body stays JSON.
    #[must_use]
    pub fn tampered(mut self) -> Self {
        let mut body = self.body.to_vec();
        // A digit or letter inside some value, so that the change is not a syntax error.
        let at = body.iter().rposition(u8::is_ascii_alphanumeric);
        if let Some(byte) = at.and_then(|at| body.get_mut(at)) {
            *byte = if *byte == b'0' { b'1' } else { b'0' };
        }
        self.body = Bytes::from(body);
        self
    }

    /// The same with the literal `N/A` that GHL sends in place of a signature it did not make.
    #[must_use]
    pub fn unsigned(self) -> Self {
        self.with_signature("N/A")
    }

    /// The same with another signature header.
    ///
    /// # Panics
    ///
    /// If the text cannot stand in a header.
    #[must_use]
    pub fn with_signature(mut self, signature: &str) -> Self {
        let value = HeaderValue::from_str(signature).expect("a header value");
        self.headers.insert(SIGNATURE, value);
        self
    }
}

/// The `webhookId` of a body.
pub(crate) fn webhook_id(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["webhookId"].as_str().unwrap_or("").to_owned()
}

impl fmt::Debug for SignedWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedWebhook")
            .field("webhook_id", &self.webhook_id())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl World {
    /// The webhook of a change; of a delivery, which has no envelope, its bare body.
    pub(crate) fn webhook_of(&mut self, change: Change, signer: &Ed25519Signer) -> SignedWebhook {
        let body = Value::Object(change.body);
        match change.provider {
            Some(_) => SignedWebhook::new(&body, signer),
            None => self.sign_webhook(change.kind, body, change.at, signer),
        }
    }

    /// Puts the envelope around an event and signs it.
    pub(crate) fn sign_webhook(
        &mut self,
        kind: &str,
        event: Value,
        at: Timestamp,
        signer: &Ed25519Signer,
    ) -> SignedWebhook {
        let mut body = match event {
            Value::Object(body) => body,
            _ => Map::new(),
        };
        let envelope = [
            ("type", json!(kind)),
            ("timestamp", json!(iso(at))),
            ("webhookId", json!(self.ids.uuid())),
            ("appId", json!(self.app_id)),
            ("versionId", json!(self.version_id)),
        ];
        for (name, value) in envelope {
            // What the caller wrote stands, so that any event can be made.
            body.entry(name).or_insert(value);
        }
        SignedWebhook::new(&Value::Object(body), signer)
    }
}
