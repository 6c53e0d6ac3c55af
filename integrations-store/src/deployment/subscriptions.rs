//! Subscriptions to providers' webhooks of all tenants.

use integrations_core::{IntegrationId, Result, TenantId};
use uuid::Uuid;

use super::Deployment;
use crate::session::fetch_all;

impl Deployment {
    /// Subscriptions of all tenants that are due, those that end first before the others: tenant, integration and name.
    /// Those of a disconnected integration are not. Looks only: see [`Subscriptions::claim`](crate::Subscriptions::claim).
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn due_subscriptions(
        &self,
        limit: u32,
    ) -> Result<Vec<(TenantId, IntegrationId, String)>> {
        let mut session = self.0.read("deployment.due_subscriptions").await?;
        let rows = fetch_all!(
            &mut session,
            (String, Uuid, String),
            "SELECT s.tenant_id, s.integration_id, s.name FROM main.subscriptions s \
             JOIN main.integrations i ON i.tenant_id = s.tenant_id AND i.id = s.integration_id \
             WHERE s.renew_at IS NOT NULL AND s.renew_at <= (SELECT us FROM main.clock) \
             AND i.status <> 'disconnected' ORDER BY s.renew_at LIMIT $1",
            i64::from(limit),
        )?;
        session.commit().await?;
        rows.into_iter()
            .map(|(tenant, id, name)| Ok((TenantId::new(tenant)?, id.into(), name)))
            .collect()
    }
}
