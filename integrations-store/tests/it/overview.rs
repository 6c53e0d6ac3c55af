//! What an operator asks of the whole deployment.

use std::time::Duration;

use integrations_core::status::Event as Move;
use integrations_store::{
    DeadLetterStatus, DeadSource, EndpointState, Engine, EventFilter, EventStatus, NewDeadLetter,
    NewEndpoint, NewMessage, RunKind, RunStatus, Store, Transition,
};

use crate::backend::{ACTOR, Backend, event, key, on_both_engines, tenant};

on_both_engines!(
    everything_is_counted_over_all_tenants,
    what_is_finished_is_forgotten,
    endpoints_are_listed_without_a_key,
    reading_needs_no_right_to_write,
);

async fn everything_is_counted_over_all_tenants(backend: Backend) {
    let store = &backend.store;
    let deployment = store.deployment();
    assert!(deployment.tenants(None, 10).await.unwrap().is_empty());
    assert_eq!(
        deployment.waiting_events().await.unwrap(),
        Default::default()
    );

    let (a, b) = (tenant("a"), tenant("b"));
    let up = backend.active(&a).await;
    let down = backend.active(&b).await;
    for number in ["1", "2"] {
        let events = store.events();
        for (tenant, integration) in [(&a, up.id), (&b, down.id)] {
            let new = event("ContactCreate", "{}");
            let inserted = events.insert(tenant, integration, &new, &key(number)).await;
            inserted.unwrap();
        }
    }
    let failed = Transition::new(Move::Failed, ACTOR);
    store
        .integrations()
        .transition(&b, down.id, &failed)
        .await
        .unwrap();
    let mut transaction = store.begin("test").await.unwrap();
    for tenant in [&a, &b] {
        let letter = NewDeadLetter::new(DeadSource::Job, "1", "push", "validation", "refused");
        let letters = store.dead_letters();
        letters
            .add_in(&mut transaction, tenant, &letter)
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();

    assert_eq!(
        deployment.tenants(None, 10).await.unwrap(),
        [a.clone(), b.clone()]
    );
    assert_eq!(
        deployment.tenants(None, 1).await.unwrap(),
        std::slice::from_ref(&a)
    );
    assert_eq!(
        deployment.tenants(Some(&a), 10).await.unwrap(),
        std::slice::from_ref(&b)
    );
    let counts = deployment.event_counts().await.unwrap();
    assert_eq!((counts.pending, counts.kept), (2, 2));
    let waiting = deployment.waiting_events().await.unwrap();
    assert_eq!(
        (waiting.pending, waiting.processing, waiting.kept),
        (2, 0, 2)
    );
    let causes = deployment.dead_letter_counts().await.unwrap();
    assert_eq!(causes.len(), 1);
    assert_eq!(
        (causes[0].cause.as_str(), causes[0].count),
        ("validation", 2)
    );
    let replayable = async |filter: EventFilter| store.events().replayable(&a, &filter).await;
    assert_eq!(replayable(EventFilter::all()).await.unwrap(), 2);
    let failed = EventFilter::all().status(EventStatus::Failed);
    assert_eq!(replayable(failed).await.unwrap(), 0);
}

async fn what_is_finished_is_forgotten(backend: Backend) {
    let (store, a) = (&backend.store, tenant("a"));
    let deployment = store.deployment();
    let (left, right) = (backend.active(&a).await, backend.active(&a).await);
    let flows = store.flows();
    flows
        .save(&a, "main", left.id, right.id, "{}")
        .await
        .unwrap();
    let runs = store.runs();
    let ended = runs
        .begin_run(&a, "main", RunKind::Full, "test")
        .await
        .unwrap();
    runs.finish(&a, ended.id, RunStatus::Done, None)
        .await
        .unwrap();
    runs.begin_run(&a, "main", RunKind::Full, "test")
        .await
        .unwrap();
    let letter = NewDeadLetter::new(DeadSource::Job, "1", "push", "validation", "refused");
    let letters = store.dead_letters();
    let mut transaction = store.begin("test").await.unwrap();
    let id = letters
        .add_in(&mut transaction, &a, &letter)
        .await
        .unwrap()
        .unwrap();
    transaction.commit().await.unwrap();

    let later = backend.database_now().await + Duration::from_secs(3600);
    let earlier = later - Duration::from_secs(7200);
    assert_eq!(deployment.purge_runs(earlier, 10).await.unwrap(), 0);
    assert_eq!(deployment.purge_runs(later, 10).await.unwrap(), 1);
    assert_eq!(
        runs.list(&a, None, None, 10).await.unwrap().len(),
        1,
        "one is under way"
    );
    assert_eq!(
        deployment.purge_dead_letters(later, 10).await.unwrap(),
        0,
        "open"
    );
    letters.drop_letter(&a, id).await.unwrap();
    assert_eq!(deployment.purge_dead_letters(earlier, 10).await.unwrap(), 0);
    let dropped = letters.find(&a, id).await.unwrap().unwrap();
    assert_eq!(dropped.status, DeadLetterStatus::Dropped);
    assert_eq!(deployment.purge_dead_letters(later, 10).await.unwrap(), 1);
    assert_eq!(deployment.purge_echoes().await.unwrap(), 0);
    let gone = deployment.purge_gone_contacts(Duration::ZERO).await;
    assert_eq!(gone.unwrap(), 0);
}

async fn endpoints_are_listed_without_a_key(backend: Backend) {
    let a = tenant("a");
    let endpoints = backend.store.endpoints(&backend.vault);
    let url = "https://hooks.example.com/planted".parse().unwrap();
    let made = endpoints
        .create(&a, &NewEndpoint::new(url).description("billing"), ACTOR)
        .await
        .unwrap();
    let message = NewMessage::json("x", &1).unwrap().id("m1");
    let mut transaction = backend.store.begin("test").await.unwrap();
    endpoints
        .publish_in(&mut transaction, &a, &message)
        .await
        .unwrap();
    transaction.commit().await.unwrap();

    let other = integrations_core::vault::KeyRing::generate().unwrap();
    let blind = backend
        .store
        .endpoints(&integrations_core::vault::Vault::new(other));
    blind.list(&a).await.unwrap_err();
    let all = blind.summaries(&a).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].id, all[0].state), (made.id, EndpointState::Active));
    assert_eq!((all[0].pending, all[0].failed), (1, 0));
    assert!(!format!("{all:?}").contains("planted"));
}

async fn reading_needs_no_right_to_write(backend: Backend) {
    let a = tenant("a");
    backend.active(&a).await;
    if backend.engine() != Engine::Sqlite {
        return;
    }
    let store = Store::open(&format!("{}?mode=ro", backend.url()))
        .await
        .unwrap();
    assert_eq!(
        store.deployment().tenants(None, 10).await.unwrap(),
        std::slice::from_ref(&a)
    );
    let transaction = store.begin_read("test").await.unwrap();
    transaction.commit().await.unwrap();
    let error = store.deployment().purge_echoes().await.unwrap_err();
    assert_eq!(error.code(), Some("read_only"), "{error}");
}
