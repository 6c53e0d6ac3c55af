use http::{HeaderMap, Method};
use integrations_core::http::HttpContext;
use integrations_core::provider::{Context, Integration, Provider, Providers};
use integrations_core::webhook::{RawRequest, Secrets};
use integrations_core::{IntegrationId, Result};
use serde_json::Value;
use std::sync::Arc;

use crate::support::tenant;

/// What a provider declares: checks of what it lacks see that it says so, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capabilities {
    pub(crate) contacts: bool,
    pub(crate) messages: bool,
    pub(crate) webhooks: bool,
    pub(crate) oauth: bool,
}

/// How the provider fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outage {
    /// It answers 503.
    Down,
    /// It answers 200 with a page of HTML.
    Html,
    /// It cuts its answers in the middle.
    Truncated,
    /// It answers 429.
    Throttled,
}

/// A config that must be refused.
pub(crate) struct BadConfig {
    pub(crate) what: &'static str,
    pub(crate) config: Value,
    /// The paths that the error names.
    pub(crate) paths: &'static [&'static str],
}

/// What the provider's form says of one field.
pub(crate) struct Field {
    pub(crate) pointer: &'static str,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    pub(crate) env: Option<&'static str>,
}

/// The answers that keep this provider from punishing us.
pub(crate) struct Answers {
    pub(crate) accepted: u16,
    pub(crate) busy: u16,
    pub(crate) rejected: u16,
}

/// A provider under test and its simulator.
pub(crate) trait Fixture: Sized {
    /// The folder of its crate.
    const CRATE: &'static str;
    const SLUG: &'static str;
    const CAPABILITIES: Capabilities;
    /// The fields of its config, in the order of its form.
    const FIELDS: &'static [Field];
    /// The field that names the account.
    const EXTERNAL_KEY: Option<&'static str>;
    const ANSWERS: Answers;
    /// Whether contacts are read, listed, tagged and deleted by their id. Where not, their phone number is all there is.
    const CONTACTS_BY_ID: bool = true;
    /// Whether sent messages have ids and are listed.
    const MESSAGES_ARE_LISTED: bool = true;
    /// Whether the provider says whose a credential or an event is.
    const NAMES_THE_ACCOUNT: bool = true;
    /// Whether a proof is of the body, and not of the sender alone.
    const PROVES_THE_BODY: bool = true;

    async fn start() -> Self;

    /// A registry with this provider alone, as it verifies the simulator's webhooks.
    fn providers(&self) -> Providers;

    /// A good config, whose credential is planted.
    fn config(&self) -> Value;

    /// The same with a credential that belongs to another account. Asked only where the provider names the account.
    fn anothers_config(&self) -> Value {
        self.config()
    }

    /// What must be refused before anything is stored.
    fn bad_configs(&self) -> Vec<BadConfig>;

    /// The credential of the good config, as it must never be shown.
    fn secret(&self) -> &str;

    fn revoke(&self);
    fn restore(&self);

    /// Fails like this, for all requests from now on.
    fn fail(&self, outage: Outage);

    /// How many requests reached the simulator.
    fn requests(&self) -> u64;

    /// Lets reads see all writes, where the provider's lag.
    fn settle(&self) {}

    /// Puts a contact with these two peculiarities past the API: a phone that is no number (`ext. 12`), and an
    /// opt-out from text messages, with an explicit permission of e-mail. Its id. Asked only where contacts have one.
    fn put_odd_contact(&self) -> String {
        String::new()
    }

    /// A body that announces something about the good config's account; each id is another event.
    fn event(&self, id: &str) -> Value;

    /// The same of a kind that this provider's crate does not know.
    fn unknown_event(&self, id: &str) -> Value;

    /// The same for an account that no integration has. Asked only where the provider names the account.
    fn nobodys_event(&self, id: &str) -> Value {
        self.event(id)
    }

    /// What the good config's webhooks are verified with, where each integration has secrets of its own.
    fn secrets(&self) -> Secrets {
        Secrets::none()
    }

    /// Signs these bytes as the provider does.
    fn sign(&self, body: &[u8]) -> RawRequest;

    /// Signs them as somebody who does not have the provider's key.
    fn forge(&self, body: &[u8]) -> RawRequest;

    /// The provider under test.
    fn provider(&self) -> Arc<dyn Provider> {
        let providers = self.providers();
        Arc::clone(providers.get(Self::SLUG).expect("its own slug"))
    }

    /// A connection without a store.
    fn connect(&self, config: &Value, http: HttpContext) -> Result<Arc<dyn Integration>> {
        let provider = self.provider();
        let config = provider.template().validate(config)?.into_config();
        let context = Context::new(http, tenant("acme"), IntegrationId::new());
        provider.connect(config, &context)
    }

    /// A connection over real sockets.
    fn live(&self) -> Arc<dyn Integration> {
        self.connect(&self.config(), HttpContext::new().expect("TLS"))
            .expect("a good config")
    }
}

/// The same request with other bytes.
pub(crate) fn with_body(raw: &RawRequest, body: Vec<u8>) -> RawRequest {
    RawRequest::new(
        raw.method.clone(),
        raw.url.clone(),
        raw.headers.clone(),
        body,
    )
}

/// A request without any header that could prove a sender.
pub(crate) fn bare(body: &[u8]) -> RawRequest {
    let mut headers = HeaderMap::new();
    let json = http::HeaderValue::from_static("application/json");
    headers.insert(http::header::CONTENT_TYPE, json);
    RawRequest::new(Method::POST, "", headers, body.to_vec())
}
