use integrations_core::{Error, IntegrationId, Result, TenantId};
use serde_json::Value;

use super::{IntegrationManager, IntegrationView, seal};
use crate::{Filter, NewIntegration};

impl IntegrationManager {
    /// Makes an integration from a template: judges the config, seals its secrets, and stores it as `pending` with its
    /// audit row, in one transaction.
    ///
    /// `template` is a template's slug, `name` the tenant's own name, `actor` who does it, for example `user:42`.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) with the path of every refused field,
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound) when there is no such template,
    /// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) with the code `template_inactive`,
    /// [`ErrorKind::Crypto`](integrations_core::ErrorKind::Crypto), [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn create(
        &self,
        tenant: &TenantId,
        template: &str,
        name: &str,
        config: &Value,
        actor: &str,
    ) -> Result<IntegrationView> {
        let found = self.find_template(template).await?;
        if !found.active {
            return Err(Error::config(
                "no new integrations can be made from this template: it is switched off",
            )
            .with_code("template_inactive"));
        }
        let valid = found.template.validate(config)?;
        let external_key = valid.external_account();
        let (public, secrets) = valid.into_config().into_parts();
        let id = IntegrationId::new();
        let mut new =
            NewIntegration::new(id, found.provider, template, name, Value::Object(public));
        if let Some((sealed, key)) = seal::seal(&self.0.vault, tenant, id, &secrets, None).await? {
            new = new.secrets(sealed, key);
        }
        if let Some(template_id) = found.id {
            new = new.template_id(template_id);
        }
        if let Some(key) = external_key {
            new = new.external_key(key);
        }
        let row = self
            .0
            .store
            .integrations()
            .create(tenant, &new, actor)
            .await?;
        IntegrationView::of(&row)
    }

    /// Reads one, redacted.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound) when this tenant has none of this id,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn get(&self, tenant: &TenantId, id: IntegrationId) -> Result<IntegrationView> {
        IntegrationView::of(&self.0.store.integrations().get(tenant, id).await?)
    }

    /// The tenant's integrations in order of creation, redacted: see [`Filter`].
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn list(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<IntegrationView>> {
        let rows = self.0.store.integrations().list(tenant, filter).await?;
        rows.iter().map(IntegrationView::of).collect()
    }
}
