//! The vault's errors, in one place: each says what to do, none holds a plaintext or a key.

use std::borrow::Cow;

use super::{ENV_KEYS, KeyId};
use crate::{Error, ErrorKind};

pub(super) const MAKE_ONE: &str = "make a key with: openssl rand -base64 32";

pub(super) fn crypto(code: &'static str, message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Crypto, message).with_code(code)
}

pub(super) fn unknown_key(id: &KeyId) -> Error {
    crypto(
        "unknown_key",
        format!("key {id} is not in the ring: add it to {ENV_KEYS}, after the active one"),
    )
}

pub(super) fn tampered() -> Error {
    crypto(
        "tampered",
        "the value was changed, belongs to another tenant, record or field, or was sealed with another key of this id",
    )
}

pub(super) fn malformed(message: &'static str) -> Error {
    crypto("malformed", message)
}

pub(super) fn unsupported_version() -> Error {
    crypto(
        "unsupported_version",
        "sealed by a newer version of integrations-core: update before you read it",
    )
}

pub(super) fn not_text() -> Error {
    crypto(
        "not_text",
        "the value is not UTF-8 text: open it as bytes instead",
    )
}

pub(super) fn unavailable() -> Error {
    crypto(
        "unavailable",
        "the system's cryptography or random source failed",
    )
}
