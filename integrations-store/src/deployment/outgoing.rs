//! Outgoing webhooks of all tenants.

use integrations_core::{Result, TenantId, Timestamp};
use uuid::Uuid;

use super::Deployment;
use crate::session::{execute, fetch_all};
use crate::{DeliveryId, time};

impl Deployment {
    /// Deliveries of outgoing webhooks that are due, the longest overdue first. Looks only: see [`Endpoints::claim`](crate::Endpoints::claim).
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn due_deliveries(&self, limit: u32) -> Result<Vec<(TenantId, DeliveryId)>> {
        let mut session = self.0.read("deployment.due_deliveries").await?;
        let rows = fetch_all!(
            &mut session,
            (String, Uuid),
            "SELECT tenant_id, id FROM main.outgoing_deliveries \
             WHERE status = 'pending' AND next_at <= (SELECT us FROM main.clock) ORDER BY next_at, id LIMIT $1",
            i64::from(limit),
        )?;
        session.commit().await?;
        rows.into_iter()
            .map(|(tenant, id)| Ok((TenantId::new(tenant)?, id.into())))
            .collect()
    }

    /// Forgets messages that were published before this time, with their deliveries and attempts, unless one is still
    /// on its way; how many. Their ids go with them: publishing one of them again sends it again.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge_messages(&self, published_before: Timestamp) -> Result<u64> {
        let mut session = self.0.write("deployment.purge_messages").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.outgoing_messages WHERE created_at < $1 AND NOT EXISTS \
             (SELECT 1 FROM main.outgoing_deliveries d WHERE d.tenant_id = outgoing_messages.tenant_id \
             AND d.message = outgoing_messages.id AND d.status = 'pending')",
            time::to_micros(published_before),
        )?;
        session.commit().await?;
        Ok(rows)
    }
}
