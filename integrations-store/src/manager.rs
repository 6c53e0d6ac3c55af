//! The integration manager: store, vault and providers together.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use integrations_core::WebhookSecret;
use integrations_core::http::HttpContext;
use integrations_core::oauth::{OAuthClient, OAuthTokens};
use integrations_core::provider::Providers;
use integrations_core::status::probe::Policy;
use integrations_core::vault::Vault;

use crate::Store;

mod cache;
mod connect;
mod create;
mod lifecycle;
mod notify;
mod oauth;
mod observe;
mod probe;
mod rotate;
mod seal;
mod templates;
mod update;
mod view;
mod webhook;

pub use lifecycle::Disconnected;
pub use notify::{Notice, Notifier};
pub use oauth::Authorized;
pub use probe::Probed;
pub use rotate::Rotation;
pub use update::Update;
pub use view::IntegrationView;
pub use webhook::WebhookTarget;

use cache::{Cache, Entry};
use templates::CachedTemplates;

/// Creates, tests, connects, changes, watches and ends integrations. Cheap to clone.
///
/// Configs are judged by their template and sealed before they are stored; nothing that is read back holds a secret.
/// Every call names its tenant; [`probe_due`](Self::probe_due), [`rotate_keys`](Self::rotate_keys) and
/// [`webhook_targets`](Self::webhook_targets) work for the whole deployment and return each row's tenant.
#[derive(Clone)]
pub struct IntegrationManager(Arc<Inner>);

struct Inner {
    store: Store,
    vault: Vault,
    providers: Providers,
    http: HttpContext,
    policy: Policy,
    notifier: Option<Arc<dyn Notifier>>,
    templates: CachedTemplates,
    connections: Cache<Arc<Entry>>,
    oauth_clients: HashMap<String, OAuthClient>,
    tokens: Cache<OAuthTokens>,
    webhook_secrets: HashMap<String, Vec<(String, WebhookSecret)>>,
}

/// Builds an [`IntegrationManager`].
#[must_use]
pub struct ManagerBuilder {
    store: Store,
    vault: Vault,
    providers: Providers,
    http: HttpContext,
    policy: Policy,
    notifier: Option<Arc<dyn Notifier>>,
    cached_connections: usize,
    oauth_clients: HashMap<String, OAuthClient>,
    webhook_secrets: HashMap<String, Vec<(String, WebhookSecret)>>,
}

impl ManagerBuilder {
    /// How often to probe, and when to call an integration failing.
    pub fn probe_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Hears when an integration begins to fail and when it recovers, once each.
    pub fn notifier(mut self, notifier: impl Notifier + 'static) -> Self {
        self.notifier = Some(Arc::new(notifier));
        self
    }

    /// How many live connections are kept in memory: 1024.
    pub fn cached_connections(mut self, connections: usize) -> Self {
        self.cached_connections = connections;
        self
    }

    /// Adds the application's OAuth client at a provider, by slug: see [`IntegrationManager::authorize`].
    pub fn oauth_client(mut self, provider: impl Into<String>, client: OAuthClient) -> Self {
        self.oauth_clients.insert(provider.into(), client);
        self
    }

    /// Adds a secret that all webhooks of a provider are verified with, beside each integration's own: for providers
    /// that sign with the application's secret. `name` is empty for schemes with unnamed secrets.
    pub fn webhook_secret(
        mut self,
        provider: impl Into<String>,
        name: impl Into<String>,
        secret: impl Into<WebhookSecret>,
    ) -> Self {
        let secrets = self.webhook_secrets.entry(provider.into()).or_default();
        secrets.push((name.into(), secret.into()));
        self
    }

    /// The manager.
    #[must_use]
    pub fn build(self) -> IntegrationManager {
        IntegrationManager(Arc::new(Inner {
            store: self.store,
            vault: self.vault,
            providers: self.providers,
            http: self.http,
            policy: self.policy,
            notifier: self.notifier,
            templates: CachedTemplates::default(),
            connections: Cache::new(self.cached_connections),
            oauth_clients: self.oauth_clients,
            tokens: Cache::new(self.cached_connections),
            webhook_secrets: self.webhook_secrets,
        }))
    }
}

impl fmt::Debug for ManagerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagerBuilder")
            .field("store", &self.store)
            .field("providers", &slugs(&self.providers))
            .finish_non_exhaustive()
    }
}

impl IntegrationManager {
    /// A manager of the integrations in `store`, whose secrets `vault` seals, at these providers.
    pub fn builder(
        store: Store,
        vault: Vault,
        providers: Providers,
        http: HttpContext,
    ) -> ManagerBuilder {
        ManagerBuilder {
            store,
            vault,
            providers,
            http,
            policy: Policy::default(),
            notifier: None,
            cached_connections: 1024,
            oauth_clients: HashMap::new(),
            webhook_secrets: HashMap::new(),
        }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The vault.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The providers.
    #[must_use]
    pub fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// What the clients share.
    #[must_use]
    pub fn http(&self) -> &HttpContext {
        &self.0.http
    }
}

impl fmt::Debug for IntegrationManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntegrationManager")
            .field("store", &self.0.store)
            .field("providers", &slugs(&self.0.providers))
            .finish_non_exhaustive()
    }
}

fn slugs(providers: &Providers) -> Vec<&str> {
    providers.iter().map(|(slug, _)| slug).collect()
}
