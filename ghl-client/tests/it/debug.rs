//! Promise 7: what is shown for debugging holds no secret.

use ghl_client::contacts::Filter;
use ghl_client::webhook::{Event, GhlWebhooks};
use ghl_client::{ApiError, Client};
use integrations_core::http::CannedTransport;
use integrations_core::webhook::{RawRequest, Verified, WebhookSource};
use integrations_testkit::LeakDetector;
use serde_json::json;

use crate::support::{TOKEN, client};

#[tokio::test]
async fn promise_07_nothing_shows_the_token() {
    let secrets = LeakDetector::new();
    secrets.plant("token", TOKEN);
    let transport = CannedTransport::new().answer(
        401,
        &json!({"message": format!("bad token {TOKEN}"), "traceId": "t", "meta": {"token": TOKEN}})
            .to_string(),
    );
    let client = client(&transport);
    let location = client.location("loc1");
    let call = location.contacts().search().filter(Filter::exists("email"));
    let raw = client
        .request(http::Method::GET, "/x")
        .query("token", TOKEN);
    let raw = raw
        .header(http::header::COOKIE, TOKEN)
        .json(&json!({"token": TOKEN}));
    secrets.scan(
        "builder",
        format!("{:?}", Client::builder().private_token(TOKEN)),
    );
    secrets.scan("client", format!("{client:#?}"));
    secrets.scan("location", format!("{location:#?}"));
    secrets.scan("handle", format!("{:#?}", location.contacts()));
    secrets.scan("call", format!("{call:#?}"));
    secrets.scan("raw call", format!("{raw:#?}"));

    let error = call.send().await.unwrap_err();
    let api = ApiError::of(&error).unwrap();
    assert!(api.messages[0].contains(TOKEN), "the caller may read it");
    secrets.scan("api error", format!("{api:#?}"));
    secrets.scan("error", format!("{error} {error:#?}"));
    secrets.assert_clean();
}

#[test]
fn promise_07_a_webhook_event_shows_its_kind_only() {
    let secrets = LeakDetector::new();
    secrets.plant("token", TOKEN);
    for kind in [
        "ContactCreate",
        "InboundMessage",
        "INSTALL",
        "EXTERNAL_AUTH_CONNECTED",
    ] {
        let body =
            json!({"type": kind, "id": "c", "body": TOKEN, "email": TOKEN, "companyName": TOKEN})
                .to_string();
        let raw = RawRequest::new(
            http::Method::POST,
            "https://example.com/hook",
            http::HeaderMap::new(),
            body,
        );
        let now = "2026-01-02T12:00:00Z".parse().unwrap();
        let verified = Verified::vouched_for(&raw, "test", now);
        let events = GhlWebhooks::production().events(verified).unwrap();
        let event = Event::try_from(&events[0]).unwrap();
        let shown = format!("{event:#?} {:#?}", events[0]);
        assert!(shown.contains(kind), "{shown}");
        secrets.scan(kind, shown);
    }
    secrets.assert_clean();
}
