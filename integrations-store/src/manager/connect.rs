use std::sync::Arc;

use integrations_core::provider::{Context, Integration};
use integrations_core::status::Status;
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId};

use super::cache::Entry;
use super::{IntegrationManager, seal};
use crate::StoredIntegration;

impl IntegrationManager {
    /// The live connection of an integration, made now or earlier with the config that is stored now. Sends nothing.
    ///
    /// Costs one read of the row. Tell [`record`](Self::record) how calls through it went.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] with the code `disconnected` when a person switched it off,
    /// [`ErrorKind::NotFound`] when this tenant has none of this id or the program lacks its provider,
    /// [`ErrorKind::Config`] when the config does not make a connection, [`ErrorKind::Crypto`] when its secrets do not
    /// open, [`ErrorKind::Store`].
    pub async fn connect(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
    ) -> Result<Arc<dyn Integration>> {
        let row = self.0.store.integrations().get(tenant, id).await?;
        if row.status == Status::Disconnected {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the integration is disconnected: test the connection to bring it back",
            )
            .with_code("disconnected"));
        }
        Ok(Arc::clone(&self.live(&row).await?.connection))
    }

    /// The connection of a row, whatever its status.
    pub(super) async fn live(&self, row: &StoredIntegration) -> Result<Arc<Entry>> {
        let cached = self.0.connections.get(&row.tenant, row.id);
        if let Some(entry) = cached.filter(|entry| entry.version == row.version) {
            return Ok(entry);
        }
        let provider = self.0.providers.get(&row.provider)?;
        let config = seal::config(&self.0.vault, row).await?;
        let mut context = Context::new(self.0.http.clone(), row.tenant.clone(), row.id);
        if let Some(tokens) = self.authorized(row).await? {
            context = context.with_tokens(tokens);
        }
        let entry = Arc::new(Entry::new(row.version, provider.connect(config, &context)?));
        self.0
            .connections
            .put(&row.tenant, row.id, Arc::clone(&entry));
        Ok(entry)
    }
}
