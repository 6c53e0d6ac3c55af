use std::time::Duration;

use integrations_testkit::SimulatedGhl;
use serde_json::{Value, json};

use crate::{
    receiver::{Receiver, receiver},
    support::{Api, LOCATION, ready},
};

async fn with_contact() -> (SimulatedGhl, Api, String) {
    let (ghl, api) = ready().await;
    let contact = ghl.seed_contact(
        LOCATION,
        json!({"firstName": "Alex", "phone": "+12125550105", "email": "alex@example.com"}),
    );
    (ghl, api.with_version("2021-04-15"), contact)
}

#[tokio::test]
async fn a_contact_has_one_conversation() {
    let (_ghl, api, contact) = with_contact().await;
    let body = json!({"locationId": LOCATION, "contactId": contact});
    let created = api.post("/conversations/", body.clone()).await.expect(201);
    assert_eq!(created["success"], true);
    let id = created["conversation"]["id"].as_str().unwrap();
    let refused = api.post("/conversations/", body.clone()).await;
    let refused = refused.refused(400, "Conversation already exists");
    assert_eq!(refused["conversationId"], id);
    let shown = api.get(&format!("/conversations/{id}")).await.expect(200);
    assert_eq!(shown["contactId"], contact);
    assert!(
        shown["type"].is_number(),
        "a number here, text in the search"
    );
    let path = format!("/conversations/search?locationId={LOCATION}&contactId={contact}");
    let found = api.get(&path).await.expect(200);
    assert_eq!(found["total"], 1);
    assert_eq!(found["conversations"][0]["id"], id);
    assert_eq!(found["conversations"][0]["type"], "TYPE_PHONE");
    let reply = api.get("/conversations/unknown").await;
    reply.refused(404, "Conversation not found");
    let path = format!("/conversations/?locationId={LOCATION}");
    let reply = api.post(&path, body).await;
    reply.refused(422, "property locationId should not exist");
}

#[tokio::test]
async fn send_list_and_get_messages() {
    let (ghl, api, contact) = with_contact().await;
    let mut conversation = Value::Null;
    for number in 0..5 {
        let body =
            json!({"type": "SMS", "contactId": contact, "message": format!("text {number}")});
        let sent = api.post("/conversations/messages", body).await.expect(200);
        assert_eq!(sent["status"], "pending");
        assert!(conversation.is_null() || conversation == sent["conversationId"]);
        conversation = sent["conversationId"].clone();
    }
    let path = format!("/conversations/{}/messages", conversation.as_str().unwrap());
    let mut seen = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let found = api.get(&format!("{path}{query}")).await.expect(200);
        // One level deeper than documented.
        let page = &found["messages"];
        let messages = page["messages"].as_array().unwrap();
        seen.extend(
            messages
                .iter()
                .map(|m| m["id"].as_str().unwrap().to_owned()),
        );
        if page["nextPage"] == false {
            break;
        }
        query = format!(
            "?limit=2&lastMessageId={}",
            page["lastMessageId"].as_str().unwrap()
        );
    }
    assert_eq!(seen.len(), 5);
    let shown = api
        .get(&format!("/conversations/messages/{}", seen[0]))
        .await
        .expect(200);
    let message = &shown["message"];
    assert_eq!(
        (&message["messageType"], &message["type"]),
        (&json!("TYPE_SMS"), &json!(2))
    );
    assert_eq!(message["direction"], "outbound");
    assert_eq!(message["conversationId"], conversation);
    let reply = api.get("/conversations/messages/unknown").await;
    reply.refused(404, "Message not found");
    assert_eq!(ghl.messages(LOCATION).len(), 5);
    assert_eq!(ghl.writes("messages.send"), 5);
}

#[tokio::test]
async fn what_cannot_be_sent() {
    let (ghl, api, contact) = with_contact().await;
    let send = async |body: Value| api.post("/conversations/messages", body).await;
    let message = "There is no message or attachments for this message. Skip sending.";
    let body = json!({"type": "SMS", "contactId": contact});
    send(body).await.refused(400, message);
    let body = json!({"type": "Pigeon", "contactId": contact, "message": "hi"});
    let refused = send(body).await.expect(422);
    assert!(
        refused["message"][0]
            .as_str()
            .unwrap()
            .starts_with("type must be one of")
    );
    let body = json!({"type": "SMS", "contactId": "unknown", "message": "hi"});
    send(body)
        .await
        .refused(400, "Contact with id unknown not found");
    ghl.edit_contact(
        LOCATION,
        &contact,
        json!({"dndSettings": {"SMS": {"status": "active"}}}),
    );
    let body = json!({"type": "SMS", "contactId": contact, "message": "hi"});
    send(body)
        .await
        .refused(400, "Cannot send message as DND is active for SMS.");
    let body = json!({"type": "Email", "contactId": contact, "html": "<p>hi</p>"});
    let sent = send(body).await.expect(200);
    assert!(sent["emailMessageId"].is_string());
    ghl.edit_contact(LOCATION, &contact, json!({"dnd": true}));
    let body = json!({"type": "Email", "contactId": contact, "html": "<p>hi</p>"});
    send(body)
        .await
        .refused(400, "Cannot send message as DND is active for Email.");
    assert_eq!(ghl.messages(LOCATION).len(), 1);
}

#[tokio::test]
async fn providers_report_messages_without_a_location_in_the_query() {
    let (ghl, api, contact) = with_contact().await;
    let body = json!({"locationId": LOCATION, "contactId": contact});
    let created = api.post("/conversations/", body).await.expect(201);
    let conversation = &created["conversation"]["id"];
    let inbound = json!({
        "type": "SMS",
        "conversationId": conversation,
        "contactId": contact,
        "conversationProviderId": "provider1",
        "message": "hello",
        "date": "2026-05-01T12:00:00Z",
    });
    let path = "/conversations/messages/inbound";
    let added = api.post(path, inbound.clone()).await.expect(200);
    assert_eq!(
        (&added["success"], &added["contactId"]),
        (&json!(true), &json!(contact))
    );
    assert_eq!(added["dateAdded"], "2026-05-01T12:00:00.000Z");
    for path in [path, "/conversations/messages/outbound"] {
        let path = format!("{path}?locationId={LOCATION}");
        let reply = api.post(&path, inbound.clone()).await;
        reply.refused(422, "property locationId should not exist");
    }
    let reply = api.post(path, json!({"type": "SMS"})).await;
    reply.refused(422, "conversationProviderId should not be empty");
    let call = json!({
        "type": "Call",
        "conversationId": conversation,
        "conversationProviderId": "provider1",
        "call": {"to": "+12125550105", "from": "+12125550106", "status": "voicemail"},
    });
    let added = api
        .post("/conversations/messages/outbound", call)
        .await
        .expect(200);
    let path = format!(
        "/conversations/messages/{}",
        added["messageId"].as_str().unwrap()
    );
    let shown = api.get(&path).await.expect(200);
    assert_eq!(shown["message"]["meta"]["callStatus"], "voicemail");
    let status = json!({"status": "delivered"});
    api.put(&format!("{path}/status"), status).await.expect(200);
    assert_eq!(
        api.get(&path).await.expect(200)["message"]["status"],
        "delivered"
    );
    assert_eq!(ghl.messages(LOCATION).len(), 2);
}

#[tokio::test]
async fn contacts_answer() {
    let (ghl, api, contact) = with_contact().await;
    let id = ghl.receive_sms(LOCATION, &contact, "STOP").unwrap();
    assert!(ghl.receive_sms(LOCATION, "unknown", "hi").is_none());
    let path = format!("/conversations/search?locationId={LOCATION}&status=unread");
    let found = api.get(&path).await.expect(200);
    let row = &found["conversations"][0];
    assert_eq!(
        (&row["lastMessageBody"], &row["unreadCount"]),
        (&json!("STOP"), &json!(1))
    );
    assert_eq!(row["lastMessageDirection"], "inbound");
    let [event, blocked] = &ghl.take_webhooks()[..] else {
        panic!("the message, and what it asks for")
    };
    let (event, blocked) = (event.json(), blocked.json());
    assert_eq!(blocked["type"], "ContactDndUpdate");
    assert_eq!(blocked["dndSettings"]["SMS"]["status"], "active");
    assert_eq!(
        (&event["type"], &event["messageId"]),
        (&json!("InboundMessage"), &json!(id))
    );
    assert_eq!(
        (&event["messageType"], &event["body"]),
        (&json!("SMS"), &json!("STOP"))
    );
    let text = || json!({"type": "SMS", "contactId": contact, "message": "hi"});
    let refused = api.post("/conversations/messages", text()).await;
    refused.refused(400, "Cannot send message as DND is active for SMS.");
    let _ = ghl.receive_sms(LOCATION, &contact, " start ");
    api.post("/conversations/messages", text())
        .await
        .expect(200);
}

#[tokio::test]
async fn the_search_pages_by_date() {
    let (ghl, api) = ready().await;
    for number in 0..3 {
        let contact = ghl.seed_contact(LOCATION, json!({"firstName": format!("C{number}")}));
        ghl.clock().advance(Duration::from_secs(1));
        ghl.receive_sms(LOCATION, &contact, "hello").unwrap();
    }
    let path = format!("/conversations/search?locationId={LOCATION}&limit=2");
    let found = api.get(&path).await.expect(200);
    let rows = found["conversations"].as_array().unwrap();
    assert_eq!((rows.len(), &found["total"]), (2, &json!(3)));
    assert_eq!(rows[0]["fullName"], "C2", "newest first");
    let last = &rows[1]["lastMessageDate"];
    let found = api
        .get(&format!("{path}&startAfterDate={last}"))
        .await
        .expect(200);
    assert_eq!(found["conversations"][0]["fullName"], "C0");
    let reply = api.get(&format!("{path}&page=2")).await;
    reply.refused(422, "property page should not exist");
}

#[tokio::test]
async fn a_provider_is_asked_to_carry_what_goes_out() {
    let (ghl, api, contact) = with_contact().await;
    assert!(ghl.write_sms(LOCATION, "unknown", "hi").is_none());
    let id = ghl.write_sms(LOCATION, &contact, "by nobody").unwrap();
    assert!(ghl.take_deliveries().is_empty(), "there is no provider");
    let message = api.get(&format!("/conversations/messages/{id}")).await;
    assert_eq!(message.expect(200)["message"]["status"], "pending");

    ghl.set_sms_provider(LOCATION, "provider-1");
    let id = ghl.write_sms(LOCATION, &contact, "Hello").unwrap();
    let text = json!({"type": "SMS", "contactId": contact, "message": "by the API"});
    api.post("/conversations/messages", text).await.expect(200);
    let text = json!({"type": "Custom", "contactId": contact, "message": "by another", "conversationProviderId": "p2"});
    api.post("/conversations/messages", text).await.expect(200);
    let email = json!({"type": "Email", "contactId": contact, "message": "no text"});
    api.post("/conversations/messages", email).await.expect(200);
    let deliveries = ghl.take_deliveries();
    let bodies: Vec<Value> = deliveries.iter().map(|one| one.json()).collect();
    let texts: Vec<_> = bodies.iter().map(|body| &body["message"]).collect();
    assert_eq!(texts, ["Hello", "by the API", "by another"]);
    let first = &bodies[0];
    assert_eq!(first["messageId"], id);
    assert_eq!(first["type"], "SMS", "the channel, not the event");
    assert_eq!(first["phone"], "+12125550105");
    assert_eq!(first["contactId"], contact);
    assert!(first["webhookId"].is_null() && first["timestamp"].is_null());
    assert_eq!(bodies[2]["type"], "Custom");
    let told = ghl.take_webhooks();
    assert_eq!(told.len(), 5, "and the app hears of each as of any message");
    assert!(
        told.iter()
            .all(|one| one.json()["type"] == "OutboundMessage")
    );

    // What a provider reports is not carried, and no answer shows what it calls it.
    let path = format!("/conversations/search?locationId={LOCATION}&contactId={contact}");
    let found = api.get(&path).await.expect(200);
    let report = json!({"type": "SMS", "conversationId": found["conversations"][0]["id"], "contactId": contact,
        "conversationProviderId": "provider-1", "message": "carried", "direction": "outbound", "altId": "text-1"});
    let reported = api.post("/conversations/messages/inbound", report).await;
    let reported = reported.expect(200)["messageId"].clone();
    assert!(ghl.take_deliveries().is_empty());
    let kept = ghl.messages(LOCATION);
    let kept = kept.iter().find(|one| one["id"] == reported).unwrap();
    assert_eq!(kept["altId"], "text-1");
    let path = format!("/conversations/messages/{}", reported.as_str().unwrap());
    let shown = api.get(&path).await.expect(200);
    assert!(shown["message"]["altId"].is_null());

    let _ = ghl.receive_sms(LOCATION, &contact, "STOP");
    assert!(ghl.write_sms(LOCATION, &contact, "blocked").is_none());
    assert!(ghl.take_deliveries().is_empty());
}

#[tokio::test]
async fn deliveries_go_to_their_own_address_without_a_signature() {
    let (ghl, _api, contact) = with_contact().await;
    ghl.set_sms_provider(LOCATION, "provider-1");
    let (app, provider, other) = (
        receiver(200).await,
        receiver(200).await,
        receiver(200).await,
    );
    let limit = Duration::from_secs(10);
    let senders = [
        ghl.send_webhooks(&app.url).start(),
        ghl.send_deliveries("provider-1", &provider.url).start(),
        ghl.send_deliveries("p2", &other.url).start(),
    ];
    let id = ghl.write_sms(LOCATION, &contact, "Hello").unwrap();
    for sender in &senders {
        assert!(sender.settled(limit).await);
    }
    let seen = |receiver: &Receiver| receiver.seen.lock().unwrap().clone();
    assert_eq!(seen(&app)[0]["type"], "OutboundMessage");
    assert_eq!(seen(&app).len(), 1);
    assert_eq!(seen(&provider)[0]["messageId"], id);
    assert!(seen(&other).is_empty());
    let heads = |receiver: &Receiver| receiver.heads.lock().unwrap().clone();
    assert!(heads(&provider)[0].contains("x-ghl-signature: n/a"));
    assert!(!heads(&app)[0].contains("x-ghl-signature: n/a"));
    assert_eq!(senders[1].deliveries()[0].webhook_id, id);

    let signed = ghl
        .send_deliveries("provider-1", &other.url)
        .signed(true)
        .start();
    ghl.write_sms(LOCATION, &contact, "Signed").unwrap();
    assert!(signed.settled(limit).await);
    assert!(!heads(&other)[0].contains("x-ghl-signature: n/a"));
}
