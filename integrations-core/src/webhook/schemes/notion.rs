use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;

use super::hmac::Hmac;
use crate::WebhookSecret;
use crate::webhook::{Handshake, RawRequest, Rejection, Reply, Secrets, Verified};

/// Notion: `X-Notion-Signature: sha256=…` over the body, no timestamp, so deduplicate by the event's `id`.
///
/// Secrets: the verification token that the handshake handed over, unnamed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Notion;

impl Notion {
    pub(crate) const SCHEME: Hmac = Hmac::sha256(&["x-notion-signature"])
        .named("notion_sha256")
        .with_prefix("sha256=");

    /// Answers the first request of a new subscription, which carries the `verification_token` and is signed with it.
    ///
    /// The token is learned only while no secret is stored: later handshakes are answered only when they repeat a
    /// stored one, so that nobody can put a token of their own in its place. To start over, delete the secret first.
    #[must_use]
    pub fn handshake(&self, raw: &RawRequest, secrets: &Secrets) -> Option<Handshake> {
        #[derive(Deserialize)]
        struct Body {
            verification_token: WebhookSecret,
        }
        let Body { verification_token } = serde_json::from_slice(&raw.body).ok()?;
        let known = Secrets::one(verification_token.clone());
        Self::SCHEME
            .check(raw, &known, Timestamp::UNIX_EPOCH)
            .ok()?;
        let reply = Reply::status(StatusCode::OK);
        if secrets.usable("").next().is_none() {
            return Some(Handshake::learned(reply, verification_token));
        }
        secrets
            .usable("")
            .any(|(_, stored)| *stored == verification_token)
            .then(|| Handshake::reply(reply))
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        Self::SCHEME.check(raw, secrets, received_at)
    }
}

verifier!(Notion);
