//! Endpoints that end, and what they missed.

use super::*;

on_both_engines!(
    a_receiver_that_is_gone_is_disabled_at_once,
    one_that_fails_for_five_days_is_disabled_once,
    one_success_ends_the_count,
    what_was_missed_is_recovered,
    old_messages_are_forgotten,
);

async fn a_receiver_that_is_gone_is_disabled_at_once(backend: Backend) {
    let scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver).await;
    for _ in 0..3 {
        scene.publish("a").await;
    }
    receiver.act(Act::Answer(410, ""));
    let first = scene.deliveries(DeliveryStatus::Pending).await[0].clone();
    let done = scene.outgoing.deliver(&scene.acme, first.id).await;
    assert_eq!(done.unwrap(), Delivered::Done);
    assert_eq!(scene.state(&endpoint).await, EndpointState::Gone);
    assert_eq!(scene.notices(), [EndpointState::Gone]);
    assert_eq!(scene.deliver_due().await, 0, "the others failed with it");
    assert_eq!(scene.deliveries(DeliveryStatus::Failed).await.len(), 3);
    scene.publish("a").await;
    assert_eq!(scene.deliver_due().await, 0);
    let audit = scene.backend.store.audit();
    let rows = audit.list(&scene.acme, None, 0, 100).await.unwrap();
    let last = rows.last().unwrap();
    assert_eq!(
        (last.actor.as_str(), last.action.as_str()),
        ("system", "endpoint.disabled")
    );
    assert!(!last.details.to_string().contains("planted"));
}

async fn one_that_fails_for_five_days_is_disabled_once(backend: Backend) {
    let scene = Scene::new(backend);
    let clock = scene.backend.hold_clock().await;
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver).await;
    receiver.act(Act::Answer(500, ""));
    for _ in 0..119 {
        scene.publish("a").await;
        scene.deliver_due().await;
        clock.advance(HOUR).await;
    }
    assert_eq!(scene.state(&endpoint).await, EndpointState::Active);
    assert_eq!(scene.notices(), []);
    clock.advance(2 * HOUR).await;
    for _ in 0..20 {
        scene.publish("a").await;
    }
    // Many fail at the same time, in two processes: one of them disables.
    let other = Scene::builder(&scene.backend, &scene.vault, &scene.notices)
        .build()
        .unwrap();
    let (here, there) = tokio::join!(scene.outgoing.deliver_due(50), other.deliver_due(50));
    assert!(here.unwrap() + there.unwrap() > 0);
    assert_eq!(scene.state(&endpoint).await, EndpointState::Failing);
    assert_eq!(scene.notices(), [EndpointState::Failing]);
    assert_eq!(scene.deliveries(DeliveryStatus::Pending).await, []);
}

async fn one_success_ends_the_count(backend: Backend) {
    let scene = Scene::new(backend);
    let clock = scene.backend.hold_clock().await;
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver).await;
    for day in 0..12 {
        receiver.act(Act::Answer(if day % 4 == 3 { 204 } else { 500 }, ""));
        scene.publish("a").await;
        scene.deliver_due().await;
        clock.advance(DAY).await;
    }
    let now = scene
        .outgoing
        .endpoints()
        .get(&scene.acme, endpoint.id)
        .await
        .unwrap();
    assert_eq!(
        (now.state, now.failing_since),
        (EndpointState::Active, None)
    );
}

async fn what_was_missed_is_recovered(backend: Backend) {
    let scene = Scene::new(backend);
    let clock = scene.backend.hold_clock().await;
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver).await;
    scene.publish("before").await;
    scene.deliver_due().await;
    receiver.act(Act::Answer(410, ""));
    scene.publish("too.early").await;
    scene.deliver_due().await;
    clock.advance(HOUR).await;
    let since = clock.now().await;
    scene
        .outgoing
        .enable(&scene.acme, endpoint.id, ACTOR)
        .await
        .unwrap();
    scene.publish("failed").await;
    scene.deliver_due().await;
    assert_eq!(scene.state(&endpoint).await, EndpointState::Gone);
    for _ in 0..1100 {
        scene.publish("missed").await;
    }
    receiver.act(Act::Answer(200, ""));
    receiver.forget();
    scene
        .outgoing
        .enable(&scene.acme, endpoint.id, ACTOR)
        .await
        .unwrap();
    assert_eq!(scene.deliver_due().await, 0, "only when it is asked for");
    let recovery = scene
        .outgoing
        .recover(&scene.acme, endpoint.id, since)
        .await
        .unwrap();
    assert_eq!((recovery.failed, recovery.missed), (1, 1100));
    while scene.deliver_due().await > 0 {}
    assert_eq!(receiver.seen().len(), 1101);
    let again = scene
        .outgoing
        .recover(&scene.acme, endpoint.id, since)
        .await
        .unwrap();
    assert_eq!((again.failed, again.missed), (0, 0));
}

async fn old_messages_are_forgotten(backend: Backend) {
    let scene = Scene::new(backend);
    let clock = scene.backend.hold_clock().await;
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver).await;
    scene.publish("old").await;
    scene.deliver_due().await;
    receiver.act(Act::Answer(500, ""));
    scene.publish("old.but.waiting").await;
    scene.deliver_due().await;
    clock.advance(DAY).await;
    let deployment = scene.backend.store.deployment();
    assert_eq!(
        deployment.purge_messages(clock.now().await).await.unwrap(),
        1
    );
    let left = scene.only().await;
    assert_eq!(left.kind, "old.but.waiting");
    scene
        .outgoing
        .endpoints()
        .delete(&scene.acme, endpoint.id, ACTOR)
        .await
        .unwrap();
    assert_eq!(scene.deliver_due().await, 0);
    assert_eq!(
        deployment.purge_messages(clock.now().await).await.unwrap(),
        1
    );
}
