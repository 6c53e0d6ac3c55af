//! No secret of an OAuth exchange is ever shown.

use std::sync::Arc;

use integrations_core::http::{CannedTransport, TokenSource};
use integrations_core::oauth::{
    Authorize, Callback, ClientAuth, MemoryLeaseStore, MemoryStateStore, MemoryTokenStore,
    OAuthClient, OAuthProfile, OAuthTokens, TokenKey, TokenSet, TokenStore,
};
use integrations_core::{IntegrationId, TenantId};

use crate::redaction::Collected;
use crate::support::{RuntimeClock, context, everything};

const SECRETS: [&str; 8] = [
    "planted-access",
    "planted-refresh",
    "planted-client-secret",
    "planted-code",
    "planted-verifier",
    "planted-new-access",
    "planted-new-refresh",
    "planted-extra",
];

/// Answers that hold what was sent, or what was to come.
fn answers() -> Vec<(u16, &'static str, String)> {
    let echo = SECRETS.join(" ");
    let json = "application/json";
    vec![
        (
            200,
            json,
            r#"{"access_token":"planted-new-access\n"}"#.to_owned(),
        ),
        (
            200,
            json,
            r#"{"access_token":"planted-new-access","refresh_token":"planted-new-refresh""#
                .to_owned(),
        ),
        (
            200,
            json,
            r#"{"access_token":["planted-new-access"]}"#.to_owned(),
        ),
        (200, json, r#"["planted-new-access"]"#.to_owned()),
        (200, json, "planted-new-access".to_owned()),
        (200, "text/html", format!("<html>{echo}</html>")),
        (200, "image/png", echo.clone()),
        (
            200,
            json,
            r#"{"ok":false,"error":"planted-refresh"}"#.to_owned(),
        ),
        (
            400,
            json,
            format!(r#"{{"error":"invalid_grant","error_description":"{echo}"}}"#),
        ),
        (400, json, r#"{"error":"planted-refresh"}"#.to_owned()),
        (
            400,
            json,
            format!(r#"{{"error":{{"code":"{echo}","type":"planted-code"}}}}"#),
        ),
        (
            401,
            json,
            format!(r#"{{"statusCode":401,"message":"bad {echo}"}}"#),
        ),
        (403, "text/html", echo.clone()),
        (422, json, format!(r#"{{"errors":["{echo}"]}}"#)),
        (302, "text/html", echo.clone()),
        (500, "text/plain", echo),
    ]
}

#[tokio::test(start_paused = true)]
async fn promise_07_no_answer_of_a_token_endpoint_is_shown() {
    let (log, _guard) = Collected::start();
    let _metrics = metrics::set_default_local_recorder(&log);
    let mut shown = String::new();
    for client_auth in [ClientAuth::Body, ClientAuth::Basic] {
        for (status, content_type, body) in answers() {
            let transport = CannedTransport::new();
            let headers = [("location", "https://evil.example/?c=planted-code")];
            let answer = |transport: CannedTransport| {
                let body = if body.starts_with(['{', '[']) {
                    body.clone()
                } else {
                    format!(" {body}")
                };
                let mut all = headers.to_vec();
                if !body.starts_with(['{', '[']) {
                    all.push(("content-type", content_type));
                }
                transport.answer_with(status, &all, &body)
            };
            let transport = (0..9).fold(transport, |transport, _| answer(transport));
            let url = "https://auth.plain.example/token?k=planted-extra";
            let mut profile = OAuthProfile::new("plain", url.parse().unwrap());
            profile.client_auth = client_auth;
            let client = OAuthClient::builder(profile, "app-1")
                .client_secret("planted-client-secret")
                .build(&context(transport))
                .unwrap();
            shown.push_str(&format!("{client:?}"));
            let refresh = client.refresh(&"planted-refresh".into()).await;
            let verifier = "planted-verifier".into();
            let exchange = client
                .exchange_code(&"planted-code".into(), None, Some(&verifier))
                .await;
            let credentials = client.client_credentials(&[]).await;
            for result in [refresh, exchange, credentials] {
                let error = result.expect_err(&body);
                shown.push_str(&everything(&error));
                let kept = error.body().map(|body| body.to_vec()).unwrap_or_default();
                shown.push_str(&String::from_utf8_lossy(&kept));
            }
        }
    }
    let logged = log.text();
    assert!(logged.contains("oauth.refresh"), "{logged}");
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{secret}:\n{shown}");
        assert!(!logged.contains(secret), "{secret}:\n{logged}");
    }
}

#[tokio::test(start_paused = true)]
async fn promise_07_a_whole_life_of_tokens_is_not_shown() {
    let (log, _guard) = Collected::start();
    let _metrics = metrics::set_default_local_recorder(&log);
    let good = r#"{"access_token":"planted-new-access","refresh_token":"planted-new-refresh","account":"planted-extra"}"#;
    let transport = CannedTransport::new()
        .answer(200, good)
        .answer(200, good)
        .answer(
            400,
            r#"{"error":"invalid_grant","error_description":"planted-refresh"}"#,
        );
    let mut profile =
        OAuthProfile::new("plain", "https://auth.plain.example/token".parse().unwrap());
    profile.authorization_url = Some("https://plain.example/authorize".parse().unwrap());
    let client = OAuthClient::builder(profile, "app-1")
        .client_secret("planted-client-secret")
        .redirect_uri("https://app.example/callback".parse().unwrap())
        .build(&context(transport))
        .unwrap();
    let (tenant, integration) = (TenantId::new("acme").unwrap(), IntegrationId::new());
    let states = MemoryStateStore::with_clock(RuntimeClock::start());
    let ask = Authorize::new(tenant.clone(), integration);
    let mut shown = format!("{ask:?}");
    let request = client.authorize(ask, &states).await.unwrap();
    let state = request
        .url
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap();
    let state = state.1.into_owned();
    let callback = Callback::parse(&format!("code=planted-code&state={state}"));
    shown.push_str(&format!("{request:?} {callback:?} {states:?}"));
    let (tokens, pending) = client.complete(&callback, &tenant, &states).await.unwrap();
    shown.push_str(&format!("{tokens:?} {pending:?}"));

    let store = MemoryTokenStore::new();
    let key = TokenKey::new(tenant, integration);
    let source = OAuthTokens::builder(
        client,
        key.clone(),
        Arc::new(store.clone()),
        Arc::new(MemoryLeaseStore::new()),
    );
    shown.push_str(&format!("{source:?}"));
    let source = source.build().unwrap();
    source.install(&tokens).await.unwrap();
    let token = source.token().await.unwrap();
    let renewed: TokenSet = {
        source.renew(&token).await.unwrap();
        store.load(&key).await.unwrap().unwrap().tokens
    };
    shown.push_str(&format!(
        "{renewed:?} {:?}",
        store.load(&key).await.unwrap()
    ));
    tokio::time::sleep(std::time::Duration::from_secs(31)).await;
    let dead = source.renew(&renewed.access_token).await.unwrap_err();
    shown.push_str(&everything(&dead));
    shown.push_str(&format!("{source:?} {store:?}"));

    let logged = log.text();
    assert!(
        logged.contains("integrations_oauth_refreshes_total"),
        "{logged}"
    );
    for secret in SECRETS.iter().copied().chain([state.as_str()]) {
        assert!(!shown.contains(secret), "{secret}:\n{shown}");
        assert!(!logged.contains(secret), "{secret}:\n{logged}");
    }
}
