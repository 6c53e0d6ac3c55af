use std::time::Duration;

use integrations_core::lease::LeaseStore;
use integrations_core::oauth::{PendingAuthorization, StateStore, TokenKey, TokenStore};
use integrations_core::vault::{KeyRing, Vault};
use integrations_core::{ErrorKind, ExposeSecret as _};
use serde_json::json;

use crate::backend::{ACTOR, Backend, on_both_engines, tenant, tokens};

on_both_engines!(
    tokens_come_back_as_they_were_saved,
    tokens_are_sealed_for_their_place,
    promise_06_a_slow_renewal_is_fenced_off,
    promise_06_a_person_outruns_a_renewal,
    a_state_is_taken_once,
    a_state_ends,
    damaged_tokens_name_their_row,
);

async fn tokens_come_back_as_they_were_saved(backend: Backend) {
    let a = tenant("a");
    let made = backend.pending(&a).await;
    let store = backend.store.tokens(&backend.vault);
    let key = TokenKey::new(a.clone(), made.id);
    assert!(store.load(&key).await.unwrap().is_none());
    let mut set = tokens("access-1", "refresh-1");
    set.scopes = vec!["contacts.readonly".into()];
    set.expires_at = Some("2026-11-22T08:00:00Z".parse().unwrap());
    set.extra.insert("locationId".into(), json!("L1"));
    assert_eq!(store.save(&key, &set, None).await.unwrap(), 1);
    let read = store.load(&key).await.unwrap().unwrap();
    assert_eq!(read.generation, 1);
    assert_eq!(read.tokens.access_token, set.access_token);
    assert_eq!(read.tokens.refresh_token, set.refresh_token);
    assert_eq!(
        (&read.tokens.scopes, read.tokens.expires_at),
        (&set.scopes, set.expires_at)
    );
    assert_eq!(read.tokens.extra, set.extra);
    let derived = key.slot("location:L1");
    store
        .save(&derived, &tokens("access-L1", "r"), Some(1))
        .await
        .unwrap();
    assert_eq!(
        store
            .save(&key, &tokens("access-2", "refresh-2"), Some(1))
            .await
            .unwrap(),
        2
    );
    store.delete(&a, made.id).await.unwrap();
    assert!(
        store.load(&key).await.unwrap().is_none() && store.load(&derived).await.unwrap().is_none()
    );
    assert_eq!(
        store.save(&key, &set, None).await.unwrap(),
        4,
        "the generation outlives a deletion"
    );
    backend
        .store
        .integrations()
        .delete(&a, made.id, ACTOR)
        .await
        .unwrap();
    let gone = store.save(&key, &set, None).await.unwrap_err();
    assert_eq!(gone.code(), Some("foreign_key"));
}

async fn tokens_are_sealed_for_their_place(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let (one, two) = (backend.pending(&a).await, backend.pending(&b).await);
    let store = backend.store.tokens(&backend.vault);
    let mut set = tokens("planted-access", "planted-refresh");
    set.extra.insert("id".into(), json!("planted-extra"));
    store
        .save(&TokenKey::new(a.clone(), one.id), &set, None)
        .await
        .unwrap();
    store
        .save(&TokenKey::new(b.clone(), two.id), &set, None)
        .await
        .unwrap();
    let rows = backend
        .texts("SELECT sealed || scopes FROM main.oauth_tokens")
        .await;
    assert!(rows.iter().all(|row| !row.contains("planted")), "{rows:?}");
    let swap = "UPDATE main.oauth_tokens SET sealed = (SELECT sealed FROM main.oauth_tokens WHERE tenant_id = 'a')";
    backend.raw(swap).await.unwrap();
    let error = store
        .load(&TokenKey::new(b.clone(), two.id))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Crypto, Some("tampered"))
    );
    let others = backend
        .store
        .tokens(&Vault::new(KeyRing::generate().unwrap()));
    let error = others.load(&TokenKey::new(a, one.id)).await.unwrap_err();
    assert_eq!(error.code(), Some("unknown_key"));
}

async fn promise_06_a_slow_renewal_is_fenced_off(backend: Backend) {
    let a = tenant("a");
    let made = backend.pending(&a).await;
    let store = backend.store.tokens(&backend.vault);
    let key = TokenKey::new(a, made.id);
    store
        .save(&key, &tokens("a2", "r2"), Some(2))
        .await
        .unwrap();
    let error = store
        .save(&key, &tokens("a1", "r1"), Some(1))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Conflict, Some("fenced"))
    );
    assert_eq!(
        store
            .load(&key)
            .await
            .unwrap()
            .unwrap()
            .tokens
            .access_token
            .expose_secret(),
        "a2"
    );
    assert_eq!(
        store
            .save(&key, &tokens("a3", "r3"), Some(2))
            .await
            .unwrap(),
        2
    );
}

/// A renewal holds the lease while a person connects anew or disconnects: what it brings back is refused.
async fn promise_06_a_person_outruns_a_renewal(backend: Backend) {
    let a = tenant("a");
    let made = backend.pending(&a).await;
    let store = backend.store.tokens(&backend.vault);
    let own = TokenKey::new(a.clone(), made.id);
    for key in [own.clone(), own.slot("location:L1")] {
        let name = match key.slot.as_str() {
            "" => format!("oauth:{}", made.id),
            slot => format!("oauth:{}:{slot}", made.id),
        };
        for round in 0..2 {
            let lease = backend
                .store
                .try_acquire(&a, &name, &format!("r{round}"), Duration::from_secs(60))
                .await;
            let lease = lease.unwrap().unwrap();
            store
                .save(&key, &tokens("before", "r"), Some(lease.fence))
                .await
                .unwrap();
            if round == 0 {
                store
                    .save(&key, &tokens("person", "r"), None)
                    .await
                    .unwrap();
            } else {
                store.delete(&a, made.id).await.unwrap();
            }
            let late = store
                .save(&key, &tokens("late", "r"), Some(lease.fence))
                .await
                .unwrap_err();
            assert_eq!(late.code(), Some("fenced"), "{key:?} {round}");
            assert!(backend.store.release(&lease).await.unwrap());
        }
        let next = backend
            .store
            .try_acquire(&a, &name, "next", Duration::from_secs(60))
            .await
            .unwrap()
            .unwrap();
        store
            .save(&key, &tokens("next", "r"), Some(next.fence))
            .await
            .unwrap();
        backend.store.release(&next).await.unwrap();
    }
}

fn pending(
    backend: &Backend,
    integration: integrations_core::IntegrationId,
) -> PendingAuthorization {
    let ends = integrations_core::Clock::now(&*backend.clock) + Duration::from_secs(600);
    let mut pending = PendingAuthorization::new(
        "planted-state".into(),
        tenant("a"),
        integration,
        "https://app.example.com/callback",
        ends,
    );
    pending.pkce_verifier = Some("planted-verifier".into());
    pending
}

async fn a_state_is_taken_once(backend: Backend) {
    let made = backend.pending(&tenant("a")).await;
    let states = backend.store.states(&backend.vault);
    let pending = pending(&backend, made.id);
    states.put(&pending).await.unwrap();
    let rows = backend
        .texts("SELECT COALESCE(sealed, '') || redirect_uri FROM main.oauth_states")
        .await;
    assert!(rows.iter().all(|row| !row.contains("planted")), "{rows:?}");
    let other = states.take(&tenant("b"), &pending.state).await.unwrap();
    assert!(other.is_none(), "another tenant's");
    let mut takers = Vec::new();
    for _ in 0..8 {
        let (states, state) = (
            backend.another().await.states(&backend.vault),
            pending.state.clone(),
        );
        takers.push(tokio::spawn(async move {
            states.take(&tenant("a"), &state).await.unwrap()
        }));
    }
    let mut taken = Vec::new();
    for taker in takers {
        taken.extend(taker.await.unwrap());
    }
    assert_eq!(taken.len(), 1, "single use");
    assert_eq!(taken[0].integration, made.id);
    assert_eq!(taken[0].redirect_uri, pending.redirect_uri);
    assert_eq!(
        taken[0].pkce_verifier.as_ref().unwrap().expose_secret(),
        "planted-verifier"
    );
}

async fn a_state_ends(backend: Backend) {
    let made = backend.pending(&tenant("a")).await;
    let states = backend.store.states(&backend.vault);
    let pending = pending(&backend, made.id);
    states.put(&pending).await.unwrap();
    backend.clock.advance(jiff::SignedDuration::from_secs(600));
    assert!(
        states
            .take(&tenant("a"), &pending.state)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        backend
            .number("SELECT COUNT(*) FROM main.oauth_states")
            .await,
        0
    );
    let mut late = pending.clone();
    late.expires_at += Duration::from_secs(60);
    states.put(&late).await.unwrap();
    assert_eq!(backend.store.deployment().purge_states().await.unwrap(), 0);
    backend.clock.advance(jiff::SignedDuration::from_secs(60));
    assert_eq!(backend.store.deployment().purge_states().await.unwrap(), 1);
}

async fn damaged_tokens_name_their_row(backend: Backend) {
    let a = tenant("a");
    let made = backend.pending(&a).await;
    let store = backend.store.tokens(&backend.vault);
    let key = TokenKey::new(a, made.id);
    let damages = [
        "UPDATE main.oauth_tokens SET sealed = substr(sealed, 1, 40)",
        "UPDATE main.oauth_tokens SET sealed = 'garbage'",
        "UPDATE main.oauth_tokens SET scopes = 'no json'",
    ];
    for damage in damages {
        store
            .save(&key, &tokens("planted-a", "planted-r"), None)
            .await
            .unwrap();
        backend.raw(damage).await.unwrap();
        let error = store.load(&key).await.unwrap_err();
        let line = format!("{error} {error:?}");
        assert!(
            line.contains(&format!("oauth_tokens a/{}", made.id)),
            "{line}"
        );
        assert!(!line.contains("planted"), "{line}");
    }
}
