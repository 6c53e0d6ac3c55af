use std::fmt::Debug;

use jiff::Timestamp;

use super::{
    Change, DedupeKey, Event, Outcome, RawRequest, Reply, ReplyPolicy, Secrets, TenantKey, Verified,
};
use crate::{Result, WebhookSecret};

/// How one provider's webhooks are read: stateless, and total: it answers every input without a panic.
pub trait WebhookSource: Debug + Send + Sync {
    /// Answers a provider's challenge (Slack, Microsoft Graph, Meta, Notion); `None` for an ordinary delivery.
    fn handshake(&self, raw: &RawRequest, secrets: &Secrets) -> Option<Handshake> {
        let _ = (raw, secrets);
        None
    }

    /// Finds what names the integration in a request that is **not yet verified**: it may only be used to look up the
    /// secrets to verify with.
    fn tenant_key(&self, raw: &RawRequest) -> Option<TenantKey>;

    /// Proves the sender.
    ///
    /// `received_at` is when the request first arrived: a replay from a queue keeps it, so that a timestamp check
    /// judges the delivery and not the replay.
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`](crate::ErrorKind::Webhook); its code is the [`Rejection`](super::Rejection)'s.
    fn verify<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>>;

    /// Splits a verified request into its events.
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`](crate::ErrorKind::Webhook) when the payload is not in the provider's form.
    fn events(&self, verified: Verified<'_>) -> Result<Vec<Event>>;

    /// What makes two deliveries the same event, unique among all events of one tenant from this provider: where the
    /// provider counts its ids per account, the key names the account too.
    fn dedupe_key(&self, event: &Event) -> DedupeKey {
        match event.id() {
            Some(id) => DedupeKey::from(id),
            None => DedupeKey::digest([event.kind().as_bytes(), event.payload()]),
        }
    }

    /// Which records a verified event says have changed; none when it tells of nothing that is synced.
    fn changes(&self, event: &Event) -> Vec<Change> {
        let _ = event;
        Vec::new()
    }

    /// What orders an event: events of one integration with the same key are worked on one after the other, in order
    /// of arrival; those with different keys at once. By default the record that changed; `None` for the integration
    /// itself.
    fn order_key(&self, event: &Event) -> Option<String> {
        let change = self.changes(event).into_iter().next()?;
        Some(format!("{}:{}", change.object, change.id))
    }

    /// What this provider must be answered.
    fn reply(&self, outcome: Outcome) -> Reply {
        ReplyPolicy::DEFAULT.reply(outcome)
    }
}

/// An answered challenge.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Handshake {
    /// The answer.
    pub reply: Reply,
    /// A secret that the provider handed over and that must be stored before the answer is sent.
    pub learned: Option<WebhookSecret>,
}

impl Handshake {
    /// An answer alone.
    #[must_use]
    pub fn reply(reply: Reply) -> Self {
        Self {
            reply,
            learned: None,
        }
    }

    /// An answer, and a secret to store first.
    #[must_use]
    pub fn learned(reply: Reply, secret: WebhookSecret) -> Self {
        Self {
            reply,
            learned: Some(secret),
        }
    }
}
