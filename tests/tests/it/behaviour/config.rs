//! Configs: judged before anything is stored, kept apart from the network.

use integrations_core::ErrorKind;
use integrations_core::http::{CannedTransport, HttpContext};
use integrations_store::Update;

use super::fixture::Fixture;
use crate::support::app::App;
use crate::support::errors::refused;
use crate::support::{ACTOR, tenant};

pub(crate) async fn a_refused_config_names_every_path<F: Fixture>(fixture: &F) {
    let app = App::start(&fixture.providers()).await;
    let acme = tenant("acme");
    let before = app.rows().await;
    for bad in fixture.bad_configs() {
        let created = app
            .manager
            .create(&acme, F::SLUG, "Main", &bad.config, ACTOR)
            .await;
        let error = refused(created, ErrorKind::Validation);
        let mut paths: Vec<&str> = error
            .fields()
            .iter()
            .map(|field| field.path.as_str())
            .collect();
        paths.dedup();
        // Beside the field that is too large, the whole may be.
        if paths.len() > bad.paths.len() {
            paths.retain(|path| !path.is_empty());
        }
        assert_eq!(paths, bad.paths, "{}: {error}", bad.what);
    }
    assert_eq!(app.rows().await, before, "nothing half-written");
    assert_eq!(fixture.requests(), 0);
    app.finish().await;
}

pub(crate) async fn connecting_sends_nothing<F: Fixture>(fixture: &F) {
    let canned = CannedTransport::new();
    let http = HttpContext::builder().transport(canned.clone());
    let http = http.build().expect("a context");
    let app = App::start_with(&fixture.providers(), http, |manager| manager).await;
    let acme = tenant("acme");
    let id = app.create(&acme, F::SLUG, &fixture.config()).await;
    let connection = app.manager.connect(&acme, id).await.expect("connected");
    let has = (
        connection.contacts().is_some(),
        connection.messages().is_some(),
    );
    assert_eq!(
        has,
        (F::CAPABILITIES.contacts, F::CAPABILITIES.messages),
        "what is declared is there"
    );
    assert!(canned.sent().is_empty(), "nothing was sent");
    // The same transport sees a call, or the line above would prove nothing.
    refused(connection.test_connection().await, ErrorKind::Connect);
    assert!(!canned.sent().is_empty());
    app.finish().await;
}

pub(crate) async fn an_update_that_sends_back_what_it_was_shown_changes_nothing<F: Fixture>(
    fixture: &F,
) {
    let app = App::start(&fixture.providers()).await;
    let acme = tenant("acme");
    let (id, _) = app.activate(&acme, F::SLUG, &fixture.config()).await;
    let shown = app.view(&acme, id).await;
    let update = Update::new().config(shown.config.clone());
    let after = app.manager.update(&acme, id, update, ACTOR).await;
    assert_eq!(after.expect("an update").version, shown.version);
    // The credential is still the real one.
    app.manager
        .test_connection(&acme, id, ACTOR)
        .await
        .expect("still works");
    app.finish().await;
}
