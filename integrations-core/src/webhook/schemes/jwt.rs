//! Signed tokens: RS256 only, judged at the time of arrival.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use serde::Deserialize;

use super::jwks::KeySource;
use super::wire;
use crate::webhook::Rejection;

/// Longer tokens are refused unread.
const LONGEST: usize = 16 * 1024;
/// How far the two clocks may differ.
const SKEW: Duration = Duration::from_secs(60);

/// The claims that any of our schemes looks at.
#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    iat: Option<i64>,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    pub(super) email: Option<String>,
    #[serde(default)]
    pub(super) email_verified: Option<bool>,
    #[serde(default)]
    pub(super) azp: Option<String>,
    #[serde(default)]
    pub(super) appid: Option<String>,
    #[serde(default)]
    pub(super) tid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    /// Whether the token is meant for one of these.
    pub(super) fn is_for(&self, ours: &[String]) -> bool {
        match &self.aud {
            Audience::One(aud) => ours.contains(aud),
            Audience::Many(all) => all.iter().any(|aud| ours.contains(aud)),
        }
    }
}

/// Checks the signature and the times of a token; who it is from and for is the caller's to check.
pub(super) fn verify(
    token: &str,
    keys: &dyn KeySource,
    received_at: Timestamp,
    malformed: Rejection,
) -> Result<Claims, Rejection> {
    if token.len() > LONGEST {
        return Err(malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| malformed)?;
    // A critical extension must be understood, and we understand none.
    if header.alg != Algorithm::RS256 || header.crit.is_some() {
        return Err(malformed);
    }
    let key = keys
        .key(header.kid.as_deref().ok_or(malformed)?)
        .ok_or(Rejection::UnknownKey)?;
    let (message, signature) = token.rsplit_once('.').ok_or(malformed)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?;
    if !key.verifies(message.as_bytes(), &signature) {
        return Err(Rejection::BadSignature);
    }
    let (_, claims) = message.split_once('.').ok_or(malformed)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| malformed)?;
    let claims: Claims = serde_json::from_slice(&claims).map_err(|_| malformed)?;
    let time = |seconds| Timestamp::from_second(seconds).map_err(|_| malformed);
    if time(claims.exp)? < received_at {
        wire::check_window(time(claims.exp)?, received_at, SKEW)?;
    }
    for earliest in [claims.iat, claims.nbf].into_iter().flatten() {
        if time(earliest)? > received_at {
            wire::check_window(time(earliest)?, received_at, SKEW)?;
        }
    }
    Ok(claims)
}
