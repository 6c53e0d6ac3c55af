//! Refreshes that go wrong: nothing is lost that can be kept, and nothing is called dead that lives.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::http::{TokenSource, TransportFailure};
use integrations_core::lease::{Lease, LeaseStore};
use integrations_core::oauth::{MemoryLeaseStore, OAuthTokens, Refusal, TokenSet, TokenStore};
use integrations_core::{Clock, ErrorKind, Result, TenantId};
use jiff::SignedDuration;
use tokio::time::Instant;

use crate::token_server::{Script, World, token};

#[tokio::test(start_paused = true)]
async fn promise_06_a_save_that_fails_once_is_made_up_at_once() {
    let world = World::with_tokens(-10).await;
    world.store.failing_saves.store(1, Ordering::SeqCst);
    assert_eq!(token(&world.process()).await.unwrap(), "at-1");
    assert_eq!(world.stored().await.1, "rt-1");
    assert_eq!(world.server.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn promise_06_tokens_that_cannot_be_saved_are_not_handed_out_and_not_lost() {
    let world = World::with_tokens(-10).await;
    world.store.failing_saves.store(4, Ordering::SeqCst);
    let tokens = world.process();
    let error = token(&tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!(world.stored().await, ("at-0".into(), "rt-0".into()));
    // The next call saves what the first one got; a second refresh would find the refresh token used up.
    assert_eq!(token(&tokens).await.unwrap(), "at-1");
    assert_eq!(world.stored().await, ("at-1".into(), "rt-1".into()));
    assert_eq!(world.server.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_refresh_and_save_needs_a_new_authorization() {
    let world = World::with_tokens(-10).await;
    world.store.failing_saves.store(4, Ordering::SeqCst);
    let crashed = world.process();
    token(&crashed).await.unwrap_err();
    drop(crashed);
    // The provider has ended rt-0, and nobody has rt-1: this is said, not hidden.
    let tokens = world.process();
    let error = token(&tokens).await.unwrap_err();
    assert_eq!(error.code(), Some("token_dead"));
    tokens.install(&TokenSet::new("anew")).await.unwrap();
    assert_eq!(token(&tokens).await.unwrap(), "anew");
}

#[tokio::test(start_paused = true)]
async fn unsaved_tokens_give_way_to_a_new_authorization() {
    let world = World::with_tokens(-10).await;
    world.store.failing_saves.store(4, Ordering::SeqCst);
    let tokens = world.process();
    token(&tokens).await.unwrap_err();
    let anew = TokenSet::new("anew");
    world
        .store
        .inner
        .save(&world.key, &anew, None)
        .await
        .unwrap();
    assert_eq!(token(&tokens).await.unwrap(), "anew");
}

#[tokio::test(start_paused = true)]
async fn unsaved_tokens_give_way_to_newer_ones_that_have_ended_themselves() {
    let world = World::with_tokens(-10).await;
    world.store.failing_saves.store(4, Ordering::SeqCst);
    let tokens = world.process();
    token(&tokens).await.unwrap_err();
    let mut newer = TokenSet::new("newer");
    newer.refresh_token = Some("rt-1".into());
    newer.expires_at = Some(world.clock.now());
    world.save(&newer).await;
    assert_eq!(token(&tokens).await.unwrap(), "at-2");
}

#[tokio::test(start_paused = true)]
async fn promise_06_a_lease_that_comes_late_finds_a_siblings_tokens() {
    let world = World::with_tokens(-10).await;
    let slow = OAuthTokens::builder(
        world.client(),
        world.key.clone(),
        Arc::new(world.store.clone()),
        Arc::new(Slow(world.leases.clone())),
    );
    let (slow, quick) = (slow.build().unwrap(), world.process());
    let (slow, quick) = tokio::join!(token(&slow), token(&quick));
    assert_eq!(
        (slow.unwrap(), quick.unwrap()),
        ("at-1".into(), "at-1".into())
    );
    assert_eq!(world.server.requests(), 1);
}

/// A lease store whose database takes its time.
#[derive(Debug)]
struct Slow(MemoryLeaseStore);

#[async_trait]
impl LeaseStore for Slow {
    async fn try_acquire(
        &self,
        tenant: &TenantId,
        name: &str,
        owner: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>> {
        tokio::time::sleep(Duration::from_secs(10)).await;
        self.0.try_acquire(tenant, name, owner, ttl).await
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Option<Lease>> {
        self.0.renew(lease, ttl).await
    }

    async fn release(&self, lease: &Lease) -> Result<bool> {
        self.0.release(lease).await
    }
}

#[tokio::test(start_paused = true)]
async fn promise_06_a_dead_holders_lease_is_taken_over_and_its_late_save_refused() {
    let world = World::with_tokens(-10).await;
    let (tenant, name) = (
        &world.key.tenant,
        format!("oauth:{}", world.key.integration),
    );
    let ttl = Duration::from_secs(45);
    let lease = world
        .leases
        .try_acquire(tenant, &name, "crashed", ttl)
        .await;
    let crashed = lease.unwrap().unwrap();

    let started = Instant::now();
    assert_eq!(token(&world.process()).await.unwrap(), "at-1");
    let waited = started.elapsed();
    assert!(
        waited >= ttl && waited < Duration::from_secs(55),
        "{waited:?}"
    );

    let late = TokenSet::new("late");
    let saved = world
        .store
        .save(&world.key, &late, Some(crashed.fence))
        .await;
    assert_eq!(saved.unwrap_err().code(), Some("fenced"));
    assert!(!world.leases.release(&crashed).await.unwrap());
    assert_eq!(world.stored().await.0, "at-1");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_had_is_an_error_and_never_a_refresh() {
    let world = World::with_tokens(-10).await;
    let (tenant, name) = (
        &world.key.tenant,
        format!("oauth:{}", world.key.integration),
    );
    let for_ever = Duration::from_secs(86400);
    let lease = world
        .leases
        .try_acquire(tenant, &name, "other", for_ever)
        .await;
    lease.unwrap().unwrap();
    let started = Instant::now();
    let error = token(&world.process()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.code(), Some("lease_timeout"));
    assert!(error.is_retryable());
    assert_eq!(started.elapsed(), Duration::from_secs(60));
    assert_eq!(world.server.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_grant_is_forgiven_when_a_sibling_has_newer_tokens() {
    let world = World::with_tokens(-10).await;
    // A sibling without our lease, for example an older version of the program, refreshes while we do.
    let rejected = r#"{"error":"invalid_grant"}"#.to_owned();
    world.server.script(Script::Answer(400, rejected));
    let tokens = world.process();
    let call = tokio::spawn(async move { token(&tokens).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut newer = TokenSet::new("siblings");
    newer.expires_at = Some(world.clock.now() + SignedDuration::from_secs(3600));
    world
        .store
        .inner
        .save(&world.key, &newer, None)
        .await
        .unwrap();
    assert_eq!(call.await.unwrap().unwrap(), "siblings");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_grant_is_tried_again_with_a_siblings_newer_refresh_token() {
    let world = World::with_tokens(-10).await;
    let rejected = r#"{"error":"invalid_grant"}"#.to_owned();
    world.server.script(Script::Answer(400, rejected));
    let tokens = world.process();
    let call = tokio::spawn(async move { token(&tokens).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut newer = TokenSet::new("expired-already");
    newer.refresh_token = Some("rt-0".into());
    newer.expires_at = Some(world.clock.now());
    world
        .store
        .inner
        .save(&world.key, &newer, None)
        .await
        .unwrap();
    assert_eq!(call.await.unwrap().unwrap(), "at-1");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_does_not_overwrite_a_new_authorization_or_a_disconnect() {
    for deleted in [false, true] {
        let world = World::with_tokens(-10).await;
        let tokens = world.process();
        let call = tokio::spawn(async move { token(&tokens).await });
        tokio::time::sleep(Duration::from_secs(1)).await;
        let store = &world.store.inner;
        if deleted {
            let key = &world.key;
            store.delete(&key.tenant, key.integration).await.unwrap();
            let error = call.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict);
            assert!(store.load(key).await.unwrap().is_none(), "it stays deleted");
        } else {
            let anew = TokenSet::new("anew");
            store.save(&world.key, &anew, None).await.unwrap();
            assert_eq!(call.await.unwrap().unwrap(), "anew");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_is_reported_once_and_not_hammered() {
    let world = World::with_tokens(-10).await;
    let mut tokens = TokenSet::new("at-0");
    tokens.refresh_token = Some("used-up".into());
    tokens.expires_at = Some(world.clock.now());
    world.save(&tokens).await;
    let reports = Arc::new(Mutex::new(Vec::new()));
    let seen = reports.clone();
    let tokens = world
        .builder()
        .on_dead(move |key, error| {
            let code = error.code().map(str::to_owned);
            seen.lock().unwrap().push((key.clone(), code));
        })
        .build()
        .unwrap();
    for _ in 0..50 {
        let error = token(&tokens).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert_eq!(error.code(), Some("token_dead"));
        assert_eq!(error.provider(), Some("plain"));
        assert!(!error.is_retryable());
    }
    assert_eq!(world.server.requests(), 1);
    tokio::time::sleep(Duration::from_secs(31)).await;
    token(&tokens).await.unwrap_err();
    assert_eq!(world.server.requests(), 2);
    let expected = [(world.key.clone(), Some("token_dead".to_owned()))];
    assert_eq!(*reports.lock().unwrap(), expected);
    // A new authorization is used at once, cooldown or not.
    world.save(&TokenSet::new("anew")).await;
    assert_eq!(token(&tokens).await.unwrap(), "anew");
}

#[tokio::test(start_paused = true)]
async fn a_suspended_account_is_not_dead() {
    let mut world = World::with_tokens(-10).await;
    let refusal = Refusal::temporary(400, "location is not active");
    world.profile.refusals = vec![refusal];
    let body = r#"{"statusCode":400,"message":"Location is not active"}"#;
    for _ in 0..3 {
        world.server.script(Script::Answer(400, body.to_owned()));
    }
    let dead = Arc::new(AtomicUsize::new(0));
    let counter = dead.clone();
    let tokens = world
        .builder()
        .on_dead(move |_, _| {
            counter.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    let error = token(&tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert_eq!(error.code(), Some("temporarily_refused"));
    assert!(error.is_retryable());
    assert_eq!(world.server.requests(), 1, "not within one call");
    let mut calls = 0;
    let renewed = loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        calls += 1;
        if let Ok(token) = token(&tokens).await {
            break token;
        }
    };
    assert_eq!(renewed, "at-1");
    assert!(calls > 5, "{calls}");
    assert_eq!(
        (world.server.requests(), dead.load(Ordering::SeqCst)),
        (4, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_tried_again_later_and_later() {
    let world = World::with_tokens(-10).await;
    world.server.delay(Duration::ZERO);
    for _ in 0..6 {
        world.server.script(Script::Answer(500, String::new()));
    }
    let tokens = world.process();
    let mut at = Vec::new();
    let started = Instant::now();
    while world.server.rotations() == 0 {
        let before = world.server.requests();
        let _ = token(&tokens).await;
        if world.server.requests() > before {
            at.push(started.elapsed().as_secs());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert_eq!(at.len(), 7, "{at:?}");
    assert!(
        *at.last().unwrap() >= 31,
        "1 s, doubling, at least half: {at:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_that_asks_for_time_gets_it() {
    let world = World::with_tokens(-10).await;
    world.server.script(Script::Busy(120));
    let tokens = world.process();
    let error = token(&tokens).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
    tokio::time::sleep(Duration::from_secs(115)).await;
    token(&tokens).await.unwrap_err();
    assert_eq!(world.server.requests(), 1);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(token(&tokens).await.unwrap(), "at-1");
}

#[tokio::test(start_paused = true)]
async fn promise_06_a_rotating_refresh_that_may_have_arrived_is_not_repeated_within_the_call() {
    for script in [
        Script::Break(TransportFailure::Broken),
        Script::Break(TransportFailure::Timeout),
        Script::Answer(502, String::new()),
        Script::LoseAnswer,
    ] {
        let world = World::with_tokens(-10).await;
        world.server.script(script.clone());
        let error = token(&world.process()).await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{script:?}");
        assert_eq!(world.server.requests(), 1, "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_is_repeated_when_it_never_left_or_twice_is_once() {
    let world = World::with_tokens(-10).await;
    for _ in 0..2 {
        let failure = TransportFailure::Connect;
        world.server.script(Script::Break(failure));
    }
    assert_eq!(token(&world.process()).await.unwrap(), "at-1");

    let mut world = World::with_tokens(-10).await;
    world.profile.rotates = false;
    world.server.script(Script::Answer(500, String::new()));
    assert_eq!(token(&world.process()).await.unwrap(), "at-1");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_refused_is_not_handed_out_again() {
    // It would last for an hour, but the provider has revoked it.
    let world = World::with_tokens(3600).await;
    let tokens = world.process();
    let refused = tokens.token().await.unwrap();
    let rejected = r#"{"error":"invalid_grant"}"#.to_owned();
    world.server.script(Script::Answer(400, rejected));
    let error = tokens.renew(&refused).await.unwrap_err();
    assert_eq!(error.code(), Some("token_dead"));
    for _ in 0..10 {
        let error = token(&tokens).await.unwrap_err();
        assert_eq!(error.code(), Some("token_dead"));
    }
    assert_eq!(world.server.requests(), 1);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(token(&tokens).await.unwrap(), "at-1");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_an_error_unless_the_token_still_lasts() {
    let world = World::with_tokens(-10).await;
    world.store.failing_loads.store(1, Ordering::SeqCst);
    let tokens = world.process();
    assert_eq!(token(&tokens).await.unwrap_err().kind(), ErrorKind::Store);
    assert_eq!(token(&tokens).await.unwrap(), "at-1");

    world.store.failing_loads.store(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(token(&tokens).await.unwrap(), "at-1");
}

#[tokio::test(start_paused = true)]
async fn without_tokens_the_error_says_to_authorize() {
    let world = World::new();
    let tokens = world.process();
    let error = token(&tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(error.code(), Some("token_missing"));
    assert_eq!(world.server.requests(), 0);
    assert!(tokens.stored().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_forgets_in_every_process() {
    let world = World::with_tokens(3600).await;
    let (one, two) = (world.process(), world.process());
    token(&two).await.unwrap();
    assert!(!one.disconnect().await.unwrap(), "no revocation endpoint");
    let error = one.token().await.unwrap_err();
    assert_eq!(error.code(), Some("token_missing"));
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(token(&two).await.is_err());
}
