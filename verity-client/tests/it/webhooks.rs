//! Webhooks of texting and broadcasts.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use integrations_core::Timestamp;
use integrations_core::consent::Reading;
use integrations_core::webhook::{
    DedupeKey, DedupePolicy, RawRequest, Rejection, Secrets, WebhookSource,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use verity_client::webhook::{Event, VerificationMode, VerityWebhooks};

const SECRET: &str = "made-up-webhook-secret";

fn hmac(body: &[u8], secret: &str) -> String {
    integrations_testkit::signer::HmacSigner::sha256(secret).hex(body)
}

fn raw(body: &[u8], headers: &[(&str, &str)]) -> RawRequest {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    RawRequest::new(
        Method::POST,
        "https://hooks.example.com/api/webhooks/texting",
        map,
        body.to_vec(),
    )
}

fn signed(body: &Value) -> RawRequest {
    let body = body.to_string();
    raw(
        body.as_bytes(),
        &[("x-texting-signature", &hmac(body.as_bytes(), SECRET))],
    )
}

fn verify(source: &VerityWebhooks, raw: &RawRequest) -> Result<&'static str, Rejection> {
    let verified = source.verify(raw, &Secrets::one(SECRET), Timestamp::UNIX_EPOCH);
    verified
        .map(|verified| verified.scheme())
        .map_err(|error| Rejection::of(&error).unwrap())
}

fn events(source: &VerityWebhooks, body: &Value) -> Vec<integrations_core::webhook::Event> {
    let raw = signed(body);
    let verified = source
        .verify(&raw, &Secrets::one(SECRET), Timestamp::UNIX_EPOCH)
        .unwrap();
    source.events(verified).unwrap()
}

fn typed(body: &Value) -> Event {
    Event::try_from(&events(&VerityWebhooks::new(), body)[0]).unwrap()
}

fn key(policy: DedupePolicy, body: &Value) -> DedupeKey {
    let source = VerityWebhooks::new().dedupe(policy);
    source.dedupe_key(&events(&source, body)[0])
}

fn sent() -> Value {
    json!({"eventType": "message.sent", "messageId": "m1", "conversationId": "c1", "direction": "outbound",
        "from": "+12025550100", "to": "+12025550123", "body": "Hello", "timestamp": "2026-01-02T03:04:05Z",
        "status": "sent", "raw": {"telnyxMessageId": "t1"}})
}

#[test]
fn signatures_in_every_header_and_form() {
    let source = VerityWebhooks::new();
    let body = sent().to_string();
    let body = body.as_bytes();
    let good = hmac(body, SECRET);
    let prefixed = format!("sha256={good}");
    let (foreign, other_body) = (hmac(body, "other"), hmac(b"{}", SECRET));
    for (headers, expected) in [
        (
            &[("x-texting-signature", good.as_str())][..],
            Ok("verity_texting"),
        ),
        (&[("x-signature", &good)], Ok("verity_texting")),
        (&[("x-texting-signature", &prefixed)], Ok("verity_texting")),
        (&[("x-broadcast-signature", &good)], Ok("verity_broadcast")),
        (&[], Err(Rejection::MissingHeader("x-texting-signature"))),
        (
            &[
                ("x-texting-signature", &good),
                ("x-texting-signature", &good),
            ],
            Err(Rejection::DuplicateHeader("x-texting-signature")),
        ),
        (
            &[("x-texting-signature", &foreign)],
            Err(Rejection::BadSignature),
        ),
        (
            &[("x-texting-signature", &other_body)],
            Err(Rejection::BadSignature),
        ),
        (
            &[("x-texting-secret", SECRET)],
            Err(Rejection::MissingHeader("x-texting-signature")),
        ),
        (
            &[("x-df-broadcast-secret", SECRET)],
            Err(Rejection::MissingHeader("x-broadcast-signature")),
        ),
    ] {
        assert_eq!(
            verify(&source, &raw(body, headers)),
            expected,
            "{headers:?}"
        );
    }
    for bad in ["", "sha256=", "nothex", &good[1..], "sha1=00"] {
        assert!(
            verify(&source, &raw(body, &[("x-texting-signature", bad)])).is_err(),
            "{bad}"
        );
    }
    let raw = signed(&sent());
    let none = source.verify(&raw, &Secrets::none(), Timestamp::UNIX_EPOCH);
    assert_eq!(Rejection::of(&none.unwrap_err()), Some(Rejection::NoSecret));
}

/// Verity sends its secret as it is today; whoever takes that has to say so, and a signature is never passed by.
#[test]
fn the_legacy_secret_is_taken_when_it_is_allowed() {
    let source = VerityWebhooks::new().mode(VerificationMode::AllowLegacySecret);
    let body = sent().to_string();
    let body = body.as_bytes();
    let (good, empty) = (hmac(body, SECRET), hmac(b"", SECRET));
    for (headers, taken) in [
        (&[("x-texting-secret", SECRET)][..], true),
        (&[("x-df-broadcast-secret", SECRET)], true),
        (&[("x-texting-signature", good.as_str())], true),
        (&[("x-texting-secret", "other")], false),
        (
            &[("x-texting-signature", "00"), ("x-texting-secret", SECRET)],
            false,
        ),
        (&[("x-signature", ""), ("x-texting-secret", SECRET)], false),
        (
            &[
                ("x-broadcast-signature", &empty),
                ("x-df-broadcast-secret", SECRET),
            ],
            false,
        ),
        (&[], false),
    ] {
        assert_eq!(
            verify(&source, &raw(body, headers)).is_ok(),
            taken,
            "{headers:?}"
        );
    }
    let disabled = VerityWebhooks::new().mode(VerificationMode::Disabled);
    assert_eq!(verify(&disabled, &raw(body, &[])), Ok("verity_unverified"));
}

/// The original system read the body as JSON before it knew whose it was.
#[test]
fn what_is_not_proven_is_not_read_as_json() {
    let source = VerityWebhooks::new();
    for body in [&b"not json"[..], b"", b"{}", b"\xff\xfe", b"[1,2"] {
        let forged = raw(body, &[("x-texting-signature", &hmac(body, "other"))]);
        assert_eq!(verify(&source, &forged), Err(Rejection::BadSignature));
    }
    for body in [&b"not json"[..], b"[]", b"7", b"\"x\""] {
        let genuine = raw(body, &[("x-texting-signature", &hmac(body, SECRET))]);
        let verified = source
            .verify(&genuine, &Secrets::one(SECRET), Timestamp::UNIX_EPOCH)
            .unwrap();
        let error = source.events(verified).unwrap_err();
        assert_eq!(Rejection::of(&error), Some(Rejection::MalformedPayload));
    }
}

#[test]
fn every_event_in_every_place() {
    let message = json!({"id": 7, "conversationId": "c1", "direction": "incoming", "from": "+12025550123", "text": "Hi",
        "createdAt": "2026-01-02T03:04:05Z", "status": "received"});
    for body in [
        json!({"type": "message.received", "message": message}),
        json!({"eventType": "message.received", "data": message}),
        {
            let mut root = message.clone();
            root["event"] = json!("message.received");
            root
        },
    ] {
        let Event::MessageReceived(read) = typed(&body) else {
            panic!("{body}")
        };
        assert_eq!(read.id.unwrap().as_str(), "7");
        assert_eq!(read.body.as_deref(), Some("Hi"));
        assert_eq!(read.direction.unwrap().as_str(), "inbound");
        assert_eq!(read.timestamp.unwrap().as_second(), 1_767_323_045);
    }
    for kind in Event::KNOWN {
        let body = json!({"eventType": kind, "broadcastId": "b1", "messageId": "m1", "status": "delivered"});
        assert_eq!(typed(&body).kind(), *kind);
    }
    let unknown = typed(&json!({"eventType": "message.read", "messageId": "m1", "secret": "text"}));
    assert!(matches!(&unknown, Event::Unknown { kind, .. } if kind == "message.read"));
    assert!(!format!("{unknown:?} {:?}", typed(&sent())).contains("text"));
    assert_eq!(typed(&json!({"messageId": "m1"})).kind(), "unknown");
}

/// The original system warned of delivery statuses, and did nothing with them.
#[test]
fn delivery_statuses_are_events() {
    let body = json!({"eventType": "message.failed", "messageId": "m1", "conversationId": "c1", "status": "failed",
        "errorCode": 40300, "error": "blocked"});
    let Event::MessageFailed(failed) = typed(&body) else {
        panic!()
    };
    assert_eq!(failed.status.unwrap().as_str(), "failed");
    assert_eq!(
        (
            failed.error_code.as_deref(),
            failed.error_message.as_deref()
        ),
        (Some("40300"), Some("blocked"))
    );
    let source = VerityWebhooks::new();
    let event = &events(&source, &body)[0];
    let change = &source.changes(event)[0];
    assert_eq!(
        (change.object.as_str(), change.id.as_str()),
        ("message", "m1")
    );
    assert_eq!(source.order_key(event).as_deref(), Some("conversation:c1"));
}

#[test]
fn opt_outs_are_told_by_event_and_by_words() {
    let Event::OptOutStop(stop) =
        typed(&json!({"type": "optout.stop", "data": {"from": "+12025550123", "body": "STOP"}}))
    else {
        panic!()
    };
    assert_eq!(stop.from.as_deref(), Some("+12025550123"));
    let said = |text: &str, direction: &str| {
        let body = json!({"type": "message.received", "message": {"id": "m", "body": text, "direction": direction}});
        let Event::MessageReceived(message) = typed(&body) else {
            panic!()
        };
        (message.opts_out(), message.reading())
    };
    assert_eq!(said(" stop! ", "inbound"), (true, Reading::Stop));
    assert!(!said("stop", "outbound").0);
    assert_eq!(said("please stop", "inbound"), (false, Reading::NearStop));
    // The original system's isStop looked for `END` anywhere in the text.
    assert_eq!(
        said("See you at the weekend", "inbound"),
        (false, Reading::Nothing)
    );
}

#[test]
fn broadcasts_name_their_broadcast() {
    let source = VerityWebhooks::new();
    let body = json!({"broadcastId": "b1", "eventType": "analytics_updated", "timestamp": "2026-01-02T03:04:05Z"});
    let event = &events(&source, &body)[0];
    assert_eq!(source.order_key(event).as_deref(), Some("broadcast:b1"));
    assert!(event.occurred_at().is_some());
    let Event::BroadcastAnalyticsUpdated(update) = Event::try_from(event).unwrap() else {
        panic!()
    };
    assert_eq!(update.broadcast_id.unwrap().as_str(), "b1");
    for body in [
        json!({"eventType": "broadcast_completed"}),
        json!({"eventType": "broadcast_completed", "broadcastId": ""}),
    ] {
        let raw = signed(&body);
        let verified = source
            .verify(&raw, &Secrets::one(SECRET), Timestamp::UNIX_EPOCH)
            .unwrap();
        assert!(source.events(verified).is_err());
    }
}

#[test]
fn keys_tell_events_apart_and_repetitions_together() {
    let policy = DedupePolicy::WithDigest;
    let first = key(policy, &sent());
    assert_eq!(key(policy, &sent()), first);
    for (name, value) in [
        ("eventType", "message.delivered"),
        ("messageId", "m2"),
        ("conversationId", "c2"),
        ("status", "queued"),
    ] {
        let mut other = sent();
        other[name] = json!(value);
        assert_ne!(key(policy, &other), first, "{name}");
    }
    // An event's own id stands for its bytes.
    let with_id = |status: &str| {
        let mut body = sent();
        body["eventId"] = json!("e:1");
        body["status"] = json!(status);
        key(policy, &body)
    };
    assert_eq!(with_id("sent"), with_id("queued"));
    assert_eq!(with_id("sent").as_str(), "message.sent:c1:m1:id:e%3A1");
    // A colon in a field makes no other field.
    let part = |conversation: &str, message: &str| {
        key(
            policy,
            &json!({"eventType": "message.sent", "conversationId": conversation, "messageId": message, "eventId": "e"}),
        )
    };
    assert_ne!(part("a:b", "c"), part("a", "b:c"));
}

#[test]
fn seed_exact_keeps_the_keys_of_the_document() {
    let policy = DedupePolicy::SeedExact;
    assert_eq!(key(policy, &sent()).as_str(), "message.sent:c1:m1");
    let broadcast = json!({"broadcastId": "b1", "eventType": "broadcast_completed", "timestamp": "2026-01-02T03:04:05Z"});
    assert_eq!(
        key(policy, &broadcast).as_str(),
        "b1:broadcast_completed:2026-01-02T03:04:05Z"
    );
    let nameless = json!({"eventType": "optout.help", "body": "help", "from": "+12025550123"});
    assert_eq!(key(policy, &nameless), key(policy, &nameless));
    assert_eq!(
        key(policy, &nameless).as_str().len(),
        "optout.help::".len() + 16
    );
}

#[test]
fn the_account_stands_in_the_address() {
    let source = VerityWebhooks::new().account("main");
    let mut raw = signed(&sent());
    assert_eq!(source.tenant_key(&raw).unwrap().as_str(), "main");
    raw.url = "https://hooks.example.com/webhooks/verity?account=north%20side".to_owned();
    assert_eq!(source.tenant_key(&raw).unwrap().as_str(), "north side");
}

proptest! {
    #[test]
    fn any_body_is_an_event_or_an_error(body in prop::collection::vec(any::<u8>(), 0..200), text in "\\{\"(type|eventType|message|data|id)\":[\\[\\]{}\"a-z0-9:,]{0,40}\\}?") {
        let source = VerityWebhooks::new();
        for body in [body, text.into_bytes()] {
            let raw = raw(&body, &[("x-signature", &hmac(&body, SECRET))]);
            let verified = source.verify(&raw, &Secrets::one(SECRET), Timestamp::UNIX_EPOCH).unwrap();
            for event in source.events(verified).into_iter().flatten() {
                let _ = (source.dedupe_key(&event), source.order_key(&event), source.changes(&event));
                let _ = Event::try_from(&event);
            }
        }
    }
}
