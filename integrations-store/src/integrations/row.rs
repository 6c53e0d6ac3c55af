use std::fmt::Display;

use integrations_core::TenantId;
use sqlx::Row as _;
use uuid::Uuid;

use super::StoredIntegration;
use crate::error::Corrupt;
use crate::session::from_row;
use crate::time::from_micros;

/// Names the row and the column, never the value.
fn broken(tenant: impl Display, id: Uuid, column: &str) -> sqlx::Error {
    let place = format!("integrations {tenant}/{id}: {column} is not readable");
    sqlx::Error::Decode(Box::new(Corrupt(place)))
}

from_row!(StoredIntegration, |row| {
    let tenant: String = row.try_get("tenant_id")?;
    let id: Uuid = row.try_get("id")?;
    let at = |column| -> sqlx::Result<_> {
        from_micros(row.try_get(column)?).map_err(|_| broken(&tenant, id, column))
    };
    let maybe_at = |column| -> sqlx::Result<_> {
        let micros: Option<i64> = row.try_get(column)?;
        micros
            .map(from_micros)
            .transpose()
            .map_err(|_| broken(&tenant, id, column))
    };
    let json =
        |column, text: &str| serde_json::from_str(text).map_err(|_| broken(&tenant, id, column));
    let probe: Option<String> = row.try_get("probe")?;
    let status: String = row.try_get("status")?;
    let version: i64 = row.try_get("version")?;
    Ok(Self {
        id: id.into(),
        provider: row.try_get("provider")?,
        template: row.try_get("template")?,
        template_id: row
            .try_get::<Option<Uuid>, _>("template_id")?
            .map(Into::into),
        name: row.try_get("name")?,
        config: json("config", row.try_get("config")?)?,
        secrets: row.try_get("secrets")?,
        secrets_key: row.try_get("secrets_key")?,
        external_key: row.try_get("external_key")?,
        external_proved: row.try_get("external_proved")?,
        status: status.parse().map_err(|_| broken(&tenant, id, "status"))?,
        status_changed_at: at("status_changed_at")?,
        error_kind: row.try_get("error_kind")?,
        error_message: row.try_get("error_message")?,
        last_sync_at: maybe_at("last_sync_at")?,
        probe: probe
            .as_deref()
            .map(|text| json("probe", text))
            .transpose()?,
        probe_due_at: maybe_at("probe_due_at")?,
        version: u64::try_from(version).map_err(|_| broken(&tenant, id, "version"))?,
        created_by: row.try_get("created_by")?,
        created_at: at("created_at")?,
        updated_at: at("updated_at")?,
        tenant: TenantId::new(&tenant).map_err(|_| broken("?", id, "tenant_id"))?,
    })
});
