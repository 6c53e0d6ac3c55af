//! The keys of the document that this system replaces, for those who migrate its tables: word for word, for every source of
//! webhooks that it has.

use std::sync::Arc;

use aloware_client::webhook::{AlowareWebhooks, basic_secrets};
use ghl_client::webhook::GhlWebhooks;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use integrations_core::Timestamp;
use integrations_core::webhook::schemes::Ed25519Key;
use integrations_core::webhook::{DedupePolicy, RawRequest, Secrets, WebhookSource};
use integrations_testkit::signer::{Ed25519Signer, HmacSigner};
use verity_client::webhook::VerityWebhooks;

const SECRET: &str = "made-up-webhook-secret";

/// A source, what proves its bodies, and the secrets for that.
struct Way {
    source: Arc<dyn WebhookSource>,
    secrets: Secrets,
    prove: fn(&[u8]) -> (&'static str, String),
}

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed([7; 32])
}

fn ghl(policy: DedupePolicy) -> Way {
    let key = Ed25519Key::from_bytes(&signer().public_key().raw()).expect("a key");
    Way {
        source: Arc::new(GhlWebhooks::with_keys([key]).dedupe(policy)),
        secrets: Secrets::none(),
        prove: |body| ("x-ghl-signature", signer().sign_base64(body)),
    }
}

fn aloware(policy: DedupePolicy) -> Way {
    Way {
        source: Arc::new(AlowareWebhooks::basic().dedupe(policy)),
        secrets: basic_secrets("user", "pass"),
        prove: |_| ("authorization", "Basic dXNlcjpwYXNz".to_owned()),
    }
}

fn verity(policy: DedupePolicy) -> Way {
    Way {
        source: Arc::new(VerityWebhooks::new().dedupe(policy)),
        secrets: Secrets::one(SECRET),
        prove: |body| ("x-signature", HmacSigner::sha256(SECRET).hex(body)),
    }
}

fn key(way: &Way, body: &str) -> String {
    let (name, value) = (way.prove)(body.as_bytes());
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(&value).expect("a header");
    headers.insert(HeaderName::from_static(name), value);
    let raw = RawRequest::new(Method::POST, "/", headers, body.to_owned());
    let verified = way
        .source
        .verify(&raw, &way.secrets, Timestamp::UNIX_EPOCH)
        .expect("proven");
    let events = way.source.events(verified).expect("an event");
    way.source.dedupe_key(&events[0]).as_str().to_owned()
}

/// GHL and Aloware: source, event type, entity. Texting: event type, conversation, entity. Broadcast: broadcast, event
/// type, timestamp.
#[test]
fn seed_exact_makes_the_keys_of_the_document() {
    let exact = DedupePolicy::SeedExact;
    for (way, body, expected) in [
        (
            ghl(exact),
            r#"{"type":"ContactUpdate","locationId":"l1","id":"c1","webhookId":"w1"}"#,
            "ghl:ContactUpdate:c1",
        ),
        (
            ghl(exact),
            r#"{"type":"OutboundMessage","locationId":"l1","messageId":"m1","contactId":"c1"}"#,
            "ghl:OutboundMessage:m1",
        ),
        (
            aloware(exact),
            r#"{"event":"Call-Disposed","body":{"id":910000001,"contact_id":7}}"#,
            "aloware:Call-Disposed:910000001",
        ),
        (
            aloware(exact),
            r#"{"event":"Contact-Updated","body":{"id":"7"}}"#,
            "aloware:Contact-Updated:7",
        ),
        (
            verity(exact),
            r#"{"eventType":"message.sent","messageId":"m1","conversationId":"c1"}"#,
            "message.sent:c1:m1",
        ),
        (
            verity(exact),
            r#"{"type":"conversation.created","data":{"conversationId":"c1"}}"#,
            "conversation.created:c1:c1",
        ),
        (
            verity(exact),
            r#"{"broadcastId":"b1","eventType":"broadcast_completed","timestamp":"2026-01-02T03:04:05Z"}"#,
            "b1:broadcast_completed:2026-01-02T03:04:05Z",
        ),
    ] {
        assert_eq!(key(&way, body), expected, "{body}");
    }
}

/// What those keys lose, and the default does not: the second change of the same record.
#[test]
fn the_default_tells_two_changes_of_one_record_apart() {
    type Make = fn(DedupePolicy) -> Way;
    for (make, first, second) in [
        (
            ghl as Make,
            r#"{"type":"ContactUpdate","id":"c1","firstName":"Ada"}"#,
            r#"{"type":"ContactUpdate","id":"c1","firstName":"Jane"}"#,
        ),
        (
            aloware,
            r#"{"event":"Contact-Updated","body":{"id":7,"updated_at":"2026-01-02 03:04:05"}}"#,
            r#"{"event":"Contact-Updated","body":{"id":7,"updated_at":"2026-01-02 03:04:06"}}"#,
        ),
        (
            verity,
            r#"{"eventType":"message.delivered","messageId":"m1","conversationId":"c1","n":1}"#,
            r#"{"eventType":"message.delivered","messageId":"m1","conversationId":"c1","n":2}"#,
        ),
    ] {
        let exact = make(DedupePolicy::SeedExact);
        assert_eq!(key(&exact, first), key(&exact, second), "{first}");
        let usual = make(DedupePolicy::WithDigest);
        assert_ne!(key(&usual, first), key(&usual, second), "{first}");
        assert_eq!(key(&usual, first), key(&usual, first), "{first}");
    }
}
