//! 4: k deliveries of one event have one effect, and a crash between claim and effect loses nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::Result;
use integrations_core::http::HttpContext;
use integrations_sync::inbox::{Delivery, EventHandler};
use integrations_testkit::SimulatedGhl;

use crate::support::app::App;
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::handler::{Recorder, Working, inbox};
use crate::support::{tenant, until};

async fn receiving() -> (SimulatedGhl, App) {
    let ghl = ghl::start(ghl::builder()).await;
    let app = App::start(&ghl::providers(&ghl, [])).await;
    let config = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    app.activate(&tenant("acme"), SLUG, &config).await;
    (ghl, app)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn promise_04_twenty_deliveries_at_once_have_one_effect() {
    let (ghl, app) = receiving().await;
    // Two processes that share the database, each with a web side and an inbox.
    let providers = ghl::providers(&ghl, []);
    let other = app
        .another(&providers, HttpContext::new().expect("TLS"), |m| m)
        .await;
    let recorder = Recorder::new(&app);
    let inboxes = [&app, &other].map(|app| Working::start(app, &recorder.inbox(app)));
    let urls = [app.serve().await, other.serve().await].map(|url| format!("{url}/{SLUG}"));
    let ghl = Arc::new(ghl);
    let webhook = ghl.webhook("ContactCreate", ghl::contact_create(LOCATION, "c1"));
    let deliveries: Vec<_> = (0..20)
        .map(|number| {
            let (ghl, webhook) = (Arc::clone(&ghl), webhook.clone());
            let url = urls[number % 2].clone();
            tokio::spawn(async move { ghl.deliver(&url, webhook).await })
        })
        .collect();
    for delivery in deliveries {
        let delivery = delivery.await.expect("no panic");
        assert_eq!(delivery.attempts, [Some(200)], "each is accepted");
    }
    until("the event is done", async || {
        app.number("SELECT COUNT(*) FROM webhook_events WHERE status = 'done'")
            .await
            == 1
    })
    .await;
    // A late one has no effect either.
    assert!(ghl.deliver(&urls[1], webhook.clone()).await.delivered());
    let after = ghl.webhook("ContactCreate", ghl::contact_create(LOCATION, "c2"));
    assert!(ghl.deliver(&urls[0], after.clone()).await.delivered());
    until("the event after it is done too", async || {
        recorder.seen().contains(&after.webhook_id())
    })
    .await;
    assert_eq!(
        recorder.seen(),
        [webhook.webhook_id(), after.webhook_id()],
        "each event once"
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM leads").await, 2);
    assert_eq!(
        app.number("SELECT MAX(attempts) FROM webhook_events").await,
        1
    );
    for inbox in inboxes {
        inbox.stop().await;
    }
    other.store.close().await;
    app.finish().await;
}

/// Crashes at its first attempt, before it has any effect.
#[derive(Debug)]
struct Crashing(Recorder, AtomicU32);

#[async_trait]
impl EventHandler for Crashing {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        if self.1.fetch_add(1, Ordering::SeqCst) == 0 {
            // As a killed process: it never comes back.
            std::future::pending::<()>().await;
        }
        self.0.handle(delivery).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_04_a_crash_between_claim_and_effect_loses_nothing() {
    let (ghl, app) = receiving().await;
    let url = format!("{}/{SLUG}", app.serve().await);
    let webhook = ghl.webhook("ContactCreate", ghl::contact_create(LOCATION, "c1"));
    assert!(ghl.deliver(&url, webhook.clone()).await.delivered());
    let recorder = Recorder::new(&app);
    let crashing = Crashing(recorder.clone(), AtomicU32::new(0));
    // In a runtime of its own, which dies in the middle of it: nothing is given back.
    let providers = ghl::providers(&ghl, []);
    let there = app
        .another(&providers, HttpContext::new().expect("TLS"), |m| m)
        .await;
    let dying_inbox = inbox(&there, crashing)
        .lease(Duration::from_millis(400))
        .build();
    let (kill, killed) = std::sync::mpsc::channel::<()>();
    let dying = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.spawn(async move { dying_inbox.drain().await });
        killed.recv().expect("a word");
        runtime.shutdown_background();
    });
    until("it is at it", async || {
        let claimed = "SELECT COUNT(*) FROM webhook_events WHERE status = 'processing'";
        app.number(claimed).await == 1
    })
    .await;
    kill.send(()).expect("it lives");
    tokio::task::spawn_blocking(move || dying.join().expect("no panic"))
        .await
        .expect("dead");
    assert!(recorder.seen().is_empty());
    // Nobody else gets it before the lease ends, and somebody gets it then.
    let other = recorder.inbox(&app);
    until("the event is handled", async || {
        other.drain().await.expect("a store");
        !recorder.seen().is_empty()
    })
    .await;
    assert_eq!(recorder.seen(), [webhook.webhook_id()]);
    assert_eq!(app.number("SELECT attempts FROM webhook_events").await, 2);
    app.finish().await;
}

/// Panics at the event of this contact.
#[derive(Debug)]
struct Panicking(Recorder);

#[async_trait]
impl EventHandler for Panicking {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        assert!(
            !String::from_utf8_lossy(delivery.event.payload()).contains("poison"),
            "a bug of the application"
        );
        self.0.handle(delivery).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_04_a_handler_that_panics_does_not_stop_the_others() {
    let (ghl, app) = receiving().await;
    let url = format!("{}/{SLUG}", app.serve().await);
    let recorder = Recorder::new(&app);
    let inbox = inbox(&app, Panicking(recorder.clone()))
        .lease(Duration::from_secs(1))
        .max_attempts(2)
        .build();
    let inbox = Working::start(&app, &inbox);
    for contact in ["poison", "c1"] {
        let event = ghl::contact_create(LOCATION, contact);
        let webhook = ghl.webhook("ContactCreate", event);
        assert!(ghl.deliver(&url, webhook).await.delivered());
    }
    until("the event behind it is handled", async || {
        recorder.seen().len() == 1
    })
    .await;
    until("the poisonous one is given up", async || {
        app.number("SELECT COUNT(*) FROM webhook_events WHERE status = 'failed'")
            .await
            == 1
    })
    .await;
    inbox.stop().await;
    app.finish().await;
}
