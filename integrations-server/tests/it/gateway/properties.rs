//! Whatever comes is answered, and never with a fault of our own.

use axum::Router;
use axum::body::Body;
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::support::{ADMIN, Fake, KEY, USER, ask, post, router};

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("../..")),
        Just(json!("%2e%2e%2f")),
        Just(json!(format!("Bearer {USER}"))),
        Just(json!(format!("Bearer {ADMIN}"))),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn endpoint() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("/api/calls/agents")),
        Just(json!("/api/calls/agents/[id]")),
        Just(json!("/api/admin/users/[id]")),
        Just(json!("/apicalls/agents")),
        Just(json!("/api/nowhere")),
        Just(json!("/api/traitor")),
        "/api(/[a-z.%0-9\\[\\]{}]{0,6}){0,4}".prop_map(Value::from),
        "/api.{0,20}".prop_map(Value::from),
        json_value(),
    ]
}

fn method() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "PATCH"]).prop_map(Value::from),
        1 => json_value(),
    ]
}

fn object(keys: &'static str) -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => prop::collection::vec((keys, json_value()), 0..3)
            .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        1 => json_value(),
    ]
}

fn envelope() -> impl Strategy<Value = Value> {
    let parts = (
        endpoint(),
        method(),
        prop::option::of(object("id|[a-z]{1,3}")),
        prop::option::of(object("[a-z]{1,5}|unknown")),
        prop::option::of(json_value()),
        prop::option::of(object(
            "Authorization|authorization|accept|[a-z-]{1,8}|.{0,4}",
        )),
    );
    parts.prop_map(|(endpoint, method, params, query, body, headers)| {
        let mut envelope = json!({"endpoint": endpoint, "method": method});
        for (name, part) in [
            ("params", params),
            ("query", query),
            ("body", body),
            ("headers", headers),
        ] {
            if let Some(part) = part {
                envelope[name] = part;
            }
        }
        envelope
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

/// Answers never are faults of our own, and always have the form of the contract.
fn check(runtime: &tokio::runtime::Runtime, router: &Router, request: Request<Body>) -> u16 {
    let got = runtime.block_on(async {
        // Nobody here is to run into the rate limit.
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        ask(router, request).await
    });
    assert_ne!(got.status, 500);
    if !got.body.is_empty() && got.status != 200 {
        let json = got.json();
        assert_eq!(json["success"], false);
        assert!(json["error"]["code"].is_string() && json["error"]["message"].is_string());
    }
    assert!(got.headers.contains_key("x-request-id"));
    got.status
}

fn paths_are_plain(fake: &Fake) {
    for seen in fake.seen() {
        let decoded = percent_decoded(&seen.path);
        for path in [&seen.path, &decoded] {
            assert!(path.starts_with("/api"), "{path}");
            assert!(
                !path.contains(['\\', '?', '#', '\r', '\n']) || path == &decoded,
                "{path}"
            );
            assert!(
                !path.split('/').any(|one| one == "." || one == ".."),
                "{path}"
            );
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.first_chunk::<2>().filter(|_| *first == b'%');
        let byte = digits
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_envelope_is_our_fault(envelopes in prop::collection::vec(envelope(), 8)) {
        let (runtime, fake) = (runtime(), Fake::ok());
        let router = runtime.block_on(async { router(&fake) });
        for envelope in envelopes {
            check(&runtime, &router, post(envelope.to_string()));
        }
        paths_are_plain(&fake);
    }

    #[test]
    fn no_bytes_are_our_fault(mut bytes in prop::collection::vec(any::<u8>(), 0..64), at in any::<prop::sample::Index>()) {
        let (runtime, fake) = (runtime(), Fake::ok());
        let router = runtime.block_on(async { router(&fake) });
        check(&runtime, &router, post(bytes.clone()));
        // A good envelope with some of them in it.
        let mut good = json!({"endpoint": "/api/calls/agents", "method": "GET", "query": {"a": "b"}}).to_string().into_bytes();
        let at = at.index(good.len());
        good.splice(at..at, bytes.drain(..bytes.len().min(3)));
        check(&runtime, &router, post(good));
    }

    #[test]
    fn no_request_is_our_fault(
        method in "[A-Z]{1,8}",
        path in "/[a-z.%0-9;\\\\\\[\\]][a-z./%0-9;\\\\\\[\\]]{0,24}(\\?[a-z=&%0-9]{0,12})?",
        headers in prop::collection::vec(("[a-z-]{1,12}|authorization|content-length|content-type|connection", prop::collection::vec(any::<u8>(), 0..16)), 0..5),
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let (runtime, fake) = (runtime(), Fake::ok());
        let router = runtime.block_on(async { router(&fake) });
        let request = Request::builder().method(method.as_str()).uri(format!("/api/verity{path}"));
        let Ok(mut request) = request.header("x-api-key", KEY).body(Body::from(body)) else {
            return Ok(());
        };
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&value)) {
                request.headers_mut().append(name, value);
            }
        }
        check(&runtime, &router, request);
        paths_are_plain(&fake);
    }
}
