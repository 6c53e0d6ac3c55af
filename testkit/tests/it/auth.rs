use integrations_testkit::{SimulatedGhl, ghl::TokenClass};
use serde_json::json;

use crate::support::{Api, COMPANY, LOCATION, OTHER, http, ready, send, start};

#[tokio::test]
async fn a_version_is_required_and_must_be_known() {
    let (_ghl, mut api) = ready().await;
    let path = format!("/locations/{LOCATION}");
    for version in ["2021-04-15", "2021-07-28", "2023-02-21", "v3"] {
        api.version = Some(version);
        api.get(&path).await.expect(200);
    }
    api.version = Some("2020-01-01");
    let message = "Invalid API version segment '2020-01-01' at position 0";
    api.get(&path).await.refused(400, message);
    api.version = None;
    api.get(&path)
        .await
        .refused(401, "version header was not found.");
}

#[tokio::test]
async fn a_token_must_be_known() {
    let (ghl, api) = ready().await;
    let path = format!("/locations/{LOCATION}");
    let unknown = api.with_token("pit-00000000-0000-4000-8000-000000000000");
    unknown.get(&path).await.refused(401, "Invalid JWT");
    let url = format!("{}{path}", ghl.base_url());
    let bare = http().get(url).header("Version", "2021-07-28");
    send(bare).await.refused(401, "Invalid JWT");
}

#[tokio::test]
async fn a_revoked_token_is_refused_until_it_is_restored() {
    let (ghl, api) = ready().await;
    let path = format!("/locations/{LOCATION}");
    ghl.revoke_token(&api.token);
    let message = "Invalid token: access token is invalid";
    let body = api.get(&path).await.refused(401, message);
    assert_eq!(body["error"], "Unauthorized");
    ghl.restore_token(&api.token);
    api.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_missing_scope_is_a_401_too() {
    let ghl = start().await;
    let api = Api::new(
        &ghl,
        &ghl.issue_private_token(LOCATION, &["contacts.readonly"]),
    );
    let body = json!({"locationId": LOCATION, "email": "new@example.com"});
    let message = "The token is not authorized for this scope.";
    api.post("/contacts/", body).await.refused(401, message);
    assert_eq!(ghl.contacts(LOCATION), Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn an_agency_token_is_of_the_wrong_type_for_sub_account_data() {
    let ghl = start().await;
    let scopes = ["contacts.readonly", "locations.readonly"];
    let api = Api::new(&ghl, &ghl.issue_agency_token(COMPANY, &scopes));
    let contacts = format!("/contacts/?locationId={LOCATION}");
    api.get(&contacts)
        .await
        .refused(401, "Token's user type mismatch!");
    let found = api.get("/locations/search").await.expect(200);
    assert_eq!(found["locations"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_private_token_cannot_do_what_only_an_agencys_app_may() {
    let ghl = start().await;
    let scopes = ["oauth.readonly", "oauth.write"];
    let message = "The token is not authorized for this scope.";
    for token in [
        ghl.issue_agency_token(COMPANY, &scopes),
        ghl.issue_private_token(LOCATION, &scopes),
    ] {
        let api = Api::new(&ghl, &token);
        let fields = [("companyId", COMPANY), ("locationId", LOCATION)];
        api.form("/oauth/locationToken", &fields)
            .await
            .refused(401, message);
        let path = format!("/oauth/installedLocations?companyId={COMPANY}&appId=a");
        api.get(&path).await.refused(401, message);
    }
}

#[tokio::test]
async fn another_location_is_refused_wherever_it_is_named() {
    let (ghl, api) = ready().await;
    let message = "The token does not have access to this location.";
    let check = async |reply: crate::support::Reply| {
        reply.refused(403, message);
    };
    check(api.get(&format!("/locations/{OTHER}")).await).await;
    check(api.get(&format!("/contacts/?locationId={OTHER}")).await).await;
    let body = json!({"locationId": OTHER, "pageLimit": 10});
    check(api.post("/contacts/search", body).await).await;
    let id = ghl.seed_contact(OTHER, json!({"email": "there@example.com"}));
    check(api.get(&format!("/contacts/{id}")).await).await;
    check(api.get(&format!("/contacts/{id}?locationId={OTHER}")).await).await;
    let calendar = ghl.calendar_id(OTHER);
    check(api.get(&format!("/calendars/{calendar}")).await).await;
    check(api.get(&format!("/users/{}", ghl.user_id(OTHER))).await).await;
    assert_eq!(ghl.stats().refused, 7);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_404() {
    let (_ghl, api) = ready().await;
    let body = api
        .get("/v2/contacts/")
        .await
        .refused(404, "Cannot GET /v2/contacts/");
    assert_eq!(body["error"], "Not Found");
    let reply = api.put("/contacts/", json!({})).await;
    reply.refused(404, "Cannot PUT /contacts/");
}

#[tokio::test]
async fn the_journal_shows_classes_and_no_secrets() {
    let (ghl, api) = ready().await;
    api.get(&format!(
        "/contacts/?locationId={LOCATION}&query=alex@example.com"
    ))
    .await
    .expect(200);
    api.with_token("pit-made-up").get("/contacts/abc").await;
    let journal = ghl.requests();
    assert_eq!(journal.len(), 2);
    assert_eq!(journal[0].method, "GET");
    assert_eq!(journal[0].path, "/contacts/");
    assert_eq!(journal[0].operation, Some("contacts.list"));
    assert_eq!(journal[0].status, Some(200));
    assert_eq!(journal[0].token, TokenClass::PrivateLocation);
    assert_eq!(journal[0].location.as_deref(), Some(LOCATION));
    assert!(journal[0].applied && journal[0].query.contains("alex"));
    assert_eq!(journal[1].token, TokenClass::None);
    assert_eq!(journal[1].status, Some(401));
    assert!(!journal[1].applied);
    let shown = format!("{journal:?} {ghl:?}");
    for secret in [api.token.as_str(), "alex@example.com", "pit-made-up"] {
        assert!(!shown.contains(secret), "{secret} in Debug");
    }
}

#[tokio::test]
async fn it_stops_when_asked_and_when_dropped() {
    let ghl: SimulatedGhl = start().await;
    let url = format!("{}/contacts/", ghl.base_url());
    let client = http();
    client.get(&url).send().await.unwrap();
    ghl.shutdown().await;
    assert!(client.get(&url).send().await.is_err());
    let ghl = start().await;
    let url = format!("{}/contacts/", ghl.base_url());
    client.get(&url).send().await.unwrap();
    drop(ghl);
    // The abort takes effect when the runtime next runs.
    for _ in 0..100 {
        if client.get(&url).send().await.is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it still answers");
}

#[tokio::test]
async fn one_seed_makes_the_same_ids() {
    let run = async |seed| {
        let ghl = SimulatedGhl::builder()
            .seed(seed)
            .location(LOCATION, COMPANY)
            .start()
            .await
            .unwrap();
        let token = ghl.issue_private_token(LOCATION, &[]);
        (token, ghl.seed_contacts(LOCATION, 3))
    };
    assert_eq!(run(1).await, run(1).await);
    assert_ne!(run(1).await, run(2).await);
}

#[tokio::test]
async fn tasks_share_it() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    shared(&start().await);
}
