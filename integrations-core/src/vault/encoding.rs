//! Canonical base64url without padding: one text for each byte string.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::errors::malformed;
use crate::Result;

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Refuses padding, line breaks, the standard alphabet and stray bits in the last character.
pub(super) fn decode(text: &str) -> Result<Box<[u8]>> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map(Vec::into_boxed_slice)
        .map_err(|_| malformed("not base64url without padding"))
}
