use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::hmac::{Hmac, SignedTime};
use super::wire;
use crate::webhook::{Handshake, RawRequest, Rejection, Reply, Secrets, Verified};

/// Slack's v0 scheme, the same for events, slash commands and interactivity: `X-Slack-Signature` over
/// `v0:{X-Slack-Request-Timestamp}:{body}`. Slash commands and interactivity are form-encoded.
///
/// Secrets: the app's signing secret, unnamed.
#[derive(Debug, Clone, Copy)]
pub struct Slack(pub(crate) Hmac);

impl Slack {
    /// Five minutes of tolerance.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_tolerance(wire::TOLERANCE)
    }

    /// Another tolerance.
    #[must_use]
    pub const fn with_tolerance(tolerance: Duration) -> Self {
        let time = SignedTime::seconds("x-slack-request-timestamp")
            .between("v0:", ":")
            .with_tolerance(tolerance);
        Self(
            Hmac::sha256(&["x-slack-signature"])
                .named("slack_v0")
                .with_prefix("v0=")
                .with_time(time),
        )
    }

    /// Answers `url_verification`, when Slack signed it: echoes the challenge.
    ///
    /// The age of the timestamp is not judged, because the answer changes nothing here.
    #[must_use]
    pub fn handshake(&self, raw: &RawRequest, secrets: &Secrets) -> Option<Handshake> {
        #[derive(Deserialize)]
        struct UrlVerification {
            r#type: String,
            challenge: String,
        }
        self.0
            .check_signature(raw, secrets, Timestamp::UNIX_EPOCH)
            .ok()?;
        let body: UrlVerification = serde_json::from_slice(&raw.body).ok()?;
        (body.r#type == "url_verification")
            .then(|| Handshake::reply(Reply::json(&json!({ "challenge": body.challenge }))))
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        self.0.check(raw, secrets, received_at)
    }
}

impl Default for Slack {
    fn default() -> Self {
        Self::new()
    }
}

verifier!(Slack);
