//! A row's secrets: config fields by JSON pointer, webhook secrets by `webhook:<place>:<name>`, all under one data key.

use std::fmt::Display;

use integrations_core::template::Config;
use integrations_core::vault::{RecordScope, SealedRecord, Secrets, Vault};
use integrations_core::{Error, IntegrationId, Result, TenantId};
use serde_json::{Map, Value};

use crate::{StoredIntegration, error};

/// The vault's name of an integration's row.
pub(super) fn record_name(id: IntegrationId) -> String {
    format!("integrations:{id}")
}

pub(super) fn is_config_field(field: &str) -> bool {
    field.starts_with('/')
}

/// The sealed text and the id of the key that wraps it; `None` when there is nothing to seal.
pub(super) async fn seal(
    vault: &Vault,
    tenant: &TenantId,
    id: IntegrationId,
    secrets: &Secrets,
    previous: Option<&SealedRecord>,
) -> Result<Option<(String, String)>> {
    if secrets.is_empty() {
        return Ok(None);
    }
    let name = record_name(id);
    let scope = RecordScope::new(tenant, &name);
    let sealed = vault.seal_record(&scope, secrets, previous).await?;
    Ok(Some(stored(&sealed)))
}

/// As the two columns hold it.
pub(super) fn stored(sealed: &SealedRecord) -> (String, String) {
    (sealed.to_text(), sealed.key_id().as_str().to_owned())
}

/// The sealed record of a row.
pub(super) fn record(row: &StoredIntegration) -> Result<Option<SealedRecord>> {
    let record = row.secrets.as_deref().map(SealedRecord::parse).transpose();
    record.map_err(|source| error::in_row(place(row), &source))
}

/// Everything that a row has sealed.
pub(super) async fn open(vault: &Vault, row: &StoredIntegration) -> Result<Secrets> {
    let Some(record) = record(row)? else {
        return Ok(Secrets::new());
    };
    let name = record_name(row.id);
    let opened = vault
        .open_record(&RecordScope::new(&row.tenant, &name), &record)
        .await;
    opened.map_err(|source| error::in_row(place(row), &source))
}

/// The public part of a row's config.
pub(super) fn public(row: &StoredIntegration) -> Result<Map<String, Value>> {
    match &row.config {
        Value::Object(fields) => Ok(fields.clone()),
        _ => Err(not_an_object(row)),
    }
}

/// The whole config of a row.
pub(super) async fn config(vault: &Vault, row: &StoredIntegration) -> Result<Config> {
    let mut secrets = open(vault, row).await?;
    secrets.retain(|field, _| is_config_field(field));
    Ok(Config::from_parts(public(row)?, secrets))
}

fn not_an_object(row: &StoredIntegration) -> Error {
    error::corrupt(format!("{}: config is not a JSON object", place(row)))
}

pub(super) fn place(row: &StoredIntegration) -> impl Display {
    format!("integrations {}/{}", row.tenant, row.id)
}

/// No secrets.
pub(super) fn none() -> Secrets {
    Secrets::new()
}
