//! Operations whose answer nobody documents.

use ghl_client::{Call, Endpoint, ErrorKind, Spec, Untyped};
use http::Method;
use integrations_core::http::CannedTransport;
use serde_json::{Value, json};

use crate::support::location;

#[derive(Debug, Clone)]
struct DoSomething;

impl Endpoint for DoSomething {
    const SPEC: Spec = Spec::new("test.untyped", Method::POST, "/something").envelope("thing");
    type Response = Untyped;
}

async fn answer(status: u16, content_type: &str, body: &str) -> Untyped {
    let headers = [("content-type", content_type), ("x-request-id", "req1")];
    let headers = if content_type.is_empty() {
        &headers[1..]
    } else {
        &headers
    };
    let transport = CannedTransport::new().answer_with(status, headers, body);
    let answer = location(&transport).call(DoSomething).send().await.unwrap();
    assert_eq!(answer.status(), status);
    answer
}

#[tokio::test(start_paused = true)]
async fn whatever_a_success_brings_is_an_answer() {
    let empty = answer(204, "", "").await;
    assert!(empty.is_empty() && empty.content_type().is_none());
    assert_eq!(empty.value().unwrap(), Value::Null);
    assert_eq!(empty.json::<Option<u8>>().unwrap(), None);

    let json = answer(201, "", r#"{"id":"x","n":1}"#).await;
    assert_eq!(json.value().unwrap(), json!({"id": "x", "n": 1}));
    assert_eq!(json.headers()["content-type"], "application/json");

    let empty = answer(200, "text/html", "").await;
    assert!(empty.is_empty(), "nothing is no page");

    let audio = answer(200, "audio/x-wav", "RIFF").await;
    assert_eq!(&audio.bytes()[..], b"RIFF");
    assert_eq!(audio.content_type(), Some("audio/x-wav"));

    let text = answer(200, "text/plain", "done").await;
    assert_eq!(text.text().unwrap(), "done");
    let error = text.value().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.operation(), Some("test.untyped"));
    assert!(error.is_outcome_unknown() && error.to_string().contains("text/plain"));
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_gateway_is_no_answer() {
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("x-request-id", "req1"),
    ];
    let page = "<html>maintenance for Jane</html>";
    let transport = CannedTransport::new()
        .answer_with(200, &headers, page)
        .answer_with(200, &headers, page);
    let location = location(&transport);
    let error = location.call(DoSomething).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.status().unwrap().as_u16(), 200);
    assert_eq!(error.operation(), Some("test.untyped"));
    assert_eq!(error.request_id(), Some("req1"));
    assert_eq!(error.body().unwrap(), page.as_bytes());
    assert!(error.is_outcome_unknown() && !error.is_retryable());
    let text = format!("{error} {error:?}");
    assert!(text.contains("text/html, a page of a gateway"), "{text}");
    assert!(!text.contains("Jane"), "{text}");
    let error = location.call(DoSomething).send_full().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn another_shape_than_expected_names_the_place() {
    #[derive(Debug, serde::Deserialize)]
    struct Thing {
        #[expect(dead_code, reason = "it does not come that far")]
        id: u32,
    }
    let answer = answer(200, "", r#"{"id":"jane@example.com"}"#).await;
    let error = answer.json::<Thing>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let text = format!("{error} {error:?}");
    assert!(text.contains("at id") && !text.contains("jane"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_answer_keeps_what_surrounds_it() {
    let headers = [("x-ratelimit-remaining", "7")];
    let transport = CannedTransport::new().answer_with(200, &headers, "done");
    let call = location(&transport).call(DoSomething);
    let full = call.send_full().await.unwrap();
    assert_eq!(full.value.text().unwrap(), "done");
    assert_eq!(full.reply.limits.remaining, Some(7));
    let text = format!("{:?}", full.value);
    assert!(text.contains("4 bytes") && !text.contains("done"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_error_is_still_an_error() {
    let transport = CannedTransport::new().answer(400, r#"{"message":"no"}"#);
    let error = location(&transport).call(DoSomething).send().await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Validation);
}

#[test]
fn the_future_of_every_call_can_change_threads() {
    fn sends<T: Send>(_: &T) {}
    fn check<R: Endpoint>(call: Call<R>) {
        sends(&call.send());
    }
    let location = location(&CannedTransport::new());
    check(location.call(DoSomething));
    check(super::file(&location));
    check(location.contacts().get("x"));
    sends(&location.contacts().get("x").send_full());
    sends(&location.call(DoSomething).send_full());
}
