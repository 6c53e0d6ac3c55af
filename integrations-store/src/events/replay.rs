use integrations_core::{EventId, Result, TenantId};
use uuid::Uuid;

use super::{EventFilter, EventStatus, Events, Lane, PAGE};
use crate::Transaction;
use crate::session::{execute, fetch_all, fetch_one};

/// What a replay did.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Replayed {
    /// The events that are due again, or kept for the recovery of their connection.
    pub events: Vec<EventId>,
    /// The lanes that somebody has to work on.
    pub lanes: Vec<Lane>,
    /// Where the next page of the same filter begins; `None`: this was the last one.
    pub after: Option<EventId>,
}

impl Events {
    /// Makes finished events of a filter due again, and those that wait to be tried again due now, at most 500 at a time:
    /// in order of arrival, with all their attempts. What is being worked on or kept stays as it is.
    ///
    /// Events of an integration that is down are kept for its recovery.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn replay_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        filter: &EventFilter,
    ) -> Result<Replayed> {
        let session = transaction.session();
        let limit = filter.limit.min(PAGE);
        // The integrations before the events, as everywhere.
        fetch_all!(
            session,
            (Uuid,),
            "SELECT id FROM main.integrations WHERE tenant_id = $1 AND ($2 = 0 OR id = $3) ORDER BY id /*pg FOR SHARE */",
            tenant.as_str(),
            i64::from(filter.integration.is_some()),
            filter.integration.map(|id| id.as_uuid()),
        )?;
        let rows = fetch_all!(
            session,
            (Uuid, String),
            "SELECT id, status FROM main.webhook_events WHERE tenant_id = $1 AND id > $2 \
             AND ($3 = '' OR status = $3) AND ($4 = 0 OR integration_id = $5) AND ($6 = '' OR kind = $6) \
             AND ($7 = '' OR lane = $7) AND received_at >= $8 AND received_at < $9 \
             AND status IN ('done', 'failed', 'pending') ORDER BY id LIMIT $10 /*pg FOR UPDATE */",
            tenant.as_str(),
            filter.after.map_or(Uuid::nil(), |id| id.as_uuid()),
            filter.status.map_or("", EventStatus::as_str),
            i64::from(filter.integration.is_some()),
            filter.integration.map(|id| id.as_uuid()),
            filter.kind.as_deref().unwrap_or_default(),
            filter.lane.as_ref().map_or("", Lane::as_str),
            filter.range().0,
            filter.range().1,
            i64::from(limit),
        )?;
        let mut replayed = Replayed::default();
        for (id, _) in &rows {
            replayed.lanes.extend(again(session, tenant, *id).await?);
            replayed.events.push((*id).into());
        }
        replayed.lanes.sort_unstable();
        replayed.lanes.dedup();
        let full = rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        replayed.after = replayed.events.last().copied().filter(|_| full);
        Ok(replayed)
    }

    /// How many events a replay of the filter would make due again now, whatever its limit.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn replayable(&self, tenant: &TenantId, filter: &EventFilter) -> Result<u64> {
        let mut session = self.0.read("events.replayable").await?;
        let (count,) = fetch_one!(
            &mut session,
            (i64,),
            "SELECT COUNT(*) FROM main.webhook_events WHERE tenant_id = $1 AND id > $2 \
             AND ($3 = '' OR status = $3) AND ($4 = 0 OR integration_id = $5) AND ($6 = '' OR kind = $6) \
             AND ($7 = '' OR lane = $7) AND received_at >= $8 AND received_at < $9 \
             AND status IN ('done', 'failed', 'pending')",
            tenant.as_str(),
            filter.after.map_or(Uuid::nil(), |id| id.as_uuid()),
            filter.status.map_or("", EventStatus::as_str),
            i64::from(filter.integration.is_some()),
            filter.integration.map(|id| id.as_uuid()),
            filter.kind.as_deref().unwrap_or_default(),
            filter.lane.as_ref().map_or("", Lane::as_str),
            filter.range().0,
            filter.range().1,
        )?;
        session.commit().await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Makes one finished event due again; its lane, when somebody has to work on it. `None` in the outer option when this
    /// tenant has no such event, or somebody works on it.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn replay_one_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        id: EventId,
    ) -> Result<Option<Option<Lane>>> {
        let session = transaction.session();
        let found = fetch_all!(
            session,
            (Uuid,),
            "SELECT integration_id FROM main.webhook_events WHERE tenant_id = $1 AND id = $2 \
             AND status IN ('done', 'failed', 'pending')",
            tenant.as_str(),
            id.as_uuid(),
        )?;
        let Some((integration,)) = found.first() else {
            return Ok(None);
        };
        super::status_held(session, tenant, (*integration).into()).await?;
        Ok(Some(again(session, tenant, id.as_uuid()).await?))
    }
}

/// The lane, when the event is due now.
async fn again(
    session: &mut crate::session::Session,
    tenant: &TenantId,
    id: Uuid,
) -> Result<Option<Lane>> {
    let rows = execute!(
        session,
        "UPDATE main.webhook_events SET attempts = 0, error_message = NULL, finished_at = NULL, claim = NULL, \
         next_at = (SELECT us FROM main.clock), knock_at = (SELECT us FROM main.clock), \
         status = CASE WHEN (SELECT i.status FROM main.integrations i WHERE i.tenant_id = $1 \
           AND i.id = webhook_events.integration_id) IN ('error', 'disconnected') THEN 'kept' ELSE 'pending' END \
         WHERE tenant_id = $1 AND id = $2 AND status IN ('done', 'failed', 'pending')",
        tenant.as_str(),
        id,
    )?;
    if rows == 0 {
        return Ok(None);
    }
    // Whoever gave it up is answered.
    execute!(
        session,
        "UPDATE main.dead_letters SET status = 'replayed', replayed_as = source_id, \
         resolved_at = (SELECT us FROM main.clock) \
         WHERE tenant_id = $1 AND source = 'event' AND source_id = $2 AND status = 'open'",
        tenant.as_str(),
        id.to_string(),
    )?;
    let lanes = fetch_all!(
        session,
        (String,),
        "SELECT lane FROM main.webhook_events WHERE tenant_id = $1 AND id = $2 AND status = 'pending'",
        tenant.as_str(),
        id,
    )?;
    Ok(lanes.into_iter().next().map(|(lane,)| lane.into()))
}
