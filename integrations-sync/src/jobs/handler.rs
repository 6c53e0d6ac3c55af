use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Error, Result};

use super::adapter::Adapter;
use super::{Job, JobContext, Jobs, RetryPolicy};

/// Does one kind of work.
#[async_trait]
pub trait Handler<J: Job>: Send + Sync + 'static {
    /// Does one job. It may run again: see [the module](super).
    ///
    /// # Errors
    /// An error that is [retryable](integrations_core::Error::is_retryable), or that speaks against the connection, is
    /// tried again by [`Job::retry`], or when the error says so; any other gives the job up at once. A job that is given
    /// up is a dead letter. The error's message is stored: it holds no secret and nothing of the arguments.
    async fn run(&self, cx: &JobContext, job: J) -> Result<Outcome>;
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is done.
    Done,
    /// It runs again after this time; this was no failed try.
    Snooze(Duration),
}

/// What the maintenance knows of a kind.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) queue: &'static str,
    pub(super) timeout: Duration,
    pub(super) retry: RetryPolicy,
}

type Register = Box<
    dyn FnOnce(
            &mut riverqueue::Workers,
            &Jobs,
            Duration,
        ) -> std::result::Result<(), riverqueue::Error>
        + Send,
>;

/// The handlers of one process: one for each kind.
///
/// A runner leaves jobs of other kinds to other processes; so a kind that no process handles any more waits for ever.
#[must_use]
#[derive(Default)]
pub struct Workers {
    pub(super) kinds: Vec<Kind>,
    register: Vec<Register>,
}

impl Workers {
    /// No handler.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the handler of one kind.
    #[expect(
        clippy::should_implement_trait,
        reason = "nothing is summed: a handler joins the others"
    )]
    pub fn add<J: Job>(mut self, handler: impl Handler<J>) -> Self {
        self.kinds.push(Kind {
            name: J::KIND,
            queue: J::QUEUE,
            timeout: J::timeout(),
            retry: J::retry(),
        });
        let handler: Arc<dyn Handler<J>> = Arc::new(handler);
        self.register.push(Box::new(move |workers, jobs, grace| {
            workers
                .add(Adapter::new(handler, jobs.clone(), grace))
                .map(drop)
        }));
        self
    }

    /// Adds the handlers of other parts of the program.
    pub fn merge(mut self, others: Self) -> Self {
        self.kinds.extend(others.kinds);
        self.register.extend(others.register);
        self
    }

    pub(super) fn into_engine(self, jobs: &Jobs, grace: Duration) -> Result<riverqueue::Workers> {
        let mut workers = riverqueue::Workers::new();
        for register in self.register {
            register(&mut workers, jobs, grace).map_err(|_| {
                Error::config(
                    "a kind of job has two handlers, or its name is not 2 to 127 letters, digits and _-./:+",
                )
            })?;
        }
        Ok(workers)
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}
