//! What token requests look like on the wire.

use http::HeaderMap;
use integrations_core::ErrorKind;
use integrations_core::http::{Body, CannedTransport, Outgoing, TransportFailure};
use integrations_core::oauth::{ClientAuth, OAuthClient, OAuthProfile, TokenBody, TokenSet};
use serde_json::{Value, json};

use crate::sockets::{Act, Server, real};
use crate::support::context;

const GOOD: &str = r#"{"access_token":"at","expires_in":60}"#;

fn profile() -> OAuthProfile {
    let token_url = "https://auth.plain.example/oauth/token".parse().unwrap();
    OAuthProfile::new("plain", token_url)
}

fn client(profile: OAuthProfile, transport: &CannedTransport) -> OAuthClient {
    OAuthClient::builder(profile, "app-1")
        .client_secret("app secret/1")
        .build(&context(transport.clone()))
        .unwrap()
}

fn text(sent: &Outgoing) -> String {
    match &sent.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        _ => String::new(),
    }
}

fn form(sent: &Outgoing) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = url::form_urlencoded::parse(text(sent).as_bytes())
        .into_owned()
        .collect();
    pairs.sort();
    pairs
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_refresh_as_the_standard_has_it() {
    let transport = CannedTransport::new().answer(200, GOOD);
    let client = client(profile(), &transport);
    client.refresh(&"rt &=1".into()).await.unwrap();
    let sent = &transport.sent()[0];
    assert_eq!(sent.method, http::Method::POST);
    assert_eq!(sent.url.as_str(), "https://auth.plain.example/oauth/token");
    assert_eq!(header(&sent.headers, "accept"), Some("application/json"));
    assert_eq!(
        header(&sent.headers, "content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(header(&sent.headers, "authorization"), None);
    assert_eq!(
        form(sent),
        pairs(&[
            ("client_id", "app-1"),
            ("client_secret", "app secret/1"),
            ("grant_type", "refresh_token"),
            ("refresh_token", "rt &=1"),
        ])
    );
}

#[tokio::test]
async fn a_code_exchange_with_everything() {
    let transport = CannedTransport::new().answer(201, GOOD);
    let mut profile = profile();
    profile.exchange_params = pairs(&[("user_type", "Location")]);
    let redirect = "https://app.example/callback?x=1".parse().unwrap();
    client(profile, &transport)
        .exchange_code(&"c0de".into(), Some(&redirect), Some(&"verifier".into()))
        .await
        .unwrap();
    assert_eq!(
        form(&transport.sent()[0]),
        pairs(&[
            ("client_id", "app-1"),
            ("client_secret", "app secret/1"),
            ("code", "c0de"),
            ("code_verifier", "verifier"),
            ("grant_type", "authorization_code"),
            ("redirect_uri", "https://app.example/callback?x=1"),
            ("user_type", "Location"),
        ])
    );
}

#[tokio::test]
async fn json_with_other_names_and_headers() {
    let transport = CannedTransport::new().answer(200, GOOD);
    let mut profile = profile();
    profile.token_body = TokenBody::Json;
    profile.token_headers = pairs(&[("Version", "v3")]);
    profile.refresh_params = pairs(&[("user_type", "Company")]);
    profile.renamed_params = pairs(&[
        ("client_id", "clientId"),
        ("client_secret", "clientSecret"),
        ("grant_type", "grantType"),
        ("refresh_token", "refreshToken"),
        ("user_type", "userType"),
    ]);
    let client = client(profile, &transport);
    client.refresh(&"rt".into()).await.unwrap();
    let sent = &transport.sent()[0];
    assert_eq!(
        header(&sent.headers, "content-type"),
        Some("application/json")
    );
    assert_eq!(header(&sent.headers, "version"), Some("v3"));
    assert_eq!(
        serde_json::from_str::<Value>(&text(sent)).unwrap(),
        json!({
            "clientId": "app-1", "clientSecret": "app secret/1",
            "grantType": "refresh_token", "refreshToken": "rt", "userType": "Company",
        })
    );
}

#[tokio::test]
async fn basic_authentication_keeps_the_secret_out_of_the_body() {
    let transport = CannedTransport::new().answer(200, GOOD);
    let mut profile = profile();
    profile.client_auth = ClientAuth::Basic;
    let client = client(profile, &transport);
    client.refresh(&"rt".into()).await.unwrap();
    let sent = &transport.sent()[0];
    // base64("app-1:app+secret%2F1"), encoded as RFC 6749 section 2.3.1 wants it.
    assert_eq!(
        header(&sent.headers, "authorization"),
        Some("Basic YXBwLTE6YXBwK3NlY3JldCUyRjE=")
    );
    assert!(sent.headers["authorization"].is_sensitive());
    assert!(!text(sent).contains("client"), "{}", text(sent));
}

#[tokio::test]
async fn client_credentials_join_their_scopes() {
    let transport = CannedTransport::new().answer(200, GOOD);
    let mut profile = profile();
    profile.scope_separator = ",".to_owned();
    let scopes = ["a".to_owned(), "b".to_owned()];
    let client = client(profile, &transport);
    client.client_credentials(&scopes).await.unwrap();
    let sent = form(&transport.sent()[0]);
    assert!(sent.contains(&("scope".into(), "a,b".into())), "{sent:?}");
    assert!(sent.contains(&("grant_type".into(), "client_credentials".into())));
}

#[tokio::test]
async fn a_token_url_keeps_its_query() {
    let transport = CannedTransport::new().answer(200, GOOD);
    let mut profile = profile();
    profile.token_url = "https://auth.plain.example/t?tenant=a%20b".parse().unwrap();
    client(profile, &transport)
        .refresh(&"rt".into())
        .await
        .unwrap();
    let url = transport.sent()[0].url.clone();
    assert_eq!(url.as_str(), "https://auth.plain.example/t?tenant=a+b");
}

#[tokio::test]
async fn revocation_sends_the_refresh_token() {
    let transport = CannedTransport::new()
        .answer(200, "")
        .answer(200, "<html>")
        .answer(400, r#"{"error":"invalid_token"}"#)
        .answer(401, r#"{"error":"invalid_client"}"#);
    let mut profile = profile();
    profile.revoke_url = Some("https://revoke.plain.example/revoke".parse().unwrap());
    let client = client(profile, &transport);
    let mut tokens = TokenSet::new("at");
    assert!(client.revoke(&tokens).await.unwrap());
    tokens.refresh_token = Some("rt".into());
    assert!(client.revoke(&tokens).await.unwrap());
    assert!(client.revoke(&tokens).await.unwrap(), "ended already");
    let error = client.revoke(&tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    let sent = transport.sent();
    assert_eq!(sent[0].url.as_str(), "https://revoke.plain.example/revoke");
    let has =
        |n: usize, name: &str, value: &str| form(&sent[n]).contains(&(name.into(), value.into()));
    assert!(has(0, "token", "at") && has(0, "token_type_hint", "access_token"));
    assert!(has(1, "token", "rt") && has(1, "token_type_hint", "refresh_token"));
    assert!(has(1, "client_secret", "app secret/1"));
}

#[tokio::test]
async fn without_a_revocation_endpoint_nothing_is_sent() {
    let transport = CannedTransport::new();
    let client = client(profile(), &transport);
    assert!(!client.revoke(&TokenSet::new("at")).await.unwrap());
    assert!(transport.sent().is_empty());
}

#[tokio::test]
async fn token_urls_must_be_encrypted() {
    for (field, url) in [
        (0, "http://auth.plain.example/t"),
        (1, "http://auth.plain.example/r"),
    ] {
        let mut profile = profile();
        match field {
            0 => profile.token_url = url.parse().unwrap(),
            _ => profile.revoke_url = Some(url.parse().unwrap()),
        }
        let built = OAuthClient::builder(profile, "app-1").build(&context(CannedTransport::new()));
        assert_eq!(built.unwrap_err().kind(), ErrorKind::Config);
    }
}

#[tokio::test(start_paused = true)]
async fn promise_09_a_code_and_a_rotating_token_are_sent_once() {
    let failures = || {
        CannedTransport::new()
            .fail(TransportFailure::Broken)
            .answer(200, GOOD)
    };
    let transport = failures();
    let error = client(profile(), &transport)
        .exchange_code(&"c0de".into(), None, None)
        .await
        .unwrap_err();
    assert!(error.is_outcome_unknown());
    assert_eq!(transport.sent().len(), 1);

    let transport = failures();
    let error = client(profile(), &transport).refresh(&"rt".into()).await;
    assert!(error.unwrap_err().is_outcome_unknown());
    assert_eq!(transport.sent().len(), 1);

    let transport = failures();
    let mut lasting = profile();
    lasting.rotates = false;
    client(lasting, &transport)
        .refresh(&"rt".into())
        .await
        .unwrap();
    assert_eq!(transport.sent().len(), 2);

    let transport = failures();
    client(profile(), &transport)
        .client_credentials(&[])
        .await
        .unwrap();
    assert_eq!(transport.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_never_left_or_was_refused_unprocessed_is_sent_again() {
    let transport = CannedTransport::new()
        .fail(TransportFailure::Connect)
        .answer_with(429, &[("retry-after", "2")], "")
        .answer(200, GOOD);
    client(profile(), &transport)
        .refresh(&"rt".into())
        .await
        .unwrap();
    assert_eq!(transport.sent().len(), 3);
}

#[tokio::test]
async fn token_calls_over_a_real_socket() {
    let thief = Server::start(|_| Act::json(GOOD)).await;
    let location = format!(
        "content-type: application/json\r\nlocation: {}\r\n",
        thief.url()
    );
    let huge = format!(
        r#"{{"access_token":"at","pad":"{}"}}"#,
        "x".repeat(2_000_000)
    );
    let server = Server::start(move |index| match index {
        0 => Act::answer(
            "201 Created",
            "content-type: application/json\r\n",
            GOOD.as_bytes(),
        ),
        1 => Act::answer("307 Temporary Redirect", &location, b"{}"),
        2 => Act::json(&huge),
        _ => Act::json(""),
    })
    .await;
    let mut profile = profile();
    profile.token_url = format!("{}oauth/token", server.url()).parse().unwrap();
    profile.revoke_url = Some(profile.token_url.clone());
    let client = OAuthClient::builder(profile, "app-1")
        .client_secret("s")
        .build(&real())
        .unwrap();
    assert_eq!(
        client
            .refresh(&"rt".into())
            .await
            .unwrap()
            .access_token
            .expose_secret(),
        "at"
    );
    let error = client.refresh(&"rt".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert_eq!(thief.connections(), 0);
    let error = client.refresh(&"rt".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "too large");
    assert!(
        client.revoke(&TokenSet::new("at")).await.unwrap(),
        "on this machine http is fine"
    );
}
