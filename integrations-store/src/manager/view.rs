use integrations_core::status::Status;
use integrations_core::template::Config;
use integrations_core::{IntegrationId, Result, SecretString, TenantId, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::seal;
use crate::StoredIntegration;

/// An integration as people may see it: each secret shows as [`REDACTED`](integrations_core::template::REDACTED).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IntegrationView {
    /// Its id.
    pub id: IntegrationId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The provider's slug.
    pub provider: String,
    /// The template's slug.
    pub template: String,
    /// The tenant's own name for it.
    pub name: String,
    /// The config, redacted.
    pub config: Value,
    /// The account at the provider.
    pub external_key: Option<String>,
    /// How it stands.
    pub status: Status,
    /// Since when.
    pub status_changed_at: Timestamp,
    /// What kind of error it is in, for example `auth`.
    pub error_kind: Option<String>,
    /// What is wrong, in one line.
    pub error_message: Option<String>,
    /// The last successful call.
    pub last_sync_at: Option<Timestamp>,
    /// Grows with every change; [`Update::version`](super::Update::version) takes it.
    pub version: u64,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl IntegrationView {
    /// Opens nothing: the names of the sealed fields are not sealed.
    pub(super) fn of(row: &StoredIntegration) -> Result<Self> {
        let record = seal::record(row)?;
        let fields = record.iter().flat_map(|record| record.fields().keys());
        let secrets = fields
            .filter(|field| seal::is_config_field(field))
            .map(|field| (field.clone(), SecretString::from("")))
            .collect();
        Ok(Self {
            config: Config::from_parts(seal::public(row)?, secrets).redacted(),
            id: row.id,
            tenant: row.tenant.clone(),
            provider: row.provider.clone(),
            template: row.template.clone(),
            name: row.name.clone(),
            external_key: row.external_key.clone(),
            status: row.status,
            status_changed_at: row.status_changed_at,
            error_kind: row.error_kind.clone(),
            error_message: row.error_message.clone(),
            last_sync_at: row.last_sync_at,
            version: row.version,
            created_by: row.created_by.clone(),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
