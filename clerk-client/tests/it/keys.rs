//! The cache of keys.

use std::sync::Arc;
use std::time::Duration;

use clerk_client::{Client, ErrorKind, Jwks, Reason, SessionVerifier};
use integrations_core::http::{CannedTransport, TransportFailure};
use serde_json::json;

use crate::support::{
    ISSUER, KEY, KID, OTHER, changed, claims, clock, context, header, jwks, key_set, message,
    reason,
};

fn verifier(keys: impl Into<clerk_client::KeySource>) -> SessionVerifier {
    SessionVerifier::builder(keys)
        .issuer(ISSUER)
        .clock(clock())
        .build()
        .unwrap()
}

fn token(kid: &str) -> String {
    KEY.sign(&changed(header(), &json!({"kid": kid})), &claims())
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_once_and_again_when_they_are_old() {
    let set = key_set(&[KEY.jwk(KID)]);
    let transport = CannedTransport::new().answer(200, &set).answer(200, &set);
    let verifier = verifier(jwks(&transport));
    for _ in 0..5 {
        assert_eq!(reason(&verifier, &token(KID)).await, None);
    }
    assert_eq!(transport.sent().len(), 1);
    assert_eq!(transport.sent()[0].url.path(), "/.well-known/jwks.json");
    tokio::time::advance(Duration::from_secs(301)).await;
    assert_eq!(reason(&verifier, &token(KID)).await, None);
    assert_eq!(transport.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_is_found_by_one_forced_refresh() {
    let transport = CannedTransport::new()
        .answer(200, &key_set(&[OTHER.jwk("ins_old")]))
        .answer(200, &key_set(&[OTHER.jwk("ins_old"), KEY.jwk(KID)]));
    let verifier = verifier(jwks(&transport));
    assert_eq!(
        reason(&verifier, &token("ins_old")).await,
        Some(Reason::InvalidSignature)
    );
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(reason(&verifier, &token(KID)).await, None);
    assert_eq!(transport.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_kids_fetches_once_a_minute() {
    let set = key_set(&[KEY.jwk(KID)]);
    let mut transport = CannedTransport::new();
    for _ in 0..100 {
        transport = transport
            .answer(200, &set)
            .after(Duration::from_millis(300));
    }
    let verifier = Arc::new(verifier(jwks(&transport)));
    let good: Arc<str> = token(KID).into();
    let started = tokio::time::Instant::now();
    let mut flood = tokio::task::JoinSet::new();
    for client in 0..30 {
        let (verifier, good) = (Arc::clone(&verifier), Arc::clone(&good));
        flood.spawn(async move {
            for at in 0..20 {
                let kid = format!("ins_{client}_{at}");
                let made_up = changed(header(), &json!({"kid": kid}));
                let made_up = format!("{}.AAAA", message(&made_up, &claims()));
                assert_eq!(reason(&verifier, &made_up).await, Some(Reason::KidMismatch));
                // Those who have a good token are served meanwhile.
                assert_eq!(reason(&verifier, &good).await, None);
                tokio::time::sleep(Duration::from_secs(7)).await;
            }
        });
    }
    flood.join_all().await;
    let minutes = started.elapsed().as_secs().div_ceil(60);
    let fetches = transport.sent().len();
    assert!(
        u64::try_from(fetches).unwrap() <= minutes,
        "{fetches} fetches in {minutes} minutes"
    );
    assert!(fetches >= 2, "{fetches}");
}

#[tokio::test(start_paused = true)]
async fn many_who_come_at_once_share_one_fetch() {
    let transport = CannedTransport::new()
        .answer(200, &key_set(&[KEY.jwk(KID)]))
        .after(Duration::from_secs(1));
    let verifier = Arc::new(verifier(jwks(&transport)));
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let verifier = Arc::clone(&verifier);
        crowd.spawn(async move { reason(&verifier, &token(KID)).await });
    }
    assert!(crowd.join_all().await.iter().all(Option::is_none));
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_does_not_keep_the_keys_from_others() {
    let transport = CannedTransport::new()
        .answer(200, &key_set(&[KEY.jwk(KID)]))
        .after(Duration::from_secs(1));
    let verifier = Arc::new(verifier(jwks(&transport)));
    let impatient = Arc::clone(&verifier);
    let first = tokio::spawn(async move { reason(&impatient, &token(KID)).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    first.abort();
    assert_eq!(reason(&verifier, &token(KID)).await, None);
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn known_keys_outlast_an_outage_for_a_while() {
    let transport = CannedTransport::new().answer(200, &key_set(&[KEY.jwk(KID)]));
    let verifier = verifier(jwks(&transport));
    assert_eq!(reason(&verifier, &token(KID)).await, None);
    // From here on nothing answers.
    tokio::time::advance(Duration::from_secs(400)).await;
    assert_eq!(reason(&verifier, &token(KID)).await, None);
    assert_eq!(
        reason(&verifier, &token("ins_new")).await,
        Some(Reason::RemoteFailedToLoad)
    );
    tokio::time::advance(Duration::from_secs(600)).await;
    assert_eq!(
        reason(&verifier, &token(KID)).await,
        Some(Reason::RemoteFailedToLoad)
    );
}

#[tokio::test(start_paused = true)]
async fn keys_that_do_not_come_are_no_fault_of_the_caller() {
    let unreachable = || CannedTransport::new().fail(TransportFailure::Connect);
    for (transport, expected) in [
        (unreachable(), Reason::RemoteFailedToLoad),
        (
            CannedTransport::new().answer(404, "{}"),
            Reason::RemoteFailedToLoad,
        ),
        (
            CannedTransport::new().answer(200, "<html>"),
            Reason::RemoteInvalid,
        ),
        (
            CannedTransport::new().answer(200, "[]"),
            Reason::RemoteInvalid,
        ),
        (
            CannedTransport::new().answer(200, r#"{"keys":7}"#),
            Reason::RemoteInvalid,
        ),
        (
            CannedTransport::new().answer(200, r#"{"keys":[]}"#),
            Reason::RemoteMissing,
        ),
        (
            CannedTransport::new()
                .answer(200, r#"{"keys":[{"kty":"EC","kid":"a"},7,{"kty":"RSA"}]}"#),
            Reason::RemoteMissing,
        ),
    ] {
        let verifier = verifier(jwks(&transport));
        let error = verifier.verify(&token(KID)).await.unwrap_err();
        assert_eq!(Reason::of(&error), Some(expected));
        assert_eq!(error.kind(), ErrorKind::Connect);
        let sent = transport.sent().len();
        // And the next does not ask again at once.
        assert_eq!(reason(&verifier, &token(KID)).await, Some(expected));
        assert_eq!(transport.sent().len(), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn keys_belong_to_their_address_and_not_to_their_id() {
    let first = CannedTransport::new().answer(200, &key_set(&[KEY.jwk(KID)]));
    let second = CannedTransport::new().answer(200, &key_set(&[OTHER.jwk(KID)]));
    let (first, second) = (verifier(jwks(&first)), verifier(jwks(&second)));
    assert_eq!(reason(&first, &token(KID)).await, None);
    assert_eq!(
        reason(&second, &token(KID)).await,
        Some(Reason::InvalidSignature)
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_is_used_for_its_own_algorithm_only() {
    let transport = CannedTransport::new().answer(200, &key_set(&[KEY.jwk(KID)]));
    let verifier = verifier(jwks(&transport));
    let token = KEY.sign(&changed(header(), &json!({"alg": "RS512"})), &claims());
    assert_eq!(
        reason(&verifier, &token).await,
        Some(Reason::InvalidAlgorithm)
    );
    let nameless = KEY.sign(&changed(header(), &json!({"kid": null})), &claims());
    assert_eq!(
        reason(&verifier, &nameless).await,
        Some(Reason::TokenInvalid)
    );
}

#[tokio::test(start_paused = true)]
async fn the_backend_api_has_the_keys_too() {
    let transport = CannedTransport::new().answer(200, &key_set(&[KEY.jwk(KID)]));
    let client = Client::builder()
        .secret_key("sk_test_made_up")
        .context(&context(&transport))
        .build()
        .unwrap();
    let keys = client.jwks().build();
    keys.warm_up().await.unwrap();
    assert_eq!(reason(&verifier(keys), &token(KID)).await, None);
    let sent = &transport.sent()[0];
    assert_eq!(sent.url.as_str(), "https://api.clerk.com/v1/jwks");
    assert_eq!(sent.headers["authorization"], "Bearer sk_test_made_up");
    assert_eq!(sent.headers["clerk-api-version"], clerk_client::API_VERSION);

    let refused =
        CannedTransport::new().answer(401, r#"{"errors":[{"code":"authentication_invalid"}]}"#);
    let client = Client::builder()
        .secret_key("sk_test_wrong")
        .context(&context(&refused))
        .build()
        .unwrap();
    let wrong = verifier(client.jwks().build());
    assert_eq!(
        reason(&wrong, &token(KID)).await,
        Some(Reason::SecretKeyInvalid)
    );
}

#[test]
fn a_key_address_is_an_https_url() {
    let context = context(&CannedTransport::new());
    for url in [
        "",
        "clerk.example.com",
        "http://clerk.example.com/jwks",
        "data:,x",
        "https://u:p@clerk.example.com/",
    ] {
        assert_eq!(
            Jwks::at(url, &context).unwrap_err().kind(),
            ErrorKind::Config,
            "{url}"
        );
    }
}
