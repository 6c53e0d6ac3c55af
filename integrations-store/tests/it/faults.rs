//! A database that is read-only, full, gone, or behind a pooler.

use std::time::Duration;

use integrations_core::lease::LeaseStore as _;
use integrations_store::{Filter, Lane, NewAudit, Store, StoreOptions, Transition};

use crate::backend::{ACTOR, Backend, event, key, tenant};
use crate::lanes::drain;

#[tokio::test]
async fn a_read_only_file_can_be_read() {
    let backend = Backend::sqlite().await.unwrap();
    let a = tenant("a");
    let made = backend.active(&a).await;
    let store = Store::open(&format!("{}?mode=ro", backend.url()))
        .await
        .unwrap();
    assert_eq!(
        store
            .integrations()
            .list(&a, &Filter::all())
            .await
            .unwrap()
            .len(),
        1
    );
    let error = store
        .audit()
        .append(&a, &NewAudit::new(ACTOR, "x"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.is_retryable()),
        (Some("read_only"), false),
        "{error}"
    );
    assert_eq!(
        backend.store.integrations().get(&a, made.id).await.unwrap(),
        made
    );
}

/// SQLite's own limit on the file's size stands for a full disk: the same result code.
#[tokio::test]
async fn a_full_disk_is_a_typed_error_and_nothing_is_half_written() {
    let backend = Backend::sqlite().await.unwrap();
    let a = tenant("a");
    let made = backend.active(&a).await;
    let store = backend
        .another_with(|options| options.max_bytes(400_000))
        .await;
    let payload: &'static str = Box::leak("x".repeat(2_000_000).into_boxed_str());
    let error = store
        .events()
        .insert(&a, made.id, &event("x", payload), &key("1"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.is_retryable()),
        (Some("full"), true),
        "{error}"
    );
    assert_eq!(
        backend
            .number("SELECT COUNT(*) FROM main.webhook_events")
            .await,
        0
    );
    assert!(backend.store.audit().verify_chain(&a).await.unwrap().ok);
    backend
        .store
        .events()
        .insert(&a, made.id, &event("x", "{}"), &key("1"))
        .await
        .unwrap();
}

#[tokio::test]
async fn another_process_that_holds_the_file_makes_it_busy() {
    let backend = Backend::sqlite().await.unwrap();
    let a = tenant("a");
    let made = backend.active(&a).await;
    let patient = backend
        .another_with(|options| options.busy_timeout(Duration::from_millis(100)))
        .await;
    let holder = sqlx::SqlitePool::connect(backend.url()).await.unwrap();
    let held = holder.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let moved = Transition::new(integrations_core::status::Event::Failed, ACTOR);
    let error = patient
        .integrations()
        .transition(&a, made.id, &moved)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.is_retryable()),
        (Some("busy"), true),
        "{error}"
    );
    patient
        .integrations()
        .get(&a, made.id)
        .await
        .expect("readers do not wait");
    held.rollback().await.unwrap();
    patient
        .integrations()
        .transition(&a, made.id, &moved)
        .await
        .unwrap();
}

/// The server ends all connections, as in a restart: the next calls get new ones.
#[tokio::test]
async fn lost_connections_are_replaced() {
    let Some(backend) = Backend::postgres().await else {
        return;
    };
    let a = tenant("a");
    let made = backend.active(&a).await;
    let name = format!("lost-{}", backend.schema());
    let store = backend
        .another_with(|options| options.application_name(&name).max_connections(3))
        .await;
    let reads = (0..3).map(async |_| store.integrations().get(&a, made.id).await.unwrap());
    assert_eq!(futures_util::future::join_all(reads).await.len(), 3);
    let ended = backend
        .number(&format!(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{name}'"
        ))
        .await;
    assert!(ended >= 1);
    let mut failures = 0;
    while let Err(error) = store.integrations().get(&a, made.id).await {
        assert_eq!(
            (error.code(), error.is_retryable()),
            (Some("unavailable"), true),
            "{error:?}"
        );
        failures += 1;
        assert!(failures <= 3, "each connection fails at most once");
    }
    let gone = Store::open_with(
        "postgres://nobody@127.0.0.1:1/none",
        StoreOptions::new().acquire_timeout(Duration::from_millis(200)),
    )
    .await
    .unwrap_err();
    assert!(gone.is_retryable(), "{gone}");
}

/// A pooler that hands every transaction to another server connection, as pgbouncer in transaction mode may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_expected_of_the_session_between_transactions() {
    let Some(backend) = Backend::postgres().await else {
        return;
    };
    let (a, made) = (tenant("a"), backend.active(&tenant("a")).await);
    let url = crate::pooler::start(backend.url()).await;
    let options = || {
        StoreOptions::new()
            .schema(backend.schema())
            .max_connections(2)
    };
    let store = Store::open_with(&url, options().transaction_pooling(true))
        .await
        .unwrap();
    store.migrate().await.unwrap();
    for number in 0..3 {
        let dedupe = key(&number.to_string());
        store
            .events()
            .insert(&a, made.id, &event("x", "{}"), &dedupe)
            .await
            .unwrap();
        let lane = Lane::new(made.id, None);
        assert_eq!(drain(&store, &a, &lane).await.len(), 1);
        store
            .try_acquire(&a, &number.to_string(), "one", Duration::from_secs(60))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            store.integrations().get(&a, made.id).await.unwrap().id,
            made.id
        );
    }
    assert!(store.audit().verify_chain(&a).await.unwrap().ok);
    let ordinary = Store::open_with(&url, options()).await.unwrap();
    let mut failed = false;
    for _ in 0..4 {
        failed |= ordinary.integrations().get(&a, made.id).await.is_err();
    }
    assert!(
        failed,
        "the pooler is no pooler if prepared statements survive it"
    );
}
