//! All locations of a company at once.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt};
use ghl_client::ErrorKind;
use ghl_client::oauth::{BulkInstall, BulkInstalled, is_location_inactive};
use serde_json::{Value, json};

use super::world::World;

fn page(ids: impl IntoIterator<Item = u32>) -> Value {
    let locations: Vec<_> = ids
        .into_iter()
        .map(|id| json!({"_id": format!("loc{id}"), "name": "Example", "isInstalled": true}))
        .collect();
    json!({"locations": locations, "count": 45, "installToFutureLocations": true})
}

async fn run(bulk: BulkInstall) -> BTreeMap<String, bool> {
    let all: Vec<BulkInstalled> = bulk.run().try_collect().await.unwrap();
    let count = all.len();
    let all: BTreeMap<_, _> = all
        .into_iter()
        .map(|one| (one.location.id.to_string(), one.result.is_ok()))
        .collect();
    assert_eq!(all.len(), count, "no location comes twice");
    all
}

#[tokio::test(start_paused = true)]
async fn every_location_is_exchanged_once_a_few_at_a_time() {
    let world = World::new().await;
    // Location 20 moves to the next page while we read.
    world.provider.page(200, page(1..=20));
    world.provider.page(200, page(20..=39));
    world.provider.page(200, page(40..=44));
    let tokens = world.tokens();
    let all = run(tokens.bulk_install().concurrency(3)).await;
    assert_eq!(all.len(), 44);
    assert!(all.values().all(|done| *done));
    assert_eq!(world.provider.exchanges().len(), 44);
    assert_eq!(world.provider.most_under_way(), 3);
    assert_eq!(
        world.provider.listed(),
        [
            "companyId=com1&appId=app1&isInstalled=true",
            "companyId=com1&appId=app1&skip=20&isInstalled=true",
            "companyId=com1&appId=app1&skip=40&isInstalled=true",
        ]
    );
    // Once more costs a list and nothing else.
    world.provider.page(200, page(1..=5));
    assert_eq!(run(tokens.bulk_install()).await.len(), 5);
    assert_eq!(world.provider.exchanges().len(), 44);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_one_locations_alone() {
    let world = World::new().await;
    let mut list = page(1..=4);
    list["locations"][3]["isInstalled"] = json!(false);
    world.provider.page(200, list);
    let refusal = json!({"statusCode": 400, "message": "Location is not active"});
    world.provider.refuse("loc2", 400, refusal);
    let all: Vec<_> = world
        .tokens()
        .bulk_install()
        .run()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(all.len(), 3, "where it is not installed nothing is asked");
    for one in all {
        match (one.location.id.as_str(), one.result) {
            ("loc2", Err(error)) => assert!(is_location_inactive(&error), "{error}"),
            (_, result) => result.unwrap(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_ends_the_stream_and_keeps_what_was_done() {
    let world = World::new().await;
    world.provider.page(200, page(1..=20));
    let refusal =
        json!({"statusCode": 401, "message": "The token is not authorized for this scope."});
    world.provider.page(401, refusal);
    let all: Vec<_> = world.tokens().bulk_install().run().collect().await;
    assert_eq!(all.len(), 21);
    let mut errors = all.into_iter().filter_map(Result::err);
    assert_eq!(errors.next().unwrap().kind(), ErrorKind::Permission);
    assert!(errors.next().is_none());
    assert_eq!(world.provider.exchanges().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn the_list_can_be_narrowed() {
    let world = World::new().await;
    world.provider.page(200, page(1..=1));
    let mut bulk = world.tokens().bulk_install().concurrency(0);
    bulk.request_mut().plan_id = Some("pla1".to_owned());
    bulk.request_mut().limit = Some(50);
    assert_eq!(run(bulk).await.len(), 1);
    assert_eq!(
        world.provider.listed(),
        ["companyId=com1&appId=app1&limit=50&isInstalled=true&planId=pla1"]
    );
}
