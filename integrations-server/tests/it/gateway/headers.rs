//! Which headers go through, and how often.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Request};
use serde_json::json;

use super::support::{Fake, USER, answer, ask, builder, by, call, clean, mounted, router, through};

const MANY: [(&str, &str); 22] = [
    ("accept", "application/json"),
    ("accept", "text/plain"),
    ("cookie", "session=1"),
    ("host", "evil.example"),
    ("forwarded", "for=192.0.2.1"),
    ("x-forwarded-for", "192.0.2.1"),
    ("x-forwarded-host", "evil.example"),
    ("x-real-ip", "192.0.2.1"),
    ("origin", "https://evil.example"),
    ("referer", "https://evil.example"),
    ("proxy-authorization", "Basic eDp5"),
    ("te", "trailers"),
    ("trailer", "x"),
    ("upgrade", "websocket"),
    ("keep-alive", "timeout=5"),
    ("proxy-connection", "keep-alive"),
    ("connection", "close, X-Correlation-Id"),
    ("x-correlation-id", "c-1"),
    ("if-none-match", "\"a\""),
    ("x-clerk-secret", "x"),
    ("x-middleware-secret", "x"),
    ("idempotency-key", "i-1"),
];

#[tokio::test]
async fn what_is_not_on_the_list_stays_here() {
    let fake = Fake::ok();
    let router = router(&fake);
    let mut request = by(USER, through("GET", "/calls/agents", Body::empty()));
    for (name, value) in MANY {
        let name: HeaderName = name.parse().unwrap();
        request
            .headers_mut()
            .append(name, HeaderValue::from_static(value));
    }
    assert_eq!(ask(&router, request).await.status, 200);
    let seen = fake.one();
    let mut names: Vec<_> = seen.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["accept", "idempotency-key", "if-none-match", "x-request-id"]
    );
    let accepts: Vec<_> = seen.headers.get_all("accept").iter().collect();
    assert_eq!(accepts, ["application/json", "text/plain"], "both values");
    assert_eq!(seen.token.as_deref(), Some(USER));

    let listed: serde_json::Map<_, _> = MANY[2..]
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let envelope = json!({"endpoint": "/api/calls/agents", "method": "GET", "headers": listed});
    assert_eq!(ask(&router, call(&envelope)).await.status, 200);
    let seen = fake.seen();
    let mut names: Vec<_> = seen[1].headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["idempotency-key", "if-none-match", "x-request-id"]);
    clean();
}

#[tokio::test]
async fn what_the_upstream_says_of_itself_stays_there() {
    let fake = Fake::new(|_| async {
        let headers = [
            ("content-type", "text/csv"),
            ("etag", "\"1\""),
            ("x-total-count", "5"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("location", "http://10.0.0.1/internal"),
            ("server", "internal/1.0"),
            ("x-powered-by", "internal"),
            ("connection", "x-ratelimit-limit"),
            ("x-ratelimit-limit", "5"),
            ("transfer-encoding", "chunked"),
            ("access-control-allow-origin", "*"),
            ("www-authenticate", "Bearer realm=\"internal\""),
            ("x-request-id", "of-the-upstream"),
            ("cache-control", "private"),
            ("cache-control", "max-age=5"),
        ];
        Ok(answer(200, &headers, "a,b"))
    });
    let got = ask(
        &router(&fake),
        through("GET", "/calls/agents", Body::empty()),
    )
    .await;
    let mut names: Vec<_> = got.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "cache-control",
            "content-type",
            "etag",
            "x-content-type-options",
            "x-request-id",
            "x-total-count"
        ]
    );
    assert_eq!(got.headers.get_all("cache-control").iter().count(), 2);
    assert_ne!(got.header("x-request-id"), Some("of-the-upstream"));
    assert_eq!(got.body, "a,b");
}

#[tokio::test]
async fn an_application_lets_more_through_but_never_credentials() {
    let fake = Fake::new(|_| async { Ok(answer(200, &[("x-of-app", "2")], "")) });
    let name = HeaderName::from_static("x-of-app");
    let router = mounted(
        builder(&fake)
            .allow_request_header(name.clone())
            .allow_response_header(name.clone()),
    );
    let mut request = through("GET", "/calls/agents", Body::empty());
    request
        .headers_mut()
        .insert(name.clone(), HeaderValue::from_static("1"));
    let got = ask(&router, request).await;
    assert_eq!(got.header("x-of-app"), Some("2"));
    assert_eq!(fake.one().headers["x-of-app"], "1");
    for never in [
        "authorization",
        "cookie",
        "host",
        "x-api-key",
        "connection",
        "transfer-encoding",
    ] {
        let name: HeaderName = never.parse().unwrap();
        let refused = builder(&fake).allow_request_header(name).build();
        assert_eq!(
            refused.unwrap_err().kind(),
            integrations_core::ErrorKind::Config,
            "{never}"
        );
    }
    let cookie = builder(&fake).allow_response_header(http::header::SET_COOKIE);
    assert!(cookie.build().is_err());
}

#[tokio::test]
async fn what_says_one_thing_is_there_once() {
    let fake = Fake::ok();
    let router = router(&fake);
    for name in [
        "content-type",
        "content-length",
        "content-encoding",
        "x-request-id",
        "idempotency-key",
    ] {
        let name: HeaderName = name.parse().unwrap();
        for mut request in [
            through("POST", "/free", "x"),
            call(&json!({"endpoint": "/api/calls/agents", "method": "GET"})),
        ] {
            request.headers_mut().remove(&name);
            for value in ["1", "2"] {
                request
                    .headers_mut()
                    .append(name.clone(), HeaderValue::from_static(value));
            }
            let got = ask(&router, request).await;
            assert_eq!(
                (got.status, got.code()),
                (400, "INVALID_REQUEST".into()),
                "{name}"
            );
        }
    }
    let mut twice = by(USER, through("GET", "/calls/agents", Body::empty()));
    let value = HeaderValue::from_static("Bearer other-token");
    twice.headers_mut().append("authorization", value);
    assert_eq!(ask(&router, twice).await.code(), "INVALID_TOKEN");
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_request_keeps_its_id() {
    let fake = Fake::ok();
    let router = router(&fake);
    let with = |id: &str| {
        let mut request = through("GET", "/calls/agents", Body::empty());
        request.headers_mut().insert(
            "x-request-id",
            HeaderValue::from_bytes(id.as_bytes()).unwrap(),
        );
        request
    };
    let got = ask(&router, with("of-the-caller.1")).await;
    assert_eq!(got.header("x-request-id"), Some("of-the-caller.1"));
    assert_eq!(fake.seen()[0].headers["x-request-id"], "of-the-caller.1");
    for bad in [
        "short",
        "has a blank",
        "has\"quotes\"",
        "ümlaut-id",
        &"x".repeat(65),
    ] {
        let got = ask(&router, with(bad)).await;
        let id = got.header("x-request-id").unwrap().to_owned();
        assert_ne!(id, bad);
        assert_eq!(fake.seen().last().unwrap().headers["x-request-id"], *id);
    }
}

#[tokio::test]
async fn pages_of_listed_origins_may_call() {
    let fake = Fake::ok();
    let router = mounted(
        builder(&fake)
            .allow_origin("https://app.example.com")
            .allow_origin("http://localhost:5173"),
    );
    let preflight = |origin: &str, path: &str| {
        Request::options(format!("/api/verity{path}"))
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header(
                "access-control-request-headers",
                "authorization,content-type,x-api-key",
            )
            .body(Body::empty())
            .unwrap()
    };
    for origin in ["https://app.example.com", "http://localhost:5173"] {
        for path in ["", "/calls/agents"] {
            let got = ask(&router, preflight(origin, path)).await;
            assert_eq!(got.status, 200, "without a key: browsers send none");
            assert_eq!(got.header("access-control-allow-origin"), Some(origin));
            let methods = got.header("access-control-allow-methods").unwrap();
            assert!(
                methods.contains("PUT") && !methods.contains('*'),
                "{methods}"
            );
            let headers = got.header("access-control-allow-headers").unwrap();
            assert!(
                headers.contains("x-api-key") && headers.contains("content-type"),
                "{headers}"
            );
            assert_eq!(got.header("access-control-allow-credentials"), None);
            assert_eq!(got.header("access-control-max-age"), Some("600"));
            assert!(
                got.header("vary")
                    .unwrap()
                    .to_ascii_lowercase()
                    .contains("origin")
            );
        }
    }
    for evil in [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "null",
        "http://app.example.com",
    ] {
        let got = ask(&router, preflight(evil, "")).await;
        assert_eq!(got.header("access-control-allow-origin"), None, "{evil}");
    }
    assert!(fake.seen().is_empty());
    // Refusals can be read by the page, too.
    let mut forged = Request::get("/api/verity").body(Body::empty()).unwrap();
    forged.headers_mut().insert(
        "origin",
        HeaderValue::from_static("https://app.example.com"),
    );
    let got = ask(&router, forged).await;
    assert_eq!(
        (got.status, got.header("access-control-allow-origin")),
        (401, Some("https://app.example.com"))
    );
    let exposed = got.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"));

    for none in [
        "*",
        "null",
        "app.example.com",
        "https://app.example.com/",
        "https://app.example.com/x",
        "ftp://x.example",
        "https://APP.example.com",
        "",
    ] {
        let refused = builder(&fake).allow_origin(none).build();
        assert!(refused.is_err(), "{none}");
    }
    // Without a list no page may call.
    let mut request = through("GET", "/calls/agents", Body::empty());
    request.headers_mut().insert(
        "origin",
        HeaderValue::from_static("https://app.example.com"),
    );
    let got = ask(&super::support::router(&fake), request).await;
    assert_eq!(
        (got.status, got.header("access-control-allow-origin")),
        (200, None)
    );
}
