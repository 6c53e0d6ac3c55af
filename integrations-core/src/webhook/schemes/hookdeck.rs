use jiff::Timestamp;

use super::wire::{self, Candidates};
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

pub(crate) const HEADERS: [&str; 2] = ["x-hookdeck-signature", "x-hookdeck-signature-2"];

/// Hookdeck: base64 HMAC-SHA256 of the body, under both secrets while one is rotated out. No timestamp.
///
/// Secrets: unnamed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hookdeck;

impl Hookdeck {
    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        wire::require_secret(secrets)?;
        let [first, second] = HEADERS;
        let mut candidates = Candidates::<32>::one(
            wire::base64_digest(raw.header(first)?).ok_or(Rejection::MalformedHeader(first))?,
        );
        if let Some(text) = raw.optional_header(second)? {
            let signature = wire::base64_digest(text).ok_or(Rejection::MalformedHeader(second))?;
            candidates.push(Some(signature));
        }
        let index = wire::matching_secret(secrets, &candidates, |secret| {
            wire::hmac_sha256(secret.expose_secret().as_bytes(), &[&raw.body])
        })?;
        Ok(Verified::new(raw, "hookdeck", index, received_at))
    }
}

verifier!(Hookdeck);
