use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result};
use integrations_store::Engine;
use riverqueue::tokio_util::sync::CancellationToken;
use riverqueue::{QueueConfig, RunHandle};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::alive::Alive;
use super::client::{COOLDOWN, builder};
use super::database::engine_error;
use super::maintain::Maintenance;
use super::new::check_queue;
use super::{Jobs, Workers};

/// How many jobs of one queue a process runs at once, when nothing is said.
const CONCURRENCY: usize = 16;
/// The most of what follows after a handler's time is over, before its job counts as stuck.
const GRACE: Duration = Duration::from_secs(10);
/// How long the engine waits for a cancelled worker before it aborts it; ours have let go by then.
const STUCK: Duration = Duration::from_secs(5);

/// Runs jobs in this process.
#[derive(Debug)]
pub struct JobRunner(());

impl JobRunner {
    /// A runner of these handlers; start it with [`RunnerBuilder::start`].
    pub fn builder(jobs: &Jobs, workers: Workers) -> RunnerBuilder {
        // SQLite cannot notify: a poll is one look into an index, every 50 ms.
        let poll = match jobs.store().engine() {
            Engine::Sqlite => Duration::from_millis(50),
            _ => Duration::from_millis(200),
        };
        RunnerBuilder {
            jobs: jobs.clone(),
            workers,
            queues: BTreeMap::new(),
            rescue_after: Duration::from_secs(75),
            poll,
            maintain_every: Duration::from_secs(1),
            keep_completed: Duration::from_secs(60 * 60),
        }
    }
}

/// How a process runs jobs.
#[derive(Debug)]
#[must_use = "nothing runs before `start`"]
pub struct RunnerBuilder {
    jobs: Jobs,
    workers: Workers,
    queues: BTreeMap<String, usize>,
    rescue_after: Duration,
    poll: Duration,
    maintain_every: Duration,
    keep_completed: Duration,
}

impl RunnerBuilder {
    /// Runs this queue, so many jobs at once in this process. Without any, the queues of all handlers are run, 16 jobs
    /// at once of each.
    pub fn queue(mut self, name: impl Into<String>, concurrency: usize) -> Self {
        self.queues.insert(name.into(), concurrency);
        self
    }

    /// After how long of silence a process is taken for dead, and its jobs are run again: 75 seconds, whatever their kinds'
    /// own [timeouts](super::Job::timeout) are. A process that lives says so three times as often. Down to a second, for tests.
    pub fn rescue_after(mut self, age: Duration) -> Self {
        self.rescue_after = age;
        self
    }

    /// How often each queue is looked into when nobody tells of new jobs: 50 ms on SQLite, where nobody can; 200 ms on
    /// PostgreSQL.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.poll = interval;
        self
    }

    /// How often this process looks for jobs that became due, are stuck, or are old: every second. Every process does it
    /// for all; there is no leader to lose.
    pub fn maintain_every(mut self, interval: Duration) -> Self {
        self.maintain_every = interval;
        self
    }

    /// How long done jobs stay listed: an hour. Cancelled ones stay a day.
    pub fn keep_completed(mut self, age: Duration) -> Self {
        self.keep_completed = age;
        self
    }

    /// Starts. The tables must be there: see [`Jobs::migrate`].
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when there is no handler, two for one kind, a queue's name or number or one of the times
    /// is not usable, when this is called outside a Tokio runtime, or when the store is behind a pooler and the jobs have no
    /// [sessions](Jobs::with_sessions).
    pub fn start(self) -> Result<RunningJobs> {
        self.check()?;
        // A little time to write down how a try ended before others take it for dead.
        let grace = GRACE.min(self.rescue_after / 5);
        let kinds = self.workers.kinds.clone();
        let mut queues = self.queues;
        if queues.is_empty() {
            let names: BTreeSet<_> = kinds.iter().map(|kind| kind.queue).collect();
            queues.extend(names.into_iter().map(|name| (name.to_owned(), CONCURRENCY)));
        }
        let mut client = builder(self.jobs.store(), self.jobs.sessions()?)?
            .workers(self.workers.into_engine(&self.jobs, grace)?)
            // The leader's services are ours: a dead leader's lease would hold up every other process for 15 seconds,
            // and it throws away jobs of kinds that it does not know.
            .without_leader_election()
            .fetch_only_known_kinds(true)
            .fetch_cooldown(COOLDOWN)
            .job_timeout(self.rescue_after)
            .job_stuck_threshold(STUCK);
        for (name, concurrency) in queues {
            check_queue(&name)?;
            let config = QueueConfig::new(concurrency).with_fetch_poll_interval(self.poll);
            client = client.queue(name, config);
        }
        let client = client
            .build()
            .map_err(|source| engine_error("jobs.start", source))?;
        let alive = Alive {
            jobs: self.jobs.clone(),
            id: client.id().to_owned(),
            dead_after: self.rescue_after,
        };
        let handle = client
            .start()
            .map_err(|source| engine_error("jobs.start", source))?;
        let stop = CancellationToken::new();
        let maintenance = Maintenance {
            jobs: self.jobs,
            kinds,
            grace,
            rescue_after: self.rescue_after,
            every: self.maintain_every,
            keep_completed: self.keep_completed,
        };
        let maintaining = tokio::spawn(maintenance.run(stop.clone()));
        let living = CancellationToken::new();
        tokio::spawn(alive.run(living.clone()));
        Ok(RunningJobs {
            handle,
            stop,
            living,
            maintaining: Some(maintaining),
        })
    }

    fn check(&self) -> Result<()> {
        if self.workers.kinds.is_empty() {
            return Err(Error::config("a job runner needs a handler"));
        }
        let short = Duration::from_secs(1);
        if self.rescue_after < short {
            return Err(Error::config(
                "a job runner's rescue_after is a second at least",
            ));
        }
        if self.poll < COOLDOWN || self.maintain_every.is_zero() {
            return Err(Error::config(
                "a job runner polls every 5 ms at most, and its maintenance needs an interval",
            ));
        }
        Ok(())
    }
}

/// Jobs that run in this process, until it is stopped or dropped.
///
/// Dropped, it cancels what runs and does not wait: such jobs are run again after the time of
/// [`RunnerBuilder::rescue_after`], as after a crash.
#[must_use = "dropped, it cancels what runs"]
pub struct RunningJobs {
    handle: RunHandle,
    stop: CancellationToken,
    /// Cancelled when nothing runs any more.
    living: CancellationToken,
    maintaining: Option<JoinHandle<()>>,
}

impl RunningJobs {
    /// Waits until every queue is being worked.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] when the runner ended before.
    pub async fn ready(&mut self) -> Result<()> {
        self.handle
            .wait_ready()
            .await
            .map_err(|source| engine_error("jobs.ready", source))
    }

    /// Waits until the runner ends by itself, which it does only when it cannot go on.
    ///
    /// # Errors
    /// [`ErrorKind::Store`]: why it ended.
    pub async fn ended(&mut self) -> Result<()> {
        let ended = self.handle.wait().await;
        ended.map_err(|source| engine_error("jobs.run", source))
    }

    /// Stops: takes no new jobs, lets running ones end within `limit`, then cancels the rest and hands them back, so
    /// that another process runs them at once and no try is counted.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] when what ran could not be written down; it is run again like after a crash.
    pub async fn stop(mut self, limit: Duration) -> Result<()> {
        self.stop.cancel();
        let stopped = match timeout(limit, self.handle.stop()).await {
            Ok(stopped) => stopped,
            Err(_) => self.handle.stop_and_cancel().await,
        };
        self.living.cancel();
        if let Some(maintaining) = self.maintaining.take() {
            maintaining.await.map_err(|_| {
                Error::new(ErrorKind::Other, "the maintenance of the jobs panicked")
            })?;
        }
        stopped.map_err(|source| engine_error("jobs.stop", source))
    }
}

impl Drop for RunningJobs {
    fn drop(&mut self) {
        self.stop.cancel();
        self.living.cancel();
    }
}

impl fmt::Debug for RunningJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningJobs").finish_non_exhaustive()
    }
}
