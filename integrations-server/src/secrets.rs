use std::fmt::Debug;

use async_trait::async_trait;
use integrations_core::webhook::Secrets;
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, WebhookSecret};

/// Where the router gets what an integration's webhooks are verified with.
#[async_trait]
pub trait SecretSource: Debug + Send + Sync {
    /// The integration's secrets, current ones first; [`Secrets::none`] when it has none.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] or [`ErrorKind::Store`] when they cannot be read: the provider is asked to come back.
    async fn webhook_secrets(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
    ) -> Result<Secrets>;

    /// Keeps a secret that a provider handed over in its handshake, before the handshake is answered.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where nothing can be kept, which is the default.
    async fn keep_webhook_secret(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        secret: &WebhookSecret,
    ) -> Result<()> {
        let _ = (tenant, integration, secret);
        Err(Error::new(
            ErrorKind::Config,
            "this application keeps no secrets that providers hand over",
        ))
    }
}
