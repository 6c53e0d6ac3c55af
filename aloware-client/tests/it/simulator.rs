//! The client against the simulated provider.

use std::time::Duration;

use aloware_client::calls::{Agent, Callee, Line};
use aloware_client::contacts::UpsertOutcome;
use aloware_client::messages::Sender;
use aloware_client::sequences::Enrollee;
use aloware_client::webhook::{AlowareWebhooks, CallRecord, Event, Stage};
use aloware_client::{Client, ErrorKind};
use integrations_testkit::{Fault, FaultPlan, SimulatedAloware};
use serde_json::{Value, json};

use crate::support::quick;
use crate::webhooks::event;

async fn start(seed: u64) -> (SimulatedAloware, Client) {
    let aloware = SimulatedAloware::builder()
        .seed(seed)
        .start()
        .await
        .unwrap();
    let client = client(&aloware, &aloware.issue_token());
    (aloware, client)
}

fn client(aloware: &SimulatedAloware, token: &str) -> Client {
    let builder = Client::builder()
        .api_token(token)
        .base_url(&aloware.base_url());
    builder.retry(quick()).build().unwrap()
}

#[tokio::test]
async fn every_operation_is_answered_whatever_types_come() {
    for seed in 0..6 {
        let (aloware, client) = start(seed).await;
        let users = client.users().list().send().await.unwrap();
        assert_eq!(users.len(), 3);
        let jane = client
            .contacts()
            .upsert("+12025550177")
            .first_name("Jane")
            .list_ids(["31"]);
        let done = jane.send_and_find().await.unwrap();
        assert_eq!(done.outcome, UpsertOutcome::Created);
        let contact = done.contact.unwrap();
        assert_eq!(contact.is_dnc, Some(false), "seed {seed}");
        let id = contact.id.unwrap();
        let again = client
            .contacts()
            .upsert("(202) 555-0177")
            .first_name("Joan");
        assert_eq!(
            again.clone().send().await.unwrap(),
            UpsertOutcome::AlreadyExists
        );
        assert_eq!(
            again.force_update(true).send().await.unwrap(),
            UpsertOutcome::Updated
        );
        assert_eq!(aloware.contact(id.as_str()).unwrap()["first_name"], "Joan");

        client
            .messages()
            .send(Sender::line("101"), "+12025550177", "Hello")
            .send()
            .await
            .unwrap();
        let call =
            client
                .calls()
                .two_legged(Agent::user("42"), Callee::contact(&id), Line::id("101"));
        call.send().await.unwrap();
        let who = Enrollee::phone("+12025550177");
        client
            .sequences()
            .enroll("12", who.clone())
            .send()
            .await
            .unwrap();
        let other = client.sequences().enroll("13", who.clone());
        assert_eq!(
            other.clone().send().await.unwrap_err().kind(),
            ErrorKind::Validation
        );
        other.force(true).send().await.unwrap();
        assert_eq!(aloware.sequences_of(id.as_str()).len(), 2);
        client
            .sequences()
            .disenroll_from_all_sequences(who)
            .send()
            .await
            .unwrap();
        assert!(aloware.sequences_of(id.as_str()).is_empty());
        assert_eq!(aloware.list("31"), [id.as_str()]);
        client
            .power_dialer()
            .remove_from_all_lists(&id)
            .send()
            .await
            .unwrap();
        assert!(aloware.list("31").is_empty());
        client.power_dialer().clear_list("32").send().await.unwrap();
        client
            .power_dialer()
            .clear_all_lists_of_user("42")
            .send()
            .await
            .unwrap();
        let info = client
            .numbers()
            .look_up("+12025550177")
            .send()
            .await
            .unwrap();
        assert!(info.line_type.is_some());
        assert_eq!(aloware.stats().pages, 0);
    }
}

#[tokio::test]
async fn the_paths_that_nobody_confirmed_answer_the_web_application() {
    let (aloware, client) = start(1).await;
    let unconfirmed = client.unconfirmed();
    for call in [
        unconfirmed.contacts(),
        unconfirmed.calls(),
        unconfirmed.lists(),
        unconfirmed.sequences(),
    ] {
        let error = call.send::<Value>().await.unwrap_err();
        assert_eq!(error.code(), Some("unexpected_html"));
    }
    assert_eq!(aloware.stats().pages, 4);
    let call = client.request(http::Method::POST, "/webhook/users");
    let error = call.send::<Value>().await.unwrap_err();
    assert_eq!(error.code(), Some("method_not_allowed"));
    let error = unconfirmed
        .create_contact(serde_json::Map::new())
        .send::<Value>()
        .await;
    assert_eq!(error.unwrap_err().status().unwrap(), 405);
}

#[tokio::test]
async fn a_token_in_the_wrong_place_is_none() {
    let (aloware, _) = start(1).await;
    let token = aloware.issue_token();
    let right = client(&aloware, &token);
    right.users().list().send().await.unwrap();
    aloware.revoke_token(&token);
    let error = right.users().list().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    aloware.restore_token(&token);
    right.users().list().send().await.unwrap();
}

#[tokio::test]
async fn nothing_is_written_twice_whatever_breaks() {
    let (aloware, client) = start(1).await;
    for fault in [
        Fault::ResetAfter,
        Fault::ServerErrorAfterEffect(502),
        Fault::TruncatedBody,
        Fault::EmptyBody,
        Fault::NoContent,
        Fault::HtmlOnOk,
    ] {
        let before = aloware.writes("messages.send");
        let plan = FaultPlan::none().script("POST /webhook/sms-gateway/send", [fault.clone()]);
        aloware.set_faults(plan);
        let send = client
            .messages()
            .send(Sender::line("101"), "+12025550177", "Hello");
        let error = send.send().await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{fault:?}: {error}");
        assert!(aloware.writes("messages.send") <= before + 1, "{fault:?}");
    }
    assert!(aloware.applied_twice().len() < 6);
    // What was refused unprocessed comes again by itself.
    let before = aloware.writes("messages.send");
    let throttled = Fault::TooManyRequests {
        retry_after: Some(Duration::ZERO),
    };
    let plan = FaultPlan::none().script("POST /webhook/sms-gateway/send", [throttled]);
    aloware.set_faults(plan);
    client
        .messages()
        .send(Sender::line("101"), "+12025550177", "Hello")
        .send()
        .await
        .unwrap();
    assert_eq!(aloware.writes("messages.send"), before + 1);
}

#[tokio::test]
async fn a_configured_limit_is_kept_and_an_unknown_one_is_waited_out() {
    let limit = Duration::from_millis(400);
    let aloware = SimulatedAloware::builder()
        .rate_limit(4, limit)
        .start()
        .await
        .unwrap();
    let token = aloware.issue_token();
    let builder = || {
        Client::builder()
            .api_token(token.as_str())
            .base_url(&aloware.base_url())
    };
    let careful = builder()
        .rate_limit(4, Duration::from_millis(500))
        .build()
        .unwrap();
    for _ in 0..6 {
        careful.users().list().send().await.unwrap();
    }
    assert_eq!(aloware.stats().throttled, 0);
    let careless = builder().build().unwrap();
    for _ in 0..6 {
        careless.users().list().send().await.unwrap();
    }
    assert!(
        aloware.stats().throttled > 0,
        "it was told to wait, and did"
    );
}

#[tokio::test]
async fn a_refused_message_is_told_later() {
    let (aloware, client) = start(1).await;
    let id = aloware.seed_contact(json!({"phone_number": "+12025550177"}));
    aloware.receive_sms(&id, "unsubscribe").unwrap();
    let _ = aloware.take_webhooks();
    client
        .messages()
        .send(Sender::line("101"), "+12025550177", "Hello")
        .send()
        .await
        .unwrap();
    let told = aloware.take_webhooks();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].event, "OutboundSMS-DispositionInvalid");
    assert!(matches!(
        Event::try_from(&event(&told[0].body)).unwrap(),
        Event::CommunicationDisposed(_)
    ));
}

#[tokio::test]
async fn the_six_deliveries_of_a_call_make_one_record() {
    for seed in 0..8 {
        let (aloware, _) = start(seed).await;
        let contact = aloware.seed_contact(json!({"phone_number": "+12025550177"}));
        let call = aloware.complete_call(&contact).unwrap();
        let told = aloware.take_webhooks();
        assert_eq!(told.len(), 6);
        let source = AlowareWebhooks::basic();
        let keys: std::collections::BTreeSet<_> = told
            .iter()
            .map(|told| {
                use integrations_core::webhook::WebhookSource as _;
                source.dedupe_key(&event(&told.body))
            })
            .collect();
        assert_eq!(keys.len(), 6, "six events");
        let records = told
            .iter()
            .rev()
            .map(|told| Event::try_from(&event(&told.body)).unwrap());
        let records = records.map(|event| CallRecord::of(&event).unwrap());
        let record = records.reduce(CallRecord::merge).unwrap();
        assert_eq!(
            (record.id().as_str(), record.stage()),
            (call.as_str(), Stage::Ended)
        );
        let all = record.communication();
        assert_eq!(all.contact_id().unwrap().as_str(), contact, "seed {seed}");
        assert_eq!(
            (all.talk_time, all.has_transcription),
            (Some(63), Some(true))
        );
    }
}
