use sqlx::Row as _;
use uuid::Uuid;

use super::{RunCounts, StoredRun};
use crate::columns::broken;
use crate::session::from_row;
use crate::time;

const TABLE: &str = "sync_log";

from_row!(StoredRun, |row| {
    let at = |column| -> sqlx::Result<_> {
        row.try_get::<Option<i64>, _>(column)?
            .map(time::from_micros)
            .transpose()
            .map_err(|_| broken(TABLE, column))
    };
    let count = |column| -> sqlx::Result<u64> {
        Ok(row
            .try_get::<i64, _>(column)?
            .try_into()
            .unwrap_or_default())
    };
    Ok(Self {
        id: row.try_get::<Uuid, _>("id")?.into(),
        flow: row.try_get("flow")?,
        kind: row
            .try_get::<String, _>("kind")?
            .parse()
            .map_err(|_| broken(TABLE, "kind"))?,
        started_by: row.try_get("started_by")?,
        status: row
            .try_get::<String, _>("status")?
            .parse()
            .map_err(|_| broken(TABLE, "status"))?,
        phase: row.try_get("phase")?,
        expected: row
            .try_get::<Option<i64>, _>("expected")?
            .map(|expected| expected.try_into().unwrap_or_default()),
        counts: RunCounts {
            read: count("records_read")?,
            created: count("created")?,
            updated: count("updated")?,
            deleted: count("deleted")?,
            linked: count("linked")?,
            skipped: count("skipped")?,
            conflicts: count("conflicts")?,
            failed: count("failed")?,
        },
        attempts: count("attempts")?.try_into().unwrap_or(u32::MAX),
        cancel_requested: row.try_get("cancelled")?,
        error_kind: row.try_get("error_kind")?,
        error_message: row.try_get("error_message")?,
        started_at: at("started_at")?.ok_or_else(|| broken(TABLE, "started_at"))?,
        heartbeat_at: at("heartbeat_at")?.ok_or_else(|| broken(TABLE, "heartbeat_at"))?,
        finished_at: at("finished_at")?,
    })
});
