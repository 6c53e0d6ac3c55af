//! How many of what there are, of all tenants: for gauges, and for whoever operates a deployment.

use std::time::Duration;

use integrations_core::{Result, TenantId};

use super::Deployment;
use crate::session::{fetch_all, fetch_one};
use crate::{CauseCount, EventCounts};

/// Events that are still to be handled, of all tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct WaitingEvents {
    /// Waiting for a worker, or for their next attempt.
    pub pending: u64,
    /// Being worked on.
    pub processing: u64,
    /// Waiting for a connection to recover.
    pub kept: u64,
    /// For how long the first of the pending or processing ones has been there.
    pub oldest: Duration,
}

impl Deployment {
    /// The tenants that have anything here, in the order of their names, at most `limit`: those after `after`.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn tenants(&self, after: Option<&TenantId>, limit: u32) -> Result<Vec<TenantId>> {
        let mut session = self.0.read("deployment.tenants").await?;
        let rows = fetch_all!(
            &mut session,
            (String,),
            "SELECT tenant_id FROM ( \
               SELECT tenant_id FROM main.audit_heads UNION SELECT tenant_id FROM main.integrations \
               UNION SELECT tenant_id FROM main.outgoing_endpoints UNION SELECT tenant_id FROM main.schedules \
               UNION SELECT tenant_id FROM main.dead_letters) AS t \
             WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2",
            after.map_or("", TenantId::as_str),
            i64::from(limit),
        )?;
        session.commit().await?;
        rows.into_iter()
            .map(|(tenant,)| TenantId::new(tenant))
            .collect()
    }

    /// How many events of all tenants stand where. It reads every row: see [`waiting_events`](Self::waiting_events).
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn event_counts(&self) -> Result<EventCounts> {
        let mut session = self.0.read("deployment.event_counts").await?;
        let rows = fetch_all!(
            &mut session,
            (String, i64),
            "SELECT status, COUNT(*) FROM main.webhook_events GROUP BY status"
        )?;
        session.commit().await?;
        Ok(EventCounts::of(&rows))
    }

    /// How many events of all tenants are still to be handled: reads those and no others, so it is cheap while little
    /// waits.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn waiting_events(&self) -> Result<WaitingEvents> {
        let mut session = self.0.read("deployment.waiting_events").await?;
        let (pending, processing, oldest) = fetch_one!(
            &mut session,
            (i64, i64, i64),
            "SELECT COUNT(*) FILTER (WHERE status = 'pending'), COUNT(*) FILTER (WHERE status = 'processing'), \
             COALESCE((SELECT us FROM main.clock) - MIN(created_at), 0) \
             FROM main.webhook_events WHERE status IN ('pending', 'processing')"
        )?;
        // Only what is down has any, and there is an index by integration and status.
        let (kept,) = fetch_one!(
            &mut session,
            (i64,),
            "SELECT COUNT(*) FROM main.integrations i JOIN main.webhook_events e \
             ON e.tenant_id = i.tenant_id AND e.integration_id = i.id AND e.status = 'kept' \
             WHERE i.status IN ('error', 'disconnected')"
        )?;
        session.commit().await?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Ok(WaitingEvents {
            pending: count(pending),
            processing: count(processing),
            kept: count(kept),
            oldest: Duration::from_micros(count(oldest)),
        })
    }

    /// How many open dead letters of all tenants there are of each source, kind and cause.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn dead_letter_counts(&self) -> Result<Vec<CauseCount>> {
        let mut session = self.0.read("deployment.dead_letter_counts").await?;
        let rows = fetch_all!(
            &mut session,
            (String, String, String, i64),
            "SELECT source, kind, cause, COUNT(*) FROM main.dead_letters WHERE status = 'open' \
             GROUP BY source, kind, cause ORDER BY source, kind, cause"
        )?;
        session.commit().await?;
        rows.into_iter()
            .map(|(source, kind, cause, count)| {
                Ok(CauseCount {
                    source: source.parse()?,
                    kind,
                    cause,
                    count: u64::try_from(count).unwrap_or_default(),
                })
            })
            .collect()
    }
}
