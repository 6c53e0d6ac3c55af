use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::Result;
use integrations_sync::jobs::{Handler, JobContext, JobFilter, JobState, NewJob, Outcome, Workers};

use super::support::{Note, Recorder, jobs, noting, runner, until};
use crate::backend::{Backend, on_both_engines, tenant};

on_both_engines!(
    many_processes_run_each_job_once,
    handlers_that_write_do_not_block_the_queue,
);

async fn many_processes_run_each_job_once(backend: Backend) {
    let a = tenant("a");
    let recorder = Recorder::done();
    let mut runners = Vec::new();
    for _ in 0..3 {
        let jobs = jobs(&backend.another().await).await;
        // Every process rescues and makes due; none of that may double a job.
        let running = runner(&jobs, noting(&recorder))
            .maintain_every(Duration::from_millis(20))
            .start()
            .unwrap();
        runners.push((jobs, running));
    }
    let senders: Vec<_> = runners
        .iter()
        .enumerate()
        .map(|(at, (jobs, _))| {
            let (jobs, a) = (jobs.clone(), a.clone());
            tokio::spawn(async move {
                for n in 0..100 {
                    let job = NewJob::new(&a, &Note::new(&format!("{at}/{n}"))).unwrap();
                    let wait = if n % 5 == 0 { 1_200 } else { 0 };
                    let job = job.delay(Duration::from_millis(wait));
                    jobs.insert(&job).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let jobs = runners[0].0.clone();
    until("all done", async || {
        let counts = jobs.counts(&a).await.unwrap();
        counts
            .iter()
            .any(|count| count.state == JobState::Completed && count.count == 300)
    })
    .await;
    let counts = recorder.counts();
    assert_eq!(counts.len(), 300);
    assert!(counts.values().all(|count| *count == 1));
    for (_, running) in runners {
        running.stop(Duration::from_secs(5)).await.unwrap();
    }
}

/// Needs a transaction for its rows, as most handlers do.
struct Writing(Arc<tokio::sync::Barrier>);

#[async_trait]
impl Handler<Note> for Writing {
    async fn run(&self, cx: &JobContext, job: Note) -> Result<Outcome> {
        if job.text == "next" {
            return Ok(Outcome::Done);
        }
        // All of them at once want what on SQLite is one connection, which the engine wants too.
        self.0.wait().await;
        cx.step("mark", async { Ok(1) }).await?;
        let mut transaction = cx.jobs().store().begin("test").await?;
        let next = NewJob::new(cx.tenant(), &Note::new("next"))?;
        cx.jobs().insert_in(&mut transaction, &[next]).await?;
        tokio::task::yield_now().await;
        cx.complete_in(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Outcome::Done)
    }
}

async fn handlers_that_write_do_not_block_the_queue(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let barrier = Arc::new(tokio::sync::Barrier::new(32));
    let running = runner(&jobs, Workers::new().add::<Note>(Writing(barrier)))
        .queue("default", 40)
        .rescue_after(Duration::from_secs(20))
        .start()
        .unwrap();
    let batch: Vec<_> = (0..32)
        .map(|at| NewJob::new(&a, &Note::new(&format!("{at}"))).unwrap())
        .collect();
    jobs.insert_many(&batch).await.unwrap();
    until("all done", async || {
        let done = JobFilter::all().state(JobState::Completed).limit(500);
        jobs.list(&a, &done).await.unwrap().len() == 64
    })
    .await;
    running.stop(Duration::from_secs(5)).await.unwrap();
}
