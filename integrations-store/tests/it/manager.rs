use std::sync::atomic::Ordering;

use integrations_core::status::Status;
use integrations_core::template::{REDACTED, TemplateSpec};
use integrations_core::{Error, ErrorKind, WebhookSecret};
use integrations_store::{Filter, Update};
use serde_json::json;

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};
use crate::fake::{config, manager, schema};

on_both_engines!(
    a_config_is_judged_sealed_and_read_back_redacted,
    promise_07_no_secret_is_stored_or_shown,
    an_update_encrypts_only_what_changed,
    live_connections_follow_the_version,
    run_time_templates_come_and_go,
    a_test_decides_the_status_and_is_audited,
    disconnecting_and_coming_back,
    calls_move_the_status_too,
);

async fn a_config_is_judged_sealed_and_read_back_redacted(backend: Backend) {
    let a = tenant("a");
    let (manager, ..) = manager(&backend);
    let error = manager
        .create(&a, "fake", "Main", &json!({ "apiKey": "planted" }), ACTOR)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!(error.fields()[0].path, "/locationId");
    assert!(!format!("{error} {error:?}").contains("planted"));
    let unknown = manager
        .create(&a, "other", "Main", &config("k"), ACTOR)
        .await
        .unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    assert!(
        manager.list(&a, &Filter::all()).await.unwrap().is_empty(),
        "nothing half-written"
    );
    let long = manager
        .create(&a, "fake", &"x".repeat(1_000_000), &config("k"), ACTOR)
        .await
        .unwrap_err();
    assert_eq!(long.fields()[0].path, "/name");
    let huge = json!({ "apiKey": "k", "locationId": "L1", "label": "x".repeat(1_000_000) });
    assert_eq!(
        manager
            .create(&a, "fake", "Main", &huge, ACTOR)
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::Validation
    );
    let made = manager
        .create(&a, "fake", "Main", &config("planted"), ACTOR)
        .await
        .unwrap();
    assert_eq!(made.status, Status::Pending);
    assert_eq!(
        made.config,
        json!({ "apiKey": REDACTED, "locationId": "L1", "label": "Main" })
    );
    assert_eq!(made.external_key.as_deref(), Some("L1"));
    assert_eq!(manager.get(&a, made.id).await.unwrap(), made);
    assert_eq!(manager.list(&a, &Filter::all()).await.unwrap(), [made]);
}

async fn promise_07_no_secret_is_stored_or_shown(backend: Backend) {
    let a = tenant("a");
    let (manager, ..) = manager(&backend);
    let made = manager
        .create(&a, "fake", "Main", &config("planted-key"), ACTOR)
        .await
        .unwrap();
    manager
        .update(
            &a,
            made.id,
            Update::new().config(json!({ "clientSecret": "planted-two" })),
            ACTOR,
        )
        .await
        .unwrap();
    manager
        .add_webhook_secret(
            &a,
            made.id,
            "",
            &WebhookSecret::from("planted-three"),
            ACTOR,
        )
        .await
        .unwrap();
    manager.test_connection(&a, made.id, ACTOR).await.unwrap();
    let rows = backend
        .texts("SELECT config || COALESCE(secrets, '') || name FROM main.integrations")
        .await;
    let trail = backend
        .texts("SELECT details || action || actor FROM main.audit_log")
        .await;
    let shown = format!(
        "{rows:?}{trail:?}{:?}{:?}{:?}{}",
        manager.get(&a, made.id).await.unwrap(),
        backend.store.integrations().get(&a, made.id).await.unwrap(),
        manager,
        serde_json::to_string(&manager.get(&a, made.id).await.unwrap()).unwrap(),
    );
    assert!(!shown.contains("planted"), "{shown}");
    assert!(
        trail.iter().any(|row| row.contains("/clientSecret")),
        "the trail names the field: {trail:?}"
    );
}

async fn an_update_encrypts_only_what_changed(backend: Backend) {
    let a = tenant("a");
    let (manager, ..) = manager(&backend);
    let both = json!({ "apiKey": "one", "clientSecret": "two", "locationId": "L1" });
    let made = manager
        .create(&a, "fake", "Main", &both, ACTOR)
        .await
        .unwrap();
    let sealed = async || {
        let row = backend.store.integrations().get(&a, made.id).await.unwrap();
        let sealed: serde_json::Value =
            serde_json::from_str(row.secrets.as_deref().unwrap()).unwrap();
        (
            sealed["fields"]["/apiKey"].clone(),
            sealed["fields"]["/clientSecret"].clone(),
            row.version,
        )
    };
    let before = sealed().await;
    let same = json!({ "apiKey": REDACTED, "clientSecret": "two", "locationId": "L1" });
    let view = manager
        .update(&a, made.id, Update::new().name("Main").config(same), ACTOR)
        .await
        .unwrap();
    assert_eq!(
        (view.version, sealed().await),
        (1, before.clone()),
        "nothing differs, nothing is written"
    );
    let changed = json!({ "apiKey": "three", "label": "new" });
    let view = manager
        .update(&a, made.id, Update::new().version(1).config(changed), ACTOR)
        .await
        .unwrap();
    let after = sealed().await;
    assert_ne!(after.0, before.0);
    assert_eq!(after.1, before.1, "byte for byte");
    assert_eq!(
        (view.version, view.config["label"].as_str()),
        (2, Some("new"))
    );
    let stale = manager
        .update(&a, made.id, Update::new().version(1).name("x"), ACTOR)
        .await
        .unwrap_err();
    assert_eq!(stale.code(), Some("version"));
    let bad = manager
        .update(
            &a,
            made.id,
            Update::new().config(json!({ "locationId": 7 })),
            ACTOR,
        )
        .await
        .unwrap_err();
    assert_eq!(bad.fields()[0].path, "/locationId");
    let gone = manager
        .update(
            &a,
            made.id,
            Update::new().config(json!({ "clientSecret": null })),
            ACTOR,
        )
        .await
        .unwrap();
    assert_eq!(gone.config.get("clientSecret"), None);
}

async fn live_connections_follow_the_version(backend: Backend) {
    let a = tenant("a");
    let (manager, state, _) = manager(&backend);
    let made = manager
        .create(&a, "fake", "Main", &config("one"), ACTOR)
        .await
        .unwrap();
    manager.connect(&a, made.id).await.unwrap();
    manager.connect(&a, made.id).await.unwrap();
    assert_eq!(state.connects.load(Ordering::SeqCst), 1, "cached");
    let (elsewhere, ..) = crate::fake::manager(&backend);
    elsewhere
        .update(
            &a,
            made.id,
            Update::new().config(json!({ "apiKey": "two" })),
            ACTOR,
        )
        .await
        .unwrap();
    manager.connect(&a, made.id).await.unwrap();
    assert_eq!(state.connects.load(Ordering::SeqCst), 2);
    assert_eq!(
        *state.key.lock().unwrap(),
        "two",
        "a change by another process counts"
    );
    manager.delete(&a, made.id, ACTOR).await.unwrap();
    assert_eq!(
        manager.connect(&a, made.id).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

async fn run_time_templates_come_and_go(backend: Backend) {
    let a = tenant("a");
    let (manager, ..) = manager(&backend);
    let spec = || TemplateSpec::new("custom", schema());
    manager.add_template("fake", spec(), ACTOR).await.unwrap();
    assert_eq!(
        manager
            .add_template("fake", spec(), ACTOR)
            .await
            .unwrap_err()
            .code(),
        Some("slug")
    );
    let own = manager
        .add_template("fake", TemplateSpec::new("fake", schema()), ACTOR)
        .await
        .unwrap_err();
    assert_eq!(own.code(), Some("slug"), "a provider's own");
    assert_eq!(
        manager
            .add_template("nobody", spec(), ACTOR)
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::NotFound
    );
    let slugs: Vec<_> = manager
        .templates()
        .await
        .unwrap()
        .iter()
        .map(|one| one.slug().to_owned())
        .collect();
    assert_eq!(slugs, ["custom", "fake"]);
    let made = manager
        .create(&a, "custom", "Main", &config("one"), ACTOR)
        .await
        .unwrap();
    assert_eq!(
        (made.provider.as_str(), made.template.as_str()),
        ("fake", "custom")
    );
    manager.test_connection(&a, made.id, ACTOR).await.unwrap();
    let mut off = spec();
    off.is_active = false;
    let changed = manager.update_template("custom", off).await.unwrap();
    assert_eq!(changed.version(), 2);
    let error = manager
        .create(&a, "custom", "Second", &config("one"), ACTOR)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("template_inactive"));
    assert_eq!(
        manager.delete_template("custom").await.unwrap_err().code(),
        Some("in_use")
    );
    manager.delete(&a, made.id, ACTOR).await.unwrap();
    manager.delete_template("custom").await.unwrap();
    assert_eq!(
        manager.delete_template("custom").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        manager.delete_template("fake").await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
}

async fn a_test_decides_the_status_and_is_audited(backend: Backend) {
    let a = tenant("a");
    let (manager, state, _) = manager(&backend);
    let made = manager
        .create(&a, "fake", "Main", &config("one"), ACTOR)
        .await
        .unwrap();
    state.fail(ErrorKind::Timeout);
    manager
        .test_connection(&a, made.id, ACTOR)
        .await
        .unwrap_err();
    assert_eq!(
        manager.get(&a, made.id).await.unwrap().status,
        Status::Pending,
        "an outage says nothing"
    );
    state.fail(ErrorKind::Auth);
    assert_eq!(
        manager
            .test_connection(&a, made.id, ACTOR)
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::Auth
    );
    let down = manager.get(&a, made.id).await.unwrap();
    assert_eq!(
        (down.status, down.error_kind.as_deref()),
        (Status::Error, Some("auth"))
    );
    state.fail(None);
    let report = manager.test_connection(&a, made.id, ACTOR).await.unwrap();
    assert_eq!(report.account_id.as_deref(), Some("L1"));
    let up = manager.get(&a, made.id).await.unwrap();
    assert_eq!((up.status, up.error_message), (Status::Active, None));
    let trail = backend
        .store
        .audit()
        .list(&a, Some(made.id), 0, 10)
        .await
        .unwrap();
    let seen: Vec<_> = trail[1..]
        .iter()
        .map(|row| (row.action.as_str(), row.details["to"].as_str().unwrap()))
        .collect();
    let tested = "integration.tested";
    assert_eq!(
        seen,
        [(tested, "pending"), (tested, "error"), (tested, "active")]
    );
    assert!(backend.store.audit().verify_chain(&a).await.unwrap().ok);
}

async fn disconnecting_and_coming_back(backend: Backend) {
    let a = tenant("a");
    let (manager, ..) = manager(&backend);
    let made = manager
        .create(&a, "fake", "Main", &config("one"), ACTOR)
        .await
        .unwrap();
    manager.test_connection(&a, made.id, ACTOR).await.unwrap();
    manager.disconnect(&a, made.id, ACTOR).await.unwrap();
    assert_eq!(
        manager
            .disconnect(&a, made.id, ACTOR)
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::Transition
    );
    let error = manager.connect(&a, made.id).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Conflict, Some("disconnected"))
    );
    manager.record(&a, made.id, Ok(())).await.unwrap();
    manager
        .record(&a, made.id, Err(&Error::new(ErrorKind::Auth, "")))
        .await
        .unwrap();
    assert_eq!(
        manager.get(&a, made.id).await.unwrap().status,
        Status::Disconnected,
        "only a person brings it back"
    );
    manager.reconnect(&a, made.id, ACTOR).await.unwrap();
    assert_eq!(
        manager.get(&a, made.id).await.unwrap().status,
        Status::Active
    );
}

async fn calls_move_the_status_too(backend: Backend) {
    let a = tenant("a");
    let (manager, _, mut notices) = manager(&backend);
    let made = manager
        .create(&a, "fake", "Main", &config("one"), ACTOR)
        .await
        .unwrap();
    manager.test_connection(&a, made.id, ACTOR).await.unwrap();
    manager.connect(&a, made.id).await.unwrap();
    let view = async || manager.get(&a, made.id).await.unwrap();
    assert_eq!(view().await.last_sync_at, None);
    manager.record(&a, made.id, Ok(())).await.unwrap();
    let synced = view().await.last_sync_at.unwrap();
    for kind in [
        ErrorKind::NotFound,
        ErrorKind::RateLimited,
        ErrorKind::Server,
    ] {
        manager
            .record(&a, made.id, Err(&Error::new(kind, "")))
            .await
            .unwrap();
    }
    assert_eq!(
        view().await.status,
        Status::Active,
        "these say nothing about the connection"
    );
    backend.clock.advance(jiff::SignedDuration::from_secs(5));
    for _ in 0..3 {
        manager
            .record(&a, made.id, Err(&Error::new(ErrorKind::Auth, "revoked")))
            .await
            .unwrap();
    }
    assert_eq!(
        (view().await.status, view().await.last_sync_at),
        (Status::Error, Some(synced))
    );
    manager.record(&a, made.id, Ok(())).await.unwrap();
    assert_eq!(view().await.status, Status::Active);
    assert!(view().await.last_sync_at.unwrap() > synced);
    let words = |notice: &integrations_store::Notice| {
        serde_json::to_value(&notice.notification).unwrap()["type"].clone()
    };
    assert_eq!(words(&notices.try_recv().unwrap()), "failing");
    assert_eq!(words(&notices.try_recv().unwrap()), "recovered");
    assert!(notices.try_recv().is_err(), "once each");
}
