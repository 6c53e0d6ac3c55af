//! One exchange per location, however many ask.

use std::time::Duration;

use ghl_client::oauth::LocationTokens;
use ghl_client::{ErrorKind, TokenClasses};
use integrations_core::http::TokenSource;
use serde_json::json;

use super::world::{APP, COMPANY, World};

#[tokio::test(start_paused = true)]
async fn promise_06_a_hundred_callers_share_one_exchange() {
    let world = World::new().await;
    let tokens = world.tokens();
    let mut calls = Vec::new();
    for _ in 0..100 {
        let location = tokens.location("loc1");
        calls.push(tokio::spawn(
            async move { location.users().list().send().await },
        ));
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(world.provider.exchanges(), ["loc1"]);
    assert_eq!(world.provider.parents(), ["company-0"]);
    let sent = world.provider.calls();
    assert_eq!(sent.len(), 100);
    assert!(sent.iter().all(|token| token == "loc1-1"));
}

#[tokio::test(start_paused = true)]
async fn promise_06_processes_share_it_too() {
    let world = World::new().await;
    let mut calls = Vec::new();
    for _ in 0..5 {
        let tokens = world.tokens();
        calls.push(tokio::spawn(async move { tokens.exchange("loc1").await }));
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(world.provider.exchanges(), ["loc1"]);
}

#[tokio::test(start_paused = true)]
async fn two_locations_are_two_exchanges_and_do_not_mix() {
    let world = World::new().await;
    let tokens = world.tokens();
    let (one, two) = (tokens.location("loc1"), tokens.location("loc2"));
    let (first, second) = tokio::join!(one.users().list().send(), two.users().list().send());
    first.unwrap();
    second.unwrap();
    let mut exchanges = world.provider.exchanges();
    exchanges.sort();
    assert_eq!(exchanges, ["loc1", "loc2"]);
    assert_eq!(
        world.provider.most_under_way(),
        2,
        "they do not wait for each other"
    );
    let sent = world.provider.calls();
    assert_eq!(sent.iter().filter(|t| t.starts_with("loc1-")).count(), 1);
    assert_eq!(sent.iter().filter(|t| t.starts_with("loc2-")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_expiry_is_one_more_exchange() {
    let world = World::new().await;
    let tokens = world.tokens();
    tokens.exchange("loc1").await.unwrap();
    tokio::time::sleep(Duration::from_secs(80_000)).await;
    tokens.exchange("loc1").await.unwrap();
    assert_eq!(world.provider.exchanges().len(), 1, "it lasts");
    tokio::time::sleep(Duration::from_secs(6_398)).await;
    let (a, b) = tokio::join!(tokens.exchange("loc1"), tokens.exchange("loc1"));
    a.unwrap();
    b.unwrap();
    assert_eq!(world.provider.exchanges(), ["loc1", "loc1"]);
    assert_eq!(world.stored("loc1").await.unwrap(), "loc1-2");
}

#[tokio::test(start_paused = true)]
async fn a_company_token_that_ended_is_renewed_once_for_all_locations() {
    let world = World::lasting(-5).await;
    let tokens = world.tokens();
    let (a, b, c) = tokio::join!(
        tokens.exchange("loc1"),
        tokens.exchange("loc2"),
        tokens.exchange("loc3")
    );
    for done in [a, b, c] {
        done.unwrap();
    }
    assert_eq!(world.provider.refreshes(), 1);
    assert_eq!(world.provider.parents(), ["company-1"; 3]);
}

#[tokio::test(start_paused = true)]
async fn the_refusal_of_one_location_is_not_the_others() {
    let world = World::new().await;
    let refusal =
        json!({"statusCode": 400, "message": "The app is not installed on this location"});
    world.provider.refuse("loc1", 400, refusal);
    let tokens = world.tokens();
    let (one, two) = tokio::join!(tokens.exchange("loc1"), tokens.exchange("loc2"));
    assert_eq!(one.unwrap_err().kind(), ErrorKind::Validation);
    two.unwrap();
    // The refused one is left alone for a while, and only it.
    tokens.exchange("loc1").await.unwrap_err();
    tokens.exchange("loc3").await.unwrap();
    assert_eq!(world.provider.exchanges().len(), 3);
    tokio::time::sleep(Duration::from_secs(31)).await;
    tokens.exchange("loc1").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn another_locations_token_is_refused() {
    let world = World::new().await;
    let answer = json!({"access_token": "foreign", "expires_in": 86_399, "locationId": "loc2"});
    world.provider.refuse("loc1", 201, answer);
    let error = world.tokens().exchange("loc1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.operation(), Some("oauth.location_token"));
    assert_eq!(world.stored("loc1").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_location_is_exchanged_anew() {
    let world = World::new().await;
    let tokens = world.tokens();
    let handle = tokens.location("loc1");
    handle.users().list().send().await.unwrap();
    tokens.exchange("loc2").await.unwrap();
    tokens.forget("loc1").await.unwrap();
    assert_eq!(world.stored("loc1").await, None);
    assert_eq!(world.stored("loc2").await.unwrap(), "loc2-2");
    // Handles that are about do not keep the old token.
    handle.users().list().send().await.unwrap();
    assert_eq!(world.provider.calls(), ["loc1-1", "loc1-3"]);
    tokens.exchange("loc2").await.unwrap();
    assert_eq!(world.provider.exchanges(), ["loc1", "loc2", "loc1"]);
}

/// How many locations are in memory.
fn held(tokens: &LocationTokens) -> usize {
    let shown = format!("{tokens:?}");
    let (_, rest) = shown.split_once("locations: ").unwrap();
    let number = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
    number.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn ids_that_are_no_locations_do_not_stay() {
    let world = World::new().await;
    let tokens = world.tokens();
    tokens.exchange("loc1").await.unwrap();
    let (handle, unused) = (tokens.location("loc2"), tokens.location("loc3"));
    for n in 0..5_000 {
        drop(tokens.location(format!("junk-{n}")));
        assert!(held(&tokens) <= 64, "{}", held(&tokens));
    }
    // What lasts, and what somebody holds, is still shared by all.
    tokens.exchange("loc1").await.unwrap();
    handle.users().list().send().await.unwrap();
    tokens.exchange("loc2").await.unwrap();
    tokens.exchange("loc3").await.unwrap();
    unused.users().list().send().await.unwrap();
    assert_eq!(world.provider.exchanges(), ["loc1", "loc2", "loc3"]);
}

#[tokio::test(start_paused = true)]
async fn all_locations_whose_tokens_last_stay() {
    let world = World::new().await;
    let tokens = world.tokens();
    let exchange = async |count: usize| {
        for n in 0..count {
            tokens.exchange(format!("loc{n}")).await.unwrap();
        }
    };
    exchange(200).await;
    exchange(200).await;
    assert_eq!(world.provider.exchanges().len(), 200);
    assert_eq!(held(&tokens), 200);
    // Nobody asked for them again: their tokens have ended, and make room.
    tokio::time::sleep(Duration::from_secs(90_000)).await;
    for n in 0..300 {
        drop(tokens.location(format!("junk-{n}")));
    }
    assert!(held(&tokens) < 200, "{}", held(&tokens));
}

#[tokio::test(start_paused = true)]
async fn a_failed_exchange_is_forgotten_when_its_time_is_over() {
    let world = World::new().await;
    let tokens = world.tokens();
    let refusal = json!({"statusCode": 400, "message": "No such location"});
    for n in 0..300 {
        let id = format!("junk-{n}");
        world.provider.refuse(&id, 400, refusal.clone());
        tokens.exchange(&*id).await.unwrap_err();
        // While the provider is to be left alone for it, it is remembered.
        tokens.exchange(&*id).await.unwrap_err();
        assert!(held(&tokens) <= 64, "{}", held(&tokens));
    }
    assert_eq!(world.provider.exchanges().len(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_location_that_is_forgotten_while_somebody_holds_it_is_still_exchanged_once() {
    let world = World::new().await;
    let tokens = world.tokens();
    let handle = tokens.location("loc1");
    tokens.exchange("loc1").await.unwrap();
    tokens.forget("loc1").await.unwrap();
    assert_eq!(held(&tokens), 1);
    let (a, b) = tokio::join!(handle.users().list().send(), tokens.exchange("loc1"));
    a.unwrap();
    b.unwrap();
    assert_eq!(world.provider.exchanges(), ["loc1", "loc1"]);
    drop(handle);
    tokens.forget("loc1").await.unwrap();
    tokens.forget("nowhere").await.unwrap();
    assert_eq!(held(&tokens), 0);
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_forgets_everything() {
    let world = World::new().await;
    let tokens = world.tokens();
    let handle = tokens.location("loc1");
    handle.users().list().send().await.unwrap();
    tokens.disconnect().await.unwrap();
    assert!(!world.has_company().await);
    assert_eq!(world.stored("loc1").await, None);
    let error = handle.users().list().send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Auth, Some("token_missing"))
    );
    assert_eq!(world.provider.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_broker_knows_its_app_company_and_what_its_tokens_may() {
    let world = World::new().await;
    let tokens = world.tokens();
    assert_eq!(
        (tokens.app().as_str(), tokens.company().as_str()),
        (APP, COMPANY)
    );
    let access = tokens.client().access().await;
    assert_eq!(access.classes, TokenClasses::COMPANY_OAUTH);
    let source = tokens.tokens(&"loc1".into());
    assert!(source.grant().await.is_none(), "there is no token yet");
    let location = tokens.location("loc1");
    location.users().list().send().await.unwrap();
    // From now on a missing scope is known, and nothing is sent.
    let error = location.contacts().get("c1").send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.attempts()),
        (ErrorKind::Permission, Some("missing_scope"), 0)
    );
    assert_eq!(world.provider.calls().len(), 1);
    let grant = source.grant().await.unwrap();
    assert_eq!(grant.extra["userType"], "Location");
    assert_eq!(grant.extra["locationId"], "loc1");
    assert_eq!(grant.extra["companyId"], COMPANY);
    assert_eq!(grant.extra["planId"], "pla1");
    let shown = format!("{tokens:?} {source:?}");
    assert!(
        !shown.contains("loc1-1") && !shown.contains("company-0"),
        "{shown}"
    );
}
