use serde_json::{Value, json};

use crate::support::{LOCATION, ready, start};

fn kinds(ghl: &integrations_testkit::SimulatedGhl) -> Vec<String> {
    let webhooks = ghl
        .take_webhooks()
        .into_iter()
        .map(|webhook| webhook.json());
    webhooks
        .map(|body| body["type"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_changed_decides_which_event_tells() {
    let (ghl, api) = ready().await;
    let id = ghl.add_contact(LOCATION, json!({"firstName": "Alex", "tags": ["a"]}));
    assert_eq!(kinds(&ghl), ["ContactCreate"]);
    let path = format!("/contacts/{id}");
    let on = json!({"SMS": {"status": "active"}});
    for (change, expected) in [
        (json!({"city": "Oslo"}), vec!["ContactUpdate"]),
        (json!({"city": "Oslo"}), vec!["ContactUpdate"]),
        (json!({"tags": ["b"]}), vec!["ContactTagUpdate"]),
        (json!({"dndSettings": on}), vec!["ContactDndUpdate"]),
        (json!({"dnd": false}), vec!["ContactUpdate"]),
        (json!({"dnd": true}), vec!["ContactDndUpdate"]),
        (
            json!({"city": "Bergen", "tags": ["c"], "dnd": false}),
            vec!["ContactUpdate", "ContactTagUpdate", "ContactDndUpdate"],
        ),
    ] {
        api.put(&path, change.clone()).await.expect(200);
        assert_eq!(kinds(&ghl), expected, "{change}");
    }
    assert!(ghl.edit_contact(LOCATION, &id, json!({"dnd": true})));
    let event = ghl.take_webhooks().pop().unwrap().json();
    assert_eq!(event["dnd"], true);
    assert_eq!(event["dndSettings"]["SMS"]["status"], "active");
    assert!(ghl.edit_contact(LOCATION, &id, json!({"city": "Oslo"})));
    let event = ghl.take_webhooks().pop().unwrap().json();
    assert_eq!(
        event.get("dndSettings"),
        None,
        "only the one event has them"
    );
    assert!(!ghl.edit_contact(LOCATION, "nobody", json!({})));
}

#[tokio::test]
async fn many_contacts_are_changed_in_one_go_with_one_date() {
    let (ghl, api) = ready().await;
    let ids = ghl.seed_contacts(LOCATION, 7);
    let all = ids.iter().map(String::as_str).chain(["nobody"]);
    assert_eq!(ghl.edit_contacts(LOCATION, all, json!({"city": "Oslo"})), 7);
    let dates: Vec<_> = ghl
        .contacts(LOCATION)
        .iter()
        .map(|c| c["dateUpdated"].clone())
        .collect();
    assert!(dates.iter().all(|date| *date == dates[0]));
    let sort = json!([{"field": "dateUpdated", "direction": "asc"}]);
    let body = json!({"locationId": LOCATION, "pageLimit": 3, "sort": sort});
    let found = api.post("/contacts/search", body).await.expect(200);
    let last = &found["contacts"][2]["searchAfter"];
    assert_eq!(last[1], found["contacts"][2]["id"], "the id breaks the tie");
    assert_eq!(kinds(&ghl), vec!["ContactUpdate"; 7]);
}

#[tokio::test]
async fn a_merge_is_told_as_a_change_and_a_deletion() {
    let ghl = start().await;
    let kept = ghl.seed_contact(
        LOCATION,
        json!({"firstName": "Alex", "city": "Oslo", "tags": ["a"]}),
    );
    let gone = ghl.seed_contact(
        LOCATION,
        json!({"firstName": "Al", "email": "alex@example.com", "tags": ["b"]}),
    );
    let message = ghl.receive_sms(LOCATION, &gone, "hello").unwrap();
    let _ = ghl.take_webhooks();
    assert!(!ghl.merge_contacts(LOCATION, &kept, &kept));
    assert!(!ghl.merge_contacts(LOCATION, "nobody", &kept));
    assert!(ghl.merge_contacts(LOCATION, &gone, &kept));
    assert!(ghl.contact(LOCATION, &gone).is_none());
    let contact = ghl.contact(LOCATION, &kept).unwrap();
    let shown = [
        &contact["firstName"],
        &contact["city"],
        &contact["email"],
        &contact["tags"],
    ];
    let expected = [
        json!("Alex"),
        json!("Oslo"),
        json!("alex@example.com"),
        json!(["a", "b"]),
    ];
    assert_eq!(
        shown,
        [&expected[0], &expected[1], &expected[2], &expected[3]]
    );
    let messages = ghl.messages(LOCATION);
    assert_eq!(
        (&messages[0]["id"], &messages[0]["contactId"]),
        (&json!(message), &json!(kept))
    );
    let webhooks: Vec<Value> = ghl.take_webhooks().iter().map(|w| w.json()).collect();
    let told: Vec<_> = webhooks.iter().map(|w| (&w["type"], &w["id"])).collect();
    assert_eq!(
        told,
        [
            (&json!("ContactUpdate"), &json!(kept)),
            (&json!("ContactTagUpdate"), &json!(kept)),
            (&json!("ContactDelete"), &json!(gone)),
        ]
    );
}
