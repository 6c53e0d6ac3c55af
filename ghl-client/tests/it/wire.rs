//! What leaves: method, path, query, headers and body of every operation, with the required fields and with all.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Answer, Case, Cases, TOKEN};

mod calendars;
mod contacts;
mod conversations;
mod locations;
mod messages;
mod oauth;
mod seams;
mod search;
mod users;

/// Two cases for every operation.
pub(crate) async fn cases() -> Vec<Case> {
    let mut cases = Cases::default();
    calendars::add(&mut cases).await;
    contacts::add(&mut cases).await;
    conversations::add(&mut cases).await;
    locations::add(&mut cases).await;
    messages::add(&mut cases).await;
    oauth::add(&mut cases).await;
    seams::add(&mut cases).await;
    search::add(&mut cases).await;
    users::add(&mut cases).await;
    cases.all
}

#[tokio::test(start_paused = true)]
async fn every_operation_sends_what_it_should() {
    for case in cases().await {
        let sent = &case.sent;
        let mut line = format!("{} {}", sent.method, sent.url.path());
        if let Some(query) = sent.url.query() {
            line.push('?');
            line.push_str(query);
        }
        assert_eq!(line, case.expected, "{case:?}");
        assert_eq!(sent.url.host_str(), Some("services.leadconnectorhq.com"));
        assert_eq!(case.json_body(), case.expected_body, "{case:?}");

        let header = |name: &str| {
            let mut values = sent.headers.get_all(name).iter();
            let value = values.next().map(|value| value.to_str().unwrap());
            assert_eq!(values.next(), None, "{case:?}: {name} comes twice");
            value
        };
        assert_eq!(
            header("authorization"),
            Some(&*format!("Bearer {TOKEN}")),
            "{case:?}"
        );
        assert_eq!(header("version"), Some(case.spec.version.as_str()));
        let accept = match case.answer {
            Answer::Download => "*/*",
            Answer::Json | Answer::Untyped => "application/json",
        };
        assert_eq!(header("accept"), Some(accept), "{case:?}");
        let content_type = match case.spec.operation.name {
            _ if case.expected_body.is_null() => None,
            _ if case.is_multipart() => header("content-type"),
            "oauth.location_token" => Some("application/x-www-form-urlencoded"),
            _ => Some("application/json"),
        };
        assert_eq!(header("content-type"), content_type, "{case:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_operation_has_its_cases() {
    let cases = cases().await;
    let names = |full| -> BTreeSet<_> {
        let cases = cases.iter().filter(|case| case.full == full);
        cases.map(|case| case.spec.operation.name).collect()
    };
    let names_of = |specs: &[&'static ghl_client::Spec]| -> BTreeSet<_> {
        specs.iter().map(|spec| spec.operation.name).collect()
    };
    let all = names_of(ghl_client::operations());
    assert_eq!(
        all.len(),
        ghl_client::operations().len(),
        "names are unique"
    );
    let listed = names_of(ghl_client::hand_written());
    assert_eq!(names(false), listed);
    assert_eq!(names(true), listed);
}

#[test]
fn what_must_not_be_repeated_says_so() {
    use integrations_core::http::Idempotency;
    let of = |name: &str| {
        let spec = ghl_client::operations()
            .iter()
            .find(|spec| spec.operation.name == name);
        spec.unwrap().operation.idempotency
    };
    for name in [
        "messages.send",
        "messages.inbound",
        "messages.outbound",
        "contacts.create",
        "conversations.create",
        "calendars.appointments.create",
        "calendars.block_slots.create",
        "messages.upload",
        "medias.upload",
    ] {
        assert_eq!(of(name), Idempotency::Unsafe, "{name}");
    }
    for name in [
        "contacts.search",
        "opportunities.search",
        "objects.records.search",
        "messages.list",
        "calendars.free_slots",
    ] {
        assert_eq!(of(name), Idempotency::Safe, "{name}");
    }
    for name in ["contacts.upsert", "contacts.tags.add", "contacts.delete"] {
        assert_eq!(of(name), Idempotency::Idempotent, "{name}");
    }
}

/// No body.
pub(crate) const NONE: Value = Value::Null;
