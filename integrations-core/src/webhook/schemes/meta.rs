use http::Method;
use jiff::Timestamp;

use super::hmac::Hmac;
use super::wire;
use crate::webhook::{Handshake, RawRequest, Rejection, Reply, Secrets, Verified};

/// Meta (Facebook, Instagram, WhatsApp): `X-Hub-Signature-256: sha256=…` over the body; the SHA-1 header beside it is
/// never looked at.
///
/// Secrets: the app secret, unnamed; `verify_token` for the handshake.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meta;

impl Meta {
    /// The name under which [`Secrets`] holds the token that a subscription is confirmed with.
    pub const VERIFY_TOKEN: &'static str = "verify_token";

    pub(crate) const SCHEME: Hmac = Hmac::GITHUB.named("meta_sha256");

    /// Answers `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…` when the token is ours.
    #[must_use]
    pub fn handshake(&self, raw: &RawRequest, secrets: &Secrets) -> Option<Handshake> {
        if raw.method != Method::GET || raw.query_value("hub.mode")? != "subscribe" {
            return None;
        }
        let token = raw.query_value("hub.verify_token")?;
        wire::matching_token(secrets, Self::VERIFY_TOKEN, token.as_bytes()).ok()?;
        let challenge = raw.query_value("hub.challenge")?;
        Some(Handshake::reply(Reply::text(challenge)))
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

verifier!(Meta);
