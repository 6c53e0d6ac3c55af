use std::sync::Arc;

use integrations_core::oauth::{
    AuthorizationRequest, Authorize, Callback, OAuthClient, OAuthTokens, TokenKey,
};
use integrations_core::provider::ConnectionReport;
use integrations_core::{Error, IntegrationId, Result, TenantId};

use super::IntegrationManager;
use crate::{Changes, StoredIntegration};

/// What [`IntegrationManager::complete_authorization`] did.
#[derive(Debug)]
#[non_exhaustive]
pub struct Authorized {
    /// The integration that has tokens now.
    pub integration: IntegrationId,
    /// What the test of the connection found: the tokens are stored either way.
    pub test: Result<ConnectionReport>,
}

impl IntegrationManager {
    /// Starts an authorization for an integration: where to send the user.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) when the manager has no OAuth client of the provider,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store), and those of [`OAuthClient::authorize`].
    pub async fn authorize(&self, ask: Authorize) -> Result<AuthorizationRequest> {
        let row = self
            .0
            .store
            .integrations()
            .get(&ask.tenant, ask.integration)
            .await?;
        let states = self.0.store.states(&self.0.vault);
        self.oauth_client(&row.provider)?
            .authorize(ask, &states)
            .await
    }

    /// Completes an authorization: checks the state, exchanges the code, stores the tokens, and tests the connection as
    /// `actor`. `tenant` is the one that is signed in where the user came back.
    ///
    /// # Errors
    /// Those of [`OAuthClient::complete`], [`ErrorKind::Config`](integrations_core::ErrorKind::Config) when the manager
    /// has no OAuth client of this provider or the state was for another one,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store). A test that fails is no error but reported.
    pub async fn complete_authorization(
        &self,
        tenant: &TenantId,
        provider: &str,
        callback: &Callback,
        actor: &str,
    ) -> Result<Authorized> {
        let client = self.oauth_client(provider)?;
        let states = self.0.store.states(&self.0.vault);
        let (tokens, pending) = client.complete(callback, tenant, &states).await?;
        let integrations = self.0.store.integrations();
        let row = integrations.get(tenant, pending.integration).await?;
        if row.provider != provider {
            return Err(Error::config(
                "this authorization was started at another provider",
            ));
        }
        self.tokens_of(&row)?.install(&tokens).await?;
        // The version moves, so that every process connects anew, with the tokens.
        let changes = Changes::new().fields(["oauth".to_owned()]);
        integrations
            .update(tenant, row.id, row.version, &changes, actor)
            .await?;
        self.0.connections.forget(tenant, row.id);
        let test = self.test_connection(tenant, row.id, actor).await;
        Ok(Authorized {
            integration: row.id,
            test,
        })
    }

    /// The OAuth tokens of an integration, shared by all callers in this process: for tokens that are derived from
    /// them. `None` when it was never authorized.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn oauth_tokens(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
    ) -> Result<Option<OAuthTokens>> {
        let row = self.0.store.integrations().get(tenant, id).await?;
        self.authorized(&row).await
    }

    pub(super) async fn authorized(&self, row: &StoredIntegration) -> Result<Option<OAuthTokens>> {
        if !self.0.oauth_clients.contains_key(&row.provider) {
            return Ok(None);
        }
        let stored = self
            .0
            .store
            .tokens(&self.0.vault)
            .exist(&row.tenant, row.id)
            .await?;
        if stored {
            self.tokens_of(row).map(Some)
        } else {
            Ok(None)
        }
    }

    fn oauth_client(&self, provider: &str) -> Result<&OAuthClient> {
        self.0.oauth_clients.get(provider).ok_or_else(|| {
            Error::config("the manager has no OAuth client of this provider: add it with ManagerBuilder::oauth_client")
        })
    }

    fn tokens_of(&self, row: &StoredIntegration) -> Result<OAuthTokens> {
        if let Some(known) = self.0.tokens.get(&row.tenant, row.id) {
            return Ok(known);
        }
        let store = &self.0.store;
        let manager = Arc::downgrade(&self.0);
        let tokens = OAuthTokens::builder(
            self.oauth_client(&row.provider)?.clone(),
            TokenKey::new(row.tenant.clone(), row.id),
            Arc::new(store.tokens(&self.0.vault)),
            Arc::new(store.clone()),
        )
        .on_dead(move |key, error| {
            let Some(manager) = manager.upgrade().map(Self) else { return };
            let error = Error::new(error.kind(), error.message().to_owned()).with_code("token_dead");
            let (tenant, id) = (key.tenant.clone(), key.integration);
            tokio::spawn(async move {
                if let Err(error) = manager.record(&tenant, id, Err(&error)).await {
                    tracing::error!(integration = %id, error = %error, "a dead OAuth token could not be recorded");
                }
            });
        })
        .build()?;
        Ok(self.0.tokens.get_or_put(&row.tenant, row.id, tokens))
    }
}
