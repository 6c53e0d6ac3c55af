//! The whole batch in one statement.

use std::collections::HashMap;

use integrations_core::Result;
use uuid::Uuid;

use super::{Common, Row};
use crate::session::{Session, fetch_all_postgres};
use crate::time;

/// For each row the id of the first event with its dedupe key: `None` or the row's own when it is new.
pub(super) async fn insert(
    session: &mut Session,
    rows: &[Row<'_>],
    common: &Common,
) -> Result<Vec<Option<Uuid>>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let parts = || rows.iter().map(|row| row.new.event.parts());
    let news = || rows.iter().map(|row| row.new);
    let inserted = fetch_all_postgres!(
        session,
        (Uuid,),
        "INSERT INTO main.webhook_events (tenant_id, id, integration_id, provider, dedupe_key, kind, event_id, \
         tenant_key, scheme, occurred_at, received_at, payload, sealed_key, lane, status, attempts, next_at, knock_at, \
         created_at) SELECT n.*, 0, (SELECT us FROM main.clock), (SELECT us FROM main.clock) + $16, $17 \
         FROM UNNEST($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], \
         $9::text[], $10::bigint[], $11::bigint[], $12::bytea[], $13::text[], $14::text[], $15::text[]) AS n \
         ON CONFLICT (tenant_id, provider, dedupe_key) DO NOTHING RETURNING id",
        news().map(|new| new.tenant.as_str()).collect::<Vec<_>>(),
        news().map(|new| new.id.as_uuid()).collect::<Vec<_>>(),
        news()
            .map(|new| new.integration.as_uuid())
            .collect::<Vec<_>>(),
        parts().map(|one| one.provider.as_str()).collect::<Vec<_>>(),
        news()
            .map(|new| new.dedupe_key.as_str())
            .collect::<Vec<_>>(),
        parts().map(|one| one.kind.as_str()).collect::<Vec<_>>(),
        parts().map(|one| one.id.as_deref()).collect::<Vec<_>>(),
        parts()
            .map(|one| one.tenant_key.as_ref().map(|key| key.as_str()))
            .collect::<Vec<_>>(),
        parts().map(|one| one.scheme.as_str()).collect::<Vec<_>>(),
        parts()
            .map(|one| one.occurred_at.map(time::to_micros))
            .collect::<Vec<_>>(),
        parts()
            .map(|one| time::to_micros(one.received_at))
            .collect::<Vec<_>>(),
        news().map(|new| new.payload()).collect::<Vec<_>>(),
        news()
            .map(|new| new.sealed.map(|(_, key)| key))
            .collect::<Vec<_>>(),
        news().map(|new| new.lane.as_str()).collect::<Vec<_>>(),
        rows.iter()
            .map(|row| row.status.as_str())
            .collect::<Vec<_>>(),
        common.grace,
        common.created_at,
    )?;
    if inserted.len() == rows.len() {
        return Ok(vec![None; rows.len()]);
    }
    // A statement of its own: it sees what another transaction committed while the first one waited for it.
    let first = fetch_all_postgres!(
        session,
        (i64, Uuid),
        "SELECT n.at, e.id FROM UNNEST($1::text[], $2::text[], $3::text[]) WITH ORDINALITY \
         AS n (tenant_id, provider, dedupe_key, at) JOIN main.webhook_events e \
         USING (tenant_id, provider, dedupe_key)",
        news().map(|new| new.tenant.as_str()).collect::<Vec<_>>(),
        parts().map(|one| one.provider.as_str()).collect::<Vec<_>>(),
        news()
            .map(|new| new.dedupe_key.as_str())
            .collect::<Vec<_>>(),
    )?;
    let first: HashMap<i64, Uuid> = first.into_iter().collect();
    Ok((1..)
        .zip(rows)
        .map(|(at, _)| first.get(&at).copied())
        .collect())
}

/// The status of each integration; `None` where there is none.
pub(super) async fn statuses(
    session: &mut Session,
    wanted: &[(&str, Uuid)],
) -> Result<Vec<Option<String>>> {
    let found = fetch_all_postgres!(
        session,
        (i64, String),
        "SELECT n.at, i.status FROM UNNEST($1::text[], $2::uuid[]) WITH ORDINALITY AS n (tenant_id, id, at) \
         JOIN main.integrations i USING (tenant_id, id) ORDER BY n.at FOR SHARE OF i",
        wanted.iter().map(|(tenant, _)| *tenant).collect::<Vec<_>>(),
        wanted.iter().map(|(_, id)| *id).collect::<Vec<_>>(),
    )?;
    let mut found: HashMap<i64, String> = found.into_iter().collect();
    Ok((1..).zip(wanted).map(|(at, _)| found.remove(&at)).collect())
}
