//! Sealed payloads of all tenants, and of nobody: for the rotation of keys.

use integrations_core::{Result, TenantId};
use uuid::Uuid;

use super::Deployment;
use crate::sealing::{event_record, nobody, unmatched_record};
use crate::session::{execute, fetch_all};

/// One event's sealed payload.
#[derive(Clone)]
pub(crate) struct SealedPayload {
    tenant: String,
    id: Uuid,
    /// The vault's sealed text.
    pub(crate) sealed: Vec<u8>,
}

impl SealedPayload {
    /// Whom it is sealed for: the event's tenant, or nobody.
    pub(crate) fn place(&self) -> Result<(TenantId, String)> {
        if self.tenant.is_empty() {
            return Ok((nobody()?, unmatched_record(self.id.into())));
        }
        Ok((TenantId::new(&self.tenant)?, event_record(self.id.into())))
    }
}

impl Deployment {
    /// Payloads that another key than this one wraps, after a row, in the order of their keys: of events, or of those
    /// that match no integration.
    pub(crate) async fn stale_payloads(
        &self,
        active: &str,
        unmatched: bool,
        after: Option<&SealedPayload>,
        limit: u32,
    ) -> Result<Vec<SealedPayload>> {
        let mut session = self.0.read("deployment.stale_payloads").await?;
        let (tenant, id) = after.map_or(("", Uuid::nil()), |row| (&*row.tenant, row.id));
        let limit = i64::from(limit);
        let rows = if unmatched {
            fetch_all!(
                &mut session,
                (String, Uuid, Vec<u8>),
                "SELECT tenant_id, id, payload FROM main.unmatched_events WHERE sealed_key IS NOT NULL \
                 AND sealed_key <> $1 AND (tenant_id, id) > ($2, $3) ORDER BY tenant_id, id LIMIT $4",
                active,
                tenant,
                id,
                limit,
            )?
        } else {
            fetch_all!(
                &mut session,
                (String, Uuid, Vec<u8>),
                "SELECT tenant_id, id, payload FROM main.webhook_events WHERE sealed_key IS NOT NULL \
                 AND sealed_key <> $1 AND (tenant_id, id) > ($2, $3) ORDER BY tenant_id, id LIMIT $4",
                active,
                tenant,
                id,
                limit,
            )?
        };
        session.commit().await?;
        Ok(rows
            .into_iter()
            .map(|(tenant, id, sealed)| SealedPayload { tenant, id, sealed })
            .collect())
    }

    /// Replaces a sealed payload by an equivalent one, when the row is still there; whether it was.
    pub(crate) async fn replace_payload(
        &self,
        row: &SealedPayload,
        new: (&str, &str),
    ) -> Result<bool> {
        let mut session = self.0.write("deployment.replace_payload").await?;
        let (tenant, sealed) = (row.tenant.as_str(), row.sealed.as_slice());
        let rows = if tenant.is_empty() {
            execute!(
                &mut session,
                "UPDATE main.unmatched_events SET payload = $4, sealed_key = $5 \
                 WHERE tenant_id = $1 AND id = $2 AND payload = $3",
                tenant,
                row.id,
                sealed,
                new.0.as_bytes(),
                new.1,
            )?
        } else {
            execute!(
                &mut session,
                "UPDATE main.webhook_events SET payload = $4, sealed_key = $5 \
                 WHERE tenant_id = $1 AND id = $2 AND payload = $3",
                tenant,
                row.id,
                sealed,
                new.0.as_bytes(),
                new.1,
            )?
        };
        session.commit().await?;
        Ok(rows == 1)
    }
}
