//! Contacts by e-mail address and phone number, through the shared contract.

use std::sync::Arc;
use std::time::Duration;

use ghl_client::{ErrorKind, GoHighLevel};
use integrations_core::email::EmailAddress;
use integrations_core::http::HttpContext;
use integrations_core::model::Contact;
use integrations_core::phone::PhoneNumber;
use integrations_core::provider::{Context, Integration, Provider};
use integrations_core::{IntegrationId, TenantId};
use integrations_testkit::ghl::{Builder, SCOPES};
use integrations_testkit::{Fault, FaultPlan, SimulatedGhl};
use serde_json::json;

use super::{LOCATION, builder};

async fn start(builder: Builder) -> (SimulatedGhl, Arc<dyn Integration>) {
    let ghl = builder.start().await.unwrap();
    let provider = GoHighLevel::new().with_base_url(ghl.base_url());
    let config = json!({
        "apiKey": ghl.issue_private_token(LOCATION, SCOPES),
        "locationId": LOCATION,
    });
    let config = provider.template().validate(&config).unwrap();
    let tenant = TenantId::new("acme").unwrap();
    let context = Context::new(HttpContext::new().unwrap(), tenant, IntegrationId::new());
    let connection = provider.connect(config.into_config(), &context).unwrap();
    (ghl, connection)
}

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn phone() -> PhoneNumber {
    PhoneNumber::from_e164("+12025550123").unwrap()
}

async fn found(
    connection: &Arc<dyn Integration>,
    email: Option<&EmailAddress>,
    phone: Option<&PhoneNumber>,
) -> Vec<String> {
    let found = connection.contacts().unwrap().find(email, phone).await;
    let mut ids: Vec<_> = found
        .unwrap()
        .into_iter()
        .map(|contact| contact.id.unwrap().to_string())
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn twins_are_found_by_either_and_nobody_else() {
    let (ghl, connection) = start(builder()).await;
    let _ = ghl.seed_contacts(LOCATION, 30);
    let a = ghl.seed_contact(
        LOCATION,
        json!({"email": "jane@example.com", "phone": "+12025550123"}),
    );
    let b = ghl.seed_contact(LOCATION, json!({"phone": "+12025550123"}));
    let c = ghl.seed_contact(LOCATION, json!({"email": "Jane@Example.com"}));
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<_> = ids.iter().map(|&id| id.clone()).collect();
        ids.sort();
        ids
    };
    let jane = email("JANE@example.com");
    let (by_email, by_phone) = (Some(&jane), phone());
    assert_eq!(found(&connection, by_email, None).await, sorted(&[&a, &c]));
    assert_eq!(
        found(&connection, None, Some(&by_phone)).await,
        sorted(&[&a, &b])
    );
    assert_eq!(
        found(&connection, by_email, Some(&by_phone)).await,
        sorted(&[&a, &b, &c])
    );
    ghl.reset_stats();
    assert!(found(&connection, None, None).await.is_empty());
    assert_eq!(ghl.stats().requests, 0, "nothing to ask");
    let nobody = email("nobody@example.com");
    assert!(found(&connection, Some(&nobody), None).await.is_empty());
    assert_eq!(ghl.stats().requests, 2);
    // Too long for the search, which would take a part of it: the duplicate check alone.
    let long = email(&format!(
        "{}@{}.example.com",
        "a".repeat(40),
        "b".repeat(40)
    ));
    let d = ghl.seed_contact(LOCATION, json!({"email": long.as_str()}));
    assert_eq!(found(&connection, Some(&long), None).await, [d]);
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_found_although_the_search_lags() {
    let lag = Duration::from_secs(3600);
    let (ghl, connection) = start(builder().search_lag(lag)).await;
    let contacts = connection.contacts().unwrap();
    let jane = Contact::new()
        .with_email(email("jane@example.com"))
        .with_phone(phone());
    ghl.set_faults(FaultPlan::none().script("POST /contacts/", [Fault::ResetAfter]));
    let lost = contacts.create(&jane).await.unwrap_err();
    assert!(lost.is_outcome_unknown());
    let (by_email, by_phone) = (jane.email.as_ref(), jane.phone.as_ref());
    for (email, phone) in [(by_email, by_phone), (by_email, None), (None, by_phone)] {
        assert_eq!(found(&connection, email, phone).await.len(), 1);
    }
    assert!(ghl.applied_twice().is_empty());
}

#[tokio::test]
async fn what_the_search_has_not_forgotten_yet_is_not_found() {
    let lag = Duration::from_secs(3600);
    let (ghl, connection) = start(builder().search_lag(lag)).await;
    let jane = email("jane@example.com");
    let gone = ghl.seed_contact(LOCATION, json!({"email": "jane@example.com"}));
    let moved = ghl.seed_contact(LOCATION, json!({"email": "jane@example.com"}));
    let kept = ghl.seed_contact(
        LOCATION,
        json!({"email": "jane@example.com", "city": "Oslo"}),
    );
    assert_eq!(found(&connection, Some(&jane), None).await.len(), 3);
    assert!(ghl.delete_contact(LOCATION, &gone));
    assert!(ghl.edit_contact(LOCATION, &moved, json!({"email": "joan@example.com"})));
    assert!(ghl.edit_contact(LOCATION, &kept, json!({"city": "Bergen"})));
    let contacts = connection.contacts().unwrap();
    let found = contacts.find(Some(&jane), None).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id.as_ref().unwrap().to_string(), kept);
    let city = found[0].address.as_ref().unwrap().city.as_deref();
    assert_eq!(city, Some("Bergen"), "as it is now");
}

#[tokio::test]
async fn a_failure_is_not_an_empty_answer() {
    for path in [
        "GET /contacts/search/duplicate",
        "POST /contacts/search",
        "GET /contacts/{id}",
    ] {
        let (ghl, connection) = start(builder()).await;
        for _ in 0..2 {
            let _ = ghl.seed_contact(LOCATION, json!({"email": "jane@example.com"}));
        }
        let refused = vec![Fault::HtmlOnOk; 20];
        ghl.set_faults(FaultPlan::none().script(path, refused));
        let jane = email("jane@example.com");
        let contacts = connection.contacts().unwrap();
        let error = contacts.find(Some(&jane), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{path}: {error}");
    }
}

#[tokio::test]
async fn an_update_of_nothing_that_can_be_written_writes_nothing() {
    let (ghl, connection) = start(builder()).await;
    let id = ghl.seed_contact(LOCATION, json!({"firstName": "Alex"}));
    let contacts = connection.contacts().unwrap();
    let mut record = Contact::new();
    record.company_name = Some("Acme".to_owned());
    let shown = contacts.update(&id.as_str().into(), &record).await.unwrap();
    assert_eq!(shown.first_name.as_deref(), Some("Alex"));
    assert_eq!(
        ghl.total_writes(),
        0,
        "the company is set at creation alone"
    );
    record.last_name = Some("Archer".to_owned());
    let shown = contacts.update(&id.as_str().into(), &record).await.unwrap();
    assert_eq!(shown.last_name.as_deref(), Some("Archer"));
    assert_eq!(ghl.total_writes(), 1);
}
