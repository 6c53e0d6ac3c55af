//! Webhooks: verified, typed, deduplicated.

mod changes;
mod delivery;
mod events;
mod faults;
mod hostile;
mod samples;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use ghl_client::ErrorKind;
use ghl_client::webhook::{Envelope, Event, GhlWebhooks};
use http::{HeaderMap, HeaderValue, Method};
use integrations_core::webhook::sign::Ed25519Signer;
use integrations_core::webhook::{
    self as core, DedupeKey, Outcome, RawRequest, Rejection, Secrets, Verified, WebhookSource,
};
use jiff::Timestamp;
use serde_json::{Value, json};

fn now() -> Timestamp {
    "2026-01-02T12:00:05Z".parse().unwrap()
}

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(&[7; 32]).unwrap()
}

fn source() -> GhlWebhooks {
    GhlWebhooks::with_keys([signer().public_key().unwrap()])
}

fn request(headers: HeaderMap, body: impl Into<Bytes>) -> RawRequest {
    RawRequest::new(
        Method::POST,
        "https://example.com/webhooks/ghl",
        headers,
        body,
    )
}

fn signed(body: impl Into<Bytes>) -> RawRequest {
    let body = body.into();
    request(signer().ghl(&body), body)
}

/// The event of a body that the provider signed.
fn received(body: impl Into<Bytes>) -> core::Event {
    let (source, raw) = (source(), signed(body));
    let verified = source.verify(&raw, &Secrets::none(), now()).unwrap();
    let mut events = source.events(verified).unwrap();
    assert_eq!(events.len(), 1);
    events.pop().unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/webhooks/{name}.json"));
    std::fs::read(path).unwrap()
}

#[test]
fn what_is_not_known_is_kept_byte_for_byte() {
    for (name, expected) in [
        ("unknown.SubscriptionRenewed", "SubscriptionRenewed"),
        ("unknown.without-type", ""),
    ] {
        let body = fixture(name);
        let Event::Unknown { kind, raw, .. } = Event::try_from(&received(body.clone())).unwrap()
        else {
            panic!("{name}")
        };
        assert_eq!((kind.as_str(), &raw[..]), (expected, &body[..]));
    }
    let known = received(fixture("ContactCreate"));
    assert_eq!(
        known.payload()[..],
        fixture("ContactCreate")[..],
        "unknown keys of known events stay too"
    );
}

#[test]
fn the_envelope_is_apart_from_the_event() {
    let event = received(fixture("ContactCreate"));
    let envelope = Envelope::try_from(&event).unwrap();
    assert_eq!(envelope.kind.as_deref(), Some("ContactCreate"));
    assert_eq!(envelope.app_id.unwrap().as_str(), "app1");
    assert_eq!(envelope.version_id.as_deref(), Some("ver1"));
    assert_eq!(envelope.location_id.unwrap().as_str(), "loc1");
    assert_eq!(envelope.company_id, None);
    assert_eq!(event.id(), envelope.webhook_id.as_deref());
    assert_eq!(
        event.occurred_at(),
        Some("2026-01-02T12:00:00.123Z".parse().unwrap())
    );
    assert_eq!(event.received_at(), now());
    assert_eq!(
        (event.provider(), event.parts().scheme.as_str()),
        (ghl_client::PROVIDER, "ghl_ed25519")
    );
}

#[test]
fn what_cannot_be_read_is_an_error_that_shows_nothing_of_it() {
    let error = Event::try_from(&received(
        r#"{"type":"AppointmentCreate","appointment":"jane@example.com"}"#,
    ))
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("appointment") && !shown.contains("jane"),
        "{shown}"
    );
}

#[test]
fn the_location_of_an_invoice_is_in_its_alt_id() {
    let invoice = |body: Value| received(body.to_string());
    let event = invoice(json!({"type": "InvoicePaid", "altId": "loc1", "altType": "location"}));
    assert_eq!(event.tenant_key().unwrap().as_str(), "loc1");
    let envelope = Envelope::try_from(&event).unwrap();
    assert_eq!(envelope.location_id.unwrap().as_str(), "loc1");

    let other =
        json!({"type": "InvoicePaid", "altId": "x", "altType": "location", "locationId": "loc2"});
    assert_eq!(invoice(other).tenant_key().unwrap().as_str(), "loc2");
    let company = json!({"type": "InvoicePaid", "altId": "com1", "altType": "company"});
    assert_eq!(invoice(company).tenant_key(), None);
}

#[test]
fn promise_02_what_is_not_proven_is_refused() {
    let body = fixture("ContactCreate");
    let genuine = signer().ghl(&body);
    let with = |value: &'static str| {
        HeaderMap::from_iter([(
            "x-ghl-signature".parse().unwrap(),
            HeaderValue::from_static(value),
        )])
    };
    let mut doubled = genuine.clone();
    doubled.append("x-ghl-signature", genuine["x-ghl-signature"].clone());
    let other = Ed25519Signer::from_seed(&[8; 32]).unwrap().ghl(&body);
    let mut legacy = HeaderMap::new();
    legacy.insert("x-wh-signature", genuine["x-ghl-signature"].clone());
    let changed = String::from_utf8(body.clone())
        .unwrap()
        .replace("Jane", "Joan")
        .into_bytes();
    let table = [
        (HeaderMap::new(), body.clone(), "missing_header"),
        (with("N/A"), body.clone(), "malformed_header"),
        (with(""), body.clone(), "malformed_header"),
        (doubled, body.clone(), "duplicate_header"),
        (other, body.clone(), "bad_signature"),
        (legacy, body.clone(), "missing_header"),
        (genuine.clone(), changed, "bad_signature"),
        (genuine.clone(), Vec::new(), "bad_signature"),
    ];
    for (headers, body, code) in table {
        let raw = request(headers, body);
        let error = source().verify(&raw, &Secrets::none(), now()).unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Webhook, Some(code))
        );
    }
    let raw = request(genuine, body);
    assert!(source().verify(&raw, &Secrets::none(), now()).is_ok());
    let error = GhlWebhooks::production()
        .verify(&raw, &Secrets::none(), now())
        .unwrap_err();
    assert_eq!(
        error.code(),
        Some("bad_signature"),
        "the provider's own key"
    );
    let error = GhlWebhooks::with_keys([])
        .verify(&raw, &Secrets::none(), now())
        .unwrap_err();
    assert_eq!(error.code(), Some("no_secret"));
}

#[test]
fn a_new_key_can_be_added_before_the_old_one_goes() {
    let new = Ed25519Signer::from_seed(&[9; 32]).unwrap();
    let both = GhlWebhooks::with_keys([new.public_key().unwrap(), signer().public_key().unwrap()]);
    let body = Bytes::from(fixture("ContactCreate"));
    for (signer, index) in [(new, 0), (signer(), 1)] {
        let raw = request(signer.ghl(&body), body.clone());
        assert_eq!(
            both.verify(&raw, &Secrets::none(), now())
                .unwrap()
                .secret_index(),
            index
        );
    }
}

#[test]
fn late_deliveries_are_taken_unless_they_are_not_wanted() {
    let raw = signed(fixture("ContactCreate"));
    let days_later = now() + jiff::SignedDuration::from_hours(72);
    assert!(source().verify(&raw, &Secrets::none(), days_later).is_ok());
    let strict = source().with_max_age(Duration::from_secs(300));
    assert!(strict.verify(&raw, &Secrets::none(), now()).is_ok());
    let error = strict
        .verify(&raw, &Secrets::none(), days_later)
        .unwrap_err();
    assert_eq!(error.code(), Some("stale"));
}

#[test]
fn bodies_that_are_no_object_are_refused_after_they_are_proven() {
    let deep = "[".repeat(100_000);
    let doubled = r#"{"type":"ContactCreate","type":"INSTALL"}"#;
    for body in [
        "",
        "null",
        "5",
        "[]",
        r#"["ContactCreate"]"#,
        "{",
        "\u{feff}{}",
        doubled,
        deep.as_str(),
    ] {
        let raw = signed(body.to_owned());
        let source = source();
        let refused = match source.verify(&raw, &Secrets::none(), now()) {
            Ok(verified) => source.events(verified).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(refused.kind(), ErrorKind::Webhook);
        assert_eq!(
            refused.code(),
            Some("malformed_payload"),
            "{}",
            &body[..body.len().min(40)]
        );
        assert_eq!(source.tenant_key(&raw), None);
    }
    let raw = signed(vec![b'{', 0xff, b'}']);
    let verified = source().verify(&raw, &Secrets::none(), now()).map(drop);
    assert!(verified.is_ok() || verified.unwrap_err().kind() == ErrorKind::Webhook);
    assert_eq!(source().tenant_key(&raw), None);
}

#[test]
fn a_repeated_delivery_has_the_same_key() {
    let key = |body: Vec<u8>| source().dedupe_key(&received(body));
    let body = fixture("ContactCreate");
    assert_eq!(key(body.clone()), key(body.clone()));
    let id = serde_json::from_slice::<Value>(&body).unwrap()["webhookId"].clone();
    assert_eq!(key(body.clone()), DedupeKey::from(id.as_str().unwrap()));
    assert_ne!(key(body), key(fixture("ContactUpdate")));

    let without = |email: &str| {
        json!({"type": "ContactCreate", "id": "c", "email": email})
            .to_string()
            .into_bytes()
    };
    assert_eq!(key(without("a@example.com")), key(without("a@example.com")));
    assert_ne!(key(without("a@example.com")), key(without("b@example.com")));
    assert!(
        key(without("a@example.com"))
            .as_str()
            .starts_with("sha256:")
    );
}

#[test]
fn the_tenant_is_found_before_anything_is_proven() {
    let key = |body: Value| {
        let raw = request(HeaderMap::new(), body.to_string());
        source().tenant_key(&raw).map(|key| key.as_str().to_owned())
    };
    assert_eq!(
        key(json!({"locationId": "l", "companyId": "c"})).as_deref(),
        Some("l")
    );
    assert_eq!(key(json!({"companyId": "c"})).as_deref(), Some("c"));
    assert_eq!(
        key(json!({"locationId": "", "companyId": "c"})).as_deref(),
        Some("c")
    );
    assert_eq!(key(json!({"locationId": 7})).as_deref(), Some("7"));
    assert_eq!(key(json!({"type": "ContactCreate"})), None);
}

#[test]
fn the_answers_neither_lose_nor_punish() {
    let status = |outcome| source().reply(outcome).status.as_u16();
    assert_eq!(status(Outcome::Accepted), 200);
    assert_eq!(status(Outcome::Duplicate), 200);
    assert_eq!(status(Outcome::Ignored), 200);
    assert_eq!(
        status(Outcome::Busy),
        429,
        "the one status after which it always comes back"
    );
    assert_eq!(status(Outcome::Rejected(Rejection::BadSignature)), 401);
}

#[test]
fn the_events_of_other_providers_are_refused() {
    let raw = signed(fixture("ContactCreate"));
    let verified = Verified::vouched_for(&raw, "test", now());
    let other = core::Event::new(&verified, "slack", "ContactCreate");
    assert_eq!(
        Event::try_from(&other).unwrap_err().kind(),
        ErrorKind::Webhook
    );
    assert_eq!(
        Envelope::try_from(&other).unwrap_err().kind(),
        ErrorKind::Webhook
    );
}

#[test]
fn a_stored_event_can_be_read_again() {
    let parts = received(fixture("InboundMessage.sms")).into_parts();
    let restored = core::Event::restore(parts);
    assert!(matches!(
        Event::try_from(&restored).unwrap(),
        Event::InboundMessage(_)
    ));
}
