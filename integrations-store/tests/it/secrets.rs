//! Sealed secrets: bound to their place, rotated, damaged.

use integrations_core::status::Status;
use integrations_core::vault::{KeyId, KeyRing, Vault, VaultKey};
use integrations_core::{ErrorKind, WebhookSecret};
use integrations_store::{Engine, Update};
use serde_json::json;

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};
use crate::fake::{config, manager};

on_both_engines!(
    foreign_ciphertext_does_not_open,
    webhook_secrets_rotate,
    keys_rotate_while_everything_works,
    damaged_secrets_are_a_typed_error_and_an_error_status,
);

async fn foreign_ciphertext_does_not_open(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let (manager, ..) = manager(&backend);
    let one = manager
        .create(&a, "fake", "Main", &config("one"), ACTOR)
        .await
        .unwrap();
    let two = manager
        .create(&b, "fake", "Main", &config("two"), ACTOR)
        .await
        .unwrap();
    let copy = "UPDATE main.integrations SET secrets = \
                (SELECT secrets FROM main.integrations WHERE tenant_id = 'b') WHERE tenant_id = 'a'";
    backend.raw(copy).await.unwrap();
    let error = manager.connect(&a, one.id).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Crypto, Some("tampered"))
    );
    assert!(
        error
            .to_string()
            .contains(&format!("integrations a/{}", one.id)),
        "{error}"
    );
    manager.connect(&b, two.id).await.unwrap();
}

async fn webhook_secrets_rotate(backend: Backend) {
    let a = tenant("a");
    let (manager, ..) = crate::fake::manager_with(&backend, |builder| {
        builder.webhook_secret("fake", "", "of-the-application")
    });
    let made = manager
        .create(&a, "fake", "Main", &config("one"), ACTOR)
        .await
        .unwrap();
    for secret in ["first", "second", "third", "fourth"] {
        manager
            .add_webhook_secret(&a, made.id, "", &WebhookSecret::from(secret), ACTOR)
            .await
            .unwrap();
    }
    manager
        .add_webhook_secret(&a, made.id, "audience", &WebhookSecret::from("ours"), ACTOR)
        .await
        .unwrap();
    let secrets = manager.webhook_secrets(&a, made.id).await.unwrap();
    let unnamed: Vec<_> = secrets
        .named("")
        .map(|secret| secret.expose_secret().to_owned())
        .collect();
    assert_eq!(unnamed, ["fourth", "third", "second", "of-the-application"]);
    assert_eq!(secrets.named("audience").count(), 1);
    assert!(
        manager
            .webhook_targets("fake", &"L1".into())
            .await
            .unwrap()
            .is_empty(),
        "not proved yet"
    );
    manager.test_connection(&a, made.id, ACTOR).await.unwrap();
    let targets = manager.webhook_targets("fake", &"L1".into()).await.unwrap();
    assert_eq!(targets.len(), 1);
    assert_eq!((&targets[0].tenant, targets[0].integration), (&a, made.id));
    assert_eq!(
        manager.get(&a, made.id).await.unwrap().config,
        made.config,
        "no field of the config"
    );
    manager
        .update(
            &a,
            made.id,
            Update::new().config(json!({ "apiKey": "two" })),
            ACTOR,
        )
        .await
        .unwrap();
    let secrets = manager.webhook_secrets(&a, made.id).await.unwrap();
    assert_eq!(
        secrets.named("").count(),
        4,
        "an update of the config keeps them"
    );
}

async fn keys_rotate_while_everything_works(backend: Backend) {
    let a = tenant("a");
    let key = |id: &str| {
        (
            KeyId::new(id).unwrap(),
            VaultKey::from_bytes(&[id.as_bytes()[0]; 32]).unwrap(),
        )
    };
    let on = |ids: &[&str]| {
        let vault = Vault::new(KeyRing::new(ids.iter().map(|id| key(id))).unwrap());
        crate::fake::manager_on(&backend, &vault, |builder| builder).0
    };
    let old = on(&["a-old"]);
    let mut ids = Vec::new();
    for number in 0..7 {
        let made = old
            .create(&a, "fake", &number.to_string(), &config("one"), ACTOR)
            .await
            .unwrap();
        let tokens = backend.store.tokens(old.vault());
        let token_key = integrations_core::oauth::TokenKey::new(a.clone(), made.id);
        integrations_core::oauth::TokenStore::save(
            &tokens,
            &token_key,
            &crate::backend::tokens("t", "r"),
            None,
        )
        .await
        .unwrap();
        ids.push(made.id);
    }
    let both = on(&["b-new", "a-old"]);
    both.update(
        &a,
        ids[0],
        Update::new().config(json!({ "apiKey": "two" })),
        ACTOR,
    )
    .await
    .unwrap();
    let id = match backend.engine() {
        Engine::Sqlite => format!("x'{}'", ids[1].as_uuid().simple()),
        _ => format!("'{}'", ids[1]),
    };
    backend
        .raw(&format!(
            "UPDATE main.integrations SET secrets = 'garbage' WHERE id = {id}"
        ))
        .await
        .unwrap();
    let done = both.rotate_keys().await.unwrap();
    assert_eq!((done.rewrapped, done.failed.len()), (13, 1), "{done:?}");
    assert!(done.failed[0].contains(&ids[1].to_string()), "{done:?}");
    let again = both.rotate_keys().await.unwrap();
    assert_eq!(
        (again.rewrapped, again.failed.len()),
        (0, 1),
        "goes on where it was"
    );
    let new = on(&["b-new"]);
    for id in ids.iter().filter(|id| **id != ids[1]) {
        new.connect(&a, *id).await.unwrap();
        new.reencrypt(&a, *id).await.unwrap();
        new.connect(&a, *id).await.unwrap();
        let key = integrations_core::oauth::TokenKey::new(a.clone(), *id);
        let tokens = backend.store.tokens(new.vault());
        assert!(
            integrations_core::oauth::TokenStore::load(&tokens, &key)
                .await
                .unwrap()
                .is_some()
        );
    }
}

async fn damaged_secrets_are_a_typed_error_and_an_error_status(backend: Backend) {
    let a = tenant("a");
    let (manager, ..) = manager(&backend);
    let made = manager
        .create(&a, "fake", "Main", &config("planted"), ACTOR)
        .await
        .unwrap();
    for damage in ["substr(secrets, 1, 60)", "'garbage'", "'{}'"] {
        backend
            .raw(&format!("UPDATE main.integrations SET secrets = {damage}"))
            .await
            .unwrap();
        let error = manager
            .test_connection(&a, made.id, ACTOR)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Crypto, "{damage}");
        let line = format!("{error} {error:?}");
        assert!(
            line.contains(&made.id.to_string()) && !line.contains("planted"),
            "{line}"
        );
        let row = backend.store.integrations().get(&a, made.id).await.unwrap();
        assert_eq!(
            (row.status, row.error_kind.as_deref()),
            (Status::Error, Some("crypto"))
        );
    }
    backend
        .raw("UPDATE main.integrations SET config = '{\"locationId\": '")
        .await
        .unwrap();
    let error = manager.get(&a, made.id).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Store, Some("corrupt"))
    );
    assert!(
        error
            .to_string()
            .contains(&format!("integrations a/{}: config", made.id)),
        "{error}"
    );
}
