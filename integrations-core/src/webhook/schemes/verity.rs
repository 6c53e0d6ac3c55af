use jiff::Timestamp;

use super::hmac::Hmac;
use super::shared_secret::SharedSecret;
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

/// Verity's texting and broadcast webhooks: hex HMAC-SHA256 of the body in `X-Texting-Signature` or
/// `X-Broadcast-Signature`, or in `X-Signature`. No timestamp.
///
/// Secrets: unnamed.
#[derive(Debug, Clone, Copy)]
pub struct Verity {
    pub(crate) hmac: Hmac,
    pub(crate) plain: SharedSecret,
    allow_plain: bool,
    signatures: &'static [&'static str],
}

impl Verity {
    /// The texting webhook.
    pub const TEXTING: Self = Self::new(
        &["x-texting-signature", "x-signature"],
        "x-texting-secret",
        "verity_texting",
    );
    /// The broadcast webhook.
    pub const BROADCAST: Self = Self::new(
        &["x-broadcast-signature", "x-signature"],
        "x-df-broadcast-secret",
        "verity_broadcast",
    );

    const fn new(
        signatures: &'static [&'static str],
        plain: &'static str,
        name: &'static str,
    ) -> Self {
        Self {
            hmac: Hmac::sha256(signatures)
                .named(name)
                .with_optional_prefix("sha256="),
            plain: SharedSecret::new(plain).named("verity_shared_secret"),
            allow_plain: false,
            signatures,
        }
    }

    /// Also accepts the plain secret in `X-Texting-Secret` or `X-DF-Broadcast-Secret` from requests that carry no
    /// signature at all. It proves the sender, not the body.
    #[must_use]
    pub const fn allow_plain_secret(mut self) -> Self {
        self.allow_plain = true;
        self
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        let signed = self
            .signatures
            .iter()
            .any(|&header| raw.headers.contains_key(header));
        if self.allow_plain && !signed && self.plain.is_present(raw) {
            self.plain.check(raw, secrets, received_at)
        } else {
            self.hmac.check(raw, secrets, received_at)
        }
    }
}

verifier!(Verity);
