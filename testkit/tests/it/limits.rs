use std::time::Duration;

use integrations_testkit::{
    Fault, FaultPlan,
    ghl::{SCOPES, SimulatedGhl},
};
use serde_json::json;

use crate::support::{Api, LOCATION, OTHER, builder, ready, start};

#[tokio::test]
async fn every_response_carries_five_headers() {
    let (_ghl, api) = ready().await;
    let ok = api.get(&format!("/locations/{LOCATION}")).await;
    let refused = api.get("/contacts/abc").await;
    let unknown = api.with_token("pit-made-up").get("/contacts/abc").await;
    for (reply, remaining, daily) in [
        (&ok, "99", "199999"),
        (&refused, "98", "199998"),
        (&unknown, "100", "200000"),
    ] {
        assert_eq!(reply.header("x-ratelimit-limit-daily"), "200000");
        assert_eq!(reply.header("x-ratelimit-daily-remaining"), daily);
        assert_eq!(reply.header("x-ratelimit-interval-milliseconds"), "10000");
        assert_eq!(reply.header("x-ratelimit-max"), "100");
        assert_eq!(reply.header("x-ratelimit-remaining"), remaining);
    }
}

async fn limited(max: usize, daily: u64, retry_after: bool) -> (SimulatedGhl, Api) {
    let ghl = builder()
        .rate_limit(max, Duration::from_secs(30))
        .daily_limit(daily)
        .retry_after(retry_after)
        .start()
        .await
        .unwrap();
    let api = Api::new(&ghl, &ghl.issue_private_token(LOCATION, SCOPES));
    (ghl, api)
}

#[tokio::test]
async fn past_the_limit_is_a_bare_429_without_effect() {
    let (ghl, api) = limited(2, 1000, false).await;
    let create = || json!({"locationId": LOCATION, "firstName": "Alex"});
    api.post("/contacts/", create()).await.expect(201);
    api.post("/contacts/", create()).await.expect(201);
    let reply = api.post("/contacts/", create()).await;
    assert_eq!(reply.header("x-ratelimit-remaining"), "0");
    assert!(!reply.headers.contains_key("retry-after"));
    reply.refused(429, "Too Many Requests");
    assert_eq!(ghl.contacts(LOCATION).len(), 2);
    let stats = ghl.stats();
    assert_eq!(
        (stats.throttled, stats.requests, stats.max_in_window),
        (1, 3, 3)
    );
    assert_eq!(ghl.writes("contacts.create"), 2);
}

#[tokio::test]
async fn one_location_can_have_a_rate_of_its_own() {
    let ghl = builder()
        .rate_limit_of(OTHER, 1, Duration::from_secs(30))
        .start()
        .await
        .unwrap();
    let api = Api::new(&ghl, &ghl.issue_private_token(LOCATION, SCOPES));
    let other = api.with_token(&ghl.issue_private_token(OTHER, SCOPES));
    let path = format!("/locations/{OTHER}");
    let reply = other.get(&path).await;
    assert_eq!(reply.header("x-ratelimit-max"), "1");
    assert_eq!(reply.header("x-ratelimit-interval-milliseconds"), "30000");
    reply.expect(200);
    other.get(&path).await.refused(429, "Too Many Requests");
    let reply = api.get(&format!("/locations/{LOCATION}")).await;
    assert_eq!(reply.header("x-ratelimit-max"), "100");
    assert_eq!(
        (ghl.limit_violations(), ghl.stats().limit_violations),
        (1, 1)
    );
    let usage = ghl.rate_usage(OTHER);
    assert_eq!((usage.accepted, usage.violations, usage.peak), (1, 1, 2));
    assert_eq!(ghl.rate_usage(LOCATION).violations, 0);
    ghl.set_rate_limit(OTHER, 5, Duration::from_secs(30));
    let reply = other.get(&path).await;
    assert_eq!(reply.header("x-ratelimit-remaining"), "3");
    reply.expect(200);
}

#[tokio::test]
async fn a_fault_does_not_hide_a_violation() {
    let (ghl, api) = limited(1, 1000, false).await;
    let path = format!("/locations/{LOCATION}");
    api.get(&path).await.expect(200);
    ghl.set_faults(FaultPlan::none().script("/locations/{id}", [Fault::ServerError(503)]));
    assert_eq!(api.get(&path).await.status, 503);
    assert_eq!((ghl.limit_violations(), ghl.stats().throttled), (1, 0));
    ghl.reset_stats();
    assert_eq!(ghl.limit_violations(), 0);
}

#[tokio::test]
async fn the_window_moves_on() {
    let window = Duration::from_millis(300);
    let ghl = builder().rate_limit(1, window).start().await.unwrap();
    let api = Api::new(&ghl, &ghl.issue_private_token(LOCATION, SCOPES));
    let path = format!("/locations/{LOCATION}");
    api.get(&path).await.expect(200);
    tokio::time::sleep(window).await;
    api.get(&path).await.expect(200);
    assert_eq!((ghl.stats().throttled, ghl.stats().max_in_window), (0, 1));
}

#[tokio::test]
async fn retry_after_can_be_switched_on() {
    let (_ghl, api) = limited(1, 1000, true).await;
    let path = format!("/locations/{LOCATION}");
    api.get(&path).await.expect(200);
    let reply = api.get(&path).await;
    let seconds: u64 = reply.header("retry-after").parse().unwrap();
    assert!(
        reply.status == 429 && (1..=30).contains(&seconds),
        "{seconds}"
    );
}

#[tokio::test]
async fn private_tokens_of_one_location_share_a_budget() {
    let (ghl, first) = limited(2, 1000, false).await;
    let second = first.with_token(&ghl.issue_private_token(LOCATION, SCOPES));
    let path = format!("/locations/{LOCATION}");
    first.get(&path).await.expect(200);
    second.get(&path).await.expect(200);
    first.get(&path).await.refused(429, "Too Many Requests");
    second.get(&path).await.refused(429, "Too Many Requests");
    // Another location has its own.
    let other = first.with_token(&ghl.issue_private_token(OTHER, SCOPES));
    other.get(&format!("/locations/{OTHER}")).await.expect(200);
}

#[tokio::test]
async fn the_day_has_a_limit_too() {
    let (_ghl, api) = limited(100, 2, false).await;
    let path = format!("/locations/{LOCATION}");
    api.get(&path).await.expect(200);
    api.get(&path).await.expect(200);
    let reply = api.get(&path).await;
    assert_eq!(reply.header("x-ratelimit-daily-remaining"), "0");
    assert_eq!(reply.header("x-ratelimit-remaining"), "98");
    reply.refused(429, "Too Many Requests");
}

#[tokio::test]
async fn statistics_can_start_anew() {
    let (ghl, api) = ready().await;
    api.get("/contacts/abc").await;
    assert_eq!(ghl.stats().requests, 1);
    ghl.reset_stats();
    assert_eq!(ghl.stats(), start().await.stats());
    assert!(ghl.requests().is_empty());
}
