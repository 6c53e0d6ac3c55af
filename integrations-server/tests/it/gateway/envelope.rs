//! What goes through an envelope, and what comes back in one.

use axum::body::Body;

use http::StatusCode;
use integrations_core::ManualClock;
use integrations_core::catalog::UpstreamAnswer;
use integrations_core::http::ResponseBody;
use serde_json::{Value, json};

use super::support::{Fake, USER, answer, ask, builder, call, clean, mounted, post, router};

fn bytes(text: &str) -> axum::body::Bytes {
    axum::body::Bytes::copy_from_slice(text.as_bytes())
}

#[tokio::test]
async fn a_call_goes_out_as_it_was_meant() {
    let fake = Fake::ok();
    let router = router(&fake);
    let envelope = json!({
        "endpoint": "/apicalls/agents/[id]",
        "method": "GET",
        "params": {"id": "a b"},
        "query": {"q": "x&y=ü", "n": 5, "yes": true, "tags": ["a", "b"], "gone": null},
        "headers": {"Authorization": format!("Bearer {USER}"), "Accept-Language": "de"},
    });
    let got = ask(&router, call(&envelope)).await;
    assert_eq!(got.status, 200);
    let seen = fake.one();
    assert_eq!(seen.path, "/api/calls/agents/a%20b");
    assert_eq!(seen.operation.as_deref(), Some("agents_get"));
    let mut query: Vec<_> = seen.query.as_deref().unwrap().split('&').collect();
    query.sort_unstable();
    assert_eq!(
        query,
        ["n=5", "q=x%26y%3D%C3%BC", "tags=a", "tags=b", "yes=true"]
    );
    assert_eq!(seen.token.as_deref(), Some(USER));
    assert_eq!(seen.headers["accept-language"], "de");
    assert!(!seen.headers.contains_key("authorization"));
    assert_eq!(
        seen.headers["x-request-id"],
        got.header("x-request-id").unwrap()
    );
    clean();
}

#[tokio::test]
async fn a_body_keeps_every_digit() {
    let fake = Fake::ok();
    let router = router(&fake);
    let body = r#"{"name":"x", "n": 12345678901234567890123.10, "f":1e400 }"#;
    let text = format!(
        r#"{{"endpoint":"/api/free","method":"POST","body":{body},"headers":{{"content-type":"text/html"}}}}"#
    );
    assert_eq!(ask(&router, post(text)).await.status, 200);
    let seen = fake.one();
    assert_eq!(seen.body, Some(bytes(body)));
    assert_eq!(seen.headers["content-type"], "application/json");
    for method in ["PUT", "PATCH", "DELETE"] {
        let envelope = json!({"endpoint": "/api/free", "method": method, "body": [1]});
        assert_eq!(ask(&router, call(&envelope)).await.status, 200);
        assert_eq!(
            fake.seen().last().unwrap().body,
            Some(bytes("[1]")),
            "{method}"
        );
    }
    let none = json!({"endpoint": "/api/free", "method": "POST", "body": null});
    assert_eq!(ask(&router, call(&none)).await.status, 200);
    assert_eq!(fake.seen().last().unwrap().body, None);
}

#[tokio::test]
async fn an_answer_has_the_form_of_the_contract() {
    let clock = ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap());
    let text = r#"{"n": 12345678901234567890123.10,  "a":[]}"#;
    let fake = Fake::says(201, "application/json; charset=utf-8", text);
    let router = mounted(builder(&fake).clock(clock));
    let envelope =
        json!({"endpoint": "/apicalls/agents/[id]", "method": "GET", "params": {"id": "1"}});
    let got = ask(&router, call(&envelope)).await;
    assert_eq!(got.status, 201);
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    let whole = std::str::from_utf8(&got.body).unwrap();
    assert!(whole.contains(text), "{whole}");
    let json = got.json();
    assert_eq!(json["success"], true);
    assert!(json.get("error").is_none());
    let meta = &json["meta"];
    assert_eq!(
        meta["endpoint"], "/apicalls/agents/[id]",
        "as it was written"
    );
    assert_eq!(meta["method"], "GET");
    assert_eq!(meta["status"], 201);
    assert!(meta["duration"].is_u64());
    assert_eq!(meta["timestamp"], "2026-11-21T08:00:00Z");
}

async fn said(status: u16, kind: &'static str, body: &str) -> (u16, Value) {
    let fake = Fake::says(status, kind, bytes(body));
    let envelope = json!({"endpoint": "/api/calls/agents", "method": "GET"});
    let got = ask(&router(&fake), call(&envelope)).await;
    (got.status, got.json())
}

#[tokio::test]
async fn json_is_read_where_it_says_so() {
    for (kind, body, data) in [
        ("application/json", r#"{"a":1}"#, json!({"a": 1})),
        ("application/problem+json", "[1]", json!([1])),
        ("application/json", "", Value::Null),
        ("application/json", " 5 ", json!(5)),
        ("text/plain", r#"{"a":1}"#, json!(r#"{"a":1}"#)),
        ("text/html", "<!DOCTYPE html>", json!("<!DOCTYPE html>")),
        ("", "x", json!("x")),
        ("", "", json!("")),
    ] {
        let (status, json) = said(200, kind, body).await;
        assert_eq!(status, 200);
        assert_eq!(
            (&json["success"], &json["data"]),
            (&json!(true), &data),
            "{kind} {body}"
        );
    }
    for body in ["<html>", "{", "{} x", "\u{feff}{}"] {
        let (status, json) = said(200, "application/json", body).await;
        assert_eq!(
            (status, &json["error"]["code"]),
            (500, &json!("PROXY_ERROR")),
            "{body}"
        );
        assert_eq!(json["meta"]["status"], 500);
    }
    // Statuses that have no body have one here.
    let (status, json) = said(204, "", "").await;
    assert_eq!((status, &json["meta"]["status"]), (200, &json!(204)));
    assert_eq!(json["success"], true);
    let (status, json) = said(304, "", "").await;
    assert_eq!((status, &json["meta"]["status"]), (200, &json!(304)));
    assert_eq!(json["success"], false);
}

#[tokio::test]
async fn errors_of_the_upstream_are_mirrored_and_scrubbed() {
    let trace = "open '/srv/app/db.ts' failed\n    at run (/srv/app/x.js:1:2)";
    let body = json!({"error": trace, "stack": "at x"}).to_string();
    let (status, json) = said(500, "application/json", &body).await;
    assert_eq!(status, 500);
    assert_eq!(json["success"], false);
    assert_eq!(
        json["error"],
        json!({"code": "HTTP_500", "message": "open '[path] failed"})
    );
    assert_eq!(json["meta"]["status"], 500);

    for (status, kind, body, message) in [
        (
            404,
            "application/json",
            r#"{"error":"No such agent"}"#,
            "No such agent",
        ),
        (
            404,
            "application/json",
            r#"{"error":{"message":"x"}}"#,
            "Not Found",
        ),
        (404, "application/json", r#"{"message":"x"}"#, "Not Found"),
        (404, "application/json", "{", "Not Found"),
        (502, "text/html", "<html>", "Bad Gateway"),
        (302, "text/plain", "", "Found"),
        (599, "", "", "Error"),
        (
            429,
            "application/json",
            r#"{"error":""}"#,
            "Too Many Requests",
        ),
    ] {
        let (got, json) = said(status, kind, body).await;
        assert_eq!(got, status);
        let expected = json!({"code": format!("HTTP_{status}"), "message": message});
        assert_eq!(json["error"], expected, "{body}");
        assert!(json.get("data").is_none());
    }
}

#[tokio::test]
async fn in_development_errors_say_more() {
    let body = json!({"error": "open '/srv/app/db.ts' failed", "code": 7});
    let fake = Fake::says(500, "application/json", bytes(&body.to_string()));
    let router = mounted(builder(&fake).verbose_errors());
    let envelope = json!({"endpoint": "/api/calls/agents", "method": "GET"});
    let got = ask(&router, call(&envelope)).await;
    let error = &got.json()["error"];
    assert_eq!(error["message"], "open '/srv/app/db.ts' failed");
    assert_eq!(error["details"], body);
    let bad = json!({"endpoint": "/api/calls/agents", "method": "POST", "body": {}});
    let got = ask(&router, call(&bad)).await;
    assert_eq!(
        got.json()["error"]["details"]["fields"][0]["path"],
        "/body/name"
    );
}

#[tokio::test]
async fn a_token_that_comes_back_in_an_error_is_not_shown() {
    let body = json!({"error": format!("who is {USER}?")}).to_string();
    let fake = Fake::says(401, "application/json", bytes(&body));
    let envelope = json!({"endpoint": "/api/calls/agents", "method": "GET",
                          "headers": {"Authorization": format!("Bearer {USER}")}});
    let got = ask(&router(&fake), call(&envelope)).await;
    assert_eq!(got.status, 401);
    assert_eq!(got.json()["error"]["message"], "who is [redacted]?");
    clean();
}

#[tokio::test]
async fn answers_have_a_limit_and_say_when_to_come_back() {
    let fake = Fake::says(200, "text/plain", vec![b'x'; 1001]);
    let router = mounted(builder(&fake).envelope_limit(1000));
    let envelope = json!({"endpoint": "/api/calls/agents", "method": "GET"});
    let got = ask(&router, call(&envelope)).await;
    assert_eq!((got.status, got.code()), (500, "PROXY_ERROR".into()));

    let fake = Fake::new(|_| async {
        Ok(answer(
            429,
            &[
                ("retry-after", "7"),
                ("set-cookie", "a=b"),
                ("location", "/x"),
            ],
            "",
        ))
    });
    let got = ask(&super::support::router(&fake), call(&envelope)).await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("7")));
    assert_eq!(
        (got.header("set-cookie"), got.header("location")),
        (None, None)
    );

    let broken = Fake::new(|_| async {
        let chunks = futures_util::stream::iter([
            Ok(bytes("{")),
            Err(integrations_core::http::TransportError::bare(
                integrations_core::http::TransportFailure::Broken,
            )),
        ]);
        let body = ResponseBody::from_stream(chunks);
        Ok(UpstreamAnswer::new(
            StatusCode::OK,
            Default::default(),
            body,
        ))
    });
    let got = ask(&super::support::router(&broken), call(&envelope)).await;
    assert_eq!((got.status, got.code()), (500, "PROXY_ERROR".into()));
}

#[tokio::test]
async fn ten_megabytes_go_through_and_one_byte_more_does_not() {
    let fake = Fake::new(|call| async move {
        let length = call.body.len().unwrap();
        Ok(answer(
            200,
            &[("content-type", "application/json")],
            length.to_string(),
        ))
    });
    let router = router(&fake);
    let head = r#"{"endpoint":"/api/free","method":"POST","body":""#;
    let full = 10 * 1024 * 1024;
    let padding = "x".repeat(full - head.len() - 2);
    let text = format!("{head}{padding}\"}}");
    assert_eq!(text.len(), full);
    let got = ask(&router, post(text.clone())).await;
    assert_eq!(
        (got.status, got.json()["data"].as_u64()),
        (200, Some(padding.len() as u64 + 2))
    );
    // In pieces, so that nothing is announced.
    let chunks = text
        .into_bytes()
        .chunks(100_000)
        .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
        .collect::<Vec<_>>();
    let more = chunks.into_iter().chain([Ok(b" ".to_vec())]);
    let got = ask(
        &router,
        post(Body::from_stream(futures_util::stream::iter(more))),
    )
    .await;
    assert_eq!((got.status, got.code()), (413, "PAYLOAD_TOO_LARGE".into()));
}

#[tokio::test]
async fn when_memory_is_full_callers_come_back() {
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let fake = Fake::new({
        let gate = gate.clone();
        move |_| {
            let gate = gate.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(answer(200, &[], ""))
            }
        }
    });
    let router = mounted(builder(&fake).memory(64 * 1024));
    let large = json!({"endpoint": "/api/free", "method": "POST", "body": "x".repeat(40_000)});
    let first = tokio::spawn({
        let (router, request) = (router.clone(), call(&large));
        async move { ask(&router, request).await }
    });
    crate::house::eventually("it is on its way", async || fake.seen().len() == 1).await;
    let got = ask(&router, call(&large)).await;
    assert_eq!((got.status, got.code()), (503, "UNAVAILABLE".into()));
    assert_eq!(got.header("retry-after"), Some("1"));
    gate.add_permits(2);
    assert_eq!(first.await.unwrap().status, 200);
    fake.forget();
    assert_eq!(
        ask(&router, call(&large)).await.status,
        200,
        "there is room again"
    );
}
