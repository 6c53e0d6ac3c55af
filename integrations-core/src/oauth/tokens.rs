mod builder;
mod grants;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::derived::{Derived, DerivedTokens, TokenExchange};
use super::keeper::Keeper;
use super::{OAuthClient, TokenKey, TokenSet};
use crate::http::{Grant, TokenSource};
use crate::{AccessToken, Result};

pub use builder::OAuthTokensBuilder;

/// The tokens of one integration, refreshed ahead of their expiry. Cheap to clone; clones share one refresh.
///
/// All callers in the process wait for one refresh, which goes on when they give up. Across processes, a lease lets one
/// refresh at a time; who gets it looks into the store first. A new refresh token is stored before its access token is
/// handed out. A lease that cannot be had in time is an error ([`ErrorKind::Timeout`](crate::ErrorKind::Timeout), code `lease_timeout`), never a
/// reason to refresh without it.
///
/// When the store does not take new tokens, nobody gets them: they are kept in memory, and the next call saves them
/// instead of refreshing again. If the process dies before that, a refresh token that rotated is lost and the user has
/// to authorize again; the same goes for a refresh whose answer never arrived.
///
/// A refresh token that the provider calls invalid is looked up in the store once more, because a sibling may have
/// replaced it, before the error is [`ErrorKind::Auth`](crate::ErrorKind::Auth) with the code `token_dead`.
#[derive(Clone)]
pub struct OAuthTokens {
    keeper: Arc<Keeper>,
    client: OAuthClient,
}

impl OAuthTokens {
    /// Whose tokens.
    #[must_use]
    pub fn key(&self) -> &TokenKey {
        &self.keeper.key
    }

    /// The application that they belong to.
    #[must_use]
    pub fn client(&self) -> &OAuthClient {
        &self.client
    }

    /// What the store holds, expired or not: for the fields beside the tokens, such as a base URL or an account id.
    ///
    /// # Errors
    /// What the store reports.
    pub async fn stored(&self) -> Result<Option<TokenSet>> {
        let stored = self.keeper.store.load(&self.keeper.key).await?;
        Ok(stored.map(|stored| stored.tokens))
    }

    /// Saves the tokens of a new authorization. They replace whatever is there, and a refresh of the old ones that is
    /// under way anywhere cannot overwrite them.
    ///
    /// # Errors
    /// What the stores report.
    pub async fn install(&self, tokens: &TokenSet) -> Result<()> {
        let lease = self.keeper.patient_lease().await?;
        let fence = lease.as_ref().map(|lease| lease.fence);
        let saved = self
            .keeper
            .store
            .save(&self.keeper.key, tokens, fence)
            .await;
        if let Some(lease) = lease {
            self.keeper.give_back(&lease).await;
        }
        self.keeper.forget();
        saved.map(|_| ())
    }

    /// Revokes the tokens at the provider and forgets them, with all tokens derived from them. Whether the provider
    /// revoked them: a provider without a revocation endpoint, or one that cannot be reached, does not keep us from
    /// forgetting.
    ///
    /// # Errors
    /// What the stores report.
    pub async fn disconnect(&self) -> Result<bool> {
        let lease = self.keeper.patient_lease().await?;
        let result = self.revoke_and_delete().await;
        if let Some(lease) = lease {
            self.keeper.give_back(&lease).await;
        }
        self.keeper.forget();
        result
    }

    async fn revoke_and_delete(&self) -> Result<bool> {
        let key = &self.keeper.key;
        let revoked = match self.stored().await? {
            Some(tokens) => self.client.revoke(&tokens).await.unwrap_or_else(|error| {
                tracing::warn!(
                    provider = self.client.profile().provider,
                    integration = %key.integration,
                    error = %error,
                    "the tokens could not be revoked at the provider; they are forgotten all the same"
                );
                false
            }),
            None => false,
        };
        let store = &self.keeper.store;
        store.delete(&key.tenant, key.integration).await?;
        Ok(revoked)
    }

    /// Tokens got with this integration's token, kept beside it under `slot`, for example `location:<id>`.
    #[must_use]
    pub fn derive(
        &self,
        slot: impl Into<String>,
        exchange: impl TokenExchange + 'static,
    ) -> DerivedTokens {
        let keeper = &self.keeper;
        let margin = keeper.policy.margin;
        DerivedTokens::new(Keeper::new(
            keeper.key.slot(slot),
            Box::new(Derived::new(
                self.client.profile().provider,
                Arc::new(self.clone()),
                Box::new(exchange),
            )),
            (keeper.store.clone(), keeper.leases.clone()),
            keeper.clock.clone(),
            keeper.policy,
            margin.unwrap_or(self.client.profile().refresh_margin),
            None,
        ))
    }
}

#[async_trait]
impl TokenSource for OAuthTokens {
    async fn token(&self) -> Result<AccessToken> {
        self.keeper.token().await
    }

    async fn renew(&self, refused: &AccessToken) -> Result<Option<AccessToken>> {
        self.keeper.renew(refused).await
    }

    async fn grant(&self) -> Option<Arc<Grant>> {
        self.keeper.grant().await
    }
}

impl fmt::Debug for OAuthTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthTokens")
            .field("client", &self.client)
            .field("key", &self.keeper.key)
            .finish_non_exhaustive()
    }
}
