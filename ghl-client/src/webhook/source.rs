use std::time::Duration;

use integrations_core::Result;
use integrations_core::webhook::schemes::{Ed25519Key, Ghl};
use integrations_core::webhook::{
    Event, Outcome, RawRequest, Rejection, Reply, ReplyPolicy, Secrets, TenantKey, Verified,
    WebhookSource,
};
use jiff::Timestamp;

use super::Envelope;

/// GoHighLevel's webhooks: how they are verified, to whom they belong, what they are answered.
///
/// One request is one event. It belongs to its `locationId`, or to its `companyId` when it has no location, as an
/// installation by a whole company. A repeated delivery is known by `webhookId`; a body without one by its SHA-256, so
/// that two such bodies that are equal byte for byte count as one event.
///
/// The provider signs with one key for all: [`Secrets`] are not used. It sends a failed delivery up to twelve times
/// more over days with the same body, so the age of an event is not checked unless you ask for it.
#[derive(Debug, Clone, Default)]
pub struct GhlWebhooks(Ghl);

impl GhlWebhooks {
    /// Verifies what the provider sends.
    #[must_use]
    pub fn production() -> Self {
        Self(Ghl::production())
    }

    /// Verifies with other keys: any may match, so that a new one can be added before the provider changes over.
    #[must_use]
    pub fn with_keys(keys: impl IntoIterator<Item = Ed25519Key>) -> Self {
        Self(Ghl::with_keys(keys))
    }

    /// Also takes the retired RSA signature, from requests that have no other.
    #[must_use]
    pub fn allow_legacy_rsa(self) -> Self {
        Self(self.0.allow_legacy_rsa())
    }

    /// Refuses events older than this, late deliveries among them.
    #[must_use]
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self(self.0.with_max_age(max_age))
    }
}

impl From<Ghl> for GhlWebhooks {
    fn from(scheme: Ghl) -> Self {
        Self(scheme)
    }
}

impl WebhookSource for GhlWebhooks {
    fn tenant_key(&self, raw: &RawRequest) -> Option<TenantKey> {
        Some(Envelope::read(&raw.body)?.tenant_key()?.into())
    }

    fn verify<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>> {
        self.0.verify(raw, secrets, received_at)
    }

    fn events(&self, verified: Verified<'_>) -> Result<Vec<Event>> {
        let envelope = Envelope::read(verified.body()).ok_or(Rejection::MalformedPayload)?;
        let kind = envelope.kind.as_deref().unwrap_or_default();
        let mut event = Event::new(&verified, crate::PROVIDER, kind);
        if let Some(id) = envelope.webhook_id.as_deref().filter(|id| !id.is_empty()) {
            event = event.with_id(id);
        }
        if let Some(key) = envelope.tenant_key() {
            event = event.with_tenant_key(key);
        }
        if let Some(at) = envelope.timestamp {
            event = event.with_occurred_at(at);
        }
        Ok(vec![event])
    }

    fn reply(&self, outcome: Outcome) -> Reply {
        ReplyPolicy::GHL.reply(outcome)
    }
}
