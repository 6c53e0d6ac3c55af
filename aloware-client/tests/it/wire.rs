//! What each operation sends, and what its answers become.

use aloware_client::calls::{Agent, Callee, Line};
use aloware_client::contacts::{DialerPosition, OtherPhone, UpsertOutcome};
use aloware_client::enums::{AgentStatus, LineType};
use aloware_client::messages::{Inbox, Sender};
use aloware_client::sequences::{ContactSource, Enrollee};
use aloware_client::{Client, DEFAULT_BASE_URL, ErrorKind, Result, operations};
use integrations_core::http::CannedTransport;
use serde_json::{Value, json};

use crate::support::{TOKEN, body, canned};

const ACCEPTED: &str = r#"{"message":"Message sent."}"#;

/// Sends it, and says what was sent: method, path, query, body.
async fn sent<T>(
    status: u16,
    answer: &str,
    call: impl AsyncFnOnce(Client) -> Result<T>,
) -> (String, Value, Result<T>) {
    let transport = CannedTransport::new().answer(status, answer);
    let result = call(canned(&transport)).await;
    let all = transport.sent();
    assert_eq!(all.len(), 1, "one call is one request");
    let sent = &all[0];
    let url = sent
        .url
        .as_str()
        .strip_prefix(DEFAULT_BASE_URL)
        .expect("below the base URL");
    assert!(!sent.headers.contains_key("authorization"));
    (format!("{} {url}", sent.method), body(sent), result)
}

/// A body with the token where it belongs.
fn with_token(mut members: Value) -> Value {
    members["api_token"] = json!(TOKEN);
    members
}

#[test]
fn eleven_operations_are_documented() {
    let all = operations();
    assert_eq!(all.len(), 11);
    let gets = all
        .iter()
        .filter(|spec| spec.operation.method == "GET")
        .count();
    assert_eq!(gets, 2);
    for spec in all {
        assert!(spec.operation.path.starts_with("/webhook/"));
        assert_eq!(
            spec.operation.idempotency.may_repeat(),
            spec.operation.method == "GET",
            "{}: no document says that a POST may be repeated",
            spec.operation.name
        );
    }
}

#[tokio::test]
async fn users_are_a_bare_list_with_loose_types() {
    let answer = r#"[{"id":1,"name":"Robin Sample","email":"robin@example.com","agent_status":1,"human_readable_agent_status":"Available","more":{"a":1}},{"id":"2","agent_status":"9"}]"#;
    let (line, body, users) = sent(200, answer, async |client| {
        client.users().list().send().await
    })
    .await;
    assert_eq!(line, format!("GET /webhook/users?api_token={TOKEN}"));
    assert_eq!(body, Value::Null);
    let users = users.unwrap();
    assert_eq!(users[0].id.as_ref().unwrap().as_str(), "1");
    assert_eq!(users[0].agent_status, Some(AgentStatus::Available));
    assert_eq!(users[0].extra["more"], json!({"a": 1}));
    assert_eq!(
        users[1].agent_status.as_ref().unwrap().as_str(),
        "9",
        "the next status is kept"
    );
}

#[tokio::test]
async fn a_contact_is_found_by_its_phone_number() {
    let contact = r#"{"id":7000001,"phone_number":"+12025550177","is_dnc":"1","is_opted_out":0,"text_authorized":1,"lrn_type":"1","date_of_birth":"04/05/1980","created_at":"2026-01-05 20:58:44","age_range":"30-40","tags":"a, b"}"#;
    for answer in [contact.to_owned(), format!(r#"{{"contact":{contact}}}"#)] {
        let (line, _, found) = sent(200, &answer, async |client| {
            client.contacts().find_by_phone("+12025550177").send().await
        })
        .await;
        assert_eq!(
            line,
            format!(
                "GET /webhook/contact/phone-number?phone_number=%2B12025550177&api_token={TOKEN}"
            )
        );
        let found = found.unwrap();
        assert_eq!(found.id.as_ref().unwrap().as_str(), "7000001");
        assert_eq!(
            (found.is_dnc, found.is_opted_out),
            (Some(true), Some(false))
        );
        assert_eq!(found.lrn_type, Some(LineType::Wireless));
        assert_eq!(found.birthday(), Some("1980-04-05".parse().unwrap()));
        assert_eq!(
            found.created_at,
            Some("2026-01-05T20:58:44Z".parse().unwrap()),
            "UTC"
        );
        assert_eq!(found.extra["age_range"], "30-40", "the account's own field");
        assert_eq!(found.tag_names(), ["a", "b"]);
    }
}

#[tokio::test]
async fn a_form_creates_updates_or_leaves_alone() {
    for (status, said, outcome) in [
        (
            201,
            r#"{"message":"Contact created."}"#,
            UpsertOutcome::Created,
        ),
        (
            200,
            r#"{"message":"Contact updated."}"#,
            UpsertOutcome::Updated,
        ),
        (
            409,
            r#"{"message":"Contact already exists"}"#,
            UpsertOutcome::AlreadyExists,
        ),
    ] {
        let (line, body, result) = sent(status, said, async |client| {
            client
                .contacts()
                .upsert("+12025550177")
                .first_name("Jane")
                .force_update(true)
                .is_dnc(false)
                .tags(["vip", "lead"])
                .list_ids(["31", "32"])
                .user_id("42")
                .sequence_id("A-7")
                .powerdialer_position(DialerPosition::Top)
                .other_phone_numbers(vec![
                    OtherPhone::new().label("work").phone_number("+12025550178"),
                ])
                .with_member("rango_edad", "30-40")
                .send()
                .await
        })
        .await;
        assert_eq!(line, "POST /webhook/forms");
        assert_eq!(
            body,
            with_token(json!({
                "phone_number": "+12025550177", "first_name": "Jane", "force_update": 1, "is_dnc": 0,
                "tags": "vip,lead", "list_ids": "31,32", "user_id": 42, "sequence_id": "A-7",
                "powerdialer_position": "top", "rango_edad": "30-40",
                "other_phone_numbers": [{"label": "work", "phone_number": "+12025550178"}],
            }))
        );
        assert_eq!(result.unwrap(), outcome);
    }
}

#[tokio::test]
async fn a_text_message_is_taken() {
    let (line, body, result) = sent(202, ACCEPTED, async |client| {
        let message = client
            .messages()
            .send(Sender::line("101"), "+12025550177", "Hello");
        message
            .inbox(Inbox::Company)
            .force_random(true)
            .image_url("https://example.com/a.png")
            .send()
            .await
    })
    .await;
    assert_eq!(line, "POST /webhook/sms-gateway/send");
    assert_eq!(
        body,
        with_token(json!({
            "line_id": 101, "to": "+12025550177", "message": "Hello", "user_id": -1, "force_random": 1,
            "image_url": "https://example.com/a.png",
        }))
    );
    assert_eq!(result.unwrap().message.as_deref(), Some("Message sent."));
    let (_, body, _) = sent(202, ACCEPTED, async |client| {
        let message =
            client
                .messages()
                .send(Sender::number("+12025550142"), "+12025550177", "Hello");
        message.inbox(Inbox::Owner).send().await
    })
    .await;
    assert_eq!(
        (&body["from"], &body["user_id"]),
        (&json!("+12025550142"), &json!(0))
    );
}

#[tokio::test]
async fn a_call_names_one_of_each_pair() {
    let (line, body, result) = sent(
        202,
        r#"{"message":"Two legged call established."}"#,
        async |client| {
            let call = client.calls().two_legged(
                Agent::user_at("42", "+12025550199"),
                Callee::phone("+12025550177"),
                Line::id("101"),
            );
            call.send().await
        },
    )
    .await;
    result.unwrap();
    assert_eq!(line, "POST /webhook/two-legged-call");
    assert_eq!(
        body,
        with_token(json!({
            "user_id": 42, "user_phone_number": "+12025550199", "contact_phone_number": "+12025550177", "line_id": 101,
        }))
    );
    let (_, body, _) = sent(202, ACCEPTED, async |client| {
        let call = client.calls().two_legged(
            Agent::ring_group("11"),
            Callee::contact("7000001"),
            Line::number("+12025550142"),
        );
        call.send().await
    })
    .await;
    assert_eq!(
        body,
        with_token(
            json!({"ring_group_id": 11, "contact_id": 7_000_001, "line_phone_number": "+12025550142"})
        )
    );
}

#[tokio::test]
async fn sequences_name_the_contact_in_three_ways() {
    for (who, members) in [
        (
            Enrollee::phone("+12025550177"),
            json!({"source": "phone_number", "phone_number": "+12025550177"}),
        ),
        (
            Enrollee::contact("7000001"),
            json!({"source": "aloware", "id": 7_000_001}),
        ),
        (
            Enrollee::foreign(ContactSource::HubSpot, "0051"),
            json!({"source": "hubspot", "id": "0051"}),
        ),
    ] {
        let (line, body, _) = sent(200, ACCEPTED, async |client| {
            client
                .sequences()
                .enroll("12", who.clone())
                .force(true)
                .send()
                .await
        })
        .await;
        assert_eq!(line, "POST /webhook/sequence-enroll");
        let mut enroll = members.clone();
        enroll["sequence_id"] = json!(12);
        enroll["force_enroll"] = json!(1);
        assert_eq!(body, with_token(enroll));
        let (line, body, _) = sent(200, ACCEPTED, async |client| {
            client
                .sequences()
                .disenroll_from_all_sequences(who.clone())
                .send()
                .await
        })
        .await;
        assert_eq!(line, "POST /webhook/sequence-disenroll");
        assert_eq!(body, with_token(members));
    }
}

#[tokio::test]
async fn the_power_dialer_is_emptied() {
    let said = r#"{"message":"The contact has been removed from the Power Dialer lists."}"#;
    let (line, body, _) = sent(200, said, async |client| {
        client
            .power_dialer()
            .remove_from_all_lists("7000001")
            .send()
            .await
    })
    .await;
    assert_eq!(line, "POST /webhook/powerdialer-remove-contact-from-lists");
    assert_eq!(body, with_token(json!({"contact_id": 7_000_001})));
    let (line, body, _) = sent(200, ACCEPTED, async |client| {
        client.power_dialer().clear_list("31").send().await
    })
    .await;
    assert_eq!(line, "POST /webhook/powerdialer-clear-list");
    assert_eq!(body, with_token(json!({"list_id": 31})));
    let (line, body, _) = sent(200, ACCEPTED, async |client| {
        client
            .power_dialer()
            .clear_all_lists_of_user("42")
            .send()
            .await
    })
    .await;
    assert_eq!(line, "POST /webhook/powerdialer-clear-user-lists");
    assert_eq!(body, with_token(json!({"user_id": 42})));
}

#[tokio::test]
async fn a_number_is_looked_up() {
    let answer = r#"{"sid":"LU1","line_type":"mobile","carrier":"Sample","cnam_city":"WASHINGTON","data":{"a":1}}"#;
    let (line, body, result) = sent(200, answer, async |client| {
        client.numbers().look_up("+12025550177").send().await
    })
    .await;
    assert_eq!(line, "POST /webhook/lookup");
    assert_eq!(body, with_token(json!({"phone_number": "+12025550177"})));
    assert_eq!(result.unwrap().line_type, Some(LineType::Wireless));
    for status in [400, 402, 404] {
        let (_, _, result) = sent(status, "{}", async |client| {
            client
                .numbers()
                .look_up("+12025550177")
                .send_optional()
                .await
        })
        .await;
        assert_eq!(result.unwrap(), None, "{status}");
    }
    let (_, _, result) = sent(401, "{}", async |client| {
        client
            .numbers()
            .look_up("+12025550177")
            .send_optional()
            .await
    })
    .await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Auth);
}

#[tokio::test]
async fn unconfirmed_paths_are_sent_as_they_are_named() {
    let (line, _, result) = sent(200, r#"[{"id":1}]"#, async |client| {
        client
            .unconfirmed()
            .contact("7000001")?
            .send::<Value>()
            .await
    })
    .await;
    assert_eq!(
        line,
        format!("GET /webhook/contacts/7000001?api_token={TOKEN}")
    );
    assert_eq!(result.unwrap(), json!([{"id": 1}]));
    let (line, body, _) = sent(200, "{}", async |client| {
        client
            .unconfirmed()
            .remove_from_list("31", "7000001")?
            .send::<Value>()
            .await
    })
    .await;
    assert_eq!(line, "DELETE /webhook/lists/31/contacts");
    assert_eq!(body, with_token(json!({"contact_id": "7000001"})));
    let client = canned(&CannedTransport::new());
    for id in ["", ".", ".."] {
        assert!(client.unconfirmed().contact(id).is_err(), "{id:?}");
    }
    let odd = client.unconfirmed().contact("../users").unwrap();
    assert!(
        format!("{odd:?}").contains("%2F"),
        "an id is one segment: {odd:?}"
    );
}

#[tokio::test]
async fn what_would_be_misread_is_not_sent() {
    let transport = CannedTransport::new();
    let client = canned(&transport);
    for call in [
        client.contacts().upsert("+12025550177").tags(["a,b"]),
        client
            .contacts()
            .upsert("+12025550177")
            .with_member("api_token", "another"),
    ] {
        let error = call.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
        assert_eq!(error.operation(), Some("contacts.upsert"));
    }
    for path in ["/a?b=c", "/../x", "/a#b", "/a%2e", "/a\nb"] {
        let call = client
            .request(http::Method::GET, path)
            .send::<Value>()
            .await;
        assert_eq!(call.unwrap_err().kind(), ErrorKind::Validation, "{path}");
    }
    assert!(transport.sent().is_empty());
}
