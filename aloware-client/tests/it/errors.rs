//! Refusals, pages, redirects, and what may have happened.

use aloware_client::calls::{Agent, Callee, Line};
use aloware_client::contacts::UpsertOutcome;
use aloware_client::messages::Sender;
use aloware_client::{ApiError, Client, ErrorKind};
use integrations_core::http::{CannedTransport, TransportFailure};

use crate::support::canned;

const PAGE: &str = "<!DOCTYPE html><html></html>";

fn answering(status: u16, headers: &[(&str, &str)], body: &str) -> (CannedTransport, Client) {
    let mut transport = CannedTransport::new();
    for _ in 0..4 {
        transport = transport.answer_with(status, headers, body);
    }
    let client = canned(&transport);
    (transport, client)
}

#[tokio::test]
async fn a_page_with_a_200_is_an_error_of_every_operation() {
    let (_, client) = answering(200, &[("content-type", "text/html; charset=UTF-8")], PAGE);
    let read = client.users().list().send().await.unwrap_err();
    let form = client
        .contacts()
        .upsert("+12025550177")
        .send()
        .await
        .unwrap_err();
    let from = Sender::line("101");
    let sms = client
        .messages()
        .send(from, "+12025550177", "Hello")
        .send()
        .await
        .unwrap_err();
    let raw = client.request(http::Method::GET, "/webhook/calls");
    let raw = raw.send::<serde_json::Value>().await.unwrap_err();
    for error in [&read, &form, &sms, &raw] {
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert_eq!(error.code(), Some("unexpected_html"));
        assert!(!error.is_retryable());
    }
    assert!(!read.is_outcome_unknown());
    assert!(
        form.is_outcome_unknown() && sms.is_outcome_unknown(),
        "nobody knows what a page means"
    );
}

#[tokio::test]
async fn what_is_no_json_is_an_error_whatever_it_says_it_is() {
    for (kind, body) in [
        ("text/plain", "OK"),
        ("application/json", "<html>"),
        ("application/json", ""),
        ("application/json", "[1"),
    ] {
        let (_, client) = answering(202, &[("content-type", kind)], body);
        let error = client
            .messages()
            .send(Sender::line("1"), "+12025550177", "x")
            .send()
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{kind} {body}: {error}");
        assert!(error.is_outcome_unknown());
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (transport, client) = answering(307, &[("location", "https://elsewhere.example.com/")], "");
    let error = client
        .contacts()
        .upsert("+12025550177")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert!(error.to_string().contains("elsewhere.example.com"));
    assert_eq!(transport.sent().len(), 1, "the token is in the body");
}

#[tokio::test]
async fn a_post_that_may_have_arrived_is_not_repeated() {
    for failure in [TransportFailure::Timeout, TransportFailure::Broken] {
        let transport = CannedTransport::new().fail(failure).answer(202, "{}");
        let client = canned(&transport);
        let error = client
            .messages()
            .send(Sender::line("1"), "+12025550177", "x")
            .send()
            .await;
        assert!(error.unwrap_err().is_outcome_unknown());
        assert_eq!(transport.sent().len(), 1);
    }
    // What never left comes again; so does what was refused unprocessed, and what only reads.
    let transport = CannedTransport::new()
        .fail(TransportFailure::Connect)
        .answer_with(429, &[("retry-after", "0")], "{}")
        .answer(202, "{}");
    let client = canned(&transport);
    let sent = client
        .messages()
        .send(Sender::line("1"), "+12025550177", "x")
        .send()
        .await;
    sent.unwrap();
    assert_eq!(transport.sent().len(), 3);
    let transport = CannedTransport::new().answer(503, "").answer(200, "[]");
    canned(&transport).users().list().send().await.unwrap();
    assert_eq!(transport.sent().len(), 2);
}

#[tokio::test]
async fn the_providers_own_words_stay_at_hand() {
    let said = r#"{"errors":{"user":["Oops! Looks like we can not find any available inbox users. Please try again later."]}}"#;
    let (_, client) = answering(422, &[], said);
    let call = client
        .calls()
        .two_legged(Agent::user("42"), Callee::contact("7"), Line::id("1"));
    let error = call.send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Validation, Some("no_available_user"))
    );
    assert_eq!(error.fields()[0].path, "/user");
    let api = ApiError::of(&error).unwrap();
    assert!(api.errors["user"][0].starts_with("Oops!"));
    assert!(
        !format!("{error} {error:?} {api:?}").contains("Oops"),
        "they may quote personal data"
    );

    let (_, client) = answering(
        404,
        &[],
        r#"{"message":"The requested contact id does not exist."}"#,
    );
    let error = client
        .power_dialer()
        .remove_from_all_lists("1")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        ApiError::of(&error)
            .unwrap()
            .message
            .unwrap()
            .starts_with("The requested")
    );
}

#[tokio::test]
async fn what_was_written_is_known_although_the_look_up_fails() {
    let created = r#"{"message":"Contact created."}"#;
    let transport = CannedTransport::new()
        .answer(201, created)
        .answer(404, r#"{"error":"Contact not found."}"#)
        .answer(201, created)
        .answer(200, "{}")
        .answer(409, r#"{"message":"Contact already exists"}"#)
        .answer(200, r#"{"id":"7"}"#);
    let client = canned(&transport);
    let upsert = || client.contacts().upsert("+12025550177").send_and_find();
    let done = upsert().await.unwrap();
    assert_eq!(done.outcome, UpsertOutcome::Created);
    assert_eq!(done.contact.unwrap_err().kind(), ErrorKind::NotFound);
    let done = upsert().await.unwrap();
    assert_eq!(
        done.contact.unwrap_err().kind(),
        ErrorKind::Decode,
        "a contact without an id is none"
    );
    let done = upsert().await.unwrap();
    assert_eq!(done.outcome, UpsertOutcome::AlreadyExists);
    assert_eq!(done.contact.unwrap().id.unwrap().as_str(), "7");
}

#[tokio::test]
async fn a_bad_token_is_refused_before_anything_is_sent() {
    for token in ["", "  ", "a b", "a\nb"] {
        let error = Client::builder().api_token(token).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
    }
    assert_eq!(
        Client::builder().build().unwrap_err().kind(),
        ErrorKind::Config
    );
    for url in [
        "not a URL",
        "http://app.example.com/api/v1",
        "ftp://example.com",
        "https://a@example.com/",
    ] {
        let error = Client::builder()
            .api_token("t")
            .base_url(url)
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
    }
}

#[tokio::test]
async fn a_contact_is_read_leniently() {
    for (birth, date) in [
        ("04/05/1980", Some("1980-04-05")),
        ("1980-04-05", Some("1980-04-05")),
        ("1980-04-05 00:00:00", Some("1980-04-05")),
        ("2999-01-01", Some("2999-01-01")),
        ("0000-00-00", None),
        ("soon", None),
        ("", None),
    ] {
        let answer = format!(
            r#"{{"id":1,"date_of_birth":"{birth}","tags":[{{"name":"a"}},"b",5],"lrn_type":99}}"#
        );
        let client = canned(&CannedTransport::new().answer(200, &answer));
        let contact = client
            .contacts()
            .find_by_phone("+12025550177")
            .send()
            .await
            .unwrap();
        assert_eq!(
            contact.birthday().map(|day| day.to_string()).as_deref(),
            date,
            "{birth}"
        );
        assert_eq!(contact.tag_names(), ["a", "b"]);
        assert_eq!(contact.lrn_type.unwrap().as_str(), "99");
    }
}
