//! Configs of the wrong type, with extra fields, of a megabyte; and names that are none.

use integrations_core::{ErrorKind, IntegrationId, TenantId};
use integrations_store::Update;
use integrations_testkit::SimulatedGhl;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::errors::refused;
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::{ACTOR, tenant};

async fn connected() -> (SimulatedGhl, App, IntegrationId) {
    let ghl = ghl::start(ghl::builder()).await;
    let app = App::start(&ghl::providers(&ghl, [])).await;
    let config = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    let (id, _) = app.activate(&tenant("acme"), SLUG, &config).await;
    (ghl, app, id)
}

fn nested(depth: usize) -> Value {
    let mut value = json!(1);
    for _ in 0..depth {
        value = json!({ "a": value });
    }
    value
}

#[tokio::test]
async fn updates_that_are_refused_change_nothing() {
    let acme = tenant("acme");
    let (_ghl, app, id) = connected().await;
    let megabyte = "x".repeat(1 << 20);
    let wide: serde_json::Map<String, Value> =
        (0..20_000).map(|n| (format!("f{n}"), json!(n))).collect();
    let before = (app.view(&acme, id).await, app.rows().await);
    for (what, config, path) in [
        ("a list", json!([]), ""),
        ("a text", json!("x"), ""),
        ("null", Value::Null, ""),
        ("the wrong type", json!({"locationId": {}}), "/locationId"),
        (
            "a removed account",
            json!({"locationId": null}),
            "/locationId",
        ),
        (
            "an extra field",
            json!({"nobodyKnows": true}),
            "/nobodyKnows",
        ),
        ("a megabyte", json!({"calendarId": megabyte}), "/calendarId"),
        (
            "a megabyte of a secret",
            json!({"apiKey": megabyte}),
            "/apiKey",
        ),
        ("a megabyte of a name", json!({megabyte.as_str(): 1}), ""),
        ("deep", json!({"calendarId": nested(100)}), "/calendarId"),
        ("wide", Value::Object(wide), ""),
    ] {
        let update = Update::new().config(config);
        let result = app.manager.update(&acme, id, update, ACTOR).await;
        let error = refused(result, ErrorKind::Validation);
        assert!(!error.fields().is_empty(), "{what}: {error}");
        assert!(
            error.fields().iter().any(|f| f.path.starts_with(path)),
            "{what}: {error}"
        );
        assert!(error.fields().len() <= 300, "{what}");
    }
    let stale = Update::new().name("New").version(77);
    let result = app.manager.update(&acme, id, stale, ACTOR).await;
    refused(result, ErrorKind::Conflict);
    assert_eq!((app.view(&acme, id).await, app.rows().await), before);
    app.finish().await;
}

#[tokio::test]
async fn names_that_are_none_are_refused() {
    let acme = tenant("acme");
    let (ghl, app, _) = connected().await;
    let config = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    let before = app.rows().await;
    let long = "x".repeat(1 << 20);
    for (template, name, actor, kind) in [
        ("nobody", "Main", ACTOR, ErrorKind::NotFound),
        ("", "Main", ACTOR, ErrorKind::NotFound),
        (
            "'; DROP TABLE integrations; --",
            "Main",
            ACTOR,
            ErrorKind::NotFound,
        ),
        (long.as_str(), "Main", ACTOR, ErrorKind::NotFound),
        (SLUG, "", ACTOR, ErrorKind::Validation),
        (SLUG, long.as_str(), ACTOR, ErrorKind::Validation),
        (SLUG, "a\u{0}b", ACTOR, ErrorKind::Validation),
        (SLUG, "Main", "", ErrorKind::Validation),
        (SLUG, "Main", long.as_str(), ErrorKind::Validation),
    ] {
        let created = app.manager.create(&acme, template, name, &config, actor);
        refused(created.await, kind);
    }
    for id in ["", "a\u{0}", "a\nb", "\u{7f}", long.as_str()] {
        refused(TenantId::new(id), ErrorKind::Validation);
    }
    for id in ["", "x", "00000000-0000-0000-0000", long.as_str()] {
        id.parse::<IntegrationId>().expect_err("no id");
    }
    let nobody = IntegrationId::new();
    refused(app.manager.get(&acme, nobody).await, ErrorKind::NotFound);
    assert_eq!(app.rows().await, before);
    app.finish().await;
}
