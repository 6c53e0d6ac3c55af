use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::wire::{self, Candidates};
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};
use crate::{Error, Result as CoreResult, WebhookSecret};

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

    /// Signs a webhook of our own: the three `webhook-` headers, with one signature per secret, so that a receiver who
    /// still has the old secret of a rotation is served too. No other header is covered.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when there is no secret or one is not base64,
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) when the id is empty, holds a full stop (which would let
    /// it reach into the time) or what no header may carry.
    pub fn sign(
        secrets: &[WebhookSecret],
        id: &str,
        at: Timestamp,
        body: &[u8],
    ) -> CoreResult<HeaderMap> {
        let invalid = || Error::validation("the id of a webhook is not usable", Vec::new());
        if id.is_empty() || id.contains('.') {
            return Err(invalid());
        }
        let time = at.as_second().to_string();
        let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
        let mut signatures = String::new();
        for secret in secrets {
            let code = key(secret.expose_secret())
                .and_then(|key| wire::hmac_sha256(&key, &parts))
                .map_err(|_| Error::config("a webhook secret is not base64"))?;
            if !signatures.is_empty() {
                signatures.push(' ');
            }
            signatures.push_str("v1,");
            STANDARD.encode_string(code, &mut signatures);
        }
        if signatures.is_empty() {
            return Err(Error::config("there is no secret to sign a webhook with"));
        }
        let mut headers = HeaderMap::with_capacity(3);
        for (name, value) in [
            (WEBHOOK.id, id),
            (WEBHOOK.time, &time),
            (WEBHOOK.signature, &signatures),
        ] {
            let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// The example of the specification's own test suites.
    #[test]
    fn the_vector_of_the_specification() {
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let signed = StandardWebhooks::sign(
            &[SECRET.into()],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at,
            br#"{"test": 2432232314}"#,
        )
        .unwrap();
        assert_eq!(signed["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(signed["webhook-timestamp"], "1614265330");
        assert_eq!(
            signed["webhook-signature"],
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn each_secret_of_a_rotation_verifies() {
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let secrets: [WebhookSecret; 2] = [SECRET.into(), "bmV3ZXIgc2VjcmV0".into()];
        let headers = StandardWebhooks::sign(&secrets, "m-1", at, b"{}").unwrap();
        let raw = RawRequest::new(http::Method::POST, "/", headers, "{}");
        for secret in secrets {
            let verified = StandardWebhooks::new().verify(&raw, &Secrets::one(secret), at);
            assert!(verified.is_ok());
        }
        let other = Secrets::one("b3RoZXIgc2VjcmV0");
        assert!(StandardWebhooks::new().verify(&raw, &other, at).is_err());
    }

    #[test]
    fn nothing_is_signed_without_a_good_secret_and_id() {
        let at = Timestamp::UNIX_EPOCH;
        let sign = |secrets: &[WebhookSecret], id| StandardWebhooks::sign(secrets, id, at, b"");
        assert!(sign(&[], "m").is_err());
        assert!(sign(&["".into()], "m").is_err());
        assert!(sign(&["whsec_".into()], "m").is_err());
        assert!(sign(&["not base64!".into()], "m").is_err());
        for id in ["", "a.b", "a\nb", "a\0"] {
            assert!(sign(&[SECRET.into()], id).is_err(), "{id:?}");
        }
    }
}
