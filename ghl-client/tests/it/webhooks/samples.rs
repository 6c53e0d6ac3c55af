//! Every documented sample is read into its type, and nothing of it is lost.

use std::fs;
use std::path::{Path, PathBuf};

use ghl_client::webhook::{Envelope, Event, GhlDeliveries, OutboundDelivery};
use integrations_core::Timestamp;
use integrations_core::lenient::parse_timestamp;
use integrations_core::webhook::{self as core, Secrets, WebhookSource};
use serde_json::{Map, Value, json};

use super::{now, signed, signer, source};

const DELIVERY: &str = "ProviderOutboundMessage";

/// A body, and the event that its name says it is.
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) body: Value,
}

fn read_folder(folder: &Path) -> Vec<Sample> {
    let files = fs::read_dir(folder).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            Sample {
                kind: name.split('.').next().unwrap().to_owned(),
                body: serde_json::from_slice(&fs::read(&path).unwrap()).unwrap(),
                name,
            }
        })
        .collect()
}

/// The samples with made-up data, and some payloads of our own.
pub(super) fn fixtures() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/webhooks");
    let mut all = read_folder(&folder);
    all.retain(|sample| sample.kind != "unknown");
    all
}

/// The documented samples as they were published, where they are at hand.
fn published() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples/ghl-webhooks");
    if !folder.exists() {
        println!(
            "skipped: the published samples are not at {}",
            folder.display()
        );
        return Vec::new();
    }
    let mut all = read_folder(&folder);
    all.extend(read_folder(&folder.join("extra")));
    for sample in &mut all {
        // These pages are not called as their event is.
        sample.kind = match sample.kind.as_str() {
            "AppInstall" => "INSTALL",
            "AppUninstall" => "UNINSTALL",
            "PlanChange" => "PLAN_CHANGE",
            "ConversationUnreadWebhook" => "ConversationUnreadUpdate",
            kind => kind,
        }
        .to_owned();
        // These pages show the body of another event: a slip of the documents.
        if matches!(
            sample.name.as_str(),
            "AppointmentDelete" | "AppointmentUpdate" | "InboundMessage.2"
        ) {
            sample.kind = sample.body["type"].as_str().unwrap().to_owned();
        }
    }
    all
}

/// Our own, and the published ones where they are at hand.
pub(super) fn all() -> Vec<Sample> {
    let mut all = fixtures();
    all.extend(published());
    all
}

/// The event of this body at an address for this kind.
pub(super) fn received(kind: &str, body: &Value) -> ghl_client::Result<core::Event> {
    let raw = signed(body.to_string());
    let source: Box<dyn WebhookSource> = if kind == DELIVERY {
        Box::new(GhlDeliveries::with_keys([signer().public_key().unwrap()]))
    } else {
        Box::new(source().expecting(kind))
    };
    let verified = source.verify(&raw, &Secrets::none(), now())?;
    Ok(source.events(verified)?.remove(0))
}

/// The whole body, written back from what was read.
fn written(event: &core::Event) -> Value {
    let mut all = serde_json::to_value(Envelope::try_from(event).unwrap()).unwrap();
    let own = serde_json::to_value(Event::try_from(event).unwrap()).unwrap();
    let (Value::Object(all), Value::Object(own)) = (&mut all, own) else {
        panic!("an event is an object")
    };
    for (name, value) in own {
        if let Some(twice) = all.insert(name.clone(), value.clone()) {
            assert_eq!(twice, value, "{name} is in the envelope and in the event");
        }
    }
    Value::Object(std::mem::take(all))
}

fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => parse_timestamp(&number.to_string()),
        Value::String(text) => parse_timestamp(text),
        _ => None,
    }
}

/// Whether two values say the same. What may be written in another way than it came:
fn same(sent: &Value, back: &Value) -> bool {
    match (sent, back) {
        // a member that holds nothing is left out,
        (Value::Null, Value::Null) => true,
        (Value::Object(sent), Value::Object(back)) => differences(sent, back).is_empty(),
        (Value::Array(sent), Value::Array(back)) => {
            sent.len() == back.len() && sent.iter().zip(back).all(|(sent, back)| same(sent, back))
        }
        // one receiver is a list of one,
        (Value::String(_), Value::Array(back)) => back.len() == 1 && same(sent, &back[0]),
        // an amount is 999.0 where 999 came,
        (Value::Number(sent), Value::Number(back)) => sent.as_f64() == back.as_f64(),
        // calls have two spellings, and are written as they are sent,
        (Value::String(sent), Value::String(back)) if sent == "CALL" => back == "Call",
        // a time is in UTC, without a fraction that is zero, and never a number.
        (Value::String(_) | Value::Number(_), Value::String(text)) => {
            let at = time(sent).filter(|_| text.ends_with('Z'));
            sent == back || at.is_some_and(|at| Some(at) == parse_timestamp(text))
        }
        _ => sent == back,
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn differences(sent: &Map<String, Value>, back: &Map<String, Value>) -> Vec<String> {
    let lost = sent.iter().filter(|(name, value)| match back.get(*name) {
        Some(back) => !same(value, back),
        None => !empty(value),
    });
    let lost =
        lost.map(|(name, value)| format!("{name}: {value} came back as {:?}", back.get(name)));
    let added = back.iter().filter(|(name, _)| !sent.contains_key(*name));
    // The envelope tells the location of an invoice, which names it in another member.
    let added = added.filter(|(name, value)| {
        !(*name == "locationId"
            && sent.get("altId") == Some(value)
            && sent["altType"] == "location")
    });
    let added = added.map(|(name, value)| format!("{name}: {value} was added"));
    lost.chain(added).collect()
}

fn assert_nothing_is_lost(sample: &Sample, body: &Value) {
    let event = received(&sample.kind, body).unwrap();
    assert_eq!(event.kind(), sample.kind, "{}", sample.name);
    let typed = Event::try_from(&event).unwrap();
    assert!(!matches!(typed, Event::Unknown { .. }), "{}", sample.name);
    assert_eq!(typed.kind(), sample.kind, "{}", sample.name);
    assert_eq!(Event::parse_as(&sample.kind, &event).unwrap(), typed);
    let back = written(&event);
    let found = differences(body.as_object().unwrap(), back.as_object().unwrap());
    assert!(found.is_empty(), "{}: {found:#?}", sample.name);
}

#[test]
fn every_published_sample_is_typed_and_written_back() {
    let samples = published();
    for sample in &samples {
        assert_nothing_is_lost(sample, &sample.body);
    }
    assert!(
        samples.is_empty() || samples.len() == 83,
        "{}",
        samples.len()
    );
}

#[test]
fn every_fixture_is_typed_and_written_back() {
    let samples = fixtures();
    assert!(samples.len() >= 83 + 15, "{}", samples.len());
    for sample in &samples {
        assert_nothing_is_lost(sample, &sample.body);
    }
}

#[test]
fn every_fixture_is_typed_with_the_envelope_of_a_real_delivery() {
    for sample in fixtures() {
        let mut body = sample.body.clone();
        let members = body.as_object_mut().unwrap();
        for (name, value) in [
            ("webhookId", "00000000-0000-4000-8000-000000000001"),
            ("timestamp", "2026-01-02T12:00:00.123Z"),
            ("appId", "app1"),
            ("versionId", "ver1"),
        ] {
            members.insert(name.to_owned(), value.into());
        }
        if sample.kind != DELIVERY {
            members.insert("type".to_owned(), sample.kind.clone().into());
        }
        assert_nothing_is_lost(&sample, &body);
        if sample.kind == DELIVERY {
            continue;
        }
        let event = super::received(body.to_string());
        assert_eq!(Event::try_from(&event).unwrap().kind(), sample.kind);
        assert_eq!(event.id(), Some("00000000-0000-4000-8000-000000000001"));
    }
}

#[test]
fn the_comparison_finds_what_is_lost() {
    let sent = json!({"a": 1, "b": {"c": ["x", "2026-01-02T12:00:00.000+01:00"]}, "d": null, "e": [], "f": "CALL"});
    let find = |back: Value| differences(sent.as_object().unwrap(), back.as_object().unwrap());
    let good = json!({"a": 1.0, "b": {"c": ["x", "2026-01-02T11:00:00Z"]}, "f": "Call"});
    assert!(find(good.clone()).is_empty(), "{:?}", find(good.clone()));
    for (pointer, value) in [
        ("/a", json!(2)),
        ("/a", json!("1")),
        ("/b/c/0", json!("y")),
        ("/b/c/1", json!("2026-01-02T12:00:00Z")),
        ("/b/c", json!(["x"])),
        ("/b", json!({})),
        ("/f", json!("Caller")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert_eq!(find(bad.clone()).len(), 1, "{bad}");
    }
    let mut added = good;
    added["g"] = json!(1);
    assert_eq!(find(added).len(), 1);
}

#[test]
fn deliveries_are_no_events_of_the_ordinary_address() {
    for sample in fixtures().iter().filter(|sample| sample.kind == DELIVERY) {
        let event = super::received(sample.body.to_string());
        let Event::Unknown { kind, .. } = Event::try_from(&event).unwrap() else {
            panic!("{}", sample.name)
        };
        assert!(["SMS", "Email"].contains(&kind.as_str()), "{kind}");
        assert!(OutboundDelivery::try_from(&event).is_err());
    }
}
