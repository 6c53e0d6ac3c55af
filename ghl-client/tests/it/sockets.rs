//! The real transport against a server that was written by others.

use ghl_client::contacts::Filter;
use ghl_client::{Client, ErrorKind};
use serde_json::json;
use wiremock::matchers::{bearer_token, body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn calls_arrive_as_they_were_meant() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/contacts/search"))
        .and(bearer_token("pit-1"))
        .and(header("version", "2021-07-28"))
        .and(header("content-type", "application/json"))
        .and(body_json(json!({
            "locationId": "loc1",
            "pageLimit": 10,
            "page": 1,
            "filters": [{"field": "email", "operator": "eq", "value": "jane@example.com"}],
        })))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"contacts": [{"id": "c1"}], "total": 1})),
        )
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path("/calendars/"))
        .and(query_param("locationId", "loc1"))
        .and(header("version", "2021-04-15"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(1)
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path("/calendars/"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"calendars": []})))
        .expect(1)
        .mount(&server)
        .await;

    let client = Client::builder()
        .private_token("pit-1")
        .base_url(&server.uri())
        .build()
        .unwrap();
    let location = client.location("loc1");
    let filter = Filter::eq("email", "jane@example.com");
    let found = location
        .contacts()
        .search()
        .page_limit(10_u32)
        .filter(filter)
        .send()
        .await
        .unwrap();
    assert_eq!(found.contacts[0].id.as_str(), "c1");
    // A read that fails once is repeated.
    location.calendars().list().send().await.unwrap();
    let error = location.contacts().get("nobody").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_body_of_a_deletion_arrives() {
    let server = MockServer::start().await;
    Mock::given(method("DELETE"))
        .and(path("/contacts/c1/tags"))
        .and(header("content-type", "application/json"))
        .and(body_json(json!({"tags": ["vip"]})))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"tags": []})))
        .expect(1)
        .mount(&server)
        .await;
    let client = Client::builder()
        .private_token("pit-1")
        .base_url(&server.uri())
        .build()
        .unwrap();
    let location = client.location("loc1");
    let left = location.contacts().remove_tags("c1", ["vip"]).send().await;
    assert!(left.unwrap().tags.is_empty());
}
