//! Every address: what is taken, what is refused, and that nothing of a refused request is kept.

use integrations_testkit::verity::Proof;
use serde_json::{Value, json};

use super::house::{DELIVERY_SECRET, Engine, GATEWAY_KEY, House, LOCATION, OURS, PASSWORD, USER};

const JSON: (&str, &str) = ("content-type", "application/json");

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {pair}")
}

async fn events(house: &House) -> u64 {
    let store = house.store().await;
    let counts = store.deployment().event_counts().await.expect("counts");
    store.close().await;
    counts.pending + counts.processing + counts.done + counts.failed + counts.kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_taken_with_their_proof_and_refused_without() {
    let house = House::new(Engine::Sqlite, &[]).await;
    house.quiet().await;
    let before = events(&house).await;
    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));

    // GoHighLevel: signed, of the app, for the location.
    let ghl = "/api/webhooks/ghl";
    let event = |id: &str| {
        let event = json!({"type": "FutureEvent", "locationId": LOCATION, "id": id});
        house.ghl.webhook("FutureEvent", event)
    };
    let good = event("e1");
    let signed = |webhook: &integrations_testkit::ghl::SignedWebhook| {
        vec![
            (JSON.0.to_owned(), JSON.1.to_owned()),
            ("x-ghl-signature".to_owned(), webhook.signature().to_owned()),
        ]
    };
    for (webhook, status) in [
        (good.clone(), 200),
        (good.clone(), 200),
        (event("e2").tampered(), 401),
        (event("e3").unsigned(), 401),
    ] {
        let headers = signed(&webhook);
        let headers: Vec<_> = headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            house.post(ghl, &headers, &webhook.body).await.status,
            status
        );
    }
    assert_eq!(
        events(&house).await,
        before + 1,
        "stored, though nobody knows it"
    );
    assert_eq!(house.post(ghl, &[JSON], large.as_bytes()).await.status, 413);
    assert_eq!(house.get(ghl, &[]).await.status, 405);

    // Its deliveries: unsigned, with the secret in the URL.
    let path = |key: &str| format!("{ghl}/provider-delivery?key={key}");
    let status_only =
        json!({"locationId": LOCATION, "messageId": "m1", "type": "SMS", "status": "delivered"});
    let inward = json!({"locationId": LOCATION, "messageId": "m2", "type": "SMS", "direction": "inbound",
        "phone": "+12065550100", "message": "planted words"});
    for body in [&status_only, &inward] {
        let body = body.to_string();
        let sent = house
            .post(&path(DELIVERY_SECRET), &[JSON], body.as_bytes())
            .await;
        assert_eq!(sent.status, 200);
        for wrong in ["", "another"] {
            let sent = house.post(&path(wrong), &[JSON], body.as_bytes()).await;
            assert_eq!(sent.status, 401);
        }
    }
    let sent = house
        .post(&path(DELIVERY_SECRET), &[JSON], large.as_bytes())
        .await;
    assert_eq!(sent.status, 413);
    assert_eq!(events(&house).await, before + 3);

    // Aloware: a user and a password with colons.
    let aloware = "/api/webhooks/aloware";
    let body = br#"{"event":"FutureThing","body":{"id":1}}"#;
    let good = basic(USER, PASSWORD);
    let auth = |value: &str| ("authorization".to_owned(), value.to_owned());
    for (header, status) in [
        (auth(&good), 200),
        (auth(&basic(USER, "planted")), 401),
        (auth(&basic("another", PASSWORD)), 401),
        (auth("Bearer x"), 401),
        (("x-nothing".to_owned(), "x".to_owned()), 401),
    ] {
        let headers = [JSON, (header.0.as_str(), header.1.as_str())];
        assert_eq!(house.post(aloware, &headers, body).await.status, status);
    }
    let authorized = [JSON, ("authorization", good.as_str())];
    let ping = house.aloware.test_webhook();
    assert_eq!(
        house.post(aloware, &authorized, &ping.body).await.status,
        200
    );
    assert_eq!(
        house
            .post(aloware, &authorized, large.as_bytes())
            .await
            .status,
        413
    );
    // Not JSON, whatever it is called.
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        authorized[1],
    ];
    let refused = house.post(aloware, &form, b"event=x").await;
    assert!((400..500).contains(&refused.status), "{refused:?}");
    assert_eq!(events(&house).await, before + 4, "a ping is no event");

    // Texting and broadcasts: signed, each in its header.
    for (path, broadcast, body) in [
        (
            "texting",
            false,
            json!({"eventType": "message.future", "messageId": "t1"}),
        ),
        (
            "broadcast",
            true,
            json!({"eventType": "analytics_updated", "broadcastId": "b1"}),
        ),
    ] {
        let path = format!("/api/webhooks/{path}");
        let text = body.to_string();
        for (proof, status) in [
            (Proof::Signature, 200),
            (Proof::GenericSignature, 200),
            (Proof::Forged, 401),
            (Proof::Nothing, 401),
            // Only for those who say so.
            (Proof::LegacySecret, 401),
        ] {
            let webhook = house.verity.webhook(text.clone(), broadcast, proof);
            let headers: Vec<_> = webhook
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
                .collect();
            let sent = house.post(&path, &headers, &webhook.body).await;
            assert_eq!(sent.status, status, "{path} {proof:?}");
        }
        let webhook = house
            .verity
            .webhook(large.clone(), broadcast, Proof::Signature);
        assert_eq!(house.post(&path, &[JSON], &webhook.body).await.status, 413);
    }
    let webhook = house.verity.webhook("[]", true, Proof::Signature);
    let mut headers = webhook.headers.iter();
    let proof = headers.find(|(name, _)| name.as_str().starts_with("x-"));
    let (name, value) = proof.expect("a header");
    let headers = [JSON, (name.as_str(), value.to_str().expect("text"))];
    let refused = house.post("/api/webhooks/broadcast", &headers, b"[]").await;
    assert_eq!(refused.status, 400);
    assert_eq!(events(&house).await, before + 6);

    // The generic address names the integration, and knows no other.
    let store = house.store().await;
    let tenant = "default".parse().expect("a tenant");
    let all = store
        .integrations()
        .list(&tenant, &integrations_store::Filter::all())
        .await;
    let all = all.expect("integrations");
    store.close().await;
    let id = all
        .iter()
        .find(|one| one.provider == "aloware")
        .expect("Aloware")
        .id;
    let other = br#"{"event":"FutureThing","body":{"id":2}}"#;
    let path = format!("/api/webhooks/aloware/{id}");
    assert_eq!(house.post(&path, &authorized, other).await.status, 200);
    let path = format!("/api/webhooks/gohighlevel/{id}");
    assert_eq!(house.post(&path, &authorized, other).await.status, 401);
    for path in [
        "/api/webhooks/nobody",
        "/api/webhooks/aloware/x",
        "/api/webhooks",
        "/nowhere",
    ] {
        assert_eq!(
            house.post(path, &authorized, other).await.status,
            404,
            "{path}"
        );
    }
    assert_eq!(events(&house).await, before + 7);

    house.quiet().await;
    assert!(
        house.verity.texts().is_empty(),
        "nothing of all that is a message to send"
    );
    assert_eq!(dead_letters(&house).await, 0);
    house.end().await;
}

async fn dead_letters(house: &House) -> u64 {
    let store = house.store().await;
    let tenant = "default".parse().expect("a tenant");
    let letters = store.dead_letters().counts(&tenant).await.expect("counts");
    store.close().await;
    letters.iter().map(|letters| letters.count).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_readiness_and_metrics_answer() {
    let house = House::new(Engine::Sqlite, &[]).await;
    let health = house.get("/health", &[]).await;
    assert_eq!(
        (health.status, &health.json()["status"]),
        (200, &json!("ok"))
    );
    let ready = house.get("/ready", &[]).await;
    assert_eq!(
        (ready.status, &ready.json()["database"]),
        (200, &json!(true))
    );
    assert_eq!(house.get("/healthz", &[]).await.status, 200);
    let refused = house.post("/api/webhooks/aloware", &[JSON], b"{}").await;
    assert_eq!(refused.status, 401);
    let metrics = house.get("/metrics", &[]).await;
    assert_eq!(metrics.status, 200);
    let counted = metrics.body.lines().any(|line| {
        line.starts_with("integrations_webhooks_total{")
            && line.contains(r#"provider="aloware""#)
            && line.contains(r#"outcome="rejected""#)
            && line.ends_with(" 1")
    });
    assert!(counted, "{}", metrics.body);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_lets_in_who_has_a_key_and_a_token() {
    let house = House::new(Engine::Sqlite, &[]).await;
    let key = format!("Bearer {GATEWAY_KEY}");
    let keyed = [JSON, ("authorization", key.as_str())];
    let catalogue = house.get("/api/verity", &keyed).await;
    assert_eq!(catalogue.status, 200);
    let listed = &catalogue.json()["data"]["catalog"]["endpoints"];
    assert_eq!(listed.as_array().map(Vec::len), Some(3));
    assert_eq!(house.get("/api/verity", &[]).await.status, 401);

    let user = house.clerk.sign_in("user_1", json!({}));
    let admin = house.clerk.sign_in("user_2", json!({"admin": true}));
    let user = house.clerk.session_token(&user);
    let admin = house.clerk.session_token(&admin);
    let forged = house.clerk.forge(
        &json!({"alg": "none", "typ": "JWT"}),
        &json!({"sub": "user_2", "sid": "sess_1", "admin": true, "iss": house.clerk.issuer(), "exp": 9_999_999_999_i64}),
    );
    let call = async |endpoint: &str, method: &str, token: &str| {
        let body = json!({"endpoint": endpoint, "method": method, "headers": {"Authorization": format!("Bearer {token}")}});
        house
            .post("/api/verity", &keyed, body.to_string().as_bytes())
            .await
    };
    let listed = call("/apicomms/broadcasts", "GET", &user).await;
    assert_eq!(
        (listed.status, &listed.json()["success"]),
        (200, &json!(true))
    );
    for (endpoint, token, code) in [
        ("/apicomms/broadcasts", forged.as_str(), "INVALID_TOKEN"),
        ("/apicomms/broadcasts", "nonsense", "INVALID_TOKEN"),
        ("/etc/passwd", &user, "INVALID_ENDPOINT"),
    ] {
        let refused = call(endpoint, "GET", token).await;
        assert_eq!(refused.json()["error"]["code"], code, "{refused:?}");
    }
    let refused = call("/apicalls/agents", "GET", &user).await;
    assert!((401..=403).contains(&refused.status), "{refused:?}");
    assert_eq!(call("/apicalls/agents", "GET", &admin).await.status, 200);
    // Passed through as it is.
    let token = format!("Bearer {user}");
    let through = [
        ("x-api-key", GATEWAY_KEY),
        ("authorization", token.as_str()),
    ];
    let passed = house.get("/api/verity/comms/broadcasts", &through).await;
    assert_eq!(passed.status, 200, "{passed:?}");
    let alone = [("authorization", token.as_str())];
    assert_eq!(
        house
            .get("/api/verity/comms/broadcasts", &alone)
            .await
            .status,
        401
    );
    let read: Value = serde_json::from_str(&passed.body).expect("JSON");
    assert!(read.is_object() || read.is_array());
    house.end().await;
}

/// Whoever sends a text through the gateway: the register is asked all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_15_the_gateway_texts_nobody_who_said_stop() {
    let house = House::new(Engine::Sqlite, &[]).await;
    house.person("+12065550111", "stop@example.com");
    let _ = house.verity.receive_text("+12065550111", OURS, "Stop");
    house.quiet().await;
    let key = format!("Bearer {GATEWAY_KEY}");
    let keyed = [JSON, ("authorization", key.as_str())];
    const THROUGH: &str = "/api/verity/integrations/df-middleware/send-message";
    for (to, status) in [("+12065550111", 403), ("+12065550112", 200)] {
        let text = json!({"to": to, "body": "Hello"});
        let passed = house
            .post(THROUGH, &keyed, text.to_string().as_bytes())
            .await;
        assert_eq!(passed.status, status, "{passed:?}");
        let envelope = json!({"endpoint": "/apisms", "method": "POST", "body": text}).to_string();
        let wrapped = house.post("/api/verity", &keyed, envelope.as_bytes()).await;
        assert_eq!(wrapped.status, status, "{wrapped:?}");
        assert!(!wrapped.body.contains("555011"), "{wrapped:?}");
    }
    assert_eq!(house.verity.texts().len(), 2);
    assert_eq!(house.verity.stop_violations(), 0);
    house.end().await;
}
