//! Faults that integrations with this provider had. Each test is named after one.

use aloware_client::contacts::UpsertOutcome;
use aloware_client::webhook::{AlowareWebhooks, Event, basic_secrets};
use aloware_client::{Aloware, ErrorKind};
use integrations_core::http::{CannedTransport, HttpContext};
use integrations_core::model::{Contact, ExternalId};
use integrations_core::phone::PhoneNumber;
use integrations_core::provider::{Context, Provider};
use integrations_core::webhook::{Rejection, WebhookSource};
use integrations_core::{IntegrationId, TenantId};
use integrations_testkit::LeakDetector;
use serde_json::json;

use crate::support::{TOKEN, canned};
use crate::webhooks::{USER, basic, event, fixtures, now, request};

/// A connection over canned answers.
fn connection(
    transport: &CannedTransport,
) -> std::sync::Arc<dyn integrations_core::provider::Integration> {
    let provider = Aloware::new();
    let config = json!({"apiToken": TOKEN, "fromNumber": "+12025550142"});
    let config = provider.template().validate(&config).unwrap().into_config();
    let http = HttpContext::builder()
        .transport(transport.clone())
        .build()
        .unwrap();
    let context = Context::new(http, TenantId::new("acme").unwrap(), IntegrationId::new());
    provider.connect(config, &context).unwrap()
}

#[test]
fn fault_numeric_ids_are_ignored() {
    let source = AlowareWebhooks::basic();
    for id in ["910000001", "\"910000001\""] {
        let body = format!(r#"{{"event":"Call-Disposed","body":{{"id":{id},"contact_id":{id}}}}}"#);
        let event = event(body.as_bytes());
        assert!(source.dedupe_key(&event).as_str().contains(":910000001:"));
        assert_eq!(
            source.order_key(&event).as_deref(),
            Some("contact:910000001")
        );
        let Event::CallDisposed(call) = Event::try_from(&event).unwrap() else {
            panic!("{event:?}")
        };
        assert_eq!(call.id.unwrap().as_str(), "910000001");
    }
}

#[test]
fn fault_a_password_with_colons_is_cut() {
    let password = ":a:b::c:";
    let secrets = basic_secrets(USER, password);
    let source = AlowareWebhooks::basic();
    let accepts = |given: &str| {
        let raw = request(b"{}", Some(&basic(USER, given)));
        source.verify(&raw, &secrets, now()).is_ok()
    };
    assert!(accepts(password));
    for cut in ["", ":a", ":a:b:", "a:b::c:", ":a:b::c"] {
        assert!(!accepts(cut), "{cut}");
    }
}

#[test]
fn fault_the_password_is_compared_byte_by_byte() {
    // The core's scheme compares in constant time, and both parts whichever fails: neither the answer nor the work tells
    // how much of a guess was right.
    let secrets = basic_secrets(USER, "s3cret-s3cret");
    let source = AlowareWebhooks::basic();
    for guess in [
        basic("x", "x"),
        basic(USER, "s3cret-s3creT"),
        basic(USER, "s3cret"),
        basic("alowarf", "s3cret-s3cret"),
        basic(USER, "s3cret-s3cret "),
    ] {
        let raw = request(b"{}", Some(&guess));
        let error = source.verify(&raw, &secrets, now()).unwrap_err();
        assert_eq!(Rejection::of(&error), Some(Rejection::BadToken));
    }
}

#[test]
fn fault_a_transcription_is_taken_for_an_unknown_event() {
    let line = fixtures()
        .into_iter()
        .find(|line| line.contains("call.summarized"))
        .unwrap();
    let Event::CallSummarized(summary) = Event::try_from(&event(line.as_bytes())).unwrap() else {
        panic!("{line}")
    };
    assert_eq!(
        summary.call_id().unwrap().as_str(),
        "910000001",
        "from body.communication.id"
    );
    assert!(summary.extra.is_empty());
    let source = AlowareWebhooks::basic();
    let key = source.dedupe_key(&event(line.as_bytes()));
    assert!(key.as_str().contains(":910000001:"));
}

#[tokio::test]
async fn fault_a_contact_without_a_phone_number_is_quietly_nobody() {
    let transport = CannedTransport::new();
    let connection = connection(&transport);
    let contacts = connection.contacts().unwrap();
    let error = contacts.get(&ExternalId::new("7000001")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("unsupported"))
    );
    assert!(
        error.to_string().contains("phone number"),
        "says what to do: {error}"
    );
    let nameless = Contact::new().with_first_name("Jane");
    let error = contacts.upsert(&nameless).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert!(transport.sent().is_empty(), "nothing was sent for it");
}

#[tokio::test]
async fn fault_the_token_is_in_the_error_log() {
    let detector = LeakDetector::new();
    detector.plant("the API token", TOKEN);
    let transport = CannedTransport::new()
        .answer(500, "")
        .answer(500, "")
        .answer(500, "")
        .answer(404, r#"{"error":"Contact not found."}"#);
    let client = canned(&transport);
    for _ in 0..2 {
        let error = client
            .contacts()
            .find_by_phone("+12025550177")
            .send()
            .await
            .unwrap_err();
        detector.scan("error", format!("{error} {error:?} {error:#?}"));
    }
    for sent in transport.sent() {
        assert!(sent.url.as_str().contains(TOKEN), "it was really sent");
        detector.scan("attempt", format!("{sent:?}"));
    }
    detector.assert_clean();
}

#[tokio::test]
async fn fault_the_phone_number_becomes_the_id_of_a_new_contact() {
    let transport = CannedTransport::new()
        .answer(201, r#"{"message":"Contact created."}"#)
        .answer(200, r#"{"id":7000001,"phone_number":"+12025550177"}"#)
        .answer(201, r#"{"message":"Contact created."}"#)
        .answer(404, r#"{"error":"Contact not found."}"#);
    let connection = connection(&transport);
    let jane = Contact::new().with_phone(PhoneNumber::from_e164("+12025550177").unwrap());
    let contacts = connection.contacts().unwrap();
    let created = contacts.create(&jane).await.unwrap();
    assert_eq!(created.id.unwrap().as_str(), "+12025550177");
    assert_eq!(created.extra["aloware_id"], "7000001");
    let error = contacts.create(&jane).await.unwrap_err();
    assert_eq!(
        error.code(),
        Some("written_not_found"),
        "rather no id than a made-up one"
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn fault_the_web_application_passes_for_a_working_connection() {
    let page = "<!DOCTYPE html><html></html>";
    let transport = CannedTransport::new().answer_with(200, &[("content-type", "text/html")], page);
    let error = connection(&transport).test_connection().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Decode, Some("unexpected_html"))
    );
}

#[tokio::test]
async fn fault_a_contact_that_exists_is_a_failure() {
    let transport = CannedTransport::new().answer(409, r#"{"message":"Contact already exists"}"#);
    let outcome = canned(&transport)
        .contacts()
        .upsert("+12025550177")
        .send()
        .await;
    assert_eq!(outcome.unwrap(), UpsertOutcome::AlreadyExists);
}

#[test]
fn fault_later_changes_of_a_record_are_dropped_as_repeats() {
    let source = AlowareWebhooks::basic();
    let key = |at: &str| {
        let body = format!(
            r#"{{"event":"Contact-Updated","body":{{"id":7,"phone_number":"+12025550177","updated_at":"{at}"}}}}"#
        );
        source.dedupe_key(&event(body.as_bytes()))
    };
    assert_ne!(key("2026-02-03 10:00:00"), key("2026-02-03 11:00:00"));
    assert_eq!(key("2026-02-03 10:00:00"), key("2026-02-03 10:00:00"));
}
