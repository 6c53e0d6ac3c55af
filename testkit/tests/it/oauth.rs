use std::time::Duration;

use integrations_testkit::{
    SimulatedGhl,
    ghl::{App, AppSpec, AuthorizeError, SCOPES, UserType},
};
use serde_json::{Value, json};
use url::Url;

use crate::support::{Api, COMPANY, LOCATION, OTHER, Reply, builder, start};

const REDIRECT: &str = "https://app.example.com/callback";

fn spec() -> AppSpec {
    AppSpec::new(REDIRECT).scopes(SCOPES.iter().copied())
}

fn authorize_url(app: &App, change: impl Fn(&mut Vec<(&str, String)>)) -> String {
    let mut params = vec![
        ("response_type", "code".to_owned()),
        ("client_id", app.client_id.clone()),
        ("redirect_uri", REDIRECT.to_owned()),
        (
            "scope",
            "contacts.readonly contacts.write oauth.write oauth.readonly".to_owned(),
        ),
        ("state", "a-state".to_owned()),
    ];
    change(&mut params);
    let base = "https://marketplace.gohighlevel.com/v2/oauth/chooselocation";
    Url::parse_with_params(base, params).unwrap().into()
}

fn code_of(url: &Url) -> String {
    let (_, code) = url.query_pairs().find(|(key, _)| key == "code").unwrap();
    code.into_owned()
}

async fn exchange(api: &Api, app: &App, code: &str) -> Reply {
    let fields = [
        ("client_id", app.client_id.as_str()),
        ("client_secret", &app.client_secret),
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
    ];
    api.form("/oauth/token", &fields).await
}

async fn refresh(api: &Api, app: &App, token: &str) -> Reply {
    let fields = [
        ("client_id", app.client_id.as_str()),
        ("client_secret", &app.client_secret),
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
    ];
    api.form("/oauth/token", &fields).await
}

/// An app installed on [`LOCATION`], a client without a token, and the first token pair.
async fn installed() -> (SimulatedGhl, App, Api, Value) {
    let ghl = start().await;
    let app = ghl.register_app(spec());
    let url = ghl
        .authorize(&authorize_url(&app, |_| {}), LOCATION)
        .unwrap();
    let mut api = Api::new(&ghl, "");
    // The token endpoint of the date versions needs no version.
    api.version = None;
    let pair = exchange(&api, &app, &code_of(&url)).await.expect(200);
    api.version = Some("2021-07-28");
    (ghl, app, api, pair)
}

#[tokio::test]
async fn the_human_approves_and_the_code_becomes_tokens() {
    let ghl = start().await;
    let app = ghl.register_app(spec());
    assert_eq!(app.app_id().len(), 24);
    let url = ghl
        .authorize(&authorize_url(&app, |_| {}), LOCATION)
        .unwrap();
    assert!(
        url.as_str()
            .starts_with("https://app.example.com/callback?code=")
    );
    assert!(url.query().unwrap().contains("state=a-state"));
    let api = Api::new(&ghl, "");
    let pair = exchange(&api, &app, &code_of(&url)).await.expect(200);
    assert_eq!(pair["token_type"], "Bearer");
    assert_eq!(pair["expires_in"], 86_399);
    assert_eq!(pair["userType"], "Location");
    assert_eq!(pair["locationId"], LOCATION);
    assert_eq!(pair["companyId"], COMPANY);
    assert!(
        pair["scope"]
            .as_str()
            .unwrap()
            .contains("contacts.readonly")
    );
    assert!(pair["userId"].is_string() && pair["refresh_token"].is_string());
    let api = api.with_token(pair["access_token"].as_str().unwrap());
    api.get(&format!("/contacts/?locationId={LOCATION}"))
        .await
        .expect(200);
    // It was approved without this scope.
    let message = "The token is not authorized for this scope.";
    let users = format!("/users/?locationId={LOCATION}");
    api.get(&users).await.refused(401, message);
    assert_eq!(ghl.stats().token_exchanges, 1);
}

#[tokio::test]
async fn access_tokens_carry_the_claims() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let (_ghl, app, _, pair) = installed().await;
    let token = pair["access_token"].as_str().unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["authClass"], "Location");
    assert_eq!(claims["authClassId"], LOCATION);
    assert_eq!(
        (&claims["source"], &claims["channel"]),
        (&json!("INTEGRATION"), &json!("OAUTH"))
    );
    assert_eq!(claims["sourceId"], app.client_id);
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lifetime, 86_399);
}

#[tokio::test]
async fn the_consent_page_checks_the_url() {
    let ghl = start().await;
    let app = ghl.register_app(spec());
    let agency = ghl.register_app(spec().target(UserType::Company));
    let refused = |app: &App, name: &'static str, value: &str| {
        let url = authorize_url(app, |params| {
            params.retain(|(key, _)| *key != name);
            params.push((name, value.to_owned()));
        });
        ghl.authorize(&url, LOCATION).unwrap_err()
    };
    let error = refused(&app, "client_id", "unknown-1");
    assert_eq!(error, AuthorizeError::UnknownClient);
    let error = refused(&app, "response_type", "token");
    assert_eq!(error, AuthorizeError::ResponseType);
    let error = refused(&app, "redirect_uri", "https://elsewhere.example.com/");
    assert_eq!(error, AuthorizeError::RedirectUri);
    let error = refused(&app, "scope", "contacts.readonly users.write");
    assert_eq!(error, AuthorizeError::Scope("users.write".to_owned()));
    let error = refused(&agency, "state", "a");
    assert_eq!(error, AuthorizeError::WrongTarget);
    let error = ghl.authorize("https://example.com/", LOCATION).unwrap_err();
    assert_eq!(error, AuthorizeError::NotAnAuthorizeUrl);
    let error = ghl
        .authorize(&authorize_url(&app, |_| {}), "nowhere")
        .unwrap_err();
    assert_eq!(error, AuthorizeError::UnknownAccount("nowhere".to_owned()));
}

#[tokio::test]
async fn a_code_works_once_with_its_redirect_uri() {
    let ghl = start().await;
    let app = ghl.register_app(spec());
    let url = ghl
        .authorize(&authorize_url(&app, |_| {}), LOCATION)
        .unwrap();
    let code = code_of(&url);
    let api = Api::new(&ghl, "");
    let fields = [
        ("client_id", app.client_id.as_str()),
        ("client_secret", &app.client_secret),
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "https://elsewhere.example.com/"),
    ];
    let reply = api.form("/oauth/token", &fields).await;
    reply.refused(400, "Invalid parameter: redirect_uri");
    exchange(&api, &app, &code).await.expect(200);
    let again = exchange(&api, &app, &code).await;
    assert_eq!(again.status, 401);
    assert_eq!(again.body["error"], "UnAuthorized!");
    assert_eq!(
        again.body["error_description"],
        "Authorization code not found"
    );
    // The code is looked at first: wrong credentials do not show.
    let mut wrong = app.clone();
    wrong.client_secret = "wrong".to_owned();
    let reply = exchange(&api, &wrong, "unknown").await;
    assert_eq!(
        reply.body["error_description"],
        "Authorization code not found"
    );
}

#[tokio::test]
async fn a_codes_owner_must_show_its_secret() {
    let ghl = start().await;
    let (app, thief) = (ghl.register_app(spec()), ghl.register_app(spec()));
    let url = ghl
        .authorize(&authorize_url(&app, |_| {}), LOCATION)
        .unwrap();
    let api = Api::new(&ghl, "");
    let mut wrong = app.clone();
    wrong.client_secret = "wrong".to_owned();
    assert_eq!(exchange(&api, &wrong, &code_of(&url)).await.status, 401);
    assert_eq!(exchange(&api, &thief, &code_of(&url)).await.status, 401);
    exchange(&api, &app, &code_of(&url)).await.expect(200);
}

#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_is_noticed() {
    let (ghl, app, api, pair) = installed().await;
    let old = pair["refresh_token"].as_str().unwrap();
    let next = refresh(&api, &app, old).await.expect(200);
    assert_ne!(next["refresh_token"], pair["refresh_token"]);
    assert_ne!(next["access_token"], pair["access_token"]);
    let message = "Invalid grant: refresh token is invalid";
    refresh(&api, &app, old).await.refused(400, message);
    refresh(&api, &app, "unknown").await.refused(400, message);
    let stats = ghl.stats();
    assert_eq!((stats.refreshes, stats.reused_refresh_tokens), (1, 1));
    refresh(&api, &app, next["refresh_token"].as_str().unwrap())
        .await
        .expect(200);
    ghl.expire_refresh_tokens();
    let last = next["refresh_token"].as_str().unwrap();
    refresh(&api, &app, last).await.refused(400, message);
}

#[tokio::test]
async fn access_tokens_expire() {
    let (ghl, app, api, pair) = installed().await;
    let path = format!("/contacts/?locationId={LOCATION}");
    let api = api.with_token(pair["access_token"].as_str().unwrap());
    api.get(&path).await.expect(200);
    ghl.clock().advance(Duration::from_secs(86_400));
    let message = "Invalid token: access token is invalid";
    api.get(&path).await.refused(401, message);
    let next = refresh(&api, &app, pair["refresh_token"].as_str().unwrap()).await;
    let next = next.expect(200);
    let api = api.with_token(next["access_token"].as_str().unwrap());
    api.get(&path).await.expect(200);
    ghl.expire_access_tokens();
    api.get(&path).await.refused(401, message);
}

#[tokio::test]
async fn lifetimes_can_be_set() {
    let ghl = builder()
        .token_lifetime(Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let app = ghl.register_app(spec());
    let url = ghl
        .authorize(&authorize_url(&app, |_| {}), LOCATION)
        .unwrap();
    let pair = exchange(&Api::new(&ghl, ""), &app, &code_of(&url)).await;
    assert_eq!(pair.expect(200)["expires_in"], 60);
}

#[tokio::test]
async fn a_paused_location_does_not_use_the_refresh_token_up() {
    let (ghl, app, api, pair) = installed().await;
    let token = pair["refresh_token"].as_str().unwrap();
    ghl.set_location_active(LOCATION, false);
    let reply = refresh(&api, &app, token).await;
    reply.refused(400, "Location is not active");
    ghl.set_location_active(LOCATION, true);
    refresh(&api, &app, token).await.expect(200);
    assert_eq!(ghl.stats().reused_refresh_tokens, 0);
}

#[tokio::test]
async fn bad_token_requests_name_the_parameter() {
    let (_ghl, app, api, _) = installed().await;
    let secret = app.client_secret.as_str();
    let post = async |fields: &[(&str, &str)]| api.form("/oauth/token", fields).await;
    post(&[]).await.refused(400, "Missing parameter: client_id");
    let fields = [("client_id", "a"), ("client_secret", secret)];
    post(&fields)
        .await
        .refused(400, "Missing parameter: grant_type");
    let fields = [
        ("client_id", "a"),
        ("client_secret", secret),
        ("grant_type", "password"),
    ];
    post(&fields)
        .await
        .refused(400, "Invalid parameter: grant_type");
    // JSON is not read under a date version, and the named version has other names.
    let body = json!({"client_id": app.client_id, "client_secret": secret});
    let reply = api.post("/oauth/token", body.clone()).await;
    reply.refused(400, "Missing parameter: client_id");
    let reply = api.with_version("v3").post("/oauth/token", body).await;
    reply.refused(400, "Missing parameter: clientId");
}

#[tokio::test]
async fn v3_speaks_camel_case_and_json() {
    let (_ghl, app, api, pair) = installed().await;
    let body = json!({
        "clientId": app.client_id,
        "clientSecret": app.client_secret,
        "grantType": "refresh_token",
        "refreshToken": pair["refresh_token"],
    });
    let next = api
        .with_version("v3")
        .post("/oauth/token", body)
        .await
        .expect(200);
    assert_eq!(next["expiresIn"], 86_399);
    assert_eq!(next["tokenType"], "Bearer");
    assert!(next["accessToken"].is_string() && next["refreshToken"].is_string());
    assert!(next.get("access_token").is_none());
}

/// An agency's app, installed on [`LOCATION`] only, with its Company token.
async fn agency() -> (SimulatedGhl, App, Api) {
    let ghl = start().await;
    let app = ghl.register_app(spec());
    let url = authorize_url(&app, |_| {});
    let url = ghl.authorize_company(&url, COMPANY, &[LOCATION]).unwrap();
    let api = Api::new(&ghl, "");
    let pair = exchange(&api, &app, &code_of(&url)).await.expect(200);
    assert_eq!(pair["userType"], "Company");
    assert!(pair.get("locationId").is_none(), "{pair}");
    let api = api.with_token(pair["access_token"].as_str().unwrap());
    (ghl, app, api)
}

#[tokio::test]
async fn a_company_token_cannot_touch_contacts_but_mints_location_tokens() {
    let (ghl, app, api) = agency().await;
    let contacts = format!("/contacts/?locationId={LOCATION}");
    let message = "This authClass type is not allowed to access this scope. \
                   Please verify your IAM configuration if this is not the case.";
    api.get(&contacts).await.refused(401, message);
    let fields = [("companyId", COMPANY), ("locationId", LOCATION)];
    let minted = api.form("/oauth/locationToken", &fields).await.expect(201);
    assert_eq!(minted["locationId"], LOCATION);
    assert_eq!(minted["appId"], app.app_id());
    assert_eq!(minted["versionId"], app.version_id);
    assert!(minted["scope"].as_str().unwrap().contains("oauth.write"));
    assert!(minted.get("refresh_token").is_none(), "{minted}");
    let there = api.with_token(minted["access_token"].as_str().unwrap());
    there.get(&contacts).await.expect(200);
    there
        .form("/oauth/locationToken", &fields)
        .await
        .refused(401, message);
    assert_eq!(ghl.stats().location_tokens, 1);
}

#[tokio::test]
async fn location_tokens_need_an_installed_location_of_the_company() {
    let (ghl, _, api) = agency().await;
    ghl.add_location("foreign", "another company");
    let fields = [("companyId", COMPANY), ("locationId", OTHER)];
    let reply = api.form("/oauth/locationToken", &fields).await;
    reply.refused(400, "The app is not installed on this location");
    let fields = [("companyId", COMPANY), ("locationId", "foreign")];
    let reply = api.form("/oauth/locationToken", &fields).await;
    reply.refused(403, "The token does not have access to this location.");
    let reply = api
        .form("/oauth/locationToken", &[("companyId", COMPANY)])
        .await;
    reply.refused(422, "locationId should not be empty");
    // A form is wanted: JSON is not read.
    let body = json!({"companyId": COMPANY, "locationId": LOCATION});
    assert_eq!(api.post("/oauth/locationToken", body).await.status, 422);
    assert_eq!(ghl.stats().location_tokens, 0);
}

#[tokio::test]
async fn the_new_path_exists_in_v3_only() {
    let (_ghl, _, api) = agency().await;
    let fields = [("companyId", COMPANY), ("locationId", LOCATION)];
    let reply = api.form("/oauth/location-token", &fields).await;
    reply.refused(404, "Cannot POST /oauth/location-token");
    let api = api.with_version("v3");
    let minted = api.form("/oauth/location-token", &fields).await.expect(201);
    assert!(minted["accessToken"].is_string() && minted["refreshToken"].is_string());
    api.form("/oauth/locationToken", &fields).await.expect(201);
}

#[tokio::test]
async fn installed_locations_are_listed_in_both_versions() {
    let (_ghl, app, api) = agency().await;
    let query = format!("companyId={COMPANY}&appId={}", app.app_id());
    let path = format!("/oauth/installedLocations?{query}&isInstalled=true&limit=5");
    let found = api.get(&path).await.expect(200);
    assert_eq!(found["count"], 1);
    assert_eq!(found["locations"][0]["_id"], LOCATION);
    assert_eq!(found["locations"][0]["isInstalled"], true);
    let path = format!("/oauth/installedLocations?{query}&limit=1&skip=1");
    let found = api.get(&path).await.expect(200);
    assert_eq!(
        (&found["count"], &found["locations"][0]["_id"]),
        (&json!(2), &json!(OTHER))
    );
    let path = format!("/oauth/installedLocations?{query}&pageSize=1");
    api.get(&path)
        .await
        .refused(422, "property pageSize should not exist");
    let api = api.with_version("v3");
    let path = format!("/oauth/installed-locations?{query}&pageSize=1");
    let found = api.get(&path).await.expect(200);
    assert_eq!(found["pagination"]["hasNextPage"], true);
    let token = found["pagination"]["nextPageToken"].as_str().unwrap();
    let found = api
        .get(&format!("{path}&pageToken={token}"))
        .await
        .expect(200);
    assert_eq!(found["items"][0]["_id"], OTHER);
    assert_eq!(found["pagination"]["hasNextPage"], false);
}

#[tokio::test]
async fn an_uninstalled_app_is_shut_out() {
    let (ghl, app, api, pair) = installed().await;
    ghl.uninstall(&app, LOCATION);
    let here = api.with_token(pair["access_token"].as_str().unwrap());
    let path = format!("/contacts/?locationId={LOCATION}");
    assert_eq!(here.get(&path).await.status, 401);
    let reply = refresh(&api, &app, pair["refresh_token"].as_str().unwrap()).await;
    reply.refused(400, "Invalid grant: refresh token is invalid");
}

#[tokio::test]
async fn app_and_location_have_their_own_budget() {
    let ghl = builder()
        .rate_limit(1, Duration::from_secs(30))
        .start()
        .await
        .unwrap();
    let app = ghl.register_app(spec());
    let url = ghl
        .authorize(&authorize_url(&app, |_| {}), LOCATION)
        .unwrap();
    let api = Api::new(&ghl, "");
    let pair = exchange(&api, &app, &code_of(&url)).await.expect(200);
    let oauth = api.with_token(pair["access_token"].as_str().unwrap());
    let private = api.with_token(&ghl.issue_private_token(LOCATION, SCOPES));
    let path = format!("/contacts/?locationId={LOCATION}");
    oauth.get(&path).await.expect(200);
    private.get(&path).await.expect(200);
    assert_eq!(oauth.get(&path).await.status, 429);
    assert_eq!(private.get(&path).await.status, 429);
}

#[tokio::test]
async fn debug_of_an_app_hides_its_secret() {
    let ghl = start().await;
    let app = ghl.register_app(spec());
    assert!(!format!("{app:?}").contains(&app.client_secret));
}
