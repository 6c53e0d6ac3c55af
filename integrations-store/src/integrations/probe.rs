use integrations_core::{IntegrationId, Result, TenantId, Timestamp};
use serde_json::Value;

use super::{Integrations, missing};
use crate::session::execute;
use crate::time;

impl Integrations {
    /// Records a successful sync at `at`; an earlier time than the stored one changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn touch_sync(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        at: Timestamp,
    ) -> Result<()> {
        let mut session = self.0.write("integrations.touch_sync").await?;
        execute!(
            &mut session,
            "UPDATE main.integrations SET last_sync_at = $3 WHERE tenant_id = $1 AND id = $2 AND status = 'active' \
             AND (last_sync_at IS NULL OR last_sync_at < $3)",
            tenant.as_str(),
            id.as_uuid(),
            time::to_micros(at)
        )?;
        session.commit().await
    }

    /// Keeps the health probe's state, without moving the status; `None` as `due_at` stops probing.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn save_probe(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        state: &Value,
        due_at: Option<Timestamp>,
    ) -> Result<()> {
        let mut session = self.0.write("integrations.save_probe").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.integrations SET probe = $3, probe_due_at = $4 WHERE tenant_id = $1 AND id = $2",
            tenant.as_str(),
            id.as_uuid(),
            state.to_string(),
            due_at.map(time::to_micros)
        )?;
        if rows == 0 {
            return Err(missing(id));
        }
        session.commit().await
    }
}
