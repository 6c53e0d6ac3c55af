//! 3: a webhook is answered 2xx only after its event is committed.

use std::sync::Arc;
use std::time::Duration;

use integrations_core::http::HttpContext;
use integrations_store::EventFilter;
use integrations_testkit::SimulatedGhl;
use sqlx::sqlite::SqlitePool;
use tempfile::TempDir;

use crate::support::app::App;
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::tenant;

async fn receiving() -> (SimulatedGhl, App) {
    let ghl = ghl::start(ghl::builder()).await;
    let app = App::start(&ghl::providers(&ghl, [])).await;
    let config = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    app.activate(&tenant("acme"), SLUG, &config).await;
    (ghl, app)
}

/// A process that is killed leaves its files as they are at that instant.
fn copy_as_if_killed(app: &App) -> Arc<TempDir> {
    let copy = TempDir::new().expect("a folder");
    for file in std::fs::read_dir(app.folder.path()).expect("files") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("copied");
    }
    Arc::new(copy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_03_the_event_is_there_when_the_answer_is_seen() {
    let (ghl, app) = receiving().await;
    let url = format!("{}/{SLUG}", app.serve().await);
    for number in 0..5 {
        let event = ghl::contact_create(LOCATION, &format!("contact{number}"));
        let delivery = ghl.deliver(&url, ghl.webhook("ContactCreate", event)).await;
        assert_eq!(delivery.attempts, [Some(200)]);
        // At once: whoever is killed now has the event when it starts again.
        let killed = copy_as_if_killed(&app);
        let providers = ghl::providers(&ghl, []);
        let http = HttpContext::new().expect("TLS");
        let again = App::open(killed, app.vault.clone(), &providers, http, |manager| {
            manager
        });
        let again = again.await;
        let events = again.store.events();
        let acme = tenant("acme");
        let events = events.list(&acme, &EventFilter::all()).await;
        let events = events.expect("a list");
        assert_eq!(events.len(), number + 1);
        let last = events.last().expect("the newest");
        assert_eq!(last.event.id(), Some(delivery.webhook_id.as_str()));
        again.finish().await;
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_03_no_answer_comes_before_the_commit() {
    let (ghl, app) = receiving().await;
    let url = format!("{}/{SLUG}", app.serve().await);
    // Another process holds the write lock: nothing can be committed.
    let database = format!("sqlite:{}", app.folder.path().join("test.db").display());
    let other = SqlitePool::connect(&database).await.expect("a way in");
    let lock = other.begin_with("BEGIN IMMEDIATE").await;
    let lock = lock.expect("the write lock");
    let webhook = ghl.webhook("ContactCreate", ghl::contact_create(LOCATION, "c1"));
    let delivery = ghl.deliver(&url, webhook);
    tokio::pin!(delivery);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut delivery).await;
    assert!(early.is_err(), "answered before the commit: {early:?}");
    lock.rollback().await.expect("released");
    let delivery = delivery.await;
    assert_eq!(delivery.attempts, [Some(200)]);
    let rows = app.number("SELECT COUNT(*) FROM webhook_events").await;
    assert_eq!(rows, 1);
    other.close().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_03_an_event_that_cannot_be_stored_is_not_accepted() {
    let (ghl, app) = receiving().await;
    let url = format!("{}/{SLUG}", app.serve().await);
    app.sql("CREATE TRIGGER full BEFORE INSERT ON webhook_events BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        .await
        .expect("a trigger");
    let webhook = ghl.webhook("ContactCreate", ghl::contact_create(LOCATION, "c1"));
    let delivery = ghl.deliver(&url, webhook.clone()).await;
    assert!(delivery.attempts.len() > 1, "the provider came again");
    assert!(
        delivery.attempts.iter().all(|status| *status == Some(429)),
        "{delivery:?}"
    );
    app.sql("DROP TRIGGER full").await.expect("dropped");
    assert!(ghl.deliver(&url, webhook).await.delivered());
    let rows = app.number("SELECT COUNT(*) FROM webhook_events").await;
    assert_eq!(rows, 1);
    app.finish().await;
}
