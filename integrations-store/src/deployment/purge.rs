//! Forgetting what is finished, of all tenants, in small transactions.

use std::time::Duration;

use integrations_core::{Result, Timestamp};

use super::Deployment;
use crate::session::execute;
use crate::time;

impl Deployment {
    /// Forgets dead letters that were replayed or dropped before this time, at most `limit`; how many.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge_dead_letters(&self, resolved_before: Timestamp, limit: u32) -> Result<u64> {
        let mut session = self.0.write("deployment.purge_dead_letters").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.dead_letters WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM main.dead_letters \
             WHERE resolved_at IS NOT NULL AND resolved_at < $1 LIMIT $2)",
            time::to_micros(resolved_before),
            i64::from(limit),
        )?;
        session.commit().await?;
        Ok(rows)
    }

    /// Forgets runs of flows that ended before this time, at most `limit`; how many.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge_runs(&self, finished_before: Timestamp, limit: u32) -> Result<u64> {
        let mut session = self.0.write("deployment.purge_runs").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.sync_log WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM main.sync_log \
             WHERE status <> 'running' AND finished_at < $1 LIMIT $2)",
            time::to_micros(finished_before),
            i64::from(limit),
        )?;
        session.commit().await?;
        Ok(rows)
    }

    /// Forgets what the echo ledger no longer needs; how many entries.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge_echoes(&self) -> Result<u64> {
        let mut session = self.0.write("deployment.purge_echoes").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.echo_ledger WHERE expires_at <= (SELECT us FROM main.clock)"
        )?;
        session.commit().await?;
        Ok(rows)
    }

    /// Forgets contacts that were deleted on both sides so long ago that nothing late arrives of them any more; how many.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge_gone_contacts(&self, older_than: Duration) -> Result<u64> {
        let mut session = self.0.write("deployment.purge_gone_contacts").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.contact_mappings WHERE state = 'gone' \
             AND updated_at <= (SELECT us FROM main.clock) - $1",
            time::span(older_than),
        )?;
        session.commit().await?;
        Ok(rows)
    }
}
