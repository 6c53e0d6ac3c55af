use integrations_core::template::Config;
use integrations_core::{IntegrationId, Result, TenantId};
use serde_json::Value;

use super::{IntegrationManager, IntegrationView, seal};
use crate::integrations::changed_meanwhile;
use crate::{Changes, StoredIntegration};

/// What to change of an integration.
#[derive(Clone, Default)]
#[must_use]
pub struct Update {
    name: Option<String>,
    config: Option<Value>,
    version: Option<u64>,
}

impl Update {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A new name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// New values of config fields. What is left out stays; `null` removes; a secret that is sent as
    /// [`REDACTED`](integrations_core::template::REDACTED) or empty stays.
    pub fn config(mut self, fields: Value) -> Self {
        self.config = Some(fields);
        self
    }

    /// Only if it still has this version: the one that the person who changes it saw.
    pub fn version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }
}

impl std::fmt::Debug for Update {
    /// Leaves the config out: it may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Update")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl IntegrationManager {
    /// Changes an integration: the new fields are laid over the stored ones, the whole is judged, and only secrets that
    /// differ are encrypted again. Nothing is written when nothing differs. Live connections are made anew.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) with the path of every refused field,
    /// [`ErrorKind::Conflict`](integrations_core::ErrorKind::Conflict) with the code `version` when it was changed
    /// meanwhile, [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Crypto`](integrations_core::ErrorKind::Crypto) when a stored secret does not open,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn update(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        update: Update,
        actor: &str,
    ) -> Result<IntegrationView> {
        let row = self.0.store.integrations().get(tenant, id).await?;
        if update.version.is_some_and(|version| version != row.version) {
            return Err(changed_meanwhile());
        }
        let mut changes = Changes::new();
        let mut changed = false;
        if let Some(name) = update.name.filter(|name| *name != row.name) {
            changes = changes.name(name).fields(["/name".to_owned()]);
            changed = true;
        }
        if let Some(fields) = &update.config
            && let Some(with_config) = self.config_changes(&row, fields, changes.clone()).await?
        {
            changes = with_config;
            changed = true;
        }
        if !changed {
            return IntegrationView::of(&row);
        }
        let row = self
            .0
            .store
            .integrations()
            .update(tenant, id, row.version, &changes, actor)
            .await?;
        self.0.connections.forget(tenant, id);
        IntegrationView::of(&row)
    }

    /// `None` when the config stays as it is.
    async fn config_changes(
        &self,
        row: &StoredIntegration,
        fields: &Value,
        changes: Changes,
    ) -> Result<Option<Changes>> {
        let found = self.find_template(&row.template).await?;
        let mut kept = seal::open(&self.0.vault, row).await?;
        let mut secrets = kept.clone();
        secrets.retain(|field, _| seal::is_config_field(field));
        kept.retain(|field, _| !seal::is_config_field(field));
        let before = Config::from_parts(seal::public(row)?, secrets);
        let valid = found.template.merge(&before, fields)?;
        let difference = before.changes(valid.config());
        if difference.is_empty() {
            return Ok(None);
        }
        let external_key = valid.external_account();
        let (public, mut secrets) = valid.into_config().into_parts();
        let names = changed_names(&before, &Value::Object(public.clone()));
        let mut changes = changes
            .config(Value::Object(public))
            .external_key(external_key)
            .fields(names);
        let of_secrets = difference
            .secrets_set
            .into_iter()
            .chain(difference.secrets_removed);
        let of_secrets: Vec<String> = of_secrets.collect();
        if !of_secrets.is_empty() {
            secrets.extend(kept);
            let previous = seal::record(row)?;
            let sealed = seal::seal(
                &self.0.vault,
                &row.tenant,
                row.id,
                &secrets,
                previous.as_ref(),
            )
            .await?;
            changes = changes.secrets(sealed).fields(of_secrets);
        }
        Ok(Some(changes))
    }
}

/// The top-level fields whose public value differs.
fn changed_names(before: &Config, after: &Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let after = after.as_object().unwrap_or(&empty);
    let names = before.public().keys().chain(after.keys());
    let mut names: Vec<String> = names
        .filter(|name| before.public().get(*name) != after.get(*name))
        .map(|name| format!("/{name}"))
        .collect();
    names.sort();
    names.dedup();
    names
}
