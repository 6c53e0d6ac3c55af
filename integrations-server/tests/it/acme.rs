//! Two made-up providers: one whose integrations have secrets of their own, one that signs everything with one key.

use std::sync::Arc;

use http::{Method, StatusCode};
use integrations_core::provider::{Context, Integration, Provider};
use integrations_core::template::{Config, Template};
use integrations_core::webhook::schemes::Hmac;
use integrations_core::webhook::{
    Event, Handshake, Outcome, RawRequest, Rejection, Reply, ReplyPolicy, Secrets, TenantKey,
    Verified, WebhookSource,
};
use integrations_core::{Error, Result, Timestamp, WebhookSecret};
use serde::Deserialize;
use serde_json::{Value, json};

pub const SIGNATURE: &str = "x-acme-signature";
pub const SCHEME: Hmac = Hmac::sha256(&[SIGNATURE]).named("acme");

/// What signs everything of the provider `everywhere`.
pub const GLOBAL_SECRET: &str = "planted-global-secret-of-everywhere";

#[derive(Debug)]
pub struct Acme {
    template: Template,
    webhooks: Option<Source>,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    OwnSecrets,
    OneKey,
    Discreet,
}

impl Acme {
    pub fn own_secrets() -> Self {
        Self::new("acme", Some(Source::OwnSecrets))
    }

    pub fn one_key() -> Self {
        Self::new("everywhere", Some(Source::OneKey))
    }

    /// With a field that lists the wanted events, and payloads that nobody may read at rest.
    pub fn discreet() -> Self {
        let template = Template::builder("discreet")
            .schema(json!({
                "type": "object",
                "properties": {
                    "webhookEvents": { "type": "array", "items": { "type": "string" } },
                },
                "additionalProperties": false,
            }))
            .sensitive_payload();
        Self {
            template: template.build().unwrap(),
            webhooks: Some(Source::Discreet),
        }
    }

    pub fn mute() -> Self {
        Self::new("mute", None)
    }

    fn new(slug: &str, webhooks: Option<Source>) -> Self {
        let template = Template::builder(slug).schema(json!({
            "type": "object", "properties": {}, "additionalProperties": false,
        }));
        Self {
            template: template.build().unwrap(),
            webhooks,
        }
    }
}

impl Provider for Acme {
    fn template(&self) -> &Template {
        &self.template
    }

    fn connect(&self, _: Config, _: &Context) -> Result<Arc<dyn Integration>> {
        Err(Error::config("nothing to connect to"))
    }

    fn webhooks(&self) -> Option<&dyn WebhookSource> {
        self.webhooks.as_ref().map(|source| source as _)
    }
}

#[derive(Deserialize)]
struct Body {
    account: Option<String>,
    verification_token: Option<WebhookSecret>,
    #[serde(default)]
    events: Vec<Value>,
}

impl Body {
    fn read(raw: &RawRequest) -> Option<Self> {
        serde_json::from_slice(&raw.body).ok()
    }
}

impl WebhookSource for Source {
    /// `GET ?challenge=…` is echoed, with the URL; a token is learned as Notion's is.
    fn handshake(&self, raw: &RawRequest, secrets: &Secrets) -> Option<Handshake> {
        if raw.method == Method::GET {
            let challenge = raw.query_value("challenge")?;
            let reply = Reply::text(format!("{challenge} {}", raw.url));
            return Some(Handshake::reply(reply));
        }
        let token = Body::read(raw)?.verification_token?;
        let reply = Reply::status(StatusCode::OK);
        if secrets.signing().is_err() {
            return Some(Handshake::learned(reply, token));
        }
        secrets
            .named("")
            .any(|known| *known == token)
            .then(|| Handshake::reply(reply))
    }

    fn tenant_key(&self, raw: &RawRequest) -> Option<TenantKey> {
        Body::read(raw)?.account.map(TenantKey::from)
    }

    fn verify<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>> {
        match self {
            Self::OwnSecrets | Self::Discreet => SCHEME.verify(raw, secrets, received_at),
            Self::OneKey => SCHEME.verify(raw, &Secrets::one(GLOBAL_SECRET), received_at),
        }
    }

    fn events(&self, verified: Verified<'_>) -> Result<Vec<Event>> {
        let body = Body::read(verified.raw()).ok_or(Rejection::MalformedPayload)?;
        let slug = match self {
            Self::OwnSecrets => "acme",
            Self::OneKey => "everywhere",
            Self::Discreet => "discreet",
        };
        let event = |one: &Value| {
            let kind = one["kind"].as_str().unwrap_or_default();
            assert!(kind != "panic", "the provider's code panics on {one}");
            let mut event = Event::new(&verified, slug, kind).with_payload(one.to_string());
            if let Some(id) = one["id"].as_str() {
                event = event.with_id(id);
            }
            match &body.account {
                Some(account) => event.with_tenant_key(account.as_str()),
                None => event,
            }
        };
        Ok(body.events.iter().map(event).collect())
    }

    fn reply(&self, outcome: Outcome) -> Reply {
        let mut policy = ReplyPolicy::DEFAULT;
        policy.busy = Some(StatusCode::TOO_MANY_REQUESTS);
        policy.reply(outcome)
    }
}
