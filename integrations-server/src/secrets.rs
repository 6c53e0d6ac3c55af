use std::fmt::Debug;
use std::sync::Arc;

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

    /// Keeps a secret that a provider handed over in its handshake, before the handshake is answered. It is only called
    /// for requests whose URL names the integration.
    ///
    /// Nothing proves who handed it over, so it must not replace one that is there already: of two handshakes at once
    /// the first counts.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when another one is there already: the handshake is answered with "not now".
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

#[async_trait]
impl<S: SecretSource + ?Sized> SecretSource for Arc<S> {
    async fn webhook_secrets(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
    ) -> Result<Secrets> {
        (**self).webhook_secrets(tenant, integration).await
    }

    async fn keep_webhook_secret(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        secret: &WebhookSecret,
    ) -> Result<()> {
        (**self)
            .keep_webhook_secret(tenant, integration, secret)
            .await
    }
}
