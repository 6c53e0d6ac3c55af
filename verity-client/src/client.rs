use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use integrations_core::http::{
    Authorizer, BearerAuth, HttpContext, Idempotency, NoAuth, Operation, Pipeline, RetryPolicy,
    StaticBearer, TokenSource,
};
use integrations_core::{AccessToken, Error, Result};
use url::Url;

use crate::call::RawCall;
use crate::calls::Calls;
use crate::comms::Comms;
use crate::dialect::VerityDialect;
use crate::endpoint::{Conversions, sends_message};
use crate::texting::{OptOuts, Texting};

/// Where Verity answers unless it is said otherwise.
pub const DEFAULT_BASE_URL: &str = "http://localhost:3000";

/// A client of Verity. Cheap to clone; clones share connections and tokens.
///
/// Verity takes two kinds of credential: a service key, which sends messages, and a user's session token, for everything
/// else. A client may have both. With one alone, that one is sent with every call.
#[derive(Clone)]
pub struct Client {
    /// With the credential of the calls.
    pub(crate) pipeline: Pipeline,
    #[cfg(feature = "catalog")]
    pub(crate) auth: Arc<dyn Authorizer>,
    /// With the credential of messages.
    pub(crate) sending: Pipeline,
    #[cfg(feature = "catalog")]
    pub(crate) sending_auth: Arc<dyn Authorizer>,
    pub(crate) conversions: Arc<Conversions>,
    pub(crate) opt_outs: Option<Arc<dyn OptOuts>>,
    #[cfg(feature = "catalog")]
    pub(crate) timeout: Duration,
}

impl Client {
    /// A client that is being put together.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client from the environment: `VERITY_API_KEY`, and `VERITY_BASE_URL` when it is set.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that names the variable that is missing or unusable.
    pub fn from_env() -> Result<Self> {
        let variable = |name: &str| {
            std::env::var(name)
                .ok()
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let key = variable("VERITY_API_KEY").ok_or_else(|| {
            Error::config("the environment variable VERITY_API_KEY is missing")
                .with_provider(crate::PROVIDER)
        })?;
        let mut builder = Self::builder().service_key(key);
        if let Some(url) = variable("VERITY_BASE_URL") {
            builder = builder.base_url(&url);
        }
        builder.build()
    }

    /// Text messages.
    #[must_use]
    pub fn texting(&self) -> Texting<'_> {
        Texting(self)
    }

    /// Calls and their agents.
    #[must_use]
    pub fn calls(&self) -> Calls<'_> {
        Calls(self)
    }

    /// Broadcasts and contacts.
    #[must_use]
    pub fn comms(&self) -> Comms<'_> {
        Comms(self)
    }

    /// A call of any endpoint, written as the catalogue writes it or as a path.
    ///
    /// ```no_run
    /// # async fn demo(client: verity_client::Client) -> verity_client::Result<()> {
    /// let test: serde_json::Value = client
    ///     .request(http::Method::POST, "/apicalls/agents/[agentId]/test")
    ///     .parameter("agentId", "7")
    ///     .send()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn request(&self, method: Method, endpoint: &str) -> RawCall<'_> {
        RawCall::new(self, method, endpoint)
    }

    /// The way to a path: messages have a credential of their own.
    pub(crate) fn pipeline_to(&self, path: &str) -> &Pipeline {
        match sends_message(path) {
            true => &self.sending,
            false => &self.pipeline,
        }
    }

    /// Where Verity answers.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        self.pipeline.base_url()
    }

    /// The same client with another credential for everything but messages.
    #[must_use]
    pub fn with_tokens(&self, tokens: impl TokenSource + 'static) -> Self {
        let auth: Arc<dyn Authorizer> = Arc::new(BearerAuth::new(tokens));
        Self {
            pipeline: self
                .pipeline
                .with_auth(Arc::clone(&auth), self.pipeline.subject().clone()),
            #[cfg(feature = "catalog")]
            auth,
            ..self.clone()
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.base_url().as_str())
            .field("conversions", &self.conversions)
            .finish_non_exhaustive()
    }
}

/// What is known of an operation; Verity documents no limits.
pub(crate) const fn operation(
    name: &'static str,
    method: Method,
    path: &'static str,
    idempotency: Idempotency,
) -> Operation {
    Operation {
        name,
        method,
        path,
        idempotency,
        limit: None,
    }
}

/// Builds a [`Client`].
#[derive(Default)]
#[must_use]
pub struct ClientBuilder {
    key: Option<AccessToken>,
    tokens: Option<Arc<dyn TokenSource>>,
    anonymous: bool,
    base_url: Option<String>,
    conversions: Conversions,
    opt_outs: Option<Arc<dyn OptOuts>>,
    retry: RetryPolicy,
    context: Option<HttpContext>,
    user_agent: Option<String>,
    allow_plain_http: bool,
}

impl ClientBuilder {
    /// Authenticates with the key that Verity shares with this service (`VERITY_API_KEY`). It sends messages; without
    /// [`tokens`](Self::tokens) it is sent with every call.
    pub fn service_key(mut self, key: impl Into<AccessToken>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Authenticates with session tokens, for everything but messages; without a
    /// [`service_key`](Self::service_key) for those too.
    pub fn tokens(mut self, tokens: impl TokenSource + 'static) -> Self {
        self.tokens = Some(Arc::new(tokens));
        self
    }

    /// Authenticates with nothing: for gateways that only pass on what callers bring.
    pub fn without_token(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Where Verity answers; [`DEFAULT_BASE_URL`] by default.
    pub fn base_url(mut self, url: &str) -> Self {
        self.base_url = Some(url.to_owned());
        self
    }

    /// How endpoints become paths.
    pub fn conversions(mut self, conversions: Conversions) -> Self {
        self.conversions = conversions;
        self
    }

    /// Asks this before each message whether the receiver has opted out.
    pub fn opt_outs(mut self, opt_outs: impl OptOuts + 'static) -> Self {
        self.opt_outs = Some(Arc::new(opt_outs));
        self
    }

    /// How long a call may take in all; 60 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.retry.timeout = timeout;
        self
    }

    /// When calls are tried again.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Shares connections and the clock with other clients.
    pub fn context(mut self, context: &HttpContext) -> Self {
        self.context = Some(context.clone());
        self
    }

    /// Put before our own `User-Agent`: your product and its version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Allows a base URL with `http://` that is not on this machine. The credential then travels in clear.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when there is no credential or the base URL is unusable.
    pub fn build(self) -> Result<Client> {
        let config = |message: &'static str| Error::config(message).with_provider(crate::PROVIDER);
        let key: Option<Arc<dyn Authorizer>> = match &self.key {
            Some(key) => {
                let bearer = StaticBearer::new(key);
                Some(Arc::new(
                    bearer.map_err(|error| error.with_provider(crate::PROVIDER))?,
                ))
            }
            None => None,
        };
        let tokens: Option<Arc<dyn Authorizer>> = self
            .tokens
            .map(|tokens| Arc::new(BearerAuth::new(tokens)) as Arc<dyn Authorizer>);
        let none: Option<Arc<dyn Authorizer>> = match self.anonymous {
            true => Some(Arc::new(NoAuth)),
            false => None,
        };
        let missing =
            || config("no credential: give service_key() Verity's key, or tokens() a source");
        let auth = tokens
            .clone()
            .or(key.clone())
            .or(none.clone())
            .ok_or_else(missing)?;
        let sending = key.or(tokens).or(none).ok_or_else(missing)?;
        let base = self.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL);
        let base = Url::parse(base).map_err(|_| {
            config("the base URL is not a URL: it looks like https://verity.example.com")
        })?;
        let context = match self.context {
            Some(context) => context,
            None => HttpContext::new()?,
        };
        let mut pipeline = Pipeline::builder(&context, VerityDialect, base)
            .retry(self.retry)
            .allow_plain_http(self.allow_plain_http)
            .subject("verity");
        if let Some(user_agent) = self.user_agent {
            pipeline = pipeline.user_agent(user_agent);
        }
        let pipeline = pipeline.build()?;
        let subject = pipeline.subject().clone();
        Ok(Client {
            sending: pipeline.with_auth(Arc::clone(&sending), subject.clone()),
            #[cfg(feature = "catalog")]
            sending_auth: sending,
            pipeline: pipeline.with_auth(Arc::clone(&auth), subject),
            #[cfg(feature = "catalog")]
            auth,
            conversions: Arc::new(self.conversions),
            opt_outs: self.opt_outs,
            #[cfg(feature = "catalog")]
            timeout: self.retry.attempt_timeout,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}
