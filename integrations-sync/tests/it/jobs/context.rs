use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::DeadLetterFilter;
use integrations_sync::jobs::{Handler, JobContext, JobFilter, JobState, NewJob, Outcome, Workers};

use super::support::{Note, change, jobs, runner, until};
use crate::backend::{Backend, on_both_engines, tenant};

on_both_engines!(
    a_step_is_done_once,
    a_job_ends_together_with_its_rows,
    a_job_that_was_given_away_cannot_end,
    a_step_is_named_once,
);

/// Does two steps; the first try fails between them.
struct Steps {
    first: Arc<AtomicU32>,
    second: Arc<AtomicU32>,
}

#[async_trait]
impl Handler<Note> for Steps {
    async fn run(&self, cx: &JobContext, _job: Note) -> Result<Outcome> {
        let made = cx
            .step("make", async {
                let count = self.first.fetch_add(1, Ordering::SeqCst);
                // What a merge of JSON would lose.
                Ok((format!("made \"{count}\""), None::<u32>))
            })
            .await?;
        assert_eq!(made, ("made \"0\"".to_owned(), None));
        if cx.attempt() == 1 {
            return Err(Error::new(ErrorKind::Server, "made up"));
        }
        cx.step("tell", async {
            self.second.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .await?;
        if cx.attempt() == 2 {
            return Err(Error::new(ErrorKind::Server, "made up"));
        }
        Ok(Outcome::Done)
    }
}

async fn a_step_is_done_once(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let (first, second) = (Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
    let handler = Steps {
        first: Arc::clone(&first),
        second: Arc::clone(&second),
    };
    let workers = Workers::new().add::<Note>(handler);
    let running = runner(&jobs, workers).start().unwrap();
    let id = jobs
        .insert(&NewJob::new(&a, &Note::new("x")).unwrap())
        .await
        .unwrap();
    until("done", async || {
        let job = jobs.find(&a, id).await.unwrap().unwrap();
        job.state == JobState::Completed
    })
    .await;
    let job = jobs.find(&a, id).await.unwrap().unwrap();
    assert_eq!(job.attempt, 3);
    assert_eq!(first.load(Ordering::SeqCst), 1);
    assert_eq!(second.load(Ordering::SeqCst), 1);
    running.stop(Duration::from_secs(5)).await.unwrap();
}

/// Enqueues a follow-up in the transaction that ends the job; the first time it is rolled back.
struct Ending(Arc<AtomicU32>);

#[async_trait]
impl Handler<Note> for Ending {
    async fn run(&self, cx: &JobContext, job: Note) -> Result<Outcome> {
        if job.text == "follow-up" {
            return Ok(Outcome::Done);
        }
        let mut transaction = cx.jobs().store().begin("test").await?;
        let next = NewJob::new(cx.tenant(), &Note::new("follow-up"))?;
        cx.jobs().insert_in(&mut transaction, &[next]).await?;
        cx.complete_in(&mut transaction).await?;
        if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
            drop(transaction);
            return Err(Error::new(ErrorKind::Server, "made up"));
        }
        transaction.commit().await?;
        // Whatever comes after the commit does not undo it.
        Err(Error::new(ErrorKind::Validation, "made up"))
    }
}

async fn a_job_ends_together_with_its_rows(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let count = Arc::<AtomicU32>::default();
    let workers = Workers::new().add::<Note>(Ending(Arc::clone(&count)));
    let running = runner(&jobs, workers).start().unwrap();
    let id = jobs
        .insert(&NewJob::new(&a, &Note::new("x")).unwrap())
        .await
        .unwrap();
    until("both done", async || {
        let done = JobFilter::all().state(JobState::Completed);
        jobs.list(&a, &done).await.unwrap().len() == 2
    })
    .await;
    running.stop(Duration::from_secs(5)).await.unwrap();
    let job = jobs.find(&a, id).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempt), (JobState::Completed, 2));
    assert_eq!(count.load(Ordering::SeqCst), 2);
    let letters = backend.store.dead_letters();
    let open = letters.list(&a, &DeadLetterFilter::open()).await.unwrap();
    assert!(open.is_empty(), "it was done: {open:?}");
}

/// Somebody else is given the job while this handler works on it.
struct Robbed(Arc<Backend>, Arc<AtomicU32>);

#[async_trait]
impl Handler<Note> for Robbed {
    async fn run(&self, cx: &JobContext, _job: Note) -> Result<Outcome> {
        if cx.attempt() > 1 {
            return Ok(Outcome::Done);
        }
        let id = cx.id();
        change(
            &self.0,
            &format!("UPDATE {{s}}river_job SET attempt = 2 WHERE id = {id}"),
        )
        .await;
        let mut transaction = cx.jobs().store().begin("test").await?;
        let error = cx.complete_in(&mut transaction).await.unwrap_err();
        drop(transaction);
        assert_eq!(error.code(), Some("lost"));
        let error = cx.step("late", async { Ok(1) }).await.unwrap_err();
        assert_eq!(error.code(), Some("lost"));
        self.1.fetch_add(1, Ordering::SeqCst);
        // It may not bury the job of the other one either.
        Err(Error::new(ErrorKind::Validation, "made up"))
    }
}

async fn a_job_that_was_given_away_cannot_end(backend: Backend) {
    let backend = Arc::new(backend);
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let seen = Arc::<AtomicU32>::default();
    let handler = Robbed(Arc::clone(&backend), Arc::clone(&seen));
    let running = runner(&jobs, Workers::new().add::<Note>(handler))
        .start()
        .unwrap();
    jobs.insert(&NewJob::new(&a, &Note::new("x")).unwrap())
        .await
        .unwrap();
    until("seen", async || seen.load(Ordering::SeqCst) == 1).await;
    running.stop(Duration::from_secs(5)).await.unwrap();
}

struct Twice;

#[async_trait]
impl Handler<Note> for Twice {
    async fn run(&self, cx: &JobContext, _job: Note) -> Result<Outcome> {
        cx.step("same", async { Ok(1) }).await?;
        cx.step("same", async { Ok(2) }).await?;
        Ok(Outcome::Done)
    }
}

async fn a_step_is_named_once(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let running = runner(&jobs, Workers::new().add::<Note>(Twice))
        .start()
        .unwrap();
    jobs.insert(&NewJob::new(&a, &Note::new("x")).unwrap().max_attempts(1))
        .await
        .unwrap();
    let letters = backend.store.dead_letters();
    until("a dead letter", async || {
        let open = letters.list(&a, &DeadLetterFilter::open()).await.unwrap();
        open.iter().any(|letter| letter.message.contains("twice"))
    })
    .await;
    running.stop(Duration::from_secs(5)).await.unwrap();
}
