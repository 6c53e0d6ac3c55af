use serde_json::json;

use crate::support::{Api, COMPANY, LOCATION, OTHER, ready, start};

#[tokio::test]
async fn locations() {
    let (ghl, api) = ready().await;
    let shown = api.get(&format!("/locations/{LOCATION}")).await.expect(200);
    assert_eq!(shown["location"]["id"], LOCATION);
    assert_eq!(shown["location"]["companyId"], COMPANY);
    assert_eq!(shown["location"]["timezone"], "America/New_York");
    let found = api.get("/locations/search").await.expect(200);
    assert_eq!(
        found["locations"].as_array().unwrap().len(),
        1,
        "only its own"
    );
    assert!(found.get("total").is_none());
    let agency = Api::new(
        &ghl,
        &ghl.issue_agency_token(COMPANY, &["locations.readonly"]),
    );
    let found = agency
        .get("/locations/search?limit=1&skip=1")
        .await
        .expect(200);
    assert_eq!(found["locations"][0]["id"], OTHER);
    let found = agency.get("/locations/search?order=desc").await.expect(200);
    assert_eq!(found["locations"][0]["id"], OTHER);
    agency.get(&format!("/locations/{OTHER}")).await.expect(200);
    ghl.add_location("foreign", "another company");
    let reply = agency.get("/locations/foreign").await;
    reply.refused(403, "The token does not have access to this location.");
    let reply = agency.get("/locations/search?page=1").await;
    reply.refused(422, "property page should not exist");
    assert_eq!(
        agency.get("/locations/search?companyId=other").await.status,
        403
    );
}

#[tokio::test]
async fn users() {
    let (ghl, api) = ready().await;
    let user = ghl.user_id(LOCATION);
    let shown = api.get(&format!("/users/{user}")).await.expect(200);
    assert_eq!(shown["id"], user, "flat, without an envelope");
    assert_eq!(shown["roles"]["locationIds"], json!([LOCATION]));
    let found = api
        .get(&format!("/users/?locationId={LOCATION}"))
        .await
        .expect(200);
    assert_eq!(found["users"][0]["id"], user);
    let reply = api
        .with_version("v3")
        .get(&format!("/users/?locationId={LOCATION}"))
        .await;
    reply.refused(404, "Cannot GET /users/");
    let found = api
        .get(&format!("/users/search?companyId={COMPANY}"))
        .await
        .expect(200);
    assert_eq!(found["count"], 1, "only its own location's");
    let reply = api.get("/users/search").await;
    reply.refused(422, "companyId should not be empty");
    api.get("/users/unknown")
        .await
        .refused(404, "User not found");
    let agency = Api::new(&ghl, &ghl.issue_agency_token(COMPANY, &["users.readonly"]));
    let path = format!("/users/search?companyId={COMPANY}");
    assert_eq!(agency.get(&path).await.expect(200)["count"], 2);
    let found = agency
        .get(&format!("{path}&limit=1&skip=1"))
        .await
        .expect(200);
    assert_eq!(found["users"].as_array().unwrap().len(), 1);
    let found = agency
        .get(&format!("{path}&query=sample2"))
        .await
        .expect(200);
    assert_eq!(found["users"][0]["id"], ghl.user_id(OTHER));
}

#[tokio::test]
async fn a_location_is_added_once() {
    let ghl = start().await;
    let calendar = ghl.calendar_id(LOCATION);
    ghl.add_location(LOCATION, "another company");
    assert_eq!(ghl.calendar_id(LOCATION), calendar);
}
