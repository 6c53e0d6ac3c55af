//! A call is the same, in whatever order it is told.

use aloware_client::enums::{CurrentStatus, DispositionStatus};
use aloware_client::webhook::{CallRecord, Event, Stage};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::webhooks::{event, fixtures};

/// The six deliveries of one call.
fn told() -> Vec<CallRecord> {
    let records: Vec<_> = fixtures()
        .iter()
        .filter(|line| line.contains("910000001"))
        .map(|line| Event::try_from(&event(line.as_bytes())).unwrap())
        .map(|event| CallRecord::of(&event).expect("of a call"))
        .collect();
    assert_eq!(records.len(), 6);
    records
}

fn merged(records: impl IntoIterator<Item = CallRecord>) -> CallRecord {
    records.into_iter().reduce(CallRecord::merge).unwrap()
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for at in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        all.extend(permutations(&rest).into_iter().map(|mut tail| {
            tail.insert(0, first.clone());
            tail
        }));
    }
    all
}

#[test]
fn all_720_orders_of_a_call_make_the_same_record() {
    let told = told();
    let expected = merged(told.clone());
    let orders = permutations(&told);
    assert_eq!(orders.len(), 720);
    for order in orders {
        assert_eq!(merged(order), expected);
    }
}

#[test]
fn a_record_knows_all_that_was_told() {
    let record = merged(told().into_iter().rev());
    assert_eq!(record.stage(), Stage::Ended);
    let call = record.communication();
    assert_eq!(call.id.as_ref().unwrap().as_str(), "910000001");
    assert_eq!(call.contact_id().unwrap().as_str(), "7100001");
    assert_eq!(call.user_id.unwrap().as_str(), "52", "nobody at first");
    assert_eq!(
        (call.talk_time, call.wait_time, call.hold_time),
        (Some(63), Some(2), Some(1))
    );
    assert_eq!(call.current_status, Some(CurrentStatus::Completed));
    assert_eq!(call.disposition_status, Some(DispositionStatus::Completed));
    assert_eq!(call.has_recording, Some(true));
    assert_eq!(
        call.has_transcription,
        Some(true),
        "a stale `false` does not undo it"
    );
    assert!(call.call_summary.unwrap().contains("Made up"));
    assert!(call.recording.is_some());
    assert_eq!(
        call.created_at,
        Some("2026-02-03T10:00:00Z".parse().unwrap())
    );
    assert_eq!(
        call.updated_at,
        Some("2026-02-03T10:01:17Z".parse().unwrap())
    );
}

#[test]
fn it_survives_being_kept() {
    let record = merged(told());
    let kept = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<CallRecord>(&kept).unwrap(), record);
    assert!(!format!("{record:?}").contains("planted-recording"));
}

#[test]
fn another_calls_record_does_not_mix_in() {
    let line = fixtures()
        .into_iter()
        .find(|line| line.contains("910000002"))
        .unwrap();
    let other = CallRecord::of(&Event::try_from(&event(line.as_bytes())).unwrap()).unwrap();
    let record = merged(told());
    assert_eq!(record.clone().merge(other), record);
}

/// What one event may say of a call.
fn telling() -> impl Strategy<Value = Value> {
    let small = prop::option::of(0..4_i64);
    (
        prop::sample::select(vec![
            "OutboundPhoneCall",
            "Call-Disposed",
            "Recording-Saved",
        ]),
        prop::option::of(1..11_i64),
        prop::option::of(1..8_i64),
        (0..4_u8, 0..4_u8),
        (small.clone(), small.clone(), small, any::<Option<bool>>()),
    )
        .prop_map(
            |(name, current, disposition, (created, updated), (user, talk, words, recorded))| {
                json!({"event": name, "body": {
                    "id": 1,
                    "current_status2": current,
                    "disposition_status2": disposition,
                    "created_at": format!("2026-02-03 10:00:0{created}"),
                    "updated_at": format!("2026-02-03 10:01:0{updated}"),
                    "user_id": user,
                    "talk_time": talk,
                    "call_disposition": words.map(|n| n.to_string()),
                    "has_recording": recorded,
                }})
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn order_repetition_and_grouping_change_nothing(
        (told, shuffled) in prop::collection::vec(telling(), 1..8)
            .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())),
        split in 0..8_usize,
    ) {
        let record = |told: &Value| {
            CallRecord::of(&Event::try_from(&event(told.to_string().as_bytes())).unwrap()).unwrap()
        };
        let expected = merged(told.iter().map(record));
        prop_assert_eq!(&merged(shuffled.iter().map(record)), &expected);
        let twice = shuffled.iter().chain(&told).map(record);
        prop_assert_eq!(&merged(twice), &expected);
        let at = split.min(shuffled.len() - 1);
        let (left, right) = shuffled.split_at(at);
        let right = merged(right.iter().map(record));
        let grouped = match left {
            [] => right,
            left => merged(left.iter().map(record)).merge(right),
        };
        prop_assert_eq!(&grouped, &expected);
        // It never goes back, and begins with the earliest.
        let stages = told.iter().map(|told| record(told).stage());
        prop_assert_eq!(expected.stage(), stages.max().unwrap());
        let first = told.iter().map(|told| record(told).communication().created_at).min();
        prop_assert_eq!(expected.communication().created_at, first.unwrap());
    }
}
