use integrations_core::{Result, TenantId};
use sqlx::Row as _;
use uuid::Uuid;

use super::DeadLetter;
use crate::session::from_row;
use crate::{error, time};

/// A row as it is stored.
pub(super) struct RawLetter {
    tenant: String,
    id: Uuid,
    source: String,
    source_id: String,
    kind: String,
    subject: Option<String>,
    integration: Option<Uuid>,
    cause: String,
    code: Option<String>,
    message: String,
    attempts: i64,
    payload: String,
    options: String,
    status: String,
    replayed_as: Option<String>,
    created_at: i64,
    resolved_at: Option<i64>,
}

from_row!(RawLetter, |row| Ok(Self {
    tenant: row.try_get("tenant_id")?,
    id: row.try_get("id")?,
    source: row.try_get("source")?,
    source_id: row.try_get("source_id")?,
    kind: row.try_get("kind")?,
    subject: row.try_get("subject")?,
    integration: row.try_get("integration_id")?,
    cause: row.try_get("cause")?,
    code: row.try_get("code")?,
    message: row.try_get("message")?,
    attempts: row.try_get("attempts")?,
    payload: row.try_get("payload")?,
    options: row.try_get("options")?,
    status: row.try_get("status")?,
    replayed_as: row.try_get("replayed_as")?,
    created_at: row.try_get("created_at")?,
    resolved_at: row.try_get("resolved_at")?,
}));

impl RawLetter {
    pub(super) fn read(self) -> Result<DeadLetter> {
        Ok(DeadLetter {
            tenant: TenantId::new(&self.tenant).map_err(|_| {
                error::corrupt(format!(
                    "dead_letters {}: tenant_id is not readable",
                    self.id
                ))
            })?,
            id: self.id.into(),
            source: self.source.parse()?,
            source_id: self.source_id,
            kind: self.kind,
            subject: self.subject,
            integration: self.integration.map(Into::into),
            cause: self.cause,
            code: self.code,
            message: self.message,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            payload: self.payload,
            options: self.options,
            status: self.status.parse()?,
            replayed_as: self.replayed_as,
            created_at: time::from_micros(self.created_at)?,
            resolved_at: self.resolved_at.map(time::from_micros).transpose()?,
        })
    }
}
