use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use integrations_core::http::{HttpContext, LimitClass, Pipeline, Reply, Request, RetryPolicy};
use integrations_core::{AccessToken, Error, Result};
use url::Url;

use crate::auth::TokenAuth;
use crate::call::uncertain;
use crate::calls::Calls;
use crate::contacts::Contacts;
use crate::dialect::AlowareDialect;
use crate::messages::Messages;
use crate::numbers::Numbers;
use crate::power_dialer::PowerDialer;
use crate::sequences::Sequences;
use crate::users::Users;
use crate::{Call, Endpoint, RawCall};

/// Where the API answers: what the provider's own integrations call. Older accounts and documents say
/// `https://app.aloware.com/api/v1`.
pub const DEFAULT_BASE_URL: &str = "https://app.aloware.io/api/v1";

/// A client of one Aloware account. Cheap to clone; clones share connections and limits.
#[derive(Debug, Clone)]
pub struct Client {
    pipeline: Pipeline,
    limit: Option<LimitClass>,
}

impl Client {
    /// A client that is being put together.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client from the environment: `ALOWARE_API_TOKEN`, and `ALOWARE_BASE_URL` when it is set.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that names the variable that is missing or unusable.
    pub fn from_env() -> Result<Self> {
        const TOKEN: &str = "ALOWARE_API_TOKEN";
        let token = std::env::var(TOKEN).ok();
        let token = token
            .filter(|token| !token.trim().is_empty())
            .ok_or_else(|| {
                Error::config(format!("the environment variable {TOKEN} is missing"))
                    .with_provider(crate::PROVIDER)
            })?;
        let mut builder = Self::builder().api_token(token.trim());
        if let Ok(url) = std::env::var("ALOWARE_BASE_URL") {
            builder = builder.base_url(&url);
        }
        builder.build()
    }

    /// Users of the account.
    #[must_use]
    pub fn users(&self) -> Users<'_> {
        Users(self)
    }

    /// Contacts: look up by phone number, create, update.
    #[must_use]
    pub fn contacts(&self) -> Contacts<'_> {
        Contacts(self)
    }

    /// Text messages.
    #[must_use]
    pub fn messages(&self) -> Messages<'_> {
        Messages(self)
    }

    /// Calls that ring an agent and then a contact.
    #[must_use]
    pub fn calls(&self) -> Calls<'_> {
        Calls(self)
    }

    /// Sequences of messages and calls.
    #[must_use]
    pub fn sequences(&self) -> Sequences<'_> {
        Sequences(self)
    }

    /// Lists of the power dialer.
    #[must_use]
    pub fn power_dialer(&self) -> PowerDialer<'_> {
        PowerDialer(self)
    }

    /// What is known of a phone number. **Each look-up is billed.**
    #[must_use]
    pub fn numbers(&self) -> Numbers<'_> {
        Numbers(self)
    }

    /// Paths that no public source confirms.
    #[cfg(feature = "unconfirmed")]
    #[must_use]
    pub fn unconfirmed(&self) -> crate::unconfirmed::Unconfirmed<'_> {
        crate::unconfirmed::Unconfirmed::new(self)
    }

    /// A call of this request.
    pub fn call<R: Endpoint>(&self, request: R) -> Call<R> {
        Call::new(self, request)
    }

    /// A call of any path: the way to operations that have no method yet. A path that the provider does not know answers
    /// a page of HTML with a 200, which is an error here.
    ///
    /// ```no_run
    /// # async fn demo(client: aloware_client::Client) -> aloware_client::Result<()> {
    /// let users: serde_json::Value = client.request(http::Method::GET, "/webhook/users").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn request(&self, method: Method, path: &str) -> RawCall {
        RawCall::new(self, method, path)
    }

    /// Where calls go.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        self.pipeline.base_url()
    }

    pub(crate) async fn send(&self, mut request: Request, repeatable: bool) -> Result<Reply> {
        request.operation.limit = self.limit;
        let sent = self.pipeline.send(request).await;
        sent.map_err(|error| uncertain(error, repeatable))
    }
}

/// Builds a [`Client`].
#[derive(Debug, Default)]
#[must_use]
pub struct ClientBuilder {
    token: Option<AccessToken>,
    base_url: Option<String>,
    account: Option<String>,
    limit: Option<LimitClass>,
    retry: RetryPolicy,
    context: Option<HttpContext>,
    user_agent: Option<String>,
    allow_plain_http: bool,
}

impl ClientBuilder {
    /// The API token: in Aloware under *Integrations → API Tokens*. It belongs to one user of the account.
    pub fn api_token(mut self, token: impl Into<AccessToken>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Where the API answers, with its path; [`DEFAULT_BASE_URL`] by default. Redirects are not followed, since the token
    /// would go along: a provider that moved must be named here.
    pub fn base_url(mut self, url: &str) -> Self {
        self.base_url = Some(url.trim().to_owned());
        self
    }

    /// Names the account whose rate limit the calls count against; a limit alone does nothing without
    /// [`rate_limit`](Self::rate_limit).
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.account = Some(name.into());
        self
    }

    /// At most this many calls in this span, for the whole account. The provider documents no limit, so there is none by
    /// default; a 429 is waited out by its `Retry-After` in any case.
    pub fn rate_limit(mut self, max: u32, per: Duration) -> Self {
        self.limit = Some(LimitClass {
            name: "account",
            max,
            per,
        });
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
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when there is no token or the base URL is unusable,
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when the token is empty or holds spaces.
    pub fn build(self) -> Result<Client> {
        let config = |message: &'static str| Error::config(message).with_provider(crate::PROVIDER);
        let token = self
            .token
            .ok_or_else(|| config("no token: give api_token() the account's API token"))?;
        let base =
            Url::parse(self.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL)).map_err(|_| {
                config("the base URL is not a URL: it looks like https://app.aloware.io/api/v1")
            })?;
        let context = match self.context {
            Some(context) => context,
            None => HttpContext::new()?,
        };
        let mut pipeline = Pipeline::builder(&context, AlowareDialect, base)
            .auth(TokenAuth::new(token)?)
            .retry(self.retry)
            .allow_plain_http(self.allow_plain_http)
            .subject(self.account.unwrap_or_else(unnamed_account));
        if let Some(user_agent) = self.user_agent {
            pipeline = pipeline.user_agent(user_agent);
        }
        Ok(Client {
            pipeline: pipeline
                .build()
                .map_err(|error| error.with_provider(crate::PROVIDER))?,
            limit: self.limit,
        })
    }
}

/// Clients that name no account share no budget: nobody knows whether they share one.
fn unnamed_account() -> String {
    static CLIENTS: AtomicU64 = AtomicU64::new(0);
    format!("client-{}", CLIENTS.fetch_add(1, Ordering::Relaxed))
}
