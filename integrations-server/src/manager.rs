use async_trait::async_trait;
use integrations_core::webhook::Secrets;
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, WebhookSecret};
use integrations_store::IntegrationManager;

use crate::SecretSource;

/// Who keeps a secret that a provider handed over.
const HANDSHAKE: &str = "webhook handshake";

#[async_trait]
impl SecretSource for IntegrationManager {
    async fn webhook_secrets(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
    ) -> Result<Secrets> {
        Self::webhook_secrets(self, tenant, integration).await
    }

    async fn application_secrets(&self, provider: &str) -> Result<Secrets> {
        Ok(self.application_webhook_secrets(provider))
    }

    async fn keep_webhook_secret(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        secret: &WebhookSecret,
    ) -> Result<()> {
        let known = Self::webhook_secrets(self, tenant, integration).await?;
        if known.named("").any(|known| known == secret) {
            return Ok(());
        }
        if known.named("").any(|known| !known.is_empty()) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "there is a webhook secret already: delete it before another handshake",
            ));
        }
        self.add_webhook_secret(tenant, integration, "", secret, HANDSHAKE)
            .await
    }
}
