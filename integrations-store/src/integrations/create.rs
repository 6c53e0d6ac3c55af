use integrations_core::status::Status;
use integrations_core::{IntegrationId, Result, TemplateId, TenantId};
use serde_json::{Value, json};

use super::{Integrations, StoredIntegration, lock};
use crate::audit::{self, NewAudit};
use crate::check::{Check, DOCUMENT, KEY, SHORT};
use crate::session::execute;
use crate::time;

/// An integration to be made: status `pending`, its secrets sealed already.
#[derive(Clone)]
#[must_use]
pub struct NewIntegration {
    pub(crate) id: IntegrationId,
    pub(crate) provider: String,
    pub(crate) template: String,
    pub(crate) template_id: Option<TemplateId>,
    pub(crate) name: String,
    pub(crate) config: Value,
    pub(crate) secrets: Option<(String, String)>,
    pub(crate) external_key: Option<String>,
}

impl NewIntegration {
    /// Of this provider and template. `id` is made by the caller, because the secrets are sealed for it.
    pub fn new(
        id: IntegrationId,
        provider: impl Into<String>,
        template: impl Into<String>,
        name: impl Into<String>,
        config: Value,
    ) -> Self {
        Self {
            id,
            provider: provider.into(),
            template: template.into(),
            template_id: None,
            name: name.into(),
            config,
            secrets: None,
            external_key: None,
        }
    }

    /// Names the run-time template that it is made from; the template cannot be deleted while it exists.
    pub fn template_id(mut self, id: TemplateId) -> Self {
        self.template_id = Some(id);
        self
    }

    /// Adds the sealed secrets and the id of the key that wraps them.
    pub fn secrets(mut self, sealed: impl Into<String>, key: impl Into<String>) -> Self {
        self.secrets = Some((sealed.into(), key.into()));
        self
    }

    /// Adds what webhooks name it by.
    pub fn external_key(mut self, key: impl Into<String>) -> Self {
        self.external_key = Some(key.into());
        self
    }
}

impl std::fmt::Debug for NewIntegration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewIntegration")
            .field("id", &self.id)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl Integrations {
    /// Stores a new integration and its audit row, `integration.created`, in one transaction.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when a text is empty or too long,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store), with the code `foreign_key` when its template is gone.
    pub async fn create(
        &self,
        tenant: &TenantId,
        new: &NewIntegration,
        actor: &str,
    ) -> Result<StoredIntegration> {
        let config = new.config.to_string();
        let (secrets, key) = new.secrets.clone().unzip();
        Check::default()
            .text("/provider", &new.provider, SHORT)
            .text("/template", &new.template, SHORT)
            .text("/name", &new.name, SHORT)
            .size("/config", config.len(), DOCUMENT)
            .optional("/secrets", secrets.as_deref(), DOCUMENT)
            .optional("/externalKey", new.external_key.as_deref(), KEY)
            .done()?;
        let now = time::stored(self.0.now());
        let mut session = self.0.write("integrations.create").await?;
        execute!(
            &mut session,
            "INSERT INTO main.integrations (tenant_id, id, provider, template, template_id, name, config, secrets, \
             secrets_key, external_key, external_proved, status, status_changed_at, version, created_by, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14, $13, $13)",
            tenant.as_str(),
            new.id.as_uuid(),
            new.provider.as_str(),
            new.template.as_str(),
            new.template_id.map(|id| id.as_uuid()),
            new.name.as_str(),
            config.as_str(),
            secrets.as_deref(),
            key.as_deref(),
            new.external_key.as_deref(),
            false,
            Status::Pending.as_str(),
            time::to_micros(now),
            actor,
        )?;
        let entry = NewAudit::new(actor, "integration.created")
            .integration(new.id)
            .details(
                json!({ "provider": new.provider, "template": new.template, "name": new.name }),
            );
        audit::append(&mut session, tenant, &entry, now).await?;
        let stored = lock(&mut session, tenant, new.id).await?;
        session.commit().await?;
        Ok(stored)
    }
}
