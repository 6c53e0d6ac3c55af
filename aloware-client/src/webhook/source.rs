use integrations_core::webhook::schemes::{Basic, SharedSecret};
use integrations_core::webhook::{
    Change, DedupeKey, DedupePolicy, Discriminator, Event, Object, Outcome, RawRequest, Rejection,
    Reply, ReplyPolicy, Secrets, TenantKey, Verified, WebhookSource,
};
use integrations_core::{Result, WebhookSecret};
use jiff::Timestamp;

use super::allowed::AllowedEvents;
use super::subject::Envelope;

/// Aloware's webhooks: how they are verified, what makes two of them the same, what they are answered.
///
/// A body says nothing of the account that it comes from: give each integration its own URL, or name the one account that
/// there is with [`for_account`](Self::for_account).
///
/// Events of one contact are worked on in order of arrival; where a body names no contact, those of one call or message.
/// As some events of a call name the contact and others do not, the events of a call can still overtake each other, which
/// they do on their way here too: [`CallRecord`](super::CallRecord) does not mind.
///
/// An event that carries a contact with a phone number in E.164 form, as those of calls and messages mostly do, is told of as a
/// [change](WebhookSource::changes) of that contact, by the number: what is not subscribed to, or lost, is made up for by
/// the next one. Everything else is for the handler, which reads the [`Event`](super::Event).
#[derive(Debug, Clone, Default)]
pub struct AlowareWebhooks {
    proof: Proof,
    allowed: AllowedEvents,
    dedupe: DedupePolicy,
    account: Option<String>,
}

/// What the webhook's settings in Aloware call *Authentication*.
#[derive(Debug, Clone, Default)]
enum Proof {
    #[default]
    Basic,
    Bearer,
    Nothing,
}

impl AlowareWebhooks {
    /// Proven by a user and a password: see [`basic_secrets`].
    #[must_use]
    pub fn basic() -> Self {
        Self::default()
    }

    /// Proven by a token: an unnamed secret.
    #[must_use]
    pub fn bearer() -> Self {
        Self {
            proof: Proof::Bearer,
            ..Self::default()
        }
    }

    /// Proven by nothing: **anybody who knows the URL can make events up.** Only for a receiver that nobody else can reach,
    /// as the sender gives no other proof.
    #[must_use]
    pub fn without_authentication() -> Self {
        Self {
            proof: Proof::Nothing,
            ..Self::default()
        }
    }

    /// Leaves out events that are not on the list; they are answered like the others.
    #[must_use]
    pub fn allowing(mut self, events: AllowedEvents) -> Self {
        self.allowed = events;
        self
    }

    /// What makes two deliveries the same event: by default the name, what it is about, and the bytes.
    #[must_use]
    pub fn dedupe(mut self, policy: DedupePolicy) -> Self {
        self.dedupe = policy;
        self
    }

    /// Takes every event for one of this account, by the name that its config has (`account`): for a deployment with one
    /// account and one URL.
    #[must_use]
    pub fn for_account(mut self, name: impl Into<String>) -> Self {
        self.account = Some(name.into());
        self
    }

    fn tenant(&self) -> Option<TenantKey> {
        self.account.as_deref().map(TenantKey::from)
    }
}

/// What [`AlowareWebhooks::basic`] verifies with: the user and the password that were chosen in Aloware's settings.
pub fn basic_secrets(
    user: impl Into<WebhookSecret>,
    password: impl Into<WebhookSecret>,
) -> Secrets {
    Secrets::one(password).with_named(Basic::USER, user)
}

impl WebhookSource for AlowareWebhooks {
    fn tenant_key(&self, _: &RawRequest) -> Option<TenantKey> {
        self.tenant()
    }

    fn verify<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>> {
        match self.proof {
            Proof::Basic => Basic.verify(raw, secrets, received_at),
            Proof::Bearer => {
                SharedSecret::bearer()
                    .named("bearer")
                    .verify(raw, secrets, received_at)
            }
            Proof::Nothing => Ok(Verified::vouched_for(raw, "unauthenticated", received_at)),
        }
    }

    /// One request is one event; a test ping is none, and so is what is not wanted.
    fn events(&self, verified: Verified<'_>) -> Result<Vec<Event>> {
        let envelope = Envelope::read(verified.body()).ok_or(Rejection::MalformedPayload)?;
        if envelope.is_ping() || !self.allowed.allows(envelope.kind()) {
            return Ok(Vec::new());
        }
        let mut event = Event::new(&verified, crate::PROVIDER, envelope.kind());
        if let Some(key) = self.tenant() {
            event = event.with_tenant_key(key);
        }
        if let Some(at) = envelope.updated_at() {
            event = event.with_occurred_at(at);
        }
        Ok(vec![event])
    }

    fn dedupe_key(&self, event: &Event) -> DedupeKey {
        let envelope = Envelope::read(event.payload());
        let entity = envelope.as_ref().and_then(Envelope::entity);
        let policy = match entity {
            Some(_) => self.dedupe,
            // What names nothing is never dropped for another that names nothing.
            None => DedupePolicy::WithDigest,
        };
        policy.key(
            [crate::PROVIDER, event.kind(), entity.unwrap_or_default()],
            Discriminator::Body(event.payload()),
        )
    }

    fn changes(&self, event: &Event) -> Vec<Change> {
        let phone = Envelope::read(event.payload()).and_then(|envelope| envelope.phone());
        phone
            .map(|phone| Change::upserted(Object::Contact, phone.as_str()))
            .into_iter()
            .collect()
    }

    fn order_key(&self, event: &Event) -> Option<String> {
        let envelope = Envelope::read(event.payload())?;
        match (envelope.contact(), envelope.entity()) {
            (Some(contact), _) => Some(format!("contact:{contact}")),
            (None, Some(communication)) => Some(format!("communication:{communication}")),
            (None, None) => None,
        }
    }

    fn reply(&self, outcome: Outcome) -> Reply {
        ReplyPolicy::ALOWARE.reply(outcome)
    }
}
