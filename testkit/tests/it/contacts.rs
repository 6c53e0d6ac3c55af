use serde_json::json;

use crate::support::{LOCATION, ready};

#[tokio::test]
async fn create_get_update_delete() {
    let (ghl, api) = ready().await;
    let body = json!({
        "locationId": LOCATION,
        "firstName": "Alex",
        "lastName": "Archer",
        "email": "Alex@Example.com",
        "phone": "(212) 555-0101",
        "tags": ["VIP", "vip", "lead"],
        "customFields": [{"id": "field1", "field_value": "blue"}],
    });
    let created = api.post("/contacts/", body).await.expect(201);
    let contact = &created["contact"];
    let id = contact["id"].as_str().unwrap();
    assert_eq!(id.len(), 20);
    assert_eq!(contact["phone"], "+12125550101");
    assert_eq!(contact["emailLowerCase"], "alex@example.com");
    assert_eq!(contact["tags"], json!(["vip", "lead"]));
    assert_eq!(
        contact["customFields"],
        json!([{"id": "field1", "value": "blue"}])
    );
    assert!(
        contact.get("name").is_none(),
        "creation alone shows no name"
    );
    assert!(created["traceId"].is_string());

    let path = format!("/contacts/{id}");
    let shown = api.get(&path).await.expect(200);
    assert_eq!(shown["contact"]["name"], "alex archer");
    assert_eq!(shown["contact"]["type"], "lead");
    let added = shown["contact"]["dateAdded"].as_str().unwrap();
    assert!(added.ends_with('Z') && added.len() == 24, "{added}");

    let change = json!({"lastName": "Baker", "tags": ["other"], "city": null});
    let updated = api.put(&path, change).await.expect(200);
    assert_eq!(updated["succeded"], true);
    assert!(updated.get("succeeded").is_none());
    assert_eq!(updated["contact"]["lastName"], "Baker");
    assert_eq!(
        updated["contact"]["tags"],
        json!(["other"]),
        "tags are replaced"
    );

    let gone = api.delete(&path, None).await.expect(200);
    assert_eq!(gone["succeded"], true);
    let message = format!("Contact with id {id} not found");
    api.get(&path).await.refused(400, &message);
    api.delete(&path, None).await.refused(400, &message);
    assert_eq!(ghl.writes("contacts.create"), 1);
    assert_eq!(ghl.writes("contacts.update"), 1);
    assert_eq!(
        ghl.writes("contacts.delete"),
        1,
        "the refused one did nothing"
    );
    assert_eq!(ghl.total_writes(), 3);
}

#[tokio::test]
async fn the_validator_forbids_what_it_does_not_know() {
    let (_ghl, api) = ready().await;
    let body = json!({"locationId": LOCATION, "first_name": "Alex", "email": "nonsense"});
    let body = api.post("/contacts/", body).await.expect(422);
    let expected = [
        "property first_name should not exist",
        "email must be an email",
    ];
    assert_eq!(body["message"], json!(expected));
    assert_eq!(body["error"], "Unprocessable Entity");
    let body = api.post("/contacts/", json!({})).await.expect(422);
    let expected = [
        "locationId should not be empty",
        "locationId must be a string",
    ];
    assert_eq!(body["message"], json!(expected));
    let id = {
        let body = json!({"locationId": LOCATION, "email": "a@example.com"});
        let created = api.post("/contacts/", body).await.expect(201);
        created["contact"]["id"].as_str().unwrap().to_owned()
    };
    // What creation demands, an update forbids.
    let body = json!({"locationId": LOCATION, "firstName": "Alex"});
    let reply = api.put(&format!("/contacts/{id}"), body).await;
    reply.refused(422, "property locationId should not exist");
    let body = json!({"locationId": LOCATION, "tags": ["a"]});
    let reply = api.post(&format!("/contacts/{id}/tags"), body).await;
    reply.refused(422, "property locationId should not exist");
    // A location in the query of a path without query parameters is let through.
    api.get(&format!("/contacts/{id}?locationId={LOCATION}"))
        .await
        .expect(200);
}

#[tokio::test]
async fn broken_json_is_a_bad_request() {
    let (_ghl, api) = ready().await;
    let request = api
        .request(reqwest::Method::POST, "/contacts/")
        .header("content-type", "application/json")
        .body("{\"locationId\":");
    let reply = crate::support::send(request).await;
    assert_eq!(reply.status, 400);
    assert!(
        reply.body["message"]
            .as_str()
            .unwrap()
            .starts_with("Unexpected token")
    );
    let request = api.request(reqwest::Method::POST, "/contacts/").body("a=b");
    let reply = crate::support::send(request).await;
    reply.refused(422, "locationId should not be empty");
}

#[tokio::test]
async fn duplicates_are_refused_with_the_contact_they_match() {
    let (ghl, api) = ready().await;
    let known = ghl.seed_contact(
        LOCATION,
        json!({"firstName": "Bea", "email": "bea@example.com", "phone": "+12125550102"}),
    );
    let message = "This location does not allow duplicated contacts.";
    let body = json!({"locationId": LOCATION, "email": "BEA@example.com"});
    let refused = api.post("/contacts/", body).await.refused(400, message);
    assert_eq!(refused["meta"]["contactId"], known);
    assert_eq!(refused["meta"]["matchingField"], "email");
    assert_eq!(refused["meta"]["contactName"], "Bea");
    let body = json!({"locationId": LOCATION, "phone": "212-555-0102"});
    let refused = api.post("/contacts/", body).await.refused(400, message);
    assert_eq!(refused["meta"]["matchingField"], "phone");
    // An update cannot steal an address either, but keeps its own.
    let other = ghl.seed_contact(LOCATION, json!({"email": "chris@example.com"}));
    let path = format!("/contacts/{other}");
    let reply = api.put(&path, json!({"email": "bea@example.com"})).await;
    reply.refused(400, message);
    api.put(&path, json!({"email": "chris@example.com"}))
        .await
        .expect(200);
    ghl.allow_duplicate_contacts(LOCATION, true);
    let body = json!({"locationId": LOCATION, "email": "bea@example.com"});
    api.post("/contacts/", body).await.expect(201);
}

#[tokio::test]
async fn upsert_updates_what_it_finds() {
    let (ghl, api) = ready().await;
    let body = json!({"locationId": LOCATION, "email": "dana@example.com", "firstName": "Dana"});
    let first = api.post("/contacts/upsert", body.clone()).await.expect(200);
    assert_eq!(first["new"], true);
    let again = json!({"locationId": LOCATION, "email": "DANA@example.com", "city": "Riverton"});
    let second = api.post("/contacts/upsert", again).await.expect(200);
    assert_eq!(
        (&second["new"], &second["succeded"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(second["contact"]["id"], first["contact"]["id"]);
    assert_eq!(second["contact"]["firstName"], "Dana");
    assert_eq!(second["contact"]["city"], "Riverton");
    // With the flag, a new one is made only where duplicates are allowed.
    let mut flagged = body;
    flagged["createNewIfDuplicateAllowed"] = json!(true);
    let third = api
        .post("/contacts/upsert", flagged.clone())
        .await
        .expect(200);
    assert_eq!(third["new"], false);
    ghl.allow_duplicate_contacts(LOCATION, true);
    let fourth = api.post("/contacts/upsert", flagged).await.expect(200);
    assert_eq!(fourth["new"], true);
    assert_eq!(ghl.contacts(LOCATION).len(), 2);
}

#[tokio::test]
async fn tags_are_added_and_removed_with_a_body() {
    let (ghl, api) = ready().await;
    let id = ghl.seed_contact(LOCATION, json!({"firstName": "Eli", "tags": ["one"]}));
    let path = format!("/contacts/{id}/tags");
    let added = api
        .post(&path, json!({"tags": ["Two", "one"]}))
        .await
        .expect(201);
    assert_eq!(added["tags"], json!(["one", "two"]));
    let left = api
        .delete(&path, Some(json!({"tags": ["one"]})))
        .await
        .expect(200);
    assert_eq!(left["tags"], json!(["two"]));
    let reply = api.delete(&path, None).await;
    reply.refused(422, "tags should not be empty");
    let reply = api.post(&path, json!({"tags": "three"})).await;
    reply.refused(422, "tags must be an array");
    let reply = api.post(&path, json!({"tags": [3]})).await;
    reply.refused(422, "each value in tags must be a string");
}

#[tokio::test]
async fn the_versions_spell_differently() {
    let (ghl, api) = ready().await;
    let v3 = api.with_version("v3");
    let id = ghl.seed_contact(LOCATION, json!({"firstName": "Fay"}));
    let path = format!("/contacts/{id}");
    let date_form = json!({
        "dndSettings": {"SMS": {"status": "active"}, "WhatsApp": {"status": "inactive"}},
        "customFields": [{"id": "field1", "field_value": 7}],
    });
    let shown = api.put(&path, date_form.clone()).await.expect(200);
    assert_eq!(shown["contact"]["dndSettings"]["SMS"]["status"], "active");
    let reply = v3.put(&path, date_form).await.expect(422);
    let message = reply["message"].to_string();
    assert!(
        message.contains("dndSettings.property SMS should not exist"),
        "{message}"
    );
    assert!(message.contains("customFields.0.property field_value should not exist"));
    let named_form = json!({
        "dndSettings": {"whatsApp": {"status": "active"}},
        "customFields": [{"id": "field1", "fieldValue": 8}],
    });
    let shown = v3.put(&path, named_form).await.expect(200);
    let dnd = &shown["contact"]["dndSettings"];
    assert_eq!(
        dnd["whatsapp"]["status"], "active",
        "asked in camel case, answered without"
    );
    assert_eq!(dnd["sms"]["status"], "active");
    assert_eq!(shown["contact"]["customFields"][0]["value"], 8);
    assert_eq!(
        (&shown["succeded"], &shown["succeeded"]),
        (&json!(true), &json!(true))
    );
}

#[tokio::test]
async fn duplicates_can_be_looked_up() {
    let (ghl, api) = ready().await;
    let id = ghl.seed_contact(
        LOCATION,
        json!({"email": "gus@example.com", "phone": "2125550103"}),
    );
    let base = format!("/contacts/search/duplicate?locationId={LOCATION}");
    let found = api
        .get(&format!("{base}&email=GUS%40example.com"))
        .await
        .expect(200);
    assert_eq!(found["contact"]["id"], id);
    let found = api
        .get(&format!("{base}&number=%2B12125550103"))
        .await
        .expect(200);
    assert_eq!(found["contact"]["id"], id);
    let none = api
        .get(&format!("{base}&email=nobody@example.com"))
        .await
        .expect(200);
    assert!(none["contact"].is_null());
}

#[tokio::test]
async fn people_in_the_crm_change_contacts_too() {
    let (ghl, api) = ready().await;
    let id = ghl.seed_contact(LOCATION, json!({"firstName": "Hana"}));
    assert!(ghl.edit_contact(LOCATION, &id, json!({"city": "Springfield"})));
    let shown = api.get(&format!("/contacts/{id}")).await.expect(200);
    assert_eq!(shown["contact"]["city"], "Springfield");
    assert!(ghl.delete_contact(LOCATION, &id));
    assert!(!ghl.delete_contact(LOCATION, &id));
    assert!(ghl.contact(LOCATION, &id).is_none());
    assert_eq!(ghl.total_writes(), 0, "these are not the client's writes");
    let kinds: Vec<_> = ghl
        .take_webhooks()
        .iter()
        .map(|w| w.json()["type"].clone())
        .collect();
    assert_eq!(kinds, ["ContactUpdate", "ContactDelete"]);
}

#[tokio::test]
async fn notes_are_of_one_contact() {
    let (ghl, api) = ready().await;
    let ids = ghl.seed_contacts(LOCATION, 2);
    let path = format!("/contacts/{}/notes", ids[0]);
    let created = api
        .post(&path, json!({"body": "Called."}))
        .await
        .expect(201);
    let id = created["note"]["id"].as_str().unwrap();
    let one = format!("{path}/{id}");
    let updated = api.put(&one, json!({"body": "Called twice."})).await;
    assert_eq!(updated.expect(200)["note"]["body"], "Called twice.");
    let listed = api.get(&path).await.expect(200);
    assert_eq!(listed["notes"].as_array().map(Vec::len), Some(1));
    assert_eq!(api.get(&one).await.expect(200)["note"], listed["notes"][0]);
    let other = format!("/contacts/{}/notes", ids[1]);
    assert_eq!(api.get(&other).await.expect(200)["notes"], json!([]));
    let elsewhere = format!("{other}/{id}");
    api.get(&elsewhere).await.refused(404, "Note not found");
    assert_eq!(ghl.notes(LOCATION).len(), 1);
    api.delete(&one, None).await.expect(200);
    assert!(ghl.notes(LOCATION).is_empty());
    let kinds: Vec<_> = ghl
        .take_webhooks()
        .iter()
        .map(|told| told.json()["type"].clone())
        .collect();
    assert_eq!(kinds, ["NoteCreate", "NoteUpdate", "NoteDelete"]);
}
