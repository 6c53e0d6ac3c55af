//! The rotation of the vault's keys.

use integrations_core::vault::{RecordScope, SealedRecord};
use integrations_core::{ErrorKind, Result, TenantId};
use uuid::Uuid;

use super::{Endpoints, seal};
use crate::manager::Rotation;
use crate::session::{execute, fetch_all};

/// How many rows are read at a time.
const BATCH: i64 = 100;

impl Endpoints {
    /// Wraps the data keys of all tenants' endpoints again that another key than the vault's active one wraps. A part
    /// of [`IntegrationManager::rotate_keys`](crate::IntegrationManager::rotate_keys), which calls it.
    ///
    /// # Errors
    /// [`ErrorKind::Store`]. A row that does not open is no error but reported.
    pub async fn rotate_keys(&self) -> Result<Rotation> {
        let mut report = Rotation::default();
        let active = self.vault.active_id();
        let (mut tenant, mut id) = (String::new(), Uuid::nil());
        loop {
            let mut session = self.store.read("endpoints.rotate_keys").await?;
            let rows = fetch_all!(
                &mut session,
                (String, Uuid, String),
                "SELECT tenant_id, id, sealed FROM main.outgoing_endpoints WHERE sealed_key <> $1 \
                 AND (tenant_id, id) > ($2, $3) ORDER BY tenant_id, id LIMIT $4",
                active.as_str(),
                tenant.as_str(),
                id,
                BATCH,
            )?;
            session.commit().await?;
            let Some(last) = rows.last() else {
                return Ok(report);
            };
            (tenant, id) = (last.0.clone(), last.1);
            for (tenant, id, sealed) in rows {
                match self.rewrap(&tenant, id, &sealed).await {
                    Ok(true) => report.rewrapped += 1,
                    Ok(false) => report.changed_meanwhile += 1,
                    Err(error) if error.kind() == ErrorKind::Crypto => {
                        let place = format!("outgoing_endpoints {tenant}/{id}: {error}");
                        report.failed.push(place);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Whether the row still was what was read.
    async fn rewrap(&self, tenant: &str, id: Uuid, sealed: &str) -> Result<bool> {
        let name = seal::record_name(id.into());
        let owner = TenantId::new(tenant)?;
        let record = SealedRecord::parse(sealed)?;
        let scope = RecordScope::new(&owner, &name);
        let again = self.vault.rewrap(&scope, &record).await?;
        let mut session = self.store.write("endpoints.rotate_keys").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.outgoing_endpoints SET sealed = $4, sealed_key = $5 \
             WHERE tenant_id = $1 AND id = $2 AND sealed = $3",
            tenant,
            id,
            sealed,
            again.to_text(),
            again.key_id().as_str(),
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }
}
