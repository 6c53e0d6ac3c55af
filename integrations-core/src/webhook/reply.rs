use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::Rejection;

/// How a delivery ended, before the provider's own words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The event is stored.
    Accepted,
    /// The event was stored before.
    Duplicate,
    /// The event is genuine and not wanted: unknown kind, no such integration, not on the allow-list.
    Ignored,
    /// It could not be stored now; the provider should come back.
    Busy,
    /// It is not genuine or not readable.
    Rejected(Rejection),
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Extra headers.
    pub headers: HeaderMap,
    /// The body; empty for most.
    pub body: Bytes,
}

impl Reply {
    /// An empty answer.
    #[must_use]
    pub fn status(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// 200 with this text, as `text/plain` that no browser interprets.
    pub fn text(text: impl Into<String>) -> Self {
        let mut reply = Self::status(StatusCode::OK);
        reply.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        reply.headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        reply.body = Bytes::from(text.into());
        reply
    }

    /// 200 with this JSON.
    #[must_use]
    pub fn json(value: &serde_json::Value) -> Self {
        let mut reply = Self::status(StatusCode::OK);
        reply.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        reply.body = Bytes::from(value.to_string());
        reply
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// What a provider must be answered, so that it neither gives up on an event nor punishes the endpoint.
///
/// The defaults suit providers without documented rules: 200 for everything that is stored or not wanted, 401 for what
/// is not genuine, 503 for "not now".
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ReplyPolicy {
    /// For stored, repeated and unwanted events.
    pub accepted: StatusCode,
    /// For "not now": the status after which this provider comes back. `None` when any failure is punished, so that
    /// even then it is told 200 and the loss is repaired by a reconcile.
    pub busy: Option<StatusCode>,
    /// For events that are not genuine.
    pub rejected: StatusCode,
}

impl ReplyPolicy {
    /// 200 / 503 / 401.
    pub const DEFAULT: Self = Self {
        accepted: StatusCode::OK,
        busy: Some(StatusCode::SERVICE_UNAVAILABLE),
        rejected: StatusCode::UNAUTHORIZED,
    };

    /// The answer to this outcome.
    #[must_use]
    pub fn reply(&self, outcome: Outcome) -> Reply {
        Reply::status(match outcome {
            Outcome::Accepted | Outcome::Duplicate | Outcome::Ignored => self.accepted,
            Outcome::Busy => self.busy.unwrap_or(self.accepted),
            Outcome::Rejected(Rejection::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Outcome::Rejected(Rejection::MethodNotAllowed) => StatusCode::METHOD_NOT_ALLOWED,
            Outcome::Rejected(Rejection::MalformedPayload) => StatusCode::BAD_REQUEST,
            Outcome::Rejected(_) => self.rejected,
        })
    }
}

impl Default for ReplyPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}
