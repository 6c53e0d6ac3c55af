use std::time::Duration;

use integrations_core::{Error, ErrorKind};
use integrations_sync::jobs::{JobRunner, JobState, NewJob, Outcome, Workers};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::support::{Note, Recorder, jobs, noting, runner, until};
use crate::backend::{Backend, on_both_engines, tenant};

on_both_engines!(
    a_stop_lets_running_jobs_end,
    what_does_not_end_is_handed_back_uncounted,
    a_cancelled_job_is_told_and_does_not_come_back,
    a_failure_because_of_the_stop_is_none,
    a_dropped_runner_hands_back_too,
);

async fn a_stop_lets_running_jobs_end(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let go: &'static Notify = Box::leak(Box::new(Notify::new()));
    let recorder = Recorder::new(move |_| async move {
        go.notified().await;
        Ok(Outcome::Done)
    });
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    let id = jobs
        .insert(&NewJob::new(&a, &Note::new("x")).unwrap())
        .await
        .unwrap();
    recorder.wait_calls(1).await;
    let stopping = tokio::spawn(running.stop(Duration::from_secs(20)));
    go.notify_one();
    stopping.await.unwrap().unwrap();
    let job = jobs.find(&a, id).await.unwrap().unwrap();
    assert_eq!(
        job.state,
        JobState::Completed,
        "written before the stop returns"
    );
}

async fn what_does_not_end_is_handed_back_uncounted(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let stuck = Recorder::new(|_| std::future::pending());
    let running = JobRunner::builder(&jobs, noting(&stuck)).start().unwrap();
    let slow = NewJob::new(&a, &Note::new("x")).unwrap();
    let id = jobs.insert(&slow).await.unwrap();
    stuck.wait_calls(1).await;
    let began = Instant::now();
    running.stop(Duration::from_millis(50)).await.unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    let job = jobs.find(&a, id).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempt), (JobState::Available, 0));
    assert_eq!(job.last_error, None);

    let recorder = Recorder::done();
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    recorder.wait_calls(1).await;
    assert_eq!(recorder.calls(), [("x".to_owned(), 1)]);
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn a_cancelled_job_is_told_and_does_not_come_back(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let stuck = Recorder::new(|_| std::future::pending());
    // Another process than the one that cancels, with time for it to hear of it.
    let other = super::support::jobs(&backend.another().await).await;
    let mut running = JobRunner::builder(&other, Workers::new().add(Slow(stuck.clone())))
        .start()
        .unwrap();
    // One that does not listen yet hears of it within a minute.
    running.ready().await.unwrap();
    let id = jobs
        .insert(&NewJob::new(&a, &SlowNote).unwrap())
        .await
        .unwrap();
    stuck.wait_calls(1).await;
    assert!(jobs.cancel(&a, id).await.unwrap());
    until("cancelled", async || {
        let job = jobs.find(&a, id).await.unwrap().unwrap();
        job.state == JobState::Cancelled
    })
    .await;
    running.stop(Duration::from_secs(5)).await.unwrap();
    assert_eq!(stuck.calls().len(), 1);
}

async fn a_failure_because_of_the_stop_is_none(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let stuck = Recorder::new(|_| std::future::pending());
    let running = JobRunner::builder(&jobs, Workers::new().add(Slow(stuck.clone())))
        .start()
        .unwrap();
    let id = jobs
        .insert(&NewJob::new(&a, &SlowNote).unwrap())
        .await
        .unwrap();
    stuck.wait_calls(1).await;
    running.stop(Duration::from_millis(10)).await.unwrap();
    let job = jobs.find(&a, id).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempt), (JobState::Available, 0));
}

async fn a_dropped_runner_hands_back_too(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let stuck = Recorder::new(|_| std::future::pending());
    let running = JobRunner::builder(&jobs, Workers::new().add(Slow(stuck.clone())))
        .start()
        .unwrap();
    let id = jobs
        .insert(&NewJob::new(&a, &SlowNote).unwrap())
        .await
        .unwrap();
    stuck.wait_calls(1).await;
    drop(running);
    until("handed back", async || {
        let job = jobs.find(&a, id).await.unwrap().unwrap();
        job.state == JobState::Available
    })
    .await;
}

/// A kind with a long time, whose handler fails when it is told to end.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct SlowNote;

impl integrations_sync::jobs::Job for SlowNote {
    const KIND: &'static str = "test.slow";
}

struct Slow(Recorder);

#[async_trait::async_trait]
impl integrations_sync::jobs::Handler<SlowNote> for Slow {
    async fn run(
        &self,
        cx: &integrations_sync::jobs::JobContext,
        _job: SlowNote,
    ) -> integrations_core::Result<Outcome> {
        self.0.record("slow", cx.attempt());
        cx.cancelled().await;
        assert!(cx.is_cancelled());
        Err(Error::new(ErrorKind::Timeout, "the call was cut short"))
    }
}
