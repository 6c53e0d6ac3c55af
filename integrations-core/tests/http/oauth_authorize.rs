//! Authorizations: URL, state, PKCE, callback.

use std::collections::HashMap;
use std::time::Duration;

use integrations_core::http::{Body, CannedTransport};
use integrations_core::oauth::{
    Authorize, Callback, MemoryStateStore, OAuthClient, OAuthProfile, PendingAuthorization, Pkce,
    StateStore,
};
use integrations_core::{Error, ErrorKind, IntegrationId, TenantId};
use url::Url;

use crate::support::{RuntimeClock, context};

const GOOD: &str = r#"{"access_token":"at","refresh_token":"rt","expires_in":60}"#;

struct Login {
    client: OAuthClient,
    states: MemoryStateStore,
    transport: CannedTransport,
    tenant: TenantId,
    integration: IntegrationId,
}

fn login(change: impl FnOnce(&mut OAuthProfile)) -> Login {
    let token_url = "https://auth.plain.example/token".parse().unwrap();
    let mut profile = OAuthProfile::new("plain", token_url);
    profile.authorization_url = Some("https://plain.example/authorize".parse().unwrap());
    profile.default_scopes = vec!["contacts.read".to_owned(), "contacts.write".to_owned()];
    change(&mut profile);
    let transport = CannedTransport::new().answer(200, GOOD).answer(200, GOOD);
    let context = context(transport.clone());
    Login {
        client: OAuthClient::builder(profile, "app-1")
            .client_secret("s")
            .redirect_uri("https://app.example/callback".parse().unwrap())
            .build(&context)
            .unwrap(),
        states: MemoryStateStore::with_clock(RuntimeClock::start()),
        transport,
        tenant: TenantId::new("acme").unwrap(),
        integration: IntegrationId::new(),
    }
}

impl Login {
    async fn start(&self) -> HashMap<String, String> {
        let ask = Authorize::new(self.tenant.clone(), self.integration);
        let request = self.client.authorize(ask, &self.states).await.unwrap();
        request.url.query_pairs().into_owned().collect()
    }

    async fn complete(
        &self,
        callback: &str,
        tenant: &TenantId,
    ) -> Result<PendingAuthorization, Error> {
        let callback = Callback::parse(callback);
        let done = self.client.complete(&callback, tenant, &self.states).await;
        done.map(|(_, pending)| pending)
    }

    fn form(&self) -> HashMap<String, String> {
        match &self.transport.sent().last().unwrap().body {
            Body::Bytes(bytes) => url::form_urlencoded::parse(bytes).into_owned().collect(),
            _ => panic!("no form"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_whole_way() {
    let login = login(|_| {});
    let query = login.start().await;
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], "app-1");
    assert_eq!(query["redirect_uri"], "https://app.example/callback");
    assert_eq!(query["scope"], "contacts.read contacts.write");
    assert_eq!(query["code_challenge_method"], "S256");
    assert!(query["state"].len() >= 43, "256 bits: {}", query["state"]);

    let callback = format!(
        "https://app.example/callback?code=c0de&state={}",
        query["state"]
    );
    let pending = login.complete(&callback, &login.tenant).await.unwrap();
    assert_eq!(pending.integration, login.integration);
    let form = login.form();
    assert_eq!(form["code"], "c0de");
    assert_eq!(form["redirect_uri"], "https://app.example/callback");
    let challenge = {
        use sha2::Digest;
        sha2::Sha256::digest(form["code_verifier"].as_bytes())
    };
    use base64::Engine;
    assert_eq!(
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(challenge),
        query["code_challenge"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_state_is_used_once() {
    let login = login(|_| {});
    let state = login.start().await["state"].clone();
    let callback = format!("/callback?state={state}&code=c0de");
    login.complete(&callback, &login.tenant).await.unwrap();
    let error = login.complete(&callback, &login.tenant).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(error.code(), Some("state_unknown"));
    assert_eq!(
        login.transport.sent().len(),
        1,
        "the code is not sent again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_authorization_uses_its_state_up_too() {
    let login = login(|_| {});
    let state = login.start().await["state"].clone();
    let declined = format!("state={state}&error=access_denied");
    let error = login.complete(&declined, &login.tenant).await.unwrap_err();
    assert_eq!(error.code(), Some("access_denied"));
    let later = format!("state={state}&code=c0de");
    let error = login.complete(&later, &login.tenant).await.unwrap_err();
    assert_eq!(error.code(), Some("state_unknown"));
}

#[tokio::test(start_paused = true)]
async fn promise_12_another_tenant_cannot_use_a_state_nor_use_it_up() {
    let login = login(|_| {});
    let state = login.start().await["state"].clone();
    let callback = format!("?state={state}&code=c0de");
    let other = TenantId::new("other").unwrap();
    let error = login.complete(&callback, &other).await.unwrap_err();
    assert_eq!(error.code(), Some("state_unknown"));
    assert!(login.transport.sent().is_empty());
    login.complete(&callback, &login.tenant).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_state_expires() {
    let login = login(|_| {});
    let state = login.start().await["state"].clone();
    tokio::time::sleep(Duration::from_secs(601)).await;
    let callback = format!("?state={state}&code=c0de");
    let error = login.complete(&callback, &login.tenant).await.unwrap_err();
    assert_eq!(error.code(), Some("state_unknown"));
    assert!(login.transport.sent().is_empty());
}

/// A store that hands out whatever it has.
#[derive(Debug)]
struct Careless(std::sync::Mutex<Option<PendingAuthorization>>);

#[async_trait::async_trait]
impl StateStore for Careless {
    async fn put(&self, pending: &PendingAuthorization) -> Result<(), Error> {
        *self.0.lock().unwrap() = Some(pending.clone());
        Ok(())
    }

    async fn take(
        &self,
        _: &TenantId,
        _: &integrations_core::SecretString,
    ) -> Result<Option<PendingAuthorization>, Error> {
        Ok(self.0.lock().unwrap().clone())
    }
}

#[tokio::test(start_paused = true)]
async fn a_careless_store_does_not_open_the_door() {
    let login = login(|_| {});
    let store = Careless(std::sync::Mutex::default());
    let ask = Authorize::new(login.tenant.clone(), login.integration);
    login.client.authorize(ask, &store).await.unwrap();
    let callback = Callback::parse("state=x&code=y");
    let other = TenantId::new("other").unwrap();
    let complete = |tenant| login.client.complete(&callback, tenant, &store);
    assert_eq!(
        complete(&other).await.unwrap_err().code(),
        Some("state_unknown")
    );
    // Started for another redirect URI: for another provider's application, say.
    let mut pending = store.0.lock().unwrap().clone().unwrap();
    pending.redirect_uri = "https://app.example/other".to_owned();
    store.put(&pending).await.unwrap();
    let error = complete(&login.tenant).await.unwrap_err();
    assert_eq!(error.code(), Some("state_unknown"));
    assert!(login.transport.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn states_are_random() {
    let login = login(|_| {});
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100 {
        let query = login.start().await;
        assert!(seen.insert(query["state"].clone()));
        assert!(seen.insert(query["code_challenge"].clone()));
    }
}

#[tokio::test(start_paused = true)]
async fn pkce_is_sent_where_the_provider_takes_it() {
    for (pkce, sent) in [
        (Pkce::Required, true),
        (Pkce::Supported, true),
        (Pkce::Ignored, false),
        (Pkce::Rejected, false),
    ] {
        let login = login(|profile| profile.pkce = pkce);
        let query = login.start().await;
        assert_eq!(query.contains_key("code_challenge"), sent, "{pkce:?}");
        assert_eq!(
            query.contains_key("code_challenge_method"),
            sent,
            "{pkce:?}"
        );
        let callback = format!("state={}&code=c0de", query["state"]);
        let pending = login.complete(&callback, &login.tenant).await.unwrap();
        assert_eq!(pending.pkce_verifier.is_some(), sent, "{pkce:?}");
        assert_eq!(login.form().contains_key("code_verifier"), sent, "{pkce:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn callbacks_of_every_kind() {
    let table = [
        ("code=c0de", ErrorKind::Auth, "state_unknown"),
        ("state=&code=c0de", ErrorKind::Auth, "state_unknown"),
        ("state=made-up&code=c0de", ErrorKind::Auth, "state_unknown"),
        (
            "state={s}&state=b&code=c0de",
            ErrorKind::Auth,
            "state_unknown",
        ),
        ("state={s}", ErrorKind::Auth, "code_missing"),
        ("state={s}&code=", ErrorKind::Auth, "code_missing"),
        ("state={s}&code=a&code=b", ErrorKind::Auth, "code_missing"),
        (
            "state={s}&error=access_denied",
            ErrorKind::Auth,
            "access_denied",
        ),
        (
            "state={s}&error=server_error",
            ErrorKind::Server,
            "server_error",
        ),
        (
            "state={s}&error=invalid_scope",
            ErrorKind::Config,
            "invalid_scope",
        ),
        (
            "state={s}&error=<script>&code=c",
            ErrorKind::Auth,
            "authorization_refused",
        ),
    ];
    for (callback, kind, code) in table {
        let login = login(|_| {});
        let state = login.start().await["state"].clone();
        let text = callback.replace("{s}", &state);
        let error = login.complete(&text, &login.tenant).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (kind, Some(code)),
            "{callback}"
        );
        assert!(!format!("{error} {error:?}").contains("script"));
        assert!(login.transport.sent().is_empty(), "{callback}");
    }
}

async fn url_of(login: &Login, ask: Authorize) -> Url {
    login
        .client
        .authorize(ask, &login.states)
        .await
        .unwrap()
        .url
}

#[tokio::test(start_paused = true)]
async fn urls_in_the_providers_own_way() {
    let login = login(|profile| {
        profile.scope_separator = ",".to_owned();
        profile.renamed_params = vec![("client_id".to_owned(), "client_key".to_owned())];
        profile.authorization_params = vec![
            ("access_type".to_owned(), "offline".to_owned()),
            ("response_type".to_owned(), "code".to_owned()),
        ];
    });
    let ask = || Authorize::new(login.tenant.clone(), login.integration);
    let own = ask()
        .scopes(["a b", "c"])
        .param("login_hint", "jane@example.com")
        .url(
            "https://white.label.example/choose?version_id=7"
                .parse()
                .unwrap(),
        );
    let url = url_of(&login, own).await;
    assert_eq!(url.host_str(), Some("white.label.example"));
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let get = |name: &str| {
        let mut found = query
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, v)| v.as_str());
        let first = found.next();
        assert_eq!(found.next(), None, "{name} is there once");
        first
    };
    assert_eq!(get("version_id"), Some("7"));
    assert_eq!(get("scope"), Some("a b,c"));
    assert_eq!(get("client_key"), Some("app-1"));
    assert_eq!(get("client_id"), None);
    assert_eq!(get("access_type"), Some("offline"));
    assert_eq!(get("response_type"), Some("code"));
    assert_eq!(get("login_hint"), Some("jane@example.com"));

    let fragment = ask().url("https://app.example/#/oauth/authorize".parse().unwrap());
    let url = url_of(&login, fragment).await;
    assert_eq!(url.query(), None);
    let fragment = url.fragment().unwrap();
    assert!(
        fragment.starts_with("/oauth/authorize?response_type=code&"),
        "{fragment}"
    );
    assert!(fragment.contains("&state="));
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_named() {
    let no_page = login(|profile| profile.authorization_url = None);
    let ask = || Authorize::new(no_page.tenant.clone(), no_page.integration);
    let error = no_page
        .client
        .authorize(ask(), &no_page.states)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("authorization URL"), "{error}");

    let profile = login(|_| {}).client.profile().clone();
    let client = OAuthClient::builder(profile, "app-1").build(&context(CannedTransport::new()));
    let error = client
        .unwrap()
        .authorize(ask(), &no_page.states)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("redirect URI"), "{error}");
    let empty = no_page.client.profile().clone();
    assert!(
        OAuthClient::builder(empty, "")
            .build(&context(CannedTransport::new()))
            .is_err()
    );
}
