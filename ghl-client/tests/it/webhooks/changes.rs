//! Which records the events say have changed, and which events stay in order.

use integrations_core::webhook::{Change, Event, Object, WebhookSource};
use serde_json::json;

use super::{received, samples, source};

fn told(event: &Event) -> (Vec<Change>, Option<String>) {
    let source = source();
    (source.changes(event), source.order_key(event))
}

/// The events that tell of a change, by what they tell of.
const CHANGES: &[(&str, Object, bool)] = &[
    ("ContactCreate", Object::Contact, false),
    ("ContactUpdate", Object::Contact, false),
    ("ContactTagUpdate", Object::Contact, false),
    ("ContactDndUpdate", Object::Contact, false),
    ("ContactDelete", Object::Contact, true),
    ("InboundMessage", Object::Message, false),
    ("OutboundMessage", Object::Message, false),
    ("VoiceAiCallEnd", Object::Call, false),
    ("OpportunityCreate", Object::Opportunity, false),
    ("OpportunityUpdate", Object::Opportunity, false),
    ("OpportunityAssignedToUpdate", Object::Opportunity, false),
    ("OpportunityMonetaryValueUpdate", Object::Opportunity, false),
    ("OpportunityStageUpdate", Object::Opportunity, false),
    ("OpportunityStatusUpdate", Object::Opportunity, false),
    ("OpportunityDelete", Object::Opportunity, true),
    ("AppointmentCreate", Object::Appointment, false),
    ("AppointmentUpdate", Object::Appointment, false),
    ("AppointmentDelete", Object::Appointment, true),
];

#[test]
fn every_sample_tells_what_it_says() {
    let mut seen = 0;
    for sample in samples::all() {
        let (changes, _) = told(&samples::received(&sample.kind, &sample.body).unwrap());
        let name = &sample.name;
        let Some((_, object, deleted)) = CHANGES.iter().find(|(kind, ..)| *kind == sample.kind)
        else {
            assert_eq!(changes, [], "{name}");
            continue;
        };
        seen += 1;
        let body = &sample.body;
        let is_call = matches!(body["messageType"].as_str(), Some("CALL" | "VoiceMail"));
        let object = if is_call { Object::Call } else { *object };
        let id = match object {
            Object::Message | Object::Call => &body["messageId"],
            Object::Appointment => &body["appointment"]["id"],
            _ => &body["id"],
        };
        let told = id.as_str().map(|id| match deleted {
            true => Change::deleted(object, id),
            false => Change::upserted(object, id),
        });
        // What colleagues write to each other is nobody's message.
        let told = told.filter(|_| body["messageType"] != "InternalComment");
        assert_eq!(changes, told.into_iter().collect::<Vec<_>>(), "{name}");
    }
    assert!(seen >= CHANGES.len(), "{seen}");
}

#[test]
fn every_event_that_tells_of_a_change_has_a_sample_with_its_id() {
    for (kind, ..) in CHANGES {
        let with_change = samples::fixtures()
            .into_iter()
            .filter(|sample| sample.kind == *kind)
            .any(|sample| {
                let event = samples::received(kind, &sample.body).unwrap();
                !told(&event).0.is_empty()
            });
        assert!(with_change, "{kind}");
    }
}

#[test]
fn what_concerns_one_contact_stays_in_order() {
    let key = |kind: &str, mut body: serde_json::Value| {
        body["type"] = json!(kind);
        body["locationId"] = json!("loc1");
        told(&received(body.to_string())).1
    };
    let contact = Some("contact:c1".to_owned());
    for (kind, body) in [
        ("ContactCreate", json!({"id": "c1"})),
        ("ContactDelete", json!({"id": "c1"})),
        ("ContactDndUpdate", json!({"id": "c1"})),
        (
            "InboundMessage",
            json!({"contactId": "c1", "messageId": "m1"}),
        ),
        ("OutboundMessage", json!({"contactId": "c1"})),
        ("NoteCreate", json!({"id": "n1", "contactId": "c1"})),
        ("TaskComplete", json!({"id": "t1", "contactId": "c1"})),
        (
            "CampaignStatusUpdate",
            json!({"contactId": "c1", "id": "x"}),
        ),
        ("SomethingNew", json!({"contactId": "c1"})),
    ] {
        assert_eq!(key(kind, body), contact, "{kind}");
    }
    for (kind, body, expected) in [
        (
            "OpportunityStageUpdate",
            json!({"id": "o1", "contactId": "c1"}),
            Some("opportunity:o1"),
        ),
        (
            "OpportunityDelete",
            json!({"id": "o1"}),
            Some("opportunity:o1"),
        ),
        (
            "AppointmentUpdate",
            json!({"appointment": {"id": "a1", "contactId": "c1"}}),
            Some("appointment:a1"),
        ),
        ("InvoicePaid", json!({"_id": "i1"}), Some("record:i1")),
        ("SomethingNew", json!({"id": 7}), Some("record:7")),
        ("INSTALL", json!({"companyId": "co1"}), None),
        ("UNINSTALL", json!({}), None),
    ] {
        let expected = expected.map(str::to_owned);
        assert_eq!(key(kind, body), expected, "{kind}");
    }
}

#[test]
fn odd_bodies_tell_of_nothing_and_do_no_harm() {
    for id in [json!(null), json!(""), json!([]), json!({}), json!(true)] {
        for (kind, body) in [
            ("ContactUpdate", json!({"id": id})),
            (
                "InboundMessage",
                json!({"messageId": id, "messageType": id}),
            ),
            ("AppointmentDelete", json!({"appointment": id})),
            ("AppointmentDelete", json!({"appointment": {"id": id}})),
        ] {
            let mut body = body;
            body["type"] = json!(kind);
            assert_eq!(told(&received(body.to_string())), (vec![], None), "{body}");
        }
    }
    // A number is an id too, and what does not belong there costs nothing.
    let body = json!({"type": "ContactUpdate", "id": 12, "tags": {"a": 1}, "dateAdded": [7]});
    let (changes, key) = told(&received(body.to_string()));
    assert_eq!(changes, [Change::upserted(Object::Contact, "12")]);
    assert_eq!(key.as_deref(), Some("contact:12"));
}
