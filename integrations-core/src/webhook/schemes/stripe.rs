use std::time::Duration;

use jiff::Timestamp;

use super::wire::{self, Candidates};
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

pub(crate) const HEADER: &str = "stripe-signature";

/// Stripe's v1 scheme: `Stripe-Signature: t=…,v1=…[,v1=…]` over `{t}.{body}`; v0 and unknown versions are skipped.
///
/// Secrets: the endpoint's secret, unnamed and verbatim: its `whsec_` is part of the key.
#[derive(Debug, Clone, Copy)]
pub struct Stripe {
    tolerance: Duration,
}

impl Stripe {
    /// Five minutes of tolerance.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_tolerance(wire::TOLERANCE)
    }

    /// Another tolerance.
    #[must_use]
    pub const fn with_tolerance(tolerance: Duration) -> Self {
        Self { tolerance }
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        wire::require_secret(secrets)?;
        let header = raw.header(HEADER)?;
        let (mut time, mut candidates) = (None, Candidates::<32>::new());
        for item in header.split(',') {
            let (key, value) = item
                .split_once('=')
                .ok_or(Rejection::MalformedHeader(HEADER))?;
            match key.trim() {
                "t" if time.is_some() => return Err(Rejection::MalformedHeader(HEADER)),
                "t" => time = Some(value),
                "v1" => candidates.push(wire::hex_digest(value)),
                _ => {}
            }
        }
        let time = time.ok_or(Rejection::MalformedHeader(HEADER))?;
        let signed_at = wire::seconds(time, HEADER)?;
        let index = wire::matching_secret(secrets, &candidates, |secret| {
            let key = secret.expose_secret().as_bytes();
            wire::hmac_sha256(key, &[time.as_bytes(), b".", &raw.body])
        })?;
        wire::check_window(signed_at, received_at, self.tolerance)?;
        Ok(Verified::new(raw, "stripe_v1", index, received_at).signed_at(signed_at))
    }
}

impl Default for Stripe {
    fn default() -> Self {
        Self::new()
    }
}

verifier!(Stripe);
