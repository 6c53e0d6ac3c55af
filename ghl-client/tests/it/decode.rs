//! What comes back: documented answers, and answers that no documentation shows.

use std::time::Duration;

use ghl_client::calendars::CalendarUnit;
use ghl_client::contacts::DndStatus;
use ghl_client::conversations::ConversationType;
use ghl_client::messages::{CallStatus, MessageStatus, MessageType};
use ghl_client::{Call, Endpoint, ErrorKind};
use integrations_core::http::CannedTransport;
use jiff::Timestamp;
use serde_json::json;

use crate::support::{Answer, Case, hostile, location};
use crate::wire::cases;

/// Makes a call that is answered with this body.
async fn answered<R: Endpoint>(
    call: impl FnOnce(&ghl_client::Location) -> Call<R>,
    body: &serde_json::Value,
) -> R::Response {
    let transport = CannedTransport::new().answer(200, &body.to_string());
    call(&location(&transport)).send().await.unwrap()
}

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn documented_answers_are_read() {
    for case in cases().await {
        let read = (case.decode)(case.sample.to_string()).await;
        assert!(read.is_ok(), "{case:?}: {}", read.unwrap_err());
    }
}

#[tokio::test(start_paused = true)]
async fn hostile_answers_are_read() {
    let mut count = 0;
    for case in cases().await.iter().filter(|case| case.full) {
        for (name, answer) in hostile(&case.sample, case.spec.envelope) {
            let read = (case.decode)(answer.to_string()).await;
            // The one object that an operation promises is not made up.
            let promised = case.spec.operation.name == "contacts.upsert"
                && matches!(name.as_str(), "missing: /contact" | "null: /contact");
            match read {
                Ok(()) if !promised => {}
                Err(error) if promised => assert_eq!(error.kind(), ErrorKind::Decode),
                Ok(()) => panic!("{case:?}, {name}: read"),
                Err(error) => panic!("{case:?}, {name}: {error}\n{answer}"),
            }
            count += 1;
        }
    }
    println!("{count} hostile answers");
    assert!(count > 500, "{count}");
}

#[tokio::test(start_paused = true)]
async fn every_answer_that_is_cut_short_is_an_error() {
    let is_json = |case: &&Case| case.full && case.answer == Answer::Json;
    for case in cases().await.iter().filter(is_json) {
        let whole = case.sample.to_string();
        for end in [1, whole.len() / 2, whole.len() - 1] {
            let error = (case.decode)(whole[..end].to_owned()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{case:?}");
            assert_eq!(error.operation(), Some(case.spec.operation.name));
            assert_eq!(error.provider(), Some(ghl_client::PROVIDER));
            assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
        }
    }
}

#[tokio::test]
async fn a_contact_is_read_to_its_last_field() {
    let contact = answered(
        |location| location.contacts().get("c"),
        &json!({"contact": {
            "id": 7, "dnd": "true", "tags": "vip", "dateAdded": 1_767_355_200_000_i64, "email": null,
            "dateUpdated": "2026-01-02T12:00:00+0000", "customFields": null, "postalCode": 62701,
            "dndSettings": {"sms": {"status": "new kind", "code": 21610}, "whatsapp": {"status": "permanent"}}
        }}),
    )
    .await;
    assert_eq!(contact.id.as_str(), "7");
    assert_eq!(
        (contact.dnd, &contact.tags[..]),
        (Some(true), &["vip".to_owned()][..])
    );
    assert_eq!(contact.date_added, at("2026-01-02T12:00:00Z"));
    assert_eq!(contact.date_added, contact.date_updated);
    assert_eq!(contact.postal_code.as_deref(), Some("62701"));
    let dnd = contact.dnd_settings.unwrap();
    let sms = dnd.sms.unwrap();
    assert_eq!(sms.status.unwrap().as_str(), "new kind");
    assert_eq!(sms.code.as_deref(), Some("21610"));
    assert_eq!(dnd.whats_app.unwrap().status, Some(DndStatus::Permanent));
}

#[tokio::test]
async fn success_is_read_in_every_spelling() {
    for (body, expected) in [
        (json!({"succeded": true}), Some(true)),
        (json!({"succeeded": "true"}), Some(true)),
        (json!({"success": false}), Some(false)),
        (json!({"succeded": true, "succeeded": true}), Some(true)),
        (json!({}), None),
    ] {
        let done = answered(|location| location.contacts().delete("c"), &body).await;
        assert_eq!(done.succeeded, expected, "{body}");
    }
}

#[tokio::test]
async fn deleting_with_204_and_with_an_empty_body_succeeds() {
    for status in [200, 204] {
        let transport = CannedTransport::new().answer(status, "");
        let done = location(&transport).contacts().delete("c").send().await;
        assert_eq!(done.unwrap().succeeded, None);
    }
}

#[tokio::test]
async fn a_conversation_tells_its_type_in_words_and_in_numbers() {
    let one = answered(
        |location| location.conversations().get("c"),
        &json!({"id": "c", "type": 3, "unreadCount": "2"}),
    )
    .await;
    assert_eq!(
        (one.kind, one.unread_count),
        (Some(ConversationType::Facebook), Some(2))
    );
    let found = answered(
        |location| location.conversations().search(),
        &json!({"conversations": [{"id": "c", "type": "TYPE_FB_MESSENGER", "lastMessageDate": 1_767_355_200_000_i64}]}),
    )
    .await;
    assert_eq!(
        found.conversations[0].kind,
        Some(ConversationType::Facebook)
    );
    assert_eq!(
        found.conversations[0].last_message_date,
        at("2026-01-02T12:00:00Z")
    );
}

#[tokio::test]
async fn messages_are_read_as_documented_and_as_they_come() {
    let message = json!({
        "id": "m", "type": 1, "messageType": "TYPE_CALL", "status": "voicemail", "attachments": ["a"],
        "dateAdded": "2026-01-02T12:00:00.000Z", "meta": {"callDuration": "120", "callStatus": "no-answer"}
    });
    for body in [message.clone(), json!({"message": message, "traceId": "t"})] {
        let message = answered(|location| location.messages().get("m"), &body).await;
        assert_eq!(message.message_type, Some(MessageType::Call));
        assert_eq!(
            (message.type_id, message.status),
            (Some(1), Some(MessageStatus::Voicemail))
        );
        let meta = message.meta.unwrap();
        assert_eq!(
            (meta.call_duration, meta.call_status),
            (Some(120), Some(CallStatus::NoAnswer))
        );
    }
    let page = json!({"lastMessageId": "m", "nextPage": true, "messages": [message]});
    for body in [page.clone(), json!({"messages": page, "traceId": "t"})] {
        let page = answered(|location| location.messages().list("c"), &body).await;
        assert_eq!(page.messages.len(), 1);
        assert_eq!(
            (page.next_page, page.last_message_id.unwrap().as_str()),
            (Some(true), "m")
        );
    }
    let empty = json!({"messages": {"lastMessageId": null, "nextPage": false, "messages": []}});
    let page = answered(|location| location.messages().list("c"), &empty).await;
    assert!(page.messages.is_empty() && page.last_message_id.is_none());
}

#[tokio::test]
async fn free_slots_are_days_in_order() {
    let (start, end) = ("2026-01-05T00:00:00Z", "2026-01-09T00:00:00Z");
    let free = answered(
        |location| {
            let calendars = location.calendars();
            calendars.free_slots("c", start.parse().unwrap(), end.parse().unwrap())
        },
        &json!({
            "2026-01-07": {"slots": null},
            "2026-01-06": {"slots": ["2026-01-06T10:00:00-05:00"]},
            "traceId": "tra1",
            "2026-01-05": {"slots": ["2026-01-05T10:00:00-05:00", "2026-01-05T11:00:00-05:00"], "more": 1},
            "notADay": [1, 2],
        }),
    )
    .await;
    assert_eq!(free.trace_id.as_deref(), Some("tra1"));
    let days: Vec<_> = free.days.keys().map(ToString::to_string).collect();
    assert_eq!(days, ["2026-01-05", "2026-01-06", "2026-01-07"]);
    let slots: Vec<_> = free.slots().collect();
    assert_eq!(slots.len(), 3);
    assert_eq!(slots[0].text, "2026-01-05T10:00:00-05:00");
    assert_eq!(Some(slots[0].start), at("2026-01-05T15:00:00Z"));
    assert_eq!(
        slots[1].start.duration_since(slots[0].start).unsigned_abs(),
        Duration::from_secs(3600)
    );
}

#[tokio::test]
async fn users_and_calendars_are_read() {
    let list = answered(
        |location| location.users().list(),
        &json!({"users": [{"id": "u", "permissions": {"contactsEnabled": true}, "roles": {"locationIds": ["l"]}}]}),
    )
    .await;
    let user = &list.users[0];
    assert_eq!(user.may("contactsEnabled"), Some(true));
    assert_eq!(user.may("somethingElse"), None);
    assert_eq!(user.roles.as_ref().unwrap().location_ids[0].as_str(), "l");

    let list = answered(
        |location| location.calendars().list(),
        &json!({"calendars": [{"id": "c", "appoinmentPerSlot": "2", "slotDuration": 30, "slotDurationUnit": "mins"}]}),
    )
    .await;
    let calendar = &list.calendars[0];
    assert_eq!(
        (calendar.appointments_per_slot, calendar.slot_duration),
        (Some(2), Some(30.0))
    );
    assert_eq!(calendar.slot_duration_unit, Some(CalendarUnit::Minutes));
}

#[tokio::test]
async fn a_transcription_is_read_as_a_list_and_as_one_sentence() {
    let sentence =
        |index: &str| json!({"sentenceIndex": index, "transcript": "Hello", "confidence": "0.5"});
    for (body, expected) in [
        (sentence("7"), vec![7]),
        (json!([sentence("1"), sentence("2")]), vec![1, 2]),
        (json!([]), vec![]),
        (json!(null), vec![]),
    ] {
        let read = answered(|location| location.messages().transcription("m"), &body).await;
        let indexes = read.sentences.iter().filter_map(|one| one.sentence_index);
        assert_eq!(indexes.collect::<Vec<_>>(), expected, "{body}");
    }
}
