use integrations_core::{Result, TenantId};
use sqlx::Row as _;
use uuid::Uuid;

use super::AuditRow;
use crate::session::from_row;
use crate::{error, time};

/// A row as it is stored: what the hash covers.
#[derive(Debug, Clone)]
pub(crate) struct RawAudit {
    pub(super) seq: i64,
    pub(super) id: Uuid,
    pub(super) integration: Option<Uuid>,
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) details: String,
    pub(super) hash: Vec<u8>,
}

from_row!(RawAudit, |row| Ok(Self {
    seq: row.try_get("seq")?,
    id: row.try_get("id")?,
    integration: row.try_get("integration_id")?,
    at: row.try_get("at")?,
    actor: row.try_get("actor")?,
    action: row.try_get("action")?,
    details: row.try_get("details")?,
    hash: row.try_get("hash")?,
}));

impl RawAudit {
    pub(super) fn read(self, tenant: &TenantId) -> Result<AuditRow> {
        let broken = |column| {
            error::corrupt(format!(
                "audit_log {tenant}/{}: {column} is not readable",
                self.seq
            ))
        };
        Ok(AuditRow {
            seq: u64::try_from(self.seq).map_err(|_| broken("seq"))?,
            id: self.id.into(),
            integration: self.integration.map(Into::into),
            at: time::from_micros(self.at).map_err(|_| broken("at"))?,
            details: serde_json::from_str(&self.details).map_err(|_| broken("details"))?,
            actor: self.actor,
            action: self.action,
            hash: hex::encode(self.hash),
        })
    }
}
