use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use integrations_core::provider::{Provider, Providers};
use integrations_core::webhook::RawRequest;
use integrations_core::{Clock, Error, ErrorKind, IntegrationId, Result, SystemClock};
use integrations_store::Store;
use tokio::sync::Notify;

use crate::SecretSource;
use crate::answer::answer;
use crate::receive::{Receiver, Target};

/// Bodies up to this many bytes are read; providers send less than a tenth of it.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

/// A body must have arrived after this long; providers wait a few seconds for their answer.
pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Receives webhooks: build it, mount [`router`](Self::router), give [`inbox`](crate::Inbox) a handler.
///
/// The router answers `/{provider}` and `/{provider}/{integration}`. The first finds the integration by what the
/// payload names (a location id); the second is for providers whose payload names nothing.
#[derive(Debug, Clone)]
pub struct Webhooks(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    receiver: Receiver,
    providers: Providers,
    aliases: BTreeMap<String, String>,
    public_url: Option<String>,
    body_limit: usize,
    read_timeout: Duration,
}

/// Builds [`Webhooks`].
#[derive(Debug)]
#[must_use]
pub struct WebhooksBuilder {
    store: Store,
    providers: Providers,
    secrets: Arc<dyn SecretSource>,
    clock: Arc<dyn Clock>,
    aliases: BTreeMap<String, String>,
    public_url: Option<String>,
    body_limit: usize,
    read_timeout: Duration,
}

impl WebhooksBuilder {
    /// Where the router is reached from outside, mount point included: `https://hooks.example.com/api/webhooks`.
    ///
    /// Schemes that sign the URL (Twilio, HubSpot) verify against it; the `Host` header is never trusted for that.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into().trim_end_matches('/').to_owned());
        self
    }

    /// Another name of a provider in the path: `ghl` for `gohighlevel`.
    pub fn alias(mut self, name: impl Into<String>, slug: impl Into<String>) -> Self {
        self.aliases.insert(name.into(), slug.into());
        self
    }

    /// The largest body to read, in bytes; [`DEFAULT_BODY_LIMIT`] by default.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long to wait for the whole body, [`DEFAULT_READ_TIMEOUT`] by default; then the provider is asked to come
    /// back.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Tells the time by this clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The receiver.
    pub fn build(self) -> Webhooks {
        Webhooks(Arc::new(Shared {
            receiver: Receiver {
                store: self.store,
                secrets: self.secrets,
                clock: self.clock,
                arrived: Arc::new(Notify::new()),
            },
            providers: self.providers,
            aliases: self.aliases,
            public_url: self.public_url,
            body_limit: self.body_limit,
            read_timeout: self.read_timeout,
        }))
    }
}

impl Webhooks {
    /// A receiver that stores events in `store` and verifies them with the secrets of `secrets`.
    pub fn builder(
        store: &Store,
        providers: &Providers,
        secrets: impl SecretSource + 'static,
    ) -> WebhooksBuilder {
        WebhooksBuilder {
            store: store.clone(),
            providers: providers.clone(),
            secrets: Arc::new(secrets),
            clock: Arc::new(SystemClock),
            aliases: BTreeMap::new(),
            public_url: None,
            body_limit: DEFAULT_BODY_LIMIT,
            read_timeout: DEFAULT_READ_TIMEOUT,
        }
    }

    /// The routes, to be nested where the application wants them:
    /// `Router::new().nest("/api/webhooks", webhooks.router())`.
    ///
    /// A request that is being stored is stored to the end even when its sender hangs up.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/{provider}", any(answer))
            .route("/{provider}/{integration}", any(answer))
            .with_state(self.clone())
    }

    /// Takes one request, as the router does: for other web servers, queues and tests.
    ///
    /// Dropped before it ends, it may have stored the events or not, all of them or none; the provider, which got no
    /// answer, comes back either way.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound) when there is no such provider, or it has no
    /// webhooks. Everything else is an outcome that the reply tells the provider in its own way.
    pub async fn receive(
        &self,
        provider: &str,
        integration: Option<IntegrationId>,
        raw: &RawRequest,
    ) -> Result<crate::Received> {
        let provider = self.provider(provider)?;
        let received = self.receive_from(&**provider, integration, raw).await;
        received.ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                "this provider sends no webhooks: its `Provider::webhooks` is `None`",
            )
        })
    }

    /// `None`: the provider has no webhooks.
    pub(crate) async fn receive_from(
        &self,
        provider: &dyn Provider,
        integration: Option<IntegrationId>,
        raw: &RawRequest,
    ) -> Option<crate::Received> {
        let source = provider.webhooks()?;
        let slug = provider.template().slug();
        let target = integration.map_or(Target::ByPayload, Target::Integration);
        Some(self.0.receiver.receive(slug, source, target, raw).await)
    }

    /// The provider that a path names.
    pub(crate) fn provider(&self, name: &str) -> Result<&Arc<dyn Provider>> {
        let slug = self.0.aliases.get(name).map_or(name, String::as_str);
        self.0.providers.get(slug)
    }

    pub(crate) fn arrived(&self) -> &Arc<Notify> {
        &self.0.receiver.arrived
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.receiver.store
    }

    pub(crate) fn public_url(&self) -> Option<&str> {
        self.0.public_url.as_deref()
    }

    pub(crate) fn body_limit(&self) -> usize {
        self.0.body_limit
    }

    pub(crate) fn read_timeout(&self) -> Duration {
        self.0.read_timeout
    }
}
