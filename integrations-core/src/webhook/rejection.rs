use crate::{Error, ErrorKind};

/// Which check a webhook failed. Never carries a signature, a secret or a part of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// A header that the scheme needs is not there.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// A header that must come once came twice.
    #[error("the header {0} came more than once")]
    DuplicateHeader(&'static str),
    /// A header is empty, not ASCII, or not in the scheme's form.
    #[error("the header {0} is malformed")]
    MalformedHeader(&'static str),
    /// No secret or key is configured for this integration, so nothing can be verified.
    #[error("no webhook secret is configured: store one for this integration")]
    NoSecret,
    /// A configured secret or key cannot be used: wrong encoding or length.
    #[error(
        "a configured webhook secret or key is unusable: store it again as the provider shows it"
    )]
    UnusableSecret,
    /// The signature does not match the bytes under any configured secret.
    #[error(
        "the signature does not match; if the secret was changed at the provider, store the new one"
    )]
    BadSignature,
    /// The shared token, password or identity does not match.
    #[error("the token or identity does not match the configured one")]
    BadToken,
    /// A token names a key that the key set does not have: the keys may have been rotated.
    #[error(
        "the token's key is not in the key set: fetch the key set again, once, and verify again"
    )]
    UnknownKey,
    /// The timestamp is older than the tolerance.
    #[error("the timestamp is too old")]
    Stale,
    /// The timestamp lies further in the future than the tolerance.
    #[error("the timestamp lies in the future; check this machine's clock")]
    Future,
    /// The body or a part of it is not in the scheme's form.
    #[error("the payload is not in the expected form")]
    MalformedPayload,
    /// The body is larger than the limit.
    #[error("the body is larger than the limit")]
    TooLarge,
    /// The method is not one that this webhook uses.
    #[error("the method is not allowed for this webhook")]
    MethodNotAllowed,
    /// The event is not on the allow-list.
    #[error("the event is not on the allow-list")]
    NotAllowed,
}

impl Rejection {
    /// A stable word for metrics and machine-readable output.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingHeader(_) => "missing_header",
            Self::DuplicateHeader(_) => "duplicate_header",
            Self::MalformedHeader(_) => "malformed_header",
            Self::NoSecret => "no_secret",
            Self::UnusableSecret => "unusable_secret",
            Self::BadSignature => "bad_signature",
            Self::BadToken => "bad_token",
            Self::UnknownKey => "unknown_key",
            Self::Stale => "stale",
            Self::Future => "future",
            Self::MalformedPayload => "malformed_payload",
            Self::TooLarge => "too_large",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotAllowed => "not_allowed",
        }
    }
}

impl Rejection {
    /// The rejection that an error was made from.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        std::error::Error::source(error)?.downcast_ref().copied()
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::new(ErrorKind::Webhook, rejection.to_string())
            .with_code(rejection.code())
            .with_source(rejection)
    }
}
