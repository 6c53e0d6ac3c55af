//! Our facade.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Error, ErrorKind, Result, TenantId};
use integrations_store::{Store, StoreOptions};
use integrations_sync::jobs::{
    Handler, Job, JobContext, JobRunner, Jobs, NewJob, Outcome, Workers,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::{
    BATCH, BULK, Figures, PICKUPS, Place, SINGLE, TASKS, WORKERS, pause, percentile, rate,
};

#[derive(Clone, Serialize, Deserialize)]
struct Noop {
    payload: String,
}

impl Job for Noop {
    const KIND: &'static str = "bench.noop";
}

/// Counts, and tells when it begins.
struct Counting {
    count: Arc<AtomicU32>,
    began: mpsc::UnboundedSender<Instant>,
}

#[async_trait]
impl Handler<Noop> for Counting {
    async fn run(&self, _cx: &JobContext, _job: Noop) -> Result<Outcome> {
        let _ = self.began.send(Instant::now());
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(Outcome::Done)
    }
}

pub(super) async fn round(place: &Place) -> Result<Figures> {
    let options = StoreOptions::new().schema(place.schema.as_str());
    let store = Store::open_with(&place.url, options).await?;
    store.migrate().await?;
    let jobs = Jobs::new(&store)?;
    jobs.migrate().await?;
    let tenant = TenantId::new("acme")?;
    let job = NewJob::new(
        &tenant,
        &Noop {
            payload: "p".repeat(200),
        },
    )?;
    let mut figures = Figures::default();

    let began = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (jobs, job) = (jobs.clone(), job.clone());
            tokio::spawn(async move {
                for _ in 0..SINGLE / TASKS {
                    jobs.insert(&job).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await
            .map_err(|_| Error::new(ErrorKind::Other, "a task panicked"))??;
    }
    figures.enqueue_single = rate(SINGLE, began);

    let batch = vec![job.clone(); usize::try_from(BATCH).unwrap_or_default()];
    let began = Instant::now();
    for _ in 0..BULK / BATCH {
        jobs.insert_many(&batch).await?;
    }
    figures.enqueue_batch = rate(BULK, began);

    let count = Arc::<AtomicU32>::default();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let handler = Counting {
        count: Arc::clone(&count),
        began: sender,
    };
    let began = Instant::now();
    let running = JobRunner::builder(&jobs, Workers::new().add::<Noop>(handler))
        .queue("default", WORKERS)
        .poll_every(place.poll)
        .start()?;
    while count.load(Ordering::Relaxed) < SINGLE + BULK {
        sleep(Duration::from_millis(1)).await;
    }
    figures.process = rate(SINGLE + BULK, began);

    while receiver.try_recv().is_ok() {}
    let mut waits = Vec::new();
    for at in 0..PICKUPS {
        sleep(pause(at)).await;
        let began = Instant::now();
        jobs.insert(&job).await?;
        if let Some(at) = receiver.recv().await {
            waits.push(at - began);
        }
    }
    figures.pickup_p50_ms = percentile(&mut waits, 50);
    figures.pickup_p99_ms = percentile(&mut waits, 99);
    running.stop(Duration::from_secs(10)).await?;
    store.close().await;
    Ok(figures)
}
