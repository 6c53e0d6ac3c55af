//! What the webhooks about an app ask for, and that it is done.

use ghl_client::ErrorKind;
use ghl_client::ids::{AppId, CompanyId};
use ghl_client::oauth::{Ignored, Lifecycle, LifecycleKind, Step, UserType};
use integrations_core::webhook::{RawRequest, Verified, WebhookSource};
use serde_json::{Value, json};

use super::world::{APP, COMPANY, World};

fn event(body: &Value) -> Lifecycle {
    Lifecycle::parse(body.to_string().as_bytes())
        .unwrap()
        .unwrap()
}

fn step(body: &Value) -> Step {
    event(body).step(&AppId::from(APP), &CompanyId::from(COMPANY))
}

#[test]
fn every_field_is_read() {
    let install = event(&json!({
        "type": "INSTALL", "appId": "app1", "versionId": "ver1", "installType": "Location", "locationId": "loc1",
        "companyId": "com1", "userId": "use1", "planId": "pla1", "timestamp": "2026-01-02T03:04:05.000Z",
        "trial": {"onTrial": true}, "webhookId": "1f0c",
    }));
    assert_eq!(install.kind, LifecycleKind::Install);
    assert_eq!(install.app_id, Some("app1".into()));
    assert_eq!(install.version_id.as_deref(), Some("ver1"));
    assert_eq!(install.install_type, Some(UserType::Location));
    assert_eq!(install.location_id, Some("loc1".into()));
    assert_eq!(install.company_id, Some("com1".into()));
    assert_eq!(install.user_id, Some("use1".into()));
    assert_eq!(install.plan_id.as_deref(), Some("pla1"));
    assert_eq!(install.at, Some("2026-01-02T03:04:05Z".parse().unwrap()));
    let change =
        event(&json!({"type": "PLAN_CHANGE", "currentPlanId": "pla1", "newPlanId": "pla2"}));
    assert_eq!(change.plan_id.as_deref(), Some("pla2"));
    assert_eq!(change.previous_plan_id.as_deref(), Some("pla1"));
}

#[test]
fn each_event_asks_for_its_step() {
    let location = "loc1".into();
    for (body, expected) in [
        (
            json!({"type": "INSTALL", "appId": APP, "companyId": COMPANY, "locationId": "loc1"}),
            Step::Exchange("loc1".into()),
        ),
        (
            json!({"type": "INSTALL", "appId": APP, "locationId": "loc1"}),
            Step::Exchange("loc1".into()),
        ),
        (
            json!({"type": "INSTALL", "appId": APP, "companyId": COMPANY}),
            Step::AwaitLocations,
        ),
        (
            json!({"type": "UNINSTALL", "appId": APP, "locationId": "loc1"}),
            Step::Forget("loc1".into()),
        ),
        (
            json!({"type": "UNINSTALL", "appId": APP, "companyId": COMPANY, "locationId": ""}),
            Step::Disconnect,
        ),
        (
            json!({"type": "PLAN_CHANGE", "appId": APP, "companyId": COMPANY, "locationId": "loc1", "newPlanId": "p"}),
            Step::ChangePlan {
                location: Some(location),
                plan: Some("p".to_owned()),
            },
        ),
    ] {
        assert_eq!(step(&body), expected, "{body}");
    }
}

#[test]
fn what_is_not_ours_is_ignored() {
    for kind in ["INSTALL", "UNINSTALL", "PLAN_CHANGE"] {
        let other =
            json!({"type": kind, "appId": "app2", "companyId": COMPANY, "locationId": "loc1"});
        assert_eq!(step(&other), Step::Ignore(Ignored::OtherApp));
        let nobodys = json!({"type": kind, "companyId": COMPANY, "locationId": "loc1"});
        assert_eq!(step(&nobodys), Step::Ignore(Ignored::OtherApp));
        let company =
            json!({"type": kind, "appId": APP, "companyId": "com2", "locationId": "loc1"});
        assert_eq!(step(&company), Step::Ignore(Ignored::OtherCompany));
    }
    for kind in ["INSTALL", "UNINSTALL"] {
        let nothing = json!({"type": kind, "appId": APP});
        assert_eq!(step(&nothing), Step::Ignore(Ignored::NamesNothing));
        let odd =
            json!({"type": kind, "appId": APP, "companyId": {"id": COMPANY}, "locationId": null});
        assert_eq!(step(&odd), Step::Ignore(Ignored::NamesNothing));
    }
}

#[test]
fn other_events_are_none_and_other_bodies_are_errors() {
    for body in [r#"{"type":"ContactCreate"}"#, r#"{"type":7}"#, "{}"] {
        assert_eq!(Lifecycle::parse(body.as_bytes()).unwrap(), None, "{body}");
    }
    for body in ["", "[]", "null", "INSTALL", "{"] {
        let error = Lifecycle::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
}

#[test]
fn a_verified_event_is_read() {
    let body = json!({"type": "UNINSTALL", "appId": APP, "locationId": "loc1"}).to_string();
    let raw = RawRequest::new(
        http::Method::POST,
        "https://example.com/hook",
        http::HeaderMap::new(),
        body,
    );
    let now = "2026-01-02T12:00:00Z".parse().unwrap();
    let verified = Verified::vouched_for(&raw, "test", now);
    let events = ghl_client::webhook::GhlWebhooks::production()
        .events(verified)
        .unwrap();
    let read = Lifecycle::of(&events[0]).unwrap().unwrap();
    assert_eq!(read.kind, LifecycleKind::Uninstall);
    assert_eq!(read.location_id, Some("loc1".into()));
}

#[tokio::test(start_paused = true)]
async fn the_life_of_an_installation_is_followed() {
    let world = World::new().await;
    let tokens = world.tokens();
    let apply = async |body: Value| tokens.apply(&event(&body)).await;

    let company = json!({"type": "INSTALL", "appId": APP, "companyId": COMPANY});
    assert_eq!(apply(company).await.unwrap(), Step::AwaitLocations);
    assert_eq!(world.provider.exchanges().len(), 0);

    let install =
        json!({"type": "INSTALL", "appId": APP, "companyId": COMPANY, "locationId": "loc1"});
    apply(install.clone()).await.unwrap();
    assert_eq!(world.stored("loc1").await.unwrap(), "loc1-1");
    // Installed once more, for example with more scopes: the old token would not know them.
    apply(install).await.unwrap();
    assert_eq!(world.stored("loc1").await.unwrap(), "loc1-2");

    let other =
        json!({"type": "UNINSTALL", "appId": "app2", "companyId": COMPANY, "locationId": "loc1"});
    assert_eq!(apply(other).await.unwrap(), Step::Ignore(Ignored::OtherApp));
    let other = json!({"type": "UNINSTALL", "appId": APP, "companyId": "com2"});
    apply(other).await.unwrap();
    let plan = json!({"type": "PLAN_CHANGE", "appId": APP, "companyId": COMPANY, "newPlanId": "p"});
    apply(plan).await.unwrap();
    assert!(world.stored("loc1").await.is_some() && world.has_company().await);

    tokens.exchange("loc2").await.unwrap();
    let uninstall = json!({"type": "UNINSTALL", "appId": APP, "locationId": "loc1"});
    apply(uninstall.clone()).await.unwrap();
    assert_eq!(world.stored("loc1").await, None);
    assert!(world.stored("loc2").await.is_some(), "the others stay");
    apply(uninstall).await.unwrap();

    let gone = json!({"type": "UNINSTALL", "appId": APP, "companyId": COMPANY});
    assert_eq!(apply(gone).await.unwrap(), Step::Disconnect);
    assert!(!world.has_company().await);
    assert_eq!(world.stored("loc2").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_refused_exchange_is_reported_and_leaves_no_old_token() {
    let world = World::new().await;
    let tokens = world.tokens();
    tokens.exchange("loc1").await.unwrap();
    let refusal =
        json!({"statusCode": 400, "message": "The app is not installed on this location"});
    world.provider.refuse("loc1", 400, refusal);
    let install =
        json!({"type": "INSTALL", "appId": APP, "companyId": COMPANY, "locationId": "loc1"});
    let error = tokens.apply(&event(&install)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!(world.stored("loc1").await, None);
}

fn uninstall(location: Option<&str>, at: Option<&str>) -> Lifecycle {
    event(&json!({
        "type": "UNINSTALL", "appId": APP, "companyId": COMPANY, "locationId": location, "timestamp": at,
    }))
}

const STALE: Step = Step::Ignore(Ignored::Stale);

#[tokio::test(start_paused = true)]
async fn an_uninstallation_before_the_token_was_got_drops_nothing() {
    let world = World::new().await;
    let tokens = world.tokens();
    tokens.exchange("loc1").await.unwrap();
    for at in ["2020-01-01T00:00:00Z", "2026-11-21T11:58:59Z"] {
        // Another process knows it by what is stored.
        for process in [&tokens, &world.tokens()] {
            let step = process.apply(&uninstall(Some("loc1"), Some(at))).await;
            assert_eq!(step.unwrap(), STALE, "{at}");
        }
    }
    assert_eq!(world.stored("loc1").await.unwrap(), "loc1-1");
    tokens.exchange("loc1").await.unwrap();
    assert_eq!(world.provider.exchanges().len(), 1);
    // The clocks may differ by a minute; and without a time nothing is known.
    for at in [
        Some("2026-11-21T11:59:30Z"),
        Some("2026-11-21T12:00:30Z"),
        Some("soon"),
        None,
    ] {
        tokens.exchange("loc1").await.unwrap();
        let step = tokens.apply(&uninstall(Some("loc1"), at)).await;
        assert_eq!(step.unwrap(), Step::Forget("loc1".into()), "{at:?}");
        assert_eq!(world.stored("loc1").await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_uninstallation_before_the_last_installation_drops_nothing() {
    let world = World::new().await;
    let tokens = world.tokens();
    let install = |location: Option<&str>, at: &str| {
        event(&json!({
            "type": "INSTALL", "appId": APP, "companyId": COMPANY, "locationId": location, "timestamp": at,
        }))
    };
    // Retries come in any order, and the older one takes nothing back.
    for at in ["2026-11-21T12:00:00Z", "2026-11-21T11:50:00Z"] {
        tokens.apply(&install(Some("loc1"), at)).await.unwrap();
    }
    let before = "2026-11-21T11:59:59Z";
    let step = tokens.apply(&uninstall(Some("loc1"), Some(before))).await;
    assert_eq!(step.unwrap(), STALE);
    let step = tokens.apply(&uninstall(None, Some(before))).await;
    assert_eq!(step.unwrap(), STALE, "the company has a newer installation");
    assert!(world.stored("loc1").await.is_some() && world.has_company().await);
    // The other locations were installed before.
    tokens.exchange("loc2").await.unwrap();
    let step = tokens.apply(&uninstall(Some("loc2"), Some(before))).await;
    assert_eq!(step.unwrap(), Step::Forget("loc2".into()));

    let company = install(None, "2026-11-21T12:30:00Z");
    tokens.apply(&company).await.unwrap();
    let step = tokens
        .apply(&uninstall(None, Some("2026-11-21T12:29:59Z")))
        .await;
    assert_eq!(step.unwrap(), STALE);
    let step = tokens
        .apply(&uninstall(None, Some("2026-11-21T12:30:00Z")))
        .await;
    assert_eq!(step.unwrap(), Step::Disconnect);
    assert!(!world.has_company().await);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_a_company_say_when_they_were_got_if_the_provider_said_how_long_they_last() {
    let old = "2026-11-21T11:00:00Z";
    // Renewed a moment ago, by an answer with a lifetime.
    let world = World::lasting(-5).await;
    let tokens = world.tokens();
    tokens.exchange("loc1").await.unwrap();
    assert_eq!(world.provider.refreshes(), 1);
    let step = tokens.apply(&uninstall(None, Some(old))).await;
    assert_eq!(step.unwrap(), STALE);
    assert!(world.has_company().await);
    // Stored by somebody who did not say when.
    let world = World::new().await;
    let step = world.tokens().apply(&uninstall(None, Some(old))).await;
    assert_eq!(step.unwrap(), Step::Disconnect);
}
