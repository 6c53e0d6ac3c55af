//! Messages for the app's own conversation provider.

use ghl_client::webhook::delivery::DeliveryChannel;
use ghl_client::webhook::{Event, GhlDeliveries, OutboundDelivery};
use ghl_client::{ErrorKind, Result};
use http::{HeaderMap, HeaderValue, Method};
use integrations_core::webhook::{
    self as core, DedupeKey, Outcome, RawRequest, Rejection, Secrets, WebhookSource,
};

use super::{fixture, now, signer};

const BODY: &[u8] = br#"{"messageId":"msg1","locationId":"loc1","type":"SMS","message":"Hi"}"#;

fn signed_only() -> GhlDeliveries {
    GhlDeliveries::with_keys([signer().public_key().unwrap()])
}

fn with_secret() -> GhlDeliveries {
    signed_only()
        .allow_unsigned()
        .with_url_secret("key", ["new-secret", "old-secret", ""])
}

fn post(query: &str, headers: HeaderMap) -> RawRequest {
    let url = format!("https://example.com/deliveries{query}");
    RawRequest::new(Method::POST, url, headers, BODY)
}

fn header(value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(
        "x-ghl-signature".parse().unwrap(),
        HeaderValue::from_static(value),
    )])
}

/// The scheme that proved it, or the code of the refusal.
fn outcome(source: &GhlDeliveries, raw: &RawRequest) -> String {
    match source.verify(raw, &Secrets::none(), now()) {
        Ok(verified) => verified.scheme().to_owned(),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Webhook);
            error.code().unwrap().to_owned()
        }
    }
}

fn received(body: Vec<u8>) -> Result<core::Event> {
    let raw = RawRequest::new(Method::POST, "/", signer().ghl(&body), body);
    let source = signed_only();
    let verified = source.verify(&raw, &Secrets::none(), now())?;
    Ok(source.events(verified)?.remove(0))
}

#[test]
fn deliveries_are_typed() {
    let event = received(fixture("ProviderOutboundMessage.sample")).unwrap();
    assert_eq!(event.kind(), "ProviderOutboundMessage");
    let sms = OutboundDelivery::try_from(&event).unwrap();
    assert_eq!(sms.channel, Some(DeliveryChannel::Sms));
    assert!(sms.phone.is_some() && sms.message.is_some() && sms.attachments.len() == 1);
    assert_eq!(
        event.tenant_key().unwrap().as_str(),
        sms.location_id.as_ref().unwrap().as_str()
    );
    assert!(matches!(
        Event::try_from(&event).unwrap(),
        Event::ProviderOutboundMessage(same) if *same == sms
    ));

    let event = received(fixture("ProviderOutboundMessage.sample.2")).unwrap();
    let email = OutboundDelivery::try_from(&event).unwrap();
    assert_eq!(email.channel, Some(DeliveryChannel::Email));
    assert_eq!(email.email_to, ["jane@example.com"]);
    assert!(email.html.is_some() && email.subject.is_some() && email.email_from.is_some());

    let body = br#"{"type":"Custom","emailTo":"jane@example.com","replyToAltId":"ours"}"#;
    let custom = OutboundDelivery::try_from(&received(body.to_vec()).unwrap()).unwrap();
    assert_eq!(custom.channel, Some(DeliveryChannel::Custom));
    assert_eq!(custom.email_to, ["jane@example.com"], "one, or a list");
    assert_eq!(custom.reply_to_alt_id.as_deref(), Some("ours"));
}

#[test]
fn an_event_of_the_ordinary_address_is_no_delivery() {
    let event = super::received(BODY);
    let error = OutboundDelivery::try_from(&event).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Webhook);
}

#[test]
fn an_event_that_the_provider_signed_is_not_sent_as_a_message() {
    for kind in Event::KNOWN {
        let body = format!(r#"{{"type":"{kind}","messageId":"msg1","message":"Hi"}}"#);
        let headers = signer().ghl(body.as_bytes());
        for (headers, source) in [
            (headers, signed_only()),
            (HeaderMap::new(), signed_only().allow_unsigned()),
        ] {
            let raw = RawRequest::new(Method::POST, "/", headers, body.clone());
            assert_eq!(outcome(&source, &raw), "not_allowed", "{kind}");
        }
    }
}

#[test]
fn what_is_signed_is_checked_whatever_else_is_allowed() {
    let genuine = signer().ghl(BODY);
    let mut twice = genuine.clone();
    twice.append("x-ghl-signature", genuine["x-ghl-signature"].clone());
    let foreign = core::sign::Ed25519Signer::from_seed(&[8; 32]).unwrap();
    for (headers, expected) in [
        (genuine, "ghl_ed25519"),
        (foreign.ghl(BODY), "bad_signature"),
        (signer().ghl(b"another body"), "bad_signature"),
        (twice, "duplicate_header"),
        (header(""), "malformed_header"),
        (header("n/a"), "malformed_header"),
        (header("AAAA"), "malformed_header"),
    ] {
        let raw = post("?key=new-secret", headers);
        for source in [signed_only(), signed_only().allow_unsigned(), with_secret()] {
            assert_eq!(outcome(&source, &raw), expected, "{source:?}");
        }
    }
}

#[test]
fn what_is_not_signed_is_refused_unless_it_is_allowed() {
    for (headers, refusal) in [
        (HeaderMap::new(), "missing_header"),
        (header("N/A"), "malformed_header"),
    ] {
        let raw = post("", headers);
        assert_eq!(outcome(&signed_only(), &raw), refusal);
        assert_eq!(outcome(&GhlDeliveries::production(), &raw), refusal);
        assert_eq!(outcome(&GhlDeliveries::default(), &raw), refusal);
        let allowed = signed_only().allow_unsigned();
        assert_eq!(outcome(&allowed, &raw), "ghl_delivery_unsigned");
    }
    // The secret does not stand for the signature by itself.
    let strict = signed_only().with_url_secret("key", ["new-secret"]);
    let raw = post("?key=new-secret", HeaderMap::new());
    assert_eq!(outcome(&strict, &raw), "missing_header");
}

#[test]
fn the_secret_in_the_address_is_asked_for() {
    for (query, expected) in [
        ("?key=new-secret", "ghl_delivery_url_secret"),
        ("?a=b&key=old-secret", "ghl_delivery_url_secret"),
        ("?key=new%2Dsecret", "ghl_delivery_url_secret"),
        ("", "bad_token"),
        ("?key=", "bad_token"),
        ("?key", "bad_token"),
        ("?key=new-secre", "bad_token"),
        ("?key=new-secrets", "bad_token"),
        ("?KEY=new-secret", "bad_token"),
        ("?key=new-secret&key=new-secret", "bad_token"),
        ("?key=%ff", "bad_token"),
    ] {
        let source = with_secret();
        let unsigned = post(query, HeaderMap::new());
        assert_eq!(outcome(&source, &unsigned), expected, "{query}");
        let signed = post(query, signer().ghl(BODY));
        let expected = expected.replace("ghl_delivery_url_secret", "ghl_ed25519");
        assert_eq!(outcome(&source, &signed), expected, "{query}");
    }
    let raw = post("?key=", HeaderMap::new());
    for empty in [vec![], vec![""]] {
        let source = signed_only().allow_unsigned().with_url_secret("key", empty);
        assert_eq!(outcome(&source, &raw), "no_secret");
    }
    let shown = format!("{:?} {raw:?}", with_secret());
    assert!(!shown.contains("secret\""), "{shown}");
    assert!(
        !shown.contains("new-secret") && !shown.contains("old-secret"),
        "{shown}"
    );
}

#[test]
fn a_repeated_delivery_has_the_same_key() {
    let key = |body: &str| signed_only().dedupe_key(&received(body.into()).unwrap());
    let hook = r#"{"webhookId":"w1","messageId":"msg1"}"#;
    assert_eq!(key(hook), DedupeKey::from("w1"));
    let first = r#"{"messageId":"msg1","message":"Hi"}"#;
    let again = r#"{"messageId":"msg1","message":"Hi","phone":"+12025550123"}"#;
    assert_eq!(key(first), DedupeKey::from("message:msg1"));
    assert_eq!(key(first), key(again));
    assert!(key(r#"{"message":"Hi"}"#).as_str().starts_with("sha256:"));
    assert_ne!(key(r#"{"message":"Hi"}"#), key(r#"{"message":"Ho"}"#));
}

#[test]
fn messages_to_one_contact_go_in_order() {
    let order = |body: &str| signed_only().order_key(&received(body.into()).unwrap());
    let first = order(r#"{"messageId":"msg1","contactId":"c1"}"#);
    assert_eq!(first.as_deref(), Some("messages:c1"));
    assert_eq!(order(r#"{"messageId":"msg2","contactId":"c1"}"#), first);
    let nobody = order(r#"{"messageId":"msg3"}"#);
    assert_eq!(nobody.as_deref(), Some("message:msg3"));
    assert_eq!(order("{}"), None);
}

#[test]
fn deliveries_that_are_no_object_are_refused() {
    for body in ["", "null", "[]", "5", "{", r#"["SMS"]"#] {
        let error = received(body.into()).unwrap_err();
        assert_eq!(
            Rejection::of(&error),
            Some(Rejection::MalformedPayload),
            "{body}"
        );
    }
}

#[test]
fn the_answers_make_it_come_again_only_when_it_should() {
    let status = |outcome| signed_only().reply(outcome).status.as_u16();
    assert_eq!(status(Outcome::Accepted), 200);
    assert_eq!(status(Outcome::Duplicate), 200);
    assert_eq!(status(Outcome::Busy), 429);
    assert_eq!(status(Outcome::Rejected(Rejection::BadToken)), 401);
    assert!(signed_only().reply(Outcome::Accepted).body.is_empty());
}
