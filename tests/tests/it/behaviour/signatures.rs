//! Webhooks as a provider's own source reads them.

use integrations_core::webhook::{Outcome, RawRequest, Rejection};
use integrations_core::{Clock as _, ErrorKind, SystemClock};

use super::fixture::{Fixture, bare, with_body};
use crate::support::errors::sound;

/// Bytes that nobody should sign, and that somebody will.
pub(crate) fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |depth: usize, open: &str, close: &str| {
        let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        text.into_bytes()
    };
    vec![
        ("nothing", Vec::new()),
        ("a space", b" ".to_vec()),
        ("null", b"null".to_vec()),
        ("a list", b"[]".to_vec()),
        ("a text", b"\"x\"".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("half an object", b"{\"type\":\"Con".to_vec()),
        ("two objects", b"{}{}".to_vec()),
        ("invalid UTF-8", b"{\"type\":\"\xff\xfe\"}".to_vec()),
        ("a lone surrogate", b"{\"type\":\"\\ud800\"}".to_vec()),
        ("zero bytes", vec![0; 1000]),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec()),
        ("lists in lists", nested(100_000, "[", "]")),
        ("objects in objects", nested(100_000, "{\"a\":", "}")),
        (
            "known names with wrong types",
            br#"{"type":1,"id":[],"webhookId":{},"locationId":false,"timestamp":"never"}"#.to_vec(),
        ),
        ("a number too large", b"{\"type\":1e999999}".to_vec()),
    ]
}

pub(crate) async fn only_genuine_requests_become_events<F: Fixture>(fixture: &F) {
    let provider = fixture.provider();
    let Some(source) = provider.webhooks() else {
        return assert!(!F::CAPABILITIES.webhooks);
    };
    let now = SystemClock.now();
    let verify = |raw: &RawRequest| source.verify(raw, &fixture.secrets(), now).map(drop);
    let body = fixture.event("one").to_string().into_bytes();
    let genuine = fixture.sign(&body);
    verify(&genuine).expect("genuine");
    let verified = source.verify(&genuine, &fixture.secrets(), now);
    let events = source.events(verified.expect("genuine")).expect("events");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].provider(), F::SLUG);
    assert_eq!(&events[0].payload()[..], body, "byte for byte");
    assert_eq!(
        source.tenant_key(&genuine).as_ref(),
        events[0].tenant_key(),
        "before and after the verification it is the same account"
    );
    let again = source.verify(&genuine, &fixture.secrets(), now);
    let again = source.events(again.expect("genuine")).expect("events");
    let keys = [&events[0], &again[0]].map(|event| source.dedupe_key(event));
    assert_eq!(keys[0], keys[1], "a repetition has the same key");
    let other = fixture.sign(fixture.event("two").to_string().as_bytes());
    let other = source.verify(&other, &fixture.secrets(), now);
    let other = source.events(other.expect("genuine")).expect("events");
    assert_ne!(source.dedupe_key(&other[0]), keys[0]);

    let mut changed = body.clone();
    *changed.last_mut().expect("a byte") = b' ';
    changed.push(b'}');
    for (what, raw) in [
        ("forged", fixture.forge(&body)),
        ("unsigned", bare(&body)),
        ("changed", with_body(&genuine, changed)),
        (
            "without its last byte",
            with_body(&genuine, body[..body.len() - 1].to_vec()),
        ),
        ("empty", with_body(&genuine, Vec::new())),
    ] {
        let same_sender = !matches!(what, "forged" | "unsigned");
        if same_sender && !F::PROVES_THE_BODY {
            continue;
        }
        let error = verify(&raw).expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Webhook, "{what}: {error}");
        assert!(Rejection::of(&error).is_some(), "{what}: {error}");
        sound(&error);
    }
}

pub(crate) async fn no_input_makes_it_panic<F: Fixture>(fixture: &F) {
    let provider = fixture.provider();
    let Some(source) = provider.webhooks() else {
        return assert!(!F::CAPABILITIES.webhooks);
    };
    let now = SystemClock.now();
    for (what, body) in hostile() {
        for raw in [fixture.sign(&body), fixture.forge(&body), bare(&body)] {
            let _ = source.handshake(&raw, &fixture.secrets());
            let _ = source.tenant_key(&raw);
            let _ = format!("{raw:?}");
            match source
                .verify(&raw, &fixture.secrets(), now)
                .and_then(|verified| source.events(verified))
            {
                Ok(events) => {
                    for event in events {
                        let key = source.dedupe_key(&event);
                        assert!(key.as_str().len() <= 256, "{what}");
                    }
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Webhook, "{what}: {error}");
                    sound(&error);
                }
            }
        }
    }
}

pub(crate) async fn answers_are_the_providers_own<F: Fixture>(fixture: &F) {
    let provider = fixture.provider();
    let Some(source) = provider.webhooks() else {
        return assert!(!F::CAPABILITIES.webhooks);
    };
    let answers = F::ANSWERS;
    for (outcome, status) in [
        (Outcome::Accepted, answers.accepted),
        (Outcome::Duplicate, answers.accepted),
        (Outcome::Ignored, answers.accepted),
        (Outcome::Busy, answers.busy),
        (Outcome::Rejected(Rejection::BadSignature), answers.rejected),
        (Outcome::Rejected(Rejection::TooLarge), 413),
        (Outcome::Rejected(Rejection::MalformedPayload), 400),
    ] {
        let reply = source.reply(outcome);
        assert_eq!(reply.status.as_u16(), status, "{outcome:?}");
    }
}
