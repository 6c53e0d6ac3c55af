//! A whole life of a company's installation against the simulated provider, over real HTTP.

use std::sync::Arc;

use futures_util::TryStreamExt;
use ghl_client::oauth::{
    ChooseLocation, Installation, Lifecycle, LocationTokens, for_company, is_location_inactive,
    profile, profile_at,
};
use ghl_client::{Client, ErrorKind, TokenClasses};
use integrations_core::http::{HttpContext, TokenSource};
use integrations_core::oauth::{
    Callback, MemoryLeaseStore, MemoryStateStore, MemoryTokenStore, OAuthClient, OAuthTokens,
    TokenKey,
};
use integrations_core::{IntegrationId, TenantId};
use integrations_testkit::SimulatedGhl;
use integrations_testkit::ghl::{App, AppSpec, UserType};
use serde_json::json;

const REDIRECT: &str = "https://app.example.com/oauth/callback";
const COMPANY: &str = "company000000000001C";
const LOCATIONS: [&str; 3] = [
    "loc0000000000000001A",
    "loc0000000000000002B",
    "loc0000000000000003C",
];
const SCOPES: &[&str] = &["contacts.readonly", "oauth.readonly", "oauth.write"];

async fn start() -> SimulatedGhl {
    let mut builder = SimulatedGhl::builder();
    for location in LOCATIONS {
        builder = builder.location(location, COMPANY);
    }
    builder.start().await.unwrap()
}

fn app(ghl: &SimulatedGhl, target: UserType) -> App {
    ghl.register_app(
        AppSpec::new(REDIRECT)
            .scopes(SCOPES.iter().copied())
            .target(target),
    )
}

/// The tokens after an authorization by a person, who agrees as `consent` does.
async fn authorized(
    ghl: &SimulatedGhl,
    app: &App,
    consent: impl FnOnce(&str) -> String,
) -> (OAuthTokens, Installation) {
    let location = profile_at(ghl.base_url()).unwrap();
    let profile = match app.target {
        UserType::Company => for_company(location),
        _ => location,
    };
    let client = OAuthClient::builder(profile, app.client_id.clone())
        .client_secret(app.client_secret.as_str())
        .redirect_uri(REDIRECT.parse().unwrap())
        .build(&HttpContext::new().unwrap())
        .unwrap();
    let states = MemoryStateStore::new();
    let tenant = TenantId::new("acme").unwrap();
    let integration = IntegrationId::new();
    let ask = ChooseLocation::new(tenant.clone(), integration).scopes(SCOPES.iter().copied());
    let page = client.authorize(ask.into(), &states).await.unwrap().url;
    let back = consent(page.as_str());
    let (set, _) = client
        .complete(&Callback::parse(&back), &tenant, &states)
        .await
        .unwrap();
    let tokens = OAuthTokens::builder(
        client,
        TokenKey::new(tenant, integration),
        Arc::new(MemoryTokenStore::new()),
        Arc::new(MemoryLeaseStore::new()),
    );
    let tokens = tokens.build().unwrap();
    tokens.install(&set).await.unwrap();
    (tokens, Installation::of(&set))
}

fn client(ghl: &SimulatedGhl) -> Client {
    Client::builder()
        .without_token()
        .base_url(ghl.base_url())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_company_installs_and_uninstalls() {
    let ghl = start().await;
    let app = app(&ghl, UserType::Company);
    let (company, installed) = authorized(&ghl, &app, |page| {
        let back = ghl.authorize_company(page, COMPANY, &LOCATIONS[..2]);
        back.unwrap().into()
    })
    .await;
    assert_eq!(installed.company_id, Some(COMPANY.into()));
    assert_eq!(installed.location_id, None);
    assert_eq!(installed.approved_locations.len(), 2);
    assert!(installed.refresh_token_id.is_some());

    let tokens = LocationTokens::new(&client(&ghl), COMPANY, company);
    assert_eq!(tokens.app().as_str(), app.app_id());
    let all: Vec<_> = tokens.bulk_install().run().try_collect().await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|one| one.result.is_ok()));
    assert!(all.iter().all(|one| one.location.installed_at.is_some()));
    assert_eq!(ghl.stats().location_tokens, 2);

    let [one, two, _] = LOCATIONS.map(|id| tokens.location(id));
    for location in [&one, &two, &one] {
        location.contacts().search().send().await.unwrap();
    }
    assert_eq!(ghl.stats().location_tokens, 2, "they are kept");

    // The company's own token does not reach a location's data, and is not sent there.
    let before = ghl.requests().len();
    let direct = tokens.client().location(LOCATIONS[0]);
    let error = direct.contacts().search().send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Permission, Some("token_class"))
    );
    // Nor is a call whose scope the location's token lacks.
    let error = one.contacts().create().send().await.unwrap_err();
    assert_eq!(error.code(), Some("missing_scope"));
    assert_eq!(ghl.requests().len(), before);

    let uninstall = json!({"type": "UNINSTALL", "appId": app.app_id(), "locationId": LOCATIONS[0]});
    ghl.uninstall(&app, LOCATIONS[0]);
    let event = Lifecycle::parse(uninstall.to_string().as_bytes()).unwrap();
    tokens.apply(&event.unwrap()).await.unwrap();
    let error = one.contacts().search().send().await.unwrap_err();
    let says = "the location's token cannot be got";
    assert!(error.message().starts_with(says), "{error}");
    two.contacts().search().send().await.unwrap();
}

#[tokio::test]
async fn a_paused_location_keeps_its_refresh_token() {
    let ghl = start().await;
    let app = app(&ghl, UserType::Location);
    let consent = |page: &str| ghl.authorize(page, LOCATIONS[0]).unwrap().into();
    let (tokens, installed) = authorized(&ghl, &app, consent).await;
    assert_eq!(installed.location_id, Some(LOCATIONS[0].into()));
    let client = client(&ghl).with_tokens(tokens.clone(), LOCATIONS[0]);
    let access = client.access().await;
    assert_eq!(access.classes, TokenClasses::LOCATION_OAUTH);
    assert!(access.scopes.unwrap().contains("contacts.readonly"));

    ghl.set_location_active(LOCATIONS[0], false);
    let old = tokens.token().await.unwrap();
    let error = tokens.renew(&old).await.unwrap_err();
    assert!(is_location_inactive(&error), "{error:?}");
    let kept = tokens.stored().await.unwrap().unwrap();
    assert!(kept.refresh_token.is_some());

    ghl.set_location_active(LOCATIONS[0], true);
    // Another process, which was not told to wait.
    let refresh = kept.refresh_token.unwrap();
    let renewed = tokens.client().refresh(&refresh).await.unwrap();
    assert_ne!(renewed.access_token, old);
    assert_eq!(ghl.stats().reused_refresh_tokens, 0);
}

#[test]
fn white_label_and_company_change_nothing_else() {
    let (plain, company) = (profile(), for_company(profile()));
    assert_eq!(plain.token_url, company.token_url);
    assert_eq!(plain.extra_fields, company.extra_fields);
    assert_eq!(
        company.exchange_params,
        [("user_type".to_owned(), "Company".to_owned())]
    );
    assert_eq!(company.exchange_params, company.refresh_params);
}
