use std::fmt;
use std::sync::Arc;

use crate::Error;

/// A copy of an error for one of several waiters, without the body: a token endpoint's answer may echo a secret.
pub(super) fn replica(error: &Arc<Error>) -> Error {
    let copy = without_body(error).with_source(Shared(error.clone()));
    // Whatever the kind says by itself, the original decides.
    copy.with_retryable(error.is_retryable())
}

/// The error without its body and cause.
pub(super) fn without_body(error: &Error) -> Error {
    let mut copy = Error::new(error.kind(), error.message().to_owned())
        .with_attempts(error.attempts())
        .with_retryable(error.is_retryable())
        .with_exhausted(error.is_exhausted())
        .with_outcome_unknown(error.is_outcome_unknown())
        .with_fields(error.fields().to_vec());
    if let Some(provider) = error.provider() {
        copy = copy.with_provider(provider);
    }
    if let Some(operation) = error.operation() {
        copy = copy.with_operation(operation.to_owned());
    }
    if let Some(status) = error.status() {
        copy = copy.with_status(status);
    }
    if let Some(code) = error.code() {
        copy = copy.with_code(code);
    }
    if let Some(id) = error.request_id() {
        copy = copy.with_request_id(id);
    }
    if let Some(wait) = error.retry_after() {
        copy = copy.with_retry_after(wait);
    }
    copy
}

/// The error that several waiters share, as the cause of their copies.
#[derive(Debug)]
struct Shared(Arc<Error>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Shared {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
