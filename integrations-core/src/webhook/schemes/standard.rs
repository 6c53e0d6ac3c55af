use std::time::Duration;

use jiff::Timestamp;

use super::wire::{self, Candidates};
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

/// Standard Webhooks with shared secrets (v1), as Svix, Clerk and hundreds of others send it: headers `webhook-id`,
/// `webhook-timestamp` and `webhook-signature`, or the same starting with `svix-`; signed is `{id}.{timestamp}.{body}`.
///
/// The id is the key to deduplicate by: [`Verified::id`]. Secrets: unnamed base64, with or without `whsec_`.
#[derive(Debug, Clone, Copy)]
pub struct StandardWebhooks {
    tolerance: Duration,
}

/// The three header names of one family.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    pub(crate) id: &'static str,
    pub(crate) time: &'static str,
    pub(crate) signature: &'static str,
}

pub(crate) const WEBHOOK: Names = Names {
    id: "webhook-id",
    time: "webhook-timestamp",
    signature: "webhook-signature",
};
pub(crate) const SVIX: Names = Names {
    id: "svix-id",
    time: "svix-timestamp",
    signature: "svix-signature",
};

/// What both versions sign.
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    pub(super) time: &'a str,
    pub(super) signed_at: Timestamp,
    pub(super) signatures: &'a str,
}

impl<'a> Message<'a> {
    pub(super) fn read(raw: &'a RawRequest) -> Result<Self, Rejection> {
        let names = if !raw.headers.contains_key(WEBHOOK.signature)
            && raw.headers.contains_key(SVIX.signature)
        {
            SVIX
        } else {
            WEBHOOK
        };
        let signatures = raw.header(names.signature)?;
        let id = raw.header(names.id)?;
        let time = raw.header(names.time)?;
        let signed_at = wire::seconds(time, names.time)?;
        Ok(Self {
            id,
            time,
            signed_at,
            signatures,
        })
    }

    /// The decoded signatures of this version; all others are skipped.
    pub(super) fn candidates<const N: usize>(&self, version: &str) -> Candidates<N> {
        let mut candidates = Candidates::new();
        for item in self.signatures.split(' ') {
            if let Some((found, signature)) = item.split_once(',')
                && found == version
            {
                candidates.push(wire::base64_digest(signature));
            }
        }
        candidates
    }
}

impl StandardWebhooks {
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
        let message = Message::read(raw)?;
        let parts = [
            message.id.as_bytes(),
            b".",
            message.time.as_bytes(),
            b".",
            &raw.body,
        ];
        let index = wire::matching_secret(secrets, &message.candidates::<32>("v1"), |secret| {
            wire::hmac_sha256(&key(secret.expose_secret())?, &parts)
        })?;
        wire::check_window(message.signed_at, received_at, self.tolerance)?;
        Ok(
            Verified::new(raw, "standard_webhooks_v1", index, received_at)
                .signed_at(message.signed_at)
                .with_id(message.id),
        )
    }
}

/// The bytes of a secret; a bare prefix or an empty key is unusable.
pub(crate) fn key(secret: &str) -> Result<zeroize::Zeroizing<Vec<u8>>, Rejection> {
    wire::base64_key(secret.strip_prefix("whsec_").unwrap_or(secret))
}

impl Default for StandardWebhooks {
    fn default() -> Self {
        Self::new()
    }
}

verifier!(StandardWebhooks);
