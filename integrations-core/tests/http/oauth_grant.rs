//! What is known of a token without asking the provider, and how one derived token is forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::http::TokenSource;
use integrations_core::oauth::{
    MemoryTokenStore, OAuthTokens, TokenExchange, TokenKey, TokenSet, TokenStore,
};
use integrations_core::{AccessToken, Clock, IntegrationId, Result, TenantId};
use jiff::{SignedDuration, Timestamp};

use crate::support::RuntimeClock;
use crate::token_server::{World, token};

/// Tokens with these scopes for an hour.
fn tokens(world: &World, access: &str, scopes: &[&str]) -> TokenSet {
    let mut tokens = TokenSet::new(access);
    tokens.expires_at = Some(world.clock.now() + SignedDuration::from_secs(3600));
    tokens.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    tokens.extra.insert("userType".to_owned(), "Company".into());
    tokens
}

async fn scopes(tokens: &OAuthTokens) -> Option<Vec<String>> {
    Some(tokens.grant().await?.scopes.clone())
}

#[tokio::test(start_paused = true)]
async fn a_grant_is_known_before_the_first_token_and_costs_no_request() {
    let world = World::new();
    let process = world.process();
    assert!(process.grant().await.is_none(), "there are no tokens yet");
    process
        .install(&tokens(&world, "at-0", &["a.read", "a.write"]))
        .await
        .unwrap();
    let grant = process.grant().await.unwrap();
    assert_eq!(grant.scopes, ["a.read", "a.write"]);
    assert_eq!(grant.extra["userType"], "Company");
    let loads = world.store.loads.load(Ordering::SeqCst);
    token(&process).await.unwrap();
    for _ in 0..10 {
        process.grant().await.unwrap();
    }
    assert_eq!(
        world.store.loads.load(Ordering::SeqCst),
        loads + 1,
        "tokens that are held are not read again"
    );
    assert_eq!(world.server.requests(), 0);
    let shared: Arc<dyn TokenSource> = Arc::new(process);
    assert!(shared.grant().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_wider_authorization_elsewhere_is_seen_although_no_token_is_asked_for() {
    let world = World::new();
    let (process, other) = (world.process(), world.process());
    let narrow = tokens(&world, "at-0", &["a.read"]);
    process.install(&narrow).await.unwrap();
    token(&process).await.unwrap();
    let wide = tokens(&world, "at-1", &["a.read", "a.write"]);
    other.install(&wide).await.unwrap();
    assert_eq!(scopes(&process).await.unwrap(), ["a.read"]);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(scopes(&process).await.unwrap(), ["a.read", "a.write"]);
}

#[tokio::test(start_paused = true)]
async fn of_tokens_that_ended_or_were_refused_nothing_is_known() {
    let world = World::new();
    let process = world.process();
    let set = tokens(&world, "at-0", &["a.read"]);
    process.install(&set).await.unwrap();
    process.token().await.unwrap();
    // There is no refresh token, so there is no other token than the refused one.
    process.renew(&"at-0".into()).await.unwrap_err();
    assert_eq!(scopes(&process).await, None);

    let process = world.process();
    assert!(scopes(&process).await.is_some());
    tokio::time::sleep(Duration::from_secs(3596)).await;
    assert_eq!(scopes(&process).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_knows_nothing() {
    let world = World::with_tokens(3600).await;
    world.store.failing_loads.store(1, Ordering::SeqCst);
    assert!(world.process().grant().await.is_none());
}

#[tokio::test]
async fn debug_shows_no_value() {
    let world = World::new();
    let mut set = tokens(&world, "at-0", &["a.read"]);
    set.extra.insert("email".to_owned(), "planted".into());
    let process = world.process();
    process.install(&set).await.unwrap();
    let shown = format!("{:?}", process.grant().await.unwrap());
    assert!(
        shown.contains("email") && !shown.contains("planted"),
        "{shown}"
    );
}

/// Gives `location-1`, `location-2`, … with a scope.
#[derive(Debug, Clone)]
struct Counting(RuntimeClock, Arc<AtomicUsize>);

#[async_trait]
impl TokenExchange for Counting {
    async fn exchange(&self, _: &AccessToken) -> Result<TokenSet> {
        let number = self.1.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut tokens = TokenSet::new(format!("location-{number}"));
        tokens.expires_at = Some(self.0.now() + SignedDuration::from_secs(3600));
        tokens.scopes = vec!["b.read".to_owned()];
        Ok(tokens)
    }
}

#[tokio::test(start_paused = true)]
async fn a_derived_token_is_forgotten_alone() {
    let world = World::with_tokens(3600).await;
    let process = world.process();
    let exchange = Counting(world.clock, Arc::default());
    let one = process.derive("location:1", exchange.clone());
    let two = process.derive("location:2", exchange.clone());
    assert!(one.grant().await.is_none(), "it was not exchanged yet");
    assert_eq!(token(&one).await.unwrap(), "location-1");
    assert_eq!(token(&two).await.unwrap(), "location-2");
    assert_eq!(one.grant().await.unwrap().scopes, ["b.read"]);

    one.forget().await.unwrap();
    // This store does not know how to delete one slot: what it holds has ended.
    let left = one.stored().await.unwrap().unwrap();
    assert_ne!(left.access_token, "location-1".into());
    assert!(left.expires_at.unwrap() < world.clock.now());
    assert!(one.grant().await.is_none());
    assert_eq!(token(&two).await.unwrap(), "location-2");
    assert_eq!(world.stored().await.0, "at-0");
    assert_eq!(token(&one).await.unwrap(), "location-3");
    // Of what is not there nothing is kept either.
    let never = process.derive("location:3", exchange);
    never.forget().await.unwrap();
    assert!(never.stored().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_exchange_under_way_does_not_bring_a_forgotten_token_back() {
    let world = World::with_tokens(3600).await;
    let derived = world
        .process()
        .derive("location:1", Counting(world.clock, Arc::default()));
    let (first, forgotten) = tokio::join!(derived.token(), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        derived.forget().await
    });
    first.unwrap();
    forgotten.unwrap();
    assert!(derived.grant().await.is_none());
    assert_eq!(token(&derived).await.unwrap(), "location-2");
}

#[tokio::test]
async fn the_store_in_memory_deletes_one_slot() {
    let store = MemoryTokenStore::new();
    let key = TokenKey::new(TenantId::new("acme").unwrap(), IntegrationId::new());
    let slot = key.slot("location:1");
    let mut set = TokenSet::new("at");
    set.expires_at = Some(Timestamp::MAX);
    store.save(&key, &set, None).await.unwrap();
    store.save(&slot, &set, Some(7)).await.unwrap();
    store.delete_slot(&slot).await.unwrap();
    assert!(store.load(&slot).await.unwrap().is_none());
    assert!(store.load(&key).await.unwrap().is_some());
    store.delete_slot(&key.slot("location:2")).await.unwrap();
    let fenced = store.save(&slot, &set, Some(6)).await.unwrap_err();
    assert_eq!(fenced.code(), Some("fenced"), "the fence goes on");
}
