//! What is not genuine is refused, and the refusal says nothing.

use axum::body::Body;
use http::{HeaderValue, Request};
use integrations_core::webhook::Secrets;

use crate::acme::{GLOBAL_SECRET, SIGNATURE};
use crate::house::{House, SECRET_A, SECRET_B, body, send, signature, signed, status, unsigned};

/// Every way to be not genuine.
fn forgeries(path: &str) -> Vec<(&'static str, Request<Body>)> {
    let sent = body("A1", "e1");
    let good = signature(SECRET_A, &sent);
    let with = |value: &[u8]| {
        let mut request = unsigned(path, &sent);
        let value = HeaderValue::from_bytes(value).unwrap();
        request.headers_mut().insert(SIGNATURE, value);
        request
    };
    let mut doubled = with(good.as_bytes());
    let value = HeaderValue::from_str(&good).unwrap();
    doubled.headers_mut().append(SIGNATURE, value);
    let mut other_body = with(good.as_bytes());
    *other_body.body_mut() = Body::from(body("A1", "e2"));
    vec![
        ("no signature", unsigned(path, &sent)),
        ("empty signature", with(b"")),
        ("wrong secret", signed(path, SECRET_B, &sent)),
        ("empty secret", signed(path, "", &sent)),
        ("another provider's key", signed(path, GLOBAL_SECRET, &sent)),
        ("changed body", other_body),
        ("half a signature", with(&good.as_bytes()[..32])),
        ("a longer signature", with(format!("{good}00").as_bytes())),
        (
            "not hex",
            with(good.replace(|_: char| true, "z").as_bytes()),
        ),
        ("not ASCII", with(b"\xff\xfe")),
        ("two in one", with(format!("{good},{good}").as_bytes())),
        ("doubled header", doubled),
    ]
}

#[tokio::test]
async fn forgeries_are_refused_and_store_nothing() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = house.router();
    let named = format!("/hooks/acme/{}", acme.id);
    for path in ["/hooks/acme", &named] {
        for (what, request) in forgeries(path) {
            assert_eq!(status(&router, request).await, 401, "{what} at {path}");
        }
    }
    assert!(house.events(&acme).await.is_empty());
}

#[tokio::test]
async fn a_refusal_does_not_tell_which_integrations_exist() {
    let house = House::new().await;
    let acme = house.acme().await;
    let other = house.active("tenant-a", "everywhere", "A1").await;
    let router = house.router();
    let named = |id| format!("/hooks/acme/{id}");
    let mut answers = Vec::new();
    for path in [
        "/hooks/acme".to_owned(),
        named(acme.id),
        named(integrations_core::IntegrationId::new()),
        named(other.id),
    ] {
        for (_, request) in forgeries(&path) {
            answers.push(send(&router, request).await);
        }
    }
    // An account that nobody has, with a signature that would be right for another.
    let nobody = body("A2", "e1");
    answers.push(send(&router, signed("/hooks/acme", SECRET_A, &nobody)).await);
    answers.push(send(&router, unsigned("/hooks/acme", &nobody)).await);
    let first = &answers[0];
    assert_eq!((first.status.as_u16(), first.body.as_str()), (401, ""));
    assert!(answers.iter().all(|answer| answer == first));
}

#[tokio::test]
async fn a_secret_is_rotated_without_a_gap() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = house.router();
    let (old, new) = (SECRET_A, SECRET_B);
    let send = async |secret, id| {
        let request = signed("/hooks/acme", secret, body("A1", id));
        status(&router, request).await
    };
    house.keys.set(&acme, Secrets::one(new).with(old));
    assert_eq!((send(old, "e1").await, send(new, "e2").await), (200, 200));
    house.keys.set(&acme, Secrets::one(new));
    assert_eq!((send(old, "e3").await, send(new, "e4").await), (401, 200));
    house.keys.set(&acme, Secrets::none());
    assert_eq!((send(new, "e5").await, send("", "e6").await), (401, 401));
    house.keys.set(&acme, Secrets::one(""));
    assert_eq!(send("", "e7").await, 401, "an empty secret proves nothing");
    assert_eq!(house.events(&acme).await.len(), 3);
}

#[tokio::test]
async fn a_genuine_event_of_nobodys_account_is_not_wanted() {
    let house = House::new().await;
    let router = house.router();
    let genuine = signed("/hooks/everywhere", GLOBAL_SECRET, body("A9", "e1"));
    assert_eq!(status(&router, genuine).await, 200);
    let forged = signed("/hooks/everywhere", SECRET_A, body("A9", "e1"));
    assert_eq!(status(&router, forged).await, 401);
}

#[tokio::test]
async fn accounts_that_no_integration_can_have_are_not_looked_up() {
    let house = House::new().await;
    house.acme().await;
    let router = house.router();
    for account in ["", "A1\0", &"A".repeat(100_000)] {
        let sent = signed("/hooks/acme", SECRET_A, body(account, "e1"));
        assert_eq!(status(&router, sent).await, 401);
    }
}
