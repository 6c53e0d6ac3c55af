use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::any;
use http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use integrations_core::provider::Providers;
use integrations_core::webhook::{Outcome, RawRequest, Rejection, Reply, ReplyPolicy};
use integrations_core::{Clock, Error, IntegrationId, Result, SystemClock};
use integrations_store::Store;
use tokio::sync::Notify;

use crate::SecretSource;
use crate::receive::{Receiver, Target};

/// Bodies up to this many bytes are read; providers send less than a tenth of it.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

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
        }
    }

    /// The routes, to be nested where the application wants them:
    /// `Router::new().nest("/api/webhooks", webhooks.router())`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/{provider}", any(by_payload))
            .route("/{provider}/{integration}", any(by_path))
            .with_state(self.clone())
    }

    /// Takes one request, as the router does: for other web servers, queues and tests.
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
        let slug = self
            .0
            .aliases
            .get(provider)
            .map_or(provider, String::as_str);
        let provider = self.0.providers.get(slug)?;
        let source = provider.webhooks().ok_or_else(|| {
            Error::new(
                integrations_core::ErrorKind::NotFound,
                "this provider has no webhooks",
            )
        })?;
        let target = integration.map_or(Target::ByPayload, Target::Integration);
        Ok(self.0.receiver.receive(slug, source, target, raw).await)
    }

    pub(crate) fn arrived(&self) -> &Arc<Notify> {
        &self.0.receiver.arrived
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.receiver.store
    }

    async fn answer(&self, provider: &str, integration: Option<&str>, request: Request) -> Reply {
        let integration = match integration.map(str::parse::<IntegrationId>) {
            None => None,
            Some(Ok(id)) => Some(id),
            Some(Err(_)) => return Reply::status(StatusCode::NOT_FOUND),
        };
        let raw = match self.read(request).await {
            Ok(raw) => raw,
            Err(rejection) => {
                tracing::info!(provider, reason = rejection.code(), "webhook refused");
                return ReplyPolicy::DEFAULT.reply(Outcome::Rejected(rejection));
            }
        };
        match self.receive(provider, integration, &raw).await {
            Ok(received) => received.reply,
            Err(_) => Reply::status(StatusCode::NOT_FOUND),
        }
    }

    /// Reads the body up to the limit. A length that is announced as too large is refused before reading.
    async fn read(&self, request: Request) -> Result<RawRequest, Rejection> {
        let (parts, body) = request.into_parts();
        let announced = parts
            .headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > self.0.body_limit as u64) {
            return Err(Rejection::TooLarge);
        }
        let body = Limited::new(body, self.0.body_limit)
            .collect()
            .await
            .map_err(|error| {
                if error.is::<LengthLimitError>() {
                    Rejection::TooLarge
                } else {
                    Rejection::MalformedPayload
                }
            })?;
        // The path as the client sent it: nesting strips the prefix from `parts.uri`.
        let original = parts
            .extensions
            .get::<axum::extract::OriginalUri>()
            .map_or(&parts.uri, |original| &original.0);
        let url = match &self.0.public_url {
            Some(public) => {
                let inner = parts.uri.path_and_query().map_or("", |path| path.as_str());
                format!("{public}{inner}")
            }
            None => original
                .path_and_query()
                .map_or("", |path| path.as_str())
                .to_owned(),
        };
        Ok(RawRequest::new(
            parts.method,
            url,
            parts.headers,
            body.to_bytes(),
        ))
    }
}

async fn by_payload(
    State(webhooks): State<Webhooks>,
    Path(provider): Path<String>,
    request: Request,
) -> Response {
    respond(webhooks.answer(&provider, None, request).await)
}

async fn by_path(
    State(webhooks): State<Webhooks>,
    Path((provider, integration)): Path<(String, String)>,
    request: Request,
) -> Response {
    respond(
        webhooks
            .answer(&provider, Some(&integration), request)
            .await,
    )
}

fn respond(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    response.headers_mut().extend(reply.headers);
    response
}
