use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;

use super::keeper::{Keeper, Renewal, Trouble};
use super::{TokenKey, TokenSet};
use crate::http::{Grant, TokenSource};
use crate::{AccessToken, ErrorKind, Result};

/// Exchanges one token for another, for example a company's for a location's.
#[async_trait]
pub trait TokenExchange: fmt::Debug + Send + Sync {
    /// Gets a token with `parent`.
    ///
    /// # Errors
    /// What the provider says. After [`ErrorKind::Auth`] with the status 401 it is called once more with a renewed
    /// `parent`.
    async fn exchange(&self, parent: &AccessToken) -> Result<TokenSet>;
}

/// Tokens got with another token: renewed ahead of their expiry, once for all callers and processes, and stored like
/// the tokens they come from. Made by [`OAuthTokens::derive`](super::OAuthTokens::derive). Cheap to clone.
#[derive(Debug, Clone)]
pub struct DerivedTokens(Arc<Keeper>);

impl DerivedTokens {
    pub(super) fn new(keeper: Keeper) -> Self {
        Self(Arc::new(keeper))
    }

    /// Whose tokens.
    #[must_use]
    pub fn key(&self) -> &TokenKey {
        &self.0.key
    }

    /// Whether nothing is lost when this value is dropped and derived anew: no clone of it is about, no exchange is under
    /// way, and it holds neither a token that lasts, nor one that the store did not take, nor a failure after which the
    /// provider is left alone for a while. For whoever keeps many of them by an id that comes from outside.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        // An exchange that is under way holds the keeper too.
        Arc::strong_count(&self.0) == 1 && self.0.is_blank()
    }

    /// What the store holds, expired or not: for the fields beside the token.
    ///
    /// # Errors
    /// What the store reports.
    pub async fn stored(&self) -> Result<Option<TokenSet>> {
        let stored = self.0.store.load(&self.0.key).await?;
        Ok(stored.map(|stored| stored.tokens))
    }

    /// Forgets the token here and in the store, for example when the location uninstalled the application. Whoever asks
    /// for it again has it exchanged anew.
    ///
    /// # Errors
    /// What the stores report.
    pub async fn forget(&self) -> Result<()> {
        let keeper = &self.0;
        // An exchange that is under way would bring the token back.
        let lease = keeper.patient_lease().await?;
        let deleted = keeper.store.delete_slot(&keeper.key).await;
        if let Some(lease) = lease {
            keeper.give_back(&lease).await;
        }
        keeper.state().unsaved = None;
        keeper.forget();
        deleted
    }
}

#[async_trait]
impl TokenSource for DerivedTokens {
    async fn token(&self) -> Result<AccessToken> {
        self.0.token().await
    }

    async fn renew(&self, refused: &AccessToken) -> Result<Option<AccessToken>> {
        self.0.renew(refused).await
    }

    async fn grant(&self) -> Option<Arc<Grant>> {
        self.0.grant().await
    }
}

/// By exchange.
#[derive(Debug)]
pub(super) struct Derived {
    provider: &'static str,
    parent: Arc<dyn TokenSource>,
    exchange: Box<dyn TokenExchange>,
}

impl Derived {
    pub(super) fn new(
        provider: &'static str,
        parent: Arc<dyn TokenSource>,
        exchange: Box<dyn TokenExchange>,
    ) -> Self {
        Self {
            provider,
            parent,
            exchange,
        }
    }
}

#[async_trait]
impl Renewal for Derived {
    fn provider(&self) -> &'static str {
        self.provider
    }

    async fn renew(&self, _: Option<&TokenSet>) -> Result<TokenSet, Trouble> {
        let parent = self.parent.token().await.map_err(Trouble::Before)?;
        let refused = match self.exchange.exchange(&parent).await {
            Err(error)
                if error.kind() == ErrorKind::Auth
                    && error.status() == Some(StatusCode::UNAUTHORIZED) =>
            {
                error
            }
            other => return other.map_err(Trouble::Provider),
        };
        let renewed = self.parent.renew(&parent).await.map_err(Trouble::Before)?;
        match renewed {
            Some(parent) => self
                .exchange
                .exchange(&parent)
                .await
                .map_err(Trouble::Provider),
            None => Err(Trouble::Provider(refused)),
        }
    }
}
