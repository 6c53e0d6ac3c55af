//! Handlers and stores that fail.

use std::sync::Arc;
use std::time::Duration;

use integrations_core::{Error, ErrorKind, Timestamp};
use integrations_server::{Drained, Inbox, InboxBuilder, Webhooks};
use integrations_store::{EventStatus, StoredEvent};

use crate::house::{Connected, House, PERSON, SECRET_A, body, eventually, mounted, signed, status};
use crate::recorder::{Do, Recorder};

async fn deliver(webhooks: &Webhooks, id: &str) {
    let sent = signed("/hooks/acme", SECRET_A, body("A1", id));
    assert_eq!(status(&mounted(webhooks), sent).await, 200);
}

/// A house, its one integration, a router, and one delivered event.
async fn with_one_event() -> (House, Connected, Webhooks) {
    let house = House::new().await;
    let acme = house.acme().await;
    let webhooks = house.webhooks();
    deliver(&webhooks, "e1").await;
    (house, acme, webhooks)
}

fn inbox(webhooks: &Webhooks, handler: &Arc<Recorder>) -> InboxBuilder {
    Inbox::builder(webhooks, Arc::clone(handler))
}

async fn first(house: &House, of: &Connected) -> StoredEvent {
    house.events(of).await.remove(0)
}

fn retryable() -> Do {
    Do::Return(Err(Error::new(ErrorKind::Server, "try again")))
}

fn counts(drained: Drained) -> (u64, u64, u64) {
    (drained.done, drained.retried, drained.failed)
}

#[tokio::test]
async fn a_retryable_error_brings_the_event_back() {
    let (house, acme, webhooks) = with_one_event().await;
    let handler = Recorder::new(|delivery| match delivery.attempt {
        1..=3 => retryable(),
        _ => Do::Return(Ok(())),
    });
    let inbox = inbox(&webhooks, &handler)
        .first_retry(Duration::ZERO)
        .build();
    assert_eq!(counts(inbox.drain().await.unwrap()), (1, 3, 0));
    let seen = handler.begun();
    let attempts: Vec<_> = seen.iter().map(|seen| seen.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4]);
    assert!(seen.iter().all(|one| one.id == seen[0].id));
    assert_eq!(first(&house, &acme).await.status, EventStatus::Done);
}

#[tokio::test]
async fn the_waits_double_and_follow_the_provider() {
    let asked = Error::new(ErrorKind::RateLimited, "").with_retry_after(Duration::from_secs(120));
    let long = Error::new(ErrorKind::RateLimited, "").with_retry_after(Duration::MAX);
    let none = Error::new(ErrorKind::RateLimited, "").with_retry_after(Duration::ZERO);
    let own = Error::new(ErrorKind::Server, "");
    let cases = [
        (asked, 120, 120),
        (long, 86_400, 86_400),
        (none, 50, 100),
        (own, 50, 100),
    ];
    for (error, least, most) in cases {
        let (house, acme, webhooks) = with_one_event().await;
        let error = std::sync::Mutex::new(Some(error));
        let handler = Recorder::new(move |_| {
            let error = error.lock().unwrap().take();
            Do::Return(error.map_or(Ok(()), Err))
        });
        let inbox = inbox(&webhooks, &handler).first_retry(Duration::from_secs(100));
        let inbox = inbox.build();
        let before = now();
        assert_eq!(counts(inbox.drain().await.unwrap()), (0, 1, 0));
        let event = first(&house, &acme).await;
        assert_eq!(event.status, EventStatus::Pending);
        let wait = event.next_at.as_second() - before.as_second();
        assert!((least - 1..=most + 20).contains(&wait), "{wait}");
        assert_eq!(counts(inbox.drain().await.unwrap()), (0, 0, 0), "not due");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the database keeps the leases by its own clock"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

#[tokio::test]
async fn a_permanent_error_gives_the_event_up_with_its_reason() {
    for kind in [
        ErrorKind::Validation,
        ErrorKind::NotFound,
        ErrorKind::Decode,
    ] {
        let (house, acme, webhooks) = with_one_event().await;
        deliver(&webhooks, "e2").await;
        let handler = Recorder::new(move |delivery| {
            Do::Return(match delivery.event.id() {
                Some("e1") => Err(Error::new(kind, "the stage does not exist")),
                _ => Ok(()),
            })
        });
        let inbox = inbox(&webhooks, &handler).build();
        assert_eq!(counts(inbox.drain().await.unwrap()), (1, 0, 1));
        let event = first(&house, &acme).await;
        assert_eq!((event.status, event.attempts), (EventStatus::Failed, 1));
        let reason = event.error_message.unwrap();
        assert!(reason.ends_with("the stage does not exist"), "{reason}");
        assert!(event.finished_at.is_some());
    }
}

#[tokio::test]
async fn a_write_whose_outcome_is_unknown_is_not_tried_again() {
    let (house, acme, webhooks) = with_one_event().await;
    let handler = Recorder::new(|_| {
        let error = Error::new(ErrorKind::Timeout, "").with_outcome_unknown(true);
        Do::Return(Err(error))
    });
    let inbox = inbox(&webhooks, &handler).build();
    assert_eq!(counts(inbox.drain().await.unwrap()), (0, 0, 1));
    assert_eq!(first(&house, &acme).await.status, EventStatus::Failed);
}

#[tokio::test]
async fn attempts_end() {
    let (house, acme, webhooks) = with_one_event().await;
    let handler = Recorder::new(|_| retryable());
    let inbox = inbox(&webhooks, &handler).first_retry(Duration::ZERO);
    let inbox = inbox.max_attempts(3).build();
    assert_eq!(counts(inbox.drain().await.unwrap()), (0, 2, 1));
    let event = first(&house, &acme).await;
    assert_eq!((event.status, event.attempts), (EventStatus::Failed, 3));
    assert!(event.error_message.unwrap().ends_with("try again"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_an_attempt_and_tells_nothing() {
    let (house, acme, webhooks) = with_one_event().await;
    let handler = Recorder::new(|delivery| match delivery.event.id() {
        Some("e1") => Do::Panic(format!("unexpected {:?}", delivery.event.payload())),
        _ => Do::Return(Ok(())),
    });
    let inbox = inbox(&webhooks, &handler).first_retry(Duration::ZERO);
    let inbox = inbox
        .poll_interval(Duration::from_millis(1))
        .max_attempts(2);
    let handle = inbox.build().start();
    eventually("it is given up", async || {
        first(&house, &acme).await.status == EventStatus::Failed
    })
    .await;
    let event = first(&house, &acme).await;
    assert_eq!(event.attempts, 2);
    assert_eq!(event.error_message.unwrap(), "the handler panicked");
    assert!(!format!("{:?}", house.events(&acme).await).contains(PERSON));
    deliver(&webhooks, "e2").await;
    eventually("the inbox lives", async || handler.done() == 1).await;
    handle.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_hangs_is_dropped() {
    let (house, acme, webhooks) = with_one_event().await;
    deliver(&webhooks, "e2").await;
    let handler = Recorder::new(|delivery| match (delivery.event.id(), delivery.attempt) {
        (Some("e1"), 1) => Do::Hang,
        _ => Do::Return(Ok(())),
    });
    let inbox = inbox(&webhooks, &handler).first_retry(Duration::ZERO);
    let inbox = inbox.timeout(Duration::from_millis(50)).build();
    assert_eq!(counts(inbox.drain().await.unwrap()), (2, 1, 0));
    eventually("it is dropped", async || handler.active() == 0).await;
    assert_eq!(handler.names().len(), 3);
    let event = first(&house, &acme).await;
    assert_eq!((event.status, event.attempts), (EventStatus::Done, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_kills_the_process_is_given_up_in_the_end() {
    let (house, acme, webhooks) = with_one_event().await;
    let deadly = Recorder::new(|_| Do::Hang);
    let build = |handler: &Arc<Recorder>| {
        let inbox = inbox(&webhooks, handler).max_attempts(2);
        inbox.lease(Duration::from_millis(50)).build()
    };
    for death in 1..=2 {
        let inbox = build(&deadly);
        let process = tokio::spawn(async move { inbox.drain().await });
        // Before the lease of the last death has ended, there is nothing to drain.
        eventually("it runs again", async || deadly.begun().len() == death).await;
        process.abort();
        let _ = process.await;
        eventually("the lease ends", async || {
            let event = first(&house, &acme).await;
            event.next_at < now()
        })
        .await;
    }
    let next = Recorder::ok();
    let drained = build(&next).drain().await.unwrap();
    assert_eq!(counts(drained), (0, 0, 1));
    assert_eq!(next.done(), 0, "it was not begun once more");
    let event = first(&house, &acme).await;
    assert_eq!(event.status, EventStatus::Failed);
    assert!(event.error_message.unwrap().contains("process ended"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_lives_as_long_as_its_handler() {
    let (house, acme, webhooks) = with_one_event().await;
    deliver(&webhooks, "e2").await;
    let handler = Recorder::new(|_| Do::Wait);
    let start = || {
        let inbox = inbox(&webhooks, &handler).lease(Duration::from_millis(600));
        inbox
            .poll_interval(Duration::from_millis(5))
            .build()
            .start()
    };
    let (one, two) = (start(), start());
    eventually("one runs", async || handler.active() >= 1).await;
    let lease = first(&house, &acme).await.next_at;
    eventually("two leases later", async || {
        now().duration_since(lease) > Duration::from_millis(700).try_into().unwrap()
    })
    .await;
    handler.gate.add_permits(10);
    eventually("both are done", async || {
        let stored = house.events(&acme).await;
        stored.iter().all(|event| event.status == EventStatus::Done)
    })
    .await;
    one.stop().await;
    two.stop().await;
    let mut names = handler.names();
    names.sort();
    assert_eq!(names, ["e1", "e2"], "each once");
    let attempts = house.events(&acme).await;
    let attempts: Vec<_> = attempts.iter().map(|event| event.attempts).collect();
    assert_eq!(attempts, [1, 1], "what waited was kept too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_whose_event_is_gone_is_dropped() {
    let (house, acme, webhooks) = with_one_event().await;
    let handler = Recorder::new(|_| Do::Hang);
    let inbox = inbox(&webhooks, &handler).lease(Duration::from_millis(50));
    let inbox = inbox.build();
    let draining = tokio::spawn(async move { inbox.drain().await });
    eventually("it runs", async || handler.active() == 1).await;
    let integrations = house.store.integrations();
    integrations
        .delete(&acme.tenant, acme.id, "test")
        .await
        .unwrap();
    assert_eq!(counts(draining.await.unwrap().unwrap()), (0, 0, 0));
    eventually("it is dropped", async || handler.active() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_ends_a_drain_and_not_the_inbox() {
    let (house, acme, webhooks) = with_one_event().await;
    for id in ["e2", "e3"] {
        deliver(&webhooks, id).await;
    }
    let store = house.another_store("").await;
    let there = house.builder_on(&store).build();
    let handler = Recorder::new(|_| Do::Wait);
    let background = inbox(&there, &handler);
    let background = background
        .poll_interval(Duration::from_millis(1))
        .build()
        .start();
    eventually("one runs", async || handler.active() == 1).await;
    store.close().await;
    handler.gate.add_permits(10);
    eventually("it ends", async || handler.done() == 1).await;
    // It goes on looking, and hands nothing out that it cannot record.
    background.stop().await;
    assert_eq!(handler.done(), 1);
    let error = inbox(&there, &handler).build().drain().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!(error.code(), Some("closed"));
    let stored = house.events(&acme).await;
    assert!(
        stored
            .iter()
            .all(|one| one.status == EventStatus::Processing)
    );
}
