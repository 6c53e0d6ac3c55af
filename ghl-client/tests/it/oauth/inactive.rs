//! A location that is paused or unpaid is no dead token.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ghl_client::ErrorKind;
use ghl_client::oauth::is_location_inactive;
use integrations_core::Error;
use integrations_core::http::TokenSource;
use integrations_core::oauth::{OAuthTokens, TokenStore};
use serde_json::{Value, json};

use super::world::World;

fn inactive() -> Value {
    json!({"statusCode": 400, "message": "Location is not active"})
}

fn invalid() -> Value {
    json!({"statusCode": 400, "message": "Invalid grant: refresh token is invalid"})
}

/// The tokens, and how often they were reported dead.
fn watched(world: &World) -> (OAuthTokens, Arc<AtomicUsize>) {
    let dead = Arc::new(AtomicUsize::new(0));
    let count = dead.clone();
    let tokens = OAuthTokens::builder(
        world.company().client().clone(),
        world.key.clone(),
        Arc::new(world.store.clone()),
        Arc::new(world.leases.clone()),
    )
    .on_dead(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    (tokens.build().unwrap(), dead)
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_refused_for_now_works_again_later() {
    let world = World::lasting(-5).await;
    world.provider.refuse("*", 400, inactive());
    let (tokens, dead) = watched(&world);
    let error = tokens.token().await.unwrap_err();
    assert!(is_location_inactive(&error), "{error:?}");
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Permission, Some("temporarily_refused"))
    );
    let kept = world.store.load(&world.key).await.unwrap().unwrap().tokens;
    assert_eq!(kept.refresh_token, Some("rt-0".into()));
    assert_eq!(dead.load(Ordering::SeqCst), 0);
    // It is not asked again at once.
    tokens.token().await.unwrap_err();
    assert_eq!(world.provider.refreshes(), 1);
    tokio::time::sleep(Duration::from_secs(31)).await;
    let token = tokens.token().await.unwrap();
    assert_eq!(token, "company-2".into());
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_is_refused_for_now_works_again_later() {
    let world = World::new().await;
    world.provider.refuse("loc1", 400, inactive());
    let tokens = world.tokens();
    let error = tokens
        .location("loc1")
        .users()
        .list()
        .send()
        .await
        .unwrap_err();
    assert!(is_location_inactive(&error), "{error:?}");
    assert_eq!(
        (error.kind(), error.code(), error.is_retryable()),
        (ErrorKind::Permission, Some("location_inactive"), false)
    );
    assert!(world.has_company().await);
    assert_eq!(world.provider.calls().len(), 0);
    // The company's own token and the other locations are not concerned.
    tokens.exchange("loc2").await.unwrap();
    tokio::time::sleep(Duration::from_secs(31)).await;
    tokens.exchange("loc1").await.unwrap();
    assert_eq!(world.provider.refreshes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_is_not_taken_for_an_inactive_location() {
    let world = World::lasting(-5).await;
    world.provider.refuse("*", 400, invalid());
    let (tokens, dead) = watched(&world);
    let error = tokens.token().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Auth, Some("token_dead"))
    );
    assert!(!is_location_inactive(&error));
    assert_eq!(dead.load(Ordering::SeqCst), 1);

    let foreign = Error::new(ErrorKind::Permission, "").with_code("temporarily_refused");
    assert!(!is_location_inactive(&foreign.with_provider("other")));
    let scope = Error::new(ErrorKind::Permission, "").with_code("missing_scope");
    assert!(!is_location_inactive(&scope.with_provider("gohighlevel")));
}
