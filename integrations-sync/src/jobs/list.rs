use std::fmt;
use std::time::Duration;

use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, Timestamp};
use integrations_store::{SqlxTransaction, Transaction};
use riverqueue::{JobListOrderBy, JobListParams, JobRow, QueueSelector, SortDirection};
use serde_json::{Map, Value};

use super::database::{engine_error, fetch_all, unknown_engine};
use super::new::check_queue;
use super::{JobId, Jobs, Priority};

/// Sends a request of the engine's client in a transaction of the store: on the engine's own connections its statements
/// would not work behind a pooler.
macro_rules! in_transaction {
    ($transaction:expr, $request:expr) => {{
        let transaction: &mut Transaction = $transaction;
        match transaction.sqlx() {
            SqlxTransaction::Sqlite(inner) => $request.tx(inner).await,
            SqlxTransaction::Postgres(inner) => $request.tx(inner).await,
            _ => return Err(unknown_engine()),
        }
    }};
}

/// The most rows that one [`Jobs::list`] returns.
const PAGE: u32 = 500;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JobState {
    /// Due, or in a moment.
    Available,
    /// Being done.
    Running,
    /// Waiting for its time.
    Scheduled,
    /// Failed, waiting for the next try.
    Retryable,
    /// Done.
    Completed,
    /// Cancelled.
    Cancelled,
    /// Given up, about to become a dead letter.
    Discarded,
    /// Parked by another program that uses the same tables.
    Pending,
}

impl JobState {
    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.engine().as_str()
    }

    fn engine(self) -> riverqueue::JobState {
        match self {
            Self::Available => riverqueue::JobState::Available,
            Self::Running => riverqueue::JobState::Running,
            Self::Scheduled => riverqueue::JobState::Scheduled,
            Self::Retryable => riverqueue::JobState::Retryable,
            Self::Completed => riverqueue::JobState::Completed,
            Self::Cancelled => riverqueue::JobState::Cancelled,
            Self::Discarded => riverqueue::JobState::Discarded,
            Self::Pending => riverqueue::JobState::Pending,
        }
    }

    fn of(state: riverqueue::JobState) -> Result<Self> {
        Ok(match state {
            riverqueue::JobState::Available => Self::Available,
            riverqueue::JobState::Running => Self::Running,
            riverqueue::JobState::Scheduled => Self::Scheduled,
            riverqueue::JobState::Retryable => Self::Retryable,
            riverqueue::JobState::Completed => Self::Completed,
            riverqueue::JobState::Cancelled => Self::Cancelled,
            riverqueue::JobState::Discarded => Self::Discarded,
            riverqueue::JobState::Pending => Self::Pending,
            _ => return Err(unknown_state()),
        })
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One job as it is stored.
#[derive(Clone)]
#[non_exhaustive]
pub struct JobInfo {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// Which of the queue's jobs come first.
    pub priority: Priority,
    /// Where it stands.
    pub state: JobState,
    /// How often it was tried.
    pub attempt: u32,
    /// How often it is tried in all.
    pub max_attempts: u32,
    /// What it is about.
    pub subject: Option<String>,
    /// The integration it works for.
    pub integration: Option<IntegrationId>,
    /// The id of the event whose handler enqueued it, or enqueued the job that did.
    pub origin: Option<String>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// Its arguments as JSON; they may hold personal data.
    pub args: String,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When it is due.
    pub scheduled_at: Timestamp,
    /// When the last try began.
    pub attempted_at: Option<Timestamp>,
    /// When it was done, cancelled or given up.
    pub finalized_at: Option<Timestamp>,
}

/// The arguments may hold personal data: only their length is shown.
impl fmt::Debug for JobInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobInfo")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("attempt", &self.attempt)
            .field("last_error", &self.last_error)
            .field("args_bytes", &self.args.len())
            .finish_non_exhaustive()
    }
}

/// How many jobs of one kind stand where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobCount {
    /// The kind.
    pub kind: String,
    /// Where they stand.
    pub state: JobState,
    /// How many.
    pub count: u64,
}

/// What waits in one queue, of all tenants: for gauges and alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backlog {
    /// The queue.
    pub queue: String,
    /// How many jobs are due, or are in a moment.
    pub available: u64,
    /// How many are being done.
    pub running: u64,
    /// For how long the first of the due ones has been waiting.
    pub oldest: Duration,
}

/// Which of a tenant's jobs to list.
#[derive(Debug, Clone)]
#[must_use]
pub struct JobFilter {
    kind: Option<String>,
    state: Option<JobState>,
    after: Option<JobId>,
    limit: u32,
}

impl Default for JobFilter {
    fn default() -> Self {
        Self::all()
    }
}

impl JobFilter {
    /// The first 100, whatever they are.
    pub fn all() -> Self {
        Self {
            kind: None,
            state: None,
            after: None,
            limit: 100,
        }
    }

    /// Only those of this kind.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Only those that stand here.
    pub fn state(mut self, state: JobState) -> Self {
        self.state = Some(state);
        self
    }

    /// The page after this one: the last id of the page before.
    pub fn after(mut self, id: JobId) -> Self {
        self.after = Some(id);
        self
    }

    /// At most this many, up to 500.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = rows;
        self
    }
}

impl Jobs {
    /// Reads a job; `None` when this tenant has none of this id. Done jobs are forgotten after a while, and those that
    /// were given up are dead letters.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn find(&self, tenant: &TenantId, id: JobId) -> Result<Option<JobInfo>> {
        let mut transaction = self.store().begin_read("jobs.find").await?;
        let row = match in_transaction!(&mut transaction, self.client().jobs().get(id.0)) {
            Ok(row) => row,
            Err(riverqueue::Error::NotFound(_)) => return Ok(None),
            Err(source) => return Err(engine_error("jobs.find", source)),
        };
        transaction.commit().await?;
        let info = info(row)?;
        Ok(info.filter(|info| info.tenant == *tenant))
    }

    /// A tenant's jobs in the order in which they were enqueued, a page at a time.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list(&self, tenant: &TenantId, filter: &JobFilter) -> Result<Vec<JobInfo>> {
        let mut owner = Map::new();
        owner.insert("tenant".to_owned(), Value::from(tenant.as_str()));
        let mut params = JobListParams::default()
            .metadata(owner)
            .order_by(JobListOrderBy::Id)
            .direction(SortDirection::Ascending)
            .limit(filter.limit.clamp(1, PAGE));
        if let Some(kind) = &filter.kind {
            params = params.kinds([kind.as_str()]);
        }
        if let Some(state) = filter.state {
            params = params.states([state.engine()]);
        }
        if let Some(after) = filter.after {
            params = params.after_id(after.0);
        }
        let mut transaction = self.store().begin_read("jobs.list").await?;
        let page = in_transaction!(&mut transaction, self.client().jobs().list(params))
            .map_err(|source| engine_error("jobs.list", source))?;
        transaction.commit().await?;
        page.jobs
            .into_iter()
            .filter_map(|row| info(row).transpose())
            .collect()
    }

    /// How many of a tenant's jobs stand where, by kind.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn counts(&self, tenant: &TenantId) -> Result<Vec<JobCount>> {
        self.count(tenant.as_str()).await
    }

    /// How many jobs of all tenants stand where, by kind: for gauges.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn totals(&self) -> Result<Vec<JobCount>> {
        self.count("").await
    }

    async fn count(&self, tenant: &str) -> Result<Vec<JobCount>> {
        let mut transaction = self.store().begin_read("jobs.counts").await?;
        let rows = fetch_all!(
            self,
            &mut transaction,
            "jobs.counts",
            (String, String, i64),
            &self.statements().counts,
            tenant,
        )?;
        transaction.commit().await?;
        rows.into_iter()
            .map(|(kind, state, count)| {
                let state: riverqueue::JobState = state.parse().map_err(|_| unknown_state())?;
                Ok(JobCount {
                    kind,
                    state: JobState::of(state)?,
                    count: u64::try_from(count).unwrap_or_default(),
                })
            })
            .collect()
    }

    /// What waits in each queue that has jobs, of the whole deployment.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn backlog(&self) -> Result<Vec<Backlog>> {
        let mut transaction = self.store().begin_read("jobs.backlog").await?;
        let rows = fetch_all!(
            self,
            &mut transaction,
            "jobs.backlog",
            (String, i64, i64, i64),
            &self.statements().backlog,
        )?;
        transaction.commit().await?;
        let rows = rows.into_iter();
        Ok(rows
            .map(|(queue, available, running, oldest)| Backlog {
                queue,
                available: u64::try_from(available).unwrap_or_default(),
                running: u64::try_from(running).unwrap_or_default(),
                // Some are available a moment before they are due.
                oldest: Duration::from_micros(u64::try_from(oldest).unwrap_or_default()),
            })
            .collect())
    }

    /// How long the job of a queue that has waited longest has been due; zero when none waits.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn waited_in(&self, transaction: &mut Transaction, queue: &str) -> Result<Duration> {
        let rows = fetch_all!(
            self,
            transaction,
            "jobs.waited",
            (i64,),
            &self.statements().waited,
            queue,
        )?;
        let waited = rows.first().map_or(0, |(waited,)| *waited);
        Ok(Duration::from_micros(
            u64::try_from(waited).unwrap_or_default(),
        ))
    }

    /// Cancels a job: one that waits never runs, one that runs is told to end: at once, or within a minute where its process
    /// was not connected to the database at that moment. Whether the tenant has such a job; one that has ended stays as it
    /// is.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn cancel(&self, tenant: &TenantId, id: JobId) -> Result<bool> {
        let operation = "jobs.cancel";
        let mut transaction = self.store().begin(operation).await?;
        let own = fetch_all!(
            self,
            &mut transaction,
            operation,
            (i64,),
            &self.statements().find,
            id.0,
            tenant.as_str(),
        )?;
        if own.is_empty() {
            return Ok(false);
        }
        let done = in_transaction!(&mut transaction, self.client().jobs().cancel(id.0));
        match done {
            Ok(_) => {}
            Err(riverqueue::Error::NotFound(_)) => return Ok(false),
            Err(source) => return Err(engine_error(operation, source)),
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Stops every process from taking new jobs of a queue; what runs goes on. It takes up to two seconds to be known
    /// everywhere. The queue is known once a runner has worked it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when no runner has worked the queue, [`ErrorKind::Store`].
    pub async fn pause(&self, queue: &str) -> Result<()> {
        check_queue(queue)?;
        let selector = QueueSelector::from(queue);
        let mut transaction = self.store().begin("jobs.pause").await?;
        in_transaction!(&mut transaction, self.client().queues().pause(selector))
            .map_err(|source| engine_error("jobs.pause", source))?;
        transaction.commit().await
    }

    /// Takes up a paused queue again.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub async fn resume(&self, queue: &str) -> Result<()> {
        check_queue(queue)?;
        let selector = QueueSelector::from(queue);
        let mut transaction = self.store().begin("jobs.resume").await?;
        in_transaction!(&mut transaction, self.client().queues().resume(selector))
            .map_err(|source| engine_error("jobs.resume", source))?;
        transaction.commit().await
    }
}

/// `None` for a job that names no tenant: not one of this crate's.
fn info(row: JobRow) -> Result<Option<JobInfo>> {
    let text = |key: &str| row.metadata.get::<String>(key).ok().flatten();
    let Some(tenant) = text("tenant").and_then(|tenant| TenantId::new(&tenant).ok()) else {
        return Ok(None);
    };
    Ok(Some(JobInfo {
        tenant,
        id: JobId(row.id),
        priority: Priority::of_number(row.priority),
        state: JobState::of(row.state)?,
        attempt: u32::try_from(row.attempt).unwrap_or_default(),
        max_attempts: u32::try_from(row.max_attempts).unwrap_or_default(),
        subject: text("subject"),
        integration: row.metadata.get("integration").ok().flatten(),
        origin: text("origin"),
        last_error: row.errors.last().map(|error| error.error.clone()),
        args: row.encoded_args.get().to_owned(),
        created_at: row.created_at,
        scheduled_at: row.scheduled_at,
        attempted_at: row.attempted_at,
        finalized_at: row.finalized_at,
        kind: row.kind,
        queue: row.queue,
    }))
}

fn unknown_state() -> Error {
    Error::new(
        ErrorKind::Store,
        "a job is in a state that this version does not know",
    )
}
