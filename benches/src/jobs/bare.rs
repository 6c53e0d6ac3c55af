//! The engine as its own documentation sets it up, with the same cooldown and poll interval.

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result};
use riverqueue::database::{PostgresDatabase, SchemaName};
use riverqueue::migrate::{PostgresMigrator, SqliteMigrator};
use riverqueue::sqlx::postgres::{PgPool, PgPoolOptions};
use riverqueue::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use riverqueue::sqlx::{AssertSqlSafe, query};
use riverqueue::{
    BoxError, Client, ClientBuilder, Job, JobArgs, QueueConfig, WorkContext, WorkOutcome, Workers,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::{
    BATCH, BULK, COOLDOWN, Figures, PICKUPS, Place, SINGLE, TASKS, WORKERS, pause, percentile, rate,
};

#[derive(Clone, Serialize, Deserialize)]
struct Noop {
    payload: String,
}

impl JobArgs for Noop {
    const KIND: &'static str = "bench_noop";
}

enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool, SchemaName),
}

impl Pool {
    async fn open(place: &Place) -> std::result::Result<Self, BoxError> {
        if place.url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(&place.url)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(5));
            let pool = SqlitePoolOptions::new()
                .max_connections(5)
                .connect_with(options)
                .await?;
            SqliteMigrator::new(pool.clone()).migrate_up().await?;
            return Ok(Self::Sqlite(pool));
        }
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .connect(&place.url)
            .await?;
        let create = format!("CREATE SCHEMA \"{}\"", place.schema);
        query(AssertSqlSafe(create)).execute(&pool).await?;
        let schema = SchemaName::new(place.schema.as_str())?;
        PostgresMigrator::new(pool.clone())
            .with_schema(schema.clone())
            .migrate_up()
            .await?;
        Ok(Self::Postgres(pool, schema))
    }

    fn client(&self) -> ClientBuilder {
        let builder = match self {
            Self::Sqlite(pool) => Client::builder(pool.clone()),
            Self::Postgres(pool, schema) => {
                Client::builder(PostgresDatabase::new(pool.clone()).with_schema(schema.clone()))
            }
        };
        builder.fetch_cooldown(COOLDOWN)
    }

    async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool, _) => pool.close().await,
        }
    }
}

pub(super) async fn round(place: &Place) -> Result<Figures> {
    measure(place)
        .await
        .map_err(|error| Error::new(ErrorKind::Other, format!("the bare engine failed: {error}")))
}

async fn measure(place: &Place) -> std::result::Result<Figures, BoxError> {
    let pool = Pool::open(place).await?;
    let client = pool.client().build()?;
    let job = Noop {
        payload: "p".repeat(200),
    };
    let mut figures = Figures::default();

    let began = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (client, job) = (client.clone(), job.clone());
            tokio::spawn(async move {
                for _ in 0..SINGLE / TASKS {
                    client.insert(job.clone()).await?;
                }
                Ok::<_, riverqueue::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    figures.enqueue_single = rate(SINGLE, began);

    let batch = vec![job.clone(); usize::try_from(BATCH).unwrap_or_default()];
    let began = Instant::now();
    for _ in 0..BULK / BATCH {
        client.insert_many(batch.clone()).await?;
    }
    figures.enqueue_batch = rate(BULK, began);

    let count = Arc::<AtomicU32>::default();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut workers = Workers::new();
    let counted = Arc::clone(&count);
    workers.add_fn(move |_: WorkContext, _: Job<Noop>| {
        let _ = sender.send(Instant::now());
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok::<_, BoxError>(WorkOutcome::Complete))
    })?;
    let began = Instant::now();
    let worker = pool
        .client()
        .workers(workers)
        .queue(
            "default",
            QueueConfig::new(WORKERS).with_fetch_poll_interval(place.poll),
        )
        .build()?;
    let mut running = worker.start()?;
    while count.load(Ordering::Relaxed) < SINGLE + BULK {
        sleep(Duration::from_millis(1)).await;
    }
    figures.process = rate(SINGLE + BULK, began);

    while receiver.try_recv().is_ok() {}
    let mut waits = Vec::new();
    for at in 0..PICKUPS {
        sleep(pause(at)).await;
        let began = Instant::now();
        client.insert(job.clone()).await?;
        if let Some(at) = receiver.recv().await {
            waits.push(at - began);
        }
    }
    figures.pickup_p50_ms = percentile(&mut waits, 50);
    figures.pickup_p99_ms = percentile(&mut waits, 99);
    running.stop().await?;
    pool.close().await;
    Ok(figures)
}
