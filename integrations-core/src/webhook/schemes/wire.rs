//! What the schemes share: reading signatures and timestamps, computing and comparing codes.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::WebhookSecret;
use crate::secret::constant_time_eq;
use crate::webhook::{Rejection, Secrets};

/// How far a signed timestamp may lie from the arrival, both ways, unless a scheme is told otherwise.
pub(super) const TOLERANCE: Duration = Duration::from_secs(300);

/// How many signatures of one header are looked at.
pub(super) const MAX_CANDIDATES: usize = 16;

/// Decodes hex of any case into exactly `N` bytes.
pub(super) fn hex_digest<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    hex::decode_to_slice(text, &mut out).ok()?;
    Some(out)
}

/// Decodes standard, padded base64 into exactly `N` bytes.
pub(super) fn base64_digest<const N: usize>(text: &str) -> Option<[u8; N]> {
    // The longest digest or signature here has 64 bytes; base64 writes into whole groups of three.
    let mut buffer = [0; 66];
    if text.len() != N.div_ceil(3) * 4 {
        return None;
    }
    let length = STANDARD.decode_slice(text, &mut buffer).ok()?;
    buffer.get(..length)?.try_into().ok()
}

/// The signatures of one header that have the right form, at most [`MAX_CANDIDATES`].
pub(super) struct Candidates<const N: usize> {
    list: [[u8; N]; MAX_CANDIDATES],
    length: usize,
}

impl<const N: usize> Candidates<N> {
    pub(super) fn new() -> Self {
        Self {
            list: [[0; N]; MAX_CANDIDATES],
            length: 0,
        }
    }

    pub(super) fn one(signature: [u8; N]) -> Self {
        let mut all = Self::new();
        all.push(Some(signature));
        all
    }

    /// Adds a signature; one that could not be decoded can match nothing and is left out.
    pub(super) fn push(&mut self, signature: Option<[u8; N]>) {
        if let (Some(signature), Some(place)) = (signature, self.list.get_mut(self.length)) {
            *place = signature;
            self.length += 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8; N]> {
        self.list.iter().take(self.length)
    }

    fn contains(&self, expected: &[u8; N]) -> bool {
        self.iter()
            .fold(false, |found, one| found | constant_time_eq(one, expected))
    }
}

/// Finds the unnamed secret under which one of the signatures is right.
pub(super) fn matching_secret<const N: usize>(
    secrets: &Secrets,
    candidates: &Candidates<N>,
    expected: impl Fn(&WebhookSecret) -> Result<[u8; N], Rejection>,
) -> Result<usize, Rejection> {
    let mut outcome = Rejection::NoSecret;
    for (index, secret) in secrets.usable("") {
        match expected(secret) {
            Ok(expected) if candidates.contains(&expected) => return Ok(index),
            Ok(_) => outcome = Rejection::BadSignature,
            Err(rejection) if outcome == Rejection::NoSecret => outcome = rejection,
            Err(_) => {}
        }
    }
    Err(outcome)
}

/// Finds the entry of this name that equals `given`, in constant time.
pub(super) fn matching_token(
    secrets: &Secrets,
    name: &str,
    given: &[u8],
) -> Result<usize, Rejection> {
    let mut outcome = Err(Rejection::NoSecret);
    for (index, secret) in secrets.usable(name) {
        let equal = constant_time_eq(secret.expose_secret().as_bytes(), given);
        match outcome {
            Ok(_) => {}
            Err(_) if equal => outcome = Ok(index),
            Err(_) => outcome = Err(Rejection::BadToken),
        }
    }
    outcome
}

/// Text of a JSON document, borrowed from it where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Refuses early when no unnamed secret can be used.
pub(super) fn require_secret(secrets: &Secrets) -> Result<(), Rejection> {
    secrets
        .usable("")
        .next()
        .map(|_| ())
        .ok_or(Rejection::NoSecret)
}

/// HMAC-SHA256 over the parts in order.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], Rejection> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Rejection::UnusableSecret)?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

/// HMAC-SHA1 over the parts in order.
pub(crate) fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> Result<[u8; 20], Rejection> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).map_err(|_| Rejection::UnusableSecret)?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

/// SHA-256 over the parts in order.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Decodes a secret that is kept as base64, with or without padding.
pub(super) fn base64_key(text: &str) -> Result<Zeroizing<Vec<u8>>, Rejection> {
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let key = STANDARD_NO_PAD
        .decode(text.trim_end_matches('='))
        .map(Zeroizing::new)
        .map_err(|_| Rejection::UnusableSecret)?;
    if key.is_empty() {
        Err(Rejection::UnusableSecret)
    } else {
        Ok(key)
    }
}

/// Reads an unsigned number: digits only, so no sign, no space, no exponent.
pub(super) fn unsigned(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Reads a UNIX timestamp in seconds from this header.
pub(super) fn seconds(text: &str, header: &'static str) -> Result<Timestamp, Rejection> {
    unsigned(text)
        .and_then(|n| Timestamp::from_second(n).ok())
        .ok_or(Rejection::MalformedHeader(header))
}

/// Reads a UNIX timestamp in milliseconds from this header.
pub(super) fn milliseconds(text: &str, header: &'static str) -> Result<Timestamp, Rejection> {
    unsigned(text)
        .and_then(|n| Timestamp::from_millisecond(n).ok())
        .ok_or(Rejection::MalformedHeader(header))
}

/// Checks that a signed timestamp lies within the tolerance of the arrival, both ways.
pub(super) fn check_window(
    signed_at: Timestamp,
    received_at: Timestamp,
    tolerance: Duration,
) -> Result<(), Rejection> {
    let age = received_at.duration_since(signed_at);
    if age.unsigned_abs() <= tolerance {
        Ok(())
    } else if age.is_negative() {
        Err(Rejection::Future)
    } else {
        Err(Rejection::Stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(unsigned("15"), Some(15));
        for text in [
            "",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1e3",
            "NaN",
            "0x1",
            "99999999999999999999",
            "١",
        ] {
            assert_eq!(unsigned(text), None, "{text}");
        }
    }

    #[test]
    fn digests_have_one_length() {
        assert_eq!(hex_digest::<2>("aBCd"), Some([0xab, 0xcd]));
        assert_eq!(hex_digest::<2>("abc"), None);
        assert_eq!(hex_digest::<2>("abcdef"), None);
        assert_eq!(base64_digest::<2>("q80="), Some([0xab, 0xcd]));
        // Not padded, and with bits set that no byte holds.
        assert_eq!(base64_digest::<2>("q80"), None);
        assert_eq!(base64_digest::<2>("q81="), None);
        assert_eq!(base64_digest::<3>("q80="), None);
        assert!(base64_digest::<64>(&STANDARD.encode([7; 64])).is_some());
    }

    #[test]
    fn no_more_than_sixteen_signatures_are_kept() {
        let mut all = Candidates::<1>::new();
        for n in 0..100 {
            all.push(Some([n]));
        }
        assert_eq!(all.iter().count(), MAX_CANDIDATES);
        assert!(all.contains(&[0]) && !all.contains(&[99]));
    }

    #[test]
    fn the_window_is_closed_on_both_sides() {
        let at = |s| Timestamp::from_second(s).unwrap();
        let check = |signed| check_window(at(signed), at(1000), TOLERANCE);
        assert_eq!(check(700), Ok(()));
        assert_eq!(check(1300), Ok(()));
        assert_eq!(check(699), Err(Rejection::Stale));
        assert_eq!(check(1301), Err(Rejection::Future));
    }
}
