use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::{AccessToken, IntegrationId, RefreshToken, Result, TenantId};

/// Whose tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TokenKey {
    /// The tenant.
    pub tenant: TenantId,
    /// The integration.
    pub integration: IntegrationId,
    /// Which of the integration's tokens: empty for its own, or what a token derived from it is for
    /// (`location:<id>`).
    pub slot: String,
}

impl TokenKey {
    /// The integration's own tokens.
    #[must_use]
    pub fn new(tenant: TenantId, integration: IntegrationId) -> Self {
        Self {
            tenant,
            integration,
            slot: String::new(),
        }
    }

    /// Tokens derived from the integration's own.
    #[must_use]
    pub fn slot(&self, slot: impl Into<String>) -> Self {
        Self {
            slot: slot.into(),
            ..self.clone()
        }
    }
}

/// What a token endpoint answered.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenSet {
    /// Sent with calls.
    pub access_token: AccessToken,
    /// Renews the access token.
    pub refresh_token: Option<RefreshToken>,
    /// When the access token ends; `None` when the provider does not say.
    pub expires_at: Option<Timestamp>,
    /// The granted scopes; empty when the provider does not say.
    pub scopes: Vec<String>,
    /// The rest of the answer that is not a token: account ids, user types, base URLs.
    pub extra: Map<String, Value>,
}

impl TokenSet {
    /// A set with an access token alone.
    pub fn new(access_token: impl Into<AccessToken>) -> Self {
        Self {
            access_token: access_token.into(),
            refresh_token: None,
            expires_at: None,
            scopes: Vec::new(),
            extra: Map::new(),
        }
    }
}

impl fmt::Debug for TokenSet {
    /// Shows the names of the other fields: a value may be personal data, or a secret under another name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSet")
            .field("refresh_token", &self.refresh_token.is_some())
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Tokens as they are stored.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredTokens {
    /// The tokens.
    pub tokens: TokenSet,
    /// Grows by one with every save: tells a sibling's newer tokens from the ones that were read before.
    pub generation: u64,
}

impl StoredTokens {
    /// Tokens as a store read them.
    #[must_use]
    pub fn new(tokens: TokenSet, generation: u64) -> Self {
        Self { tokens, generation }
    }
}

/// Keeps tokens, encrypted.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// Reads the tokens; `None` when there are none.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](crate::ErrorKind::Store), [`ErrorKind::Crypto`](crate::ErrorKind::Crypto).
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredTokens>>;

    /// Replaces the tokens and returns their generation. It returns only after the tokens would survive a crash.
    ///
    /// `fence` is the fencing token of the lease under which they were got; `None` for a first authorization by a
    /// person, which always wins.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) with the code `fenced` when tokens were saved under a later
    /// lease; [`ErrorKind::Store`](crate::ErrorKind::Store), [`ErrorKind::Crypto`](crate::ErrorKind::Crypto).
    async fn save(&self, key: &TokenKey, tokens: &TokenSet, fence: Option<u64>) -> Result<u64>;

    /// Forgets the integration's tokens, in all slots.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](crate::ErrorKind::Store).
    async fn delete(&self, tenant: &TenantId, integration: IntegrationId) -> Result<()>;

    /// Forgets the tokens of one slot, for example those of a location that uninstalled the application.
    ///
    /// A store that does not say how replaces them with tokens that have ended.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](crate::ErrorKind::Store).
    async fn delete_slot(&self, key: &TokenKey) -> Result<()> {
        // What cannot be opened any more is to be forgotten too.
        if let Ok(None) = self.load(key).await {
            return Ok(());
        }
        let mut ended = TokenSet::new("ended");
        ended.expires_at = Some(Timestamp::UNIX_EPOCH);
        self.save(key, &ended, None).await.map(drop)
    }
}

/// An authorization that waits for the user to come back.
#[derive(Clone)]
#[non_exhaustive]
pub struct PendingAuthorization {
    /// The random `state`: it is all that a caller of the redirect URI needs to know, so a store keeps only its hash.
    pub state: SecretString,
    /// The tenant that started it.
    pub tenant: TenantId,
    /// The integration that it is for.
    pub integration: IntegrationId,
    /// Where the user comes back to.
    pub redirect_uri: String,
    /// The PKCE verifier, for providers that take one.
    pub pkce_verifier: Option<SecretString>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl PendingAuthorization {
    /// An authorization without PKCE.
    pub fn new(
        state: SecretString,
        tenant: TenantId,
        integration: IntegrationId,
        redirect_uri: impl Into<String>,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            state,
            tenant,
            integration,
            redirect_uri: redirect_uri.into(),
            pkce_verifier: None,
            expires_at,
        }
    }
}

impl fmt::Debug for PendingAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthorization")
            .field("tenant", &self.tenant)
            .field("integration", &self.integration)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Keeps authorizations that wait for the user.
#[async_trait]
pub trait StateStore: fmt::Debug + Send + Sync {
    /// Keeps one.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](crate::ErrorKind::Store), [`ErrorKind::Crypto`](crate::ErrorKind::Crypto).
    async fn put(&self, pending: &PendingAuthorization) -> Result<()>;

    /// Takes the one with this state out, so that it can be used once; `None` when there is none for this tenant, it
    /// was taken, or it has expired.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](crate::ErrorKind::Store), [`ErrorKind::Crypto`](crate::ErrorKind::Crypto).
    async fn take(
        &self,
        tenant: &TenantId,
        state: &SecretString,
    ) -> Result<Option<PendingAuthorization>>;
}
