//! Bodies that no document shows: read all the same, or refused without a panic.

use ghl_client::ErrorKind;
use ghl_client::webhook::{Envelope, Event, GhlDeliveries, OutboundDelivery};
use integrations_core::webhook::{self as core, EventParts, RawRequest, Verified, WebhookSource};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::samples::{Sample, fixtures, received};
use super::{now, source};

/// The places of all members, however deep.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(list) => (0..).map(|i: usize| i.to_string()).zip(list).collect(),
        _ => return,
    };
    for (name, value) in inner {
        let place = format!("{at}/{name}");
        places(value, &place, all);
        all.push(place);
    }
}

fn without(body: &Value, place: &str) -> Value {
    let mut body = body.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Object(map) => {
            map.remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(list) => {
            list.remove(name.parse().unwrap());
        }
        _ => unreachable!(),
    }
    body
}

fn with(body: &Value, place: &str, value: Value) -> Value {
    let mut body = body.clone();
    *body.pointer_mut(place).unwrap() = value;
    body
}

/// Bodies that must be read, each with what was done to it.
fn readable(body: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let mut places_of = Vec::new();
    places(body, "", &mut places_of);
    for place in places_of {
        all.push((format!("missing: {place}"), without(body, &place)));
        all.push((format!("null: {place}"), with(body, &place, Value::Null)));
        match body.pointer(&place).unwrap() {
            Value::Number(number) => {
                let text = number.to_string();
                all.push((format!("text: {place}"), with(body, &place, text.into())));
                let half = with(body, &place, json!(0.5));
                all.push((format!("fraction: {place}"), half));
            }
            Value::String(_) => {
                all.push((format!("number: {place}"), with(body, &place, json!(7))));
                let new = with(body, &place, "a-value-of-tomorrow".into());
                all.push((format!("unknown: {place}"), new));
            }
            Value::Bool(_) => {
                all.push((format!("text: {place}"), with(body, &place, "true".into())));
                all.push((format!("number: {place}"), with(body, &place, json!(1))));
            }
            Value::Object(map) => {
                let mut map = map.clone();
                map.insert("ofTomorrow".into(), json!({"a": [1, null]}));
                all.push((format!("extra: {place}"), with(body, &place, map.into())));
            }
            _ => {}
        }
    }
    let mut more = body.clone();
    more["ofTomorrow"] = json!([{"a": 1}]);
    all.push(("extra".into(), more));
    all
}

/// Bodies that may be refused: something is of another shape altogether.
fn misshapen(body: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let mut places_of = Vec::new();
    places(body, "", &mut places_of);
    for place in places_of {
        for value in [
            json!("text"),
            json!(7),
            json!([[]]),
            json!({"a": {}}),
            json!(false),
        ] {
            all.push((format!("{value}: {place}"), with(body, &place, value)));
        }
    }
    all
}

#[test]
fn hostile_variants_of_every_sample_are_read() {
    let mut count = 0;
    for Sample { name, kind, body } in fixtures() {
        for (what, body) in readable(&body) {
            let event = received(&kind, &body).unwrap_or_else(|e| panic!("{name}, {what}: {e}"));
            let typed = Event::try_from(&event).unwrap_or_else(|e| panic!("{name}, {what}: {e}"));
            if !what.ends_with(": /type") {
                assert_eq!(typed.kind(), kind, "{name}, {what}");
            }
            Envelope::try_from(&event).unwrap();
            count += 1;
        }
    }
    println!("{count} bodies");
    assert!(count > 5_000, "{count}");
}

#[test]
fn misshapen_variants_of_every_sample_are_read_or_refused() {
    let (mut read, mut refused) = (0, 0);
    for Sample { name, kind, body } in fixtures() {
        for (what, body) in misshapen(&body) {
            let event = received(&kind, &body).and_then(|event| Event::try_from(&event));
            match event {
                Ok(_) => read += 1,
                Err(error) => {
                    let expected = [ErrorKind::Decode, ErrorKind::Webhook];
                    assert!(expected.contains(&error.kind()), "{name}, {what}: {error}");
                    refused += 1;
                }
            }
        }
    }
    println!("{read} read, {refused} refused");
    assert!(read > refused && refused > 100, "{read} {refused}");
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let mut names: Vec<String> = Vec::new();
    for sample in fixtures() {
        let mut all = Vec::new();
        places(&sample.body, "", &mut all);
        names.extend(
            all.iter()
                .map(|place| place.rsplit('/').next().unwrap().to_owned()),
        );
    }
    names.sort();
    names.dedup();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        proptest::sample::select(Event::KNOWN).prop_map(Value::from),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let name = prop_oneof![
            4 => proptest::sample::select(names.clone()),
            1 => ".*",
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(name, inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Reads a stored event in every way there is.
fn read_in_every_way(kind: &str, body: Vec<u8>) {
    let parts = EventParts::new(ghl_client::PROVIDER, kind, "test", now(), body);
    let event = core::Event::restore(parts);
    if let Ok(typed) = Event::try_from(&event) {
        serde_json::to_value(&typed).unwrap();
        assert!(!format!("{typed:?}").is_empty());
    }
    let _ = Event::parse_as("PriceUpdate", &event);
    let _ = Envelope::try_from(&event);
    let _ = OutboundDelivery::try_from(&event);
}

/// Takes it from the two addresses.
fn receive_in_every_way(body: Vec<u8>) {
    let raw = RawRequest::new(http::Method::POST, "/", http::HeaderMap::new(), body);
    for source in [
        Box::new(source()) as Box<dyn WebhookSource>,
        Box::new(GhlDeliveries::production()),
    ] {
        let _ = source.tenant_key(&raw);
        let verified = Verified::vouched_for(&raw, "test", now());
        for event in source.events(verified).unwrap_or_default() {
            let _ = source.dedupe_key(&event);
            let _ = Event::try_from(&event);
        }
    }
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(
        body in arbitrary_json(),
        kind in proptest::sample::select(Event::KNOWN),
        named in any::<bool>(),
    ) {
        let mut body = body;
        if let Value::Object(map) = &mut body && named {
            map.insert("type".into(), kind.into());
        }
        let bytes = serde_json::to_vec(&body).unwrap();
        read_in_every_way(kind, bytes.clone());
        receive_in_every_way(bytes);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        kind in proptest::sample::select(Event::KNOWN),
        other in ".*",
    ) {
        read_in_every_way(kind, bytes.clone());
        read_in_every_way(&other, bytes.clone());
        receive_in_every_way(bytes);
    }

    #[test]
    fn no_cut_makes_it_panic(sample in proptest::sample::select((0..83_usize).collect::<Vec<_>>()), cut in any::<prop::sample::Index>()) {
        let all = fixtures();
        let sample = &all[sample];
        let mut bytes = serde_json::to_vec(&sample.body).unwrap();
        bytes.truncate(cut.index(bytes.len()));
        read_in_every_way(&sample.kind, bytes.clone());
        receive_in_every_way(bytes);
    }
}
