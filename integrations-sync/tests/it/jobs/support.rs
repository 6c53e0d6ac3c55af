//! A kind of job whose handler is a closure, and waiting for what becomes true.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::Result;
use integrations_store::Store;
use integrations_sync::jobs::{
    Handler, Job, JobContext, JobRunner, Jobs, Outcome, RetryPolicy, RunnerBuilder, Workers,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::backend::Backend;

/// The kind of most tests: what it does is up to the test's handler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) text: String,
}

impl Note {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
        }
    }
}

impl Job for Note {
    const KIND: &'static str = "test.note";

    fn retry() -> RetryPolicy {
        RetryPolicy::new(3, Duration::from_millis(20))
    }

    fn timeout() -> Duration {
        Duration::from_millis(700)
    }

    fn subject(&self) -> Option<String> {
        Some(format!("note:{}", self.text.len()))
    }
}

type Run = dyn Fn(Arc<Call>) -> Pin<Box<dyn Future<Output = Result<Outcome>> + Send>> + Send + Sync;

/// One call of the handler.
pub(crate) struct Call {
    pub(crate) attempt: u32,
    pub(crate) text: String,
}

/// A handler that records its calls and then does what the test says.
#[derive(Clone)]
pub(crate) struct Recorder {
    calls: Arc<Mutex<Vec<(String, u32)>>>,
    run: Arc<Run>,
}

impl Recorder {
    pub(crate) fn new<F, R>(run: F) -> Self
    where
        F: Fn(Arc<Call>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Outcome>> + Send + 'static,
    {
        Self {
            calls: Arc::default(),
            run: Arc::new(move |call| Box::pin(run(call))),
        }
    }

    pub(crate) fn done() -> Self {
        Self::new(|_| async { Ok(Outcome::Done) })
    }

    pub(crate) fn record(&self, text: &str, attempt: u32) {
        self.calls.lock().unwrap().push((text.to_owned(), attempt));
    }

    /// The texts and attempts of all calls so far.
    pub(crate) fn calls(&self) -> Vec<(String, u32)> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn counts(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        for (text, _) in self.calls() {
            *counts.entry(text).or_default() += 1;
        }
        counts
    }

    pub(crate) async fn wait_calls(&self, count: usize) {
        until("enough calls", async || self.calls().len() >= count).await;
    }
}

#[async_trait]
impl Handler<Note> for Recorder {
    async fn run(&self, cx: &JobContext, job: Note) -> Result<Outcome> {
        self.record(&job.text, cx.attempt());
        let call = Call {
            attempt: cx.attempt(),
            text: job.text,
        };
        (self.run)(Arc::new(call)).await
    }
}

/// The jobs of a store, their tables made.
pub(crate) async fn jobs(store: &Store) -> Jobs {
    let jobs = Jobs::new(store).unwrap();
    jobs.migrate().await.unwrap();
    jobs
}

/// A runner with intervals for tests.
pub(crate) fn runner(jobs: &Jobs, workers: Workers) -> RunnerBuilder {
    JobRunner::builder(jobs, workers)
        .poll_every(Duration::from_millis(20))
        .maintain_every(Duration::from_millis(100))
        .rescue_after(Duration::from_secs(1))
}

pub(crate) fn noting(handler: &Recorder) -> Workers {
    Workers::new().add::<Note>(handler.clone())
}

/// Polls until something is true; fails the test after 20 seconds.
pub(crate) async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Rows of the engine's own tables, as another program would read them.
pub(crate) async fn texts(backend: &Backend, sqlite: &str, postgres: &str) -> Vec<String> {
    use integrations_store::SqlxTransaction;
    use sqlx::AssertSqlSafe;
    let mut transaction = backend.store.begin("test").await.unwrap();
    let rows: Vec<(String,)> = match transaction.sqlx() {
        SqlxTransaction::Sqlite(inner) => sqlx::query_as(AssertSqlSafe(sqlite.to_owned()))
            .fetch_all(&mut **inner)
            .await
            .unwrap(),
        SqlxTransaction::Postgres(inner) => {
            let text = postgres.replace("{s}", &format!("\"{}\".", backend.schema));
            sqlx::query_as(AssertSqlSafe(text))
                .fetch_all(&mut **inner)
                .await
                .unwrap()
        }
        _ => panic!("an engine that this test does not know"),
    };
    transaction.commit().await.unwrap();
    rows.into_iter().map(|(text,)| text).collect()
}

/// Changes the engine's tables, as a crash or another program would. `{now}` and `{hour_ago}` are times.
pub(crate) async fn change(backend: &Backend, sql: &str) {
    let sqlite = sql
        .replace("{s}", "main.")
        .replace("{now}", "datetime('now', 'subsec')")
        .replace("{hour_ago}", "datetime('now', 'subsec', '-1 hour')");
    let postgres = sql
        .replace("{now}", "now()")
        .replace("{hour_ago}", "now() - interval '1 hour'");
    texts(
        backend,
        &format!("{sqlite} RETURNING ''"),
        &format!("{postgres} RETURNING ''"),
    )
    .await;
}
