use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use integrations_testkit::{
    Fault, FaultPlan, SimulatedGhl,
    ghl::{AppSpec, DeliveryPolicy},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::support::{LOCATION, builder, ready, start};

#[tokio::test]
async fn the_envelope_is_added_and_the_raw_bytes_are_signed() {
    let ghl = start().await;
    let event = json!({"locationId": LOCATION, "id": "contact1"});
    let webhook = ghl.webhook("ContactCreate", event.clone());
    let body = webhook.json();
    assert_eq!(
        (&body["type"], &body["id"]),
        (&json!("ContactCreate"), &json!("contact1"))
    );
    let id = body["webhookId"].as_str().unwrap();
    assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'), "a UUID v4");
    assert_eq!(body["appId"].as_str().unwrap().len(), 24);
    let time = body["timestamp"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    assert_ne!(id, ghl.webhook("ContactCreate", event).webhook_id());
    assert!(verifies(&ghl, &webhook));
    assert!(!verifies(&ghl, &webhook.clone().tampered()));
    assert!(webhook.clone().tampered().json().is_object());
    assert_eq!(webhook.clone().unsigned().signature(), "N/A");
    assert!(!format!("{webhook:?}").contains("contact1"));
}

fn verifies(ghl: &SimulatedGhl, webhook: &integrations_testkit::ghl::SignedWebhook) -> bool {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let signature = STANDARD.decode(webhook.signature()).unwrap();
    let key = UnparsedPublicKey::new(&ED25519, ghl.webhook_public_key().raw());
    key.verify(&webhook.body, &signature).is_ok()
}

#[tokio::test]
async fn events_carry_the_newest_app_and_any_time() {
    let ghl = start().await;
    let app = ghl.register_app(AppSpec::new("https://app.example.com/callback"));
    let stale = "2020-01-01T00:00:00Z".parse().unwrap();
    let body = ghl
        .webhook_at("INSTALL", json!({"appId": "mine"}), stale)
        .json();
    assert_eq!(body["timestamp"], "2020-01-01T00:00:00.000Z");
    assert_eq!(body["appId"], "mine", "what the event says stands");
    assert_eq!(body["versionId"], app.version_id);
}

#[tokio::test]
async fn writes_come_back_as_webhooks() {
    let (ghl, api) = ready().await;
    let body =
        json!({"locationId": LOCATION, "email": "alex@example.com", "phone": "+12125550107"});
    let created = api.post("/contacts/", body).await.expect(201);
    let id = created["contact"]["id"].as_str().unwrap();
    api.put(&format!("/contacts/{id}"), json!({"city": "Riverton"}))
        .await
        .expect(200);
    api.post(&format!("/contacts/{id}/tags"), json!({"tags": ["a"]}))
        .await
        .expect(201);
    let text = json!({"type": "SMS", "contactId": id, "message": "hi"});
    api.post("/conversations/messages", text).await.expect(200);
    api.delete(&format!("/contacts/{id}"), None)
        .await
        .expect(200);
    let webhooks = ghl.take_webhooks();
    let kinds: Vec<_> = webhooks.iter().map(|w| w.json()["type"].clone()).collect();
    let expected = [
        "ContactCreate",
        "ContactUpdate",
        "ContactTagUpdate",
        "OutboundMessage",
        "ContactDelete",
    ];
    assert_eq!(kinds, expected);
    let first = webhooks[0].json();
    assert_eq!(
        (&first["id"], &first["locationId"]),
        (&json!(id), &json!(LOCATION))
    );
    assert_eq!(
        first["email"], "alex@example.com",
        "flat, without a data wrapper"
    );
    assert!(webhooks.iter().all(|webhook| verifies(&ghl, webhook)));
    assert!(ghl.take_webhooks().is_empty());
}

/// A receiver that answers with these statuses in turn, then with 200. 0 is no answer at all.
async fn receiver(statuses: &[u16]) -> (String, Arc<Mutex<Vec<(String, Value)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks?a=b", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let mut statuses: VecDeque<_> = statuses.iter().copied().collect();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            let body = loop {
                let mut part = [0; 4096];
                let count = stream.read(&mut part).await.unwrap();
                text.push_str(std::str::from_utf8(&part[..count]).unwrap());
                let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
                if let Some(Ok(body)) = body.map(serde_json::from_str::<Value>) {
                    break body;
                }
            };
            log.lock().unwrap().push((text, body));
            match statuses.pop_front().unwrap_or(200) {
                0 => {}
                status => {
                    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        }
    });
    (url, seen)
}

#[tokio::test]
async fn delivery_posts_the_signed_bytes() {
    let ghl = start().await;
    let (url, seen) = receiver(&[]).await;
    let webhook = ghl.webhook("ContactCreate", json!({"id": "contact1"}));
    let delivery = ghl.deliver(&url, webhook.clone()).await;
    assert!(delivery.delivered());
    assert_eq!(delivery.attempts, [Some(200)]);
    assert_eq!(delivery.webhook_id, webhook.webhook_id());
    let (text, body) = seen.lock().unwrap()[0].clone();
    assert!(text.starts_with("POST /hooks?a=b HTTP/1.1\r\n"), "{text}");
    assert!(text.contains(&format!("x-ghl-signature: {}\r\n", webhook.signature())));
    assert!(text.contains("content-type: application/json\r\n"));
    assert!(text.contains("host: 127.0.0.1:"));
    assert_eq!(body, webhook.json());
}

#[tokio::test]
async fn anything_but_a_success_comes_again() {
    let ghl = start().await;
    let (url, seen) = receiver(&[500, 0, 302, 404, 429]).await;
    let delivery = ghl
        .deliver(&url, ghl.webhook("ContactCreate", json!({})))
        .await;
    let statuses = [Some(500), None, Some(302), Some(404), Some(429), Some(200)];
    assert_eq!(delivery.attempts, statuses);
    let seen = seen.lock().unwrap();
    assert!(
        seen.iter().all(|(_, body)| *body == seen[0].1),
        "always the same bytes"
    );
}

#[tokio::test]
async fn it_gives_up_after_twelve_retries() {
    let ghl = start().await;
    let (url, seen) = receiver(&[500; 20]).await;
    let delivery = ghl
        .deliver(&url, ghl.webhook("ContactCreate", json!({})))
        .await;
    assert!(!delivery.delivered());
    assert_eq!(
        (delivery.attempts.len(), seen.lock().unwrap().len()),
        (13, 13)
    );
}

#[tokio::test]
async fn before_2026_only_a_429_came_again() {
    let ghl = builder()
        .delivery(DeliveryPolicy::before_2026())
        .start()
        .await
        .unwrap();
    let (url, _) = receiver(&[429, 429, 500]).await;
    let delivery = ghl
        .deliver(&url, ghl.webhook("ContactCreate", json!({})))
        .await;
    assert_eq!(
        delivery.attempts,
        [Some(429), Some(429), Some(500)],
        "and then it is lost"
    );
}

#[tokio::test]
async fn a_receiver_that_hangs_has_failed() {
    let ghl = builder()
        .delivery(DeliveryPolicy::current().with_timeout(Duration::from_millis(20)))
        .start()
        .await
        .unwrap();
    // Accepts by its backlog and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let delivery = ghl
        .deliver(&url, ghl.webhook("ContactCreate", json!({})))
        .await;
    assert_eq!(delivery.attempts, [None; 13]);
}

#[tokio::test]
async fn later_webhooks_overtake_failed_ones() {
    let ghl = start().await;
    let (url, seen) = receiver(&[500]).await;
    let webhooks = [1, 2, 3].map(|n| ghl.webhook("ContactUpdate", json!({"n": n})));
    let deliveries = ghl.deliver_all(&url, webhooks).await;
    assert!(deliveries.iter().all(|delivery| delivery.delivered()));
    let order: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(_, b)| b["n"].clone())
        .collect();
    assert_eq!(order, [1, 2, 3, 1]);
}

async fn disturbed(fault: Fault) -> (Vec<i64>, usize) {
    let ghl = builder()
        .faults(FaultPlan::seeded(5).rate(fault, 0.5))
        .start()
        .await
        .unwrap();
    let (url, seen) = receiver(&[]).await;
    let webhooks = (0..20).map(|n| ghl.webhook("ContactUpdate", json!({"n": n})));
    let webhooks: Vec<_> = webhooks.collect();
    let deliveries = ghl.deliver_all(&url, webhooks).await;
    let order = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(_, b)| b["n"].as_i64().unwrap())
        .collect();
    (order, deliveries.iter().filter(|d| d.duplicate).count())
}

#[tokio::test]
async fn webhooks_are_duplicated_by_plan() {
    let (order, duplicates) = disturbed(Fault::DuplicateWebhooks).await;
    assert!(
        duplicates > 3 && order.len() == 20 + duplicates,
        "{order:?}"
    );
    let mut unique = order.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique, (0..20).collect::<Vec<_>>());
    assert_eq!(order, disturbed(Fault::DuplicateWebhooks).await.0);
}

#[tokio::test]
async fn webhooks_are_reordered_by_plan() {
    let (order, duplicates) = disturbed(Fault::OutOfOrderWebhooks).await;
    assert_eq!((order.len(), duplicates), (20, 0));
    assert!(!order.is_sorted(), "{order:?}");
    let mut sorted = order;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..20).collect::<Vec<_>>());
}
