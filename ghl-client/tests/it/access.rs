//! What a token does not allow is refused before it is sent, as far as it is known.

use std::sync::Arc;

use async_trait::async_trait;
use ghl_client::oauth::GetLocationToken;
use ghl_client::{Access, Client, ClientBuilder, Endpoint, Error, ErrorKind, TokenClasses};
use integrations_core::AccessToken;
use integrations_core::http::{CannedTransport, Grant, HttpContext, TokenSource};
use serde_json::Value;

fn with(transport: &CannedTransport, builder: ClientBuilder) -> Client {
    let context = HttpContext::builder().transport(transport.clone());
    let context = context.build().unwrap();
    builder.context(&context).build().unwrap()
}

fn private() -> ClientBuilder {
    Client::builder().private_token("pit-1")
}

/// A token of which this is known.
#[derive(Debug)]
struct Told(Option<Arc<Grant>>);

impl Told {
    fn new(user_type: impl Into<Value>, scopes: &[&str]) -> Self {
        let mut grant = Grant::default();
        grant.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        grant.extra.insert("userType".to_owned(), user_type.into());
        Self(Some(Arc::new(grant)))
    }
}

#[async_trait]
impl TokenSource for Told {
    async fn token(&self) -> ghl_client::Result<AccessToken> {
        Ok("at".into())
    }

    async fn renew(&self, _: &AccessToken) -> ghl_client::Result<Option<AccessToken>> {
        Ok(None)
    }

    async fn grant(&self) -> Option<Arc<Grant>> {
        self.0.clone()
    }
}

/// A call that a location's token with `users.readonly` allows.
async fn users(client: &Client) -> Result<(), Error> {
    let call = client.location("loc1").users().list();
    call.with_max_attempts(1).send().await.map(drop)
}

/// A call that a company's OAuth token with `oauth.write` allows.
async fn exchange(client: &Client) -> Result<(), Error> {
    let call = client.oauth().location_token("com1", "loc1");
    call.with_max_attempts(1).send().await.map(drop)
}

#[track_caller]
fn refused(result: Result<(), Error>, code: &str, says: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), Some(code), "{error}");
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert_eq!((error.attempts(), error.status()), (0, None));
    assert_eq!(error.provider(), Some("gohighlevel"));
    assert!(error.operation().is_some() && !error.is_retryable());
    assert!(error.message().contains(says), "{error}");
}

/// It reached the network, which is not there.
#[track_caller]
fn sent(result: Result<(), Error>) {
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Connect);
}

#[tokio::test(start_paused = true)]
async fn a_private_token_is_kept_from_what_refuses_it() {
    let transport = CannedTransport::new();
    let client = with(&transport, private());
    refused(
        exchange(&client).await,
        "token_class",
        "this operation refuses private integration tokens: authorize the marketplace app and use a company's OAuth token",
    );
    assert_eq!(transport.sent().len(), 0);
    // Whose it is cannot be seen, nor what it may.
    sent(users(&client).await);
    sent(
        client
            .locations()
            .search()
            .with_max_attempts(1)
            .send()
            .await
            .map(drop),
    );
    assert_eq!(transport.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_class_that_is_said_counts() {
    let transport = CannedTransport::new();
    let company = private().token_class(TokenClasses::COMPANY_PRIVATE);
    let company = with(&transport, company);
    refused(
        users(&company).await,
        "token_class",
        "this operation takes a location's token",
    );
    let location = private().token_class(TokenClasses::LOCATION_OAUTH);
    let location = with(&transport, location);
    refused(
        exchange(&location).await,
        "token_class",
        "this operation takes a company's token",
    );
    assert_eq!(transport.sent().len(), 0);
    sent(users(&location).await);
}

#[tokio::test(start_paused = true)]
async fn scopes_that_are_said_count_all_of_them() {
    let transport = CannedTransport::new();
    let client = with(&transport, private().granted_scopes(["contacts.readonly"]));
    refused(
        users(&client).await,
        "missing_scope",
        "missing scope users.readonly: add it to the private integration",
    );
    let none = with(&transport, private().granted_scopes([""; 0]));
    refused(users(&none).await, "missing_scope", "users.readonly");
    assert_eq!(transport.sent().len(), 0);
    let both = ["contacts.readonly", "users.readonly"];
    sent(users(&with(&transport, private().granted_scopes(both))).await);
}

#[tokio::test(start_paused = true)]
async fn what_the_token_endpoint_said_counts() {
    let transport = CannedTransport::new();
    let of = |told| with(&transport, Client::builder().tokens(told));
    let company = of(Told::new("Company", &["oauth.readonly"]));
    refused(users(&company).await, "token_class", "a location's token");
    refused(exchange(&company).await, "missing_scope", "oauth.write");
    let location = of(Told::new("Location", &["contacts.readonly"]));
    refused(
        exchange(&location).await,
        "token_class",
        "a company's token",
    );
    refused(users(&location).await, "missing_scope", "users.readonly");
    assert_eq!(transport.sent().len(), 0);

    // Of nothing nothing follows.
    sent(users(&of(Told(None))).await);
    sent(users(&of(Told::new("Location", &[]))).await);
    sent(users(&of(Told::new("Reseller", &["users.readonly"]))).await);
    sent(users(&of(Told::new(7, &["users.readonly"]))).await);
    sent(exchange(&of(Told::new("Company", &["oauth.write"]))).await);
}

#[tokio::test(start_paused = true)]
async fn another_token_is_another_matter() {
    let transport = CannedTransport::new();
    let client = with(&transport, private().granted_scopes(["contacts.readonly"]));
    let other = client.with_tokens(Told(None), "loc1");
    sent(users(&other).await);
    assert_eq!(other.access().await, Access::UNKNOWN);
    let told = client.with_tokens(Told::new("Company", &["a"]), "com1");
    assert_eq!(told.access().await.classes, TokenClasses::COMPANY_OAUTH);
}

#[tokio::test(start_paused = true)]
async fn the_check_can_be_turned_off_and_a_raw_call_has_none() {
    let transport = CannedTransport::new();
    let client = with(
        &transport,
        private().granted_scopes(["x"]).check_access(false),
    );
    sent(exchange(&client).await);
    sent(users(&client).await);
    let told = Told::new("Company", &["x"]);
    sent(users(&client.with_tokens(told, "com1")).await);

    let client = with(&transport, private().granted_scopes(["x"]));
    let raw = client.request(http::Method::POST, "/oauth/locationToken");
    let error = raw.send::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_token_says_so() {
    let transport = CannedTransport::new();
    let client = with(&transport, Client::builder().without_token());
    let error = users(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("no_token"))
    );
    assert_eq!(transport.sent().len(), 0);
    // A raw call leaves without one.
    let raw = client.request(http::Method::GET, "/public");
    raw.send::<Value>().await.unwrap_err();
    assert!(
        transport
            .sent()
            .iter()
            .all(|sent| !sent.headers.contains_key("authorization"))
    );
}

#[test]
fn an_access_sorts_operations() {
    let mut access = Access::UNKNOWN;
    let all = ghl_client::operations();
    assert!(all.iter().all(|spec| access.check(spec).is_ok()));
    access.classes = TokenClasses::LOCATION_PRIVATE;
    let refused: Vec<_> = all
        .iter()
        .filter(|spec| access.check(spec).is_err())
        .map(|spec| spec.operation.name)
        .collect();
    assert!(refused.contains(&GetLocationToken::SPEC.operation.name));
    assert!(!refused.contains(&"contacts.get"));
    access.scopes = Some(Arc::new(["contacts.readonly".to_owned()].into()));
    let allowed = |name: &str| {
        let spec = all.iter().find(|spec| spec.operation.name == name);
        access.check(spec.unwrap()).is_ok()
    };
    assert!(allowed("contacts.get") && !allowed("contacts.create"));
}
