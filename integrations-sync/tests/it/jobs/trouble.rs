//! What the engine does not do by itself, or does otherwise than one would want.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{DeadLetterFilter, Store, StoreOptions};
use integrations_sync::jobs::{
    Handler, Job, JobContext, JobFilter, JobId, JobState, Jobs, NewJob, Outcome, Priority, Workers,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

#[path = "../../../../integrations-store/tests/it/pooler.rs"]
mod pooler;

use super::support::{Note, Recorder, change, jobs, noting, runner, until};
use crate::backend::{Backend, on_both_engines, tenant};

on_both_engines!(
    a_snooze_is_no_failed_try,
    the_wait_that_the_provider_asks_for_is_kept,
    a_delay_is_kept_to_the_moment,
    promise_05_a_job_of_a_dead_process_runs_again,
    promise_05_a_dead_process_is_not_waited_for,
    a_long_job_of_a_living_process_is_left_to_it,
    a_job_that_kills_its_process_ends_as_a_dead_letter,
    kinds_that_nobody_here_handles_are_left_alone,
    arguments_that_cannot_be_read_are_a_dead_letter_at_once,
    what_the_engine_gave_up_is_a_dead_letter_too,
    urgent_jobs_come_first,
    done_jobs_are_forgotten,
    a_paused_queue_waits,
);

async fn insert(jobs: &Jobs, text: &str) -> JobId {
    let job = NewJob::new(&tenant("a"), &Note::new(text)).unwrap();
    jobs.insert(&job).await.unwrap()
}

async fn state(jobs: &Jobs, id: JobId) -> Option<JobState> {
    let job = jobs.find(&tenant("a"), id).await.unwrap();
    job.map(|job| job.state)
}

async fn until_done(jobs: &Jobs, id: JobId) {
    until("done", async || {
        state(jobs, id).await == Some(JobState::Completed)
    })
    .await;
}

async fn a_snooze_is_no_failed_try(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let recorder = Recorder::new({
        let snoozed = AtomicU32::new(0);
        move |_| {
            let before = snoozed.fetch_add(1, Ordering::SeqCst);
            async move {
                // More often than the kind has tries.
                Ok(if before < 6 {
                    Outcome::Snooze(Duration::from_millis(10))
                } else {
                    Outcome::Done
                })
            }
        }
    });
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    let id = insert(&jobs, "x").await;
    until_done(&jobs, id).await;
    let attempts: Vec<_> = recorder.calls().into_iter().map(|call| call.1).collect();
    assert_eq!(attempts, [1; 7]);
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn the_wait_that_the_provider_asks_for_is_kept(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let recorder = Recorder::new(|call| async move {
        if call.attempt == 1 {
            let wait = Duration::from_millis(1_500);
            return Err(Error::new(ErrorKind::RateLimited, "made up").with_retry_after(wait));
        }
        Ok(Outcome::Done)
    });
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    let id = insert(&jobs, "x").await;
    recorder.wait_calls(1).await;
    let first = Instant::now();
    recorder.wait_calls(2).await;
    let waited = first.elapsed();
    assert!(waited >= Duration::from_millis(1_400), "{waited:?}");
    until_done(&jobs, id).await;
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn a_delay_is_kept_to_the_moment(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let recorder = Recorder::done();
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    let began = Instant::now();
    for (text, millis) in [("short", 400), ("long", 1_600)] {
        let job = NewJob::new(&tenant("a"), &Note::new(text)).unwrap();
        let job = job.delay(Duration::from_millis(millis));
        jobs.insert(&job).await.unwrap();
    }
    recorder.wait_calls(1).await;
    assert!(began.elapsed() >= Duration::from_millis(390));
    recorder.wait_calls(2).await;
    assert!(began.elapsed() >= Duration::from_millis(1_590));
    let texts: Vec<_> = recorder.calls().into_iter().map(|call| call.0).collect();
    assert_eq!(texts, ["short", "long"]);
    running.stop(Duration::from_secs(5)).await.unwrap();
}

/// What a process that was killed leaves behind.
async fn left_running(backend: &Backend, id: JobId, attempt: u32) {
    change(
        backend,
        &format!(
            "UPDATE {{s}}river_job SET state = 'running', attempt = {attempt}, attempted_at = {{now}} WHERE id = {id}"
        ),
    )
    .await;
}

async fn promise_05_a_job_of_a_dead_process_runs_again(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let id = insert(&jobs, "x").await;
    left_running(&backend, id, 1).await;
    let recorder = Recorder::done();
    let began = Instant::now();
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    until_done(&jobs, id).await;
    assert_eq!(recorder.calls(), [("x".to_owned(), 2)]);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(900), "not before: {took:?}");
    running.stop(Duration::from_secs(5)).await.unwrap();
}

/// A kind that may take long.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Long;

impl Job for Long {
    const KIND: &'static str = "test.long";

    fn timeout() -> Duration {
        Duration::from_secs(60 * 60)
    }
}

/// Counts how often it began, and ends when it is allowed to.
#[derive(Debug, Clone, Default)]
struct Patient(Arc<AtomicU32>, Arc<Notify>);

#[async_trait]
impl Handler<Long> for Patient {
    async fn run(&self, _: &JobContext, _: Long) -> Result<Outcome> {
        self.0.fetch_add(1, Ordering::SeqCst);
        self.1.notified().await;
        Ok(Outcome::Done)
    }
}

impl Patient {
    fn began(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }

    fn workers(&self) -> Workers {
        Workers::new().add::<Long>(self.clone())
    }
}

/// Whatever time its job was given.
async fn promise_05_a_dead_process_is_not_waited_for(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let (dead, heir) = (Patient::default(), Patient::default());
    let id = jobs
        .insert(&NewJob::new(&tenant("a"), &Long).unwrap())
        .await
        .unwrap();
    // As good as a process: it ends in the midst of everything.
    let dying = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let backend = Arc::new(backend);
    dying.spawn({
        let (backend, workers) = (Arc::clone(&backend), dead.workers());
        async move {
            let store = backend.another().await;
            let jobs = Jobs::new(&store).unwrap();
            let _running = runner(&jobs, workers).start().unwrap();
            std::future::pending::<()>().await;
        }
    });
    until("begun", async || dead.began() == 1).await;
    dying.shutdown_background();
    assert_eq!(state(&jobs, id).await, Some(JobState::Running));
    let second = runner(&jobs, heir.workers()).start().unwrap();
    until("taken over", async || heir.began() == 1).await;
    heir.1.notify_one();
    until_done(&jobs, id).await;
    second.stop(Duration::from_secs(5)).await.unwrap();
}

async fn a_long_job_of_a_living_process_is_left_to_it(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let (owner, other) = (Patient::default(), Patient::default());
    let first = runner(&jobs, owner.workers()).start().unwrap();
    let id = jobs
        .insert(&NewJob::new(&tenant("a"), &Long).unwrap())
        .await
        .unwrap();
    until("begun", async || owner.began() == 1).await;
    let second = runner(&jobs, other.workers()).start().unwrap();
    // Three times what a dead process is waited for, and while it is told to stop, too.
    let began = Instant::now();
    let stopping = tokio::spawn(first.stop(Duration::from_secs(20)));
    until("time passes", async || {
        began.elapsed() > Duration::from_secs(3)
    })
    .await;
    owner.1.notify_one();
    until_done(&jobs, id).await;
    stopping.await.unwrap().unwrap();
    assert_eq!((owner.began(), other.began()), (1, 0));
    second.stop(Duration::from_secs(5)).await.unwrap();
}

async fn a_job_that_kills_its_process_ends_as_a_dead_letter(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let id = insert(&jobs, "x").await;
    left_running(&backend, id, 3).await;
    let recorder = Recorder::done();
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    let letters = backend.store.dead_letters();
    let open = DeadLetterFilter::open();
    until("a dead letter", async || {
        letters.list(&tenant("a"), &open).await.unwrap().len() == 1
    })
    .await;
    let letter = &letters.list(&tenant("a"), &open).await.unwrap()[0];
    assert_eq!((letter.cause.as_str(), letter.attempts), ("crashed", 3));
    assert_eq!(letter.subject.as_deref(), Some("note:1"));
    assert!(recorder.calls().is_empty());
    assert!(state(&jobs, id).await.is_none());
    // It is not lost: somebody who repaired the handler replays it.
    let again = jobs.replay(&tenant("a"), letter.id).await.unwrap().unwrap();
    until_done(&jobs, again).await;
    assert_eq!(recorder.calls(), [("x".to_owned(), 1)]);
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn kinds_that_nobody_here_handles_are_left_alone(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let recorder = Recorder::done();
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    let waiting = insert(&jobs, "x").await;
    let left = insert(&jobs, "y").await;
    until("both done", async || recorder.calls().len() == 2).await;
    until_done(&jobs, waiting).await;
    until_done(&jobs, left).await;
    // Of a later version of the program, which is being rolled out.
    for id in [waiting, left] {
        change(
            &backend,
            &format!(
                "UPDATE {{s}}river_job SET kind = 'test.later', state = 'available', attempt = 0, \
                 finalized_at = NULL WHERE id = {id}"
            ),
        )
        .await;
    }
    left_running(&backend, left, 1).await;
    change(
        &backend,
        &format!("UPDATE {{s}}river_job SET attempted_at = {{hour_ago}} WHERE id = {left}"),
    )
    .await;
    let marker = insert(&jobs, "z").await;
    left_running(&backend, marker, 1).await;
    until_done(&jobs, marker).await;
    assert_eq!(state(&jobs, waiting).await, Some(JobState::Available));
    assert_eq!(state(&jobs, left).await, Some(JobState::Running));
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn arguments_that_cannot_be_read_are_a_dead_letter_at_once(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let id = insert(&jobs, "x").await;
    let (json, cast) = match backend.store.engine() {
        integrations_store::Engine::Sqlite => ("jsonb('", "')"),
        _ => ("'", "'::jsonb"),
    };
    change(
        &backend,
        &format!(
            "UPDATE {{s}}river_job SET args = {json}{{\"text\": [\"planted-name\"]}}{cast} WHERE id = {id}"
        ),
    )
    .await;
    let recorder = Recorder::done();
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    let letters = backend.store.dead_letters();
    let open = DeadLetterFilter::open();
    until("a dead letter", async || {
        letters.list(&tenant("a"), &open).await.unwrap().len() == 1
    })
    .await;
    let letter = &letters.list(&tenant("a"), &open).await.unwrap()[0];
    assert_eq!((letter.cause.as_str(), letter.attempts), ("decode", 1));
    assert!(letter.payload.contains("planted-name"));
    assert!(!format!("{letter:?}").contains("planted"), "{letter:?}");
    assert!(recorder.calls().is_empty());
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn what_the_engine_gave_up_is_a_dead_letter_too(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let id = insert(&jobs, "x").await;
    change(
        &backend,
        &format!(
            "UPDATE {{s}}river_job SET state = 'discarded', attempt = 2, finalized_at = {{now}} WHERE id = {id}"
        ),
    )
    .await;
    let running = runner(&jobs, noting(&Recorder::done())).start().unwrap();
    let letters = backend.store.dead_letters();
    until("a dead letter", async || {
        let open = DeadLetterFilter::open().kind("test.note");
        letters.list(&tenant("a"), &open).await.unwrap().len() == 1
    })
    .await;
    assert!(state(&jobs, id).await.is_none());
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn urgent_jobs_come_first(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    for (text, priority) in [
        ("bulk", Priority::Bulk),
        ("normal", Priority::Normal),
        ("urgent", Priority::Urgent),
    ] {
        let job = NewJob::new(&tenant("a"), &Note::new(text)).unwrap();
        jobs.insert(&job.priority(priority)).await.unwrap();
    }
    let backlog = jobs.backlog().await.unwrap();
    assert_eq!((backlog.len(), backlog[0].queue.as_str()), (1, "default"));
    assert_eq!((backlog[0].available, backlog[0].running), (3, 0));
    assert!(backlog[0].oldest < Duration::from_secs(20));
    let mut transaction = backend.store.begin("test").await.unwrap();
    let waited = jobs.waited_in(&mut transaction, "default").await.unwrap();
    assert!(
        waited > Duration::ZERO && waited < Duration::from_secs(20),
        "{waited:?}"
    );
    let none = jobs.waited_in(&mut transaction, "other").await.unwrap();
    assert_eq!(none, Duration::ZERO);
    transaction.commit().await.unwrap();
    let recorder = Recorder::done();
    let running = runner(&jobs, noting(&recorder))
        .queue("default", 1)
        .start()
        .unwrap();
    recorder.wait_calls(3).await;
    let texts: Vec<_> = recorder.calls().into_iter().map(|call| call.0).collect();
    assert_eq!(texts, ["urgent", "normal", "bulk"]);
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn done_jobs_are_forgotten(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let recorder = Recorder::done();
    let running = runner(&jobs, noting(&recorder))
        .keep_completed(Duration::ZERO)
        .maintain_every(Duration::from_millis(10))
        .start()
        .unwrap();
    insert(&jobs, "x").await;
    recorder.wait_calls(1).await;
    until("forgotten", async || {
        let all = jobs.list(&tenant("a"), &JobFilter::all()).await.unwrap();
        all.is_empty()
    })
    .await;
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn a_paused_queue_waits(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    assert_eq!(
        jobs.pause("default").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let recorder = Recorder::done();
    let mut running = runner(&jobs, noting(&recorder)).start().unwrap();
    running.ready().await.unwrap();
    jobs.pause("default").await.unwrap();
    // It is known everywhere when jobs are no longer taken.
    let mut last = insert(&jobs, "before").await;
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if state(&jobs, last).await == Some(JobState::Available) {
            break;
        }
        assert!(Instant::now() < deadline, "never paused");
        last = insert(&jobs, "before").await;
    }
    jobs.resume("default").await.unwrap();
    until_done(&jobs, last).await;
    running.stop(Duration::from_secs(5)).await.unwrap();
}

/// Behind a pooler in transaction mode no prepared statement stays and nobody listens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_jobs_run_on_connections_past_it() {
    let Some(backend) = Backend::postgres().await else {
        return;
    };
    let url = pooler::start(&backend.url).await;
    let options = StoreOptions::new()
        .schema(backend.schema.as_str())
        .transaction_pooling(true);
    let store = Store::open_with(&url, options).await.unwrap();
    let behind = Jobs::new(&store).unwrap();
    let error = behind.migrate().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let recorder = Recorder::done();
    let error = runner(&behind, noting(&recorder)).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");

    let past = Jobs::with_sessions(&store, &backend.url).unwrap();
    past.migrate().await.unwrap();
    let running = runner(&past, noting(&recorder)).start().unwrap();
    // Another process, which only enqueues and looks.
    for _ in 0..10 {
        let id = insert(&behind, "x").await;
        until_done(&behind, id).await;
    }
    let cancelled = NewJob::new(&tenant("a"), &Note::new("y"))
        .unwrap()
        .delay(Duration::from_secs(3600));
    let id = behind.insert(&cancelled).await.unwrap();
    assert!(behind.cancel(&tenant("a"), id).await.unwrap());
    assert_eq!(behind.counts(&tenant("a")).await.unwrap().len(), 2);
    assert_eq!(recorder.calls().len(), 10);
    running.stop(Duration::from_secs(5)).await.unwrap();
}

/// One connection, which the engine, the handlers and the maintenance share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_run_in_memory() {
    let store = Store::open("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    let jobs = jobs(&store).await;
    let recorder = Recorder::done();
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    let id = insert(&jobs, "x").await;
    until_done(&jobs, id).await;
    running.stop(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn a_runner_that_cannot_work_says_why() {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let jobs = Jobs::new(&store).unwrap();
    let recorder = Recorder::done();
    let none = runner(&jobs, Workers::new()).start();
    let twice = runner(&jobs, noting(&recorder).merge(noting(&recorder))).start();
    let short = runner(&jobs, noting(&recorder))
        .rescue_after(Duration::from_millis(10))
        .start();
    let name = runner(&jobs, noting(&recorder)).queue("No Such", 1).start();
    let size = runner(&jobs, noting(&recorder)).queue("a", 0).start();
    for refused in [none, twice, short, name, size] {
        let error = refused.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Config | ErrorKind::Validation),
            "{error}"
        );
    }
}
