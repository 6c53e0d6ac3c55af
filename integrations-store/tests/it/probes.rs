use std::sync::atomic::Ordering;

use integrations_core::ErrorKind;
use integrations_core::status::Status;
use integrations_core::status::probe::{Notification, Policy};
use jiff::SignedDuration;

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};
use crate::fake::{config, manager, manager_with};

on_both_engines!(
    a_probe_finds_the_failure_and_the_recovery_once,
    an_outage_needs_a_second_look,
    two_processes_do_not_probe_the_same_one,
    a_disconnected_integration_is_left_alone,
);

const HOUR: SignedDuration = SignedDuration::from_hours(2);

async fn a_probe_finds_the_failure_and_the_recovery_once(backend: Backend) {
    let a = tenant("a");
    let (manager, state, mut notices) = manager(&backend);
    let made = manager
        .create(&a, "fake", "Main", &config("k"), ACTOR)
        .await
        .unwrap();
    assert!(
        manager.probe_due(10).await.unwrap().is_empty(),
        "never tested, never probed"
    );
    manager.test_connection(&a, made.id, ACTOR).await.unwrap();
    assert!(
        manager.probe_due(10).await.unwrap().is_empty(),
        "not due yet"
    );
    state.fail(ErrorKind::Auth);
    for _ in 0..3 {
        backend.clock.advance(HOUR);
        let probed = manager.probe_due(10).await.unwrap();
        assert!(probed.len() == 1 && !probed[0].healthy, "{probed:?}");
    }
    assert_eq!(
        manager.get(&a, made.id).await.unwrap().status,
        Status::Error
    );
    state.fail(None);
    for _ in 0..2 {
        backend.clock.advance(HOUR);
        assert!(manager.probe_due(10).await.unwrap()[0].healthy);
    }
    let view = manager.get(&a, made.id).await.unwrap();
    assert_eq!(
        (view.status, view.error_message, view.last_sync_at),
        (Status::Active, None, None)
    );
    let first = notices.try_recv().unwrap();
    assert_eq!((first.tenant, first.integration), (a, made.id));
    assert!(matches!(
        first.notification,
        Notification::Failing {
            kind: ErrorKind::Auth,
            ..
        }
    ));
    assert!(matches!(
        notices.try_recv().unwrap().notification,
        Notification::Recovered { .. }
    ));
    assert!(notices.try_recv().is_err(), "once each, not per probe");
}

async fn an_outage_needs_a_second_look(backend: Backend) {
    let a = tenant("a");
    let mut policy = Policy::default();
    policy.outage_after = 3;
    let (manager, state, mut notices) =
        manager_with(&backend, |builder| builder.probe_policy(policy));
    let made = manager
        .create(&a, "fake", "Main", &config("k"), ACTOR)
        .await
        .unwrap();
    manager.test_connection(&a, made.id, ACTOR).await.unwrap();
    state.fail(ErrorKind::Timeout);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        backend.clock.advance(HOUR);
        manager.probe_due(10).await.unwrap();
        statuses.push(manager.get(&a, made.id).await.unwrap().status);
    }
    assert_eq!(statuses, [Status::Active, Status::Active, Status::Error]);
    assert!(notices.try_recv().is_ok() && notices.try_recv().is_err());
}

async fn two_processes_do_not_probe_the_same_one(backend: Backend) {
    let a = tenant("a");
    let (first, state, _) = manager(&backend);
    for number in 0..5 {
        let made = first
            .create(&a, "fake", &number.to_string(), &config("k"), ACTOR)
            .await
            .unwrap();
        first.test_connection(&a, made.id, ACTOR).await.unwrap();
    }
    let before = state.tests.load(Ordering::SeqCst);
    backend.clock.advance(HOUR);
    let probers = (0..4).map(|_| {
        let manager = first.clone();
        tokio::spawn(async move { manager.probe_due(10).await.unwrap().len() })
    });
    let mut probed = 0;
    for prober in probers.collect::<Vec<_>>() {
        probed += prober.await.unwrap();
    }
    assert_eq!(
        (probed, state.tests.load(Ordering::SeqCst) - before),
        (5, 5)
    );
}

async fn a_disconnected_integration_is_left_alone(backend: Backend) {
    let a = tenant("a");
    let (manager, ..) = manager(&backend);
    let made = manager
        .create(&a, "fake", "Main", &config("k"), ACTOR)
        .await
        .unwrap();
    manager.test_connection(&a, made.id, ACTOR).await.unwrap();
    manager.disconnect(&a, made.id, ACTOR).await.unwrap();
    backend.clock.advance(HOUR);
    assert!(manager.probe_due(10).await.unwrap().is_empty());
    assert_eq!(
        manager.get(&a, made.id).await.unwrap().status,
        Status::Disconnected
    );
}
