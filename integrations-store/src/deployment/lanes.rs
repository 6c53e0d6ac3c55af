//! Lanes of all tenants: for the sweeper.

use std::time::Duration;

use integrations_core::{Result, TenantId};

use super::Deployment;
use crate::session::{execute, fetch_all};
use crate::{Lane, Transaction, time};

impl Deployment {
    /// The lanes in which an event has been due for some time and which nobody works on, at most `limit`: those of a
    /// worker that died, of a connection that recovered, of an event that is to be tried again. Each is named again
    /// only after `again`, in whatever process, unless something happens to it.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn sweep_lanes_in(
        &self,
        transaction: &mut Transaction,
        limit: u32,
        again: Duration,
    ) -> Result<Vec<(TenantId, Lane)>> {
        let session = transaction.session();
        // What is worked on is looked at again when its worker might have died.
        execute!(
            session,
            "WITH held AS MATERIALIZED ( \
               SELECT e.tenant_id, e.id FROM main.webhook_events e \
               JOIN main.lanes l ON l.tenant_id = e.tenant_id AND l.lane = e.lane \
               WHERE e.status IN ('pending', 'processing') AND e.knock_at <= (SELECT us FROM main.clock) \
                 AND l.expires_at > (SELECT us FROM main.clock) \
               ORDER BY e.knock_at LIMIT $1 /*pg FOR UPDATE OF e SKIP LOCKED */ \
             ) \
             UPDATE main.webhook_events SET knock_at = COALESCE((SELECT l.expires_at FROM main.lanes l \
               WHERE l.tenant_id = webhook_events.tenant_id AND l.lane = webhook_events.lane), knock_at) \
             WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM held)",
            i64::from(limit),
        )?;
        let rows = fetch_all!(
            session,
            (String, String),
            "WITH due AS MATERIALIZED ( \
               SELECT e.tenant_id, e.id FROM main.webhook_events e \
               WHERE e.status IN ('pending', 'processing') AND e.knock_at <= (SELECT us FROM main.clock) \
                 AND NOT EXISTS (SELECT 1 FROM main.lanes l WHERE l.tenant_id = e.tenant_id AND l.lane = e.lane \
                   AND l.expires_at > (SELECT us FROM main.clock)) \
               ORDER BY e.knock_at LIMIT $1 /*pg FOR UPDATE OF e SKIP LOCKED */ \
             ) \
             UPDATE main.webhook_events SET knock_at = (SELECT us FROM main.clock) + $2 \
             WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM due) RETURNING tenant_id, lane",
            i64::from(limit),
            time::span(again),
        )?;
        lanes(rows)
    }

    /// The lanes whose first event may be due now and which nobody works on, at most `limit`.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn lanes_due(&self, limit: u32) -> Result<Vec<(TenantId, Lane)>> {
        let mut session = self.0.read("deployment.lanes_due").await?;
        let rows = fetch_all!(
            &mut session,
            (String, String),
            // The first of each lane by one walk in order: joined with itself, what waits takes the square of its number
            // while the database has no statistics of it.
            "SELECT e.tenant_id, e.lane FROM ( \
               SELECT tenant_id, lane, id, status, next_at, \
                 ROW_NUMBER() OVER (PARTITION BY tenant_id, lane ORDER BY id) AS place \
               FROM main.webhook_events WHERE status IN ('pending', 'processing') \
             ) e WHERE e.place = 1 AND (e.status = 'processing' OR e.next_at <= (SELECT us FROM main.clock)) \
             AND NOT EXISTS (SELECT 1 FROM main.lanes l WHERE l.tenant_id = e.tenant_id AND l.lane = e.lane \
               AND l.expires_at > (SELECT us FROM main.clock)) \
             ORDER BY e.id LIMIT $1",
            i64::from(limit),
        )?;
        session.commit().await?;
        lanes(rows)
    }
}

fn lanes(rows: Vec<(String, String)>) -> Result<Vec<(TenantId, Lane)>> {
    let mut lanes = rows
        .into_iter()
        .map(|(tenant, lane)| Ok((TenantId::new(tenant)?, lane.into())))
        .collect::<Result<Vec<_>>>()?;
    lanes.sort_unstable();
    lanes.dedup();
    Ok(lanes)
}
