//! Calls of the client.

use std::time::Duration;

use http::Method;
use integrations_core::http::{CannedTransport, TransportFailure};
use integrations_core::phone::PhoneNumber;
use serde_json::{Value, json};
use verity_client::comms::{BroadcastKind, NewBroadcast};
use verity_client::texting::{SendMessage, is_opted_out};
use verity_client::{ApiError, Client, Conversions, ErrorKind};

use crate::support::{Register, bearer, client, context, guarded, sent_json};

fn message() -> SendMessage {
    SendMessage::new(
        PhoneNumber::from_e164("+12025550123").unwrap(),
        "Hello Jane",
    )
    .conversation("chat-1")
    .correlation("ghl-7")
}

#[tokio::test]
async fn a_message_goes_out_with_the_service_key() {
    let taken = r#"{"success":true,"messageId":"m1","chatId":7,"status":"pending"}"#;
    let transport = CannedTransport::new()
        .answer(200, taken)
        .answer(201, r#"{"id":9}"#);
    let client = client(&transport);
    let receipt = client.texting().send(&message()).await.unwrap();
    assert_eq!(receipt.message_id.as_str(), "m1");
    assert_eq!(receipt.chat_id.unwrap().as_str(), "7");
    assert_eq!(receipt.status.unwrap().as_str(), "pending");
    let sent = &transport.sent()[0];
    assert_eq!(
        sent.url.as_str(),
        "http://localhost:3000/api/integrations/df-middleware/send-message"
    );
    assert_eq!(bearer(&transport, 0), "Bearer made-up-key");
    let expected = json!({"to": "+12025550123", "body": "Hello Jane", "conversationId": "chat-1", "correlationId": "ghl-7"});
    assert_eq!(sent_json(&transport), expected);
    let receipt = client
        .texting()
        .send(&message().from("+12025550100"))
        .await
        .unwrap();
    assert_eq!(receipt.message_id.as_str(), "9");
    assert_eq!(sent_json(&transport)["from"], "+12025550100");
}

#[tokio::test]
async fn an_answer_without_an_id_leaves_it_open() {
    for answer in [
        r#"{"success":true}"#,
        r#"{"success":true,"messageId":null}"#,
        "",
        "<html>",
        "[]",
    ] {
        let transport = CannedTransport::new().answer(200, answer);
        let error = client(&transport)
            .texting()
            .send(&message())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{answer}");
        assert!(error.is_outcome_unknown(), "{answer}");
    }
}

#[tokio::test]
async fn a_refusal_on_200_is_an_error() {
    for (answer, code) in [
        (
            r#"{"success":false,"error":"no credit for jane@example.com"}"#,
            None,
        ),
        (
            r#"{"success":false,"error":{"message":"no","code":"NO_CREDIT"}}"#,
            Some("NO_CREDIT"),
        ),
    ] {
        let transport = CannedTransport::new().answer(200, answer);
        let error = client(&transport)
            .texting()
            .send(&message())
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Validation, code));
        assert!(!error.is_outcome_unknown());
        assert!(ApiError::of(&error).unwrap().message.is_some());
        assert!(!format!("{error} {error:?} {:?}", ApiError::of(&error)).contains("jane"));
    }
}

#[tokio::test]
async fn a_message_is_not_sent_twice() {
    for transport in [
        CannedTransport::new().answer(502, ""),
        CannedTransport::new().fail(TransportFailure::Broken),
    ] {
        let transport = transport.answer(200, r#"{"messageId":"m"}"#);
        let error = client(&transport)
            .texting()
            .send(&message())
            .await
            .unwrap_err();
        assert!(error.is_outcome_unknown());
        assert_eq!(transport.sent().len(), 1);
    }
}

#[tokio::test]
async fn the_register_of_opt_outs_is_asked_before_a_message() {
    for (register, sent) in [(Some(true), 0), (None, 0), (Some(false), 1)] {
        let transport = CannedTransport::new().answer(200, r#"{"messageId":"m"}"#);
        let client = Client::builder()
            .service_key("made-up-key")
            .opt_outs(Register(register))
            .context(&context(&transport))
            .build()
            .unwrap();
        let outcome = client.texting().send(&message()).await;
        assert_eq!(transport.sent().len(), sent, "{register:?}");
        if let Err(error) = outcome {
            assert_eq!(is_opted_out(&error), register == Some(true));
            assert!(!error.is_outcome_unknown());
        }
    }
}

/// Whatever way a message goes: a raw call and an operation of the catalogue ask too.
#[tokio::test]
async fn no_way_leads_round_the_register_of_opt_outs() {
    let body = json!({"to": "+12025550123", "body": "Hello"});
    for (register, body, sent) in [
        (Some(true), body.clone(), 0),
        (None, body.clone(), 0),
        (
            Some(false),
            json!({"to": "not a number", "body": "Hello"}),
            0,
        ),
        (Some(false), json!({"body": "Hello"}), 0),
        (Some(false), json!(["+12025550123"]), 0),
        (Some(false), body, 1),
    ] {
        let transport = CannedTransport::new().answer(200, r#"{"messageId":"m"}"#);
        let client = guarded(&transport, register);
        for endpoint in ["/apisms", "/api/integrations/df-middleware/send%2Dmessage"] {
            let call = client.request(Method::POST, endpoint).json(&body);
            let outcome = call.send::<Value>().await;
            assert_eq!(transport.sent().len(), sent, "{register:?} {endpoint}");
            if let Err(error) = outcome {
                assert_eq!(is_opted_out(&error), register == Some(true), "{error}");
                continue;
            }
            // Verity takes messages with the service key alone.
            assert_eq!(bearer(&transport, 0), "Bearer made-up-key");
            break;
        }
    }
}

#[tokio::test]
async fn a_message_without_a_text_is_not_sent() {
    let transport = CannedTransport::new();
    let empty = SendMessage::new(PhoneNumber::from_e164("+12025550123").unwrap(), " \n");
    let error = client(&transport).texting().send(&empty).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert!(transport.sent().is_empty());
    assert!(!format!("{:?}", message()).contains("Jane"));
    assert!(!format!("{:?}", message()).contains("2025550123"));
}

#[tokio::test]
async fn session_tokens_are_renewed_once_after_a_401() {
    let transport = CannedTransport::new()
        .answer(401, r#"{"error":"expired"}"#)
        .answer(
            200,
            r#"{"data":{"agents":[{"id":1,"name":"Ada"},{"id":"2"}],"total":2}}"#,
        );
    let agents = client(&transport).calls().agents().await.unwrap();
    assert_eq!(agents.len(), 2);
    assert_eq!(agents[0].id.as_ref().unwrap().as_str(), "1");
    assert_eq!(bearer(&transport, 0), "Bearer session-0");
    assert_eq!(bearer(&transport, 1), "Bearer session-1");

    let transport = CannedTransport::new()
        .answer(401, "{}")
        .answer(401, "{}")
        .answer(200, "[]");
    let error = client(&transport).calls().agents().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(transport.sent().len(), 2);
}

#[tokio::test]
async fn broadcasts_and_contacts() {
    let transport = CannedTransport::new()
        .answer(
            200,
            r#"[{"id":1,"type":"sms","executedAt":"2026-01-01T00:00:00Z","new":[]}]"#,
        )
        .answer(200, r#"{"id":"b2","type":"carrier pigeon"}"#)
        .answer(200, r#"{"id":"b2"}"#)
        .answer(204, "")
        .answer(200, r#"{"contacts":[{"phone_e164":"+12025550123"}]}"#)
        .answer(200, r#"{"a":[],"b":[]}"#);
    let client = client(&transport);
    let comms = client.comms();
    let listed = comms.broadcasts().list(Some(5), None).await.unwrap();
    assert_eq!(listed[0].kind, Some(BroadcastKind::Sms));
    assert_eq!(transport.sent()[0].url.query(), Some("limit=5"));
    let new = NewBroadcast::new(BroadcastKind::Email)
        .subject("News")
        .field("audience", "all");
    assert_eq!(
        comms
            .broadcasts()
            .create(&new)
            .await
            .unwrap()
            .kind
            .unwrap()
            .as_str(),
        "carrier pigeon"
    );
    assert_eq!(
        sent_json(&transport),
        json!({"type": "email", "subject": "News", "audience": "all"})
    );
    let fields = serde_json::Map::from_iter([("subject".to_owned(), json!("x"))]);
    comms
        .broadcasts()
        .update(&"b/2".into(), &fields)
        .await
        .unwrap();
    assert_eq!(
        transport.sent()[2].url.path(),
        "/api/comms/broadcasts/b%2F2"
    );
    comms.broadcasts().delete(&"b2".into()).await.unwrap();
    let contacts = comms.contacts(&[("q", "jane")]).await.unwrap();
    assert_eq!(contacts[0].phone.as_deref(), Some("+12025550123"));
    let error = comms.contacts(&[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn any_endpoint() {
    let transport = CannedTransport::new().answer(200, "{}");
    let client = client(&transport);
    let call = client.request(Method::POST, "/apicalls/agents/[agentId]/test");
    let call = call
        .parameter("agentId", "a/../b")
        .query("dry run", "yes&no")
        .json(&json!({"n": 1}));
    assert_eq!(
        call.send::<Value>().await.unwrap_err().kind(),
        ErrorKind::Validation
    );
    assert!(transport.sent().is_empty());
    let call = client.request(Method::POST, "/apicalls/agents/[agentId]/test");
    let _: Value = call
        .parameter("agentId", "a/b")
        .query("dry run", "yes&no")
        .with_timeout(Duration::from_secs(5))
        .json(&json!({"n": 1}))
        .send()
        .await
        .unwrap();
    let sent = transport.sent();
    let path = "/api/calls/agents/a%2Fb/test?dry+run=yes%26no";
    assert_eq!(
        sent.last().unwrap().url.as_str(),
        format!("http://localhost:3000{path}")
    );
    assert_eq!(sent_json(&transport), json!({"n": 1}));
}

#[tokio::test]
async fn conversions_are_a_setting() {
    let transport = CannedTransport::new().answer(200, "{}").answer(200, "{}");
    let conversions = Conversions::default().with_prefix("/apileads", "/api/v2/leads");
    let client = Client::builder()
        .service_key("made-up-key")
        .conversions(conversions)
        .context(&context(&transport))
        .build()
        .unwrap();
    for endpoint in ["/apileads/[id]", "/apicalls/[id]"] {
        let call = client.request(Method::GET, endpoint).parameter("id", "1");
        call.send::<Value>().await.unwrap();
    }
    let paths: Vec<_> = transport
        .sent()
        .iter()
        .map(|sent| sent.url.path().to_owned())
        .collect();
    assert_eq!(paths, ["/api/v2/leads/1", "/api/calls/1"]);
    assert_eq!(bearer(&transport, 0), "Bearer made-up-key");
}

#[test]
fn the_client_needs_a_credential_and_a_url() {
    assert_eq!(
        Client::builder().build().unwrap_err().kind(),
        ErrorKind::Config
    );
    for url in [
        "",
        "verity",
        "ftp://verity.example.com",
        "http://verity.example.com",
        "https://v.example.com?x",
    ] {
        let error = Client::builder()
            .service_key("k")
            .base_url(url)
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
    }
    let client = client(&CannedTransport::new());
    assert!(!format!("{client:?}").contains("made-up-key"));
}
