use integrations_core::{IntegrationId, Result, TenantId};
use serde_json::{Value, json};

use super::{Integrations, StoredIntegration, changed_meanwhile, lock};
use crate::audit::{self, NewAudit};
use crate::check::{Check, DOCUMENT, KEY, SHORT};
use crate::session::execute;
use crate::time;

/// What to change of an integration; the rest stays.
#[derive(Clone, Default)]
#[must_use]
pub struct Changes {
    name: Option<String>,
    config: Option<Value>,
    secrets: Option<Option<(String, String)>>,
    external_key: Option<Option<String>>,
    fields: Vec<String>,
}

impl Changes {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A new name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A new config, without secrets.
    pub fn config(mut self, config: Value) -> Self {
        self.config = Some(config);
        self
    }

    /// New sealed secrets with the id of the key that wraps them; `None` for no secrets.
    pub fn secrets(mut self, sealed: Option<(String, String)>) -> Self {
        self.secrets = Some(sealed);
        self
    }

    /// A new external key; it counts as unproved until the next successful test.
    pub fn external_key(mut self, key: Option<String>) -> Self {
        self.external_key = Some(key);
        self
    }

    /// Names the changed config fields for the audit trail, by JSON path.
    pub fn fields(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        self.fields.extend(paths);
        self
    }

    fn check(&self, config: Option<&str>) -> Result<()> {
        let mut check = Check::default();
        if let Some(name) = &self.name {
            check.text("/name", name, SHORT);
        }
        let secrets = self.secrets.as_ref().and_then(Option::as_ref);
        check
            .size("/config", config.map_or(0, str::len), DOCUMENT)
            .optional(
                "/secrets",
                secrets.map(|(sealed, _)| sealed.as_str()),
                DOCUMENT,
            )
            .optional(
                "/externalKey",
                self.external_key.as_ref().and_then(Option::as_deref),
                KEY,
            )
            .done()
    }
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changes")
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

impl Integrations {
    /// Changes an integration that still has this version, and writes the audit row `integration.updated`, in one
    /// transaction.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](integrations_core::ErrorKind::Conflict) with the code `version` when it was changed
    /// meanwhile, [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn update(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        version: u64,
        changes: &Changes,
        actor: &str,
    ) -> Result<StoredIntegration> {
        let config = changes.config.as_ref().map(Value::to_string);
        changes.check(config.as_deref())?;
        let now = time::stored(self.0.now());
        let mut session = self.0.write("integrations.update").await?;
        let before = lock(&mut session, tenant, id).await?;
        if before.version != version {
            return Err(changed_meanwhile());
        }
        let key = changes
            .external_key
            .clone()
            .unwrap_or_else(|| before.external_key.clone());
        let proved = before.external_proved && key == before.external_key;
        let sealed = changes
            .secrets
            .clone()
            .unwrap_or_else(|| before.secrets.clone().zip(before.secrets_key.clone()));
        let (secrets, secrets_key) = sealed.unzip();
        execute!(
            &mut session,
            "UPDATE main.integrations SET name = $3, config = $4, secrets = $5, secrets_key = $6, external_key = $7, \
             external_proved = $8, version = version + 1, updated_at = $9 WHERE tenant_id = $1 AND id = $2",
            tenant.as_str(),
            id.as_uuid(),
            changes.name.as_deref().unwrap_or(&before.name),
            config.clone().unwrap_or_else(|| before.config.to_string()),
            secrets.as_deref(),
            secrets_key.as_deref(),
            key.as_deref(),
            proved,
            time::to_micros(now),
        )?;
        let entry = NewAudit::new(actor, "integration.updated")
            .integration(id)
            .details(json!({ "version": version + 1, "fields": changes.fields }));
        audit::append(&mut session, tenant, &entry, now).await?;
        let stored = lock(&mut session, tenant, id).await?;
        session.commit().await?;
        Ok(stored)
    }

    /// Replaces sealed secrets by an equivalent text, when the row still holds the old one: a step of a key rotation.
    /// Neither the version nor the audit trail move. Whether it happened.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn replace_sealed(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        old: &str,
        new: (&str, &str),
    ) -> Result<bool> {
        let mut session = self.0.write("integrations.replace_sealed").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.integrations SET secrets = $4, secrets_key = $5 \
             WHERE tenant_id = $1 AND id = $2 AND secrets = $3",
            tenant.as_str(),
            id.as_uuid(),
            old,
            new.0,
            new.1
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }

    /// Deletes an integration with its tokens, pending authorizations and webhook events, and writes the audit row
    /// `integration.deleted`, in one transaction. Leads and the audit trail stay.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn delete(&self, tenant: &TenantId, id: IntegrationId, actor: &str) -> Result<()> {
        let now = self.0.now();
        let mut session = self.0.write("integrations.delete").await?;
        let before = lock(&mut session, tenant, id).await?;
        execute!(
            &mut session,
            "DELETE FROM main.integrations WHERE tenant_id = $1 AND id = $2",
            tenant.as_str(),
            id.as_uuid()
        )?;
        let entry = NewAudit::new(actor, "integration.deleted")
            .integration(id)
            .details(json!({ "provider": before.provider, "name": before.name }));
        audit::append(&mut session, tenant, &entry, now).await?;
        session.commit().await
    }
}
