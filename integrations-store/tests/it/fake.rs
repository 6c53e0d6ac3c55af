//! A provider whose answers the test chooses.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::http::CannedTransport;
use integrations_core::http::HttpContext;
use integrations_core::oauth::{OAuthClient, OAuthProfile, OAuthTokens};
use integrations_core::provider::{ConnectionReport, Context, Integration, Provider, Providers};
use integrations_core::template::{Category, Config, Template};
use integrations_core::vault::Vault;
use integrations_core::{Error, ErrorKind, ExposeSecret as _, Result};
use integrations_store::{IntegrationManager, ManagerBuilder, Notice};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::backend::Backend;

/// What the other side thinks of our tests.
#[derive(Debug, Clone)]
pub struct Fake {
    template: Template,
    state: Arc<State>,
}

#[derive(Debug, Default)]
pub struct State {
    failure: Mutex<Option<ErrorKind>>,
    pub connects: AtomicU32,
    pub tests: AtomicU32,
    /// What the last connection was given.
    pub tokens: Mutex<Option<OAuthTokens>>,
    /// The key of the last connection.
    pub key: Mutex<String>,
}

impl State {
    pub fn fail(&self, kind: impl Into<Option<ErrorKind>>) {
        *self.failure.lock().unwrap() = kind.into();
    }
}

impl Fake {
    pub fn new() -> (Self, Arc<State>) {
        let state = Arc::new(State::default());
        let template = Template::builder("fake")
            .display_name("Fake CRM")
            .category(Category::Crm)
            .external_key("locationId")
            .schema(schema())
            .build()
            .unwrap();
        (
            Self {
                template,
                state: Arc::clone(&state),
            },
            state,
        )
    }
}

pub fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["apiKey", "locationId"],
        "properties": {
            "apiKey": { "type": "string", "format": "password", "writeOnly": true },
            "clientSecret": { "type": "string", "format": "password", "writeOnly": true },
            "locationId": { "type": "string" },
            "label": { "type": "string" }
        }
    })
}

pub fn config(key: &str) -> Value {
    json!({ "apiKey": key, "locationId": "L1", "label": "Main" })
}

impl Provider for Fake {
    fn template(&self) -> &Template {
        &self.template
    }

    fn connect(&self, config: Config, context: &Context) -> Result<Arc<dyn Integration>> {
        self.state.connects.fetch_add(1, Ordering::SeqCst);
        let key = config
            .secret("/apiKey")
            .ok_or_else(|| Error::config("no apiKey"))?;
        *self.state.tokens.lock().unwrap() = context.tokens.clone();
        *self.state.key.lock().unwrap() = key.expose_secret().to_owned();
        Ok(Arc::new(Live(Arc::clone(&self.state))))
    }
}

#[derive(Debug)]
struct Live(Arc<State>);

#[async_trait]
impl Integration for Live {
    async fn test_connection(&self) -> Result<ConnectionReport> {
        self.0.tests.fetch_add(1, Ordering::SeqCst);
        match *self.0.failure.lock().unwrap() {
            None => Ok(ConnectionReport::new(Duration::from_millis(1)).with_account("L1", None)),
            Some(kind) => Err(Error::new(kind, "the fake refuses").with_provider("fake")),
        }
    }
}

/// A manager over the backend's store, the other side's state, and the notices.
pub fn manager(
    backend: &Backend,
) -> (
    IntegrationManager,
    Arc<State>,
    mpsc::UnboundedReceiver<Notice>,
) {
    manager_with(backend, |builder| builder)
}

pub fn manager_with(
    backend: &Backend,
    change: impl FnOnce(ManagerBuilder) -> ManagerBuilder,
) -> (
    IntegrationManager,
    Arc<State>,
    mpsc::UnboundedReceiver<Notice>,
) {
    manager_on(backend, &backend.vault, change)
}

/// A manager whose other side answers OAuth calls from `transport`.
pub fn manager_with_oauth(
    backend: &Backend,
    transport: CannedTransport,
) -> (IntegrationManager, Arc<State>) {
    let (fake, state) = Fake::new();
    let http = HttpContext::builder()
        .transport(transport)
        .clock(backend.clock.clone())
        .build()
        .unwrap();
    let mut profile = OAuthProfile::new("fake", "https://fake.example/token".parse().unwrap());
    profile.authorization_url = Some("https://fake.example/authorize".parse().unwrap());
    profile.revoke_url = Some("https://fake.example/revoke".parse().unwrap());
    let client = OAuthClient::builder(profile, "our-app")
        .client_secret("planted-client-secret")
        .redirect_uri("https://us.example/callback".parse().unwrap())
        .build(&http)
        .unwrap();
    let providers = Providers::new().with(fake);
    let builder = IntegrationManager::builder(
        backend.store.clone(),
        backend.vault.clone(),
        providers,
        http,
    );
    (builder.oauth_client("fake", client).build(), state)
}

pub fn manager_on(
    backend: &Backend,
    vault: &Vault,
    change: impl FnOnce(ManagerBuilder) -> ManagerBuilder,
) -> (
    IntegrationManager,
    Arc<State>,
    mpsc::UnboundedReceiver<Notice>,
) {
    let (fake, state) = Fake::new();
    let (sender, notices) = mpsc::unbounded_channel();
    let http = HttpContext::builder()
        .transport(CannedTransport::new())
        .build()
        .unwrap();
    let providers = Providers::new().with(fake);
    let builder =
        IntegrationManager::builder(backend.store.clone(), vault.clone(), providers, http);
    (change(builder.notifier(sender)).build(), state, notices)
}
