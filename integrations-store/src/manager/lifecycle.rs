use integrations_core::oauth::TokenStore as _;
use integrations_core::provider::ConnectionReport;
use integrations_core::status::Event;
use integrations_core::{IntegrationId, Result, TenantId};

use super::IntegrationManager;
use crate::Transition;

/// What [`IntegrationManager::disconnect`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disconnected {
    /// Whether the provider ended the OAuth tokens.
    pub revoked: bool,
}

impl IntegrationManager {
    /// Switches an integration off: status `disconnected` at once; then its OAuth tokens are revoked at the provider, as
    /// far as it can be reached, and forgotten. Its config stays; [`reconnect`](Self::reconnect) brings it back, an OAuth
    /// integration after a new authorization.
    ///
    /// # Errors
    /// [`ErrorKind::Transition`](integrations_core::ErrorKind::Transition) when it is disconnected already,
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn disconnect(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        actor: &str,
    ) -> Result<Disconnected> {
        let transition =
            Transition::new(Event::Disconnected, actor).action("integration.disconnected");
        let integrations = self.0.store.integrations();
        let moved = integrations.transition(tenant, id, &transition).await?;
        self.0.connections.forget(tenant, id);
        let revoked = match self.authorized(&moved.integration).await? {
            Some(tokens) => tokens.disconnect().await?,
            None => {
                self.0
                    .store
                    .tokens(&self.0.vault)
                    .delete(tenant, id)
                    .await?;
                false
            }
        };
        Ok(Disconnected { revoked })
    }

    /// Brings a disconnected integration back, by testing it: see [`test_connection`](Self::test_connection).
    ///
    /// # Errors
    /// As [`test_connection`](Self::test_connection).
    pub async fn reconnect(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        actor: &str,
    ) -> Result<ConnectionReport> {
        self.test_connection(tenant, id, actor).await
    }

    /// Deletes an integration with its tokens and webhook events; its audit trail stays.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn delete(&self, tenant: &TenantId, id: IntegrationId, actor: &str) -> Result<()> {
        self.0
            .store
            .integrations()
            .delete(tenant, id, actor)
            .await?;
        self.0.connections.forget(tenant, id);
        Ok(())
    }
}
