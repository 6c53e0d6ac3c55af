//! OAuth through the manager: on this store, with answers from memory.

use std::time::Duration;

use integrations_core::ErrorKind;
use integrations_core::http::{CannedTransport, TokenSource as _};
use integrations_core::oauth::{Authorize, Callback};
use integrations_core::status::Status;
use integrations_store::IntegrationView;

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};
use crate::fake::{config, manager_with_oauth};

on_both_engines!(
    an_authorization_is_completed_once_and_connects,
    promise_06_many_callers_and_processes_make_one_refresh,
    a_dead_refresh_token_is_an_error_status,
    disconnecting_revokes_and_forgets,
);

const FIRST: &str = r#"{"access_token":"planted-1","refresh_token":"planted-r1","expires_in":3600,"token_type":"Bearer"}"#;
const SECOND: &str = r#"{"access_token":"planted-2","refresh_token":"planted-r2","expires_in":3600,"token_type":"Bearer"}"#;

async fn authorized(
    backend: &Backend,
    transport: &CannedTransport,
) -> (
    integrations_store::IntegrationManager,
    std::sync::Arc<crate::fake::State>,
    IntegrationView,
) {
    let a = tenant("a");
    let (manager, state) = manager_with_oauth(backend, transport.clone());
    let made = manager
        .create(&a, "fake", "Main", &config("k"), ACTOR)
        .await
        .unwrap();
    let callback = start(&manager, &made).await;
    let done = manager
        .complete_authorization(&a, "fake", &callback, ACTOR)
        .await
        .unwrap();
    assert_eq!(done.integration, made.id);
    done.test.unwrap();
    (manager, state, made)
}

/// The user consents and comes back.
async fn start(
    manager: &integrations_store::IntegrationManager,
    made: &IntegrationView,
) -> Callback {
    let request = manager
        .authorize(Authorize::new(made.tenant.clone(), made.id))
        .await
        .unwrap();
    let (_, state) = request
        .url
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap();
    Callback::from_pairs([("state", state.as_ref()), ("code", "planted-code")])
}

async fn an_authorization_is_completed_once_and_connects(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let transport = CannedTransport::new().answer(200, FIRST);
    let (manager, state) = manager_with_oauth(&backend, transport.clone());
    let made = manager
        .create(&a, "fake", "Main", &config("k"), ACTOR)
        .await
        .unwrap();
    manager.connect(&a, made.id).await.unwrap();
    assert!(state.tokens.lock().unwrap().is_none(), "never authorized");
    let callback = start(&manager, &made).await;
    let other = manager
        .complete_authorization(&b, "fake", &callback, ACTOR)
        .await
        .unwrap_err();
    assert_eq!(
        (other.kind(), other.code()),
        (ErrorKind::Auth, Some("state_unknown")),
        "another tenant's"
    );
    let done = manager
        .complete_authorization(&a, "fake", &callback, ACTOR)
        .await
        .unwrap();
    assert!(done.test.is_ok());
    let again = manager
        .complete_authorization(&a, "fake", &callback, ACTOR)
        .await
        .unwrap_err();
    assert_eq!(again.code(), Some("state_unknown"), "once");
    assert_eq!(
        manager.get(&a, made.id).await.unwrap().status,
        Status::Active
    );
    let tokens = state
        .tokens
        .lock()
        .unwrap()
        .clone()
        .expect("the connection has the tokens");
    assert_eq!(tokens.token().await.unwrap().expose_secret(), "planted-1");
    let rows = backend.dump("a").await.join("\n");
    assert!(!rows.contains("planted"), "{rows}");
    let unknown = manager
        .complete_authorization(&a, "other", &callback, ACTOR)
        .await
        .unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Config);
}

/// Three processes, many callers each, an expired token that rotates: one refresh, and everybody has the new token.
async fn promise_06_many_callers_and_processes_make_one_refresh(backend: Backend) {
    let a = tenant("a");
    let transport = CannedTransport::new()
        .answer(200, FIRST)
        .answer(200, SECOND)
        .after(Duration::from_millis(30));
    let (manager, _, made) = authorized(&backend, &transport).await;
    backend.clock.advance(jiff::SignedDuration::from_secs(4000));
    let processes = [
        manager,
        manager_with_oauth(&backend, transport.clone()).0,
        manager_with_oauth(&backend, transport.clone()).0,
    ];
    let mut callers = Vec::new();
    for at in 0..24 {
        let (manager, a) = (processes[at % 3].clone(), a.clone());
        callers.push(tokio::spawn(async move {
            let tokens = manager.oauth_tokens(&a, made.id).await.unwrap().unwrap();
            tokens.token().await.unwrap().expose_secret().to_owned()
        }));
    }
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "planted-2");
    }
    assert_eq!(transport.sent().len(), 2, "one exchange, one refresh");
    assert_eq!(
        backend
            .number("SELECT generation FROM main.oauth_tokens")
            .await,
        2
    );
}

async fn a_dead_refresh_token_is_an_error_status(backend: Backend) {
    let a = tenant("a");
    let transport = CannedTransport::new()
        .answer(200, FIRST)
        .answer(400, r#"{"error":"invalid_grant"}"#);
    let (manager, _, made) = authorized(&backend, &transport).await;
    backend.clock.advance(jiff::SignedDuration::from_secs(4000));
    let tokens = manager.oauth_tokens(&a, made.id).await.unwrap().unwrap();
    let error = integrations_core::http::TokenSource::token(&tokens)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Auth, Some("token_dead"))
    );
    for _ in 0..100 {
        if manager.get(&a, made.id).await.unwrap().status == Status::Error {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the status did not move");
}

async fn disconnecting_revokes_and_forgets(backend: Backend) {
    let a = tenant("a");
    let transport = CannedTransport::new().answer(200, FIRST).answer(200, "{}");
    let (manager, _, made) = authorized(&backend, &transport).await;
    let done = manager.disconnect(&a, made.id, ACTOR).await.unwrap();
    assert!(done.revoked);
    assert_eq!(
        backend
            .number("SELECT COUNT(*) FROM main.oauth_tokens WHERE sealed IS NOT NULL")
            .await,
        0
    );
    assert!(manager.oauth_tokens(&a, made.id).await.unwrap().is_none());
    assert_eq!(
        manager.get(&a, made.id).await.unwrap().status,
        Status::Disconnected
    );
}
