//! Tokens got with another token.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use integrations_core::http::TokenSource;
use integrations_core::oauth::{TokenExchange, TokenSet, TokenStore};
use integrations_core::{AccessToken, Clock, Error, ErrorKind, Result};
use jiff::SignedDuration;

use crate::support::RuntimeClock;
use crate::token_server::{World, token};

/// Gives `for-<parent>`, unless the parent is refused.
#[derive(Debug, Clone)]
struct Locations {
    clock: RuntimeClock,
    refused: &'static str,
    exchanges: Arc<AtomicUsize>,
}

impl Locations {
    fn new(world: &World, refused: &'static str) -> Self {
        Self {
            clock: world.clock,
            refused,
            exchanges: Arc::default(),
        }
    }
}

#[async_trait]
impl TokenExchange for Locations {
    async fn exchange(&self, parent: &AccessToken) -> Result<TokenSet> {
        self.exchanges.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        if parent.expose_secret() == self.refused {
            return Err(Error::new(ErrorKind::Auth, "").with_status(StatusCode::UNAUTHORIZED));
        }
        let mut tokens = TokenSet::new(format!("for-{}", parent.expose_secret()));
        tokens.expires_at = Some(self.clock.now() + SignedDuration::from_secs(3600));
        Ok(tokens)
    }
}

#[tokio::test(start_paused = true)]
async fn promise_06_a_derived_token_is_got_once_for_all_processes() {
    let world = World::with_tokens(-10).await;
    let exchange = Locations::new(&world, "");
    let mut calls = Vec::new();
    for _ in 0..5 {
        let derived = world.process().derive("location:1", exchange.clone());
        for _ in 0..20 {
            let derived = derived.clone();
            calls.push(tokio::spawn(async move { token(&derived).await }));
        }
    }
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "for-at-1");
    }
    assert_eq!(exchange.exchanges.load(Ordering::SeqCst), 1);
    assert_eq!(world.server.requests(), 1);
    let slot = world.key.slot("location:1");
    assert!(world.store.inner.load(&slot).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn slots_do_not_mix() {
    let world = World::with_tokens(3600).await;
    let process = world.process();
    let exchange = Locations::new(&world, "");
    let one = process.derive("location:1", exchange.clone());
    let two = process.derive("location:2", exchange.clone());
    let (one, two) = tokio::join!(token(&one), token(&two));
    assert_eq!(
        (one.unwrap(), two.unwrap()),
        ("for-at-0".into(), "for-at-0".into())
    );
    assert_eq!(exchange.exchanges.load(Ordering::SeqCst), 2);
    assert_eq!(world.stored().await.0, "at-0");
}

#[tokio::test(start_paused = true)]
async fn a_refused_parent_is_renewed_once() {
    let world = World::with_tokens(3600).await;
    let exchange = Locations::new(&world, "at-0");
    let derived = world.process().derive("location:1", exchange.clone());
    assert_eq!(token(&derived).await.unwrap(), "for-at-1");
    assert_eq!(exchange.exchanges.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_derived_token_is_exchanged_again_when_it_ends_or_is_refused() {
    let world = World::with_tokens(100_000).await;
    let exchange = Locations::new(&world, "");
    let derived = world.process().derive("location:1", exchange.clone());
    let first = derived.token().await.unwrap();
    tokio::time::sleep(Duration::from_secs(3500)).await;
    derived.token().await.unwrap();
    assert_eq!(exchange.exchanges.load(Ordering::SeqCst), 2);
    tokio::time::sleep(Duration::from_secs(60)).await;
    // The exchange gives the same token again, so there is none other than the refused one.
    assert_eq!(derived.renew(&first).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_parent_without_tokens_is_no_reason_to_wait_later() {
    let world = World::new();
    let exchange = Locations::new(&world, "");
    let process = world.process();
    let derived = process.derive("location:1", exchange);
    let error = token(&derived).await.unwrap_err();
    assert_eq!(error.code(), Some("token_missing"));
    process.install(&TokenSet::new("anew")).await.unwrap();
    assert_eq!(token(&derived).await.unwrap(), "for-anew");
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_forgets_derived_tokens_too() {
    let world = World::with_tokens(3600).await;
    let process = world.process();
    let derived = process.derive("location:1", Locations::new(&world, ""));
    token(&derived).await.unwrap();
    process.disconnect().await.unwrap();
    let slot = world.key.slot("location:1");
    assert!(world.store.inner.load(&slot).await.unwrap().is_none());
}

/// Gives nothing.
#[derive(Debug)]
struct Refuses;

#[async_trait]
impl TokenExchange for Refuses {
    async fn exchange(&self, _: &AccessToken) -> Result<TokenSet> {
        Err(Error::new(ErrorKind::Validation, "no such location"))
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_unused_can_be_derived_anew_without_loss() {
    let world = World::with_tokens(86_400).await;
    let exchange = Locations::new(&world, "");
    let process = world.process();
    let derived = process.derive("location:1", exchange.clone());
    assert!(derived.is_unused(), "nothing was asked for");
    let other = derived.clone();
    assert!(!derived.is_unused() && !other.is_unused());
    drop(other);
    // Under way, even when the caller gives up.
    {
        let mut call = std::pin::pin!(token(&derived));
        let waited = tokio::time::timeout(Duration::from_millis(10), call.as_mut()).await;
        waited.unwrap_err();
    }
    assert!(!derived.is_unused());
    token(&derived).await.unwrap();
    assert!(!derived.is_unused(), "the token lasts");
    assert_eq!(exchange.exchanges.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(derived.is_unused(), "it has ended");
    token(&derived).await.unwrap();
    derived.forget().await.unwrap();
    assert!(derived.is_unused(), "it is forgotten");

    let refused = process.derive("location:2", Refuses);
    token(&refused).await.unwrap_err();
    assert!(!refused.is_unused(), "the provider is left alone");
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(refused.is_unused());
}
