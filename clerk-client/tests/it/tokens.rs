//! Tokens of our own.

use std::sync::Arc;
use std::time::Duration;

use clerk_client::{Client, ErrorKind, MachineTokens, SessionTokens};
use integrations_core::http::{CannedTransport, HttpContext, TokenSource};
use integrations_core::{AccessToken, ManualClock};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::{KEY, NOW, clock};

fn client(transport: &CannedTransport, clock: &Arc<ManualClock>) -> Client {
    let context = HttpContext::builder()
        .transport(transport.clone())
        .clock(Arc::clone(clock))
        .build()
        .unwrap();
    Client::builder()
        .secret_key("sk_test_made_up")
        .context(&context)
        .build()
        .unwrap()
}

fn minted(number: i64, lifetime: i64) -> String {
    let token = KEY.token(&json!({"jti": number, "iat": NOW, "exp": NOW + lifetime}));
    json!({"object": "token", "jwt": token}).to_string()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_used_for_as_long_as_it_says() {
    // A minute long: the margin is a fifth of it.
    for (lifetime, last_good) in [(60, 47), (3600, 3569), (10, 7)] {
        let transport = CannedTransport::new()
            .answer(200, &minted(1, lifetime))
            .answer(200, &minted(2, lifetime));
        let clock = clock();
        let tokens = SessionTokens::for_session(&client(&transport, &clock), "sess_made_up")
            .expires_in(Duration::from_secs(3600));
        let first = tokens.token().await.unwrap();
        clock.advance(SignedDuration::from_secs(last_good));
        assert_eq!(tokens.token().await.unwrap(), first);
        clock.advance(SignedDuration::from_secs(2));
        assert_ne!(tokens.token().await.unwrap(), first);
        assert_eq!(transport.sent().len(), 2, "{lifetime}");
    }
}

/// The issuer's clock may be wrong, or ours: what counts is how long it said.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_does_not_mint_without_end() {
    let transport = CannedTransport::new().answer(200, &minted(1, 60));
    let clock = clock();
    clock.advance(SignedDuration::from_secs(1000));
    let tokens = SessionTokens::for_session(&client(&transport, &clock), "sess_made_up");
    let first = tokens.token().await.unwrap();
    assert_eq!(tokens.token().await.unwrap(), first);
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_without_an_end_is_refused() {
    for token in [
        "made-up",
        "e30.e30.x",
        &KEY.token(&json!({"exp": null})),
        &KEY.token(&json!({"exp": NOW})),
    ] {
        let answer = json!({"jwt": token}).to_string();
        let transport = CannedTransport::new().answer(200, &answer);
        let tokens = SessionTokens::for_session(&client(&transport, &clock()), "sess_made_up");
        assert_eq!(tokens.token().await.unwrap_err().kind(), ErrorKind::Decode);
    }
}

#[tokio::test(start_paused = true)]
async fn one_token_serves_all_who_wait() {
    let transport = CannedTransport::new()
        .answer(200, &minted(1, 60))
        .after(Duration::from_secs(1))
        .answer(200, &minted(2, 60))
        .after(Duration::from_secs(1));
    let tokens = SessionTokens::for_session(&client(&transport, &clock()), "sess_made_up");
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let tokens = tokens.clone();
        crowd.spawn(async move { tokens.token().await.unwrap() });
    }
    let all = crowd.join_all().await;
    assert!(all.iter().all(|token| *token == all[0]));
    // And one renewal serves all who were refused.
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (tokens, refused) = (tokens.clone(), all[0].clone());
        crowd.spawn(async move { tokens.renew(&refused).await.unwrap().unwrap() });
    }
    let renewed = crowd.join_all().await;
    assert!(
        renewed
            .iter()
            .all(|token| *token == renewed[0] && *token != all[0])
    );
    // Who comes late with the old one gets the new one, without another call.
    assert_eq!(
        tokens.renew(&all[0]).await.unwrap(),
        Some(renewed[0].clone())
    );
    assert_eq!(transport.sent().len(), 2);
}

/// The original system took the first user of the instance, whoever that was.
#[tokio::test(start_paused = true)]
async fn the_first_user_of_the_instance_is_never_taken() {
    let others = json!([
        {"id": "sess_other", "user_id": "user_other", "status": "active"},
        {"id": "sess_over", "user_id": "user_service", "status": "ended"},
    ]);
    let transport = CannedTransport::new().answer(200, &others.to_string());
    let tokens = SessionTokens::for_user(&client(&transport, &clock()), "user_service");
    let error = tokens.token().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Auth, Some("no-active-session"))
    );
    let asked = &transport.sent()[0].url;
    assert_eq!(asked.query(), Some("status=active&user_id=user_service"));
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_is_followed_by_the_next() {
    let session =
        |id: &str| json!([{"id": id, "user_id": "user_service", "status": "active"}]).to_string();
    let transport = CannedTransport::new()
        .answer(200, &session("sess_1"))
        .answer(200, &minted(1, 60))
        .answer(200, &minted(2, 60))
        .answer(
            404,
            r#"{"errors":[{"code":"resource_not_found"}],"clerk_trace_id":"t1"}"#,
        )
        .answer(200, &session("sess_2"))
        .answer(200, &minted(3, 60));
    let clock = clock();
    let tokens = SessionTokens::for_user(&client(&transport, &clock), "user_service")
        .template("verity")
        .expires_in(Duration::from_secs(60));
    for _ in 0..3 {
        tokens.token().await.unwrap();
        clock.advance(SignedDuration::from_secs(60));
    }
    let paths: Vec<_> = transport
        .sent()
        .iter()
        .map(|sent| sent.url.path().to_owned())
        .collect();
    let token = |id: &str| format!("/v1/sessions/{id}/tokens/verity");
    let list = || "/v1/sessions".to_owned();
    let expected = [
        list(),
        token("sess_1"),
        token("sess_1"),
        token("sess_1"),
        list(),
        token("sess_2"),
    ];
    assert_eq!(paths, expected);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_all_and_forgotten() {
    let transport = CannedTransport::new()
        .answer(
            403,
            r#"{"errors":[{"code":"not_allowed"}],"clerk_trace_id":"t1"}"#,
        )
        .answer(200, &minted(1, 60));
    let tokens = SessionTokens::for_session(&client(&transport, &clock()), "sess_made_up");
    let error = tokens.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert_eq!(
        (error.code(), error.request_id()),
        (Some("not_allowed"), Some("t1"))
    );
    tokens.token().await.unwrap();
    tokens.forget();
    assert!(tokens.token().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn machine_tokens_renew_themselves() {
    let answer = |token: &str| {
        let token = json!({"object": "machine_to_machine_token", "id": "mt_1", "subject": "mch_1", "token": token,
            "revoked": false, "expired": false, "expiration": 1_800_003_600_000_i64});
        token.to_string()
    };
    let transport = CannedTransport::new()
        .answer(200, &answer("mt_a"))
        .answer(200, &answer("mt_b"));
    let clock = clock();
    let tokens = MachineTokens::lasting(&client(&transport, &clock), Duration::from_secs(600));
    let first = tokens.token().await.unwrap();
    clock.advance(SignedDuration::from_secs(569));
    assert_eq!(tokens.token().await.unwrap(), first);
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(tokens.token().await.unwrap(), AccessToken::from("mt_b"));
    assert!(!format!("{tokens:?}").contains("mt_b"));
}
