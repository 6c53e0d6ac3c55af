//! Handlers and stores that fail, and jobs that work on lanes.

use std::sync::Arc;
use std::time::Duration;

use integrations_core::{Error, ErrorKind};
use integrations_store::{EventStatus, StoredEvent, StoredIntegration};
use integrations_sync::inbox::{Inbox, InboxBuilder, LaneJob};
use integrations_sync::jobs::{JobRunner, Jobs, Workers};
use tokio::time::Instant;

use crate::backend::{Backend, on_both_engines, tenant};
use crate::support::inbox::{
    Do, Handler, Queue, eventually, incoming, incoming_in, insert_all, names,
};

on_both_engines!(
    retries_follow_the_provider_and_end,
    a_panic_is_an_attempt_and_tells_nothing,
    a_handler_that_hangs_is_dropped,
    a_lease_lives_as_long_as_its_handler,
    a_handler_whose_event_is_gone_is_dropped,
    a_write_whose_outcome_is_unknown_is_not_tried_again,
    promise_05_a_commit_whose_answer_is_lost_is_tried_again,
    a_store_that_is_closed_is_an_error_and_loses_nothing,
    promise_05_a_lane_whose_job_was_lost_gets_another,
    promise_04_jobs_of_two_processes_handle_each_event_once_in_order,
);

async fn one_event(backend: &Backend) -> StoredIntegration {
    let made = backend.active(&tenant("a"), "L1").await;
    let inbox = Inbox::builder(&backend.store, Queue::new(backend).await).build();
    inbox.store(vec![incoming(&made, "e1")]).await.unwrap();
    made
}

async fn inbox(backend: &Backend, handler: &Arc<Handler>) -> InboxBuilder {
    Inbox::builder(&backend.store, Queue::new(backend).await).handler(Arc::clone(handler))
}

async fn first(backend: &Backend) -> StoredEvent {
    let events = backend.store.events();
    let all = events.list(&tenant("a"), &Default::default()).await;
    all.unwrap().remove(0)
}

async fn retries_follow_the_provider_and_end(backend: Backend) {
    one_event(&backend).await;
    let asked = Duration::from_secs(120);
    let handler = Handler::new(move |delivery| {
        let error = Error::new(ErrorKind::RateLimited, "later");
        Do::Return(Err(match delivery.attempt {
            1 => error.with_retry_after(asked),
            _ => error,
        }))
    });
    let inbox = inbox(&backend, &handler)
        .await
        .first_retry(Duration::ZERO)
        .max_attempts(3)
        .build();
    assert_eq!(inbox.drain().await.unwrap().retried, 1);
    let event = first(&backend).await;
    let wait = event.next_at.as_second() - backend.store.clock().now().as_second();
    assert!((110..=130).contains(&wait), "{wait}");
    assert_eq!(inbox.drain().await.unwrap(), Default::default(), "not due");
    // Its time comes.
    inbox.replay(&tenant("a"), event.id).await.unwrap();
    let never = Handler::new(|_| Do::Return(Err(Error::new(ErrorKind::Server, "no"))));
    let inbox = self::inbox(&backend, &never)
        .await
        .first_retry(Duration::ZERO)
        .max_attempts(3)
        .build();
    let drained = inbox.drain().await.unwrap();
    assert_eq!((drained.retried, drained.failed), (2, 1));
    let event = first(&backend).await;
    assert_eq!((event.status, event.attempts), (EventStatus::Failed, 3));
}

async fn a_panic_is_an_attempt_and_tells_nothing(backend: Backend) {
    let made = one_event(&backend).await;
    let handler = Handler::new(|delivery| match delivery.event.id() {
        Some("e1") => panic!("unexpected {:?}", delivery.event.payload()),
        _ => Do::Return(Ok(())),
    });
    let inbox = inbox(&backend, &handler)
        .await
        .first_retry(Duration::ZERO)
        .max_attempts(2)
        .build();
    insert_all(&inbox, &made, &["e2"]).await;
    let drained = inbox.drain().await.unwrap();
    assert_eq!((drained.done, drained.failed), (1, 1), "the inbox lives");
    let event = first(&backend).await;
    assert_eq!(event.error_message.unwrap(), "the handler panicked");
}

async fn a_handler_that_hangs_is_dropped(backend: Backend) {
    one_event(&backend).await;
    let handler = Handler::new(|delivery| match delivery.attempt {
        1 => Do::Hang,
        _ => Do::Return(Ok(())),
    });
    let inbox = inbox(&backend, &handler)
        .await
        .first_retry(Duration::ZERO)
        .timeout(Duration::from_millis(50))
        .build();
    let drained = inbox.drain().await.unwrap();
    assert_eq!((drained.done, drained.retried), (1, 1));
    eventually("it is dropped", async || handler.active() == 0).await;
}

async fn a_lease_lives_as_long_as_its_handler(backend: Backend) {
    one_event(&backend).await;
    let handler = Handler::new(|_| Do::Wait);
    let lease = Duration::from_millis(400);
    let inbox = inbox(&backend, &handler).await.lease(lease).build();
    let working = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.drain().await }
    });
    eventually("it runs", async || handler.active() == 1).await;
    let since = Instant::now();
    // Others knock all the time, for three leases.
    eventually("three leases later", async || {
        assert_eq!(inbox.drain().await.unwrap().done, 0);
        since.elapsed() > lease * 3
    })
    .await;
    handler.gate.add_permits(1);
    assert_eq!(working.await.unwrap().unwrap().done, 1);
    assert_eq!(handler.attempts(), [1]);
}

async fn a_handler_whose_event_is_gone_is_dropped(backend: Backend) {
    let made = one_event(&backend).await;
    let handler = Handler::new(|_| Do::Wait);
    let inbox = inbox(&backend, &handler).await.build();
    let working = tokio::spawn(async move { inbox.drain().await });
    eventually("it runs", async || handler.active() == 1).await;
    let integrations = backend.store.integrations();
    let deleted = integrations.delete(&made.tenant, made.id, "test").await;
    deleted.unwrap();
    handler.gate.add_permits(1);
    assert_eq!(working.await.unwrap().unwrap(), Default::default());
}

async fn a_write_whose_outcome_is_unknown_is_not_tried_again(backend: Backend) {
    one_event(&backend).await;
    let handler = Handler::new(|_| {
        let error = Error::new(ErrorKind::Timeout, "").with_outcome_unknown(true);
        Do::Return(Err(error))
    });
    let inbox = inbox(&backend, &handler).await.build();
    assert_eq!(inbox.drain().await.unwrap().failed, 1);
}

/// The connection broke in the commit that was to complete the event: what happened is what would after a crash.
async fn promise_05_a_commit_whose_answer_is_lost_is_tried_again(backend: Backend) {
    one_event(&backend).await;
    let handler = Handler::new(|delivery| {
        let lost = Error::new(ErrorKind::Store, "").with_outcome_unknown(true);
        Do::Return(match delivery.attempt {
            1 => Err(lost.with_retryable(true)),
            2 => Err(lost),
            _ => Ok(()),
        })
    });
    let inbox = inbox(&backend, &handler)
        .await
        .first_retry(Duration::ZERO)
        .build();
    let drained = inbox.drain().await.unwrap();
    assert_eq!((drained.done, drained.retried, drained.failed), (1, 2, 0));
}

async fn a_store_that_is_closed_is_an_error_and_loses_nothing(backend: Backend) {
    one_event(&backend).await;
    let store = backend.another().await;
    let handler = Handler::new(|_| Do::Wait);
    let queue = Queue::new(&backend).await;
    let dying = Inbox::builder(&store, queue)
        .handler(Arc::clone(&handler))
        .lease(Duration::from_millis(100))
        .build();
    let working = tokio::spawn({
        let dying = dying.clone();
        async move { dying.drain().await }
    });
    eventually("it runs", async || handler.active() == 1).await;
    store.close().await;
    handler.gate.add_permits(1);
    let ended = working.await.unwrap();
    assert!(ended.is_err() || ended.unwrap().done == 0);
    let refused = dying.drain().await.unwrap_err();
    assert_eq!(refused.code(), Some("closed"));
    let made = first(&backend).await.integration;
    assert_eq!(first(&backend).await.status, EventStatus::Processing);
    let handler = Handler::ok();
    let next = inbox(&backend, &handler).await.build();
    eventually("somebody else does it", async || {
        next.drain().await.unwrap().done == 1
    })
    .await;
    assert_eq!(first(&backend).await.integration, made);
}

async fn promise_05_a_lane_whose_job_was_lost_gets_another(backend: Backend) {
    let made = backend.active(&tenant("a"), "L1").await;
    let queue = Queue::new(&backend).await;
    let lease = Duration::from_millis(300);
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue))
        .lease(lease)
        .build();
    inbox.store(vec![incoming(&made, "e1")]).await.unwrap();
    let jobs = queue.committed().await;
    // Whoever took the job died with it, and so did the next one.
    for lost in 1..3 {
        eventually("the lane gets a job", async || {
            inbox.sweep().await.unwrap().lanes == 1
        })
        .await;
        let given = Instant::now();
        let more = inbox.sweep().await.unwrap().lanes;
        assert!(more == 0 || given.elapsed() >= lease, "one at a time");
        assert!(queue.committed().await >= jobs + lost);
    }
    // Nobody has taken the job: it waits in the queue like those before it.
    queue.waits(Duration::from_secs(60 * 60));
    eventually("the last job of these", async || {
        inbox.sweep().await.unwrap().lanes == 1
    })
    .await;
    let until = Instant::now() + lease * 3;
    while Instant::now() < until {
        assert_eq!(inbox.sweep().await.unwrap().lanes, 0, "it has one");
    }
}

async fn promise_04_jobs_of_two_processes_handle_each_event_once_in_order(backend: Backend) {
    let made = backend.active(&tenant("a"), "L1").await;
    // One event fails once: its lane waits, the others go on.
    let handler = Handler::new(|delivery| match (delivery.event.id(), delivery.attempt) {
        (Some("2-05"), 1) => Do::Return(Err(Error::new(ErrorKind::Server, "once"))),
        _ => Do::Return(Ok(())),
    });
    let mut processes = Vec::new();
    for _ in 0..2 {
        let store = backend.another().await;
        let jobs = Jobs::new(&store).unwrap();
        jobs.migrate().await.unwrap();
        let inbox = Inbox::builder(&store, jobs.clone())
            .handler(Arc::clone(&handler))
            .first_retry(Duration::from_millis(50))
            .build();
        let workers = Workers::new().add::<LaneJob>(inbox.clone());
        let runner = JobRunner::builder(&jobs, workers)
            .maintain_every(Duration::from_millis(100))
            .start()
            .unwrap();
        let sweeper = inbox.start_sweeper(Duration::from_millis(200));
        processes.push((inbox, runner, sweeper));
    }
    for n in 0..10 {
        for lane in 0..6 {
            let (id, key) = (format!("{lane}-{n:02}"), format!("contact:{lane}"));
            let one = incoming_in(&made, &id, &key);
            processes[n % 2].0.store(vec![one]).await.unwrap();
        }
    }
    eventually("all are handled", async || {
        let counts = backend.store.events().counts(&made.tenant, None).await;
        counts.unwrap().done == 60
    })
    .await;
    for (_, runner, sweeper) in processes {
        sweeper.stop().await;
        runner.stop(Duration::from_secs(10)).await.unwrap();
    }
    assert_eq!(handler.overlaps(), 0);
    let seen = handler.names();
    assert_eq!(seen.len(), 61, "each once, and one twice");
    for lane in 0..6 {
        assert!(names(&seen, &format!("{lane}-")).is_sorted(), "{seen:?}");
    }
}
