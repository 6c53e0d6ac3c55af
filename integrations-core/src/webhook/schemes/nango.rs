use jiff::Timestamp;

use super::hmac::Hmac;
use super::wire::{self, Candidates};
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

pub(crate) const LEGACY: &str = "x-nango-signature";
pub(crate) const CURRENT: &str = "x-nango-hmac-sha256";

/// Nango: `X-Nango-Hmac-Sha256` over the body, no timestamp.
///
/// Secrets: the webhook signing key, unnamed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nango {
    legacy: bool,
}

impl Nango {
    pub(crate) const SCHEME: Hmac = Hmac::sha256(&[CURRENT]).named("nango_hmac_sha256");

    /// The current scheme only.
    #[must_use]
    pub const fn new() -> Self {
        Self { legacy: false }
    }

    /// Also accepts `X-Nango-Signature`, `sha256(secret ‖ body)`, from requests without the current header.
    ///
    /// Who sees one such request can extend its body and sign the longer one without the secret: only for old Nango
    /// servers in a network of your own.
    #[must_use]
    pub const fn allow_legacy_hash(mut self) -> Self {
        self.legacy = true;
        self
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        if !self.legacy || raw.headers.contains_key(CURRENT) {
            return Self::SCHEME.check(raw, secrets, received_at);
        }
        wire::require_secret(secrets)?;
        let signature =
            wire::hex_digest(raw.header(LEGACY)?).ok_or(Rejection::MalformedHeader(LEGACY))?;
        let index = wire::matching_secret(secrets, &Candidates::<32>::one(signature), |secret| {
            Ok(wire::sha256(&[
                secret.expose_secret().as_bytes(),
                &raw.body,
            ]))
        })?;
        Ok(Verified::new(
            raw,
            "nango_legacy_sha256",
            index,
            received_at,
        ))
    }
}

verifier!(Nango);
