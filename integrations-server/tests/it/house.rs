//! One store on a file, one router, and what a test does with them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use integrations_core::provider::Providers;
use integrations_core::status::Event as Move;
use integrations_core::webhook::Secrets;
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, WebhookSecret};
use integrations_server::{SecretSource, Webhooks, WebhooksBuilder};
use integrations_store::{
    EventFilter, NewIntegration, Store, StoreOptions, StoredEvent, Transaction, Transition,
};
use integrations_sync::inbox::{Inbox, InboxBuilder, Lane, LaneQueue};
use integrations_testkit::LeakDetector;
use integrations_testkit::signer::HmacSigner;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower::ServiceExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::acme::{Acme, GLOBAL_SECRET, SIGNATURE};

pub const SECRET_A: &str = "planted-secret-of-integration-a";
pub const SECRET_B: &str = "planted-secret-of-integration-b";
pub const TOKEN: &str = "planted-token-of-a-handshake";
/// Stands in payloads: personal data, which is shown as little as a secret.
pub const PERSON: &str = "planted-jane-doe@example.com";

/// Sees every log line of this binary, whatever test wrote it.
pub fn detector() -> &'static LeakDetector {
    static DETECTOR: OnceLock<LeakDetector> = OnceLock::new();
    DETECTOR.get_or_init(|| {
        let detector = LeakDetector::new();
        for secret in [SECRET_A, SECRET_B, GLOBAL_SECRET, TOKEN, PERSON] {
            detector.plant(secret, secret);
        }
        let subscriber = tracing_subscriber::registry().with(detector.layer());
        tracing::subscriber::set_global_default(subscriber).unwrap();
        detector
    })
}

pub struct House {
    pub store: Store,
    pub keys: Arc<Keys>,
    pub directory: TempDir,
}

#[derive(Debug, Clone)]
pub struct Connected {
    pub tenant: TenantId,
    pub id: IntegrationId,
    pub version: u64,
}

/// The secrets of the integrations, and faults on demand.
#[derive(Debug)]
pub struct Keys {
    secrets: Mutex<HashMap<IntegrationId, Secrets>>,
    broken: Mutex<Vec<IntegrationId>>,
    common: Mutex<Secrets>,
    /// Each look-up takes a permit.
    pub gate: Semaphore,
    asked: AtomicUsize,
}

impl House {
    pub async fn new() -> Self {
        detector();
        let directory = TempDir::new().unwrap();
        let store = open(&directory, "").await;
        store.migrate().await.unwrap();
        let keys = Arc::new(Keys {
            secrets: Mutex::default(),
            broken: Mutex::default(),
            common: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            asked: AtomicUsize::new(0),
        });
        Self {
            store,
            keys,
            directory,
        }
    }

    /// A second store on the same file: what another process has.
    pub async fn another_store(&self, query: &str) -> Store {
        open(&self.directory, query).await
    }

    pub fn builder(&self) -> WebhooksBuilder {
        self.builder_on(&self.store)
    }

    pub fn builder_on(&self, store: &Store) -> WebhooksBuilder {
        let providers = providers();
        let inbox = self.inbox_on(store).build();
        self.builder_of(&inbox, &providers)
    }

    /// A router into this inbox. Its secrets change past the store, so that nothing is remembered.
    pub fn builder_of(&self, inbox: &Inbox, providers: &Providers) -> WebhooksBuilder {
        Webhooks::builder(inbox, providers, Arc::clone(&self.keys))
            .alias("a", "acme")
            .cache_for(Duration::ZERO)
    }

    /// An inbox whose events a test drains by itself.
    pub fn inbox(&self) -> InboxBuilder {
        self.inbox_on(&self.store)
    }

    pub fn inbox_on(&self, store: &Store) -> InboxBuilder {
        Inbox::builder(store, NoJobs)
    }

    pub fn webhooks(&self) -> Webhooks {
        self.builder().build()
    }

    pub fn router(&self) -> Router {
        mounted(&self.webhooks())
    }

    /// An integration in `pending`, whose account is claimed and not proved.
    pub async fn pending(&self, tenant: &str, provider: &str, account: Option<&str>) -> Connected {
        let tenant = TenantId::new(tenant).unwrap();
        let id = IntegrationId::new();
        let mut new = NewIntegration::new(id, provider, provider, "Main", json!({}));
        if let Some(account) = account {
            new = new.external_key(account);
        }
        let integrations = self.store.integrations();
        let made = integrations.create(&tenant, &new, "test").await;
        let version = made.unwrap().version;
        Connected {
            tenant,
            id,
            version,
        }
    }

    /// An integration in `active`, whose account is proved.
    pub async fn active(&self, tenant: &str, provider: &str, account: &str) -> Connected {
        let made = self.pending(tenant, provider, Some(account)).await;
        self.transition(&made, Move::Succeeded).await;
        made
    }

    /// Account `A1` of the provider `acme`, verified with [`SECRET_A`].
    pub async fn acme(&self) -> Connected {
        let made = self.active("tenant-a", "acme", "A1").await;
        self.keys.set(&made, Secrets::one(SECRET_A));
        made
    }

    pub async fn transition(&self, of: &Connected, event: Move) {
        let mut transition = Transition::new(event, "test");
        if event == Move::Succeeded {
            transition = transition.proves(of.version);
        }
        let integrations = self.store.integrations();
        let moved = integrations.transition(&of.tenant, of.id, &transition);
        moved.await.unwrap();
    }

    pub async fn events(&self, of: &Connected) -> Vec<StoredEvent> {
        let filter = EventFilter::all().integration(of.id).limit(500);
        self.store.events().list(&of.tenant, &filter).await.unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            detector().assert_clean();
        }
    }
}

pub fn providers() -> Providers {
    Providers::new()
        .with(Acme::own_secrets())
        .with(Acme::one_key())
        .with(Acme::discreet())
        .with(Acme::mute())
}

async fn open(directory: &TempDir, query: &str) -> Store {
    let url = format!(
        "sqlite://{}{query}",
        directory.path().join("test.db").display()
    );
    let options = StoreOptions::new()
        .durable(false)
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(30));
    Store::open_with(&url, options).await.unwrap()
}

impl Keys {
    pub fn set(&self, of: &Connected, secrets: Secrets) {
        self.secrets.lock().unwrap().insert(of.id, secrets);
    }

    pub fn get(&self, of: &Connected) -> Secrets {
        let secrets = self.secrets.lock().unwrap();
        secrets.get(&of.id).cloned().unwrap_or_default()
    }

    pub fn set_common(&self, secrets: Secrets) {
        *self.common.lock().unwrap() = secrets;
    }

    /// How many look-ups there were, those that wait at the gate included.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Lets nobody through until permits are added.
    pub fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn break_for(&self, of: &Connected) {
        self.broken.lock().unwrap().push(of.id);
    }

    pub fn repair(&self) {
        self.broken.lock().unwrap().clear();
    }
}

/// A test that handles events does it by [`Inbox::drain`].
#[derive(Debug)]
pub struct NoJobs;

#[async_trait]
impl LaneQueue for NoJobs {
    async fn insert_in(&self, _: &mut Transaction, _: &[(TenantId, Lane)]) -> Result<()> {
        Ok(())
    }

    async fn waited_in(&self, _: &mut Transaction) -> Result<Duration> {
        Ok(Duration::ZERO)
    }
}

#[async_trait]
impl SecretSource for Keys {
    async fn webhook_secrets(&self, _: &TenantId, id: IntegrationId) -> Result<Secrets> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _permit = self.gate.acquire().await.unwrap();
        if self.broken.lock().unwrap().contains(&id) {
            return Err(Error::new(ErrorKind::Crypto, "no such key"));
        }
        let secrets = self.secrets.lock().unwrap();
        Ok(secrets.get(&id).cloned().unwrap_or_default())
    }

    async fn application_secrets(&self, provider: &str) -> Result<Secrets> {
        let common = self.common.lock().unwrap().clone();
        Ok(if provider == "acme" {
            common
        } else {
            Secrets::none()
        })
    }

    async fn keep_webhook_secret(
        &self,
        _: &TenantId,
        id: IntegrationId,
        secret: &WebhookSecret,
    ) -> Result<()> {
        let mut secrets = self.secrets.lock().unwrap();
        if secrets.contains_key(&id) {
            return Err(Error::new(ErrorKind::Conflict, "there is one already"));
        }
        secrets.insert(id, Secrets::one(secret.clone()));
        Ok(())
    }
}

/// At `/hooks`, as an application would.
pub fn mounted(webhooks: &Webhooks) -> Router {
    Router::new().nest("/hooks", webhooks.router())
}

/// One event of `account`, with personal data.
pub fn body(account: &str, id: &str) -> String {
    bodies(account, &[(id, "contact.created")])
}

pub fn bodies(account: &str, events: &[(&str, &str)]) -> String {
    let events: Vec<Value> = events
        .iter()
        .map(|(id, kind)| json!({ "id": id, "kind": kind, "email": PERSON }))
        .collect();
    json!({ "account": account, "events": events }).to_string()
}

pub fn signature(secret: &str, body: impl AsRef<[u8]>) -> String {
    HmacSigner::sha256(secret).hex(body.as_ref())
}

pub fn signed(path: &str, secret: &str, body: impl AsRef<[u8]>) -> Request<Body> {
    let mut request = unsigned(path, body.as_ref());
    let signature = signature(secret, body.as_ref()).parse().unwrap();
    request.headers_mut().insert(SIGNATURE, signature);
    request
}

pub fn unsigned(path: &str, body: impl AsRef<[u8]>) -> Request<Body> {
    let body = Body::from(body.as_ref().to_vec());
    Request::post(path).body(body).unwrap()
}

pub fn request(method: &str, path: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    request.body(Body::empty()).unwrap()
}

/// What came back; scanned for secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

pub async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let answer = Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    detector().scan("answer", format!("{answer:?}"));
    answer
}

pub async fn status(router: &Router, request: Request<Body>) -> u16 {
    send(router, request).await.status.as_u16()
}

/// Polls until it is true.
pub async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
