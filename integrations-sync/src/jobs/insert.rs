use std::collections::HashMap;

use integrations_core::{Error, ErrorKind, IntegrationId, Result};
use integrations_store::Transaction;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::database::fetch_all;
use super::new::Due;
use super::{JobId, Jobs, NewJob};
use crate::origin;

/// So many jobs go into one statement.
const BATCH: usize = 5_000;

/// One job as the statement reads it.
#[derive(Serialize)]
struct Row<'a> {
    args: &'a RawValue,
    kind: &'a str,
    queue: &'a str,
    priority: i16,
    tries: u16,
    meta: Meta<'a>,
    delay: i64,
    at: Option<i64>,
    unique: Option<String>,
}

/// What the engine keeps beside the arguments.
#[derive(Serialize)]
struct Meta<'a> {
    tenant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration: Option<IntegrationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
}

impl Jobs {
    /// Enqueues a job. When its [unique](NewJob::unique) key is taken, that is the id of the job that is there.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when the queue's name or the key is not usable, [`ErrorKind::Store`].
    pub async fn insert(&self, job: &NewJob) -> Result<JobId> {
        let ids = self.insert_many(std::slice::from_ref(job)).await?;
        ids.first().copied().ok_or_else(no_row)
    }

    /// Enqueues many jobs, all or none.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub async fn insert_many(&self, jobs: &[NewJob]) -> Result<Vec<JobId>> {
        let mut transaction = self.store().begin("jobs.insert").await?;
        let ids = self.insert_in(&mut transaction, jobs).await?;
        transaction.commit().await?;
        for job in jobs {
            self.wake(&job.queue);
        }
        Ok(ids)
    }

    /// Enqueues jobs in a transaction: they are there when it commits, and only then. The ids are in the order of the
    /// jobs.
    ///
    /// Call [`wake`](Self::wake) after the commit, so that runners look at once instead of at their next poll.
    ///
    /// # Errors
    /// As [`insert`](Self::insert). The transaction is then to be rolled back.
    pub async fn insert_in(
        &self,
        transaction: &mut Transaction,
        jobs: &[NewJob],
    ) -> Result<Vec<JobId>> {
        let mut ids = Vec::with_capacity(jobs.len());
        for batch in jobs.chunks(BATCH) {
            self.insert_batch(transaction, batch, &mut ids).await?;
        }
        Ok(ids)
    }

    async fn insert_batch(
        &self,
        transaction: &mut Transaction,
        jobs: &[NewJob],
        ids: &mut Vec<JobId>,
    ) -> Result<()> {
        let origin = origin::current();
        let mut rows = Vec::with_capacity(jobs.len());
        // One statement cannot touch a row twice: jobs with the same key share one.
        let mut keys: HashMap<String, usize> = HashMap::new();
        let mut places = Vec::with_capacity(jobs.len());
        for job in jobs {
            job.check()?;
            let unique = job.unique.as_deref().map(|key| unique_key(job, key));
            if let Some(key) = &unique
                && let Some(place) = keys.get(key)
            {
                places.push(*place);
                continue;
            }
            if let Some(key) = &unique {
                keys.insert(key.clone(), rows.len());
            }
            places.push(rows.len());
            rows.push(row(job, unique, origin.as_deref()));
        }
        let input = serde_json::to_string(&rows)
            .map_err(|_| Error::new(ErrorKind::Other, "the jobs cannot be written as JSON"))?;
        let inserted = fetch_all!(
            self,
            transaction,
            "jobs.insert",
            (i64,),
            &self.statements().insert,
            input.as_str(),
        )?;
        if inserted.len() != rows.len() {
            return Err(no_row());
        }
        ids.extend(
            places
                .into_iter()
                .filter_map(|place| inserted.get(place))
                .map(|(id,)| JobId(*id)),
        );
        Ok(())
    }
}

fn row<'a>(job: &'a NewJob, unique: Option<String>, origin: Option<&'a str>) -> Row<'a> {
    let (delay, at) = match job.due {
        Due::After(wait) => (i64::try_from(wait.as_micros()).unwrap_or(FAR), None),
        Due::At(at) => (0, Some(at.as_microsecond().min(FAR))),
    };
    Row {
        args: &job.args,
        kind: &job.kind,
        queue: &job.queue,
        priority: job.priority.number(),
        tries: job.max_attempts,
        meta: Meta {
            tenant: job.tenant.as_str(),
            subject: job.subject.as_deref(),
            integration: job.integration,
            origin,
        },
        delay: delay.min(FAR / 2),
        at,
        unique,
    }
}

/// The year 5138: both engines' times reach it.
const FAR: i64 = 100_000_000_000_000_000;

/// Of tenant, kind and key, each with its length, so that no two of them look alike.
fn unique_key(job: &NewJob, key: &str) -> String {
    let mut hash = Sha256::new();
    for part in [job.tenant.as_str(), &job.kind, key] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

fn no_row() -> Error {
    Error::new(
        ErrorKind::Store,
        "the database did not say which jobs it enqueued",
    )
}
