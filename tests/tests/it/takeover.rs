//! What one tenant may not do to another: claim its account, choose where its credential goes, write into its inbox.

use std::time::Duration;

use ghl_client::GoHighLevel;
use ghl_client::webhook::{Ed25519Key, GhlWebhooks};
use http::Method;
use integrations_core::http::HttpContext;
use integrations_core::provider::Providers;
use integrations_core::vault::{KeyRing, Vault};
use integrations_core::webhook::{Outcome, RawRequest};
use integrations_core::{ErrorKind, TenantId};
use integrations_server::Webhooks;
use integrations_store::{IntegrationManager, Store, Update};
use integrations_sync::inbox::Inbox;
use integrations_sync::jobs::Jobs;
use integrations_testkit::SimulatedGhl;
use serde_json::json;

const VICTIM: &str = "ve9EPM428h8vShlRW1KT";
const OWN: &str = "otg8dTQqGLh3Q6iQI55w";
const ELSEWHERE: &str = "https://mallory.example.com";

struct World {
    ghl: SimulatedGhl,
    manager: IntegrationManager,
    webhooks: Webhooks,
    _folder: tempfile::TempDir,
}

async fn world() -> World {
    let ghl = SimulatedGhl::builder()
        .search_lag(Duration::ZERO)
        .location(VICTIM, "company1")
        .location(OWN, "company2")
        .start()
        .await
        .expect("a free port");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&format!("sqlite:{}", folder.path().join("a.db").display()))
        .await
        .expect("a database");
    store.migrate().await.expect("the schema");
    let key: Ed25519Key = ghl
        .webhook_public_key()
        .spki_base64()
        .parse()
        .expect("a key");
    let provider =
        GoHighLevel::with_webhooks(GhlWebhooks::with_keys([key])).with_base_url(ghl.base_url());
    let providers = Providers::new().with(provider);
    let vault = Vault::new(KeyRing::generate().expect("random bytes"));
    let http = HttpContext::new().expect("TLS");
    let manager =
        IntegrationManager::builder(store.clone(), vault, providers.clone(), http).build();
    let jobs = Jobs::new(&store).expect("an engine");
    jobs.migrate().await.expect("the jobs' tables");
    let inbox = Inbox::builder(&store, jobs).build();
    let webhooks = Webhooks::builder(&inbox, &providers, manager.clone()).build();
    World {
        ghl,
        manager,
        webhooks,
        _folder: folder,
    }
}

impl World {
    /// A genuinely signed event of a location.
    fn event_of(&self, location: &str) -> RawRequest {
        let hook = self.ghl.webhook(
            "ContactCreate",
            json!({"locationId": location, "id": "c1", "firstName": "Jane"}),
        );
        RawRequest::new(Method::POST, "/gohighlevel", hook.headers, hook.body)
    }
}

#[tokio::test]
async fn promise_12_a_tenant_does_not_choose_where_a_credential_goes() {
    let world = world().await;
    let mallory = TenantId::new("mallory").unwrap();
    let config = json!({"apiKey": "pit-anything", "locationId": VICTIM, "baseUrl": ELSEWHERE});
    let error = world
        .manager
        .create(&mallory, "gohighlevel", "m", &config, "m")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!(error.fields()[0].path, "/baseUrl");

    let token = world
        .ghl
        .issue_private_token(VICTIM, &["locations.readonly"]);
    let config = json!({"apiKey": token, "locationId": VICTIM});
    let acme = TenantId::new("acme").unwrap();
    let made = world
        .manager
        .create(&acme, "gohighlevel", "a", &config, "a")
        .await
        .unwrap();
    let update = Update::new().config(json!({"baseUrl": ELSEWHERE}));
    let error = world
        .manager
        .update(&acme, made.id, update, "a clerk")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
}

#[tokio::test]
async fn promise_12_who_cannot_prove_a_location_gets_none_of_its_events() {
    let world = world().await;
    let mallory = TenantId::new("mallory").unwrap();
    // A good credential of her own location, with the victim's id.
    let token = world
        .ghl
        .issue_private_token(OWN, &["locations.readonly", "contacts.readonly"]);
    let config = json!({"apiKey": token, "locationId": VICTIM});
    let made = world
        .manager
        .create(&mallory, "gohighlevel", "m", &config, "m")
        .await
        .unwrap();
    world
        .manager
        .test_connection(&mallory, made.id, "m")
        .await
        .unwrap_err();
    let received = world
        .webhooks
        .receive("gohighlevel", None, &world.event_of(VICTIM))
        .await
        .unwrap();
    assert_eq!(received.outcome, Outcome::Ignored);
    assert!(received.events.is_empty());
}

#[tokio::test]
async fn promise_12_a_path_does_not_choose_whose_event_it_is() {
    let world = world().await;
    let acme = TenantId::new("acme").unwrap();
    let token = world
        .ghl
        .issue_private_token(VICTIM, &["locations.readonly"]);
    let config = json!({"apiKey": token, "locationId": VICTIM});
    let made = world
        .manager
        .create(&acme, "gohighlevel", "a", &config, "a")
        .await
        .unwrap();
    world
        .manager
        .test_connection(&acme, made.id, "a")
        .await
        .unwrap();
    // Genuinely signed, but for the attacker's own location.
    let received = world
        .webhooks
        .receive("gohighlevel", Some(made.id), &world.event_of(OWN))
        .await
        .unwrap();
    assert_ne!(received.outcome, Outcome::Accepted);
    let own = world
        .webhooks
        .receive("gohighlevel", Some(made.id), &world.event_of(VICTIM))
        .await
        .unwrap();
    assert_eq!(own.outcome, Outcome::Accepted);
}
