//! What the token endpoint says beside the tokens.

use ghl_client::oauth::{self, Installation, UserType};
use integrations_core::http::{Body, CannedTransport, HttpContext};
use integrations_core::oauth::{OAuthClient, OAuthProfile, TokenSet};
use serde_json::{Value, json};

async fn exchanged(profile: OAuthProfile, answer: &Value) -> (TokenSet, String) {
    let transport = CannedTransport::new().answer(200, &answer.to_string());
    let context = HttpContext::builder().transport(transport.clone());
    let redirect = "https://app.example.com/callback".parse().unwrap();
    let client = OAuthClient::builder(profile, "app1-abcd")
        .client_secret("app-secret")
        .redirect_uri(redirect)
        .build(&context.build().unwrap())
        .unwrap();
    let tokens = client
        .exchange_code(&"code-1".into(), client.redirect_uri(), None)
        .await
        .unwrap();
    let sent = &transport.sent()[0];
    let form = "application/x-www-form-urlencoded";
    assert_eq!(sent.headers["content-type"], form);
    match &sent.body {
        Body::Bytes(bytes) => (tokens, String::from_utf8(bytes.to_vec()).unwrap()),
        _ => panic!("a form"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_for_a_company_keeps_everything_typed() {
    let answer = json!({
        "access_token": "at", "token_type": "Bearer", "expires_in": 86_399, "refresh_token": "rt",
        "refreshTokenId": "rti1", "scope": "oauth.readonly oauth.write", "userType": "Company", "companyId": "com1",
        "approvedLocations": ["loc1", "loc2"], "userId": "use1", "planId": "pla1", "isBulkInstallation": true,
        "installToFutureLocations": "true", "approveAllLocations": false,
    });
    let profile = oauth::for_company(oauth::profile());
    let (tokens, form) = exchanged(profile, &answer).await;
    for pair in [
        "grant_type=authorization_code",
        "code=code-1",
        "user_type=Company",
        "client_id=app1-abcd",
        "client_secret=app-secret",
        "redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback",
    ] {
        assert!(form.split('&').any(|sent| sent == pair), "{pair}: {form}");
    }
    assert_eq!(tokens.scopes, ["oauth.readonly", "oauth.write"]);
    let installed = Installation::of(&tokens);
    assert_eq!(installed.user_type, Some(UserType::Company));
    assert_eq!(installed.company_id, Some("com1".into()));
    assert_eq!(installed.location_id, None);
    assert_eq!(installed.approved_locations, ["loc1".into(), "loc2".into()]);
    assert_eq!(installed.user_id, Some("use1".into()));
    assert_eq!(installed.plan_id.as_deref(), Some("pla1"));
    assert_eq!(installed.is_bulk_installation, Some(true));
    assert_eq!(installed.install_to_future_locations, Some(true));
    assert_eq!(installed.approve_all_locations, Some(false));
    assert_eq!(installed.refresh_token_id.as_deref(), Some("rti1"));
    let kept = Value::Object(tokens.extra.clone()).to_string();
    assert!(
        !kept.contains("\"at\"") && !kept.contains("\"rt\""),
        "{kept}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_exchange_for_a_location_names_it() {
    let answer = json!({
        "access_token": "at", "refresh_token": "rt", "userType": "Location", "companyId": "com1", "locationId": "loc1",
    });
    let (tokens, form) = exchanged(oauth::profile(), &answer).await;
    assert!(form.contains("user_type=Location"), "{form}");
    let installed = Installation::of(&tokens);
    assert_eq!(installed.user_type, Some(UserType::Location));
    assert_eq!(installed.location_id, Some("loc1".into()));
    assert!(tokens.expires_at.is_some(), "a day, when it does not say");
}

#[test]
fn odd_fields_count_as_missing_and_spoil_no_other() {
    let mut tokens = TokenSet::new("at");
    assert_eq!(Installation::of(&tokens), Installation::default());
    let odd = json!({
        "userType": "Reseller", "companyId": 7, "locationId": "", "approvedLocations": ["loc1", null, 8, {}],
        "userId": {"id": "x"}, "planId": null, "isBulkInstallation": "yes?", "installToFutureLocations": 1,
        "approveAllLocations": [true],
    });
    let Value::Object(odd) = odd else { panic!() };
    tokens.extra = odd;
    let installed = Installation::of(&tokens);
    assert_eq!(installed.user_type.unwrap().as_str(), "Reseller");
    assert_eq!(installed.company_id, Some("7".into()));
    assert_eq!(installed.location_id, None);
    assert_eq!(installed.approved_locations, ["loc1".into(), "8".into()]);
    assert_eq!((installed.user_id, installed.plan_id), (None, None));
    assert_eq!(installed.is_bulk_installation, None);
    assert_eq!(installed.install_to_future_locations, Some(true));
    assert_eq!(installed.approve_all_locations, None);
}
