//! One prepared statement per row, in the batch's transaction.

use integrations_core::Result;
use uuid::Uuid;

use super::{Common, Row};
use crate::session::{Session, execute, fetch_one, fetch_optional};
use crate::time;

/// For each row the id of the first event with its dedupe key: the row's own when it is new.
pub(super) async fn insert(
    session: &mut Session,
    rows: &[Row<'_>],
    common: &Common,
) -> Result<Vec<Option<Uuid>>> {
    let mut firsts = Vec::with_capacity(rows.len());
    for Row { new, status } in rows {
        let parts = new.event.parts();
        let inserted = execute!(
            session,
            "INSERT INTO main.webhook_events (tenant_id, id, integration_id, provider, dedupe_key, kind, event_id, \
             tenant_key, scheme, occurred_at, received_at, payload, sealed_key, lane, status, attempts, next_at, \
             knock_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, \
             (SELECT us FROM main.clock), (SELECT us FROM main.clock) + $16, $17) \
             ON CONFLICT (tenant_id, provider, dedupe_key) DO NOTHING",
            new.tenant.as_str(),
            new.id.as_uuid(),
            new.integration.as_uuid(),
            parts.provider.as_str(),
            new.dedupe_key.as_str(),
            parts.kind.as_str(),
            parts.id.as_deref(),
            parts.tenant_key.as_ref().map(|key| key.as_str()),
            parts.scheme.as_str(),
            parts.occurred_at.map(time::to_micros),
            time::to_micros(parts.received_at),
            new.payload(),
            new.sealed.map(|(_, key)| key),
            new.lane.as_str(),
            status.as_str(),
            common.grace,
            common.created_at,
        )?;
        if inserted == 1 {
            firsts.push(None);
            continue;
        }
        let (first,) = fetch_one!(
            session,
            (Uuid,),
            "SELECT id FROM main.webhook_events WHERE tenant_id = $1 AND provider = $2 AND dedupe_key = $3",
            new.tenant.as_str(),
            parts.provider.as_str(),
            new.dedupe_key.as_str()
        )?;
        firsts.push(Some(first));
    }
    Ok(firsts)
}

/// The status of each integration; `None` where there is none.
pub(super) async fn statuses(
    session: &mut Session,
    wanted: &[(&str, Uuid)],
) -> Result<Vec<Option<String>>> {
    let mut found = Vec::with_capacity(wanted.len());
    for (tenant, id) in wanted {
        let status = fetch_optional!(
            session,
            (String,),
            "SELECT status FROM main.integrations WHERE tenant_id = $1 AND id = $2",
            *tenant,
            *id
        )?;
        found.push(status.map(|(status,)| status));
    }
    Ok(found)
}
