use std::time::Duration;

use sqlx::Row as _;
use uuid::Uuid;

use super::Mapping;
use crate::columns::broken;
use crate::session::from_row;
use crate::time;

macro_rules! mapping_columns {
    () => {
        "id, left_id, right_id, state, creating, intent_hash, (SELECT us FROM main.clock) - intent_at AS intent_age, \
         left_hash, right_hash, left_at, right_at, base, flips, flips_since, last_written, \
         claimed_until - (SELECT us FROM main.clock) AS claimed_for, version, updated_at"
    };
}

pub(super) use mapping_columns;

const TABLE: &str = "contact_mappings";

from_row!(Mapping, |row| {
    let at = |column| -> sqlx::Result<_> {
        row.try_get::<Option<i64>, _>(column)?
            .map(time::from_micros)
            .transpose()
            .map_err(|_| broken(TABLE, column))
    };
    let side = |column| -> sqlx::Result<_> {
        row.try_get::<Option<String>, _>(column)?
            .map(|word| word.parse())
            .transpose()
            .map_err(|_| broken(TABLE, column))
    };
    Ok(Self {
        id: row.try_get::<Uuid, _>("id")?.into(),
        left_id: row.try_get("left_id")?,
        right_id: row.try_get("right_id")?,
        state: row
            .try_get::<String, _>("state")?
            .parse()
            .map_err(|_| broken(TABLE, "state"))?,
        creating: side("creating")?,
        intent_hash: row.try_get("intent_hash")?,
        intent_age: row
            .try_get::<Option<i64>, _>("intent_age")?
            .map(|us| Duration::from_micros(us.try_into().unwrap_or_default())),
        left_hash: row.try_get("left_hash")?,
        right_hash: row.try_get("right_hash")?,
        left_at: at("left_at")?,
        right_at: at("right_at")?,
        base: row.try_get("base")?,
        flips: row
            .try_get::<i64, _>("flips")?
            .try_into()
            .unwrap_or(u32::MAX),
        flips_since: at("flips_since")?,
        last_written: side("last_written")?,
        claimed: row.try_get::<i64, _>("claimed_for")? > 0,
        version: row
            .try_get::<i64, _>("version")?
            .try_into()
            .map_err(|_| broken(TABLE, "version"))?,
        updated_at: at("updated_at")?,
    })
});
