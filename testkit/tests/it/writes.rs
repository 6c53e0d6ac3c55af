use integrations_testkit::{Fault, FaultPlan, ghl::Effect};
use serde_json::json;

use crate::support::{LOCATION, ready};

#[tokio::test]
async fn the_journal_says_what_each_write_did_and_what_the_client_was_told() {
    let (ghl, api) = ready().await;
    let body = || json!({"locationId": LOCATION, "email": "alex@example.com"});
    let created = api.post("/contacts/", body()).await.expect(201);
    let id = created["contact"]["id"].as_str().unwrap();
    let path = format!("/contacts/{id}");
    api.post("/contacts/", body())
        .await
        .refused(400, "This location does not allow duplicated contacts.");
    api.get(&path).await.expect(200);
    api.put(&path, json!({"city": "Oslo"})).await.expect(200);
    api.put(&path, json!({"city": "Oslo"})).await.expect(200);
    let tags = format!("{path}/tags");
    api.post(&tags, json!({"tags": ["a"]})).await.expect(201);
    api.delete(&tags, Some(json!({"tags": ["b"]})))
        .await
        .expect(200);
    api.post("/contacts/upsert", body()).await.expect(200);
    ghl.set_faults(FaultPlan::none().script(
        "PUT /contacts/{id}",
        [Fault::ServerErrorAfterEffect(502), Fault::ServerError(503)],
    ));
    let city = json!({"city": "Bergen"});
    assert_eq!(api.put(&path, city.clone()).await.status, 502);
    assert_eq!(api.put(&path, city).await.status, 503);
    api.delete(&path, None).await.expect(200);

    let journal = ghl.write_journal();
    let lines: Vec<_> = journal
        .iter()
        .map(|write| (write.operation, write.status.unwrap(), write.effect))
        .collect();
    let expected = [
        ("contacts.create", 201, Effect::Created),
        ("contacts.create", 400, Effect::None),
        ("contacts.update", 200, Effect::Changed),
        ("contacts.update", 200, Effect::Unchanged),
        ("contacts.addTags", 201, Effect::Changed),
        ("contacts.removeTags", 200, Effect::Unchanged),
        ("contacts.upsert", 200, Effect::Unchanged),
        ("contacts.update", 502, Effect::Changed),
        ("contacts.update", 503, Effect::None),
        ("contacts.delete", 200, Effect::Deleted),
    ];
    assert_eq!(lines, expected);
    let contacts = journal.iter().map(|write| write.contact.as_deref());
    let contacts: Vec<_> = contacts.collect();
    assert_eq!(contacts[1], None, "a refused creation has no contact");
    assert!(contacts.iter().filter(|c| **c == Some(id)).count() == 9);
    assert_eq!(journal[3].location.as_deref(), Some(LOCATION));
    assert_eq!(journal[2].fingerprint, journal[3].fingerprint);
    assert_ne!(journal[2].fingerprint, journal[7].fingerprint);

    let writes = ghl.contact_writes()[id];
    let counts = (
        writes.created,
        writes.updated,
        writes.tagged,
        writes.deleted,
    );
    assert_eq!(counts, (1, 2, 1, 1));
    assert_eq!((writes.unchanged, writes.refused), (3, 1));
    assert_eq!(writes.applied(), 8);
    assert_eq!((ghl.total_reads(), ghl.total_writes()), (1, 8));
    assert_eq!(ghl.stats().reads["contacts.get"], 1);
    assert!(!format!("{journal:?}").contains("example.com"));

    let twice = ghl.applied_twice();
    assert_eq!(twice.len(), 1, "{twice:?}");
    assert_eq!(twice[0].sequence, journal[3].sequence);
    ghl.reset_stats();
    assert!(ghl.write_journal().is_empty() && ghl.contact_writes().is_empty());
}

#[tokio::test]
async fn a_creation_that_is_repeated_where_twins_are_allowed_is_seen() {
    let (ghl, api) = ready().await;
    ghl.allow_duplicate_contacts(LOCATION, true);
    let body = || json!({"locationId": LOCATION, "email": "alex@example.com"});
    ghl.set_faults(
        FaultPlan::none().script("POST /contacts/", [Fault::ServerErrorAfterEffect(502)]),
    );
    assert_eq!(api.post("/contacts/", body()).await.status, 502);
    assert!(ghl.twins(LOCATION).is_empty());
    api.post("/contacts/", body()).await.expect(201);
    let twice = ghl.applied_twice();
    assert_eq!(twice.len(), 1);
    assert_eq!(twice[0].operation, "contacts.create");
    let twins = ghl.twins(LOCATION);
    assert_eq!((twins.len(), twins[0].len()), (1, 2));
    assert_eq!(ghl.contact_count(LOCATION), 2);
}

#[tokio::test]
async fn there_and_back_again_is_not_twice() {
    let (ghl, api) = ready().await;
    let id = ghl.seed_contact(LOCATION, json!({"city": "Oslo"}));
    let path = format!("/contacts/{id}");
    for city in ["Bergen", "Oslo", "Bergen"] {
        api.put(&path, json!({"city": city})).await.expect(200);
    }
    assert!(ghl.applied_twice().is_empty());
    assert_eq!(ghl.contact_writes()[&id].updated, 3);
}

#[tokio::test]
async fn an_upsert_ignores_the_phone_that_another_contact_has() {
    let (ghl, api) = ready().await;
    let email = ghl.seed_contact(LOCATION, json!({"email": "alex@example.com"}));
    let phone = ghl.seed_contact(LOCATION, json!({"phone": "+12125550101"}));
    let body = json!({
        "locationId": LOCATION, "email": "alex@example.com", "phone": "+12125550101", "city": "Oslo",
    });
    let upserted = api.post("/contacts/upsert", body).await.expect(200);
    assert_eq!(upserted["contact"]["id"], json!(email));
    assert_eq!(upserted["contact"]["city"], "Oslo");
    assert!(upserted["contact"].get("phone").is_none());
    let other = ghl.contact(LOCATION, &phone).unwrap();
    assert_eq!(other["phone"], "+12125550101");
    assert!(ghl.twins(LOCATION).is_empty());
}
