//! What token endpoints answer, and what we make of it.

use std::time::Duration;

use integrations_core::http::CannedTransport;
use integrations_core::oauth::{OAuthClient, OAuthProfile, Refusal, TokenSet};
use integrations_core::{Error, ErrorKind, Timestamp};
use serde_json::{Value, json};

use crate::sockets::{Act, Server, real};
use crate::support::context;

fn profile() -> OAuthProfile {
    let token_url = "https://auth.plain.example/token".parse().unwrap();
    OAuthProfile::new("plain", token_url)
}

async fn refresh(profile: OAuthProfile, transport: CannedTransport) -> Result<TokenSet, Error> {
    OAuthClient::builder(profile, "app-1")
        .build(&context(transport))
        .unwrap()
        .refresh(&"rt-0".into())
        .await
}

async fn read(profile: OAuthProfile, status: u16, body: &Value) -> TokenSet {
    let transport = CannedTransport::new().answer(status, &body.to_string());
    refresh(profile, transport).await.unwrap()
}

/// When [`context`]'s clock starts.
fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn lasts(tokens: &TokenSet) -> Option<i64> {
    tokens
        .expires_at
        .map(|end| end.duration_since(now()).as_secs())
}

#[tokio::test(start_paused = true)]
async fn answers_in_any_dress() {
    let token = |more: Value| {
        let mut answer = json!({"access_token": "at"});
        answer
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        answer
    };
    // The answer, its lifetime, its scopes.
    let table = [
        (token(json!({})), None, &[][..]),
        (
            token(json!({"token_type": "Bearer", "expires_in": 3600})),
            Some(3600),
            &[],
        ),
        (
            token(json!({"token_type": null, "expires_in": "3600"})),
            Some(3600),
            &[],
        ),
        (
            token(json!({"token_type": 7, "expires_in": 3600.0})),
            Some(3600),
            &[],
        ),
        (token(json!({"expires_in": " 3600.9 "})), Some(3600), &[]),
        (token(json!({"expires_in": null})), None, &[]),
        (token(json!({"expires_in": 0})), None, &[]),
        (token(json!({"expires_in": -5})), None, &[]),
        (token(json!({"expires_in": "soon"})), None, &[]),
        (token(json!({"expires_in": 1e300})), None, &[]),
        (token(json!({"expires_in": {"a": 1}})), None, &[]),
        (
            token(json!({"expires_at": "2026-11-21T13:00:00Z"})),
            Some(3600),
            &[],
        ),
        (token(json!({"expiresAt": 1_795_266_000})), Some(3600), &[]),
        (token(json!({"scope": "a b"})), None, &["a", "b"]),
        (token(json!({"scope": "a,b, c"})), None, &["a", "b", "c"]),
        (
            token(json!({"scope": ["a", "b c"]})),
            None,
            &["a", "b", "c"],
        ),
        (token(json!({"scopes": ["a"]})), None, &["a"]),
        (token(json!({"scope": ""})), None, &[]),
        (token(json!({"scope": null})), None, &[]),
        (token(json!({"scope": 5})), None, &[]),
        (
            json!({"accessToken": "at", "refreshToken": "r", "expiresIn": 60}),
            Some(60),
            &[],
        ),
    ];
    for (answer, lifetime, scopes) in table {
        for status in [200, 201] {
            let tokens = read(profile(), status, &answer).await;
            assert_eq!(tokens.access_token.expose_secret(), "at", "{answer}");
            assert_eq!(lasts(&tokens), lifetime, "{answer}");
            assert_eq!(tokens.scopes, scopes, "{answer}");
            let refresh = tokens.refresh_token.map(|t| t.expose_secret().to_owned());
            assert_eq!(
                refresh.is_some(),
                answer.get("refreshToken").is_some(),
                "{answer}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_profile_says_the_rest() {
    let mut default = profile();
    default.default_expiry = Some(Duration::from_secs(7200));
    let tokens = read(default, 200, &json!({"access_token": "at"})).await;
    assert_eq!(lasts(&tokens), Some(7200));

    let mut milliseconds = profile();
    milliseconds.expires_in_milliseconds = true;
    let answer = json!({"access_token": "at", "expires_in": 3_600_000});
    assert_eq!(lasts(&read(milliseconds, 200, &answer).await), Some(3600));

    let mut inner = profile();
    inner.token_object = "/authed_user".to_owned();
    inner.extra_fields = vec![
        "team.id".to_owned(),
        "gone".to_owned(),
        "authed_user.id".to_owned(),
    ];
    let answer = json!({
        "ok": true, "access_token": "xoxb", "team": {"id": "T1"},
        "authed_user": {"id": "U1", "access_token": "xoxp", "refresh_token": "xoxe", "scope": "a,b"},
    });
    let tokens = read(inner, 200, &answer).await;
    assert_eq!(tokens.access_token.expose_secret(), "xoxp");
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "xoxe");
    assert_eq!(tokens.scopes, ["a", "b"]);
    assert_eq!(
        Value::Object(tokens.extra),
        json!({"team.id": "T1", "authed_user.id": "U1"})
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_a_token_is_kept_and_tokens_are_not() {
    let answer = json!({
        "access_token": "at", "refresh_token": "rt", "token_type": "Bearer", "expires_in": 86399,
        "scope": "a", "id_token": "jwt", "refreshTokenId": "x", "client_secret": "s",
        "userType": "Company", "companyId": "c1", "approvedLocations": ["l1"], "planId": null,
        "bot": {"id": 7, "accessToken": "y", "list": [{"token": "z", "ok": 1}]},
    });
    let tokens = read(profile(), 200, &answer).await;
    assert_eq!(
        Value::Object(tokens.extra),
        json!({
            "userType": "Company", "companyId": "c1", "approvedLocations": ["l1"],
            "bot": {"id": 7, "list": [{"ok": 1}]},
        })
    );
}

#[tokio::test(start_paused = true)]
async fn refusals_and_their_meaning() {
    use ErrorKind::{Auth, Config, Permission, RateLimited, Server};
    let mut profile = profile();
    profile.refusals = vec![
        Refusal::temporary(400, "Location is not active"),
        Refusal::invalid_grant(None, "BAD_REFRESH_TOKEN"),
        Refusal::invalid_grant(200, "invalid_refresh_token"),
    ];
    let table = [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"expired"}"#,
            Auth,
            Some("invalid_grant"),
            false,
        ),
        (
            401,
            r#"{"error":"invalid_grant"}"#,
            Auth,
            Some("invalid_grant"),
            false,
        ),
        (
            400,
            r#"{"statusCode":400,"message":"Invalid grant: refresh token is invalid"}"#,
            Auth,
            Some("invalid_grant"),
            false,
        ),
        (
            400,
            r#"{"status":"bad_refresh_token","message":"x"}"#,
            Auth,
            Some("invalid_grant"),
            false,
        ),
        (
            400,
            r#"{"statusCode":400,"message":"LOCATION is not active"}"#,
            Permission,
            Some("temporarily_refused"),
            true,
        ),
        (
            401,
            r#"{"statusCode":401,"message":"no"}"#,
            Auth,
            None,
            false,
        ),
        (
            401,
            r#"{"error":"UnAuthorized!","error_description":"Authorization code not found"}"#,
            Auth,
            None,
            false,
        ),
        (
            401,
            r#"{"error":"invalid_client"}"#,
            Auth,
            Some("invalid_client"),
            false,
        ),
        (
            400,
            r#"{"error":"unauthorized_client"}"#,
            Auth,
            Some("unauthorized_client"),
            false,
        ),
        (
            400,
            r#"{"error":"invalid_scope"}"#,
            Config,
            Some("invalid_scope"),
            false,
        ),
        (
            400,
            r#"{"error":{"type":"invalid_request","message":"x"}}"#,
            Config,
            Some("invalid_request"),
            false,
        ),
        (
            422,
            r#"{"message":["code should not be empty"]}"#,
            Auth,
            None,
            false,
        ),
        (403, "<html>blocked</html>", Permission, None, false),
        (
            429,
            r#"{"error":"invalid_grant"}"#,
            RateLimited,
            Some("invalid_grant"),
            true,
        ),
        (501, "", Server, None, false),
        (
            200,
            r#"{"ok":false,"error":"invalid_grant"}"#,
            Auth,
            Some("invalid_grant"),
            false,
        ),
        (
            200,
            r#"{"ok":false,"error":"token_revoked"}"#,
            Auth,
            Some("token_revoked"),
            false,
        ),
        (
            200,
            r#"{"error":"bad_verification_code"}"#,
            Auth,
            Some("bad_verification_code"),
            false,
        ),
    ];
    for (status, body, kind, code, retryable) in table {
        let transport = (0..5).fold(CannedTransport::new(), |transport, _| {
            transport.answer_with(status, &[("retry-after", "900")], body)
        });
        let error = refresh(profile.clone(), transport.clone())
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, code), "{body}");
        assert_eq!(error.status().unwrap().as_u16(), status, "{body}");
        assert_eq!(error.provider(), Some("plain"), "{body}");
        assert_eq!(error.operation(), Some("oauth.refresh"), "{body}");
        assert_eq!(error.is_retryable(), retryable, "{body}");
        assert_eq!(transport.sent().len(), 1, "{body}");
        assert!(error.body().is_none(), "{body}: a body may echo a secret");
    }
}

#[tokio::test(start_paused = true)]
async fn unreadable_answers_keep_their_status() {
    for (content_type, body) in [
        ("text/html", "<html>maintenance</html>"),
        ("application/json", ""),
        ("application/json", "[]"),
        ("application/json", "null"),
        ("application/json", "{\"access_token\":"),
        ("application/json", "{}"),
        ("application/json", r#"{"access_token":null}"#),
        ("application/json", r#"{"access_token":""}"#),
        ("application/json", r#"{"access_token":["a"]}"#),
        ("application/json", r#"{"access_token":"a\r\nx: 1"}"#),
        ("application/json", "not json"),
    ] {
        let transport =
            CannedTransport::new().answer_with(200, &[("content-type", content_type)], body);
        let error = refresh(profile(), transport.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert_eq!(error.provider(), Some("plain"), "{body}");
        assert_eq!(transport.sent().len(), 1, "{body}");
        if content_type == "text/html" {
            assert_eq!(error.status().unwrap().as_u16(), 200);
        }
    }
}

#[tokio::test]
async fn json_that_calls_itself_something_else_is_read() {
    let server = Server::start(|_| {
        let headers = "content-type: text/html; charset=utf-8\r\n";
        Act::answer("200 OK", headers, br#"{"access_token":"at"}"#)
    })
    .await;
    let profile = OAuthProfile::new("plain", server.url());
    let client = OAuthClient::builder(profile, "app-1").build(&real());
    let tokens = client.unwrap().refresh(&"rt-0".into()).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "at");
}
