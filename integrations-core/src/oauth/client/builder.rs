use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::{Inner, OAuthClient};
use crate::http::{HttpContext, Pipeline, RetryPolicy};
use crate::oauth::OAuthProfile;
use crate::oauth::dialect::TokenDialect;
use crate::{ClientSecret, Error, Result};

/// Builds an [`OAuthClient`].
#[derive(Debug)]
#[must_use]
pub struct OAuthClientBuilder {
    profile: OAuthProfile,
    client_id: String,
    client_secret: Option<ClientSecret>,
    redirect_uri: Option<Url>,
    timeout: Duration,
    state_ttl: Duration,
}

impl OAuthClient {
    /// A client of this provider for the application with this id.
    pub fn builder(profile: OAuthProfile, client_id: impl Into<String>) -> OAuthClientBuilder {
        OAuthClientBuilder {
            profile,
            client_id: client_id.into(),
            client_secret: None,
            redirect_uri: None,
            timeout: Duration::from_secs(25),
            state_ttl: Duration::from_secs(600),
        }
    }
}

impl OAuthClientBuilder {
    /// The application's secret; public clients have none.
    pub fn client_secret(mut self, secret: impl Into<ClientSecret>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Where the user comes back to, exactly as the application names it at the provider.
    pub fn redirect_uri(mut self, uri: Url) -> Self {
        self.redirect_uri = Some(uri);
        self
    }

    /// How long a token call may take in all; 25 s by default. An attempt may take half of it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a user may take to consent; 10 minutes by default.
    pub fn state_ttl(mut self, ttl: Duration) -> Self {
        self.state_ttl = ttl;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the token or revocation URL is not `https` (or `http` on
    /// this machine), or the client id is empty.
    pub fn build(self, context: &HttpContext) -> Result<OAuthClient> {
        if self.client_id.is_empty() || self.client_secret.as_ref().is_some_and(|s| s.is_empty()) {
            return Err(Error::config("the OAuth client id or secret is empty"));
        }
        let profile = Arc::new(self.profile);
        let retry = RetryPolicy {
            max_rate_limit_waits: 2,
            attempt_timeout: self.timeout / 2,
            timeout: self.timeout,
            ..RetryPolicy::DEFAULT
        };
        let pipeline = |url: &Url| -> Result<Pipeline> {
            let mut origin = url.clone();
            origin.set_path("");
            origin.set_query(None);
            Pipeline::builder(context, TokenDialect(profile.clone()), origin)
                .retry(retry)
                .subject(self.client_id.as_str())
                .build()
        };
        let revocation = match &profile.revoke_url {
            Some(url) => Some((pipeline(url)?, url.clone())),
            None => None,
        };
        Ok(OAuthClient(Arc::new(Inner {
            pipeline: pipeline(&profile.token_url)?,
            revocation,
            client_id: self.client_id,
            client_secret: self.client_secret,
            redirect_uri: self.redirect_uri,
            timeout: self.timeout,
            state_ttl: self.state_ttl,
            profile,
        })))
    }
}
