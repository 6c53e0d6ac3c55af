//! Every code that a caller's program may get, and which comes first.

use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request};
use integrations_core::{Error, ErrorKind};
use serde_json::{Value, json};

use super::support::{
    ADMIN, Fake, KEY, OTHER_KEY, UNKNOWABLE, USER, ask, builder, by, call, clean, mounted, post,
    router, through,
};

fn refused(got: &super::support::Got) -> (u16, String, String) {
    let json = got.json();
    assert_eq!(json["success"], false);
    let text = |name: &str| json["error"][name].as_str().unwrap().to_owned();
    (got.status, text("code"), text("message"))
}

#[tokio::test]
async fn faults_are_named_in_the_order_that_callers_know() {
    let fake = Fake::ok();
    let router = mounted(builder(&fake).require_token().listed_only());
    // Each has the faults of all that follow it, too.
    let all = json!({
        "endpoint": "calls/..", "method": "FETCH", "params": 5, "headers": {"Authorization": "Bearer forged"},
    });
    let mut without = all.clone();
    without["method"] = Value::Null;
    let mut request = call(&without);
    request.headers_mut().remove("authorization");
    let got = refused(&ask(&router, request).await);
    assert_eq!(got, (401, "UNAUTHORIZED".into(), "Unauthorized".into()));

    let steps = [
        (
            without,
            400,
            "INVALID_REQUEST",
            "Missing required fields: endpoint and method are required",
        ),
        (
            all.clone(),
            400,
            "INVALID_ENDPOINT",
            "Endpoint must start with /api",
        ),
        (
            json!({"endpoint": "/api/calls/..", "method": "FETCH", "params": 5}),
            400,
            "INVALID_ENDPOINT",
            "Endpoint is not a plain path",
        ),
        (
            json!({"endpoint": "/api/nowhere", "method": "FETCH", "params": 5}),
            400,
            "INVALID_METHOD",
            "Invalid method. Must be one of: GET, POST, PUT, DELETE, PATCH",
        ),
        (
            json!({"endpoint": "/api/nowhere", "method": "GET", "params": 5}),
            400,
            "INVALID_REQUEST",
            "params must be an object of texts",
        ),
        (
            json!({"endpoint": "/api/nowhere", "method": "GET"}),
            400,
            "INVALID_ENDPOINT",
            "The endpoint is not one of this API",
        ),
        (
            json!({"endpoint": "/api/unlisted", "method": "GET", "query": {"unknown": 1}}),
            404,
            "NOT_FOUND",
            "The endpoint is not in the catalogue",
        ),
        (
            json!({"endpoint": "/api/admin/users/[id]", "method": "DELETE", "params": {"id": "1"},
                   "query": {"unknown": 1}, "headers": {"Authorization": "Bearer forged"}}),
            400,
            "INVALID_REQUEST",
            "The request does not fit the endpoint",
        ),
        (
            json!({"endpoint": "/api/admin/users/[id]", "method": "DELETE", "params": {"id": "1"},
                   "headers": {"Authorization": "Bearer forged"}}),
            401,
            "INVALID_TOKEN",
            "Invalid authentication token",
        ),
        (
            json!({"endpoint": "/api/admin/users/[id]", "method": "DELETE", "params": {"id": "1"},
                   "headers": {"authorization": format!("Bearer {USER}")}}),
            403,
            "FORBIDDEN",
            "Forbidden",
        ),
        (
            json!({"endpoint": "/api/calls/agents", "method": "GET"}),
            401,
            "INVALID_TOKEN",
            "Invalid authentication token",
        ),
    ];
    for (envelope, status, code, message) in steps {
        let got = ask(&router, call(&envelope)).await;
        assert!(got.json().get("meta").is_none(), "nothing was sent");
        assert!(got.json()["error"].get("details").is_none());
        let expected = (status, code.to_owned(), message.to_owned());
        assert_eq!(refused(&got), expected, "{envelope}");
    }
    assert!(fake.seen().is_empty());
    let admin = json!({"endpoint": "/api/admin/users/[id]", "method": "DELETE", "params": {"id": "1"},
                       "headers": {"authorization": format!("Bearer {ADMIN}")}});
    assert_eq!(ask(&router, call(&admin)).await.status, 200);
    assert_eq!(fake.one().token.as_deref(), Some(ADMIN));
    clean();
}

#[tokio::test]
async fn what_is_missing_or_no_json_is_said() {
    let router = router(&Fake::ok());
    let missing = "Missing required fields: endpoint and method are required";
    for (body, message) in [
        ("", missing),
        ("  ", missing),
        ("{}", missing),
        ("[]", missing),
        (r#"["/api/calls/agents","GET"]"#, missing),
        ("null", missing),
        ("5", missing),
        (r#"{"endpoint":"/api"}"#, missing),
        (r#"{"method":"GET"}"#, missing),
        (r#"{"endpoint":"","method":"GET"}"#, missing),
        (r#"{"endpoint":"/api","method":""}"#, missing),
        (r#"{"endpoint":5,"method":"GET"}"#, missing),
        (r#"{"endpoint":["/api"],"method":"GET"}"#, missing),
        ("{", "The body is not JSON"),
        ("[", "The body is not JSON"),
        ("{} {}", "The body is not JSON"),
        ("nonsense", "The body is not JSON"),
        ("\u{feff}{}", "The body is not JSON"),
        (
            r#"{"endpoint":"/api","endpoint":"/api/x","method":"GET"}"#,
            "A field of the request is there twice",
        ),
    ] {
        let got = refused(&ask(&router, post(body)).await);
        let expected = (400, "INVALID_REQUEST".to_owned(), message.to_owned());
        assert_eq!(got, expected, "{body}");
    }
    let not_text = post(&b"{\"endpoint\":\"/api\xff\"}"[..]);
    assert_eq!(ask(&router, not_text).await.code(), "INVALID_REQUEST");
    let deep = format!(
        r#"{{"endpoint":"/api/calls/agents","method":"POST","body":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(ask(&router, post(deep)).await.code(), "INVALID_REQUEST");
}

#[tokio::test]
async fn the_rest_of_an_envelope_has_its_form() {
    let fake = Fake::ok();
    let router = router(&fake);
    for (name, value) in [
        ("params", json!("x")),
        ("params", json!({"id": {"a": 1}})),
        ("params", json!({"id": null})),
        ("params", json!({"id": ["a"]})),
        ("params", json!({"id": ""})),
        ("params", json!({"other": "x"})),
        ("query", json!([])),
        ("query", json!({"a": {"b": 1}})),
        ("query", json!({"a": [["x"]]})),
        ("headers", json!(["accept"])),
        ("headers", json!({"accept": null})),
        ("headers", json!({"bad name": "x"})),
        ("headers", json!({"accept": "a\r\nx-evil: 1"})),
        ("headers", json!({"accept": "a", "Accept": "b"})),
        ("body", json!({"name": "x"})),
    ] {
        let mut envelope =
            json!({"endpoint": "/api/calls/agents/[id]", "method": "GET", "params": {"id": "1"}});
        envelope[name] = value;
        let got = ask(&router, call(&envelope)).await;
        let expected = if name == "body" { 200 } else { 400 };
        assert_eq!(got.status, expected, "{envelope}");
    }
    assert_eq!(fake.one().body, None, "a GET has no body");
    for doubled in [
        r#"{"endpoint":"/api/calls/agents/[id]","method":"GET","params":{"id":"1","id":"2"}}"#,
        r#"{"endpoint":"/api/calls/agents","method":"GET","query":{"a":"1","a":"2"}}"#,
        r#"{"endpoint":"/api/calls/agents","method":"GET","headers":{"accept":"1","accept":"2"}}"#,
    ] {
        assert_eq!(ask(&router, post(doubled)).await.status, 400, "{doubled}");
    }
    let tokens = [
        json!({"Authorization": format!("Bearer {USER}"), "authorization": format!("Bearer {USER}")}),
        json!({"Authorization": USER}),
        json!({"Authorization": "Bearer "}),
        json!({"Authorization": "Bearer a b"}),
        json!({"Authorization": format!("Bearer {}", "x".repeat(20_000))}),
    ];
    for headers in tokens {
        let envelope = json!({"endpoint": "/api/ping", "method": "GET", "headers": headers});
        assert_eq!(ask(&router, call(&envelope)).await.code(), "INVALID_TOKEN");
    }
}

#[tokio::test]
async fn who_may_call_is_decided_by_the_operation() {
    let fake = Fake::ok();
    let strict = mounted(builder(&fake).require_token());
    let lax = router(&fake);
    let (open, user, admin) = (
        ("GET", "/ping"),
        ("GET", "/calls/agents"),
        ("DELETE", "/admin/users/7"),
    );
    for (router, (method, path), token, status, code) in [
        (&lax, open, None, 200, ""),
        (&lax, user, None, 200, ""),
        (&lax, admin, None, 403, "FORBIDDEN"),
        (&lax, open, Some("forged-token"), 401, "INVALID_TOKEN"),
        (&lax, user, Some("forged-token"), 401, "INVALID_TOKEN"),
        (&lax, admin, Some("forged-token"), 401, "INVALID_TOKEN"),
        (&lax, user, Some(USER), 200, ""),
        (&lax, admin, Some(USER), 403, "FORBIDDEN"),
        (&lax, admin, Some(ADMIN), 200, ""),
        (&strict, open, None, 200, ""),
        (&strict, user, None, 401, "INVALID_TOKEN"),
        (&strict, user, Some(USER), 200, ""),
        (&strict, admin, None, 403, "FORBIDDEN"),
        (&lax, user, Some(UNKNOWABLE), 503, "UNAVAILABLE"),
    ] {
        let mut request = through(method, path, Body::empty());
        if let Some(token) = token {
            request = by(token, request);
        }
        let got = ask(router, request).await;
        assert_eq!(got.status, status, "{path} {token:?}");
        if status == 200 {
            assert_eq!(got.json(), json!({"ok": true}));
        } else {
            assert_eq!(got.code(), code);
        }
    }
    clean();
}

#[tokio::test]
async fn what_keeps_the_upstream_from_answering_has_a_code() {
    for (kind, status, through_status, code) in [
        (ErrorKind::Connect, 500, 502, "PROXY_ERROR"),
        (ErrorKind::Io, 500, 502, "PROXY_ERROR"),
        (ErrorKind::Config, 500, 502, "PROXY_ERROR"),
        (ErrorKind::Auth, 500, 502, "PROXY_ERROR"),
        (ErrorKind::Timeout, 504, 504, "UPSTREAM_TIMEOUT"),
        (ErrorKind::RateLimited, 503, 503, "UNAVAILABLE"),
        (ErrorKind::Store, 503, 503, "UNAVAILABLE"),
        (ErrorKind::Permission, 403, 403, "FORBIDDEN"),
        (ErrorKind::Validation, 400, 400, "INVALID_REQUEST"),
    ] {
        let fake = Fake::new(move |_| async move { Err(Error::new(kind, format!("no: {KEY}"))) });
        let router = router(&fake);
        let envelope = json!({"endpoint": "/api/calls/agents", "method": "GET"});
        let got = ask(&router, call(&envelope)).await;
        assert_eq!(
            (got.status, got.code()),
            (status, code.to_owned()),
            "{kind}"
        );
        let json = got.json();
        assert_eq!(json["meta"]["status"], status, "a call was made");
        assert_eq!(json["meta"]["endpoint"], "/api/calls/agents");
        assert!(json["error"].get("details").is_none(), "in production");
        let got = ask(&router, through("GET", "/calls/agents", Body::empty())).await;
        assert_eq!((got.status, got.code()), (through_status, code.to_owned()));
    }
    clean();
}

#[tokio::test]
async fn the_catalogue_is_there_or_is_not() {
    let fake = Fake::ok();
    let router = router(&fake);
    let get = |key: &str| {
        Request::get("/api/verity")
            .header("authorization", format!("Bearer {key}"))
            .body(Body::empty())
            .unwrap()
    };
    let got = ask(&router, get(KEY)).await;
    assert_eq!(got.status, 200);
    let json = got.json();
    assert_eq!(json["success"], true);
    assert_eq!(json["data"]["catalog"]["version"], "1");
    assert_eq!(json["data"]["gateway"]["endpoint"], "/api/verity");
    assert_eq!(json["data"]["gateway"]["method"], "POST");
    assert!(json["data"]["gateway"]["description"].is_string());
    assert_eq!(ask(&router, get(OTHER_KEY)).await.status, 200);
    let forged = ask(&router, get("forged")).await;
    assert_eq!((forged.status, forged.code()), (401, "UNAUTHORIZED".into()));

    let mut head = get(KEY);
    *head.method_mut() = Method::HEAD;
    let head = ask(&router, head).await;
    assert_eq!((head.status, head.body.len()), (200, 0));

    let mut none = Fake::ok();
    Arc::get_mut(&mut none).unwrap().document = None;
    let got = ask(&super::support::router(&none), get(KEY)).await;
    assert_eq!(
        (got.status, got.code()),
        (503, "CATALOG_UNAVAILABLE".into())
    );
}

#[tokio::test]
async fn other_methods_and_places() {
    let fake = Fake::ok();
    let router = router(&fake);
    for method in ["PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
        let got = ask(&router, through(method, "", Body::empty())).await;
        let expected = (405, "METHOD_NOT_ALLOWED".to_owned());
        assert_eq!((got.status, got.code()), expected, "{method}");
        assert_eq!(got.header("allow"), Some("GET, HEAD, POST, OPTIONS"));
    }
    let options = ask(&router, through("OPTIONS", "", Body::empty())).await;
    assert_eq!(options.status, 204);
    assert_eq!(options.header("allow"), Some("GET, HEAD, POST, OPTIONS"));
    for method in ["TRACE", "CONNECT"] {
        let got = ask(&router, through(method, "/calls/agents", Body::empty())).await;
        assert_eq!(got.status, 405, "{method}");
    }
    assert!(fake.seen().is_empty());
    for method in ["OPTIONS", "HEAD", "PROPFIND"] {
        let got = ask(&router, through(method, "/calls/agents", Body::empty())).await;
        assert_eq!(got.status, 200, "{method}");
        assert_eq!(got.body.is_empty(), method == "HEAD");
    }
    let methods: Vec<_> = fake.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(methods, ["OPTIONS", "HEAD", "PROPFIND"]);
    let operations: Vec<_> = fake.seen().into_iter().map(|seen| seen.operation).collect();
    assert_eq!(operations, [None, Some("agents_list".to_owned()), None]);
}

#[tokio::test]
async fn wrong_content_types_and_large_bodies() {
    let fake = Fake::ok();
    let router = mounted(builder(&fake).envelope_limit(1000));
    let envelope = r#"{"endpoint":"/api/calls/agents","method":"GET"}"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "application/jsonp",
    ] {
        let mut request = post(envelope);
        request
            .headers_mut()
            .insert("content-type", kind.parse().unwrap());
        let got = ask(&router, request).await;
        assert_eq!(
            (got.status, got.code()),
            (415, "UNSUPPORTED_MEDIA_TYPE".into()),
            "{kind}"
        );
    }
    let mut none = post(envelope);
    none.headers_mut().remove("content-type");
    assert_eq!(ask(&router, none).await.status, 415);
    let mut zipped = post(envelope);
    zipped
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(ask(&router, zipped).await.status, 415);
    for kind in [
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/vnd.api+json",
    ] {
        let mut request = post(envelope);
        request
            .headers_mut()
            .insert("content-type", kind.parse().unwrap());
        assert_eq!(ask(&router, request).await.status, 200, "{kind}");
    }
    let large = format!("{envelope}{}", " ".repeat(1000 - envelope.len()));
    assert_eq!(ask(&router, post(large.clone())).await.status, 200);
    let got = ask(&router, post(format!("{large} "))).await;
    assert_eq!((got.status, got.code()), (413, "PAYLOAD_TOO_LARGE".into()));
    let mut announced = post(envelope);
    announced
        .headers_mut()
        .insert("content-length", "1001".parse().unwrap());
    assert_eq!(ask(&router, announced).await.status, 413);
}
