//! 7: no secret appears in Debug, Display, logs, errors, panics, HTTP answers or files, in a whole life with failures.

use std::sync::Arc;

use integrations_core::http::HttpContext;
use integrations_core::{ErrorKind, ExposeSecret as _, WebhookSecret};
use integrations_store::Update;
use integrations_testkit::leak::Form;
use integrations_testkit::{Fault, FaultPlan, LeakDetector};
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::app::App;
use crate::support::errors::{refused, sound};
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::handler::Recorder;
use crate::support::{ACTOR, leaks, tenant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_07_no_secret_in_a_whole_life() {
    let acme = tenant("acme");
    let ghl = ghl::start(ghl::builder()).await;
    let providers = ghl::providers(&ghl, []);
    let app = App::start(&providers).await;
    let token = ghl::token(&ghl, LOCATION);
    for (name, secret) in [
        ("a webhook secret", "whsec_9d1f00a7-planted"),
        ("a mistyped token", "pit-mistyped-4711-0815"),
    ] {
        leaks::plant(name, secret);
    }
    let scans = leaks::detector().report().scans();

    // Refused configs, with the secret in the wrong place.
    let misplaced = [
        json!({"apiKey": token}),
        json!({"apiKey": {"token": token}, "locationId": LOCATION}),
        json!({"locationId": [token], "apiKey": token}),
        json!({"apiKye": "pit-mistyped-4711-0815", "locationId": LOCATION}),
        json!({"apiKey": token, "locationId": LOCATION, "baseUrl": format!("not a URL: {token}")}),
        json!(token),
    ];
    for config in misplaced {
        let created = app.manager.create(&acme, SLUG, "Main", &config, ACTOR);
        refused(created.await, ErrorKind::Validation);
    }
    let config = ghl::config(&token, LOCATION);
    let id = app.create(&acme, SLUG, &config).await;
    let secret = WebhookSecret::from("whsec_9d1f00a7-planted");
    app.manager
        .add_webhook_secret(&acme, id, "", &secret, ACTOR)
        .await
        .expect("kept");
    app.manager
        .test_connection(&acme, id, ACTOR)
        .await
        .expect("works");

    // Every fault of the provider, some of which echo what they were sent.
    let connection = app.manager.connect(&acme, id).await.expect("connected");
    for fault in [
        Fault::ServerError(500),
        Fault::HtmlOnOk,
        Fault::TruncatedBody,
        Fault::ResetAfter,
        Fault::NoContent,
        Fault::Redirect(format!("https://evil.example/?token={token}")),
    ] {
        let plan = FaultPlan::seeded(1).rate(fault, 1.0).on("/*");
        ghl.set_faults(plan);
        let error = connection.test_connection().await;
        let error = error.expect_err("the provider fails");
        sound(&error);
        app.manager
            .record(&acme, id, Err(&error))
            .await
            .expect("recorded");
    }
    ghl.set_faults(FaultPlan::none());
    ghl.revoke_token(&token);
    let tested = app.manager.test_connection(&acme, id, ACTOR).await;
    refused(tested, ErrorKind::Auth);

    // Webhooks, one of which carries the token where a name should be.
    let mut event = ghl::contact_create(LOCATION, "c1");
    event["type"] = json!("Strange");
    let strange = ghl.webhook("Strange", event);
    let url = format!("{}/{SLUG}", app.serve().await);
    assert!(ghl.deliver(&url, strange.clone()).await.delivered());
    assert!(!ghl.deliver(&url, strange.unsigned()).await.delivered());
    let recorder = Recorder::new(&app);
    ghl.restore_token(&token);
    app.manager
        .test_connection(&acme, id, ACTOR)
        .await
        .expect("works");
    let drained = recorder.inbox(&app).drain().await.expect("a store");
    assert_eq!(drained.done, 1);

    // Changes, and what people are shown.
    let update = Update::new().config(json!({"apiKey": "pit-mistyped-4711-0815"}));
    leaks::scan("an update", format!("{update:?}"));
    app.manager
        .update(&acme, id, update, ACTOR)
        .await
        .expect("changed");
    refused(
        app.manager.test_connection(&acme, id, ACTOR).await,
        ErrorKind::Auth,
    );
    app.manager.reencrypt(&acme, id).await.expect("done");
    let view = app.view(&acme, id).await;
    leaks::scan("what people are shown", format!("{view:?}"));
    let json = serde_json::to_string(&view).expect("JSON");
    leaks::scan("what browsers are sent", json);
    let row = app
        .store
        .integrations()
        .get(&acme, id)
        .await
        .expect("a row");
    leaks::scan("the row", format!("{row:?}"));
    for row in app.trail(&acme).await {
        leaks::scan("the trail", format!("{row:?} {}", row.details));
    }
    let things = format!(
        "{:?} {:?} {:?} {:?} {connection:?} {secret:?}",
        app.manager, app.store, app.vault, app.webhooks
    );
    leaks::scan("what the application holds", things);

    // With another ring nothing opens, and the error says which key is missing, not what it is.
    let ring = integrations_core::vault::KeyRing::generate().expect("random");
    let text = ring.to_text();
    let key = text.expose_secret().trim().rsplit(':').next();
    leaks::plant("another ring's key", key.expect("a key"));
    let vault = integrations_core::vault::Vault::new(ring);
    let folder = Arc::clone(&app.folder);
    let http = HttpContext::new().expect("TLS");
    let stranger = App::open(folder, vault, &providers, http, |m| m).await;
    let error = refused(stranger.manager.connect(&acme, id).await, ErrorKind::Crypto);
    assert_eq!(error.code(), Some("unknown_key"));
    stranger.store.close().await;

    let scanned = leaks::detector().report().scans() - scans;
    assert!(scanned > 100, "logs, errors and answers: {scanned} places");
    app.finish().await;
}

/// Were something to leak, it would be found: the search above is worth something.
#[test]
fn promise_07_what_leaks_is_found() {
    let detector = LeakDetector::new();
    let secret = "pit-0b5c6a2e-leaks-on-purpose";
    detector.plant("the secret", secret);
    assert!(detector.report().is_clean());

    let subscriber = tracing_subscriber::registry().with(detector.layer());
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::debug_span!("call", authorization = %format!("Bearer {secret}"));
        span.in_scope(|| tracing::warn!(url = %format!("https://x/?t={secret}"), "slow"));
        let error = std::io::Error::other(secret);
        tracing::error!(error = &error as &dyn std::error::Error, "failed");
    });
    assert_eq!(detector.report().leaks().len(), 3, "span, event and error");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.db");
    std::fs::write(&file, hex_of(secret)).expect("written");
    detector.scan_dir(folder.path()).expect("read");
    detector.scan("an answer", format!("{{\"t\":\"{secret}\"}}"));
    detector.scan("a cut one", &secret[..16]);
    let report = detector.report();
    assert_eq!(report.leaks().len(), 6);
    assert_eq!(report.leaks()[3].form, Form::Hex);
    let panicked = std::panic::catch_unwind(|| detector.assert_clean());
    assert!(panicked.is_err());
    assert!(
        !report.to_string().contains("0b5c6a2e"),
        "not by the report"
    );
}

fn hex_of(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
