//! Paths that mean another one, in every place that a caller can write one.

use axum::body::Body;
use serde_json::json;

use super::support::{Fake, ask, builder, call, mounted, router, through};

const CLIMBS: [&str; 17] = [
    "..",
    ".",
    "%2e%2e",
    "%2E.",
    ".%2e",
    "%252e%252e",
    "%25252e%25252e",
    "..%2f..",
    "..%5c..",
    "..%252f",
    "x%2f..%2fadmin",
    "%2fadmin",
    "x%5cadmin",
    "..;",
    "..;x=1",
    "%00",
    "%c0%ae%c0%ae",
];

#[tokio::test]
async fn nothing_climbs_out_of_an_endpoint() {
    let fake = Fake::ok();
    let router = router(&fake);
    for climb in CLIMBS {
        for endpoint in [
            format!("/api/calls/{climb}/admin"),
            format!("/api/{climb}"),
            format!("/api{climb}/x"),
            format!("/apicalls/{climb}/{climb}"),
        ] {
            // What is glued to a name is no segment of its own.
            let glued = endpoint.starts_with("/api.") || endpoint.starts_with("/api%2");
            let envelope = json!({"endpoint": endpoint, "method": "GET"});
            let got = ask(&router, call(&envelope)).await;
            if !glued || got.status != 200 {
                assert_eq!(
                    (got.status, got.code()),
                    (400, "INVALID_ENDPOINT".into()),
                    "{endpoint}"
                );
            }
        }
    }
    for endpoint in [
        "/api/x?y=1",
        "/api/x#y",
        "/api//x",
        "/api/x y",
        "/api/x\\y",
        "/api/ü",
        "/api/x\ny",
        "/api/%",
    ] {
        let got = ask(
            &router,
            call(&json!({"endpoint": endpoint, "method": "GET"})),
        )
        .await;
        assert_eq!(got.code(), "INVALID_ENDPOINT", "{endpoint}");
    }
    for seen in fake.seen() {
        assert!(
            !seen.path.split('/').any(|one| one == ".." || one == "."),
            "{}",
            seen.path
        );
    }
}

#[tokio::test]
async fn nothing_climbs_out_of_a_parameter() {
    let fake = Fake::ok();
    let router = router(&fake);
    for value in CLIMBS
        .into_iter()
        .chain(["../admin", "a/b", "a\\b", "a\nb", "", "/", "//x", "\0"])
    {
        let envelope =
            json!({"endpoint": "/api/calls/agents/[id]", "method": "GET", "params": {"id": value}});
        let got = ask(&router, call(&envelope)).await;
        assert_eq!(
            (got.status, got.code()),
            (400, "INVALID_REQUEST".into()),
            "{value}"
        );
    }
    assert!(fake.seen().is_empty());
    for (value, path) in [
        ("a?b=c#d", "/api/calls/agents/a%3Fb%3Dc%23d"),
        ("50%", "/api/calls/agents/50%25"),
        ("[id]", "/api/calls/agents/%5Bid%5D"),
        ("ü", "/api/calls/agents/%C3%BC"),
    ] {
        let envelope =
            json!({"endpoint": "/api/calls/agents/[id]", "method": "GET", "params": {"id": value}});
        assert_eq!(ask(&router, call(&envelope)).await.status, 200);
        assert_eq!(fake.seen().last().unwrap().path, path);
    }
}

#[tokio::test]
async fn nothing_climbs_out_of_a_path_that_is_passed_through() {
    let fake = Fake::ok();
    let router = router(&fake);
    for climb in CLIMBS {
        for path in [
            format!("/calls/{climb}/admin"),
            format!("/{climb}/admin"),
            format!("/calls/{climb}"),
        ] {
            let got = ask(&router, through("GET", &path, Body::empty())).await;
            assert_eq!(
                (got.status, got.code()),
                (400, "INVALID_ENDPOINT".into()),
                "{path}"
            );
        }
    }
    for path in ["/calls//agents", "/calls/%zz", "/calls/a%0d%0ab"] {
        let got = ask(&router, through("GET", path, Body::empty())).await;
        assert_eq!(got.status, 400, "{path}");
    }
    assert!(fake.seen().is_empty());
    let placeholder = ask(
        &router,
        through("GET", "/calls/agents/%5Bid%5D", Body::empty()),
    )
    .await;
    assert_eq!(
        placeholder.status, 200,
        "brackets of a name are no placeholder"
    );
    assert_eq!(fake.one().path, "/api/calls/agents/%5Bid%5D");
}

#[tokio::test]
async fn paths_have_the_prefix_once_and_queries_go_as_they_are() {
    let fake = Fake::ok();
    let router = router(&fake);
    for (path, expected, query) in [
        ("/calls/agents", "/api/calls/agents", None),
        ("/api/calls/agents", "/api/calls/agents", None),
        ("/apikeys", "/api/apikeys", None),
        ("/calls/agents?", "/api/calls/agents", None),
        (
            "/calls/agents?a=1&a=2&b=%2F..%2F",
            "/api/calls/agents",
            Some("a=1&a=2&b=%2F..%2F"),
        ),
        ("/calls/agents/a%20b", "/api/calls/agents/a%20b", None),
        ("/list/", "/api/list/", None),
    ] {
        assert_eq!(
            ask(&router, through("GET", path, Body::empty()))
                .await
                .status,
            200,
            "{path}"
        );
        let seen = fake.seen();
        let seen = seen.last().unwrap();
        assert_eq!(
            (seen.path.as_str(), seen.query.as_deref()),
            (expected, query)
        );
    }
    let got = ask(
        &router,
        through("GET", "/calls/agents?unknown=1", Body::empty()),
    )
    .await;
    assert_eq!(
        (got.status, got.code()),
        (400, "INVALID_REQUEST".into()),
        "the catalogue knows better"
    );
    assert!(builder(&fake).prefix("no path").build().is_err());
    let other = mounted(builder(&fake).prefix("/v2/"));
    assert_eq!(
        ask(&other, through("GET", "/x", Body::empty()))
            .await
            .status,
        200
    );
    assert_eq!(fake.seen().last().unwrap().path, "/v2/x");
}

#[tokio::test]
async fn an_upstream_that_leads_astray_is_not_followed() {
    let fake = Fake::ok();
    let router = router(&fake);
    let envelope = json!({"endpoint": "/api/traitor", "method": "GET"});
    assert_eq!(ask(&router, call(&envelope)).await.status, 400);
    assert_eq!(
        ask(&router, through("GET", "/traitor", Body::empty()))
            .await
            .status,
        400
    );
    let unfilled = json!({"endpoint": "/api/x/{id}", "method": "GET"});
    assert_eq!(ask(&router, call(&unfilled)).await.status, 400);
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn administrators_paths_are_theirs_however_they_are_written() {
    let fake = Fake::ok();
    let router = router(&fake);
    for envelope in [
        json!({"endpoint": "/api/admin/users/[id]", "method": "DELETE", "params": {"id": "7"}}),
        json!({"endpoint": "/api/admin/users/7", "method": "DELETE"}),
    ] {
        assert_eq!(
            ask(&router, call(&envelope)).await.code(),
            "FORBIDDEN",
            "{envelope}"
        );
    }
    for path in ["/admin/users/7", "/api/admin/users/7"] {
        assert_eq!(
            ask(&router, through("DELETE", path, Body::empty()))
                .await
                .code(),
            "FORBIDDEN"
        );
    }
    assert!(fake.seen().is_empty());
}

/// Whoever writes the address of the gateway with a slash behind it means the gateway.
#[tokio::test]
async fn a_slash_behind_the_mount_point_is_no_other_place() {
    let fake = Fake::ok();
    let router = router(&fake);
    let mut envelope = call(&json!({"endpoint": "/api/x", "method": "GET"}));
    *envelope.uri_mut() = "/api/verity/".parse().unwrap();
    let got = ask(&router, envelope).await;
    assert_eq!(
        (got.status, got.json()["success"].as_bool()),
        (200, Some(true))
    );
    let got = ask(&router, through("GET", "/", Body::empty())).await;
    assert_eq!(got.json()["data"]["gateway"]["endpoint"], "/api/verity/");
    let got = ask(&router, through("PUT", "/", Body::empty())).await;
    assert_eq!((got.status, got.code()), (405, "METHOD_NOT_ALLOWED".into()));
    let mut stranger = through("GET", "/", Body::empty());
    stranger.headers_mut().clear();
    assert_eq!(ask(&router, stranger).await.status, 401);
    assert_eq!(fake.seen().len(), 1);
}
