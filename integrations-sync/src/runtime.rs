//! All of it in one process: jobs, inbox, and what keeps them going.
//!
//! Every process of a deployment builds the same [`Runtime`] on the same database and starts it; each does a share of
//! the work, and any of them may be killed. A process that only receives needs no [`start`](Runtime::start): what it
//! stores, the others work on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result};
use integrations_store::IntegrationManager;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::flow::{Flows, Transform};
use crate::inbox::{EventHandler, Inbox, InboxBuilder, LaneJob, Sweeper};
use crate::jobs::{DEFAULT_QUEUE, Handler, Job, JobRunner, Jobs, RunningJobs, Workers};
use crate::outgoing::{Outgoing, OutgoingBuilder};
use crate::schedule::{Renewals, RenewalsBuilder, Scheduler};

mod deliveries;
mod flows;
mod gauges;
mod handlers;
mod loops;
mod purge;
mod ticks;

use flows::FlowWorker;
use handlers::Handlers;

pub use deliveries::DeliverJob;
pub use flows::RunJob;
pub use gauges::Health;
pub use purge::{Forgotten, Retention};
pub use ticks::run_schedule;

/// The runtime of one process. Clones share it.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    manager: IntegrationManager,
    jobs: Jobs,
    inbox: Inbox,
    flows: FlowWorker,
    outgoing: Outgoing,
    scheduler: Scheduler,
    renewals: Renewals,
    retention: Retention,
    causes: gauges::Shown,
}

/// Builds a [`Runtime`].
#[must_use]
pub struct RuntimeBuilder {
    manager: IntegrationManager,
    jobs: Jobs,
    inbox: InboxBuilder,
    handler: Option<Arc<dyn EventHandler>>,
    transforms: Vec<Arc<dyn Transform>>,
    outgoing: OutgoingBuilder,
    renewals: RenewalsBuilder,
    retention: Retention,
}

impl RuntimeBuilder {
    /// What the application does with the events of webhooks, after the flows have done their part.
    pub fn handler(mut self, handler: impl EventHandler + 'static) -> Self {
        self.handler = Some(Arc::new(handler));
        self
    }

    /// Rewrites contacts on their way through every flow; in the order in which they are added.
    pub fn transform(mut self, transform: impl Transform + 'static) -> Self {
        self.transforms.push(Arc::new(transform));
        self
    }

    /// Changes the settings of outgoing webhooks: addresses, retries, who is told of a disabled endpoint.
    pub fn outgoing(mut self, change: impl FnOnce(OutgoingBuilder) -> OutgoingBuilder) -> Self {
        self.outgoing = change(self.outgoing);
        self
    }

    /// Changes the settings of renewals: who is told of one that keeps failing.
    pub fn renewals(mut self, change: impl FnOnce(RenewalsBuilder) -> RenewalsBuilder) -> Self {
        self.renewals = change(self.renewals);
        self
    }

    /// How long what is finished is kept.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Changes the inbox's settings: attempts, timeouts, retention, room.
    pub fn inbox(mut self, change: impl FnOnce(InboxBuilder) -> InboxBuilder) -> Self {
        self.inbox = change(self.inbox);
        self
    }

    /// The runtime; nothing runs yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the connections of outgoing webhooks cannot be
    /// set up.
    pub fn build(self) -> Result<Runtime> {
        let mut flows = Flows::new(self.manager.store(), self.manager.clone());
        for transform in self.transforms {
            flows = flows.with_shared_transform(transform);
        }
        let flows = FlowWorker {
            manager: self.manager.clone(),
            flows: Arc::new(flows),
        };
        let handlers = Handlers {
            flows: flows.clone(),
            application: self.handler,
        };
        Ok(Runtime(Arc::new(Inner {
            inbox: self.inbox.handler(handlers).build(),
            outgoing: self.outgoing.queue(self.jobs.clone()).build()?,
            scheduler: Scheduler::new(self.manager.store(), self.jobs.clone()),
            renewals: self.renewals.build(),
            retention: self.retention,
            causes: gauges::Shown::default(),
            manager: self.manager,
            jobs: self.jobs,
            flows,
        })))
    }
}

impl Runtime {
    /// A runtime for these integrations, in their manager's store.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the store cannot hold jobs: it is read-only, or
    /// its PostgreSQL schema has a name that the job engine does not take.
    pub fn builder(manager: &IntegrationManager) -> Result<RuntimeBuilder> {
        Ok(Self::builder_with(manager, Jobs::new(manager.store())?))
    }

    /// The same with these jobs, which are of the manager's store: behind a pooler in transaction mode, those of
    /// [`Jobs::with_sessions`].
    pub fn builder_with(manager: &IntegrationManager, jobs: Jobs) -> RuntimeBuilder {
        let store = manager.store();
        RuntimeBuilder {
            inbox: Inbox::builder(store, jobs.clone()).vault(manager.vault()),
            outgoing: Outgoing::builder(store, manager.vault()),
            renewals: Renewals::builder(store, manager.clone()),
            manager: manager.clone(),
            jobs,
            handler: None,
            transforms: Vec::new(),
            retention: Retention::default(),
        }
    }

    /// Brings the tables up to date: the store's and those of the jobs. Any number of processes may do it at once.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn migrate(&self) -> Result<()> {
        self.0.manager.store().migrate().await?;
        self.0.jobs.migrate().await
    }

    /// The integrations.
    #[must_use]
    pub fn manager(&self) -> &IntegrationManager {
        &self.0.manager
    }

    /// Where jobs are enqueued.
    #[must_use]
    pub fn jobs(&self) -> &Jobs {
        &self.0.jobs
    }

    /// Where events are stored.
    #[must_use]
    pub fn inbox(&self) -> &Inbox {
        &self.0.inbox
    }

    /// The flows: two-way sync.
    #[must_use]
    pub fn flows(&self) -> &Flows {
        &self.0.flows.flows
    }

    /// Webhooks to other systems.
    #[must_use]
    pub fn outgoing(&self) -> &Outgoing {
        &self.0.outgoing
    }

    /// What starts by itself.
    #[must_use]
    pub fn scheduler(&self) -> &Scheduler {
        &self.0.scheduler
    }

    /// Subscriptions to webhooks that end unless they are renewed.
    #[must_use]
    pub fn renewals(&self) -> &Renewals {
        &self.0.renewals
    }

    /// A worker of this runtime in this process; see [`WorkerBuilder::start`].
    pub fn worker(&self) -> WorkerBuilder {
        WorkerBuilder {
            runtime: self.clone(),
            workers: Workers::new()
                .add::<LaneJob>(self.0.inbox.clone())
                .add::<RunJob>(self.0.flows.clone())
                .add::<DeliverJob>(self.0.outgoing.clone()),
            queues: BTreeMap::new(),
            concurrency: 16,
            rescue_after: None,
            sweep_every: Duration::from_secs(1),
        }
    }

    /// [`worker`](Self::worker) with the usual settings.
    ///
    /// # Errors
    /// As [`WorkerBuilder::start`].
    pub fn start(&self) -> Result<Running> {
        self.worker().start()
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("manager", &self.0.manager)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RuntimeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeBuilder")
            .field("manager", &self.manager)
            .finish_non_exhaustive()
    }
}

/// How this process works.
#[must_use = "nothing runs before `start`"]
pub struct WorkerBuilder {
    runtime: Runtime,
    workers: Workers,
    queues: BTreeMap<String, usize>,
    concurrency: usize,
    rescue_after: Option<Duration>,
    sweep_every: Duration,
}

impl WorkerBuilder {
    /// Adds the handler of an own kind of job; 16 at once of its queue unless [`queue`](Self::queue) says otherwise.
    pub fn job<J: Job>(mut self, handler: impl Handler<J>) -> Self {
        self.workers = self.workers.add::<J>(handler);
        self.queues.entry(J::QUEUE.to_owned()).or_insert(16);
        self
    }

    /// How many jobs of a queue run at once in this process: `flows` 2, `outgoing` 32, own ones 16.
    pub fn queue(mut self, name: impl Into<String>, concurrency: usize) -> Self {
        self.queues.insert(name.into(), concurrency);
        self
    }

    /// How many lanes of events are worked on at once in this process; 16 by default.
    pub fn concurrency(mut self, lanes: usize) -> Self {
        self.concurrency = lanes.max(1);
        self
    }

    /// After how long of silence a process is taken for dead, and its jobs are run again; 75 s by default.
    pub fn rescue_after(mut self, age: Duration) -> Self {
        self.rescue_after = Some(age);
        self
    }

    /// How often to look for events that no job will come for; every second by default.
    pub fn sweep_every(mut self, interval: Duration) -> Self {
        self.sweep_every = interval.max(Duration::from_millis(10));
        self
    }

    /// Starts to work, in the background.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] outside of a Tokio runtime, or when two handlers are
    /// for one kind of job.
    pub fn start(self) -> Result<Running> {
        let inner = &self.runtime.0;
        let mut runner = JobRunner::builder(&inner.jobs, self.workers)
            .queue(LaneJob::QUEUE, self.concurrency)
            .queue(RunJob::QUEUE, 2)
            .queue(DeliverJob::QUEUE, 32)
            // Whatever queue its kind names, a job that a schedule started waits here.
            .queue(DEFAULT_QUEUE, 16);
        for (queue, concurrency) in self.queues {
            runner = runner.queue(queue, concurrency);
        }
        if let Some(age) = self.rescue_after {
            runner = runner.rescue_after(age);
        }
        let jobs = runner.start()?;
        let sweeper = inner.inbox.start_sweeper(self.sweep_every);
        let (stop, _) = watch::channel(false);
        let loops = [
            tokio::spawn(loops::gauges(self.runtime.clone(), stop.subscribe())),
            tokio::spawn(loops::schedules(self.runtime.clone(), stop.subscribe())),
            tokio::spawn(loops::renewals(self.runtime.clone(), stop.subscribe())),
            tokio::spawn(loops::purges(self.runtime.clone(), stop.subscribe())),
            tokio::spawn(loops::probes(self.runtime, stop.subscribe())),
        ];
        Ok(Running {
            jobs,
            sweeper,
            stop,
            loops,
        })
    }
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("workers", &self.workers)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// A process at work, until it is stopped or dropped.
#[must_use = "dropped, it cancels what runs"]
#[derive(Debug)]
pub struct Running {
    jobs: RunningJobs,
    sweeper: Sweeper,
    stop: watch::Sender<bool>,
    loops: [JoinHandle<()>; 5],
}

impl Running {
    /// Waits until the queues are being worked.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] when the worker ended before.
    pub async fn ready(&mut self) -> Result<()> {
        self.jobs.ready().await
    }

    /// Stops: takes nothing new, lets what runs end within `limit`, and gives the rest back, so that another process
    /// goes on with it at once.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] when it could not be written down what ended: another
    /// process then takes it up as after a crash.
    pub async fn stop(self, limit: Duration) -> Result<()> {
        // Nobody listens any more when the loops are gone.
        let _ = self.stop.send(true);
        self.sweeper.stop().await;
        let stopped = self.jobs.stop(limit).await;
        for ended in self.loops {
            ended.await.map_err(|_| {
                Error::new(
                    ErrorKind::Other,
                    "a part of the runtime panicked while it stopped",
                )
            })?;
        }
        stopped
    }
}
