use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Result, TenantId, Timestamp};
use integrations_store::{
    Due, MissedRuns, NewSchedule, Schedules, Store, StoredSchedule, Transaction,
};
use serde_json::Value;

use super::Schedule;

/// How many schedules one transaction moves on.
const BATCH: u32 = 100;

/// A schedule's time has come.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tick {
    /// Whose schedule it is.
    pub tenant: TenantId,
    /// The schedule's name.
    pub name: String,
    /// What starts.
    pub kind: String,
    /// What it gets.
    pub payload: Value,
    /// When it was due.
    pub due_at: Timestamp,
    /// How many runs came due since the last one, this one included; counted up to a thousand.
    pub missed: u32,
}

/// Gets ticks, in the transaction that moves their schedules on: a job queue.
#[async_trait]
pub trait TickQueue: Send + Sync {
    /// Takes ticks, of any tenants.
    ///
    /// # Errors
    /// As the queue; the schedules are due still then.
    async fn insert_in(&self, transaction: &mut Transaction, ticks: &[Tick]) -> Result<()>;
}

/// What [`Scheduler::tick`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ticked {
    /// Ticks handed to the queue.
    pub started: usize,
    /// Schedules whose missed runs are not made up for.
    pub skipped: usize,
    /// Schedules that could not be moved on; the log says why.
    pub failed: usize,
}

/// Keeps schedules and starts what is due. Cheap to clone; any number of processes may run one.
#[derive(Clone)]
pub struct Scheduler {
    store: Store,
    schedules: Schedules,
    queue: Arc<dyn TickQueue>,
    grace: Duration,
}

impl Scheduler {
    /// Starts what is due of this store's schedules by handing it to this queue.
    #[must_use]
    pub fn new(store: &Store, queue: impl TickQueue + 'static) -> Self {
        Self {
            store: store.clone(),
            schedules: store.schedules(),
            queue: Arc::new(queue),
            grace: Duration::from_secs(60),
        }
    }

    /// How late a run may start before it counts as missed, for schedules that skip missed runs: a minute.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The schedules, to list, pause, start and delete.
    #[must_use]
    pub fn schedules(&self) -> &Schedules {
        &self.schedules
    }

    /// Declares a schedule; one that is there with the same times goes on with them: see [`Schedules::put`].
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when the cron expression, the time zone or
    /// the interval is not usable, and as [`Schedules::put`].
    pub async fn declare(&self, tenant: &TenantId, new: &NewSchedule) -> Result<StoredSchedule> {
        let schedule = Schedule::from_spec(new.spec())?;
        self.schedules
            .put(tenant, new, move |now| schedule.after(now))
            .await
    }

    /// Lets a paused schedule go on with its next time after now.
    ///
    /// # Errors
    /// As [`Schedules::resume`].
    pub async fn resume(&self, tenant: &TenantId, name: &str) -> Result<()> {
        self.schedules
            .resume(tenant, name, |schedule, now| {
                Schedule::from_spec(&schedule.spec).ok()?.after(now)
            })
            .await
    }

    /// Starts all that is due.
    ///
    /// A schedule whose tick the queue does not take holds up no other: it is due still, and tried with the next call.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn tick(&self) -> Result<Ticked> {
        let mut all = Ticked::default();
        loop {
            let mut transaction = self.store.begin("schedule.tick").await?;
            let deployment = self.store.deployment();
            // What failed is due still, and first in line: passed over for this time.
            let skip = u32::try_from(all.failed).unwrap_or(u32::MAX);
            let due = deployment
                .due_schedules_in(&mut transaction, skip, BATCH)
                .await?;
            let found = due.len();
            if found == 0 {
                return Ok(all);
            }
            match self.start(&mut transaction, &due).await {
                Ok(done) => {
                    transaction.commit().await?;
                    all.add(done);
                }
                // One of them, or the database: found out one by one.
                Err(_) => {
                    // Its locks are gone then, or the rows would be passed over below.
                    transaction.rollback().await?;
                    let done = self.one_by_one(&due).await?;
                    all.add(done);
                }
            }
            if found < BATCH as usize {
                return Ok(all);
            }
        }
    }

    /// Calls [`tick`](Self::tick) when a schedule is due, and looks for new ones at least every `poll`, until `stop`
    /// ends. Faults of the database are logged and waited out.
    pub async fn run(&self, poll: Duration, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let wait = match self.tick_and_look().await {
                Ok(next) => next.unwrap_or(poll).clamp(Duration::from_millis(20), poll),
                Err(error) => {
                    tracing::warn!(%error, "schedules cannot be looked at");
                    poll
                }
            };
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn tick_and_look(&self) -> Result<Option<Duration>> {
        let done = self.tick().await?;
        // What failed is due still: not again at once.
        if done.failed > 0 {
            return Ok(None);
        }
        self.store.deployment().next_schedule().await
    }

    async fn one_by_one(&self, due: &[Due]) -> Result<Ticked> {
        let mut all = Ticked::default();
        for candidate in due {
            let mut transaction = self.store.begin("schedule.tick").await?;
            let again = self
                .schedules
                .lock_due_in(
                    &mut transaction,
                    &candidate.schedule.tenant,
                    &candidate.schedule.name,
                )
                .await?;
            let Some(again) = again else { continue };
            let started = self
                .start(&mut transaction, std::slice::from_ref(&again))
                .await;
            let committed = match started {
                Ok(done) => transaction.commit().await.map(|()| done),
                Err(error) => transaction.rollback().await.and(Err(error)),
            };
            match committed {
                Ok(done) => all.add(done),
                Err(error) => {
                    tracing::error!(tenant = %again.schedule.tenant, schedule = again.schedule.name, %error,
                        "a schedule could not be started");
                    all.failed += 1;
                }
            }
        }
        Ok(all)
    }

    async fn start(&self, transaction: &mut Transaction, due: &[Due]) -> Result<Ticked> {
        let mut ticks = Vec::with_capacity(due.len());
        let mut done = Ticked::default();
        for one in due {
            let stored = &one.schedule;
            let schedule = Schedule::from_spec(&stored.spec)?;
            let due_at = stored.next_at.unwrap_or(one.now);
            let late = one.now.duration_since(due_at).unsigned_abs();
            let runs = stored.missed == MissedRuns::Once || late <= self.grace;
            let next = schedule.next(due_at, one.now);
            self.schedules
                .advance_in(transaction, one, next, runs)
                .await?;
            if runs {
                ticks.push(Tick {
                    tenant: stored.tenant.clone(),
                    name: stored.name.clone(),
                    kind: stored.kind.clone(),
                    payload: stored.payload.clone(),
                    due_at,
                    missed: schedule.missed(due_at, one.now),
                });
            } else {
                done.skipped += 1;
            }
        }
        if !ticks.is_empty() {
            self.queue.insert_in(transaction, &ticks).await?;
        }
        done.started = ticks.len();
        Ok(done)
    }
}

impl Ticked {
    fn add(&mut self, other: Self) {
        self.started += other.started;
        self.skipped += other.skipped;
        self.failed += other.failed;
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
