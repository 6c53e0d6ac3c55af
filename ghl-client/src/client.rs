use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use integrations_core::http::{
    Authorizer, BearerAuth, HttpContext, NoAuth, Pipeline, RetryPolicy, StaticBearer, TokenSource,
};
use integrations_core::{AccessToken, Error, Result};
use url::Url;

use crate::access::{Access, Known, class_of_text};
use crate::dialect::GhlDialect;
use crate::ids::LocationId;
use crate::location::Location;
#[cfg(feature = "locations")]
use crate::locations::Locations;
use crate::{Call, Endpoint, RawCall, TokenClasses, Version};

/// Where the API answers.
pub const DEFAULT_BASE_URL: &str = "https://services.leadconnectorhq.com";

/// A client of GoHighLevel. Cheap to clone; clones share connections, rate limits and tokens.
///
/// Most operations belong to one [`Location`]: see [`Client::location`].
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) pipeline: Pipeline,
    pub(crate) version: Option<Version>,
    pub(crate) known: Known,
}

impl Client {
    /// A client that is being put together.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client from the environment: `GHL_API_KEY`, and `GHL_BASE_URL` when it is set.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that names the variable that is missing or unusable.
    pub fn from_env() -> Result<Self> {
        let mut builder = Self::builder().private_token(variable("GHL_API_KEY")?);
        if let Ok(url) = std::env::var("GHL_BASE_URL") {
            builder = builder.base_url(&url);
        }
        builder.build()
    }

    /// The operations of one location. Its calls count against that location's rate limit.
    #[must_use]
    pub fn location(&self, id: impl Into<LocationId>) -> Location {
        Location::new(self.clone(), id.into())
    }

    /// Locations: read one, find those of a company.
    #[cfg(feature = "locations")]
    #[must_use]
    pub fn locations(&self) -> Locations<'_> {
        Locations(self)
    }

    /// Marketplace apps: location tokens, installed locations, payments.
    #[cfg(feature = "oauth")]
    #[must_use]
    pub fn oauth(&self) -> crate::oauth::OAuth<'_> {
        crate::oauth::OAuth(self)
    }

    /// The same client with another token, for example a location's; connections and limits stay shared.
    #[must_use]
    pub fn with_tokens(&self, tokens: impl TokenSource + 'static, subject: &str) -> Self {
        let tokens: Arc<dyn TokenSource> = Arc::new(tokens);
        Self {
            pipeline: self
                .pipeline
                .with_auth(Arc::new(BearerAuth::new(tokens.clone())), subject),
            version: self.version,
            known: self.known.of_other(Some(tokens)),
        }
    }

    /// What is known of the token: its class and its scopes. Asks no provider, but perhaps the store of the tokens.
    pub async fn access(&self) -> Access {
        self.known.access().await
    }

    /// A call of this request, against the company's rate limit.
    pub fn call<R: Endpoint>(&self, request: R) -> Call<R> {
        Call::new(&self.pipeline, self.version, &self.known, request)
    }

    /// A call of any path: the way to operations that have no method yet.
    ///
    /// ```no_run
    /// # async fn demo(client: ghl_client::Client) -> ghl_client::Result<()> {
    /// let funnels: serde_json::Value =
    ///     client.request(http::Method::GET, "/funnels/funnel/list").query("locationId", "abc").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn request(&self, method: Method, path: &str) -> RawCall {
        RawCall::new(&self.pipeline, self.version, method, path)
    }
}

#[derive(Debug)]
enum Auth {
    Private(AccessToken),
    Renewed(Arc<dyn TokenSource>),
    Nothing,
}

/// Builds a [`Client`].
#[derive(Debug, Default)]
#[must_use]
pub struct ClientBuilder {
    auth: Option<Auth>,
    known: Known,
    subject: Option<String>,
    base_url: Option<String>,
    version: Option<Version>,
    retry: RetryPolicy,
    context: Option<HttpContext>,
    user_agent: Option<String>,
    allow_plain_http: bool,
}

impl ClientBuilder {
    /// Authenticates with a private integration token (`pit-…`), or any other access token that does not change.
    pub fn private_token(mut self, token: impl Into<AccessToken>) -> Self {
        self.auth = Some(Auth::Private(token.into()));
        self
    }

    /// Authenticates with tokens that are renewed: OAuth, or your own source.
    pub fn tokens(mut self, tokens: impl TokenSource + 'static) -> Self {
        self.auth = Some(Auth::Renewed(Arc::new(tokens)));
        self
    }

    /// Authenticates with nothing: for calls that need no token, and to share connections with clients that have one.
    pub fn without_token(mut self) -> Self {
        self.auth = Some(Auth::Nothing);
        self
    }

    /// Says which class the token is of, or may be of, so that operations which refuse it fail before they are sent.
    ///
    /// Unsaid, it is known of tokens that start with `pit-`, and of OAuth tokens by the answer of the token endpoint.
    pub fn token_class(mut self, class: TokenClasses) -> Self {
        self.known.class = Some(class);
        self
    }

    /// Says which scopes the token has, so that operations which need another fail before they are sent. An empty list
    /// means none at all.
    ///
    /// Unsaid, they are known of OAuth tokens by the answer of the token endpoint.
    pub fn granted_scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let scopes: BTreeSet<_> = scopes.into_iter().map(Into::into).collect();
        self.known.scopes = Some(Arc::new(scopes));
        self
    }

    /// Whether calls are refused that the token does not allow as far as is known; `true` by default. The provider's
    /// documents may be wrong about an operation: [`RawCall`] and `false` here leave it to the provider.
    pub fn check_access(mut self, check: bool) -> Self {
        self.known.check = check;
        self
    }

    /// Names the company whose rate limit calls outside a location count against.
    pub fn company(mut self, id: impl Into<String>) -> Self {
        self.subject = Some(id.into());
        self
    }

    /// Where the API answers; [`DEFAULT_BASE_URL`] by default.
    pub fn base_url(mut self, url: &str) -> Self {
        self.base_url = Some(url.to_owned());
        self
    }

    /// Speaks one contract in all calls instead of each operation's own.
    pub fn version(mut self, version: Version) -> Self {
        self.version = Some(version);
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

    /// Shares connections, rate limits and the clock with other clients.
    pub fn context(mut self, context: &HttpContext) -> Self {
        self.context = Some(context.clone());
        self
    }

    /// Put before our own `User-Agent`: your product and its version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Allows a base URL with `http://` that is not on this machine. The token then travels in clear.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when there is no token or the base URL is unusable.
    pub fn build(self) -> Result<Client> {
        let config = |message: &'static str| Error::config(message).with_provider(crate::PROVIDER);
        let auth = self.auth.ok_or_else(|| {
            config(
                "no token: give private_token() a private integration token, or tokens() a source",
            )
        })?;
        let mut known = self.known;
        let auth: Arc<dyn Authorizer> = match auth {
            Auth::Private(token) => {
                known.class = known.class.or_else(|| class_of_text(&token));
                let bearer = StaticBearer::new(&token);
                Arc::new(bearer.map_err(|error| error.with_provider(crate::PROVIDER))?)
            }
            Auth::Renewed(tokens) => {
                known.source = Some(tokens.clone());
                Arc::new(BearerAuth::new(tokens))
            }
            Auth::Nothing => {
                known.class = Some(TokenClasses::NONE);
                Arc::new(NoAuth)
            }
        };
        let base =
            Url::parse(self.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL)).map_err(|_| {
                config(
                    "the base URL is not a URL: it looks like https://services.leadconnectorhq.com",
                )
            })?;
        let context = match self.context {
            Some(context) => context,
            None => HttpContext::new()?,
        };
        let mut pipeline = Pipeline::builder(&context, GhlDialect, base)
            .retry(self.retry)
            .allow_plain_http(self.allow_plain_http)
            .subject(self.subject.unwrap_or_else(unnamed_subject));
        if let Some(user_agent) = self.user_agent {
            pipeline = pipeline.user_agent(user_agent);
        }
        let pipeline = pipeline.build()?;
        let subject = pipeline.subject().clone();
        Ok(Client {
            pipeline: pipeline.with_auth(auth, subject),
            version: self.version,
            known,
        })
    }
}

/// Clients that name no company share no budget: nobody knows whether they share a token.
fn unnamed_subject() -> String {
    static CLIENTS: AtomicU64 = AtomicU64::new(0);
    format!("client-{}", CLIENTS.fetch_add(1, Ordering::Relaxed))
}

fn variable(name: &'static str) -> Result<String> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
        _ => Err(
            Error::config(format!("the environment variable {name} is missing"))
                .with_provider(crate::PROVIDER),
        ),
    }
}
