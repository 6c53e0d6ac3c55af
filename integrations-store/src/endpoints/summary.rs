use integrations_core::{Result, TenantId, Timestamp};
use serde::Serialize;
use sqlx::Row as _;
use uuid::Uuid;

use super::{EndpointId, EndpointState, Endpoints};
use crate::error::Corrupt;
use crate::session::{fetch_all, from_row};
use crate::time;

/// An endpoint as it may be shown to whoever has no keys: without its URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EndpointSummary {
    /// Its id.
    pub id: EndpointId,
    /// What a person calls it.
    pub description: String,
    /// Whether it is served.
    pub state: EndpointState,
    /// Since when nothing was delivered, when the last attempt failed.
    pub failing_since: Option<Timestamp>,
    /// Deliveries that wait for their first or next attempt.
    pub pending: u64,
    /// Deliveries that were given up.
    pub failed: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

from_row!(EndpointSummary, |row| {
    let id: Uuid = row.try_get("id")?;
    let broken = |column| {
        sqlx::Error::Decode(Box::new(Corrupt(format!(
            "outgoing_endpoints {id}: {column} is not readable"
        ))))
    };
    let count = |column| -> sqlx::Result<u64> {
        u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| broken(column))
    };
    let failing_since: Option<i64> = row.try_get("failing_since")?;
    Ok(Self {
        id: id.into(),
        description: row.try_get("description")?,
        state: EndpointState::parse(&row.try_get::<String, _>("state")?)
            .ok_or_else(|| broken("state"))?,
        failing_since: failing_since
            .map(time::from_micros)
            .transpose()
            .map_err(|_| broken("failing_since"))?,
        pending: count("pending")?,
        failed: count("failed")?,
        created_at: time::from_micros(row.try_get("created_at")?)
            .map_err(|_| broken("created_at"))?,
    })
});

impl Endpoints {
    /// All of the tenant's in order of creation, without what is sealed: no key is needed.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn summaries(&self, tenant: &TenantId) -> Result<Vec<EndpointSummary>> {
        let mut session = self.store.read("endpoints.summaries").await?;
        let rows = fetch_all!(
            &mut session,
            EndpointSummary,
            "SELECT e.id, e.description, e.state, e.failing_since, e.created_at, \
             (SELECT COUNT(*) FROM main.outgoing_deliveries d WHERE d.tenant_id = e.tenant_id \
              AND d.endpoint_id = e.id AND d.status = 'pending') AS pending, \
             (SELECT COUNT(*) FROM main.outgoing_deliveries d WHERE d.tenant_id = e.tenant_id \
              AND d.endpoint_id = e.id AND d.status = 'failed') AS failed \
             FROM main.outgoing_endpoints e WHERE e.tenant_id = $1 ORDER BY e.id",
            tenant.as_str(),
        )?;
        session.commit().await?;
        Ok(rows)
    }
}
