use integrations_core::webhook::schemes::Basic;
use integrations_core::webhook::{Secrets as WebhookSecrets, TenantKey};
use integrations_core::{IntegrationId, Result, TenantId, WebhookSecret};
use serde_json::Value;

use super::{IntegrationManager, seal};
use crate::{Changes, StoredIntegration};

/// How many webhook secrets of one name an integration keeps: the current one, and those being rotated out.
const KEPT: usize = 3;
/// The config field that templates call their webhook secret.
const CONFIG_FIELD: &str = "/webhookSecret";
/// The config field that templates call the user of an HTTP Basic webhook.
const CONFIG_USER: &str = "webhookUser";

/// An integration that a webhook may be for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WebhookTarget {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which it is.
    pub integration: IntegrationId,
    /// What to verify with, the current secret first.
    pub secrets: WebhookSecrets,
}

impl IntegrationManager {
    /// The integrations that a webhook of this provider may be for, each with its secrets, by what names them in it.
    /// Several tenants may have the same account at the provider: verify for each, and deliver to each that passes.
    /// See [`Deployment::integrations_by_key`](crate::Deployment::integrations_by_key) for who is found.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store),
    /// [`ErrorKind::Crypto`](integrations_core::ErrorKind::Crypto) when a secret does not open.
    pub async fn webhook_targets(
        &self,
        provider: &str,
        key: &TenantKey,
    ) -> Result<Vec<WebhookTarget>> {
        let mut targets = Vec::new();
        for row in self
            .0
            .store
            .deployment()
            .integrations_by_key(provider, key)
            .await?
        {
            targets.push(WebhookTarget {
                secrets: self.secrets_of(&row).await?,
                tenant: row.tenant,
                integration: row.id,
            });
        }
        Ok(targets)
    }

    /// What one integration's webhooks are verified with: for routes that name the tenant and the integration.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store),
    /// [`ErrorKind::Crypto`](integrations_core::ErrorKind::Crypto).
    pub async fn webhook_secrets(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
    ) -> Result<WebhookSecrets> {
        self.secrets_of(&self.0.store.integrations().get(tenant, id).await?)
            .await
    }

    async fn secrets_of(&self, row: &StoredIntegration) -> Result<WebhookSecrets> {
        let opened = seal::open(&self.0.vault, row).await?;
        let mut secrets = WebhookSecrets::none();
        for (field, secret) in &opened {
            if let Some((_, name)) = place_and_name(field) {
                secrets = secrets.with_named(name.to_owned(), secret.clone());
            }
        }
        if let Some(secret) = opened.get(CONFIG_FIELD) {
            secrets = secrets.with(secret.clone());
        }
        if let Some(user) = row.config.get(CONFIG_USER).and_then(Value::as_str) {
            secrets = secrets.with_named(Basic::USER, user);
        }
        Ok(self.with_application_secrets(&row.provider, secrets))
    }

    /// What all webhooks of a provider are verified with: for challenges that name no integration.
    #[must_use]
    pub fn application_webhook_secrets(&self, provider: &str) -> WebhookSecrets {
        self.with_application_secrets(provider, WebhookSecrets::none())
    }

    fn with_application_secrets(
        &self,
        provider: &str,
        mut secrets: WebhookSecrets,
    ) -> WebhookSecrets {
        for (name, secret) in self.0.webhook_secrets.get(provider).into_iter().flatten() {
            secrets = secrets.with_named(name.clone(), secret.clone());
        }
        secrets
    }

    /// Stores a new webhook secret before those of the same name; the last two of them still verify until they are
    /// pushed out. `name` is empty for schemes with unnamed secrets.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Conflict`](integrations_core::ErrorKind::Conflict) with the code `version` when the integration was
    /// changed meanwhile, [`ErrorKind::Store`](integrations_core::ErrorKind::Store),
    /// [`ErrorKind::Crypto`](integrations_core::ErrorKind::Crypto).
    pub async fn add_webhook_secret(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        name: &str,
        secret: &WebhookSecret,
        actor: &str,
    ) -> Result<()> {
        let row = self.0.store.integrations().get(tenant, id).await?;
        let opened = seal::open(&self.0.vault, &row).await?;
        let (ours, mut all): (Vec<_>, _) =
            opened
                .into_iter()
                .fold((Vec::new(), seal::none()), |mut split, (field, old)| {
                    if place_and_name(&field).is_some_and(|(_, of)| of == name) {
                        split.0.push(old);
                    } else {
                        split.1.insert(field, old);
                    }
                    split
                });
        let newest = std::iter::once(secret.expose_secret().into());
        for (place, secret) in newest.chain(ours).take(KEPT).enumerate() {
            all.insert(format!("webhook:{place}:{name}"), secret);
        }
        let previous = seal::record(&row)?;
        let sealed = seal::seal(&self.0.vault, tenant, id, &all, previous.as_ref()).await?;
        let changes = Changes::new()
            .secrets(sealed)
            .fields(["webhookSecret".to_owned()]);
        self.0
            .store
            .integrations()
            .update(tenant, id, row.version, &changes, actor)
            .await?;
        Ok(())
    }
}

/// Of a sealed field `webhook:<place>:<name>`.
fn place_and_name(field: &str) -> Option<(&str, &str)> {
    field.strip_prefix("webhook:")?.split_once(':')
}
