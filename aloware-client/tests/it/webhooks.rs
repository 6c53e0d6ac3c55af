//! Webhooks: proof, kinds, what is the same, what comes in order.

use std::path::Path;

use aloware_client::enums::{CurrentStatus, DispositionStatus};
use aloware_client::webhook::{AllowedEvents, AlowareWebhooks, Event, Family, basic_secrets};
use base64::Engine as _;
use http::{HeaderMap, HeaderValue, Method};
use integrations_core::Timestamp;
use integrations_core::webhook::{
    self as core, DedupePolicy, Outcome, RawRequest, Rejection, Secrets, WebhookSource,
};
use serde_json::{Map, Value};

pub(crate) const USER: &str = "aloware";
pub(crate) const PASSWORD: &str = "pa:ss:word";

pub(crate) fn now() -> Timestamp {
    "2026-02-03T10:02:00Z".parse().unwrap()
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {pair}")
}

pub(crate) fn request(body: &[u8], authorization: Option<&str>) -> RawRequest {
    let mut headers = HeaderMap::new();
    if let Some(value) = authorization {
        headers.insert("authorization", HeaderValue::from_str(value).unwrap());
    }
    RawRequest::new(
        Method::POST,
        "https://example.com/hooks",
        headers,
        body.to_vec(),
    )
}

/// The events of a body that is proven.
pub(crate) fn events(source: &AlowareWebhooks, body: &[u8]) -> Vec<core::Event> {
    let raw = request(body, Some(&basic(USER, PASSWORD)));
    let verified = source.verify(&raw, &basic_secrets(USER, PASSWORD), now());
    source.events(verified.unwrap()).unwrap()
}

pub(crate) fn event(body: &[u8]) -> core::Event {
    let mut all = events(&AlowareWebhooks::basic(), body);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// The lines of our own made-up file.
pub(crate) fn fixtures() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/events.ndjson");
    lines(&path).expect("our own file")
}

fn lines(path: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(
        text.lines()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

/// The published samples, where they are at hand.
fn published() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/samples/aloware/aloware-events.synthetic.ndjson");
    lines(&path).unwrap_or_else(|| {
        println!("skipped: no samples at {}", path.display());
        Vec::new()
    })
}

/// The same, whether it is written as a number, a text or a flag, and in whichever form of a time.
fn same(one: &Value, two: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::String(text) => core_time(text).unwrap_or_else(|| text.clone()),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        other => other.to_string(),
    };
    match (one, two) {
        (Value::Object(one), Value::Object(two)) => covers(one, two),
        (Value::Array(_), _) => one == two,
        _ => plain(one) == plain(two),
    }
}

fn core_time(text: &str) -> Option<String> {
    (text.len() > 10)
        .then(|| integrations_core::lenient::parse_timestamp(text).map(|at| at.to_string()))
        .flatten()
}

/// Whether all that is in a sample is in what was written, but for what is null or empty.
fn covers(sample: &Map<String, Value>, written: &Map<String, Value>) -> bool {
    sample.iter().all(|(name, value)| {
        let nothing = value.is_null() || value == "" || value == &Value::Array(Vec::new());
        let kept = written
            .get(name)
            .is_some_and(|written| same(value, written));
        if !nothing && !kept {
            println!("{name}: {value} became {:?}", written.get(name));
        }
        nothing || kept
    })
}

#[test]
fn every_sample_is_read_and_loses_nothing() {
    let all = [fixtures(), published()].concat();
    assert!(all.len() >= 18);
    for line in all {
        let found = events(&AlowareWebhooks::basic(), line.as_bytes());
        let sample: Value = serde_json::from_str(&line).unwrap();
        if sample.get("test_payload").is_some() {
            assert!(found.is_empty());
            continue;
        }
        assert_eq!(&found[0].payload()[..], line.as_bytes(), "byte for byte");
        assert_eq!(found[0].kind(), sample["event"]);
        let typed = Event::try_from(&found[0]).unwrap();
        let written = serde_json::to_value(&typed).unwrap();
        let body = match typed.family() {
            Family::Other => &sample,
            _ if sample["body"]["phone_number"].is_null()
                && written["phone_number"].is_string() =>
            {
                &sample["body"]["contact"]
            }
            _ => &sample["body"],
        };
        assert!(
            covers(body.as_object().unwrap(), written.as_object().unwrap()),
            "{line}"
        );
        let again = serde_json::json!({"event": sample["event"], "body": written});
        let again = event(again.to_string().as_bytes());
        if typed.family() != Family::Other {
            assert_eq!(
                Event::try_from(&again).unwrap(),
                typed,
                "there and back: {line}"
            );
        }
    }
}

#[test]
fn every_family_has_a_sample() {
    let families: std::collections::BTreeSet<Family> = fixtures()
        .iter()
        .flat_map(|line| events(&AlowareWebhooks::basic(), line.as_bytes()))
        .map(|event| Event::try_from(&event).unwrap().family())
        .collect();
    for family in Family::KNOWN {
        assert!(families.contains(&family), "{family:?}");
    }
    assert!(families.contains(&Family::Other));
}

#[test]
fn a_message_that_failed_says_so() {
    let line = fixtures()
        .into_iter()
        .find(|line| line.contains("SMS-DispositionInvalid"));
    let failed = event(line.unwrap().as_bytes());
    let Event::CommunicationDisposed(sms) = Event::try_from(&failed).unwrap() else {
        panic!("{failed:?}");
    };
    assert_eq!(sms.current_status, Some(CurrentStatus::SmsFailed));
    assert_eq!(sms.disposition_status, Some(DispositionStatus::Invalid));
    assert_eq!(
        failed.occurred_at(),
        Some("2026-02-03T11:00:02Z".parse().unwrap())
    );
}

#[test]
fn the_test_of_the_settings_is_no_event_however_often_it_comes() {
    let source = AlowareWebhooks::basic().allowing(AllowedEvents::parse("Recording-Saved"));
    for _ in 0..3 {
        assert!(events(&source, br#"{"test_payload":true}"#).is_empty());
    }
    // Something that only resembles it is an event.
    let like = br#"{"test_payload":true,"event":"Recording-Saved","body":{"id":1}}"#;
    assert_eq!(events(&source, like).len(), 1);
}

#[test]
fn only_wanted_events_come_through() {
    let source = AlowareWebhooks::basic().allowing(AllowedEvents::parse(
        "Recording-Saved,OutboundPhoneCall-DispositionCompleted",
    ));
    let through = |name: &str| {
        let body = format!(r#"{{"event":"{name}","body":{{"id":1}}}}"#);
        !events(&source, body.as_bytes()).is_empty()
    };
    assert!(through("Recording-Saved") && through("OutboundPhoneCall-DispositionFailed"));
    for name in [
        "OutboundPhoneCall",
        "InboundPhoneCall-DispositionMissed",
        "recording.saved",
        "",
    ] {
        assert!(!through(name), "{name}");
    }
}

#[test]
fn twins_and_repeats_are_told_apart() {
    let source = AlowareWebhooks::basic();
    let key = |source: &AlowareWebhooks, body: &str| source.dedupe_key(&event(body.as_bytes()));
    let disposed =
        r#"{"event":"Call-Disposed","body":{"id":910000001,"updated_at":"2026-02-03 10:01:17"}}"#;
    let completed = r#"{"event":"OutboundPhoneCall-DispositionCompleted","body":{"id":910000001,"updated_at":"2026-02-03 10:01:17"}}"#;
    let again =
        r#"{"event":"Call-Disposed","body":{"id":910000001,"updated_at":"2026-02-03 10:06:17"}}"#;
    assert_eq!(
        key(&source, disposed),
        key(&source, disposed),
        "the same bytes are the same event"
    );
    assert_ne!(
        key(&source, disposed),
        key(&source, completed),
        "the same state under two names"
    );
    assert_ne!(
        key(&source, disposed),
        key(&source, again),
        "disposed twice"
    );
    let as_text = disposed.replace("910000001", "\"910000001\"");
    let exact = AlowareWebhooks::basic().dedupe(DedupePolicy::SeedExact);
    assert_eq!(
        key(&exact, disposed).as_str(),
        "aloware:Call-Disposed:910000001"
    );
    assert_eq!(
        key(&exact, &as_text),
        key(&exact, disposed),
        "a number or a text"
    );
    assert_eq!(
        key(&exact, again),
        key(&exact, disposed),
        "as documented, and as it loses"
    );
    // What names nothing is not dropped for another that names nothing.
    let nameless = |n: u8| format!(r#"{{"event":"FutureThing","body":{{"n":{n}}}}}"#);
    assert_ne!(key(&exact, &nameless(1)), key(&exact, &nameless(2)));
    let summary = r#"{"event":"transcription.call.summarized","body":{"transcription":{"id":1,"communication_id":5},"communication":{"id":5}}}"#;
    assert_eq!(
        key(&exact, summary).as_str(),
        "aloware:transcription.call.summarized:5"
    );
}

#[test]
fn events_of_one_contact_share_a_lane() {
    let source = AlowareWebhooks::basic();
    let order = |body: &str| source.order_key(&event(body.as_bytes()));
    let contact = Some("contact:7".to_owned());
    for body in [
        r#"{"event":"OutboundPhoneCall","body":{"id":1,"contact_id":7}}"#,
        r#"{"event":"InboundSMS-DispositionCompleted","body":{"id":"2","contact_id":"7"}}"#,
        r#"{"event":"Contact-Updated","body":{"id":7,"phone_number":"+12025550177"}}"#,
        r#"{"event":"Contact-Updated","body":{"contact":{"id":"7"}}}"#,
        r#"{"event":"transcription.call.summarized","body":{"contact":{"id":7},"communication":{"id":1}}}"#,
    ] {
        assert_eq!(order(body), contact, "{body}");
    }
    let recording = r#"{"event":"Recording-Saved","body":{"id":1}}"#;
    assert_eq!(order(recording), Some("communication:1".to_owned()));
    assert_eq!(order(r#"{"event":"FutureThing"}"#), None);
}

#[test]
fn a_contact_that_comes_along_is_a_change_by_its_number() {
    let source = AlowareWebhooks::basic();
    let changed = |body: &str| source.changes(&event(body.as_bytes()));
    let jane = vec![core::Change::upserted(
        core::Object::Contact,
        "+12025550177",
    )];
    for body in [
        r#"{"event":"Contact-Updated","body":{"id":7,"phone_number":"+12025550177"}}"#,
        r#"{"event":"contact.created","body":{"contact":{"id":"7","phone_number":"+12025550177"}}}"#,
        r#"{"event":"OutboundPhoneCall","body":{"id":1,"contact":{"id":7,"phone_number":"+12025550177"}}}"#,
        r#"{"event":"InboundSMS-DispositionCompleted","body":{"id":2,"phone_number":"+12025550100","contact":{"id":7,"phone_number":"+12025550177"}}}"#,
    ] {
        assert_eq!(changed(body), jane, "{body}");
    }
    for body in [
        r#"{"event":"Recording-Saved","body":{"id":1}}"#,
        r#"{"event":"Contact-Updated","body":{"id":7}}"#,
        r#"{"event":"Contact-Updated","body":{"id":7,"phone_number":"ext. 12"}}"#,
        r#"{"event":"transcription.call.summarized","body":{"contact":{"id":7},"communication":{"id":1}}}"#,
        r#"{"event":"FutureThing"}"#,
    ] {
        assert!(changed(body).is_empty(), "{body}");
    }
}

#[test]
fn what_is_stored_is_answered_with_a_200() {
    let source = AlowareWebhooks::basic();
    for outcome in [Outcome::Accepted, Outcome::Duplicate, Outcome::Ignored] {
        assert_eq!(source.reply(outcome).status, 200);
    }
    assert_eq!(
        source.reply(Outcome::Rejected(Rejection::BadToken)).status,
        401
    );
    assert!(
        !source.reply(Outcome::Busy).status.is_success(),
        "what is not stored is not accepted"
    );
}

#[test]
fn each_way_of_proof_fails_closed() {
    let rejected = |source: &AlowareWebhooks, secrets: &Secrets, header: Option<&str>| {
        let raw = request(b"{}", header);
        let result = source.verify(&raw, secrets, now()).map(drop);
        result.map_err(|error| Rejection::of(&error).unwrap())
    };
    let secrets = basic_secrets(USER, PASSWORD);
    let source = AlowareWebhooks::basic();
    assert_eq!(
        rejected(&source, &secrets, Some(&basic(USER, PASSWORD))),
        Ok(())
    );
    for (header, rejection) in [
        (None, Rejection::MissingHeader("authorization")),
        (
            Some("Bearer abc".to_owned()),
            Rejection::MalformedHeader("authorization"),
        ),
        (
            Some("Basic !!!".to_owned()),
            Rejection::MalformedHeader("authorization"),
        ),
        (Some(basic("other", PASSWORD)), Rejection::BadToken),
        (Some(basic(USER, "other")), Rejection::BadToken),
        (Some(basic(USER, "")), Rejection::BadToken),
    ] {
        assert_eq!(
            rejected(&source, &secrets, header.as_deref()),
            Err(rejection)
        );
    }
    assert_eq!(
        rejected(&source, &Secrets::none(), Some(&basic("", ""))),
        Err(Rejection::NoSecret),
        "nothing configured lets nobody in"
    );
    let bearer = AlowareWebhooks::bearer();
    assert_eq!(
        rejected(&bearer, &Secrets::one("t0ken"), Some("Bearer t0ken")),
        Ok(())
    );
    assert!(rejected(&bearer, &Secrets::one("t0ken"), Some("Bearer t0ke")).is_err());
    assert!(rejected(&bearer, &Secrets::none(), Some("Bearer ")).is_err());
    let open = AlowareWebhooks::without_authentication();
    assert_eq!(
        rejected(&open, &Secrets::none(), None),
        Ok(()),
        "as was asked for in so many words"
    );
}

#[test]
fn no_body_makes_it_panic_or_get_lost() {
    let source = AlowareWebhooks::basic();
    for (body, readable) in [
        ("", false),
        ("null", false),
        ("[]", false),
        ("\"x\"", false),
        ("{\"event\":", false),
        ("{}", true),
        (r#"{"event":5,"body":[1,2]}"#, true),
        (r#"{"event":"Call-Disposed","body":"text"}"#, true),
        (
            r#"{"event":{"a":1},"body":{"id":{"a":1},"contact":"x"}}"#,
            true,
        ),
        (r#"{"event":"Recording-Saved","body":{"id":[1]}}"#, true),
    ] {
        let raw = request(body.as_bytes(), Some(&basic(USER, PASSWORD)));
        let verified = source
            .verify(&raw, &basic_secrets(USER, PASSWORD), now())
            .unwrap();
        match source.events(verified) {
            Ok(events) => {
                assert!(readable, "{body}");
                for event in events {
                    let _ = (source.order_key(&event), source.dedupe_key(&event));
                    let _ = Event::try_from(&event);
                }
            }
            Err(error) => {
                assert!(!readable, "{body}");
                assert_eq!(Rejection::of(&error), Some(Rejection::MalformedPayload));
            }
        }
    }
}

#[test]
fn an_event_shows_nothing_of_its_payload() {
    for line in fixtures() {
        for event in events(&AlowareWebhooks::basic(), line.as_bytes()) {
            let typed = Event::try_from(&event).unwrap();
            let shown = format!("{typed:?} {event:?}");
            assert!(
                !shown.contains("+1202") && !shown.contains("Sample"),
                "{shown}"
            );
            if let Event::CommunicationDisposed(call) | Event::RecordingSaved(call) = typed {
                assert!(
                    !format!("{call:?}").contains("planted-recording"),
                    "whoever has the URL has the recording"
                );
            }
        }
    }
}
