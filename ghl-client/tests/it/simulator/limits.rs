use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use integrations_testkit::ghl::SCOPES;

use super::{LOCATION, OTHER, builder, client};

#[tokio::test]
async fn contacts_are_paged_through_a_limit_without_one_429() {
    let ghl = builder()
        .rate_limit(5, Duration::from_millis(400))
        .start()
        .await
        .unwrap();
    let ids: BTreeSet<_> = ghl.seed_contacts(LOCATION, 250).into_iter().collect();
    let token = ghl.issue_private_token(LOCATION, SCOPES);
    let location = client(&ghl, &token).location(LOCATION);
    let search = location.contacts().search().page_limit(15_u32);
    let found: Vec<_> = search.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 250);
    let found: BTreeSet<_> = found
        .iter()
        .map(|contact| contact.id.as_str().to_owned())
        .collect();
    assert_eq!(found, ids);
    let stats = ghl.stats();
    assert_eq!(stats.requests, 17);
    assert_eq!(stats.throttled, 0);
    assert!(stats.max_in_window <= 5, "{stats:?}");
}

#[tokio::test]
async fn calls_at_once_wait_for_their_turn() {
    let ghl = builder()
        .rate_limit(8, Duration::from_millis(300))
        .start()
        .await
        .unwrap();
    let token = ghl.issue_private_token(LOCATION, SCOPES);
    let location = client(&ghl, &token).location(LOCATION);
    // The first answer tells the limit.
    let contact = location
        .contacts()
        .create()
        .email("jane@example.com")
        .send()
        .await
        .unwrap()
        .id;
    let contacts = location.contacts();
    let calls = (0..30).map(|_| contacts.get(&contact).send());
    try_join_all(calls).await.unwrap();
    let stats = ghl.stats();
    assert_eq!((stats.requests, stats.throttled), (31, 0));
    assert!(stats.max_in_window <= 8, "{stats:?}");
}

#[tokio::test]
async fn locations_do_not_wait_for_one_another() {
    let ghl = builder()
        .rate_limit(3, Duration::from_secs(30))
        .start()
        .await
        .unwrap();
    for id in [LOCATION, OTHER] {
        let token = ghl.issue_private_token(id, SCOPES);
        let location = client(&ghl, &token).location(id);
        for _ in 0..3 {
            location
                .details()
                .with_timeout(Duration::from_secs(5))
                .send()
                .await
                .unwrap();
        }
    }
    assert_eq!(ghl.stats().throttled, 0);
}
