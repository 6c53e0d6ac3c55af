//! The shared contracts over the simulator.

use std::sync::Arc;

use aloware_client::Aloware;
use aloware_client::webhook::AlowareWebhooks;
use integrations_core::http::HttpContext;
use integrations_core::model::{Channel, Contact, ExternalId, Message, Party};
use integrations_core::phone::PhoneNumber;
use integrations_core::provider::{Context, Integration, Provider};
use integrations_core::{Error, ErrorKind, IntegrationId, TenantId};
use integrations_testkit::SimulatedAloware;
use serde_json::json;

async fn start() -> (SimulatedAloware, Arc<dyn Integration>) {
    let aloware = SimulatedAloware::builder().seed(3).start().await.unwrap();
    let token = aloware.issue_token();
    let provider = Aloware::with_webhooks(AlowareWebhooks::basic().for_account("main"))
        .with_base_url(aloware.base_url());
    let config = json!({"apiToken": token, "account": "main", "lineId": "101"});
    let config = provider.template().validate(&config).unwrap().into_config();
    let http = HttpContext::new().unwrap();
    let context = Context::new(http, TenantId::new("acme").unwrap(), IntegrationId::new());
    let connection = provider.connect(config, &context).unwrap();
    (aloware, connection)
}

fn phone(text: &str) -> PhoneNumber {
    PhoneNumber::from_e164(text).unwrap()
}

fn unsupported(error: &Error) {
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("unsupported")),
        "{error}"
    );
    assert!(error.operation().is_some(), "{error}");
}

#[tokio::test]
async fn a_connection_is_tested_and_named() {
    let (_aloware, connection) = start().await;
    let report = connection.test_connection().await.unwrap();
    assert_eq!(report.account_id.as_deref(), Some("main"));
    let wrong = Aloware::new().with_base_url("http://127.0.0.1:9/api");
    assert!(wrong.webhooks().is_some() && wrong.oauth().is_none());
}

#[tokio::test]
async fn a_contact_is_kept_by_its_phone_number() {
    let (aloware, connection) = start().await;
    let contacts = connection.contacts().unwrap();
    let mut jane = Contact::new()
        .with_first_name("Jane")
        .with_phone(phone("+12025550177"))
        .with_birthday("1980-04-05".parse::<jiff::civil::Date>().unwrap());
    jane.tags = vec!["lead".to_owned()];
    let created = contacts.create(&jane).await.unwrap();
    assert_eq!(
        (created.first_name.as_deref(), created.birthday),
        (Some("Jane"), jane.birthday)
    );
    assert_eq!(created.tags, ["lead"]);
    let id = created.id.unwrap();
    assert_eq!(id.as_str(), "+12025550177", "what it can be read by");
    assert_eq!(created.extra["aloware_id"], "7000001");
    let error = contacts.create(&jane).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Conflict, Some("contact_exists"))
    );
    let by_phone = contacts
        .get(&ExternalId::new("+12025550177"))
        .await
        .unwrap();
    assert_eq!(by_phone.id.as_ref(), Some(&id));
    let found = contacts
        .find(None, Some(&phone("+12025550177")))
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert!(
        contacts
            .find(None, Some(&phone("+12025550100")))
            .await
            .unwrap()
            .is_empty()
    );

    let renamed = Contact::new()
        .with_first_name("Joan")
        .with_phone(phone("+12025550177"));
    assert_eq!(
        contacts
            .upsert(&renamed)
            .await
            .unwrap()
            .first_name
            .as_deref(),
        Some("Joan")
    );
    let updated = contacts
        .update(&id, &renamed.with_last_name("Doe"))
        .await
        .unwrap();
    assert_eq!(updated.last_name.as_deref(), Some("Doe"));
    // The phone number of somebody else is not written over.
    let _ = aloware.seed_contact(json!({"phone_number": "+12025550188", "first_name": "Sam"}));
    let writes = aloware.total_writes();
    let stranger = Contact::new()
        .with_first_name("Eve")
        .with_phone(phone("+12025550188"));
    let own = ExternalId::new("7000001");
    let error = contacts.update(&own, &stranger).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::NotFound, Some("other_contact"))
    );
    // Nor is the number itself another one afterwards.
    let error = contacts.update(&id, &stranger).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Validation, Some("phone_is_fixed"))
    );
    // What the provider has no field for is no reason to write.
    let mut quiet = Contact::new();
    quiet.opt_outs.set(Channel::Sms, true);
    let there = contacts.update(&id, &quiet).await.unwrap();
    assert_eq!(there.last_name.as_deref(), Some("Doe"));
    assert_eq!(aloware.total_writes(), writes);
}

#[tokio::test]
async fn what_the_provider_cannot_do_is_said_before_anything_is_sent() {
    let (aloware, connection) = start().await;
    let contacts = connection.contacts().unwrap();
    let id = ExternalId::new("7000001");
    unsupported(&contacts.get(&id).await.unwrap_err());
    unsupported(&contacts.list(None).collect_items().await.unwrap_err());
    unsupported(&contacts.delete(&id).await.unwrap_err());
    unsupported(&contacts.add_tags(&id, &[]).await.unwrap_err());
    unsupported(&contacts.remove_tags(&id, &[]).await.unwrap_err());
    unsupported(&contacts.update(&id, &Contact::new()).await.unwrap_err());
    let email = integrations_core::email::EmailAddress::parse("jane@example.com").unwrap();
    unsupported(&contacts.find(Some(&email), None).await.unwrap_err());
    let messages = connection.messages().unwrap();
    let thread = ExternalId::new("1");
    unsupported(&messages.list(&thread).collect_items().await.unwrap_err());
    let mail = Message::new().with_channel(Channel::Email).with_body("x");
    unsupported(&messages.send(&mail).await.unwrap_err());
    assert_eq!(aloware.stats().requests, 0);
}

#[tokio::test]
async fn opt_outs_of_the_provider_are_told_apart() {
    let (aloware, connection) = start().await;
    let id = aloware.seed_contact(json!({"phone_number": "+12025550177", "is_dnc": false}));
    aloware.receive_sms(&id, " Stop ").unwrap();
    let contacts = connection.contacts().unwrap();
    let jane = contacts
        .get(&ExternalId::new("+12025550177"))
        .await
        .unwrap();
    assert!(jane.opt_outs.blocks(&Channel::Sms) && !jane.opt_outs.blocks(&Channel::Call));
    // Only an opt-out is passed on: silence lifts nothing.
    let mut quiet = Contact::new().with_phone(phone("+12025550177"));
    quiet.opt_outs.set(Channel::Call, true);
    let jane = contacts.upsert(&quiet).await.unwrap();
    assert!(jane.opt_outs.blocks(&Channel::Call) && jane.opt_outs.blocks(&Channel::Sms));
    quiet.opt_outs.set(Channel::Call, false);
    let jane = contacts.upsert(&quiet).await.unwrap();
    assert!(jane.opt_outs.blocks(&Channel::Call));
}

#[tokio::test]
async fn a_message_goes_to_a_phone_number() {
    let (aloware, connection) = start().await;
    let id = aloware.seed_contact(json!({"phone_number": "+12025550177"}));
    let messages = connection.messages().unwrap();
    let text = || Message::new().with_channel(Channel::Sms).with_body("Hello");
    let mut to = text();
    to.to = vec![Party::from("+12025550177")];
    let sent = messages.send(&to).await.unwrap();
    assert_eq!(
        (sent.message, sent.conversation),
        (None, None),
        "the provider names neither"
    );
    messages
        .send(&text().with_contact("+12025550177"))
        .await
        .unwrap();
    assert_eq!(aloware.writes("messages.send"), 2);
    assert_eq!(
        aloware.communications()[0]["incoming_number"],
        "101",
        "by the line of the config"
    );
    let mut two = to.clone();
    two.to.push(Party::from("+12025550178"));
    for refused in [
        text(),
        text().with_contact(id.as_str()),
        two,
        to.with_body(""),
    ] {
        let error = messages.send(&refused).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
    }
    assert_eq!(aloware.writes("messages.send"), 2);
}
