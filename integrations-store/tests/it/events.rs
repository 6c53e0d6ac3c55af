use std::collections::HashSet;
use std::time::Duration;

use integrations_core::ErrorKind;
use integrations_core::status::Event as Move;
use integrations_store::{
    Ended, EventFilter, EventStatus, Inserted, Lane, NewEvent, Step, Transition,
};

use crate::backend::{ACTOR, Backend, event, key, on_both_engines, tenant};
use crate::lanes::{drain, sweep, take};

on_both_engines!(
    events_come_back_byte_for_byte,
    promise_04_a_repeat_is_stored_once,
    a_request_is_stored_whole_or_not_at_all,
    promise_14_events_wait_for_the_recovery,
    promise_14_no_event_is_forgotten_while_the_status_flips,
    promise_14_an_event_waits_for_a_recovery_that_is_under_way,
    finished_events_are_purged,
    bad_events_are_refused,
);

async fn events_come_back_byte_for_byte(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a).await;
    let events = backend.store.events();
    let sent = event("ContactCreate", "{\"a\": 1,\n \"b\":\"\\u0000\"}\u{0}").with_id("w1");
    let id = events
        .insert(&a, made.id, &sent, &key("w1"))
        .await
        .unwrap()
        .id();
    let read = events.find(&a, id).await.unwrap().unwrap();
    assert_eq!(read.event.payload(), sent.payload());
    assert_eq!(
        (read.event.kind(), read.event.id()),
        ("ContactCreate", Some("w1"))
    );
    assert_eq!((read.status, read.attempts), (EventStatus::Pending, 0));
    assert_eq!(read.event.parts().scheme, "ed25519");
    assert_eq!(read.event.received_at(), sent.received_at());
    let listed = events
        .list(&a, &EventFilter::all().integration(made.id))
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);
    assert!(
        !format!("{listed:?}").contains("u0000"),
        "a payload is never shown"
    );
}

async fn promise_04_a_repeat_is_stored_once(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let (one, two) = (backend.active(&a).await, backend.active(&b).await);
    let mut deliveries = Vec::new();
    for _ in 0..16 {
        let (store, a) = (backend.store.clone(), a.clone());
        deliveries.push(tokio::spawn(async move {
            store
                .events()
                .insert(&a, one.id, &event("ContactCreate", "{}"), &key("w1"))
                .await
                .unwrap()
        }));
    }
    let mut accepted = Vec::new();
    let mut ids = HashSet::new();
    for delivery in deliveries {
        let inserted = delivery.await.unwrap();
        ids.insert(inserted.id());
        accepted.extend((!inserted.is_duplicate()).then_some(inserted));
    }
    assert_eq!(
        (accepted.len(), ids.len()),
        (1, 1),
        "one is stored, all name it"
    );
    let other = backend
        .store
        .events()
        .insert(&b, two.id, &event("ContactCreate", "{}"), &key("w1"))
        .await
        .unwrap();
    assert!(!other.is_duplicate(), "another tenant's event");
}

async fn a_request_is_stored_whole_or_not_at_all(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let (one, two) = (backend.active(&a).await, backend.active(&b).await);
    let (event, keys) = (event("x", "{}"), [key("2"), key("1"), key("2")]);
    let batch = [
        NewEvent::new(&a, one.id, &event, &keys[0]),
        NewEvent::new(&b, two.id, &event, &keys[1]),
        NewEvent::new(&a, one.id, &event, &keys[2]),
    ];
    let stored = backend.store.events().insert_all(&batch).await.unwrap();
    assert_eq!(
        stored
            .iter()
            .map(Inserted::is_duplicate)
            .collect::<Vec<_>>(),
        [false, false, true]
    );
    assert_eq!(stored[0].id(), stored[2].id());
    let (third, foreign) = (key("3"), key("4"));
    let bad = [
        NewEvent::new(&a, one.id, &event, &third),
        NewEvent::new(&a, two.id, &event, &foreign),
    ];
    let error = backend.store.events().insert_all(&bad).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::NotFound,
        "that integration is another tenant's"
    );
    assert_eq!(
        backend
            .number("SELECT COUNT(*) FROM main.webhook_events")
            .await,
        2,
        "nothing half-written"
    );
}

async fn promise_14_events_wait_for_the_recovery(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a).await;
    let (events, integrations) = (backend.store.events(), backend.store.integrations());
    let insert = async |number: &str| {
        events
            .insert(&a, made.id, &event(number, "{}"), &key(number))
            .await
            .unwrap()
    };
    insert("1").await;
    insert("2").await;
    let lane = Lane::new(made.id, None);
    let lanes = backend.store.lanes();
    let (lease, working) = take(&backend.store, &a, &lane).await.unwrap();
    for down in [Move::Failed, Move::Disconnected] {
        integrations
            .transition(&a, made.id, &Transition::new(down, ACTOR))
            .await
            .unwrap();
    }
    assert!(matches!(
        insert("3").await,
        Inserted::Accepted { kept: true, .. }
    ));
    let refused = Ended::Retry {
        wait: Duration::ZERO,
        reason: "refused".to_owned(),
    };
    let step = lanes.next(lease, &working, &refused).await.unwrap();
    assert!(matches!(step, Step::Empty), "{step:?}");
    assert!(take(&backend.store, &a, &lane).await.is_none());
    assert_eq!(events.counts(&a, None).await.unwrap().kept, 3);
    let up = integrations
        .transition(&a, made.id, &Transition::new(Move::Succeeded, ACTOR))
        .await
        .unwrap();
    assert_eq!(up.events_released, 3);
    let swept = sweep(&backend.store).await;
    assert_eq!(swept, [(a.clone(), lane.clone())], "somebody is told");
    let kinds = drain(&backend.store, &a, &lane).await;
    assert_eq!(kinds, ["1", "2", "3"], "in order of arrival");
}

/// Events arrive on several connections while the status goes up and down: after the last recovery none is kept.
async fn promise_14_no_event_is_forgotten_while_the_status_flips(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a).await;
    let mut senders = Vec::new();
    for sender in 0..4 {
        let (store, a) = (backend.another().await, a.clone());
        senders.push(tokio::spawn(async move {
            for number in 0..15 {
                let dedupe = key(&format!("{sender}-{number}"));
                store
                    .events()
                    .insert(&a, made.id, &event("x", "{}"), &dedupe)
                    .await
                    .unwrap();
            }
        }));
    }
    let integrations = backend.store.integrations();
    for _ in 0..20 {
        for event in [Move::Failed, Move::Succeeded] {
            integrations
                .transition(&a, made.id, &Transition::new(event, ACTOR))
                .await
                .unwrap();
        }
    }
    for sender in senders {
        sender.await.unwrap();
    }
    let counts = backend.store.events().counts(&a, None).await.unwrap();
    assert_eq!((counts.pending, counts.kept), (60, 0), "{counts:?}");
}

/// A recovery has let everything go but has not committed yet: an event that arrives now must not be kept back.
async fn promise_14_an_event_waits_for_a_recovery_that_is_under_way(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a).await;
    let down = Transition::new(Move::Failed, ACTOR);
    backend
        .store
        .integrations()
        .transition(&a, made.id, &down)
        .await
        .unwrap();
    let events = backend.store.events();
    let (sent, dedupe) = (event("x", "{}"), key("1"));
    let recovery = "UPDATE main.integrations SET status = 'active', error_message = NULL";
    let inserted = backend
        .uncommitted(recovery, events.insert(&a, made.id, &sent, &dedupe))
        .await;
    assert!(matches!(
        inserted.unwrap(),
        Inserted::Accepted { kept: false, .. }
    ));
    let lane = Lane::new(made.id, None);
    assert!(take(&backend.store, &a, &lane).await.is_some());
}

async fn finished_events_are_purged(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a).await;
    let events = backend.store.events();
    for number in ["1", "2"] {
        events
            .insert(&a, made.id, &event(number, "{}"), &key(number))
            .await
            .unwrap();
    }
    let lane = Lane::new(made.id, None);
    let (lease, first) = take(&backend.store, &a, &lane).await.unwrap();
    let lanes = backend.store.lanes();
    let step = lanes.next(lease, &first, &Ended::Done).await.unwrap();
    let Step::Work(lease, second) = step else {
        panic!("{step:?}")
    };
    lanes.next(lease, &second, &Ended::Released).await.unwrap();
    let now = integrations_core::Clock::now(&*backend.clock);
    let deployment = backend.store.deployment();
    let (later, done) = (now + Duration::from_secs(1), EventStatus::Done);
    assert_eq!(deployment.purge_events(done, now, 10).await.unwrap(), 0);
    let failed = deployment.purge_events(EventStatus::Failed, later, 10);
    assert_eq!(failed.await.unwrap(), 0);
    assert_eq!(deployment.purge_events(done, later, 10).await.unwrap(), 1);
    assert_eq!(events.counts(&a, None).await.unwrap().pending, 1);
}

async fn bad_events_are_refused(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a).await;
    let long = "x".repeat(1_000_000);
    let events = backend.store.events();
    let kind = event(&long, "{}");
    let error = events
        .insert(&a, made.id, &kind, &key("1"))
        .await
        .unwrap_err();
    assert_eq!(error.fields()[0].path, "/kind");
    let nul = events
        .insert(&a, made.id, &event("x", "{}"), &key("a\0b"))
        .await
        .unwrap_err();
    assert_eq!(nul.fields()[0].path, "/dedupeKey");
    let gone = integrations_core::IntegrationId::new();
    let error = events
        .insert(&a, gone, &event("x", "{}"), &key("1"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    backend
        .raw("UPDATE main.webhook_events SET status = 'gone'")
        .await
        .unwrap();
    assert_eq!(
        events.counts(&a, None).await.unwrap(),
        integrations_store::EventCounts::default()
    );
}
