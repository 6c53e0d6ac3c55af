//! Durable jobs: enqueued in the caller's transaction, tried again by policy, given up into the dead letters, and
//! handed back when a process stops or dies.
//!
//! A kind of work is a type that implements [`Job`]; [`Jobs`] enqueues it, a [`Handler`] does it, and a [`JobRunner`]
//! runs handlers for one process. The jobs live in the store's own database, so that a job and the rows that it is
//! about commit together.
//!
//! A job runs **at least once**: a process that dies in the middle has its jobs run again by another one. A handler
//! that must not do a thing twice commits its rows together with the job's end by [`JobContext::complete_in`], or keeps
//! what it has done already by [`JobContext::step`].
//!
//! ```no_run
//! use async_trait::async_trait;
//! use integrations_core::{Result, TenantId};
//! use integrations_store::Store;
//! use integrations_sync::jobs::{Handler, Job, JobContext, JobRunner, Jobs, NewJob, Outcome, Workers};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Serialize, Deserialize)]
//! struct Welcome {
//!     contact: String,
//! }
//!
//! impl Job for Welcome {
//!     const KIND: &'static str = "welcome";
//! }
//!
//! struct Welcomer;
//!
//! #[async_trait]
//! impl Handler<Welcome> for Welcomer {
//!     async fn run(&self, cx: &JobContext, job: Welcome) -> Result<Outcome> {
//!         println!("{}: welcome, {}", cx.tenant(), job.contact);
//!         Ok(Outcome::Done)
//!     }
//! }
//!
//! # async fn run() -> Result<()> {
//! let store = Store::open("sqlite://crm.db").await?;
//! store.migrate().await?;
//! let jobs = Jobs::new(&store)?;
//! jobs.migrate().await?;
//!
//! let runner = JobRunner::builder(&jobs, Workers::new().add::<Welcome>(Welcomer)).start()?;
//! let tenant = TenantId::new("acme")?;
//! jobs.insert(&NewJob::new(&tenant, &Welcome { contact: "c1".to_owned() })?).await?;
//! runner.stop(std::time::Duration::from_secs(30)).await?;
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use integrations_core::IntegrationId;
use serde::Serialize;
use serde::de::DeserializeOwned;

mod adapter;
mod alive;
mod client;
mod context;
mod database;
mod failure;
mod handler;
mod insert;
mod list;
mod maintain;
mod new;
mod replay;
mod retry;
mod runner;
mod statements;
mod wake;

pub use client::Jobs;
pub use context::JobContext;
pub use handler::{Handler, Outcome, Workers};
pub use list::{Backlog, JobCount, JobFilter, JobInfo, JobState};
pub use new::{JobId, NewJob, Priority};
pub use retry::RetryPolicy;
pub use runner::{JobRunner, RunnerBuilder, RunningJobs};

/// The queue of kinds that name none, and of jobs that are known by their kind's name alone.
pub const DEFAULT_QUEUE: &str = "default";

/// One kind of work: the arguments, and how such work is treated.
pub trait Job: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Stored with each job; it never changes. 2 to 127 letters, digits and `_-./:+`, for example `inbox.lane`.
    const KIND: &'static str;

    /// The queue: what runs together under one limit of concurrency. Lowercase letters, digits, `_` and `-`.
    const QUEUE: &'static str = DEFAULT_QUEUE;

    /// When a failed job is tried again: ten tries, the second after a minute, then ever later.
    fn retry() -> RetryPolicy {
        RetryPolicy::default()
    }

    /// How long one try may take: a minute. A try that takes longer is cancelled and counts as failed.
    ///
    /// Keep it short and cut long work into [steps](JobContext::step) or many jobs: a job of a process that died is run
    /// again only after this time.
    fn timeout() -> Duration {
        Duration::from_secs(60)
    }

    /// What the job is about, for lists and dead letters: an id, never personal data.
    fn subject(&self) -> Option<String> {
        None
    }

    /// The integration that the job works for, for lists and dead letters.
    fn integration(&self) -> Option<IntegrationId> {
        None
    }
}
