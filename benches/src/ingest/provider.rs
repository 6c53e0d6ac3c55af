//! A provider that signs with HMAC, and whose events change contacts.

use std::sync::Arc;

use integrations_core::provider::{Context, Integration, Provider};
use integrations_core::template::{Config, Template};
use integrations_core::webhook::schemes::Hmac;
use integrations_core::webhook::{
    Event, RawRequest, Rejection, Secrets, TenantKey, Verified, WebhookSource,
};
use integrations_core::{Error, Result, Timestamp};
use serde::Deserialize;
use serde_json::json;

pub(crate) const SLUG: &str = "bench";
pub(crate) const ACCOUNT: &str = "L1";
pub(crate) const SECRET: &str = "the secret of the benchmark";
pub(crate) const SIGNATURE: &str = "x-signature";
/// The contacts that events are about: as many lanes.
pub(crate) const CONTACTS: u64 = 1_000;

const SCHEME: Hmac = Hmac::sha256(&[SIGNATURE]).named("bench");

#[derive(Debug)]
pub(crate) struct Bench(Template);

impl Bench {
    pub(crate) fn new() -> Result<Self> {
        let schema = json!({ "type": "object", "properties": {} });
        Ok(Self(Template::builder(SLUG).schema(schema).build()?))
    }
}

/// The body of the event with this number: the size of a contact event.
pub(crate) fn body(number: u64) -> String {
    json!({
        "account": ACCOUNT,
        "id": format!("event-{number}"),
        "contact": format!("contact-{}", number % CONTACTS),
        "email": "jane@example.com",
        "fields": "f".repeat(400),
    })
    .to_string()
}

#[derive(Deserialize)]
struct Body<'a> {
    account: &'a str,
    id: &'a str,
    contact: &'a str,
}

impl<'a> Body<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl Provider for Bench {
    fn template(&self) -> &Template {
        &self.0
    }

    fn connect(&self, _: Config, _: &Context) -> Result<Arc<dyn Integration>> {
        Err(Error::config("nothing to connect to"))
    }

    fn webhooks(&self) -> Option<&dyn WebhookSource> {
        Some(self)
    }
}

impl WebhookSource for Bench {
    fn tenant_key(&self, raw: &RawRequest) -> Option<TenantKey> {
        Some(Body::read(&raw.body)?.account.into())
    }

    fn verify<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>> {
        SCHEME.verify(raw, secrets, received_at)
    }

    fn events(&self, verified: Verified<'_>) -> Result<Vec<Event>> {
        let body = Body::read(verified.body()).ok_or(Rejection::MalformedPayload)?;
        Ok(vec![
            Event::new(&verified, SLUG, "contact").with_id(body.id),
        ])
    }

    fn order_key(&self, event: &Event) -> Option<String> {
        Some(Body::read(event.payload())?.contact.to_owned())
    }
}
