use std::time::Duration;

use integrations_testkit::clerk::Clock;
use integrations_testkit::signer::HmacSigner;
use integrations_testkit::verity::{Effect, Proof, SEND_MESSAGE, SimulatedVerity};
use integrations_testkit::{Fault, FaultPlan, SimulatedClerk};
use serde_json::{Value, json};

use crate::receiver::receiver;

/// One request; the status and the answer.
async fn ask(url: String, method: &str, token: &str, body: Option<Value>) -> (u16, Value) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a client that is not ours")]
    let client = reqwest::Client::new();
    let mut request = client.request(method, url).bearer_auth(token);
    if let Some(body) = body {
        request = request.body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

#[tokio::test]
async fn a_message_needs_the_key_and_twice_is_two() {
    let verity = SimulatedVerity::start().await.unwrap();
    let key = verity.service_key();
    let url = || format!("{}{SEND_MESSAGE}", verity.base_url());
    let text = json!({"to": "+12025550123", "body": "Hello", "correlationId": "c1"});
    for (token, body, status) in [
        ("", Some(text.clone()), 401),
        ("wrong", Some(text.clone()), 401),
        (&key, Some(json!({"to": "+12025550123"})), 400),
        (&key, Some(json!({"to": "555", "body": "x"})), 400),
        (&key, None, 400),
        (&key, Some(text.clone()), 200),
        (&key, Some(text.clone()), 200),
    ] {
        assert_eq!(ask(url(), "POST", token, body).await.0, status);
    }
    assert_eq!(ask(url(), "GET", &key, None).await.0, 405);
    assert_eq!(verity.texts().len(), 2);
    assert_eq!(verity.applied_twice().len(), 1);
    let applied = verity
        .write_journal()
        .iter()
        .filter(|write| write.effect == Effect::Created)
        .count();
    assert_eq!((applied, verity.write_journal().len()), (2, 7));
    verity.set_faults(FaultPlan::none().script(
        SEND_MESSAGE,
        [Fault::ServerError(503), Fault::ServerErrorAfterEffect(502)],
    ));
    assert_eq!(ask(url(), "POST", &key, Some(text.clone())).await.0, 503);
    assert_eq!(verity.texts().len(), 2);
    assert_eq!(ask(url(), "POST", &key, Some(text.clone())).await.0, 502);
    assert_eq!(verity.texts().len(), 3);
    let throttled = Fault::TooManyRequests { retry_after: None };
    verity.set_faults(FaultPlan::none().script(SEND_MESSAGE, [throttled]));
    assert_eq!(ask(url(), "POST", &key, Some(text.clone())).await.0, 429);
    verity.set_faults(FaultPlan::none().script(SEND_MESSAGE, [Fault::ResetBefore]));
    #[expect(clippy::disallowed_methods, reason = "a client that is not ours")]
    let hung_up = reqwest::Client::new().post(url()).bearer_auth(&key);
    let hung_up = hung_up.body(text.to_string()).send().await;
    assert!(hung_up.is_err());
    let struck = [text.clone(), text];
    assert_eq!(verity.struck_texts(), struck, "what nobody can know of");
}

#[tokio::test]
async fn a_session_token_is_good_for_its_minute_and_its_rights() {
    let clerk = SimulatedClerk::builder()
        .clock(Clock::real())
        .start()
        .await
        .unwrap();
    let verity = SimulatedVerity::builder()
        .tokens(clerk.verifier())
        .catalogue(json!({"endpoints": [
            {"path": "/apileads/[id]", "methods": ["GET"]},
            {"path": "/apileads/export", "methods": ["POST"], "authType": "requireAdmin"},
            {"path": "/api/open", "methods": ["GET"], "authType": "none"}]}))
        .start()
        .await
        .unwrap();
    let user = clerk.session_token(&clerk.sign_in("user_1", json!({})));
    let admin = clerk.session_token(&clerk.sign_in("user_2", json!({"admin": true})));
    let call = async |method: &str, path: &str, token: &str| {
        ask(format!("{}{path}", verity.base_url()), method, token, None)
            .await
            .0
    };
    for (method, path, token, status) in [
        ("GET", "/api/leads/7", user.as_str(), 200),
        ("GET", "/api/leads/7", "", 401),
        ("GET", "/api/leads/7", &verity.service_key(), 401),
        ("PUT", "/api/leads/7", &user, 405),
        ("GET", "/apileads/7", &user, 404),
        ("POST", "/api/leads/export", &user, 403),
        ("POST", "/api/leads/export", &admin, 200),
        ("POST", "/api/calls/agents/agent-1/test", &user, 403),
        ("POST", "/api/calls/agents/nobody/test", &admin, 404),
        ("GET", "/api/open", "", 200),
        ("GET", "/api/health", "", 200),
        ("GET", "/api/nothing", &user, 404),
    ] {
        assert_eq!(call(method, path, token).await, status, "{method} {path}");
    }
    clerk.rotate_keys();
    assert_eq!(call("GET", "/api/leads/7", &user).await, 200);
    clerk.clock().advance(Duration::from_secs(60));
    assert_eq!(call("GET", "/api/leads/7", &user).await, 401);
}

#[tokio::test]
async fn a_key_that_was_retired_signs_nothing_any_more() {
    let clerk = SimulatedClerk::start().await.unwrap();
    let token = clerk.session_token(&clerk.sign_in("user_1", json!({})));
    assert!(clerk.accepts(&token));
    clerk.rotate_keys();
    assert!(clerk.accepts(&token));
    clerk.retire_keys();
    assert!(!clerk.accepts(&token));
    let keys = ask(clerk.jwks_url(), "GET", "", None).await;
    assert_eq!(keys.1["keys"].as_array().unwrap().len(), 1);
    assert_eq!(
        ask(
            format!("{}/sessions?user_id=user_1", clerk.api_url()),
            "GET",
            "wrong",
            None
        )
        .await
        .0,
        401
    );
    let all = ask(
        format!("{}/sessions", clerk.api_url()),
        "GET",
        &clerk.secret_key(),
        None,
    )
    .await;
    assert_eq!(all.0, 422, "Clerk lists for somebody only");
}

#[tokio::test]
async fn webhooks_carry_what_proves_them() {
    let verity = SimulatedVerity::start().await.unwrap();
    let secret = verity.webhook_secret();
    for (proof, header) in [
        (Proof::Signature, "x-texting-signature: "),
        (Proof::LegacySecret, "x-texting-secret: "),
    ] {
        let here = receiver(200).await;
        let sender = verity
            .send_webhooks(&here.url)
            .proof(proof)
            .at_once(1)
            .start();
        verity.receive_text("+12025550123", "+12025550199", "Stop");
        assert!(sender.settled(Duration::from_secs(10)).await);
        let heads = here.heads.lock().unwrap().clone();
        let value = heads.last().unwrap().split(header).nth(1).unwrap();
        let value = value.lines().next().unwrap().to_owned();
        let event = here.seen.lock().unwrap().last().cloned().unwrap();
        assert_eq!(event["type"], "optout.stop");
        match proof {
            Proof::Signature => assert_eq!(
                value,
                HmacSigner::sha256(&secret).hex(event.to_string().as_bytes())
            ),
            _ => assert_eq!(value, secret),
        }
    }
}

#[tokio::test]
async fn what_somebody_writes_in_verity_has_no_correlation() {
    let verity = SimulatedVerity::start().await.unwrap();
    let id = verity.write_text("+12025550123", "Hello");
    let told = verity.take_webhooks(Proof::Signature);
    let kinds: Vec<_> = told
        .iter()
        .map(|one| one.json()["eventType"].clone())
        .collect();
    assert_eq!(
        kinds,
        ["conversation.created", "message.sent", "message.delivered"]
    );
    let sent = told[1].json();
    assert_eq!(
        (&sent["messageId"], &sent["body"]),
        (&json!(id), &json!("Hello"))
    );
    assert!(sent["correlationId"].is_null());
    let key = verity.service_key();
    let url = format!("{}{SEND_MESSAGE}", verity.base_url());
    let text = json!({"to": "+12025550123", "body": "By the API", "correlationId": "c1"});
    assert_eq!(ask(url, "POST", &key, Some(text)).await.0, 200);
    let by_api: Vec<_> = verity.texts().iter().map(|text| text.by_api).collect();
    assert_eq!(by_api, [false, true]);
}

#[tokio::test]
async fn texting_and_broadcasts_have_addresses_of_their_own() {
    let verity = SimulatedVerity::start().await.unwrap();
    let (texts, broadcasts) = (receiver(200).await, receiver(200).await);
    let senders = [
        verity.send_webhooks(&texts.url).texting().start(),
        verity.send_webhooks(&broadcasts.url).broadcasts().start(),
    ];
    verity.receive_text("+12025550123", "+12025550199", "Hello");
    verity.announce_broadcast("b1", "broadcast_completed");
    for sender in &senders {
        assert!(sender.settled(Duration::from_secs(10)).await);
    }
    let seen = texts.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 2, "the thread and the message");
    let seen = broadcasts.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["broadcastId"], "b1");
    assert!(verity.take_webhooks(Proof::Signature).is_empty());
}
