use std::sync::Arc;

use integrations_core::Result;
use integrations_core::webhook::schemes::Verity;
use integrations_core::webhook::{
    Change, DedupeKey, DedupePolicy, Discriminator, Event, Object, Outcome, RawRequest, Rejection,
    Reply, ReplyPolicy, Secrets, TenantKey, Verified, WebhookSource,
};
use jiff::Timestamp;

use super::head::Head;

/// The one account of a deployment, as long as none is named.
const ACCOUNT: &str = "verity";
const BROADCAST_HEADERS: [&str; 2] = ["x-broadcast-signature", "x-df-broadcast-secret"];

/// What proves a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum VerificationMode {
    /// The signature of the body, and nothing else.
    #[default]
    RequireSignature,
    /// Also the secret itself, in a header of a request that has no signature. It proves the sender and not the body:
    /// for as long as Verity does not sign.
    AllowLegacySecret,
    /// Nothing: **anybody can send anything**. For development alone.
    Disabled,
}

/// Verity's webhooks: of the texting system, and of broadcasts.
///
/// Signatures are hex HMAC-SHA256 of the raw body in `X-Texting-Signature`, `X-Broadcast-Signature` or `X-Signature`,
/// with or without `sha256=`. A request without one, or without a configured secret, is refused.
///
/// Secrets: unnamed, any may match.
#[derive(Debug, Clone)]
pub struct VerityWebhooks {
    mode: VerificationMode,
    dedupe: DedupePolicy,
    account: String,
}

impl VerityWebhooks {
    /// Takes signed webhooks.
    #[must_use]
    pub fn new() -> Self {
        Self {
            mode: VerificationMode::default(),
            dedupe: DedupePolicy::default(),
            account: ACCOUNT.to_owned(),
        }
    }

    /// What proves a sender.
    #[must_use]
    pub fn mode(mut self, mode: VerificationMode) -> Self {
        self.mode = mode;
        self
    }

    /// What makes two deliveries the same event.
    #[must_use]
    pub fn dedupe(mut self, policy: DedupePolicy) -> Self {
        self.dedupe = policy;
        self
    }

    /// The account that webhooks belong to whose URL names none as `account`: Verity's own bodies do not say.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = account.into();
        self
    }
}

impl Default for VerityWebhooks {
    fn default() -> Self {
        Self::new()
    }
}

impl WebhookSource for VerityWebhooks {
    fn tenant_key(&self, raw: &RawRequest) -> Option<TenantKey> {
        let named = raw.query_value("account").filter(|name| !name.is_empty());
        Some(named.unwrap_or_else(|| self.account.clone()).into())
    }

    fn verify<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>> {
        let broadcast = BROADCAST_HEADERS
            .iter()
            .any(|name| raw.headers.contains_key(*name));
        let scheme = match broadcast {
            true => Verity::BROADCAST,
            false => Verity::TEXTING,
        };
        match self.mode {
            VerificationMode::RequireSignature => scheme.verify(raw, secrets, received_at),
            VerificationMode::AllowLegacySecret => {
                scheme
                    .allow_plain_secret()
                    .verify(raw, secrets, received_at)
            }
            VerificationMode::Disabled => {
                tracing::warn!("a webhook was taken without any proof of its sender");
                Ok(Verified::vouched_for(raw, "verity_unverified", received_at))
            }
        }
    }

    fn events(&self, verified: Verified<'_>) -> Result<Vec<Event>> {
        let head = Head::read(verified.body()).ok_or(Rejection::MalformedPayload)?;
        if head.is_broadcast() && head.broadcast.is_none() {
            return Err(Rejection::MalformedPayload.into());
        }
        let mut event = Event::new(&verified, crate::PROVIDER, head.kind());
        if let Some(id) = &head.event_id {
            event = event.with_id(id);
        }
        if let Some(key) = self.tenant_key(verified.raw()) {
            event = event.with_tenant_key(key);
        }
        if let Some(at) = head.time.as_ref().and_then(|time| time.parse().ok()) {
            event = event.with_occurred_at(at);
        }
        Ok(vec![event.with_memo(Some(head))])
    }

    fn dedupe_key(&self, event: &Event) -> DedupeKey {
        let discriminator = match event.id() {
            Some(id) => Discriminator::Id(id),
            None => Discriminator::Body(event.payload()),
        };
        let head = head(event);
        let Some(head) = &*head else {
            return self.dedupe.key([event.kind()], discriminator);
        };
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let fields = match head.is_broadcast() {
            true => [
                text(&head.broadcast),
                event.kind().to_owned(),
                text(&head.timestamp),
            ],
            false => [
                event.kind().to_owned(),
                text(&head.conversation),
                head.entity().to_owned(),
            ],
        };
        self.dedupe
            .key(fields.iter().map(String::as_str), discriminator)
    }

    fn changes(&self, event: &Event) -> Vec<Change> {
        let about_message = event.kind().starts_with("message.");
        let head = head(event);
        let id = head.as_ref().as_ref().and_then(|head| head.message.clone());
        id.filter(|_| about_message)
            .map(|id| Change::upserted(Object::Message, id))
            .into_iter()
            .collect()
    }

    /// The thread, so that a delivery does not overtake its message; the broadcast.
    fn order_key(&self, event: &Event) -> Option<String> {
        let head = head(event);
        let head = head.as_ref().as_ref()?;
        if let (true, Some(id)) = (head.is_broadcast(), &head.broadcast) {
            return Some(format!("broadcast:{id}"));
        }
        match &head.conversation {
            Some(id) => Some(format!("conversation:{id}")),
            None => Some(format!("message:{}", head.message.as_ref()?)),
        }
    }

    fn reply(&self, outcome: Outcome) -> Reply {
        ReplyPolicy::VERITY.reply(outcome)
    }
}

/// Its head, read once; `None` when the payload is no object.
fn head(event: &Event) -> Arc<Option<Head>> {
    event.memo(|payload| Head::read(payload))
}
