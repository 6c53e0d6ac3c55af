//! The promises that this crate keeps, by number.

use std::sync::Arc;
use std::time::Duration;

use integrations_core::status::Event as Move;
use integrations_core::webhook::Secrets;
use integrations_core::{Error, ErrorKind};
use integrations_server::SecretSource as _;
use integrations_store::EventStatus;

use crate::acme::{Acme, GLOBAL_SECRET};
use crate::house::{
    House, PERSON, SECRET_A, SECRET_B, TOKEN, bodies, body, detector, eventually, mounted, request,
    send, signed, status, unsigned,
};
use crate::recorder::{Do, Recorder};

#[tokio::test]
async fn promise_03_the_row_is_there_before_the_answer() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = house.router();
    // Another process looks, and sees what is committed.
    let other = house.another_store("?mode=ro").await;
    for n in 0..50 {
        let sent = signed("/hooks/acme", SECRET_A, body("A1", &format!("e{n}")));
        assert_eq!(status(&router, sent).await, 200);
        let counts = other.events().counts(&acme.tenant, None).await.unwrap();
        assert_eq!(counts.pending, n + 1);
    }
}

#[tokio::test]
async fn promise_03_what_cannot_be_stored_is_never_answered_with_yes() {
    let house = House::new().await;
    let acme = house.acme().await;
    let named = format!("/hooks/acme/{}", acme.id);
    // One that finds the integration and cannot write, and one that does nothing any more.
    let full = house.another_store("?mode=ro").await;
    let closed = house.another_store("").await;
    closed.close().await;
    for store in [&full, &closed] {
        let router = mounted(&house.builder_on(store).build());
        for path in ["/hooks/acme", &named] {
            let sent = signed(path, SECRET_A, body("A1", "e1"));
            let answer = send(&router, sent).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (429, ""));
        }
    }
    house.keys.break_for(&acme);
    let sent = || signed("/hooks/acme", SECRET_A, body("A1", "e1"));
    assert_eq!(status(&house.router(), sent()).await, 429, "no secrets");
    assert!(house.events(&acme).await.is_empty());
    house.keys.repair();
    assert_eq!(status(&house.router(), sent()).await, 200, "it came back");
    assert_eq!(house.events(&acme).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_04_twenty_deliveries_have_one_effect() {
    let house = House::new().await;
    let acme = house.acme().await;
    let effects = Recorder::ok();
    // Two routers and three inboxes, on one file.
    let second = house.another_store("").await;
    let here = house.webhooks();
    let there = house.builder_on(&second).build();
    let inboxes: Vec<_> = [&house.store, &second, &second]
        .map(|store| {
            let inbox = house.inbox_on(store).handler(Arc::clone(&effects)).build();
            tokio::spawn(async move {
                loop {
                    inbox.drain().await.unwrap();
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        })
        .into();
    for round in 0..5 {
        let sent = body("A1", &format!("e{round}"));
        let deliveries: Vec<_> = (0..20)
            .map(|n| {
                let router = mounted(if n % 2 == 0 { &here } else { &there });
                let sent = signed("/hooks/acme", SECRET_A, &sent);
                tokio::spawn(async move { status(&router, sent).await })
            })
            .collect();
        for delivery in deliveries {
            assert_eq!(delivery.await.unwrap(), 200);
        }
    }
    eventually("all are done", async || {
        let stored = house.events(&acme).await;
        stored.iter().all(|event| event.status == EventStatus::Done)
    })
    .await;
    for inbox in inboxes {
        inbox.abort();
    }
    assert_eq!(house.events(&acme).await.len(), 5);
    let mut names = effects.names();
    names.sort();
    assert_eq!(names, ["e0", "e1", "e2", "e3", "e4"]);
}

#[tokio::test]
async fn promise_14_events_of_a_broken_connection_wait_for_its_recovery() {
    let house = House::new().await;
    let acme = house.acme().await;
    let webhooks = house.webhooks();
    let router = mounted(&webhooks);
    let seen = Recorder::ok();
    let inbox = house.inbox().handler(Arc::clone(&seen)).build();
    let send = async |id: &str| {
        let sent = signed("/hooks/acme", SECRET_A, body("A1", id));
        assert_eq!(status(&router, sent).await, 200);
    };
    send("e1").await;
    house.transition(&acme, Move::Failed).await;
    for id in ["e2", "e3", "e2"] {
        send(id).await;
    }
    house.transition(&acme, Move::Disconnected).await;
    send("e4").await;
    assert_eq!(inbox.drain().await.unwrap(), Default::default());
    let stored = house.events(&acme).await;
    let kept = stored.iter().filter(|one| one.status == EventStatus::Kept);
    assert_eq!(kept.count(), 4);
    house.transition(&acme, Move::Succeeded).await;
    send("e5").await;
    assert_eq!(inbox.drain().await.unwrap().done, 5);
    assert_eq!(seen.names(), ["e1", "e2", "e3", "e4", "e5"]);
}

#[tokio::test]
async fn promise_14_a_handler_that_meets_a_dead_credential_gets_the_event_again() {
    let house = House::new().await;
    let acme = house.acme().await;
    let webhooks = house.webhooks();
    let router = mounted(&webhooks);
    let seen = Recorder::new(|delivery| match delivery.attempt {
        1 => Do::Return(Err(Error::new(ErrorKind::Auth, "renew the token"))),
        _ => Do::Return(Ok(())),
    });
    let inbox = house.inbox().handler(Arc::clone(&seen)).build();
    let sent = signed("/hooks/acme", SECRET_A, body("A1", "e1"));
    assert_eq!(status(&router, sent).await, 200);
    assert_eq!(inbox.drain().await.unwrap().retried, 1);
    house.transition(&acme, Move::Failed).await;
    assert_eq!(house.events(&acme).await[0].status, EventStatus::Kept);
    house.transition(&acme, Move::Succeeded).await;
    assert_eq!(inbox.drain().await.unwrap().done, 1, "without the wait");
}

#[tokio::test]
async fn promise_07_nothing_here_shows_a_secret() {
    let house = House::new().await;
    let acme = house.acme().await;
    let learner = house.pending("tenant-b", "acme", None).await;
    let show = |label: &str, what: &dyn std::fmt::Debug| {
        detector().scan(label, format!("{what:?} {what:#?}"));
    };
    let builder = house.builder();
    show("WebhooksBuilder", &builder);
    let webhooks = builder.build();
    show("Webhooks", &webhooks);
    show("Router", &webhooks.router());
    let router = mounted(&webhooks);
    let named = format!("/hooks/acme/{}", learner.id);
    let token = format!("{{\"verification_token\":\"{TOKEN}\"}}");
    let mut in_header = signed("/hooks/acme", SECRET_A, body("A1", "e2"));
    let value = SECRET_A.parse().unwrap();
    in_header.headers_mut().insert("authorization", value);
    for sent in [
        signed("/hooks/acme", SECRET_A, body("A1", "e1")),
        signed("/hooks/acme", SECRET_A, body("A1", "e1")),
        signed("/hooks/acme", SECRET_B, body("A1", "e1")),
        signed("/hooks/acme", SECRET_A, body(PERSON, "e1")),
        signed("/hooks/acme", SECRET_A, format!("{{{PERSON}")),
        signed(
            "/hooks/acme",
            SECRET_A,
            bodies("A1", &[("e9", &PERSON.repeat(30))]),
        ),
        signed("/hooks/everywhere", GLOBAL_SECRET, body("A1", "e1")),
        unsigned(&named, &token),
        signed(&named, TOKEN, body("A1", "e1")),
        request("GET", &format!("/hooks/acme?token={SECRET_A}")),
        request("GET", &format!("/hooks/{SECRET_A}")),
        request("GET", &format!("/hooks/acme/{SECRET_A}")),
        in_header,
    ] {
        send(&router, sent).await;
    }
    house.keys.set(&acme, Secrets::one(SECRET_A).with(SECRET_B));
    let raw = signed("/", SECRET_A, "").into_parts().0;
    let raw = integrations_core::webhook::RawRequest::new(
        raw.method,
        "/acme",
        raw.headers,
        body("A1", "e3"),
    );
    show("Received", &webhooks.receive("acme", None, &raw).await);
    show("SecretSource", &house.keys);
    let secrets = house.keys.webhook_secrets(&acme.tenant, acme.id).await;
    show("Secrets", &secrets);
    show("Provider", &Acme::one_key());

    let clumsy = Recorder::new(|delivery| match delivery.event.id() {
        Some("e1") => Do::Return(Err(Error::new(ErrorKind::Validation, "bad"))),
        _ => Do::Panic(format!("{:?}", delivery.event.payload())),
    });
    let builder = house.inbox().handler(clumsy).max_attempts(1);
    show("InboxBuilder", &builder);
    let inbox = builder.build();
    show("Inbox", &inbox);
    show("Drained", &inbox.drain().await);
    let failed = house.events(&acme).await;
    assert!(failed.iter().all(|one| one.status == EventStatus::Failed));
    show("StoredEvent", &failed);
    let sweeper = inbox.start_sweeper(Duration::from_secs(1));
    show("Sweeper", &sweeper);
    sweeper.stop().await;
    detector().assert_clean();
    // It would have seen them.
    let blind = integrations_testkit::LeakDetector::new();
    blind.plant("person", PERSON);
    assert_eq!(blind.scan("proof", body("A1", "e1")), 1);
}
