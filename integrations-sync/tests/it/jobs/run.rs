use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Error, ErrorKind, IntegrationId, Result};
use integrations_store::{DeadLetterFilter, DeadLetterStatus, DeadSource};
use integrations_sync::jobs::{
    Handler, Job, JobContext, JobFilter, JobState, NewJob, Outcome, Priority, Workers,
};
use serde::{Deserialize, Serialize};

use super::support::{Note, Recorder, jobs, noting, runner, until};
use crate::backend::{Backend, on_both_engines, tenant};

on_both_engines!(
    jobs_run_once_each,
    a_failure_that_may_pass_is_tried_again,
    a_failure_that_stays_is_a_dead_letter_at_once,
    tries_end_in_a_dead_letter,
    a_dead_letter_names_the_integration_and_is_replayed_or_dropped,
);

async fn jobs_run_once_each(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let recorder = Recorder::done();
    let mut running = runner(&jobs, noting(&recorder)).start().unwrap();
    running.ready().await.unwrap();
    let batch: Vec<_> = (0..200)
        .map(|at| NewJob::new(&a, &Note::new(&format!("{at}"))).unwrap())
        .collect();
    jobs.insert_many(&batch).await.unwrap();
    until("all done", async || {
        let done = JobFilter::all().state(JobState::Completed).limit(500);
        jobs.list(&a, &done).await.unwrap().len() == 200
    })
    .await;
    let counts = recorder.counts();
    assert_eq!(counts.len(), 200);
    assert!(counts.values().all(|count| *count == 1));
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn a_failure_that_may_pass_is_tried_again(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let recorder = Recorder::new(|call| async move {
        match call.attempt {
            1 => Err(Error::new(ErrorKind::Server, "made up")),
            2 => Err(Error::new(ErrorKind::Auth, "made up")),
            _ => Ok(Outcome::Done),
        }
    });
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    let id = jobs
        .insert(&NewJob::new(&a, &Note::new("x")).unwrap())
        .await
        .unwrap();
    until("done", async || {
        let job = jobs.find(&a, id).await.unwrap().unwrap();
        job.state == JobState::Completed
    })
    .await;
    let attempts: Vec<_> = recorder
        .calls()
        .into_iter()
        .map(|(_, attempt)| attempt)
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn a_failure_that_stays_is_a_dead_letter_at_once(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let recorder = Recorder::new(|_| async {
        Err(
            Error::new(ErrorKind::Validation, "the e-mail address is refused")
                .with_code("bad_email"),
        )
    });
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    let id = jobs
        .insert(&NewJob::new(&a, &Note::new("x")).unwrap())
        .await
        .unwrap();
    let letters = backend.store.dead_letters();
    until("a dead letter", async || {
        !letters
            .list(&a, &DeadLetterFilter::open())
            .await
            .unwrap()
            .is_empty()
    })
    .await;
    let open = letters.list(&a, &DeadLetterFilter::open()).await.unwrap();
    let letter = &open[0];
    assert_eq!(open.len(), 1);
    assert_eq!(letter.source, DeadSource::Job);
    assert_eq!(letter.source_id, id.to_string());
    assert_eq!(letter.kind, "test.note");
    assert_eq!(letter.subject.as_deref(), Some("note:1"));
    assert_eq!(letter.cause, "validation");
    assert_eq!(letter.code.as_deref(), Some("bad_email"));
    assert!(letter.message.contains("refused"), "{}", letter.message);
    assert_eq!(letter.attempts, 1);
    assert_eq!(recorder.calls().len(), 1);
    assert!(
        jobs.find(&a, id).await.unwrap().is_none(),
        "it is there once"
    );
    running.stop(Duration::from_secs(5)).await.unwrap();
}

async fn tries_end_in_a_dead_letter(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let recorder = Recorder::new(|call| async move {
        match call.text.as_str() {
            "panic" => panic!("planted-panic"),
            "slow" => std::future::pending().await,
            _ => Err(Error::new(ErrorKind::Server, "made up")),
        }
    });
    let running = runner(&jobs, noting(&recorder)).start().unwrap();
    for text in ["panic", "slow", "error"] {
        let job = NewJob::new(&a, &Note::new(text)).unwrap();
        jobs.insert(&job).await.unwrap();
    }
    let letters = backend.store.dead_letters();
    until("three dead letters", async || {
        letters
            .list(&a, &DeadLetterFilter::open())
            .await
            .unwrap()
            .len()
            == 3
    })
    .await;
    let mut causes: Vec<_> = letters
        .list(&a, &DeadLetterFilter::open())
        .await
        .unwrap()
        .into_iter()
        .map(|letter| {
            assert_eq!(letter.attempts, 3);
            assert!(!letter.message.contains("planted"));
            (letter.cause, letter.payload)
        })
        .collect();
    causes.sort();
    let words: Vec<_> = causes.iter().map(|(cause, _)| cause.as_str()).collect();
    assert_eq!(words, ["panic", "server", "timeout"]);
    assert!(causes[0].1.contains("panic"), "the arguments are kept");
    for text in ["panic", "slow", "error"] {
        assert_eq!(recorder.counts()[text], 3);
    }
    running.stop(Duration::from_secs(5)).await.unwrap();
}

/// A kind that works for an integration, on a queue of its own.
#[derive(Clone, Serialize, Deserialize)]
struct Push {
    integration: IntegrationId,
    hard: bool,
}

impl Job for Push {
    const KIND: &'static str = "test.push";
    const QUEUE: &'static str = "pushes";

    fn integration(&self) -> Option<IntegrationId> {
        Some(self.integration)
    }
}

struct Pusher;

#[async_trait]
impl Handler<Push> for Pusher {
    async fn run(&self, _cx: &JobContext, job: Push) -> Result<Outcome> {
        if job.hard {
            return Err(Error::new(ErrorKind::NotFound, "the contact is gone"));
        }
        Ok(Outcome::Done)
    }
}

async fn a_dead_letter_names_the_integration_and_is_replayed_or_dropped(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let (a, b) = (tenant("a"), tenant("b"));
    let integration = backend.active(&a, "loc1").await.id;
    let workers = Workers::new().add::<Push>(Pusher);
    let running = runner(&jobs, workers).start().unwrap();
    let job = Push {
        integration,
        hard: true,
    };
    let letters = backend.store.dead_letters();
    let new = NewJob::new(&a, &job)
        .unwrap()
        .priority(Priority::Bulk)
        .max_attempts(4);
    jobs.insert_many(&[new.clone(), new.clone(), new])
        .await
        .unwrap();
    let open = DeadLetterFilter::open();
    until("dead letters", async || {
        letters.list(&a, &open).await.unwrap().len() == 3
    })
    .await;
    running.stop(Duration::from_secs(5)).await.unwrap();

    let all = letters.list(&a, &open).await.unwrap();
    let first = &all[0];
    assert_eq!(first.integration, Some(integration));
    let counts = letters.counts(&a).await.unwrap();
    assert_eq!((counts.len(), counts[0].count), (1, 3));
    assert_eq!(counts[0].cause, "not_found");
    for other in [
        open.clone().kind("other"),
        open.clone().cause("server"),
        open.clone().source(DeadSource::Event),
    ] {
        assert!(letters.list(&a, &other).await.unwrap().is_empty());
    }
    // Another tenant sees, replays and drops nothing.
    assert!(letters.list(&b, &open).await.unwrap().is_empty());
    assert!(letters.find(&b, first.id).await.unwrap().is_none());
    assert!(jobs.replay(&b, first.id).await.unwrap().is_none());
    assert!(!letters.drop_letter(&b, first.id).await.unwrap());

    let again = jobs.replay(&a, first.id).await.unwrap().unwrap();
    assert!(jobs.replay(&a, first.id).await.unwrap().is_none(), "once");
    let job = jobs.find(&a, again).await.unwrap().unwrap();
    assert_eq!(
        (job.kind.as_str(), job.queue.as_str()),
        ("test.push", "pushes")
    );
    assert_eq!((job.max_attempts, job.priority), (4, Priority::Bulk));
    assert_eq!(job.integration, Some(integration));
    let done = letters.find(&a, first.id).await.unwrap().unwrap();
    assert_eq!(done.status, DeadLetterStatus::Replayed);
    assert_eq!(done.replayed_as, Some(again.to_string()));

    assert!(letters.drop_letter(&a, all[1].id).await.unwrap());
    assert!(!letters.drop_letter(&a, all[1].id).await.unwrap(), "once");
    assert_eq!(jobs.replay_all(&a, &open).await.unwrap(), 1);
    assert!(letters.list(&a, &open).await.unwrap().is_empty());
    let later = done.created_at + Duration::from_secs(3600);
    assert_eq!(letters.purge(&a, later).await.unwrap(), 3);
}
