//! Secrets of endpoints: rotated, sealed, never shown; and tenants apart.

use integrations_core::http::HttpContext;
use integrations_core::provider::Providers;
use integrations_core::vault::{KeyId, VaultKey};
use integrations_core::{ErrorKind, WebhookSecret};
use integrations_store::{EndpointChanges, IntegrationManager};

use super::*;

on_both_engines!(
    a_rotation_serves_both_secrets_for_a_while,
    vault_keys_rotate,
    promise_07_urls_and_secrets_are_never_shown,
    promise_12_endpoints_of_others_do_not_exist,
    a_bad_secret_is_refused,
);

fn verifies(receiver: &Receiver, secret: &WebhookSecret) -> bool {
    let seen = receiver.seen();
    StandardWebhooks::new()
        .verify(
            seen.last().unwrap(),
            &Secrets::one(secret.clone()),
            SystemClock.now(),
        )
        .is_ok()
}

async fn a_rotation_serves_both_secrets_for_a_while(backend: Backend) {
    let scene = Scene::new(backend);
    let clock = scene.backend.hold_clock().await;
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver).await;
    let endpoints = scene.outgoing.endpoints();
    let old = endpoints
        .secrets(&scene.acme, endpoint.id)
        .await
        .unwrap()
        .remove(0);
    let new = endpoints
        .rotate_secret(&scene.acme, endpoint.id, None, DAY, ACTOR)
        .await
        .unwrap();
    assert_ne!(old, new);
    scene.publish("a").await;
    scene.deliver_due().await;
    assert!(verifies(&receiver, &old) && verifies(&receiver, &new));
    // A change of the URL keeps the secrets and their ends.
    let changes = EndpointChanges::new().description("ours");
    scene
        .outgoing
        .update_endpoint(&scene.acme, endpoint.id, &changes, ACTOR)
        .await
        .unwrap();
    clock.advance(DAY).await;
    scene.publish("a").await;
    scene.deliver_due().await;
    assert!(!verifies(&receiver, &old) && verifies(&receiver, &new));
    for _ in 0..6 {
        let given = Some("whsec_cGxhbnRlZC1zZWNyZXQ=".into());
        endpoints
            .rotate_secret(&scene.acme, endpoint.id, given, DAY, ACTOR)
            .await
            .unwrap();
    }
    let now = endpoints.secrets(&scene.acme, endpoint.id).await.unwrap();
    assert_eq!(now.len(), 2, "the same secret does not sign twice");
}

async fn vault_keys_rotate(backend: Backend) {
    let mut scene = Scene::new(backend);
    let key = |id: &str, byte| {
        (
            KeyId::new(id).unwrap(),
            VaultKey::from_bytes(&[byte; 32]).unwrap(),
        )
    };
    let vault = |keys: Vec<_>| Vault::new(KeyRing::new(keys).unwrap());
    scene.vault = vault(vec![key("old", 1)]);
    scene.outgoing = Scene::builder(&scene.backend, &scene.vault, &scene.notices)
        .build()
        .unwrap();
    let receiver = Receiver::start().await;
    scene.endpoint(&receiver).await;
    let both = vault(vec![key("new", 2), key("old", 1)]);
    let http = {
        let mut options = TransportOptions::default();
        options.trust_only = Some(Vec::new());
        HttpContext::builder()
            .transport_options(options)
            .build()
            .unwrap()
    };
    let store = scene.backend.store.clone();
    let manager = IntegrationManager::builder(store, both, Providers::new(), http).build();
    let report = manager.rotate_keys().await.unwrap();
    assert_eq!((report.rewrapped, report.failed.len()), (1, 0));
    scene.vault = vault(vec![key("new", 2)]);
    scene.outgoing = Scene::builder(&scene.backend, &scene.vault, &scene.notices)
        .build()
        .unwrap();
    scene.publish("a").await;
    scene.deliver_due().await;
    assert_eq!(receiver.seen().len(), 1);
}

async fn promise_07_urls_and_secrets_are_never_shown(backend: Backend) {
    let scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    let new = NewEndpoint::new(receiver.url()).secret("whsec_cGxhbnRlZC1zZWNyZXQ=");
    let endpoint = scene
        .outgoing
        .create_endpoint(&scene.acme, &new, ACTOR)
        .await
        .unwrap();
    let message = NewMessage::json("a", &"planted-payload").unwrap();
    scene.outgoing.publish(&scene.acme, &message).await.unwrap();
    let delivery = scene.only().await;
    let claimed = scene
        .outgoing
        .endpoints()
        .claim(&scene.acme, delivery.id, HOUR)
        .await
        .unwrap();
    let changes = EndpointChanges::new().url(receiver.url());
    let secrets = scene
        .outgoing
        .endpoints()
        .secrets(&scene.acme, endpoint.id)
        .await;
    let shown = format!(
        "{new:?} {endpoint:?} {message:?} {delivery:?} {claimed:?} {changes:?} {secrets:?} {:?}",
        scene.outgoing
    );
    assert!(
        !shown.contains("planted") && !shown.contains("cGxhbnRl"),
        "{shown}"
    );
    assert!(shown.contains("127.0.0.1"), "the origin may be shown");
    let stored = crate::backend::texts(
        &scene.backend.store,
        "SELECT origin || sealed || description || events FROM main.outgoing_endpoints",
    )
    .await
    .join(" ");
    assert!(
        !stored.contains("planted") && !stored.contains("cGxhbnRl"),
        "{stored}"
    );
}

async fn promise_12_endpoints_of_others_do_not_exist(backend: Backend) {
    let scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver).await;
    scene.publish("a").await;
    let delivery = scene.only().await;
    let (other, id) = (tenant("other"), endpoint.id);
    let outgoing = &scene.outgoing;
    let endpoints = outgoing.endpoints();
    let changes = EndpointChanges::new().description("mine");
    let refused = [
        endpoints.get(&other, id).await.err(),
        endpoints.secrets(&other, id).await.err(),
        endpoints.update(&other, id, &changes, ACTOR).await.err(),
        endpoints.set_active(&other, id, false, ACTOR).await.err(),
        endpoints
            .rotate_secret(&other, id, None, DAY, ACTOR)
            .await
            .err(),
        endpoints.delete(&other, id, ACTOR).await.err(),
        endpoints.delivery(&other, delivery.id).await.err(),
        outgoing
            .recover(&other, id, delivery.created_at)
            .await
            .err(),
    ];
    for error in refused {
        assert_eq!(error.unwrap().kind(), ErrorKind::NotFound);
    }
    assert_eq!(endpoints.list(&other).await.unwrap(), []);
    assert!(
        endpoints
            .attempts(&other, delivery.id)
            .await
            .unwrap()
            .is_empty()
    );
    let all = endpoints
        .deliveries(&other, DeliveryFilter::all(), None, 500)
        .await;
    assert!(all.unwrap().is_empty());
    assert!(!outgoing.resend(&other, delivery.id).await.unwrap());
    assert_eq!(
        outgoing.deliver(&other, delivery.id).await.unwrap(),
        Delivered::Done
    );
    assert_eq!(receiver.seen().len(), 0);
    assert_eq!(scene.only().await.status, DeliveryStatus::Pending);
}

async fn a_bad_secret_is_refused(backend: Backend) {
    let scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    for bad in ["", "whsec_", "not base64!"] {
        let new = NewEndpoint::new(receiver.url()).secret(bad);
        let error = scene
            .outgoing
            .create_endpoint(&scene.acme, &new, ACTOR)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{bad}");
    }
    let nothing = NewEndpoint::new(receiver.url()).events([]);
    assert!(
        scene
            .outgoing
            .create_endpoint(&scene.acme, &nothing, ACTOR)
            .await
            .is_err()
    );
}
