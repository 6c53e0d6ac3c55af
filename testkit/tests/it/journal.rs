//! A simulator that outlives its process.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    time::Duration,
};

use integrations_testkit::{SimulatedGhl, ghl::SCOPES};
use serde_json::{Value, json};

use crate::support::http;

const LOCATION: &str = "ve9EPM428h8vShlRW1KT";

async fn start(path: &Path) -> SimulatedGhl {
    SimulatedGhl::builder()
        .seed(7)
        .rate_limit(5, Duration::from_secs(60))
        .location(LOCATION, "company")
        .journal(path)
        .start()
        .await
        .unwrap()
}

async fn create(ghl: &SimulatedGhl, token: &str, email: &str) -> (u16, Value) {
    let response = http()
        .post(format!("{}/contacts/", ghl.base_url()))
        .bearer_auth(token)
        .header("version", "2021-07-28")
        .json(&json!({ "locationId": LOCATION, "email": email }))
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ghl.journal");
    let ghl = start(&path).await;
    let token = ghl.issue_private_token(LOCATION, SCOPES);
    let revoked = ghl.issue_private_token(LOCATION, SCOPES);
    ghl.revoke_token(&revoked);
    let seeded = ghl.seed_contacts(LOCATION, 3);
    let (status, first) = create(&ghl, &token, "one@example.com").await;
    assert_eq!(status, 201);
    assert_eq!(create(&ghl, &token, "one@example.com").await.0, 400);
    assert!(ghl.edit_contact(LOCATION, &seeded[0], json!({ "firstName": "New" })));
    assert!(ghl.delete_contact(LOCATION, &seeded[1]));
    let (contacts, writes) = (ghl.contacts(LOCATION), ghl.contact_writes());
    let (stats, starts) = (ghl.stats(), ghl.starts());
    assert_eq!(starts, [0]);
    drop(ghl);

    let ghl = start(&path).await;
    assert_eq!(ghl.contacts(LOCATION), contacts);
    assert_eq!(ghl.contact_writes(), writes);
    assert_eq!(ghl.stats(), stats);
    assert_eq!((ghl.starts(), ghl.requests().len()), (vec![0, 2], 2));
    // The window knows of the requests before: two of five are used.
    for n in 0..3 {
        let (status, body) = create(&ghl, &token, &format!("more{n}@example.com")).await;
        assert_eq!(status, 201);
        assert_ne!(body["contact"]["id"], first["contact"]["id"]);
    }
    assert_eq!(create(&ghl, &token, "six@example.com").await.0, 429);
    assert_eq!(create(&ghl, &revoked, "seven@example.com").await.0, 401);
    assert_eq!(ghl.limit_violations(), 1);
    let tokens = [ghl.issue_private_token(LOCATION, SCOPES), token, revoked];
    assert_ne!(tokens[0], tokens[1]);
    assert_ne!(tokens[0], tokens[2]);
    drop(ghl);
    assert_eq!(start(&path).await.limit_violations(), 1);
}

#[tokio::test]
async fn a_torn_last_line_is_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ghl.journal");
    let ghl = start(&path).await;
    let id = ghl.seed_contacts(LOCATION, 1).remove(0);
    drop(ghl);
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(br#"{"t":1,"ids":2,"conta"#).unwrap();
    for _ in 0..2 {
        let ghl = start(&path).await;
        assert_eq!(ghl.contact_count(LOCATION), 1);
        assert!(ghl.edit_contact(LOCATION, &id, json!({ "firstName": "New" })));
    }
    let mut text = fs::read_to_string(&path).unwrap();
    text.insert_str(0, "{\"t\":1,\"ids\":2,\"conta\n");
    fs::write(&path, text).unwrap();
    let builder = SimulatedGhl::builder().location(LOCATION, "company");
    let error = builder.journal(&path).start().await.unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[tokio::test]
async fn what_was_found_is_found_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ghl.journal");
    let ghl = start(&path).await;
    let token = ghl.issue_private_token(LOCATION, SCOPES);
    let _ids = ghl.seed_contacts(LOCATION, 3);
    drop(ghl);
    let ghl = start(&path).await;
    let response = http()
        .post(format!("{}/contacts/search", ghl.base_url()))
        .bearer_auth(&token)
        .header("version", "2021-07-28")
        .json(&json!({ "locationId": LOCATION, "pageLimit": 10 }))
        .send()
        .await
        .unwrap();
    assert_eq!(response.json::<Value>().await.unwrap()["total"], 3);
}
