//! Limits, lists and what is sealed.

use integrations_core::vault::{KeyRing, Vault};
use integrations_core::webhook::{Outcome, RawRequest, Secrets};
use integrations_core::{IntegrationId, TenantId};
use integrations_store::NewIntegration;
use serde_json::json;

use crate::acme::SIGNATURE;
use crate::house::{
    Connected, House, PERSON, SECRET_A, bodies, body, eventually, mounted, providers, signature,
    signed, status,
};
use crate::recorder::Recorder;

#[tokio::test]
async fn headers_end_at_their_limits() {
    let house = House::new().await;
    let acme = house.acme().await;
    let webhooks = house.builder().header_limits(10, 2000).build();
    let router = mounted(&webhooks);
    let with = |count: usize, length: usize| {
        let mut sent = signed("/hooks/acme", SECRET_A, body("A1", "e1"));
        for n in 0..count {
            let name: http::HeaderName = format!("x-{n}").parse().unwrap();
            let value = "v".repeat(length).parse().unwrap();
            sent.headers_mut().insert(name, value);
        }
        sent
    };
    assert_eq!(status(&router, with(10, 1)).await, 413);
    assert_eq!(status(&router, with(2, 1000)).await, 413);
    assert!(house.events(&acme).await.is_empty());
    assert_eq!(status(&router, with(9, 100)).await, 200);
}

#[tokio::test]
async fn too_much_at_once_is_asked_to_come_back() {
    let house = House::new().await;
    let acme = house.acme().await;
    let webhooks = house.builder().memory(3 * 1024).body_limit(2048).build();
    let router = mounted(&webhooks);
    let announced = |id: &str| {
        let mut sent = signed("/hooks/acme", SECRET_A, body("A1", id));
        let length = "2000".parse().unwrap();
        sent.headers_mut().insert("content-length", length);
        sent
    };
    house.keys.close_gate();
    let first = tokio::spawn({
        let (router, sent) = (router.clone(), announced("e1"));
        async move { status(&router, sent).await }
    });
    eventually("it waits", async || house.keys.asked() == 1).await;
    assert_eq!(status(&router, announced("e2")).await, 429);
    house.keys.gate.add_permits(10);
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(status(&router, announced("e2")).await, 200, "there is room");
    assert_eq!(house.events(&acme).await.len(), 2);
}

#[tokio::test]
async fn a_full_inbox_asks_to_come_back() {
    let house = House::new().await;
    let acme = house.acme().await;
    let inbox = house.inbox().queued_events(2).build();
    let router = mounted(&house.builder_of(&inbox, &providers()).build());
    let three = bodies("A1", &[("e1", "x"), ("e2", "x"), ("e3", "x")]);
    let sent = signed("/hooks/acme", SECRET_A, three);
    assert_eq!(status(&router, sent).await, 429);
    assert!(house.events(&acme).await.is_empty());
    let sent = signed("/hooks/acme", SECRET_A, body("A1", "e1"));
    assert_eq!(status(&router, sent).await, 200);
}

#[tokio::test]
async fn only_listed_kinds_are_stored() {
    let house = House::new().await;
    let acme = house.acme().await;
    let builder = house.builder().allow_events("acme", ["contact.*", "note"]);
    let webhooks = builder.build();
    let receive = async |events: &[(&str, &str)]| {
        let sent = bodies("A1", events);
        let raw = raw(&sent);
        let received = webhooks.receive("acme", None, &raw).await.unwrap();
        assert_eq!(received.reply.status, 200);
        (received.outcome, received.events.len())
    };
    let other = receive(&[("e1", "task.created"), ("e2", "note.created")]).await;
    assert_eq!(other, (Outcome::Ignored, 0));
    let mixed = receive(&[("e3", "contact.created"), ("e4", "task"), ("e5", "note")]).await;
    assert_eq!(mixed, (Outcome::Accepted, 2));
    assert_eq!(house.events(&acme).await.len(), 2);
}

async fn discreet(house: &House) -> Connected {
    let tenant = TenantId::new("tenant-a").unwrap();
    let id = IntegrationId::new();
    let config = json!({ "webhookEvents": ["contact.*"] });
    let new = NewIntegration::new(id, "discreet", "discreet", "Main", config).external_key("A1");
    let made = house
        .store
        .integrations()
        .create(&tenant, &new, "test")
        .await;
    let made = Connected {
        tenant,
        id,
        version: made.unwrap().version,
    };
    let proved = integrations_core::status::Event::Succeeded;
    house.transition(&made, proved).await;
    house.keys.set(&made, Secrets::one(SECRET_A));
    made
}

#[tokio::test]
async fn an_integration_lists_its_own_and_its_payloads_are_sealed() {
    let house = House::new().await;
    let made = discreet(&house).await;
    let vault = Vault::new(KeyRing::generate().unwrap());
    let handler = Recorder::ok();
    let inbox = house.inbox().vault(&vault).handler(handler.clone()).build();
    let router = mounted(&house.builder_of(&inbox, &providers()).build());
    let events = bodies("A1", &[("e1", "contact.created"), ("e2", "note")]);
    let sent = signed("/hooks/discreet", SECRET_A, events);
    assert_eq!(status(&router, sent).await, 200);
    let stored = house.events(&made).await;
    assert_eq!(stored.len(), 1);
    assert!(stored[0].sealed);
    let at_rest = std::fs::read(house.directory.path().join("test.db-wal")).unwrap();
    let needle = PERSON.as_bytes();
    assert!(!at_rest.windows(needle.len()).any(|part| part == needle));
    assert_eq!(inbox.drain().await.unwrap().done, 1);
    assert_eq!(handler.names(), ["e1"]);
    // Without a vault it is not stored in the clear.
    let sent = bodies("A1", &[("e3", "contact.created")]);
    let sent = signed("/hooks/discreet", SECRET_A, sent);
    assert_eq!(status(&house.router(), sent).await, 429);
}

fn raw(body: &str) -> RawRequest {
    let mut headers = http::HeaderMap::new();
    headers.insert(SIGNATURE, signature(SECRET_A, body).parse().unwrap());
    RawRequest::new(http::Method::POST, "/acme", headers, body.to_owned())
}
