//! One error type for every crate of the workspace.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

/// Result with [`Error`] as its error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Error bodies are kept up to this many bytes.
pub const MAX_ERROR_BODY: usize = 64 * 1024;

/// A provider that asks for more patience than this is taken to have asked for this much.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// What went wrong, in terms a caller can act on.
///
/// The status machine reads only this: see [`crate::status::event_of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or unusable: a base URL, a key, a credential that was never stored. Nothing was sent.
    Config,
    /// The credential is missing, expired, revoked or refused.
    Auth,
    /// The credential is good, but may not do this: a missing scope, the wrong token class, another tenant's data.
    Permission,
    /// The thing does not exist.
    NotFound,
    /// The thing exists already, or changed meanwhile.
    Conflict,
    /// The input of one call was refused, by us before anything was sent or by the provider; [`Error::fields`] may name
    /// the places.
    Validation,
    /// Too many requests; [`Error::retry_after`] may say when to come back.
    RateLimited,
    /// The other side failed (5xx).
    Server,
    /// No answer in time.
    Timeout,
    /// The other side could not be reached; nothing was sent.
    Connect,
    /// The connection broke after the request may have left.
    Io,
    /// The answer could not be read: wrong content type, bad JSON, too large, cut short.
    Decode,
    /// The answer was a redirect, which is never followed with a credential.
    Redirect,
    /// A webhook was refused.
    Webhook,
    /// A ciphertext, key or signature is not usable.
    Crypto,
    /// An illegal status transition.
    Transition,
    /// The database failed.
    Store,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// A stable lowercase word, for metrics and machine-readable output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Validation => "validation",
            Self::RateLimited => "rate_limited",
            Self::Server => "server",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Io => "io",
            Self::Decode => "decode",
            Self::Redirect => "redirect",
            Self::Webhook => "webhook",
            Self::Crypto => "crypto",
            Self::Transition => "transition",
            Self::Store => "store",
            Self::Other => "other",
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Config => "not usable as configured",
            Self::Auth => "authentication failed",
            Self::Permission => "not permitted",
            Self::NotFound => "not found",
            Self::Conflict => "conflict",
            Self::Validation => "invalid input",
            Self::RateLimited => "rate limited",
            Self::Server => "the provider failed",
            Self::Timeout => "timed out",
            Self::Connect => "could not connect",
            Self::Io => "the connection broke",
            Self::Decode => "unreadable answer",
            Self::Redirect => "redirect refused",
            Self::Webhook => "webhook refused",
            Self::Crypto => "cryptographic failure",
            Self::Transition => "illegal status transition",
            Self::Store => "storage failed",
            Self::Other => "failed",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One refused field of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// JSON path from the root, for example `/auth/clientSecret`; empty for the root itself.
    pub path: String,
    /// What is wrong with it; never contains the value.
    pub message: String,
}

impl FieldError {
    /// A refused field at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }
}

/// The error of every crate in the workspace: one pointer wide.
///
/// `Display` is one lowercase line that says what failed and what to do. It never contains a body, a query string or
/// a secret; the provider's own words are in [`Error::body`], which `Debug` shows only as a length.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    provider: Option<&'static str>,
    operation: Option<Cow<'static, str>>,
    status: Option<StatusCode>,
    code: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    body: Option<Bytes>,
    fields: Vec<FieldError>,
    retryable: bool,
    exhausted: bool,
    outcome_unknown: bool,
    source: Option<Source>,
}

impl Error {
    /// An error of this kind; `message` says what to do and holds no secret.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            provider: None,
            operation: None,
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            attempts: 0,
            body: None,
            fields: Vec::new(),
            retryable: matches!(
                kind,
                ErrorKind::RateLimited
                    | ErrorKind::Server
                    | ErrorKind::Timeout
                    | ErrorKind::Connect
                    | ErrorKind::Io
            ),
            exhausted: false,
            outcome_unknown: false,
            source: None,
        }))
    }

    /// Shorthand for [`ErrorKind::Config`].
    pub fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// Shorthand for [`ErrorKind::Validation`] with the refused fields.
    pub fn validation(message: impl Into<Cow<'static, str>>, fields: Vec<FieldError>) -> Self {
        let mut error = Self::new(ErrorKind::Validation, message);
        error.0.fields = fields;
        error
    }

    /// Replaces what to do; it must not hold a secret.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Adds the cause; it must not print a secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the provider.
    #[must_use]
    pub fn with_provider(mut self, provider: &'static str) -> Self {
        self.0.provider = Some(provider);
        self
    }

    /// Names the operation, for example `contacts.update`.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.0.operation = Some(operation.into());
        self
    }

    /// Adds the HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds the provider's own error code, cut at 100 characters, without control characters.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(Tame::id(&code.into()).to_string());
        self
    }

    /// Adds the provider's request or trace id, cut at 100 characters, without control characters.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(Tame::id(&id.into()).to_string());
        self
    }

    /// Adds the wait that the provider asked for, a week at most.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait.min(MAX_RETRY_AFTER));
        self
    }

    /// Adds how many attempts were made.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Keeps the answer's body, cut at [`MAX_ERROR_BODY`].
    #[must_use]
    pub fn with_body(mut self, body: Bytes) -> Self {
        self.0.body = Some(if body.len() > MAX_ERROR_BODY {
            // A slice would keep all of it in memory.
            Bytes::copy_from_slice(&body[..MAX_ERROR_BODY])
        } else {
            body
        });
        self
    }

    /// Adds the refused fields.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.0.fields = fields;
        self
    }

    /// Overrides whether trying again can help.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Marks that the retry policy has given up, so that an outer retry should wait longer.
    #[must_use]
    pub fn with_exhausted(mut self, exhausted: bool) -> Self {
        self.0.exhausted = exhausted;
        self
    }

    /// Marks that a write may or may not have happened.
    #[must_use]
    pub fn with_outcome_unknown(mut self, unknown: bool) -> Self {
        self.0.outcome_unknown = unknown;
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What failed and what to do, without the provider, status and attempts that `Display` adds.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The provider's slug, for example `gohighlevel`.
    #[must_use]
    pub fn provider(&self) -> Option<&'static str> {
        self.0.provider
    }

    /// The operation, for example `contacts.update`.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The HTTP status, when there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The provider's own error code.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The provider's request or trace id: quote it to their support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the provider asked to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many attempts were made; 0 when nothing was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The answer's body, at most [`MAX_ERROR_BODY`] bytes. It may hold personal data: do not log it.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.0.body.as_ref()
    }

    /// The refused fields, when [`kind`](Self::kind) is [`ErrorKind::Validation`].
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// Whether the same call may succeed later without a change: rate limits, 5xx, timeouts, broken connections.
    ///
    /// A write whose outcome is unknown is never retryable: see [`is_outcome_unknown`](Self::is_outcome_unknown).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable && !self.0.outcome_unknown
    }

    /// Whether the retry policy tried again and gave up.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.0.exhausted
    }

    /// Whether a write may have happened although it is an error: read before you write again.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }
}

/// Text from outside, fit for one line of a log: cut, and without characters that end a line or turn it round.
pub(crate) struct Tame<'a> {
    text: &'a str,
    longest: usize,
}

impl<'a> Tame<'a> {
    /// A code, an id, a host.
    pub(crate) fn id(text: &'a str) -> Self {
        Self { text, longest: 100 }
    }

    /// The path of a field.
    pub(crate) fn path(text: &'a str) -> Self {
        Self { text, longest: 300 }
    }

    /// A few words.
    fn text(text: &'a str) -> Self {
        Self {
            text,
            longest: 1000,
        }
    }
}

impl fmt::Display for Tame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for (at, c) in self.text.chars().enumerate() {
            if at == self.longest {
                return f.write_char('…');
            }
            let wild = c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            f.write_char(if wild { '\u{fffd}' } else { c })?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(provider) = inner.provider {
            write!(f, "{provider}")?;
            if let Some(operation) = &inner.operation {
                write!(f, " {operation}")?;
            }
            f.write_str(": ")?;
        } else if let Some(operation) = &inner.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(inner.kind.describe())?;
        match (inner.status, &inner.code) {
            (Some(status), Some(code)) => write!(f, " ({}, {code})", status.as_u16())?,
            (Some(status), None) => write!(f, " ({})", status.as_u16())?,
            (None, Some(code)) => write!(f, " ({code})")?,
            (None, None) => {}
        }
        if !inner.message.is_empty() {
            write!(f, ": {}", inner.message)?;
        }
        for (i, field) in inner.fields.iter().take(8).enumerate() {
            let at = if field.path.is_empty() {
                "/"
            } else {
                &field.path
            };
            write!(
                f,
                "{}{}: {}",
                if i == 0 { ": " } else { "; " },
                Tame::path(at),
                Tame::text(&field.message)
            )?;
        }
        if inner.fields.len() > 8 {
            write!(f, "; and {} more", inner.fields.len() - 8)?;
        }
        if inner.attempts > 1 {
            write!(f, " (after {} attempts)", inner.attempts)?;
        }
        if inner.outcome_unknown {
            f.write_str("; the outcome is unknown, read before you write again")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind)
            .field("message", &inner.message);
        if let Some(provider) = inner.provider {
            out.field("provider", &provider);
        }
        if let Some(operation) = &inner.operation {
            out.field("operation", operation);
        }
        if let Some(status) = inner.status {
            out.field("status", &status.as_u16());
        }
        if let Some(code) = &inner.code {
            out.field("code", code);
        }
        if let Some(id) = &inner.request_id {
            out.field("request_id", id);
        }
        if let Some(wait) = inner.retry_after {
            out.field("retry_after", &wait);
        }
        if !inner.fields.is_empty() {
            out.field("fields", &inner.fields);
        }
        if let Some(body) = &inner.body {
            out.field("body", &format_args!("{} bytes", body.len()));
        }
        out.field("attempts", &inner.attempts)
            .field("retryable", &inner.retryable)
            .field("outcome_unknown", &inner.outcome_unknown);
        if let Some(source) = &inner.source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }

    #[test]
    fn display_is_one_line_with_what_to_do() {
        let error = Error::new(ErrorKind::Auth, "create a new private integration token")
            .with_provider("gohighlevel")
            .with_operation("contacts.get")
            .with_status(StatusCode::UNAUTHORIZED)
            .with_attempts(2);
        assert_eq!(
            error.to_string(),
            "gohighlevel contacts.get: authentication failed (401): create a new private integration token (after 2 attempts)"
        );
    }

    #[test]
    fn neither_display_nor_debug_shows_the_body() {
        let error =
            Error::new(ErrorKind::Server, "").with_body(Bytes::from_static(b"jane@example.com"));
        assert!(!format!("{error} {error:?}").contains("jane"));
        assert!(format!("{error:?}").contains("16 bytes"));
    }

    #[test]
    fn the_body_is_bounded() {
        let error =
            Error::new(ErrorKind::Server, "")
                .with_body(Bytes::from(vec![b'x'; MAX_ERROR_BODY + 1]));
        assert_eq!(error.body().map(Bytes::len), Some(MAX_ERROR_BODY));
    }

    #[test]
    fn what_providers_write_stays_on_one_line() {
        let wild = format!("x\n\u{1b}[31m\u{202e}\u{2028}{}", "y".repeat(5000));
        let error = Error::validation("", vec![FieldError::new(&*wild, &*wild)])
            .with_code(&*wild)
            .with_request_id(&*wild)
            .with_retry_after(Duration::MAX);
        for shown in [
            error.to_string(),
            error.request_id().unwrap().to_owned(),
            error.code().unwrap().to_owned(),
        ] {
            assert!(shown.len() < 2000, "{}", shown.len());
            assert!(!shown.contains(['\n', '\u{1b}', '\u{202e}', '\u{2028}']));
        }
        assert_eq!(error.retry_after(), Some(MAX_RETRY_AFTER));
    }

    #[test]
    fn an_unknown_outcome_is_never_retryable() {
        let error = Error::new(ErrorKind::Timeout, "");
        assert!(error.is_retryable());
        assert!(!error.with_outcome_unknown(true).is_retryable());
    }

    #[test]
    fn many_fields_are_cut() {
        let fields = (0..10)
            .map(|i| FieldError::new(format!("/f{i}"), "is required"))
            .collect();
        let line = Error::validation("", fields).to_string();
        assert!(
            line.contains("/f7: is required") && line.ends_with("and 2 more"),
            "{line}"
        );
    }
}
