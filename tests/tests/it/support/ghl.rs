//! The simulated GoHighLevel as these tests use it.

use std::time::Duration;

use ghl_client::GoHighLevel;
use ghl_client::webhook::{Ed25519Key, GhlWebhooks};
use integrations_core::provider::Providers;
use integrations_testkit::ghl::{Builder, SCOPES};
use integrations_testkit::{SimulatedGhl, plan};
use serde_json::{Value, json};

use super::leaks;

pub(crate) const SLUG: &str = "gohighlevel";
pub(crate) const LOCATION: &str = "ve9EPM428h8vShlRW1KT";
pub(crate) const OTHER_LOCATION: &str = "otg8dTQqGLh3Q6iQI55w";
pub(crate) const COMPANY: &str = "5DP4iH6HLkQsiKESj6rh";

/// A simulator with two locations of one company, whose searches do not lag and whose limit is out of reach.
///
/// Its seed is the test's own: what is a token in one test must not be a request's id in another.
pub(crate) fn builder() -> Builder {
    SimulatedGhl::builder()
        .seed(plan::seed_of(
            std::thread::current().name().unwrap_or("a test"),
        ))
        .rate_limit(10_000, Duration::from_secs(1))
        .search_lag(Duration::ZERO)
        .location(LOCATION, COMPANY)
        .location(OTHER_LOCATION, COMPANY)
}

pub(crate) async fn start(builder: Builder) -> SimulatedGhl {
    builder.start().await.expect("a free port")
}

/// A private token with all scopes, planted.
pub(crate) fn token(ghl: &SimulatedGhl, location: &str) -> String {
    let token = ghl.issue_private_token(location, SCOPES);
    leaks::plant("a private integration token", &token);
    token
}

/// The provider, pointed at the simulator's webhook key and at further ones.
pub(crate) fn providers(ghl: &SimulatedGhl, more: impl IntoIterator<Item = String>) -> Providers {
    let keys = std::iter::once(ghl.webhook_public_key().spki_base64()).chain(more);
    let keys: Vec<Ed25519Key> = keys.map(|key| key.parse().expect("a key")).collect();
    Providers::new().with(
        GoHighLevel::with_webhooks(GhlWebhooks::with_keys(keys)).with_base_url(ghl.base_url()),
    )
}

pub(crate) fn config(token: &str, location: &str) -> Value {
    json!({"apiKey": token, "locationId": location})
}

/// A contact's event in the form of the provider's documented sample.
pub(crate) fn contact_create(location: &str, contact: &str) -> Value {
    json!({
        "type": "ContactCreate",
        "locationId": location,
        "id": contact,
        "name": "Jane Doe",
        "firstName": "Jane",
        "lastName": "Doe",
        "email": format!("{contact}@example.com"),
        "phone": "+19155550142",
        "country": "US",
        "dateAdded": "2026-11-21T02:13:46.000Z",
        "dnd": false,
        "tags": ["lead"],
        "customFields": [],
    })
}
