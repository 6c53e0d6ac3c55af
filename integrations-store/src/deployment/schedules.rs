//! Schedules of all tenants.

use std::time::Duration;

use integrations_core::Result;

use super::Deployment;
use crate::schedules::schedule_columns;
use crate::session::{fetch_all, fetch_one, fetch_optional};
use crate::{Due, StoredSchedule, Transaction, time};

impl Deployment {
    /// Schedules of all tenants that are due, the longest overdue first, held until the transaction ends: no other
    /// process gets them meanwhile; without the first `skip` of them, which could not be started. Whatever they start is written in the same transaction, so that no tick is lost or
    /// doubled by a crash.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn due_schedules_in(
        &self,
        transaction: &mut Transaction,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<Due>> {
        let session = transaction.session();
        let (now,) = fetch_one!(session, (i64,), "SELECT us FROM main.clock")?;
        let rows = fetch_all!(
            session,
            StoredSchedule,
            concat!(
                "SELECT ",
                schedule_columns!(),
                " FROM main.schedules WHERE next_at IS NOT NULL AND next_at <= $1 AND NOT paused \
                 ORDER BY next_at, tenant_id, name LIMIT $2 OFFSET $3 /*pg FOR UPDATE SKIP LOCKED */"
            ),
            now,
            i64::from(limit),
            i64::from(skip),
        )?;
        let now = time::from_micros(now)?;
        Ok(rows
            .into_iter()
            .map(|schedule| Due { schedule, now })
            .collect())
    }

    /// How long until the next schedule of any tenant is due; `None` when there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn next_schedule(&self) -> Result<Option<Duration>> {
        let mut session = self.0.read("deployment.next_schedule").await?;
        let next = fetch_optional!(
            &mut session,
            (i64,),
            "SELECT next_at - (SELECT us FROM main.clock) FROM main.schedules \
             WHERE next_at IS NOT NULL AND NOT paused ORDER BY next_at LIMIT 1"
        )?;
        session.commit().await?;
        Ok(next.map(|(wait,)| Duration::from_micros(u64::try_from(wait).unwrap_or(0))))
    }
}
