//! One refresh per expiry, for all callers and processes.

use std::time::Duration;

use integrations_core::http::TokenSource;
use integrations_core::oauth::{RefreshPolicy, TokenSet};
use integrations_core::{AccessToken, Clock, ErrorKind};
use jiff::SignedDuration;
use tokio::time::Instant;

use crate::token_server::{Script, World, token};

#[tokio::test(start_paused = true)]
async fn promise_06_many_callers_in_many_processes_refresh_once() {
    let world = World::with_tokens(-10).await;
    let mut calls = Vec::new();
    for _ in 0..8 {
        let process = world.process();
        for _ in 0..50 {
            let tokens = process.clone();
            calls.push(tokio::spawn(async move { token(&tokens).await }));
        }
    }
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "at-1");
    }
    assert_eq!((world.server.requests(), world.server.rotations()), (1, 1));
    assert_eq!(world.stored().await, ("at-1".into(), "rt-1".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn promise_06_many_callers_on_many_threads_refresh_once() {
    let world = World::with_tokens(-10).await;
    world.server.delay(Duration::ZERO);
    let processes: Vec<_> = (0..8).map(|_| world.process()).collect();
    let calls: Vec<_> = (0..400)
        .map(|i| {
            let tokens = processes[i % processes.len()].clone();
            tokio::spawn(async move { token(&tokens).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "at-1");
    }
    assert_eq!(world.server.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn promise_06_a_day_of_expiries_is_a_refresh_each() {
    let world = World::with_tokens(3600).await;
    let processes: Vec<_> = (0..4).map(|_| world.process()).collect();
    for _ in 0..24 * 30 {
        tokio::time::sleep(Duration::from_secs(120)).await;
        for process in &processes {
            token(process).await.unwrap();
        }
    }
    // A token lasts an hour and is refreshed 5 to 6 minutes early.
    let refreshes = world.server.requests();
    assert!((24..=28).contains(&refreshes), "{refreshes}");
}

#[tokio::test(start_paused = true)]
async fn a_good_token_asks_nobody() {
    let world = World::with_tokens(3600).await;
    let tokens = world.process();
    for _ in 0..100 {
        assert_eq!(token(&tokens).await.unwrap(), "at-0");
    }
    assert_eq!(world.server.requests(), 0);
    let loads = world.store.loads.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(loads, 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_refreshed_ahead_of_its_end_with_jitter() {
    // The margin is 5 minutes and up to a fifth more.
    for (left, expected) in [(361, "at-0"), (299, "at-1")] {
        let world = World::with_tokens(left).await;
        assert_eq!(token(&world.process()).await.unwrap(), expected, "{left}");
    }
    let world = World::with_tokens(1000).await;
    let mut policy = RefreshPolicy::default();
    policy.margin = Some(Duration::from_secs(2000));
    let tokens = world.builder().policy(policy).build().unwrap();
    assert_eq!(token(&tokens).await.unwrap(), "at-1");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lasts_less_than_the_margin_is_not_refreshed_on_each_call() {
    let world = World::with_tokens(-1).await;
    world.server.lifetime(120);
    let tokens = world.process();
    for _ in 0..50 {
        token(&tokens).await.unwrap();
    }
    assert_eq!(world.server.requests(), 1);
    tokio::time::sleep(Duration::from_secs(70)).await;
    token(&tokens).await.unwrap();
    assert_eq!(world.server.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_does_not_stop_the_refresh() {
    let world = World::with_tokens(-10).await;
    let tokens = world.process();
    let impatient = tokio::time::timeout(Duration::from_millis(100), token(&tokens)).await;
    assert!(impatient.is_err());
    assert_eq!(token(&tokens).await.unwrap(), "at-1");
    assert_eq!(world.server.requests(), 1);
    assert_eq!(world.stored().await.1, "rt-1");
}

#[tokio::test(start_paused = true)]
async fn promise_06_all_callers_gone_and_the_rotated_token_is_kept() {
    let world = World::with_tokens(-10).await;
    let tokens = world.process();
    let _ = tokio::time::timeout(Duration::from_millis(100), token(&tokens)).await;
    drop(tokens);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.stored().await, ("at-1".into(), "rt-1".into()));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_for_all_who_were_refused() {
    let world = World::with_tokens(3600).await;
    let tokens = world.process();
    let refused = tokens.token().await.unwrap();
    let renewals = (0..50).map(|_| tokens.renew(&refused));
    for renewed in futures_util::future::join_all(renewals).await {
        assert_eq!(renewed.unwrap().unwrap().expose_secret(), "at-1");
    }
    // Late, with the old token.
    let renewed = tokens.renew(&refused).await.unwrap().unwrap();
    assert_eq!(renewed.expose_secret(), "at-1");
    assert_eq!(world.server.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_by_a_siblings_newer_one() {
    let world = World::with_tokens(3600).await;
    let (one, two) = (world.process(), world.process());
    let refused = one.token().await.unwrap();
    assert_eq!(two.token().await.unwrap(), refused);
    one.renew(&refused).await.unwrap();
    let renewed = two.renew(&refused).await.unwrap().unwrap();
    assert_eq!(renewed.expose_secret(), "at-1");
    assert_eq!(world.server.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_refuses_every_token_does_not_make_us_refresh_for_ever() {
    let world = World::with_tokens(3600).await;
    let tokens = world.process();
    for _ in 0..20 {
        let refused = tokens.token().await.unwrap();
        let _ = tokens.renew(&refused).await.unwrap();
    }
    assert_eq!(world.server.requests(), 1);
    let refused = tokens.token().await.unwrap();
    assert_eq!(tokens.renew(&refused).await.unwrap(), None);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(tokens.renew(&refused).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn while_a_sibling_refreshes_a_token_that_still_lasts_is_used() {
    let world = World::with_tokens(200).await;
    world.server.script(Script::Slow(Duration::from_secs(8)));
    let (one, two) = (world.process(), world.process());
    let busy = tokio::spawn(async move { token(&one).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let started = Instant::now();
    for _ in 0..10 {
        assert_eq!(token(&two).await.unwrap(), "at-0");
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(busy.await.unwrap().unwrap(), "at-1");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(token(&two).await.unwrap(), "at-1");
    assert_eq!(world.server.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_ahead_of_time_costs_nothing() {
    let world = World::with_tokens(200).await;
    for _ in 0..3 {
        world.server.script(Script::Answer(503, String::new()));
    }
    let tokens = world.process();
    for _ in 0..20 {
        assert_eq!(token(&tokens).await.unwrap(), "at-0");
    }
    assert_eq!(world.server.requests(), 1, "it waits before it tries again");
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(4)).await;
        token(&tokens).await.unwrap();
    }
    assert_eq!(token(&tokens).await.unwrap(), "at-1");
    assert_eq!(world.server.requests(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_new_authorization_is_seen_by_other_processes() {
    let world = World::with_tokens(3600).await;
    let (one, two) = (world.process(), world.process());
    assert_eq!(token(&two).await.unwrap(), "at-0");
    one.install(&TokenSet::new("other-account")).await.unwrap();
    assert_eq!(token(&one).await.unwrap(), "other-account");
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(token(&two).await.unwrap(), "other-account");
}

#[tokio::test(start_paused = true)]
async fn a_token_without_an_end_is_used_until_it_is_refused() {
    let world = World::new();
    world.save(&TokenSet::new("for-ever")).await;
    let tokens = world.process();
    tokio::time::sleep(Duration::from_secs(400 * 24 * 3600)).await;
    assert_eq!(token(&tokens).await.unwrap(), "for-ever");
    let error = tokens
        .renew(&AccessToken::from("for-ever"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("token_dead"));
    assert_eq!(error.kind(), ErrorKind::Auth);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_refresh_token_keeps_the_old_one_and_the_other_fields() {
    let world = World::new();
    let mut tokens = TokenSet::new("at-0");
    tokens.refresh_token = Some("rt-0".into());
    tokens.expires_at = Some(world.clock.now() - SignedDuration::from_secs(1));
    tokens.scopes = vec!["contacts.read".to_owned()];
    tokens
        .extra
        .insert("instance_url".to_owned(), "https://eu1.example".into());
    world.save(&tokens).await;
    let answer = r#"{"access_token":"at-x","expires_in":"3600","user":"u1"}"#;
    world.server.script(Script::Answer(200, answer.to_owned()));
    let process = world.process();
    assert_eq!(token(&process).await.unwrap(), "at-x");
    let stored = process.stored().await.unwrap().unwrap();
    assert_eq!(stored.refresh_token.unwrap().expose_secret(), "rt-0");
    assert_eq!(stored.scopes, ["contacts.read"]);
    assert_eq!(stored.extra["instance_url"], "https://eu1.example");
    assert_eq!(stored.extra["user"], "u1");
}

#[tokio::test(start_paused = true)]
async fn client_credentials_need_no_authorization() {
    let world = World::new();
    let builder = world.builder().client_credentials(["read"]);
    let tokens = builder.build().unwrap();
    assert_eq!(token(&tokens).await.unwrap(), "at-1");
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(token(&tokens).await.unwrap(), "at-2");
}

#[tokio::test(start_paused = true)]
async fn a_lease_shorter_than_a_token_call_is_refused() {
    let world = World::new();
    let mut policy = RefreshPolicy::default();
    policy.lease_ttl = Duration::from_secs(30);
    let error = world.builder().policy(policy).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
