//! What starts by itself: cron and intervals, by the database's clock.

use integrations_core::{Error, ErrorKind, Result, TenantId, Timestamp};

use crate::session::{execute, fetch_all, fetch_optional};
use crate::{Store, Transaction, time};

mod model;

pub use model::{Due, MissedRuns, NewSchedule, ScheduleSpec, StoredSchedule};

pub(crate) use model::schedule_columns;

/// The most rows that one [`Schedules::list`] returns.
const PAGE: u32 = 500;

/// The schedules of a [`Store`]: when each comes next, and how often it came. What comes after a time is the caller's to
/// say: this crate reads no cron expression.
#[derive(Debug, Clone)]
pub struct Schedules(Store);

impl Store {
    /// The schedules.
    #[must_use]
    pub fn schedules(&self) -> Schedules {
        Schedules(self.clone())
    }
}

impl Schedules {
    /// Declares a schedule. One of this name that is there with the same times keeps its next one, so that a program may
    /// declare its schedules each time it starts; other times begin anew. `next` says what comes after a time.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when something is empty or too long, [`ErrorKind::Store`].
    pub async fn put(
        &self,
        tenant: &TenantId,
        new: &NewSchedule,
        next: impl FnOnce(Timestamp) -> Option<Timestamp> + Send,
    ) -> Result<StoredSchedule> {
        new.check()?;
        let (spec, zone) = new.spec.stored();
        let mut session = self.0.write("schedules.put").await?;
        let (now,) = crate::session::fetch_one!(&mut session, (i64,), "SELECT us FROM main.clock")?;
        let first = next(time::from_micros(now)?).map(time::to_micros);
        let stored = crate::session::fetch_one!(
            &mut session,
            StoredSchedule,
            concat!(
                "INSERT INTO main.schedules (tenant_id, name, kind, payload, spec, time_zone, missed, paused, next_at, \
                 ticks, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $10) \
                 ON CONFLICT (tenant_id, name) DO UPDATE SET kind = excluded.kind, payload = excluded.payload, \
                 next_at = CASE WHEN schedules.spec = excluded.spec \
                   AND COALESCE(schedules.time_zone, '') = COALESCE(excluded.time_zone, '') \
                   THEN schedules.next_at ELSE excluded.next_at END, \
                 spec = excluded.spec, time_zone = excluded.time_zone, missed = excluded.missed, \
                 updated_at = excluded.updated_at RETURNING ",
                schedule_columns!()
            ),
            tenant.as_str(),
            new.name.as_str(),
            new.kind.as_str(),
            new.payload.to_string(),
            spec,
            zone,
            new.missed.as_str(),
            false,
            first,
            now,
        )?;
        session.commit().await?;
        Ok(stored)
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Store`].
    pub async fn get(&self, tenant: &TenantId, name: &str) -> Result<StoredSchedule> {
        let mut session = self.0.read("schedules.get").await?;
        let row = fetch_optional!(
            &mut session,
            StoredSchedule,
            concat!(
                "SELECT ",
                schedule_columns!(),
                " FROM main.schedules WHERE tenant_id = $1 AND name = $2"
            ),
            tenant.as_str(),
            name,
        )?;
        session.commit().await?;
        row.ok_or_else(not_found)
    }

    /// The tenant's, by name, at most 500 at a time: those after the name `after` (empty for the first page).
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<StoredSchedule>> {
        let mut session = self.0.read("schedules.list").await?;
        let rows = fetch_all!(
            &mut session,
            StoredSchedule,
            concat!(
                "SELECT ",
                schedule_columns!(),
                " FROM main.schedules WHERE tenant_id = $1 AND name > $2 ORDER BY name LIMIT $3"
            ),
            tenant.as_str(),
            after,
            i64::from(limit.min(PAGE)),
        )?;
        session.commit().await?;
        Ok(rows)
    }

    /// Stops a schedule.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Store`].
    pub async fn pause(&self, tenant: &TenantId, name: &str) -> Result<()> {
        let mut session = self.0.write("schedules.pause").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.schedules SET paused = $3, updated_at = (SELECT us FROM main.clock) \
             WHERE tenant_id = $1 AND name = $2",
            tenant.as_str(),
            name,
            true,
        )?;
        session.commit().await?;
        found(rows)
    }

    /// Lets a paused schedule go on with the next time after now: what passed in the pause is not made up for.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Store`].
    pub async fn resume(
        &self,
        tenant: &TenantId,
        name: &str,
        next: impl FnOnce(&StoredSchedule, Timestamp) -> Option<Timestamp> + Send,
    ) -> Result<()> {
        let schedule = self.get(tenant, name).await?;
        let mut session = self.0.write("schedules.resume").await?;
        let (now,) = crate::session::fetch_one!(&mut session, (i64,), "SELECT us FROM main.clock")?;
        let next = next(&schedule, time::from_micros(now)?);
        let rows = execute!(
            &mut session,
            "UPDATE main.schedules SET paused = $3, next_at = CASE WHEN paused THEN $4 ELSE next_at END, \
             updated_at = $5 WHERE tenant_id = $1 AND name = $2",
            tenant.as_str(),
            name,
            false,
            next.map(time::to_micros),
            now,
        )?;
        session.commit().await?;
        found(rows)
    }

    /// Makes a schedule due at once, paused or not; its later times stay.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Store`].
    pub async fn run_now(&self, tenant: &TenantId, name: &str) -> Result<()> {
        let mut session = self.0.write("schedules.run_now").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.schedules SET next_at = (SELECT us FROM main.clock), paused = $3 \
             WHERE tenant_id = $1 AND name = $2",
            tenant.as_str(),
            name,
            false,
        )?;
        session.commit().await?;
        found(rows)
    }

    /// Forgets a schedule.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Store`].
    pub async fn delete(&self, tenant: &TenantId, name: &str) -> Result<()> {
        let mut session = self.0.write("schedules.delete").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.schedules WHERE tenant_id = $1 AND name = $2",
            tenant.as_str(),
            name,
        )?;
        session.commit().await?;
        found(rows)
    }

    /// Holds one schedule until the transaction ends, if it is due and nobody else holds it.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn lock_due_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<Due>> {
        let session = transaction.session();
        let (now,) = crate::session::fetch_one!(session, (i64,), "SELECT us FROM main.clock")?;
        let row = fetch_optional!(
            session,
            StoredSchedule,
            concat!(
                "SELECT ",
                schedule_columns!(),
                " FROM main.schedules WHERE tenant_id = $1 AND name = $2 AND next_at IS NOT NULL AND next_at <= $3 \
                 AND NOT paused /*pg FOR UPDATE SKIP LOCKED */"
            ),
            tenant.as_str(),
            name,
            now,
        )?;
        let now = time::from_micros(now)?;
        Ok(row.map(|schedule| Due { schedule, now }))
    }

    /// Moves a schedule that [`Deployment::due_schedules_in`](crate::Deployment::due_schedules_in) returned on to its next time, `None` for never again, in
    /// the same transaction. `ran` says whether it was started.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn advance_in(
        &self,
        transaction: &mut Transaction,
        due: &Due,
        next: Option<Timestamp>,
        ran: bool,
    ) -> Result<()> {
        execute!(
            transaction.session(),
            "UPDATE main.schedules SET next_at = $3, ticks = ticks + $4, \
             last_at = CASE WHEN $4 = 1 THEN $5 ELSE last_at END WHERE tenant_id = $1 AND name = $2",
            due.schedule.tenant.as_str(),
            due.schedule.name.as_str(),
            next.map(time::to_micros),
            i64::from(ran),
            time::to_micros(due.now),
        )
        .map(drop)
    }
}

fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "there is no schedule of this name")
}

fn found(rows: u64) -> Result<()> {
    if rows == 0 { Err(not_found()) } else { Ok(()) }
}
