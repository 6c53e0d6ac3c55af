//! The Backend API.

use std::time::Duration;

use clerk_client::ids::{MachineId, SessionId, UserId};
use clerk_client::m2m::TokenFormat;
use clerk_client::{ApiErrors, Client, ErrorKind, MachineVerifier, Reason};
use integrations_core::http::{Body, CannedTransport};
use serde_json::{Value, json};

use crate::support::{KEY, context};

fn client(transport: &CannedTransport) -> Client {
    Client::builder()
        .secret_key("sk_test_made_up")
        .context(&context(transport))
        .build()
        .unwrap()
}

fn body(transport: &CannedTransport) -> Value {
    match &transport.sent().last().unwrap().body {
        Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn sessions_are_listed_for_somebody_only() {
    let sessions = json!({"data": [{"id": "sess_1", "user_id": "user_1", "status": "pending",
        "last_active_at": 1_800_000_000_000_i64, "new_field": {}}], "total_count": 1});
    let transport = CannedTransport::new().answer(200, &sessions.to_string());
    let client = client(&transport);
    let error = client.sessions().list().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert!(transport.sent().is_empty());
    let listed = client
        .sessions()
        .list()
        .user(&UserId::from("user_1"))
        .limit(3)
        .send()
        .await
        .unwrap();
    assert_eq!(listed[0].status.as_ref().unwrap().as_str(), "pending");
    assert_eq!(listed[0].last_active_at.unwrap().as_second(), 1_800_000_000);
}

#[tokio::test]
async fn session_tokens_with_a_lifetime() {
    let answer = json!({"object": "token", "jwt": KEY.token(&json!({}))}).to_string();
    let transport = CannedTransport::new().answer(200, &answer);
    let client = client(&transport);
    let session = SessionId::from("sess_a/../b");
    for seconds in [0, 29, 400_000_000] {
        let create = client.sessions().create_token(&session);
        let error = create
            .expires_in(Duration::from_secs(seconds))
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation);
    }
    let create = client.sessions().create_token(&session);
    create
        .expires_in(Duration::from_secs(30))
        .send()
        .await
        .unwrap();
    assert_eq!(
        transport.sent()[0].url.path(),
        "/v1/sessions/sess_a%2F..%2Fb/tokens"
    );
    assert_eq!(body(&transport), json!({"expires_in_seconds": 30}));
}

#[tokio::test]
async fn clerks_errors_are_read() {
    let answer = r#"{"errors":[{"code":"resource_not_found","message":"jane@example.com","long_message":"x","meta":{}}],"clerk_trace_id":"trace1"}"#;
    let transport = CannedTransport::new().answer(404, answer);
    let error = client(&transport)
        .sessions()
        .create_token(&SessionId::from("sess_1"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        (error.code(), error.request_id()),
        (Some("resource_not_found"), Some("trace1"))
    );
    let api = ApiErrors::of(&error).unwrap();
    assert_eq!(api.errors.len(), 1);
    assert!(!format!("{error} {error:?} {api:?}").contains("jane"));
}

#[tokio::test]
async fn machine_tokens_are_created_and_verified() {
    let token = json!({"id": "mt_1", "subject": "mch_1", "scopes": ["mch_2"], "claims": {"a": 1}, "token": "mt_secret"});
    let of = |extra: Value| {
        let mut token = token.clone();
        token
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        token.to_string()
    };
    let transport = CannedTransport::new()
        .answer(200, &of(json!({})))
        .answer(200, &of(json!({"revoked": false, "expired": false})))
        .answer(200, &of(json!({"revoked": true})))
        .answer(200, &of(json!({"expired": true})))
        .answer(404, "{}")
        .answer(200, &of(json!({"subject": "mch_9"})))
        .answer(401, "{}");
    let client = client(&transport);
    let create = client.m2m_tokens().create();
    let created = create
        .expires_in(Duration::from_secs(60))
        .format(TokenFormat::Jwt)
        .send()
        .await
        .unwrap();
    assert_eq!(
        body(&transport),
        json!({"seconds_until_expiration": 60, "token_format": "jwt"})
    );
    assert!(!format!("{created:?}").contains("mt_secret"));

    let verifier = MachineVerifier::new(&client, [MachineId::from("mch_1")]);
    assert_eq!(
        verifier.verify("mt_secret").await.unwrap().subject.as_str(),
        "mch_1"
    );
    assert_eq!(body(&transport), json!({"token": "mt_secret"}));
    for expected in [
        Reason::TokenInvalid,
        Reason::Expired,
        Reason::TokenInvalid,
        Reason::InvalidAuthorizedParties,
    ] {
        let error = verifier.verify("mt_secret").await.unwrap_err();
        assert_eq!(Reason::of(&error), Some(expected));
    }
    let verifier: &dyn integrations_core::catalog::TokenVerifier = &verifier;
    let error = verifier.verify("mt_secret").await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::SecretKeyInvalid));
}

#[tokio::test]
async fn a_machine_token_is_not_created_twice() {
    let transport = CannedTransport::new().answer(502, "").answer(200, "{}");
    let error = client(&transport)
        .m2m_tokens()
        .create()
        .send()
        .await
        .unwrap_err();
    assert!(error.is_outcome_unknown());
    assert_eq!(transport.sent().len(), 1);
}

#[test]
fn the_secret_key_is_not_shown() {
    let client = client(&CannedTransport::new());
    assert!(!format!("{client:?} {:?}", client.sessions()).contains("sk_test_made_up"));
    assert_eq!(
        Client::builder().build().unwrap_err().kind(),
        ErrorKind::Config
    );
}
