//! Keys, their change, and what each may send.

use std::time::Duration;

use axum::body::Body;
use http::{Request, header};

use super::support::{Fake, KEY, OTHER_KEY, ask, builder, clean, mounted};

const NEW_KEY: &str = "planted-key-that-replaces-one";

fn with(key: &str) -> Request<Body> {
    Request::get("/api/verity/ping")
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn without_keys_nobody_gets_in() {
    let fake = Fake::ok();
    let gateway = integrations_server::Gateway::builder(fake.clone())
        .key("unset", "")
        .build();
    let router = gateway.unwrap().at("/api/verity");
    for key in ["", "x", KEY] {
        let got = ask(&router, with(key)).await;
        assert_eq!((got.status, got.code()), (401, "UNAUTHORIZED".into()));
        assert_eq!(got.header("www-authenticate"), Some("Bearer"));
    }
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn keys_change_while_requests_come() {
    crate::house::detector().plant(NEW_KEY, NEW_KEY);
    let fake = Fake::ok();
    let gateway = builder(&fake).build().unwrap();
    let router = gateway.at("/api/verity");
    assert_eq!(ask(&router, with(KEY)).await.status, 200);
    assert_eq!(ask(&router, with(NEW_KEY)).await.status, 401);
    gateway.replace_keys([("first", KEY), ("first", NEW_KEY)]);
    assert_eq!(
        ask(&router, with(KEY)).await.status,
        200,
        "both for a while"
    );
    assert_eq!(ask(&router, with(NEW_KEY)).await.status, 200);
    assert_eq!(ask(&router, with(OTHER_KEY)).await.status, 401);
    gateway.replace_keys([("first", NEW_KEY)]);
    assert_eq!(ask(&router, with(KEY)).await.status, 401);
    assert_eq!(ask(&router, with(NEW_KEY)).await.status, 200);
    gateway.replace_keys::<String, &str>([]);
    assert_eq!(ask(&router, with(NEW_KEY)).await.status, 401);
    crate::house::detector().scan("debug", format!("{gateway:?}"));
    clean();
}

#[tokio::test(start_paused = true)]
async fn each_name_has_a_rate_of_its_own() {
    let fake = Fake::ok();
    let builder = builder(&fake)
        .key("first", NEW_KEY)
        .rate_limit(3, Duration::from_secs(6));
    let gateway = builder.build().unwrap();
    let router = gateway.at("/api/verity");
    // Two keys of one name share it.
    for key in [KEY, NEW_KEY, KEY] {
        assert_eq!(ask(&router, with(key)).await.status, 200);
    }
    for key in [KEY, NEW_KEY] {
        let got = ask(&router, with(key)).await;
        assert_eq!((got.status, got.code()), (429, "RATE_LIMITED".into()));
        assert_eq!(
            got.header("retry-after"),
            Some("2"),
            "until there is one again"
        );
    }
    assert_eq!(
        ask(&router, with(OTHER_KEY)).await.status,
        200,
        "another name"
    );
    assert_eq!(
        ask(&router, with("forged")).await.status,
        401,
        "who is nobody is not counted"
    );
    // New keys do not fill it.
    gateway.replace_keys([("first", KEY)]);
    assert_eq!(ask(&router, with(KEY)).await.status, 429);
    tokio::time::advance(Duration::from_millis(1500)).await;
    let got = ask(&router, with(KEY)).await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("1")));
    tokio::time::advance(Duration::from_millis(500)).await;
    assert_eq!(ask(&router, with(KEY)).await.status, 200);
    assert_eq!(ask(&router, with(KEY)).await.status, 429);
    tokio::time::advance(Duration::from_secs(3600)).await;
    for expected in [200, 200, 200, 429] {
        assert_eq!(
            ask(&router, with(KEY)).await.status,
            expected,
            "never more than at once"
        );
    }
}

#[tokio::test]
async fn a_rate_may_be_nobodys_matter() {
    let fake = Fake::ok();
    let router = mounted(builder(&fake).no_rate_limit());
    for _ in 0..1000 {
        assert_eq!(ask(&router, with(KEY)).await.status, 200);
    }
    for (requests, per) in [(0, Duration::from_secs(1)), (5, Duration::ZERO)] {
        assert!(builder(&fake).rate_limit(requests, per).build().is_err());
    }
}
