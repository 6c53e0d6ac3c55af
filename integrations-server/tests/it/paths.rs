//! Where the router listens, and what it calls the URL.

use axum::Router;
use http::StatusCode;
use integrations_core::IntegrationId;

use crate::acme::GLOBAL_SECRET;
use crate::house::{House, SECRET_A, body, mounted, request, send, signed, status};

#[tokio::test]
async fn the_url_may_name_the_integration() {
    let house = House::new().await;
    let acme = house.acme().await;
    let other = house.active("tenant-a", "everywhere", "A1").await;
    let router = house.router();
    let send = async |path: String, id: &str| {
        let request = signed(&path, SECRET_A, body("A1", id));
        status(&router, request).await
    };
    assert_eq!(send(format!("/hooks/acme/{}", acme.id), "e1").await, 200);
    assert_eq!(send(format!("/hooks/a/{}", acme.id), "e2").await, 200);
    assert_eq!(house.events(&acme).await.len(), 2);
    let nobody = IntegrationId::new();
    assert_eq!(send(format!("/hooks/acme/{nobody}"), "e3").await, 401);
    assert_eq!(send(format!("/hooks/acme/{}", other.id), "e3").await, 401);
    assert_eq!(send("/hooks/acme/A1".to_owned(), "e3").await, 404);
    assert_eq!(send(format!("/hooks/mute/{}", acme.id), "e3").await, 404);
    assert_eq!(house.events(&acme).await.len(), 2);
    assert!(house.events(&other).await.is_empty());
}

#[tokio::test]
async fn a_provider_may_have_a_path_of_its_own() {
    let house = House::new().await;
    let acme = house.acme().await;
    let webhooks = house.webhooks();
    let router = Router::new()
        .route("/from-acme", webhooks.at("acme"))
        .route("/alias", webhooks.at("a"))
        .route("/nobody", webhooks.at("nobody"));
    let send = async |path: &str, secret: &str, id: &str| {
        let request = signed(path, secret, body("A1", id));
        status(&router, request).await
    };
    assert_eq!(send("/from-acme", SECRET_A, "e1").await, 200);
    assert_eq!(send("/from-acme", "another", "e2").await, 401);
    assert_eq!(send("/alias", SECRET_A, "e3").await, 200);
    assert_eq!(send("/nobody", SECRET_A, "e4").await, 404);
    assert_eq!(house.events(&acme).await.len(), 2);
}

#[tokio::test]
async fn an_integration_needs_no_account_of_its_own_there() {
    let house = House::new().await;
    let made = house.pending("tenant-a", "acme", None).await;
    let secret = integrations_core::webhook::Secrets::one(SECRET_A);
    house.keys.set(&made, secret);
    let path = format!("/hooks/acme/{}", made.id);
    let sent = signed(&path, SECRET_A, body("whatever", "e1"));
    assert_eq!(status(&house.router(), sent).await, 200);
    assert_eq!(house.events(&made).await.len(), 1);
}

#[tokio::test]
async fn another_accounts_events_do_not_enter_by_ones_url() {
    let house = House::new().await;
    let mine = house.active("tenant-a", "everywhere", "A1").await;
    let theirs = house.active("tenant-b", "everywhere", "A2").await;
    let router = house.router();
    // Signed by the provider, for another account.
    let path = format!("/hooks/everywhere/{}", mine.id);
    let sent = signed(&path, GLOBAL_SECRET, body("A2", "e1"));
    assert_eq!(status(&router, sent).await, 200, "genuine, not wanted here");
    assert!(house.events(&mine).await.is_empty());
    assert!(house.events(&theirs).await.is_empty());
    let sent = signed(&path, GLOBAL_SECRET, body("A1", "e2"));
    assert_eq!(status(&router, sent).await, 200);
    assert_eq!(house.events(&mine).await.len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let house = House::new().await;
    house.acme().await;
    let router = house.router();
    for path in [
        "/hooks",
        "/hooks/",
        "/hooks/nobody",
        "/hooks/mute",
        "/hooks/ACME",
        "/hooks/acme/",
        "/hooks/acme/1/2",
        "/hooks/acme/%ff",
        "/hooks/%ff",
        "/hooks/%00",
        "/hooks/..%2facme",
        "/hooks/acme%0a",
        "/acme",
    ] {
        let answer = send(&router, signed(path, SECRET_A, body("A1", "e1"))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.body, "", "{path}");
    }
    let encoded = signed("/hooks/%61cme", SECRET_A, body("A1", "e1"));
    assert_eq!(status(&router, encoded).await, 200, "the same path");
}

#[tokio::test]
async fn deliveries_are_posts() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = house.router();
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        let mut sent = signed("/hooks/acme", SECRET_A, body("A1", "e1"));
        *sent.method_mut() = method.parse().unwrap();
        let answer = send(&router, sent).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers["allow"], "POST");
    }
    assert!(house.events(&acme).await.is_empty());
}

#[tokio::test]
async fn the_url_is_what_the_provider_called() {
    let house = House::new().await;
    let acme = house.acme().await;
    let path = format!("/hooks/a/{}?challenge=hi&x=%7E%20+", acme.id);
    let echo = async |router: &Router, path: &str| {
        let answer = send(router, request("GET", path)).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.body
    };
    assert_eq!(echo(&house.router(), &path).await, format!("hi {path}"));
    // Nested twice, once under a parameter of the application.
    let outer = Router::new().nest("/{region}", house.router());
    let nested = format!("/eu{path}");
    assert_eq!(echo(&outer, &nested).await, format!("hi {nested}"));
    // The public URL counts, whatever the mount point and the host header are.
    let public = house
        .builder()
        .public_url("https://example.com/in/")
        .build();
    for router in [
        mounted(&public),
        Router::new().nest("/eu", mounted(&public)),
        Router::new().nest("/{region}", mounted(&public)),
    ] {
        let path = path.strip_prefix("/hooks").unwrap();
        let mount = if status(&router, request("GET", "/hooks/acme?challenge=x")).await == 200 {
            "/hooks"
        } else {
            "/eu/hooks"
        };
        let expected = format!("hi https://example.com/in{path}");
        assert_eq!(echo(&router, &format!("{mount}{path}")).await, expected);
    }
}
