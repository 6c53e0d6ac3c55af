//! Secrets that do not open: wrong key, unknown key, cut, swapped, legacy garbage.

use std::sync::Arc;

use integrations_core::http::HttpContext;
use integrations_core::status::Status;
use integrations_core::vault::{KeyId, KeyRing, LegacyKey, LegacyReader, Vault, VaultKey};
use integrations_core::{ErrorKind, IntegrationId, SecretString, WebhookSecret};
use integrations_store::{Filter, Update};
use integrations_testkit::SimulatedGhl;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::errors::{refused, sound};
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::{ACTOR, leaks, tenant};

async fn sealed() -> (SimulatedGhl, App, IntegrationId) {
    let ghl = ghl::start(ghl::builder()).await;
    let app = App::start(&ghl::providers(&ghl, [])).await;
    let config = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    let (id, _) = app.activate(&tenant("acme"), SLUG, &config).await;
    // A second secret in the same record.
    leaks::plant("a webhook secret", "whsec_another-secret-of-it");
    let secret = WebhookSecret::from("whsec_another-secret-of-it");
    app.manager
        .add_webhook_secret(&tenant("acme"), id, "", &secret, ACTOR)
        .await
        .expect("kept");
    (ghl, app, id)
}

/// The same database in a process with this ring.
async fn with_ring(ghl: &SimulatedGhl, app: &App, ring: KeyRing) -> App {
    let http = HttpContext::new().expect("TLS");
    let providers = ghl::providers(ghl, []);
    App::open(
        Arc::clone(&app.folder),
        Vault::new(ring),
        &providers,
        http,
        |m| m,
    )
    .await
}

/// Everything that would have to open the secrets fails in the same way and leaves all rows as they are.
async fn nothing_opens(app: &App, id: IntegrationId, codes: &[&str]) {
    let acme = tenant("acme");
    let manager = &app.manager;
    let before = (app.rows().await, row(app, id).await);
    let change = || Update::new().config(json!({"apiKey": "pit-a-new-token-altogether"}));
    let results = [
        ("connect", manager.connect(&acme, id).await.map(drop)),
        (
            "webhook secrets",
            manager.webhook_secrets(&acme, id).await.map(drop),
        ),
        (
            "update",
            manager.update(&acme, id, change(), ACTOR).await.map(drop),
        ),
        ("reencrypt", manager.reencrypt(&acme, id).await),
    ];
    for (call, result) in results {
        let error = refused(result, ErrorKind::Crypto);
        let code = error.code().unwrap_or_default();
        assert!(codes.contains(&code), "{call}: {error}");
        assert!(error.to_string().contains(&id.to_string()), "{error}");
    }
    assert_eq!((app.rows().await, row(app, id).await), before);
    let tested = manager.test_connection(&acme, id, ACTOR).await;
    refused(tested, ErrorKind::Crypto);
    assert_eq!(status(app, id).await, Status::Error, "a person has to act");
}

async fn row(app: &App, id: IntegrationId) -> (Option<String>, u64) {
    let rows = app.store.integrations();
    let row = rows.get(&tenant("acme"), id).await.expect("a row");
    (row.secrets, row.version)
}

async fn status(app: &App, id: IntegrationId) -> Status {
    let rows = app.store.integrations();
    rows.get(&tenant("acme"), id).await.expect("a row").status
}

#[tokio::test]
async fn the_wrong_key_and_an_unknown_one() {
    let (ghl, app, id) = sealed().await;
    let own = app.vault.active_id();
    let wrong = KeyRing::new([(own.clone(), VaultKey::generate().expect("random"))]);
    let wrong = with_ring(&ghl, &app, wrong.expect("a ring")).await;
    nothing_opens(&wrong, id, &["tampered"]).await;
    wrong.store.close().await;
    let unknown = with_ring(&ghl, &app, KeyRing::generate().expect("random")).await;
    nothing_opens(&unknown, id, &["unknown_key"]).await;
    let error = unknown.manager.connect(&tenant("acme"), id).await;
    let line = error.expect_err("unknown").to_string();
    assert!(
        line.contains(own.as_str()) && line.contains("INTEGRATIONS_KEYS"),
        "names the key and where it goes: {line}"
    );
    let rotation = unknown.manager.rotate_keys().await.expect("a report");
    assert_eq!((rotation.rewrapped, rotation.failed.len()), (0, 1));
    unknown.store.close().await;
    // With the right ring it is all there.
    app.manager
        .test_connection(&tenant("acme"), id, ACTOR)
        .await
        .expect("nothing was harmed");
    app.finish().await;
}

#[tokio::test]
async fn cut_swapped_and_garbage() {
    let (ghl, app, id) = sealed().await;
    let (good, _) = row(&app, id).await;
    let good = good.expect("sealed");
    let swapped = {
        let mut record: Value = serde_json::from_str(&good).expect("JSON");
        let fields = record["fields"].as_object_mut().expect("fields");
        let names: Vec<String> = fields.keys().cloned().collect();
        assert_eq!(names.len(), 2, "{names:?}");
        let (one, two) = (fields[&names[0]].clone(), fields[&names[1]].clone());
        fields.insert(names[0].clone(), two);
        fields.insert(names[1].clone(), one);
        record.to_string()
    };
    let short = {
        let mut record: Value = serde_json::from_str(&good).expect("JSON");
        let text = record["fields"]["/apiKey"].as_str().expect("a text");
        let cut = text[..text.len() - 4].to_owned();
        record["fields"]["/apiKey"] = json!(cut);
        record.to_string()
    };
    let legacy = "000102030405060708090a0b0c0d0e0f:a1b2c3";
    for (what, text) in [
        ("cut in half", good[..good.len() / 2].to_owned()),
        ("a field that is cut", short),
        ("two fields swapped", swapped),
        ("nothing", String::new()),
        ("no JSON", "garbage".to_owned()),
        ("other JSON", "[1,2,3]".to_owned()),
        ("a record without anything", "{}".to_owned()),
        ("legacy garbage", legacy.to_owned()),
        ("a megabyte", "x".repeat(1 << 20)),
        ("deep JSON", "[".repeat(100_000)),
    ] {
        let update = format!("UPDATE integrations SET secrets = '{text}'");
        app.sql(&update).await.expect(what);
        // A process without a live connection.
        let http = HttpContext::new().expect("TLS");
        let providers = ghl::providers(&ghl, []);
        let fresh = app.another(&providers, http, |manager| manager).await;
        nothing_opens(&fresh, id, &["malformed", "tampered"]).await;
        let rotation = fresh.manager.rotate_keys().await.expect("a report");
        assert_eq!(rotation.rewrapped, 0, "{what}");
        for result in [
            fresh.manager.get(&tenant("acme"), id).await.map(drop),
            fresh
                .manager
                .list(&tenant("acme"), &Filter::all())
                .await
                .map(drop),
        ] {
            if let Err(error) = result {
                assert_eq!(error.kind(), ErrorKind::Crypto, "{what}: {error}");
                sound(&error);
            }
        }
        // An event is genuine whether or not our secrets open; what we cannot do now, the provider tries again.
        let webhook = ghl.webhook("ContactCreate", ghl::contact_create(LOCATION, what));
        let url = format!("{}/{SLUG}", fresh.serve().await);
        let delivery = ghl.deliver(&url, webhook).await;
        for status in &delivery.attempts {
            assert!(matches!(status, Some(200 | 429)), "{what}: {delivery:?}");
        }
        fresh.store.close().await;
        let update = format!("UPDATE integrations SET secrets = '{good}'");
        app.sql(&update).await.expect("put back");
        let tested = app
            .manager
            .test_connection(&tenant("acme"), id, ACTOR)
            .await;
        tested.expect("nothing was harmed");
    }
    app.finish().await;
}

#[test]
fn legacy_garbage_does_not_open() {
    let secret = SecretString::from("an old application's secret key!");
    let legacy = LegacyReader::new()
        .with_cbc(LegacyKey::scrypt(&secret).expect("a key"))
        .with_gcm(LegacyKey::scrypt(&secret).expect("a key"));
    let iv = "00".repeat(16);
    for text in [
        String::new(),
        ":".to_owned(),
        "::".to_owned(),
        ":::".to_owned(),
        "zz:zz".to_owned(),
        format!("{iv}:"),
        format!("{iv}:00"),
        format!("{iv}:{iv}"),
        format!("{iv}:{iv}:"),
        format!("{iv}:{iv}:{iv}"),
        format!("{iv}:{}", "é".repeat(16)),
        format!("{}:{iv}", "00".repeat(1 << 20)),
        "x".repeat(1 << 20),
        "\u{0}".to_owned(),
    ] {
        let error = legacy.open(&text).expect_err("garbage");
        assert_eq!(error.kind(), ErrorKind::Crypto, "{error}");
        sound(&error);
        assert!(error.to_string().len() < 500, "does not repeat the text");
    }
    for id in ["", " ", "a,b", "a\"b", &"x".repeat(1000), "é"] {
        refused(KeyId::new(id), ErrorKind::Crypto);
    }
    for ring in [
        "",
        ":",
        "id:",
        "id:AAAA",
        "id:zzzz=",
        "a:b:c",
        &"x".repeat(1 << 16),
    ] {
        refused(KeyRing::parse(ring), ErrorKind::Config);
    }
}
