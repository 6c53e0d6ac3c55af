use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::OAuthTokens;
use super::grants::{ForApplication, ForUser};
use crate::lease::LeaseStore;
use crate::oauth::keeper::{Keeper, OnDead, Renewal};
use crate::oauth::{OAuthClient, RefreshPolicy, TokenKey, TokenStore};
use crate::{Error, Result};

/// A lease must outlast the token call by this much, for the store's part.
const STORE_TIME: Duration = Duration::from_secs(10);

/// Builds [`OAuthTokens`].
#[must_use]
pub struct OAuthTokensBuilder {
    client: OAuthClient,
    key: TokenKey,
    store: Arc<dyn TokenStore>,
    leases: Arc<dyn LeaseStore>,
    policy: RefreshPolicy,
    scopes: Option<Vec<String>>,
    on_dead: Option<OnDead>,
}

impl OAuthTokens {
    /// The tokens of `key`, kept by these stores.
    pub fn builder(
        client: OAuthClient,
        key: TokenKey,
        store: Arc<dyn TokenStore>,
        leases: Arc<dyn LeaseStore>,
    ) -> OAuthTokensBuilder {
        OAuthTokensBuilder {
            client,
            key,
            store,
            leases,
            policy: RefreshPolicy::default(),
            scopes: None,
            on_dead: None,
        }
    }
}

impl OAuthTokensBuilder {
    /// When and how tokens are refreshed.
    pub fn policy(mut self, policy: RefreshPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Gets tokens for the application itself, with the client-credentials grant; needs no authorization by a person.
    pub fn client_credentials(
        mut self,
        scopes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Called once when a refresh token is found dead, for example to move the integration to `error`. It must not
    /// block.
    pub fn on_dead(mut self, report: impl Fn(&TokenKey, &Error) + Send + Sync + 'static) -> Self {
        self.on_dead = Some(Arc::new(report));
        self
    }

    /// The tokens. Nothing is read or sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the lease is not 10 s longer than a token call may take.
    pub fn build(self) -> Result<OAuthTokens> {
        if self.policy.lease_ttl < self.client.timeout() + STORE_TIME {
            return Err(Error::config(
                "the lease must last 10 s longer than the OAuth client's timeout",
            ));
        }
        let client = self.client;
        let renewal: Box<dyn Renewal> = match self.scopes {
            Some(scopes) => Box::new(ForApplication(client.clone(), scopes)),
            None => Box::new(ForUser(client.clone())),
        };
        let margin = self.policy.margin;
        let keeper = Keeper::new(
            self.key,
            renewal,
            (self.store, self.leases),
            client.clock().clone(),
            self.policy,
            margin.unwrap_or(client.profile().refresh_margin),
            self.on_dead,
        );
        Ok(OAuthTokens {
            keeper: Arc::new(keeper),
            client,
        })
    }
}

impl fmt::Debug for OAuthTokensBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthTokensBuilder")
            .field("client", &self.client)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
