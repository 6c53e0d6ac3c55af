//! The page where a user chooses a location.

use std::collections::BTreeMap;

use ghl_client::oauth::{self, ChooseLocation, app_of};
use integrations_core::http::{CannedTransport, HttpContext};
use integrations_core::oauth::{Callback, MemoryStateStore, OAuthClient};
use integrations_core::{ErrorKind, IntegrationId, TenantId};

const REDIRECT: &str = "https://app.example.com/oauth/callback";

fn client(transport: &CannedTransport) -> OAuthClient {
    let context = HttpContext::builder().transport(transport.clone());
    OAuthClient::builder(oauth::profile(), "app1-abcd")
        .client_secret("app-secret")
        .redirect_uri(REDIRECT.parse().unwrap())
        .build(&context.build().unwrap())
        .unwrap()
}

fn ask() -> ChooseLocation {
    let tenant = TenantId::new("acme").unwrap();
    ChooseLocation::new(tenant, IntegrationId::new())
        .scopes(["contacts.readonly", "conversations/message.write"])
}

/// The page, and its query.
async fn page(ask: ChooseLocation) -> (String, BTreeMap<String, String>) {
    let client = client(&CannedTransport::new());
    let request = client
        .authorize(ask.into(), &MemoryStateStore::new())
        .await
        .unwrap();
    let query = request.url.query_pairs().into_owned();
    let pairs: BTreeMap<_, _> = query.collect();
    assert_eq!(pairs.len(), request.url.query_pairs().count());
    let mut url = request.url.clone();
    url.set_query(None);
    (url.into(), pairs)
}

#[tokio::test]
async fn the_page_has_what_is_documented_and_a_state() {
    let (url, query) = page(ask()).await;
    let expected = "https://marketplace.gohighlevel.com/v2/oauth/chooselocation";
    assert_eq!(url, expected);
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], "app1-abcd");
    assert_eq!(query["redirect_uri"], REDIRECT);
    assert_eq!(
        query["scope"],
        "contacts.readonly conversations/message.write"
    );
    assert!(query["state"].len() >= 43, "256 bits");
    assert_eq!(query.len(), 5, "{query:?}");
    let (_, again) = page(ask()).await;
    assert_ne!(query["state"], again["state"]);
}

#[tokio::test]
async fn white_label_same_tab_and_version_are_added() {
    let (url, query) = page(
        ask()
            .white_label()
            .same_tab()
            .version("ver1")
            .param("x", "y"),
    )
    .await;
    let expected = "https://marketplace.leadconnectorhq.com/v2/oauth/chooselocation";
    assert_eq!(url, expected);
    assert_eq!(query["loginWindowOpenMode"], "self");
    assert_eq!(query["version_id"], "ver1");
    assert_eq!(query["x"], "y");
    assert!(query.contains_key("state"));
}

#[tokio::test]
async fn a_callback_with_another_state_is_refused_and_no_code_is_sent() {
    let transport = CannedTransport::new();
    let client = client(&transport);
    let states = MemoryStateStore::new();
    client.authorize(ask().into(), &states).await.unwrap();
    let tenant = TenantId::new("acme").unwrap();
    for back in ["?code=c", "?code=c&state=guessed"] {
        let callback = Callback::parse(&format!("{REDIRECT}{back}"));
        let error = client.complete(&callback, &tenant, &states).await;
        let error = error.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Auth, Some("state_unknown"))
        );
    }
    assert_eq!(transport.sent().len(), 0);
}

#[test]
fn a_client_id_names_its_app() {
    let id = app_of("6512a8e0c1f2a30f1b2c3d4e-lm0abcde");
    assert_eq!(id.as_str(), "6512a8e0c1f2a30f1b2c3d4e");
    assert_eq!(app_of("noDash").as_str(), "noDash");
}
