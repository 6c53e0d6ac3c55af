//! 12: every store call names its tenant; no call can read or change another tenant's rows.

use integrations_core::http::HttpContext;
use integrations_core::oauth::{Authorize, Callback};
use integrations_core::status::Status;
use integrations_core::{Error, ErrorKind, IntegrationId, WebhookSecret};
use integrations_store::{EventFilter, Filter, Update};
use integrations_testkit::SimulatedGhl;
use serde_json::json;

use crate::support::app::App;
use crate::support::errors::{refused, sound};
use crate::support::ghl::{self, LOCATION, OTHER_LOCATION, SLUG};
use crate::support::{ACTOR, tenant};

async fn two_tenants() -> (SimulatedGhl, App, IntegrationId, IntegrationId) {
    let ghl = ghl::start(ghl::builder()).await;
    let app = App::start(&ghl::providers(&ghl, [])).await;
    let ours = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    let (ours, _) = app.activate(&tenant("acme"), SLUG, &ours).await;
    let theirs = ghl::token(&ghl, OTHER_LOCATION);
    let theirs = ghl::config(&theirs, OTHER_LOCATION);
    let (theirs, _) = app.activate(&tenant("globex"), SLUG, &theirs).await;
    (ghl, app, ours, theirs)
}

#[tokio::test]
async fn promise_12_a_foreign_tenants_calls_find_nothing() {
    let (_ghl, app, ours, _) = two_tenants().await;
    let (acme, eve) = (tenant("acme"), tenant("globex"));
    let before = (app.view(&acme, ours).await, app.rows().await);
    let manager = &app.manager;
    let update = || Update::new().name("Eve's");
    let secret = WebhookSecret::from("eve's own secret");
    let failure = Error::new(ErrorKind::Auth, "eve says so");
    let calls: Vec<(&str, Result<(), Error>)> = vec![
        ("get", manager.get(&eve, ours).await.map(drop)),
        ("connect", manager.connect(&eve, ours).await.map(drop)),
        (
            "test",
            manager.test_connection(&eve, ours, ACTOR).await.map(drop),
        ),
        (
            "reconnect",
            manager.reconnect(&eve, ours, ACTOR).await.map(drop),
        ),
        (
            "update",
            manager.update(&eve, ours, update(), ACTOR).await.map(drop),
        ),
        (
            "disconnect",
            manager.disconnect(&eve, ours, ACTOR).await.map(drop),
        ),
        ("delete", manager.delete(&eve, ours, ACTOR).await),
        ("reencrypt", manager.reencrypt(&eve, ours).await),
        ("record", manager.record(&eve, ours, Ok(())).await),
        (
            "record a failure",
            manager.record(&eve, ours, Err(&failure)).await,
        ),
        (
            "webhook secrets",
            manager.webhook_secrets(&eve, ours).await.map(drop),
        ),
        (
            "add a webhook secret",
            manager
                .add_webhook_secret(&eve, ours, "", &secret, ACTOR)
                .await,
        ),
        (
            "authorize",
            manager
                .authorize(Authorize::new(eve.clone(), ours))
                .await
                .map(drop),
        ),
        (
            "OAuth tokens",
            manager.oauth_tokens(&eve, ours).await.map(drop),
        ),
    ];
    for (call, result) in calls {
        let error = result.expect_err(call);
        assert_eq!(error.kind(), ErrorKind::NotFound, "{call}: {error}");
        sound(&error);
    }
    let callback = Callback::parse("https://app.example.com/?code=c&state=s");
    let completed = manager
        .complete_authorization(&eve, SLUG, &callback, ACTOR)
        .await;
    completed.expect_err("no such state");
    let listed = manager.list(&eve, &Filter::all()).await.expect("a list");
    assert!(listed.iter().all(|view| view.tenant == eve));
    let trail = app.trail(&eve).await;
    assert!(trail.iter().all(|row| row.integration != Some(ours)));
    assert_eq!((app.view(&acme, ours).await, app.rows().await), before);
    app.finish().await;
}

#[tokio::test]
async fn promise_12_a_foreign_tenant_gets_no_webhooks() {
    let (ghl, app, ours, theirs) = two_tenants().await;
    let (acme, eve) = (tenant("acme"), tenant("globex"));
    // Eve claims our location, with a token of her own; that does not make it hers.
    let token = ghl.issue_private_token(OTHER_LOCATION, &["contacts.readonly"]);
    let claim = ghl::config(&token, LOCATION);
    let claimed = app.create(&eve, SLUG, &claim).await;
    app.manager
        .test_connection(&eve, claimed, ACTOR)
        .await
        .expect_err("not her location");
    // She turns what was proved as hers into ours.
    let update = Update::new().config(json!({"locationId": LOCATION}));
    app.manager
        .update(&eve, theirs, update, ACTOR)
        .await
        .expect("allowed");

    let url = app.serve().await;
    let event = ghl::contact_create(LOCATION, "secretcontact");
    let webhook = ghl.webhook("ContactCreate", event);
    let delivery = ghl.deliver(&format!("{url}/{SLUG}"), webhook.clone()).await;
    assert!(delivery.delivered());
    let list = async |tenant| {
        let events = app.store.events();
        let list = events.list(tenant, &EventFilter::all()).await;
        list.expect("a list")
    };
    assert_eq!(list(&acme).await.len(), 1);
    assert_eq!(list(&acme).await[0].integration, ours);
    assert!(list(&eve).await.is_empty(), "not hers");
    let id = list(&acme).await[0].id;
    let found = app.store.events().find(&eve, id).await.expect("a store");
    assert!(found.is_none(), "nor by its id");
    app.finish().await;
}

#[tokio::test]
async fn promise_12_a_key_of_one_tenant_opens_nothing_of_another() {
    let (ghl, app, ours, theirs) = two_tenants().await;
    let (acme, eve) = (tenant("acme"), tenant("globex"));
    let rows = app.store.integrations();
    let mine = rows.get(&eve, theirs).await.expect("hers");
    let stolen = rows.get(&acme, ours).await.expect("ours");
    let (secrets, key) = (stolen.secrets.expect("sealed"), stolen.secrets_key);
    let replaced = rows.replace_sealed(
        &eve,
        theirs,
        mine.secrets.as_deref().expect("sealed"),
        (&secrets, key.as_deref().expect("a key")),
    );
    assert!(replaced.await.expect("a store"));
    let error = app
        .manager
        .webhook_secrets(&eve, theirs)
        .await
        .expect_err("sealed for another tenant");
    assert_eq!(error.kind(), ErrorKind::Crypto, "{error}");
    sound(&error);
    // A process that has not connected yet has to open it.
    let providers = ghl::providers(&ghl, []);
    let http = HttpContext::new().expect("TLS");
    let next = app.another(&providers, http, |manager| manager).await;
    let tested = next.manager.test_connection(&eve, theirs, ACTOR).await;
    refused(tested, ErrorKind::Crypto);
    next.store.close().await;
    assert_eq!(app.status(&eve, theirs).await, Status::Error);
    assert_eq!(app.status(&acme, ours).await, Status::Active);
    app.finish().await;
}
