//! The parts of a JWT, read as strictly as its verification needs.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::reason::Reason;

/// Longer tokens are refused unread.
const LONGEST: usize = 16 * 1024;

/// What stands before the claims. A name that comes twice is refused.
#[derive(Deserialize)]
pub(crate) struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<Value>,
    #[serde(default)]
    pub(crate) kid: Option<String>,
    #[serde(default)]
    pub(crate) cat: Option<String>,
    #[serde(default)]
    crit: Option<IgnoredAny>,
}

/// A token taken apart, none of it trusted.
pub(crate) struct Parts<'a> {
    pub(crate) header: Header,
    pub(crate) algorithm: Algorithm,
    /// What is signed.
    pub(crate) message: &'a str,
    claims: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes a token apart; the claims are not looked at.
    pub(crate) fn of(token: &'a str) -> Result<Self, Reason> {
        if token.len() > LONGEST {
            return Err(Reason::TokenInvalid);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Reason::TokenInvalid)?;
        let (header, claims) = message.split_once('.').ok_or(Reason::TokenInvalid)?;
        if claims.contains('.') {
            return Err(Reason::TokenInvalid);
        }
        let header: Header = object(header).ok_or(Reason::TokenInvalid)?;
        if header.typ.as_ref().is_some_and(|typ| typ != "JWT") {
            return Err(Reason::TokenInvalid);
        }
        // A critical extension must be understood, and we understand none.
        if header.crit.is_some() {
            return Err(Reason::TokenInvalid);
        }
        let algorithm = match header.alg.as_str() {
            "RS256" => Algorithm::RS256,
            "RS384" => Algorithm::RS384,
            "RS512" => Algorithm::RS512,
            _ => return Err(Reason::InvalidAlgorithm),
        };
        Ok(Self {
            header,
            algorithm,
            message,
            claims,
            signature,
        })
    }

    /// The claims: for after the signature was verified.
    pub(crate) fn claims(&self) -> Result<Map<String, Value>, Reason> {
        object(self.claims).ok_or(Reason::TokenInvalid)
    }
}

fn object<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    // serde would take a list for the fields in their order.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    (first == Some(&b'{')).then(|| serde_json::from_slice(&bytes).ok())?
}

/// A time of a token, in seconds since 1970.
pub(crate) fn seconds(value: &Value) -> Option<f64> {
    value.as_f64().filter(|seconds| seconds.is_finite())
}

/// How long a token of our own lives, by what it says; by its end and our clock when it does not say when it began.
pub(crate) fn lifetime(token: &str, asked: Timestamp) -> Option<Duration> {
    let claims = token.split('.').nth(1)?;
    let claims: Map<String, Value> = object(claims)?;
    let end = seconds(claims.get("exp")?)?;
    let start = match claims.get("iat").and_then(seconds) {
        Some(start) => start,
        None => asked.as_duration().as_secs_f64(),
    };
    Duration::try_from_secs_f64(end - start)
        .ok()
        .filter(|lifetime| !lifetime.is_zero())
}
