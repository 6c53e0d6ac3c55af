//! Faults of other clients, each with the test that it is not ours.

use std::collections::BTreeSet;
use std::time::Duration;

use ghl_client::webhook::{Event, GhlWebhooks};
use http::{HeaderMap, HeaderValue};
use integrations_core::webhook::schemes::Ghl;
use integrations_core::webhook::sign::{self, Ed25519Signer, RsaSigner};
use integrations_core::webhook::{RawRequest, Secrets, WebhookSource};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{fixture, now, request, signed, signer, source};

/// The scheme that proved it, or the code of the refusal.
fn outcome(source: &GhlWebhooks, raw: &RawRequest) -> String {
    match source.verify(raw, &Secrets::none(), now()) {
        Ok(verified) => verified.scheme().to_owned(),
        Err(error) => error.code().unwrap().to_owned(),
    }
}

fn rsa() -> (RsaSigner, GhlWebhooks) {
    let rsa = RsaSigner::generate().unwrap();
    let source = source().allow_legacy_rsa_with([rsa.public_key().unwrap()]);
    (rsa, source)
}

fn named(name: &'static str, value: &str) -> HeaderMap {
    let value = HeaderValue::from_str(value).unwrap();
    HeaderMap::from_iter([(name.parse().unwrap(), value)])
}

#[test]
fn verifies_raw_bytes_and_not_reserialised_json() {
    // Written back by a JSON library these bytes change: spaces, escapes, the order of members, 1.0.
    let body = b"{ \"type\": \"ContactCreate\",\n \"id\": \"c\", \"name\": \"Zo\\u00eb\", \"b\": 1.0, \"a\": 1 }";
    let raw = request(signer().ghl(body), body.to_vec());
    assert_eq!(outcome(&source(), &raw), "ghl_ed25519");
    let again = serde_json::from_slice::<Value>(body).unwrap().to_string();
    assert_ne!(again.as_bytes(), body);
    let raw = request(signer().ghl(body), again);
    assert_eq!(outcome(&source(), &raw), "bad_signature");
}

#[test]
fn fails_closed_without_signature_header() {
    for kind in ["INSTALL", "UNINSTALL", "ContactCreate"] {
        let raw = request(HeaderMap::new(), format!(r#"{{"type":"{kind}"}}"#));
        for source in [source(), GhlWebhooks::production(), rsa().1] {
            let error = source.verify(&raw, &Secrets::none(), now()).unwrap_err();
            assert_eq!(error.code(), Some("missing_header"), "{kind}");
        }
    }
}

#[test]
fn fails_closed_without_a_key() {
    let raw = signed(fixture("UNINSTALL.location"));
    assert_eq!(outcome(&GhlWebhooks::with_keys([]), &raw), "no_secret");
}

#[test]
fn does_not_fall_back_after_a_bad_ed25519_signature() {
    let (rsa, source) = rsa();
    let body = fixture("ContactCreate");
    let legacy = rsa.ghl(&body).unwrap();
    assert_eq!(
        outcome(&source, &request(legacy.clone(), body.clone())),
        "ghl_rsa"
    );
    let foreign = Ed25519Signer::from_seed(&[8; 32]).unwrap().ghl(&body);
    for (bad, expected) in [
        (foreign["x-ghl-signature"].clone(), "bad_signature"),
        (HeaderValue::from_static(""), "malformed_header"),
        (HeaderValue::from_static("AAAA"), "malformed_header"),
        (HeaderValue::from_static("N/A, N/A"), "malformed_header"),
    ] {
        let mut headers = legacy.clone();
        headers.insert("x-ghl-signature", bad);
        assert_eq!(outcome(&source, &request(headers, body.clone())), expected);
    }
}

#[test]
fn takes_n_a_for_no_signature() {
    let (rsa, source) = rsa();
    let body = fixture("ContactCreate");
    let mut headers = named("x-ghl-signature", "N/A");
    assert_eq!(
        outcome(&source, &request(headers.clone(), body.clone())),
        "malformed_header"
    );
    // Not even beside a retired signature that is right: its time is over, and the provider's word is not signed.
    headers.extend(rsa.ghl(&body).unwrap());
    assert_eq!(
        outcome(&source, &request(headers, body.clone())),
        "malformed_header"
    );
    let retired = request(named("x-wh-signature", "N/A"), body);
    assert_eq!(outcome(&source, &retired), "malformed_header");
}

#[test]
fn the_retired_signature_is_not_accepted_unasked() {
    let rsa = RsaSigner::generate().unwrap();
    let body = fixture("ContactCreate");
    let raw = request(rsa.ghl(&body).unwrap(), body);
    assert_eq!(outcome(&source(), &raw), "missing_header");
    assert_eq!(outcome(&source().allow_legacy_rsa(), &raw), "bad_signature");
}

#[test]
fn takes_several_keys_of_both_kinds_at_once() {
    let (old, new) = (
        RsaSigner::generate().unwrap(),
        RsaSigner::generate().unwrap(),
    );
    let second = Ed25519Signer::from_seed(&[9; 32]).unwrap();
    let source =
        GhlWebhooks::with_keys([signer().public_key().unwrap(), second.public_key().unwrap()])
            .allow_legacy_rsa_with([old.public_key().unwrap()])
            .allow_legacy_rsa_with([new.public_key().unwrap()]);
    let body = fixture("ContactCreate");
    for (headers, scheme, index) in [
        (signer().ghl(&body), "ghl_ed25519", 0),
        (second.ghl(&body), "ghl_ed25519", 1),
        (old.ghl(&body).unwrap(), "ghl_rsa", 0),
        (new.ghl(&body).unwrap(), "ghl_rsa", 1),
    ] {
        let raw = request(headers, body.clone());
        let verified = source.verify(&raw, &Secrets::none(), now()).unwrap();
        assert_eq!(
            (verified.scheme(), verified.secret_index()),
            (scheme, index)
        );
    }
}

#[test]
fn the_keys_are_part_of_the_crate() {
    // The official clients leave them to environment variables, and skip the check without.
    let key: ghl_client::webhook::Ed25519Key = Ghl::PRODUCTION_KEY.parse().unwrap();
    let shown = format!("{:?}", GhlWebhooks::production());
    assert_eq!(shown, format!("{:?}", GhlWebhooks::with_keys([key])));
    assert!(
        Ghl::LEGACY_RSA_KEY
            .parse::<ghl_client::webhook::RsaKey>()
            .is_ok()
    );
}

#[test]
fn hmac_is_not_accepted() {
    let body = fixture("ContactCreate");
    let secret = Secrets::one("client-secret");
    let code = sign::meta("client-secret", &body);
    let code = code["x-hub-signature-256"].to_str().unwrap().to_owned();
    for value in [&code[..], &code["sha256=".len()..]] {
        for name in ["x-ghl-signature", "x-wh-signature"] {
            let raw = request(named(name, value), body.clone());
            for source in [source(), rsa().1] {
                assert!(
                    source.verify(&raw, &secret, now()).is_err(),
                    "{name}: {value}"
                );
            }
        }
    }
}

#[test]
fn retry_after_a_day_is_accepted_once() {
    let raw = signed(fixture("InboundMessage.sms"));
    let mut seen = BTreeSet::new();
    let mut deliver = |at: Timestamp| {
        let source = source();
        let verified = source.verify(&raw, &Secrets::none(), at).unwrap();
        let event = source.events(verified).unwrap().remove(0);
        seen.insert(source.dedupe_key(&event))
    };
    assert!(
        deliver(now() + SignedDuration::from_hours(24)),
        "the first was lost"
    );
    for hours in [25, 30, 72] {
        assert!(!deliver(now() + SignedDuration::from_hours(hours)));
    }
}

#[test]
fn a_body_without_a_time_is_not_stale() {
    let raw = signed(r#"{"type":"ContactCreate","id":"c"}"#);
    let strict = source().with_max_age(Duration::from_secs(300));
    assert_eq!(outcome(&strict, &raw), "ghl_ed25519");
}

#[test]
fn equal_bodies_without_an_id_are_told_apart_by_their_address() {
    let raw = signed(r#"{"_id":"i1","status":"paid"}"#);
    let key = |kind: &str| {
        let source = source().expecting(kind);
        let verified = source.verify(&raw, &Secrets::none(), now()).unwrap();
        let event = source.events(verified).unwrap().remove(0);
        source.dedupe_key(&event)
    };
    assert_eq!(key("InvoicePaid"), key("InvoicePaid"));
    assert_ne!(key("InvoicePaid"), key("InvoiceUpdate"));
    assert!(key("InvoicePaid").as_str().starts_with("sha256:"));
}

#[test]
fn a_new_event_is_not_an_error() {
    let body = fixture("unknown.SubscriptionRenewed");
    let event = Event::try_from(&super::received(body.clone())).unwrap();
    assert!(matches!(event, Event::Unknown { raw, .. } if raw[..] == body[..]));
}
