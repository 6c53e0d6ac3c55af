use std::time::Duration;

use jiff::Timestamp;

use super::keys::Ed25519Key;
use super::standard::Message;
use super::wire;
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

/// Standard Webhooks with public keys (v1a, Ed25519): only v1a signatures count, also beside a v1.
///
/// The keys are the scheme's own; [`Secrets`] are not used, and [`Verified::secret_index`] counts the keys.
#[derive(Debug, Clone)]
pub struct StandardWebhooksAsymmetric {
    keys: Vec<Ed25519Key>,
    tolerance: Duration,
}

impl StandardWebhooksAsymmetric {
    /// Any of these keys may match; five minutes of tolerance.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = Ed25519Key>) -> Self {
        Self {
            keys: keys.into_iter().collect(),
            tolerance: wire::TOLERANCE,
        }
    }

    /// Another tolerance.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        _secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        if self.keys.is_empty() {
            return Err(Rejection::NoSecret);
        }
        let message = Message::read(raw)?;
        let candidates = message.candidates::<64>("v1a");
        // Before the signature, because checking it is the dear part.
        wire::check_window(message.signed_at, received_at, self.tolerance)?;
        let head = format!("{}.{}.", message.id, message.time);
        let signed = [head.as_bytes(), &raw.body].concat();
        let index = self
            .keys
            .iter()
            .position(|key| {
                candidates
                    .iter()
                    .any(|signature| key.verifies(&signed, signature))
            })
            .ok_or(Rejection::BadSignature)?;
        Ok(
            Verified::new(raw, "standard_webhooks_v1a", index, received_at)
                .signed_at(message.signed_at)
                .with_id(message.id),
        )
    }
}

verifier!(StandardWebhooksAsymmetric);
