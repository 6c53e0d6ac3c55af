use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use integrations_core::{Error, ErrorKind, Result, TenantId};
use integrations_store::Transaction;
use riverqueue::tokio_util::sync::CancellationToken;
use riverqueue::{JobRow, WorkContext};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::database::execute;
use super::{JobId, Jobs};

/// Before the name of a step in the engine's metadata.
const STEP: &str = "step:";

/// One try of a job, for its handler.
pub struct JobContext {
    jobs: Jobs,
    tenant: TenantId,
    id: JobId,
    attempt: i64,
    max_attempts: u32,
    cancelled: CancellationToken,
    steps: Mutex<Steps>,
}

#[derive(Default)]
struct Steps {
    done: HashMap<String, Box<RawValue>>,
    seen: HashSet<String>,
}

impl JobContext {
    pub(super) fn new(jobs: &Jobs, context: &WorkContext, row: &JobRow, tenant: TenantId) -> Self {
        let all: HashMap<String, Box<RawValue>> = serde_json::to_string(&row.metadata)
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let done = all
            .into_iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(STEP)?.to_owned(), value)))
            .collect();
        Self {
            jobs: jobs.clone(),
            tenant,
            id: JobId(row.id),
            attempt: row.attempt.into(),
            max_attempts: u32::try_from(row.max_attempts).unwrap_or(1),
            cancelled: context.cancellation_token().clone(),
            steps: Mutex::new(Steps {
                done,
                seen: HashSet::new(),
            }),
        }
    }

    /// Whose job it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The job's id: the same at every try.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Which try this is, from one.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.attempt).unwrap_or(1)
    }

    /// How many tries there are in all.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Where to enqueue further jobs.
    #[must_use]
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Waits until the handler should end: the process stops, or somebody cancelled the job. Whatever the handler
    /// returns then, but [`Outcome::Done`](super::Outcome::Done) and an error that gives the job up, hands it back
    /// without counting the try. A handler that does not end by itself is dropped a second later.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + use<> {
        self.cancelled.clone().cancelled_owned()
    }

    /// Whether the handler should end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Does a part of the job once: its result is kept with the job, and later tries get it from there.
    ///
    /// A process that dies after the part, but before its result is kept, does it again. The name is unique in the job
    /// and stays what it is.
    ///
    /// # Errors
    /// What `part` fails with; [`ErrorKind::Config`] when the name was used already or is not 1 to 64 letters, digits
    /// and `_.:-`; [`ErrorKind::Conflict`] with the code `lost` when the job was given to another worker meanwhile.
    pub async fn step<T, F>(&self, name: &str, part: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T>>,
    {
        if let Some(done) = self.done(name)? {
            return Ok(done);
        }
        let value = part.await?;
        let mut transaction = self.jobs.store().begin("jobs.step").await?;
        self.keep(&mut transaction, name, &value).await?;
        transaction.commit().await?;
        Ok(value)
    }

    /// The result of a part that an earlier try kept: the first half of [`step`](Self::step), for a part that commits
    /// its own rows together with its result by [`keep_in`](Self::keep_in).
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn done<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let usable = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte));
        if !usable {
            return Err(Error::config(
                "a step's name is 1 to 64 letters, digits and _.:-",
            ));
        }
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if !steps.seen.insert(name.to_owned()) {
            return Err(Error::config("a step's name is used twice in one job"));
        }
        let Some(value) = steps.done.get(name) else {
            return Ok(None);
        };
        serde_json::from_str(value.get()).map(Some).map_err(|_| {
            Error::new(
                ErrorKind::Decode,
                "the kept result of a step is not what this step returns any more",
            )
        })
    }

    /// Keeps the result of a part in the caller's transaction.
    ///
    /// # Errors
    /// As [`step`](Self::step). The transaction is then to be rolled back.
    pub async fn keep_in<T: Serialize>(
        &self,
        transaction: &mut Transaction,
        name: &str,
        value: &T,
    ) -> Result<()> {
        self.keep(transaction, name, value).await
    }

    async fn keep<T: Serialize>(
        &self,
        transaction: &mut Transaction,
        name: &str,
        value: &T,
    ) -> Result<()> {
        let value = serde_json::to_string(value).map_err(|_| {
            Error::new(
                ErrorKind::Other,
                "the result of a step cannot be written as JSON",
            )
        })?;
        let rows = execute!(
            self.jobs,
            transaction,
            "jobs.step",
            &self.jobs.statements().step,
            self.id.0,
            self.attempt,
            format!("{STEP}{name}"),
            value.as_str(),
        )?;
        self.held(rows)
    }

    /// Ends the job in the caller's transaction: it is done when that commits, together with what else is in it. The
    /// handler then returns [`Outcome::Done`](super::Outcome::Done).
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] with the code `lost` when the job was given to another worker or cancelled meanwhile: roll
    /// back, the other one does it. [`ErrorKind::Store`].
    pub async fn complete_in(&self, transaction: &mut Transaction) -> Result<()> {
        let rows = execute!(
            self.jobs,
            transaction,
            "jobs.complete",
            &self.jobs.statements().complete,
            self.id.0,
            self.attempt,
        )?;
        self.held(rows)
    }

    fn held(&self, rows: u64) -> Result<()> {
        if rows == 1 {
            return Ok(());
        }
        Err(
            Error::new(ErrorKind::Conflict, "the job is not this worker's any more")
                .with_code("lost")
                .with_retryable(true),
        )
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
