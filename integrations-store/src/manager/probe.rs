use std::time::Duration;

use integrations_core::lease::LeaseStore as _;
use integrations_core::status::Status;
use integrations_core::status::probe::Notification;
use integrations_core::{IntegrationId, Result, TenantId};

use super::IntegrationManager;
use super::observe::Seen;

/// Longer than any test of a connection takes.
const LEASE: Duration = Duration::from_secs(120);

/// What one probe found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Probed {
    /// Whose integration.
    pub tenant: TenantId,
    /// Which.
    pub integration: IntegrationId,
    /// Whether the provider answered well.
    pub healthy: bool,
    /// What was raised.
    pub notification: Option<Notification>,
}

impl IntegrationManager {
    /// Probes up to `limit` integrations that are due now, in all tenants, one after the other: call it every few
    /// seconds, in any number of processes; a lease keeps two from probing the same one. An integration becomes due
    /// for the first time when it is first tested.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store). What a probe finds wrong is no error but recorded.
    pub async fn probe_due(&self, limit: u32) -> Result<Vec<Probed>> {
        let now = self.0.store.now();
        let mut all = Vec::new();
        for (tenant, id) in self.0.store.deployment().probes_due(now, limit).await? {
            all.extend(self.probe_one(tenant, id).await?);
        }
        Ok(all)
    }

    async fn probe_one(&self, tenant: TenantId, id: IntegrationId) -> Result<Option<Probed>> {
        let store = &self.0.store;
        let owner = uuid::Uuid::new_v4().to_string();
        let Some(lease) = store
            .try_acquire(&tenant, &format!("probe:{id}"), &owner, LEASE)
            .await?
        else {
            return Ok(None);
        };
        let probed = self.probe_held(&tenant, id).await;
        store.release(&lease).await?;
        probed
    }

    /// Reads the row again: another process may have probed it between the list and the lease.
    async fn probe_held(&self, tenant: &TenantId, id: IntegrationId) -> Result<Option<Probed>> {
        let Some(row) = self.0.store.integrations().find(tenant, id).await? else {
            return Ok(None);
        };
        let due = row.probe_due_at.is_some_and(|at| at <= self.0.store.now());
        if !due || !matches!(row.status, Status::Active | Status::Error) {
            return Ok(None);
        }
        let result = self.try_out(&row).await;
        let notification = self
            .observe(&row, result.as_ref().map(drop), Seen::Probe)
            .await?;
        Ok(Some(Probed {
            tenant: row.tenant,
            integration: id,
            healthy: result.is_ok(),
            notification,
        }))
    }
}
