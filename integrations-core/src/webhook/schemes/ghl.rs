use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;

use super::keys::{Ed25519Key, RsaKey};
use super::wire;
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

pub(crate) const ED25519: &str = "x-ghl-signature";
pub(crate) const RSA: &str = "x-wh-signature";

/// GoHighLevel: base64 Ed25519 over the body in `X-GHL-Signature`, under HighLevel's one public key.
///
/// The body's own `timestamp` may lie no more than five minutes in the future. By default it may be of any age, because
/// HighLevel's retries and resends repeat the first delivery's body for hours and days: replays are caught by
/// deduplicating on `webhookId`, which [`Verified::id`] returns. [`with_max_age`](Self::with_max_age) refuses old ones.
///
/// The keys are the scheme's own; [`Secrets`] are not used, and [`Verified::secret_index`] counts the keys.
#[derive(Debug, Clone)]
pub struct Ghl {
    keys: Vec<Ed25519Key>,
    legacy: Vec<RsaKey>,
    max_age: Option<Duration>,
}

impl Ghl {
    /// HighLevel's production key, as a base64 SubjectPublicKeyInfo.
    pub const PRODUCTION_KEY: &'static str =
        "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=";

    /// HighLevel's retired 4096-bit RSA key, as a base64 SubjectPublicKeyInfo.
    pub const LEGACY_RSA_KEY: &'static str = include_str!("ghl_rsa_legacy.b64");

    /// Verifies what HighLevel sends.
    #[must_use]
    pub fn production() -> Self {
        // A test pins the key; were it unreadable, everything would be refused.
        Self::with_keys(Self::PRODUCTION_KEY.parse::<Ed25519Key>())
    }

    /// Verifies with other keys: any may match, so that a new key can be added before HighLevel changes over.
    #[must_use]
    pub fn with_keys(keys: impl IntoIterator<Item = Ed25519Key>) -> Self {
        Self {
            keys: keys.into_iter().collect(),
            legacy: Vec::new(),
            max_age: None,
        }
    }

    /// Also accepts `X-WH-Signature` under the retired RSA key, from requests without `X-GHL-Signature`. HighLevel
    /// announced the end of that header for 2026-09-01.
    #[must_use]
    pub fn allow_legacy_rsa(self) -> Self {
        self.allow_legacy_rsa_with(Self::LEGACY_RSA_KEY.parse::<RsaKey>())
    }

    /// The same with other keys.
    #[must_use]
    pub fn allow_legacy_rsa_with(mut self, keys: impl IntoIterator<Item = RsaKey>) -> Self {
        self.legacy.extend(keys);
        self
    }

    /// Refuses bodies whose `timestamp` is older than this. Bodies without one are still accepted.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        _secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        if self.keys.is_empty() && self.legacy.is_empty() {
            return Err(Rejection::NoSecret);
        }
        let verified = match raw.optional_header(ED25519)? {
            Some(signature) => {
                // HighLevel writes `N/A` where it has not signed; it is no base64 of 64 bytes either.
                let signature = wire::base64_digest::<64>(signature)
                    .ok_or(Rejection::MalformedHeader(ED25519))?;
                let index = self
                    .keys
                    .iter()
                    .position(|key| key.verifies(&raw.body, &signature))
                    .ok_or(Rejection::BadSignature)?;
                Verified::new(raw, "ghl_ed25519", index, received_at)
            }
            None if self.legacy.is_empty() => return Err(Rejection::MissingHeader(ED25519)),
            None => {
                let signature = STANDARD
                    .decode(raw.header(RSA)?)
                    .map_err(|_| Rejection::MalformedHeader(RSA))?;
                let index = self
                    .legacy
                    .iter()
                    .position(|key| key.verifies(&raw.body, &signature))
                    .ok_or(Rejection::BadSignature)?;
                Verified::new(raw, "ghl_rsa", index, received_at)
            }
        };
        self.check_envelope(verified)
    }

    /// Reads the id and the time that the signature covers.
    fn check_envelope<'a>(&self, verified: Verified<'a>) -> Result<Verified<'a>, Rejection> {
        let envelope: Envelope<'a> = match serde_json::from_slice(verified.body()) {
            Ok(envelope) => envelope,
            Err(_) if self.max_age.is_some() => return Err(Rejection::MalformedPayload),
            Err(_) => Envelope::default(),
        };
        let mut verified = verified;
        if let Some(wire::Text(Cow::Borrowed(id))) = envelope.webhook_id
            && !id.is_empty()
        {
            verified = verified.with_id(id);
        }
        let Some(signed_at) = envelope.timestamp else {
            return Ok(verified);
        };
        let age = verified.received_at().duration_since(signed_at);
        if age.is_negative() {
            wire::check_window(signed_at, verified.received_at(), wire::TOLERANCE)?;
        } else if let Some(max_age) = self.max_age {
            wire::check_window(signed_at, verified.received_at(), max_age)?;
        }
        Ok(verified.signed_at(signed_at))
    }
}

impl Default for Ghl {
    fn default() -> Self {
        Self::production()
    }
}

verifier!(Ghl);

#[derive(Default, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, rename = "webhookId")]
    webhook_id: Option<wire::Text<'a>>,
    #[serde(default, deserialize_with = "crate::lenient::timestamp_option")]
    timestamp: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(key: &str) -> String {
        let spki = STANDARD.decode(key).unwrap();
        hex::encode(wire::sha256(&[&spki]))
    }

    #[test]
    fn the_embedded_keys_are_highlevels_own() {
        // Corrupted copies of both are in circulation.
        assert_eq!(
            fingerprint(Ghl::PRODUCTION_KEY),
            "5a2c1b2749d3efcc233fb27d4ab43d56b8d20818c42cd226f6c9a3ff20d3097c"
        );
        assert_eq!(
            fingerprint(Ghl::LEGACY_RSA_KEY),
            "2f62045d413b1b7747e26770ce7f57840cbf86288cd20ceb90d299a62501fd25"
        );
        let ghl = Ghl::production().allow_legacy_rsa();
        assert_eq!((ghl.keys.len(), ghl.legacy.len()), (1, 1));
    }
}
