use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodRouter, any};
use integrations_core::provider::{Provider, Providers};
use integrations_core::webhook::RawRequest;
use integrations_core::{Clock, Error, ErrorKind, IntegrationId, Result, SystemClock};
use integrations_sync::inbox::Inbox;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::SecretSource;
use crate::answer::{answer, answer_for};
use crate::known::Known;
use crate::receive::{Receiver, Target};

/// Bodies up to this many bytes are read; providers send less than a tenth of it.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

/// A body must have arrived after this long; providers wait a few seconds for their answer.
pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Receives webhooks into an [`Inbox`]: build it, mount [`router`](Self::router).
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
    header_limits: (usize, usize),
    read_timeout: Duration,
    /// Bytes of bodies that may be in memory, in KiB.
    room: Arc<Semaphore>,
}

/// Builds [`Webhooks`].
#[derive(Debug)]
#[must_use]
pub struct WebhooksBuilder {
    inbox: Inbox,
    providers: Providers,
    secrets: Arc<dyn SecretSource>,
    clock: Arc<dyn Clock>,
    aliases: BTreeMap<String, String>,
    wants: BTreeMap<String, Vec<String>>,
    public_url: Option<String>,
    body_limit: usize,
    header_limits: (usize, usize),
    memory: usize,
    read_timeout: Duration,
    cache_for: Duration,
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

    /// How many headers a request may have, and how many bytes in all; 128 and 32 KiB by default. What has more is refused
    /// as too large.
    pub fn header_limits(mut self, headers: usize, bytes: usize) -> Self {
        self.header_limits = (headers, bytes);
        self
    }

    /// How many bytes of bodies may be in memory at once, all requests together; 64 MiB by default. When there is no room
    /// for another, the provider is asked to come back.
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Stores only these kinds of a provider's events, by its slug; a name that ends in `*` stands for all that begin so.
    /// Others are answered like stored ones. By default all are wanted, and where a template has the field
    /// `webhookEvents`, an integration's config lists its own in the same way.
    pub fn allow_events<I: IntoIterator<Item = S>, S: Into<String>>(
        mut self,
        provider: impl Into<String>,
        kinds: I,
    ) -> Self {
        let wanted = self.wants.entry(provider.into()).or_default();
        wanted.extend(kinds.into_iter().map(Into::into));
        self
    }

    /// How long the answers of the secret source are remembered: 5 s by default; zero asks it for each request. Changes of
    /// integrations are noticed within a quarter of a second all the same, by whatever process they were made.
    pub fn cache_for(mut self, keep: Duration) -> Self {
        self.cache_for = keep;
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
                inbox: self.inbox,
                secrets: self.secrets,
                clock: self.clock,
                known: Known::new(self.cache_for),
                wants: self.wants,
            },
            providers: self.providers,
            aliases: self.aliases,
            public_url: self.public_url,
            body_limit: self.body_limit,
            header_limits: self.header_limits,
            room: Arc::new(Semaphore::new(self.memory.div_ceil(1024).min(1 << 30))),
            read_timeout: self.read_timeout,
        }))
    }
}

impl Webhooks {
    /// A receiver that stores events in `inbox` and verifies them with the secrets of `secrets`.
    pub fn builder(
        inbox: &Inbox,
        providers: &Providers,
        secrets: impl SecretSource + 'static,
    ) -> WebhooksBuilder {
        WebhooksBuilder {
            inbox: inbox.clone(),
            providers: providers.clone(),
            secrets: Arc::new(secrets),
            clock: Arc::new(SystemClock),
            aliases: BTreeMap::new(),
            wants: BTreeMap::new(),
            public_url: None,
            body_limit: DEFAULT_BODY_LIMIT,
            header_limits: (128, 32 * 1024),
            memory: 64 * 1024 * 1024,
            cache_for: Duration::from_secs(5),
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

    /// One provider's webhooks at whatever path the application gives them:
    /// `Router::new().route("/hooks/texting", webhooks.at("verity"))`. The integration is found by what the request names.
    pub fn at(&self, provider: impl Into<String>) -> MethodRouter {
        let (webhooks, provider) = (self.clone(), provider.into());
        any(move |request: Request| {
            let webhooks = webhooks.clone();
            let provider = provider.clone();
            async move { answer_for(&webhooks, provider, request).await }
        })
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
        let target = integration.map_or(Target::ByPayload, Target::Integration);
        let receiver = &self.0.receiver;
        Some(receiver.receive(provider, source, target, raw).await)
    }

    /// The provider that a path names.
    pub(crate) fn provider(&self, name: &str) -> Result<&Arc<dyn Provider>> {
        let slug = self.0.aliases.get(name).map_or(name, String::as_str);
        self.0.providers.get(slug)
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

    pub(crate) fn header_limits(&self) -> (usize, usize) {
        self.0.header_limits
    }

    /// Room for a body of this size, held until the request is answered.
    pub(crate) fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(1024)).ok()?;
        Arc::clone(&self.0.room).try_acquire_many_owned(units).ok()
    }
}
