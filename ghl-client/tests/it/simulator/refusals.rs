use ghl_client::{ErrorKind, Version};
use integrations_testkit::ghl::SCOPES;

use super::{COMPANY, LOCATION, OTHER, builder, client, start};

#[tokio::test]
async fn a_revoked_token_is_an_auth_error_until_it_is_restored() {
    let ghl = builder().start().await.unwrap();
    let token = ghl.issue_private_token(LOCATION, SCOPES);
    let location = client(&ghl, &token).location(LOCATION);
    location.users().list().send().await.unwrap();
    ghl.revoke_token(&token);
    let error = location.users().list().send().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
    assert!(!error.is_retryable());
    assert!(!format!("{error:?} {error}").contains(&token));
    ghl.restore_token(&token);
    location.users().list().send().await.unwrap();
}

#[tokio::test]
async fn another_location_is_a_permission_error() {
    let ghl = builder().start().await.unwrap();
    let token = ghl.issue_private_token(LOCATION, SCOPES);
    let other = client(&ghl, &token).location(OTHER);
    let error = other
        .contacts()
        .create()
        .email("jane@example.com")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Permission, Some("wrong_location"))
    );
    assert!(!error.is_outcome_unknown());
    assert!(ghl.contacts(OTHER).is_empty());
}

#[tokio::test]
async fn a_missing_scope_and_the_wrong_class_are_told_apart() {
    let ghl = builder().start().await.unwrap();
    let token = ghl.issue_private_token(LOCATION, &["contacts.readonly"]);
    let location = client(&ghl, &token).location(LOCATION);
    let error = location.contacts().create().send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Permission, Some("missing_scope"))
    );
    assert!(error.to_string().contains("contacts.write"), "{error}");

    let token = ghl.issue_agency_token(COMPANY, SCOPES);
    let location = client(&ghl, &token).location(LOCATION);
    let error = location.contacts().create().send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Permission, Some("token_class"))
    );
    assert_eq!(ghl.stats().refused, 2, "no refusal is asked for twice");
}

#[tokio::test]
async fn every_operation_sends_the_version_that_is_its_own() {
    let (ghl, location) = start().await;
    location.users().list().send().await.unwrap();
    location.calendars().list().send().await.unwrap();
    location.conversations().search().send().await.unwrap();
    let call = location
        .conversations()
        .search()
        .with_version(Version::V2023_02_21);
    call.send().await.unwrap();
    let sent: Vec<_> = ghl
        .requests()
        .into_iter()
        .map(|request| request.version.unwrap())
        .collect();
    assert_eq!(
        sent,
        ["2021-07-28", "2021-04-15", "2021-04-15", "2023-02-21"]
    );

    let error = location
        .users()
        .list()
        .with_version(Version::new("bogus"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("version_unknown"))
    );
}
