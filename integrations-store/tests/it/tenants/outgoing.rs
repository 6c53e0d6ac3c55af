//! Promise 12 for endpoints, schedules and subscriptions: whatever another tenant calls, nothing of ours is changed.

use std::time::Duration;

use integrations_core::provider::Subscription;
use integrations_core::{ErrorKind, Timestamp};
use integrations_store::{
    Attempt, Claimed, DeliveryFilter, EndpointChanges, NewEndpoint, NewMessage, NewSchedule, Next,
    Outcome, RecoverFrom, ScheduleSpec,
};

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};

/// What the walk calls.
pub const WALKED: &[&str] = &[
    "secrets",
    "set_active",
    "rotate_secret",
    "publish_in",
    "claim",
    "finish",
    "summaries",
    "deliveries",
    "delivery",
    "attempts",
    "recover_in",
    "resend_in",
    "pause",
    "resume",
    "run_now",
    "lock_due_in",
    "advance_in",
    "want",
    "renewed",
    "failed",
    "remove",
];

const HOUR: Duration = Duration::from_secs(3600);

on_both_engines!(
    promise_12_no_call_reads_or_changes_another_tenants_endpoints,
    promise_12_no_call_reads_or_changes_another_tenants_schedules,
    promise_12_no_call_reads_or_changes_another_tenants_subscriptions,
);

fn missing(error: integrations_core::Error) {
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

async fn promise_12_no_call_reads_or_changes_another_tenants_endpoints(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let endpoints = backend.store.endpoints(&backend.vault);
    let new = NewEndpoint::new("https://hooks.example.com/planted".parse().unwrap());
    let id = endpoints.create(&a, &new, ACTOR).await.unwrap().id;
    let message = NewMessage::json("x", &1).unwrap().id("m1");
    let mut transaction = backend.store.begin("test").await.unwrap();
    let published = endpoints.publish_in(&mut transaction, &a, &message);
    let delivery = published.await.unwrap().deliveries[0];
    transaction.commit().await.unwrap();
    let before = backend.dump("a").await;
    assert!(endpoints.summaries(&b).await.unwrap().is_empty());

    let changes = EndpointChanges::new().description("x");
    missing(endpoints.get(&b, id).await.unwrap_err());
    missing(endpoints.secrets(&b, id).await.unwrap_err());
    missing(endpoints.update(&b, id, &changes, ACTOR).await.unwrap_err());
    missing(
        endpoints
            .set_active(&b, id, false, ACTOR)
            .await
            .unwrap_err(),
    );
    let rotated = endpoints.rotate_secret(&b, id, None, HOUR, ACTOR).await;
    missing(rotated.unwrap_err());
    missing(endpoints.delete(&b, id, ACTOR).await.unwrap_err());
    missing(endpoints.delivery(&b, delivery).await.unwrap_err());
    assert!(endpoints.list(&b).await.unwrap().is_empty());
    assert!(endpoints.attempts(&b, delivery).await.unwrap().is_empty());
    let all = endpoints.deliveries(&b, DeliveryFilter::all(), None, 10);
    assert!(all.await.unwrap().is_empty());
    let claimed = endpoints.claim(&b, delivery, HOUR).await.unwrap();
    assert!(matches!(claimed, Claimed::Nothing));
    let mut transaction = backend.store.begin("test").await.unwrap();
    let (epoch, mut cursor) = (Timestamp::UNIX_EPOCH, RecoverFrom::default());
    let recovered = endpoints.recover_in(&mut transaction, &b, id, epoch, &mut cursor);
    missing(recovered.await.unwrap_err());
    let again = endpoints.resend_in(&mut transaction, &b, delivery);
    assert!(!again.await.unwrap());
    // The same id of a message is another message with another tenant.
    let published = endpoints.publish_in(&mut transaction, &b, &message);
    assert!(!published.await.unwrap().duplicate);
    transaction.commit().await.unwrap();
    assert_eq!(backend.dump("a").await, before, "nothing of a was touched");

    // Work that was claimed for one tenant finishes nothing of another.
    let Claimed::Work(mut work) = endpoints.claim(&a, delivery, HOUR).await.unwrap() else {
        panic!("it is due");
    };
    let before = backend.dump("a").await;
    work.tenant = b;
    let attempt = Attempt::new(Outcome::Delivered, Some(200), HOUR);
    let finished = endpoints
        .finish(&work, attempt, Next::Delivered, HOUR)
        .await;
    assert!(!finished.unwrap().ours);
    assert_eq!(backend.dump("a").await, before, "nothing of a was touched");
}

async fn promise_12_no_call_reads_or_changes_another_tenants_schedules(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let schedules = backend.store.schedules();
    let new = NewSchedule::new("s", "k", ScheduleSpec::Every(HOUR));
    schedules.put(&a, &new, Some).await.unwrap();
    let mut transaction = backend.store.begin("test").await.unwrap();
    let due = schedules.lock_due_in(&mut transaction, &a, "s").await;
    let mut due = due.unwrap().unwrap();
    transaction.rollback().await.unwrap();
    let before = backend.dump("a").await;

    missing(schedules.get(&b, "s").await.unwrap_err());
    missing(schedules.pause(&b, "s").await.unwrap_err());
    missing(
        schedules
            .resume(&b, "s", |_, now| Some(now))
            .await
            .unwrap_err(),
    );
    missing(schedules.run_now(&b, "s").await.unwrap_err());
    missing(schedules.delete(&b, "s").await.unwrap_err());
    assert!(schedules.list(&b, "", 10).await.unwrap().is_empty());
    let mut transaction = backend.store.begin("test").await.unwrap();
    let none = schedules.lock_due_in(&mut transaction, &b, "s").await;
    assert_eq!(none.unwrap(), None);
    due.schedule.tenant = b.clone();
    let moved = schedules.advance_in(&mut transaction, &due, None, true);
    moved.await.unwrap();
    transaction.commit().await.unwrap();
    schedules.put(&b, &new, Some).await.unwrap();
    schedules.delete(&b, "s").await.unwrap();
    assert_eq!(backend.dump("a").await, before, "nothing of a was touched");
}

async fn promise_12_no_call_reads_or_changes_another_tenants_subscriptions(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let subscriptions = backend.store.subscriptions();
    let id = backend.active(&a).await.id;
    let url = "https://hooks.example.com/in".parse().unwrap();
    subscriptions.want(&a, id, "", &url).await.unwrap();
    let mut due = subscriptions
        .claim(&a, id, "", HOUR)
        .await
        .unwrap()
        .unwrap();
    let before = backend.dump("a").await;

    let refused = subscriptions.want(&b, id, "", &url).await.unwrap_err();
    assert_eq!(refused.code(), Some("foreign_key"), "{refused}");
    assert!(subscriptions.list(&b, id).await.unwrap().is_empty());
    let none = subscriptions.claim(&b, id, "", HOUR).await.unwrap();
    assert!(none.is_none());
    due.row.tenant = b.clone();
    let theirs = Subscription::new("theirs");
    let renewed = subscriptions.renewed(&due, &theirs, None);
    assert!(!renewed.await.unwrap());
    let failed = subscriptions.failed(&due, ErrorKind::Auth, HOUR, true, true);
    assert!(!failed.await.unwrap());
    assert!(!subscriptions.remove(&b, id, "").await.unwrap());
    assert_eq!(backend.dump("a").await, before, "nothing of a was touched");
}
