//! Receivers that misbehave and processes that die.

use integrations_store::Claimed;

use super::*;

on_both_engines!(
    every_failure_has_its_word,
    a_receiver_that_stalls_in_its_body_has_received,
    promise_05_a_claim_whose_process_died_is_attempted_again,
    many_processes_deliver_each_once,
);

async fn every_failure_has_its_word(backend: Backend) {
    let mut scene = Scene::new(backend);
    scene.outgoing = Scene::builder(&scene.backend, &scene.vault, &scene.notices)
        .timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    let receiver = Receiver::start().await;
    scene.endpoint(&receiver).await;
    for (act, word) in [
        (Act::Stall, Outcome::Timeout),
        (Act::Close, Outcome::Broken),
        (Act::Answer(404, ""), Outcome::Status),
        (
            Act::Answer(307, "location: /elsewhere\r\n"),
            Outcome::Status,
        ),
    ] {
        receiver.act(act.clone());
        scene.publish("a").await;
        assert_eq!(scene.deliver_due().await, 1);
        let waiting = scene.deliveries(DeliveryStatus::Pending).await;
        let outcomes = scene.outcomes(waiting.last().unwrap()).await;
        assert_eq!(outcomes[0].0, word, "{act:?}");
    }
    assert!(
        receiver
            .seen()
            .iter()
            .all(|request| request.url.starts_with("/hooks"))
    );
    let nobody = NewEndpoint::new("http://127.0.0.1:1/".parse().unwrap())
        .events(["nobody".parse().unwrap()]);
    scene
        .outgoing
        .create_endpoint(&scene.acme, &nobody, ACTOR)
        .await
        .unwrap();
    receiver.act(Act::Answer(200, ""));
    scene.publish("nobody").await;
    scene.deliver_due().await;
    let waiting = scene.deliveries(DeliveryStatus::Pending).await;
    let outcomes = scene.outcomes(waiting.last().unwrap()).await;
    assert_eq!(outcomes, [(Outcome::Connect, None)]);
}

async fn a_receiver_that_stalls_in_its_body_has_received(backend: Backend) {
    let scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    scene.endpoint(&receiver).await;
    receiver.act(Act::StallBody);
    scene.publish("a").await;
    scene.deliver_due().await;
    assert_eq!(scene.only().await.status, DeliveryStatus::Delivered);
}

async fn promise_05_a_claim_whose_process_died_is_attempted_again(backend: Backend) {
    let scene = Scene::new(backend);
    let clock = scene.backend.hold_clock().await;
    let receiver = Receiver::start().await;
    scene.endpoint(&receiver).await;
    scene.publish("a").await;
    let delivery = scene.only().await;
    let lease = Duration::from_secs(45);
    let endpoints = scene.outgoing.endpoints();
    let dead = endpoints
        .claim(&scene.acme, delivery.id, lease)
        .await
        .unwrap();
    let Claimed::Work(dead) = dead else {
        panic!("{dead:?}")
    };
    let waits = scene
        .outgoing
        .deliver(&scene.acme, delivery.id)
        .await
        .unwrap();
    assert_eq!(waits, Delivered::Again(lease));
    clock.advance(lease).await;
    assert_eq!(scene.deliver_due().await, 1);
    let delivery = scene.only().await;
    assert_eq!(
        (delivery.status, delivery.attempts),
        (DeliveryStatus::Delivered, 2)
    );
    // The dead one was only slow: what it says comes too late to change anything.
    let attempt = integrations_store::Attempt::new(Outcome::Timeout, None, lease);
    let next = integrations_store::Next::Again(lease);
    let late = endpoints
        .finish(&dead, attempt, next, 5 * DAY)
        .await
        .unwrap();
    assert!(!late.ours);
    assert_eq!(scene.only().await.status, DeliveryStatus::Delivered);
}

async fn many_processes_deliver_each_once(backend: Backend) {
    let scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    scene.endpoint(&receiver).await;
    for _ in 0..100 {
        scene.publish("a").await;
    }
    let mut others = Vec::new();
    for _ in 0..3 {
        let store = scene.backend.another().await;
        others.push(
            Outgoing::builder(&store, &scene.vault)
                .transport_options({
                    let mut options = TransportOptions::default();
                    options.trust_only = Some(Vec::new());
                    options
                })
                .addresses(
                    AddressPolicy::public()
                        .allow_http()
                        .allow_network(Network::LOOPBACK),
                )
                .build()
                .unwrap(),
        );
    }
    let working = others.iter().map(|outgoing| outgoing.deliver_due(200));
    for worked in futures_util::future::join_all(working).await {
        worked.unwrap();
    }
    assert_eq!(scene.deliveries(DeliveryStatus::Delivered).await.len(), 100);
    assert_eq!(receiver.seen().len(), 100);
}
