use std::borrow::Cow;
use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};

use super::LimitSignal;
use crate::{Error, ErrorKind, FieldError};

/// An answer as it came, for a [`Dialect`] to read.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RawReply<'a> {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a Bytes,
}

impl<'a> RawReply<'a> {
    /// An answer.
    #[must_use]
    pub fn new(status: StatusCode, headers: &'a HeaderMap, body: &'a Bytes) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }
}

impl Debug for RawReply<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawReply")
            .field("status", &self.status)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}

/// What an error answer says about the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Credential {
    /// Nothing: the error is about something else, or a new token would not help.
    #[default]
    Unaffected,
    /// It has expired or was replaced: a renewed one may work, so it is renewed once.
    Expired,
}

/// An error answer, read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fault {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Our words for it, with what to do; never the provider's, which may quote personal data.
    pub message: Cow<'static, str>,
    /// The provider's error code.
    pub code: Option<String>,
    /// The provider's request id, when it is in the body.
    pub request_id: Option<String>,
    /// The refused fields.
    pub fields: Vec<FieldError>,
    /// What it says about the credential.
    pub credential: Credential,
    /// Whether trying again can help, when that is not what the kind says.
    pub retryable: Option<bool>,
    /// The wait that the provider asked for in the body.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// A fault of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: None,
            request_id: None,
            fields: Vec::new(),
            credential: Credential::Unaffected,
            retryable: None,
            retry_after: None,
        }
    }

    /// What a status says by itself.
    #[must_use]
    pub fn from_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => {
                let mut fault = Self::new(ErrorKind::Auth, "the credential was refused");
                fault.credential = Credential::Expired;
                fault
            }
            403 => Self::new(ErrorKind::Permission, "the credential may not do this"),
            404 | 410 => Self::new(
                ErrorKind::NotFound,
                "the id is wrong or the object was deleted",
            ),
            408 => Self::new(ErrorKind::Timeout, "the provider gave up waiting"),
            409 => Self::new(
                ErrorKind::Conflict,
                "read the object again and repeat the change",
            ),
            400 | 405 | 406 | 411 | 413 | 415 | 422 => {
                Self::new(ErrorKind::Validation, "the provider refused the input")
            }
            429 => Self::new(
                ErrorKind::RateLimited,
                "the provider's rate limit is used up",
            ),
            501 | 505 => {
                let mut fault =
                    Self::new(ErrorKind::Server, "the provider does not support this call");
                fault.retryable = Some(false);
                fault
            }
            500..=599 => Self::new(
                ErrorKind::Server,
                "try again later; if it stays so, ask the provider",
            ),
            _ => Self::new(
                ErrorKind::Other,
                "the provider answered with an unexpected status",
            ),
        }
    }

    /// The error for the caller.
    #[must_use]
    pub fn into_error(self) -> Error {
        let mut error = Error::new(self.kind, self.message).with_fields(self.fields);
        if let Some(code) = self.code {
            error = error.with_code(code);
        }
        if let Some(id) = self.request_id {
            error = error.with_request_id(id);
        }
        if let Some(retryable) = self.retryable {
            error = error.with_retryable(retryable);
        }
        if let Some(wait) = self.retry_after {
            error = error.with_retry_after(wait);
        }
        error
    }
}

const REQUEST_ID: [HeaderName; 4] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-trace-id"),
    HeaderName::from_static("x-correlation-id"),
];

/// How one provider speaks HTTP: its error envelopes, its rate-limit headers, its request ids.
pub trait Dialect: Debug + Send + Sync {
    /// The provider's slug, for example `gohighlevel`.
    fn provider(&self) -> &'static str;

    /// Reads an error answer. It must not fail: an unreadable body leaves what the status says.
    fn fault(&self, reply: RawReply<'_>) -> Fault {
        Fault::from_status(reply.status)
    }

    /// Finds an error in a 2xx answer, for providers that put it there.
    fn fault_in_success(&self, reply: RawReply<'_>) -> Option<Fault> {
        let _ = reply;
        None
    }

    /// The provider's id of the request.
    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        REQUEST_ID
            .iter()
            .find_map(|name| headers.get(name)?.to_str().ok())
            .map(str::to_owned)
    }

    /// What the headers say about the rate limit.
    fn limits(&self, headers: &HeaderMap) -> LimitSignal {
        standard_limits(headers)
    }
}

/// `Retry-After` in seconds (whole or fractional) or as a date; the rest of the signal is left open.
#[must_use]
pub fn standard_limits(headers: &HeaderMap) -> LimitSignal {
    let mut signal = LimitSignal::default();
    let Some(text) = headers
        .get(http::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
    else {
        return signal;
    };
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        signal.retry_after = Duration::try_from_secs_f64(seconds).ok();
    } else if let Ok(at) = httpdate::parse_http_date(text) {
        // Against the server's own `Date`, so that our clock does not matter; else against ours.
        let now = headers
            .get(http::header::DATE)
            .and_then(|value| value.to_str().ok())
            .and_then(|date| httpdate::parse_http_date(date).ok());
        signal.retry_after = match now {
            Some(now) => Some(at.duration_since(now).unwrap_or_default()),
            None => at.duration_since(system_now()).ok(),
        };
    }
    signal
}

fn system_now() -> std::time::SystemTime {
    use crate::Clock;
    crate::SystemClock.now().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(pairs: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers = pairs
            .iter()
            .map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()))
            .collect();
        standard_limits(&headers).retry_after
    }

    #[test]
    fn retry_after_in_every_form() {
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(
            wait(&[("retry-after", " 1.5 ")]),
            Some(Duration::from_millis(1500))
        );
        let date = ("date", "Sat, 21 Nov 2026 02:00:00 GMT");
        assert_eq!(
            wait(&[("retry-after", "Sat, 21 Nov 2026 02:00:09 GMT"), date]),
            Some(Duration::from_secs(9))
        );
        assert_eq!(
            wait(&[("retry-after", "Sat, 21 Nov 2026 01:00:00 GMT"), date]),
            Some(Duration::ZERO)
        );
        for bad in ["", "-1", "NaN", "1e400", "soon"] {
            assert_eq!(wait(&[("retry-after", bad)]), None, "{bad}");
        }
    }

    #[test]
    fn every_status_has_a_kind() {
        for code in 300..600 {
            let fault = Fault::from_status(StatusCode::from_u16(code).unwrap());
            assert_eq!(fault.kind == ErrorKind::Server, code >= 500, "{code}");
        }
    }
}
