use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use integrations_core::http::{
    HttpContext, Idempotency, Operation, Pipeline, Query, Reply, Request, RetryPolicy, StaticBearer,
};
use integrations_core::{AccessToken, Error, Result};
use serde::Serialize;
use url::Url;

use crate::dialect::ClerkDialect;
use crate::jwks::{Jwks, JwksBuilder};
use crate::m2m::M2mTokens;
use crate::sessions::Sessions;

/// Where the Backend API answers.
pub const DEFAULT_BASE_URL: &str = "https://api.clerk.com/v1";
/// The version of the Backend API that this crate speaks.
pub const API_VERSION: &str = "2026-05-12";

const VERSION_HEADER: HeaderName = HeaderName::from_static("clerk-api-version");

/// A client of Clerk's Backend API. Cheap to clone; clones share connections.
///
/// <https://clerk.com/docs/reference/backend-api>
#[derive(Clone)]
pub struct Client {
    pub(crate) pipeline: Pipeline,
    version: HeaderValue,
}

impl Client {
    /// A client that is being put together.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client from the environment: `CLERK_SECRET_KEY`, and `CLERK_API_URL` when it is set.
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
        let key = variable("CLERK_SECRET_KEY").ok_or_else(|| {
            Error::config("the environment variable CLERK_SECRET_KEY is missing")
                .with_provider(crate::PROVIDER)
        })?;
        let mut builder = Self::builder().secret_key(key);
        if let Some(url) = variable("CLERK_API_URL") {
            builder = builder.base_url(&format!("{}/v1", url.trim_end_matches('/')));
        }
        builder.build()
    }

    /// Sessions and their tokens.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }

    /// Machine tokens.
    #[must_use]
    pub fn m2m_tokens(&self) -> M2mTokens<'_> {
        M2mTokens(self)
    }

    /// The instance's keys, fetched with the secret key. The set is this client's own: a token of another instance that
    /// names a key by the same id is not verified with it.
    pub fn jwks(&self) -> JwksBuilder {
        let mut headers = HeaderMap::new();
        headers.insert(VERSION_HEADER, self.version.clone());
        Jwks::of(self.pipeline.clone(), "/jwks", headers)
    }

    pub(crate) async fn get(&self, operation: Operation, query: Query) -> Result<Reply> {
        let path = operation.path;
        let mut request = self.request(operation, path);
        request.query = query;
        self.pipeline.send(request).await
    }

    pub(crate) async fn post<T: Serialize + ?Sized>(
        &self,
        operation: Operation,
        path: impl Into<String>,
        body: &T,
    ) -> Result<Reply> {
        let request = self.request(operation, path).json(body)?;
        self.pipeline.send(request).await
    }

    fn request(&self, operation: Operation, path: impl Into<String>) -> Request {
        let mut request = Request::new(operation, path);
        request.headers.insert(VERSION_HEADER, self.version.clone());
        request
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.pipeline.base_url().as_str())
            .field("version", &self.version)
            .finish()
    }
}

/// What is known of an operation; Clerk's limits are told by 429 alone.
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
#[derive(Debug, Default)]
#[must_use]
pub struct ClientBuilder {
    key: Option<AccessToken>,
    base_url: Option<String>,
    version: Option<String>,
    retry: RetryPolicy,
    context: Option<HttpContext>,
    user_agent: Option<String>,
    allow_plain_http: bool,
}

impl ClientBuilder {
    /// Authenticates with the instance's secret key (`sk_…`).
    pub fn secret_key(mut self, key: impl Into<AccessToken>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Authenticates as a machine, with its secret key (`ak_…`): for machine tokens.
    pub fn machine_secret_key(self, key: impl Into<AccessToken>) -> Self {
        self.secret_key(key)
    }

    /// Where the Backend API answers, its version included; [`DEFAULT_BASE_URL`] by default.
    pub fn base_url(mut self, url: &str) -> Self {
        self.base_url = Some(url.to_owned());
        self
    }

    /// Speaks another version of the Backend API than [`API_VERSION`].
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
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

    /// Allows a base URL with `http://` that is not on this machine. The key then travels in clear.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when there is no key or the base URL is unusable.
    pub fn build(self) -> Result<Client> {
        let config = |message: &'static str| Error::config(message).with_provider(crate::PROVIDER);
        let key = self
            .key
            .ok_or_else(|| config("no secret key: give secret_key() the instance's (sk_…)"))?;
        let auth = StaticBearer::new(&key).map_err(|error| error.with_provider(crate::PROVIDER))?;
        let base = self.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL);
        let base = Url::parse(base).map_err(|_| {
            config("the base URL is not a URL: it looks like https://api.clerk.com/v1")
        })?;
        let version = self.version.as_deref().unwrap_or(API_VERSION);
        let version = HeaderValue::from_str(version)
            .map_err(|_| config("the API version has characters that no header may carry"))?;
        let context = match self.context {
            Some(context) => context,
            None => HttpContext::new()?,
        };
        let mut pipeline = Pipeline::builder(&context, ClerkDialect, base)
            .retry(self.retry)
            .allow_plain_http(self.allow_plain_http)
            .subject("instance");
        if let Some(user_agent) = self.user_agent {
            pipeline = pipeline.user_agent(user_agent);
        }
        let pipeline = pipeline.build()?;
        let subject = pipeline.subject().clone();
        Ok(Client {
            pipeline: pipeline.with_auth(Arc::new(auth), subject),
            version,
        })
    }
}
