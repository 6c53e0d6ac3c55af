//! Why a call was not answered by the upstream, in the words of the contract.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use integrations_core::{Error, ErrorKind};
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{self, Meta};

/// What a caller's program can tell refusals apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Unauthorized,
    RateLimited,
    InvalidRequest,
    InvalidEndpoint,
    InvalidMethod,
    InvalidToken,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    PayloadTooLarge,
    UnsupportedMediaType,
    CatalogUnavailable,
    Unavailable,
    ProxyError,
    UpstreamTimeout,
}

impl Code {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "UNAUTHORIZED",
            Self::RateLimited => "RATE_LIMITED",
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::InvalidEndpoint => "INVALID_ENDPOINT",
            Self::InvalidMethod => "INVALID_METHOD",
            Self::InvalidToken => "INVALID_TOKEN",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::RequestTimeout => "REQUEST_TIMEOUT",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::CatalogUnavailable => "CATALOG_UNAVAILABLE",
            Self::Unavailable => "UNAVAILABLE",
            Self::ProxyError => "PROXY_ERROR",
            Self::UpstreamTimeout => "UPSTREAM_TIMEOUT",
        }
    }

    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Unauthorized | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::InvalidRequest | Self::InvalidEndpoint | Self::InvalidMethod => {
                StatusCode::BAD_REQUEST
            }
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::CatalogUnavailable | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            // Callers of the envelope know it as 500.
            Self::ProxyError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// What the gateway's own address takes.
pub(super) const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");

/// A refusal, before it is an answer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: Code,
    pub(super) message: Cow<'static, str>,
    /// For development alone.
    details: Option<Value>,
    retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
            retry_after: None,
        }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(Code::Unauthorized, "Unauthorized")
    }

    pub(super) fn missing_fields() -> Self {
        let message = "Missing required fields: endpoint and method are required";
        Self::new(Code::InvalidRequest, message)
    }

    pub(super) fn invalid_token() -> Self {
        Self::new(Code::InvalidToken, "Invalid authentication token")
    }

    pub(super) fn busy(message: &'static str) -> Self {
        Self::new(Code::Unavailable, message).with_retry_after(Duration::from_secs(1))
    }

    pub(super) fn rate_limited(wait: Duration) -> Self {
        Self::new(Code::RateLimited, "Too many requests").with_retry_after(wait)
    }

    pub(super) fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What the upstream says of an endpoint, its parameters, its query and its body. Fields are named, values never.
    pub(super) fn of_input(error: &Error) -> Self {
        if error.kind() != ErrorKind::Validation {
            return Self::of_upstream(error);
        }
        let endpoint = error
            .fields()
            .iter()
            .any(|field| field.path.starts_with("/endpoint"));
        let mut refusal = if endpoint {
            Self::new(Code::InvalidEndpoint, "The endpoint is not one of this API")
        } else {
            Self::new(
                Code::InvalidRequest,
                "The request does not fit the endpoint",
            )
        };
        let fields = error
            .fields()
            .iter()
            .map(|field| json!({ "path": field.path, "message": field.message }));
        refusal.details = Some(json!({
            "message": error.message(),
            "fields": fields.take(100).collect::<Vec<_>>(),
        }));
        refusal
    }

    /// What kept the upstream from answering.
    pub(super) fn of_upstream(error: &Error) -> Self {
        let mut refusal = match error.kind() {
            ErrorKind::Timeout => Self::upstream_timeout(),
            ErrorKind::RateLimited => Self::busy("The upstream takes no more requests now"),
            ErrorKind::Connect => Self::proxy_error("The upstream could not be reached"),
            ErrorKind::Io => Self::proxy_error("The connection to the upstream broke"),
            // Nothing was sent: a text message to somebody who opted out, for example.
            ErrorKind::Permission => {
                Self::new(Code::Forbidden, "The upstream's own rules forbid this call")
            }
            ErrorKind::Store => Self::busy("The call cannot be checked now"),
            ErrorKind::Decode => Self::proxy_error("The upstream's answer could not be read"),
            _ => Self::proxy_error("The upstream could not be called"),
        };
        if let Some(wait) = error.retry_after() {
            refusal.retry_after = Some(wait);
        }
        refusal.details =
            Some(json!({ "kind": error.kind().as_str(), "message": error.message() }));
        refusal
    }

    pub(super) fn proxy_error(message: &'static str) -> Self {
        Self::new(Code::ProxyError, message)
    }

    pub(super) fn upstream_timeout() -> Self {
        Self::new(Code::UpstreamTimeout, "The upstream did not answer in time")
    }

    /// The answer in the form of the envelope; the meta data only where a call was made.
    pub(super) fn into_response(self, production: bool, meta: Option<&Meta<'_>>) -> Response {
        #[derive(Serialize)]
        struct Envelope<'a> {
            success: bool,
            error: answer::Problem<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            meta: Option<&'a Meta<'a>>,
        }
        let details = self.details.as_ref().filter(|_| !production);
        let envelope = Envelope {
            success: false,
            error: answer::Problem {
                message: &self.message,
                code: self.code.as_str(),
                details,
            },
            meta,
        };
        let mut response = answer::json(self.code.status(), &envelope);
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            // In whole seconds: too early would be refused again.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.code == Code::MethodNotAllowed {
            headers.insert(header::ALLOW, METHODS);
        }
        if self.code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// An answer without a body.
pub(super) fn bare(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
