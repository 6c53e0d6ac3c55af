use std::time::Duration;

use integrations_core::webhook::Event;
use integrations_core::{EventId, IntegrationId, Result, TenantId, Timestamp};
use uuid::Uuid;

use super::Events;
use super::row::RawEvent;
use crate::columns::event_columns;
use crate::session::fetch_all;
use crate::{Store, time};

/// An event that this caller works on until [`until`](Self::until): finish it with [`Events::complete`],
/// [`Events::fail`], [`Events::retry`] or [`Events::release`]. When none of these happens, somebody else gets it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClaimedEvent {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: EventId,
    /// The integration it came for.
    pub integration: IntegrationId,
    /// The event.
    pub event: Event,
    /// How often somebody began to work on it, this time included.
    pub attempts: u32,
    /// When the lease ends, by the database's clock.
    pub until: Timestamp,
    pub(super) claim: Uuid,
}

impl Events {
    /// Takes up to `limit` of one tenant's due events for `lease`, oldest first.
    ///
    /// Due are events that wait, and events whose worker let the lease run out. No event is handed to two callers
    /// within its lease. Events of a connection that is down are not handed out.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn claim_due(
        &self,
        tenant: &TenantId,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ClaimedEvent>> {
        claim(&self.0, Some(tenant), limit, lease).await
    }
}

/// For one tenant, or for the whole deployment.
pub(crate) async fn claim(
    store: &Store,
    tenant: Option<&TenantId>,
    limit: u32,
    lease: Duration,
) -> Result<Vec<ClaimedEvent>> {
    let token = Uuid::new_v4();
    let mut session = store.write("events.claim_due").await?;
    let rows = fetch_all!(
        &mut session,
        RawEvent,
        concat!(
            "WITH due AS MATERIALIZED ( \
           SELECT e.tenant_id, e.id FROM main.webhook_events e \
           JOIN main.integrations i ON i.tenant_id = e.tenant_id AND i.id = e.integration_id \
           WHERE e.status IN ('pending', 'processing') AND e.next_at <= (SELECT us FROM main.clock) \
             AND i.status NOT IN ('error', 'disconnected') AND ($1 = '' OR e.tenant_id = $1) \
           ORDER BY e.next_at, e.id LIMIT $2 /*pg FOR UPDATE OF e SKIP LOCKED */ \
         ) \
         UPDATE main.webhook_events SET status = 'processing', attempts = attempts + 1, claim = $3, \
           next_at = (SELECT us FROM main.clock) + $4 \
         WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM due) RETURNING ",
            event_columns!()
        ),
        tenant.map_or("", |tenant| tenant.as_str()),
        i64::from(limit),
        token,
        time::span(lease),
    )?;
    session.commit().await?;
    let mut claimed = rows
        .into_iter()
        .map(|row| {
            let stored = row.read()?;
            Ok(ClaimedEvent {
                tenant: stored.tenant,
                id: stored.id,
                integration: stored.integration,
                event: stored.event,
                attempts: stored.attempts,
                until: stored.next_at,
                claim: token,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    claimed.sort_by_key(|event| event.id);
    Ok(claimed)
}
