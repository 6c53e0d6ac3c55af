//! Webhook events: kept once, handed out under a lease, held back while their connection is down.

use integrations_core::status::Status;
use integrations_core::{EventId, IntegrationId, Result, TenantId};

use crate::Store;
use crate::columns::event_columns;
use crate::session::{Session, execute, fetch_all, fetch_optional};

mod claim;
mod insert;
mod lane;
mod lanes;
mod model;
mod replay;
mod row;

pub use claim::{ClaimedEvent, Ended, Failure, LaneLease, Step};
pub use insert::{Inserted, NewEvent};
pub use lane::Lane;
pub use lanes::Lanes;
pub use model::{EventCounts, EventFilter, EventStatus, StoredEvent};
pub use replay::Replayed;

use row::RawEvent;

/// The most rows that one [`Events::list`] returns.
const PAGE: u32 = 500;

/// The webhook events of a [`Store`].
#[derive(Debug, Clone)]
pub struct Events(pub(crate) Store);

impl Store {
    /// The webhook events.
    #[must_use]
    pub fn events(&self) -> Events {
        Events(self.clone())
    }
}

impl Events {
    /// Reads one; `None` when this tenant has none of this id.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find(&self, tenant: &TenantId, id: EventId) -> Result<Option<StoredEvent>> {
        let mut session = self.0.read("events.get").await?;
        let row = fetch_optional!(
            &mut session,
            RawEvent,
            concat!(
                "SELECT ",
                event_columns!(),
                " FROM main.webhook_events WHERE tenant_id = $1 AND id = $2"
            ),
            tenant.as_str(),
            id.as_uuid()
        )?;
        session.commit().await?;
        row.map(RawEvent::read).transpose()
    }

    /// The tenant's events in order of arrival, at most 500 at a time: see [`EventFilter`].
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn list(&self, tenant: &TenantId, filter: &EventFilter) -> Result<Vec<StoredEvent>> {
        let mut session = self.0.read("events.list").await?;
        let rows = fetch_all!(
            &mut session,
            RawEvent,
            concat!(
                "SELECT ",
                event_columns!(),
                " FROM main.webhook_events WHERE tenant_id = $1 AND id > $2 AND ($3 = '' OR status = $3) \
             AND ($4 = 0 OR integration_id = $5) AND ($7 = '' OR kind = $7) AND ($8 = '' OR lane = $8) \
             AND received_at >= $9 AND received_at < $10 ORDER BY id LIMIT $6"
            ),
            tenant.as_str(),
            filter.after.map_or(uuid::Uuid::nil(), |id| id.as_uuid()),
            filter.status.map_or("", EventStatus::as_str),
            i64::from(filter.integration.is_some()),
            filter.integration.map(|id| id.as_uuid()),
            i64::from(filter.limit.min(PAGE)),
            filter.kind.as_deref().unwrap_or_default(),
            filter.lane.as_ref().map_or("", Lane::as_str),
            filter.range().0,
            filter.range().1,
        )?;
        session.commit().await?;
        rows.into_iter().map(RawEvent::read).collect()
    }

    /// How many events of the tenant, or of one of its integrations, stand where.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn counts(
        &self,
        tenant: &TenantId,
        integration: Option<IntegrationId>,
    ) -> Result<EventCounts> {
        let mut session = self.0.read("events.counts").await?;
        let rows = fetch_all!(
            &mut session,
            (String, i64),
            "SELECT status, COUNT(*) FROM main.webhook_events WHERE tenant_id = $1 \
             AND ($2 = 0 OR integration_id = $3) GROUP BY status",
            tenant.as_str(),
            i64::from(integration.is_some()),
            integration.map(|id| id.as_uuid()),
        )?;
        session.commit().await?;
        Ok(EventCounts::of(&rows))
    }
}

/// Whether events wait for a recovery instead of being handed out.
pub(crate) fn is_down(status: Status) -> bool {
    matches!(status, Status::Error | Status::Disconnected)
}

/// Reads an integration's status and keeps it from changing until the transaction ends, so that an event is not kept
/// back just after everything kept was let go. `None`: there is no such integration.
async fn status_held(
    session: &mut Session,
    tenant: &TenantId,
    id: IntegrationId,
) -> Result<Option<Status>> {
    let found = fetch_optional!(
        session,
        (String,),
        "SELECT status FROM main.integrations WHERE tenant_id = $1 AND id = $2 /*pg FOR SHARE */",
        tenant.as_str(),
        id.as_uuid()
    )?;
    found.map(|(status,)| status.parse()).transpose()
}

/// The connection went down: what nobody works on waits for its recovery.
pub(crate) async fn hold_back(
    session: &mut Session,
    tenant: &TenantId,
    id: IntegrationId,
) -> Result<u64> {
    execute!(
        session,
        "UPDATE main.webhook_events SET status = 'kept' \
         WHERE tenant_id = $1 AND integration_id = $2 AND status = 'pending'",
        tenant.as_str(),
        id.as_uuid()
    )
}

/// The connection recovered: everything kept is due now, in order of arrival.
pub(crate) async fn let_go(
    session: &mut Session,
    tenant: &TenantId,
    id: IntegrationId,
) -> Result<u64> {
    execute!(
        session,
        "UPDATE main.webhook_events SET status = 'pending', next_at = (SELECT us FROM main.clock), \
         knock_at = (SELECT us FROM main.clock) \
         WHERE tenant_id = $1 AND integration_id = $2 AND status = 'kept'",
        tenant.as_str(),
        id.as_uuid()
    )
}
