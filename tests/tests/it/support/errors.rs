//! What is asked of every error, whatever it is about.

use std::error::Error as _;

use integrations_core::{Error, ErrorKind, Result};

use super::leaks;

/// The error of a call that had to fail: one line, says what to do, shows no secret in any form.
#[track_caller]
pub(crate) fn refused<T>(result: Result<T>, kind: ErrorKind) -> Error {
    let Err(error) = result else {
        panic!("this had to fail with {kind}");
    };
    assert_eq!(error.kind(), kind, "{error}");
    sound(&error);
    error
}

/// The error of what a provider has no way to do.
#[track_caller]
pub(crate) fn unsupported<T>(result: Result<T>) -> Error {
    let error = refused(result, ErrorKind::Config);
    assert_eq!(error.code(), Some("unsupported"), "{error}");
    error
}

/// What every error keeps.
#[track_caller]
pub(crate) fn sound(error: &Error) {
    let line = error.to_string();
    assert!(!line.contains('\n'), "one line: {line}");
    assert!(
        line.len() < 2000,
        "a line, not a page: {} bytes",
        line.len()
    );
    assert!(
        error.message().len() > 10 || !error.fields().is_empty(),
        "says what to do: {line}"
    );
    leaks::scan("an error's line", &line);
    leaks::scan("an error's debug form", format!("{error:?}"));
    let mut source = error.source();
    while let Some(cause) = source {
        leaks::scan("an error's cause", format!("{cause} {cause:?}"));
        source = cause.source();
    }
}
