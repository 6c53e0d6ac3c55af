//! What the events say, field by field.

use ghl_client::calendars::AppointmentStatus;
use ghl_client::messages::{CallStatus, MessageChannel, MessageSource, MessageStatus, MessageType};
use ghl_client::webhook::app::{ExternalAuthType, InstallType, PaymentStatus};
use ghl_client::webhook::association::{Cardinality, DefinedBy};
use ghl_client::webhook::email_stats::EmailEventKind;
use ghl_client::webhook::invoice::{DiscountType, InvoiceStatus};
use ghl_client::webhook::opportunity::OpportunityStatus;
use ghl_client::webhook::order::{FulfillmentStatus, OrderStatus};
use ghl_client::webhook::price::{PriceInterval, PriceType};
use ghl_client::webhook::product::ProductType;
use ghl_client::webhook::user::UserRole;
use ghl_client::webhook::voice_ai::VoiceActionType;
use ghl_client::webhook::{Envelope, Event};
use integrations_core::webhook::{Secrets, WebhookSource};
use serde_json::{Value, json};

use super::{fixture, now, received, samples, signed, source};

fn event(name: &str) -> Event {
    Event::try_from(&received(fixture(name))).unwrap()
}

/// The event of a fixture at an address of its own.
macro_rules! payload {
    ($variant:ident, $name:literal) => {{
        let body = serde_json::from_slice(&fixture($name)).unwrap();
        let kind = $name.split('.').next().unwrap();
        match Event::try_from(&samples::received(kind, &body).unwrap()) {
            Ok(Event::$variant(payload)) => *payload,
            other => panic!("{other:?}"),
        }
    }};
}

fn at(text: &str) -> Option<integrations_core::Timestamp> {
    Some(text.parse().unwrap())
}

#[test]
fn contacts_are_typed() {
    for name in [
        "ContactCreate",
        "ContactUpdate",
        "ContactDelete",
        "ContactTagUpdate",
        "ContactDndUpdate",
    ] {
        let event = event(name);
        assert_eq!(event.kind(), name);
        let contact = match event {
            Event::ContactCreate(contact)
            | Event::ContactUpdate(contact)
            | Event::ContactDelete(contact)
            | Event::ContactTagUpdate(contact)
            | Event::ContactDndUpdate(contact) => contact,
            other => panic!("{other:?}"),
        };
        assert_eq!(contact.id.as_ref().unwrap().as_str(), "cnt1");
        assert_eq!(contact.phone.as_deref(), Some("+12025550123"));
        assert_eq!(contact.tags, ["vip", "new"]);
        assert_eq!(contact.custom_fields[0].value, "x");
        assert_eq!(contact.dnd_settings.is_some(), name == "ContactDndUpdate");
    }
}

#[test]
fn messages_are_typed() {
    let message = |name: &str| match event(name) {
        Event::InboundMessage(message) | Event::OutboundMessage(message) => message,
        other => panic!("{other:?}"),
    };
    let sms = message("InboundMessage.sms");
    assert_eq!(sms.message_type, Some(MessageChannel::Sms));
    assert_eq!(sms.type_name, Some(MessageType::Sms));
    assert_eq!(
        (sms.from.as_deref(), &*sms.to),
        (Some("+12025550123"), &["+12025550100".to_owned()][..])
    );
    let call = message("InboundMessage.call");
    assert_eq!(call.message_type, Some(MessageChannel::Call));
    assert_eq!(
        (call.call_duration, call.call_status.clone()),
        (Some(120), Some(CallStatus::Completed))
    );
    assert_eq!(call.attachments, ["https://example.com/call.wav"]);
    assert_eq!(
        message("InboundMessage.voicemail").status,
        Some(MessageStatus::Voicemail)
    );
    let email = message("InboundMessage.email");
    assert_eq!(
        (email.subject.as_deref(), &*email.to),
        (Some("Hello"), &["desk@example.com".to_owned()][..])
    );
    let out = message("OutboundMessage.sms");
    assert_eq!(
        (out.status.clone(), out.source.clone()),
        (Some(MessageStatus::Failed), Some(MessageSource::App))
    );
    let comment = message("OutboundMessage.comment");
    assert_eq!(comment.mentions[0].as_str(), "use2");
}

#[test]
fn installations_are_typed_and_belong_to_a_location_or_a_company() {
    let location = received(fixture("INSTALL.location"));
    assert_eq!(location.tenant_key().unwrap().as_str(), "loc1");
    let Event::Install(install) = Event::try_from(&location).unwrap() else {
        panic!()
    };
    assert_eq!(install.location_id.unwrap().as_str(), "loc1");
    assert_eq!(install.trial.unwrap().trial_duration, Some(10));
    assert_eq!(
        install.whitelabel_details.unwrap().domain.as_deref(),
        Some("example.com")
    );

    let company = received(fixture("INSTALL.company"));
    assert_eq!(company.tenant_key().unwrap().as_str(), "com1");
    let Event::Install(install) = Event::try_from(&company).unwrap() else {
        panic!()
    };
    assert!(install.location_id.is_none());

    for (name, key) in [
        ("UNINSTALL.location", "loc1"),
        ("UNINSTALL.company", "com1"),
    ] {
        let event = received(fixture(name));
        assert_eq!(event.tenant_key().unwrap().as_str(), key);
        assert!(matches!(
            Event::try_from(&event).unwrap(),
            Event::Uninstall(_)
        ));
    }
}

#[test]
fn the_apps_own_events_are_typed() {
    let install = payload!(Install, "INSTALL.newer");
    assert_eq!(install.install_type, Some(InstallType::Location));
    assert_eq!(install.is_whitelabel_company, Some(true));

    let change = payload!(PlanChange, "PLAN_CHANGE.made-up");
    let plans = (change.current_plan_id.unwrap(), change.new_plan_id.unwrap());
    assert_eq!((plans.0.as_str(), plans.1.as_str()), ("pla1", "pla2"));

    let failed = payload!(AppPaymentStatus, "APP_PAYMENT_STATUS.newer.failed");
    assert_eq!(failed.previous_status, Some(PaymentStatus::Complete));
    assert_eq!(failed.new_status, Some(PaymentStatus::Failed));

    let connected = payload!(
        ExternalAuthConnected,
        "EXTERNAL_AUTH_CONNECTED.newer.oauth2"
    );
    assert_eq!(connected.auth_type, Some(ExternalAuthType::OAuth2));
    assert_eq!(connected.is_auto_refresh_token_enabled, Some(true));
    assert!(connected.scopes.unwrap().contains("oauth"));

    let plan = payload!(SaasPlanCreate, "SaasPlanCreate.newer");
    assert_eq!((plan.plan_level, plan.trial_period), (Some(3), Some(7)));
    assert_eq!((plan.user_limit, plan.contact_limit), (Some(0), Some(0)));
    assert_eq!(plan.prices[0].amount, Some(19700.0));
    assert_eq!(plan.saas_products.len(), 3);
}

#[test]
fn people_and_places_are_typed() {
    let user = payload!(UserCreate, "UserCreate.sample.2");
    assert_eq!(user.role, Some(UserRole::Admin));
    assert_eq!(user.may("contactsEnabled"), Some(true));
    assert_eq!(user.may("botService"), Some(false));
    assert_eq!(user.may("unheardOf"), None);
    assert_eq!(user.locations.len(), 1);
    assert!(user.location_id.is_none() && user.company_id.is_some());

    let location = samples::received(
        "LocationCreate",
        &json!({"id": "loc1", "companyId": "com1"}),
    );
    let location = location.unwrap();
    assert_eq!(location.tenant_key().unwrap().as_str(), "com1");
    let Event::LocationCreate(created) = Event::try_from(&location).unwrap() else {
        panic!()
    };
    assert_eq!(created.id.unwrap().as_str(), "loc1");
}

#[test]
fn sales_are_typed() {
    let opportunity = payload!(OpportunityStatusUpdate, "OpportunityStatusUpdate.sample");
    assert_eq!(opportunity.status, Some(OpportunityStatus::Open));
    assert_eq!(opportunity.monetary_value, Some(40.0));
    assert!(opportunity.pipeline_id.unwrap().as_str().starts_with("pip"));
    assert!(
        opportunity
            .pipeline_stage_id
            .unwrap()
            .as_str()
            .starts_with("sta")
    );

    let appointment = payload!(AppointmentUpdate, "AppointmentUpdate.sample");
    let appointment = appointment.appointment.unwrap();
    assert_eq!(
        appointment.appointment_status,
        Some(AppointmentStatus::Confirmed)
    );
    assert_eq!(appointment.start_time, at("2023-09-25T10:30:00Z"));
    assert_eq!(appointment.users.len(), 2);

    let task = payload!(TaskComplete, "TaskComplete.sample");
    assert_eq!(task.date_added, at("2021-11-29T13:37:28.304Z"));
    assert_eq!(task.due_date, at("2021-12-22T06:55:00Z"));
}

#[test]
fn money_is_typed() {
    let invoice = payload!(InvoicePartiallyPaid, "InvoicePartiallyPaid.sample");
    assert_eq!(invoice.status, Some(InvoiceStatus::PartiallyPaid));
    let (paid, due) = (invoice.amount_paid.unwrap(), invoice.amount_due.unwrap());
    assert_eq!(Some(paid + due), invoice.total, "{paid} {due}");
    let discount = invoice.discount.unwrap();
    assert_eq!(
        (discount.kind, discount.value),
        (Some(DiscountType::Percentage), Some(10.0))
    );
    assert_eq!(
        (invoice.items[0].quantity, invoice.items[0].amount),
        (Some(1.0), Some(999.0))
    );
    assert_eq!(invoice.contact_details.unwrap().additional_emails.len(), 1);

    let order = payload!(OrderStatusUpdate, "OrderStatusUpdate.sample");
    assert_eq!(order.status, Some(OrderStatus::Completed));
    assert_eq!(
        order.fulfillment_status,
        Some(FulfillmentStatus::Unfulfilled)
    );
    let summary = order.amount_summary.unwrap();
    assert_eq!((summary.subtotal, summary.tax), (Some(138.0), Some(12.1)));
    assert_eq!(order.items.len(), 2);
    let item = &order.items[1];
    assert_eq!(item.price.as_ref().unwrap().amount, Some(121.0));
    assert_eq!(item.product.as_ref().unwrap().taxes[0].rate, Some(10.0));
    assert_eq!(order.contact_snapshot.unwrap().dnd, Some(false));

    let product = payload!(ProductUpdate, "ProductUpdate.sample");
    assert_eq!(product.product_type, Some(ProductType::Physical));
    assert_eq!(product.variants[0].options[0].name.as_deref(), Some("XL"));
    assert_eq!(product.medias[0].is_featured, Some(true));

    let price = payload!(PriceCreate, "PriceCreate.sample");
    assert_eq!(price.how_often(), Some(&PriceType::OneTime));
    assert_eq!(
        (price.amount, price.compare_at_price),
        (Some(199_999.0), Some(2_000_000.0))
    );
    assert_eq!(price.recurring.unwrap().interval, Some(PriceInterval::Day));
    assert_eq!(price.track_inventory, None);
}

#[test]
fn objects_are_typed() {
    let association = samples::received(
        "AssociationUpdate",
        &json!({
            "associationType": "SYSTEM_DEFINED", "firstObjectKey": "a", "secondObjectKey": "b",
            "firstObjectLabel": "A", "secondObjectLabel": "B",
            "firstObjectToSecondObjectCardinality": "ONE_TO_MANY",
            "secondObjectToFirstObjectCardinality": "MANY_TO_ONE",
        }),
    );
    let Event::AssociationUpdate(it) = Event::try_from(&association.unwrap()).unwrap() else {
        panic!()
    };
    assert_eq!(it.association_type, Some(DefinedBy::System));
    assert_eq!(it.first_to_second, Some(Cardinality::OneToMany));
    assert_eq!(it.second_to_first, Some(Cardinality::ManyToOne));
    assert_eq!(
        (
            it.first_object_key.as_deref(),
            it.second_object_key.as_deref()
        ),
        (Some("a"), Some("b"))
    );

    let relation = payload!(RelationDelete, "RelationDelete.sample");
    assert_eq!(relation.second_object_key.as_deref(), Some("contact"));
    assert_ne!(relation.first_record_id, relation.second_record_id);

    let record = payload!(RecordUpdate, "RecordUpdate.sample");
    assert_eq!((record.owners.len(), record.followers.len()), (1, 2));
    assert_eq!(record.properties[0].value_string.as_deref(), Some("buddy"));

    let schema = payload!(ObjectSchemaUpdate, "ObjectSchemaUpdate.sample");
    let labels = schema.labels.unwrap();
    assert_eq!(
        (labels.singular.as_deref(), labels.plural.as_deref()),
        (Some("pet"), Some("pets"))
    );
}

#[test]
fn what_machines_report_is_typed() {
    let stats = payload!(LcEmailStats, "LCEmailStats.sample").stats.unwrap();
    assert_eq!(stats.event, Some(EmailEventKind::Delivered));
    assert_eq!(stats.timestamp, at("2024-04-25T08:07:21Z"));
    let status = stats.delivery_status.unwrap();
    assert_eq!((status.code, status.attempt_no), (Some(250), Some(1)));
    assert_eq!(status.session_seconds, Some(0.087));
    assert_eq!(stats.flags.unwrap().is_authenticated, Some(true));

    let call = payload!(VoiceAiCallEnd, "VoiceAiCallEnd.newer");
    assert_eq!((call.duration, call.trial_call), (Some(187.0), Some(false)));
    let action = &call.executed_call_actions[0];
    assert_eq!(action.action_type, Some(VoiceActionType::CallTransfer));
    assert!(action.trigger_received_at < action.executed_at);
    assert_eq!(call.translation.unwrap().language.as_deref(), Some("es"));
    assert!(call.extracted_data.contains_key("phoneNumber"));

    let unread = payload!(ConversationUnreadUpdate, "ConversationUnreadUpdate.sample");
    assert_eq!((unread.unread_count, unread.starred), (Some(0), Some(true)));
    assert_eq!((unread.deleted, unread.inbox), (Some(false), Some(false)));

    let campaign = payload!(CampaignStatusUpdate, "CampaignStatusUpdate.sample");
    assert_eq!(campaign.status.as_deref(), Some("paused"));
}

#[test]
fn every_kind_has_a_fixture_and_no_payload_needs_a_field() {
    // 58 pages of the documents, and 8 newer ones.
    assert_eq!(Event::KNOWN.len(), 58 + 8);
    for kind in Event::KNOWN {
        let body = json!({"type": kind, "id": 5, "locationId": null, "messageType": "Pigeon", "trial": null, "to": 7});
        for body in [body, json!({"type": kind})] {
            let event = Event::try_from(&received(body.to_string())).unwrap();
            assert_eq!(event.kind(), *kind);
        }
        assert!(
            samples::fixtures()
                .iter()
                .any(|sample| sample.kind == *kind),
            "{kind}"
        );
    }
}

#[test]
fn an_event_without_a_name_is_what_its_address_says() {
    let unnamed = received(fixture("unknown.without-type"));
    assert_eq!(unnamed.kind(), "");
    let event = Event::parse_as("VoiceAiCallEnd", &unnamed).unwrap();
    let Event::VoiceAiCallEnd(call) = event else {
        panic!("{event:?}")
    };
    assert_eq!(call.duration, Some(187.0));

    let source = source().expecting("VoiceAiCallEnd");
    let named = |body: &str| {
        let raw = signed(body.to_owned());
        let verified = source.verify(&raw, &Secrets::none(), now()).unwrap();
        source.events(verified).unwrap()[0].kind().to_owned()
    };
    assert_eq!(named(r#"{"id":"c"}"#), "VoiceAiCallEnd");
    assert_eq!(named(r#"{"id":"c","type":""}"#), "VoiceAiCallEnd");
    assert_eq!(named(r#"{"id":"c","type":"UNINSTALL"}"#), "UNINSTALL");
    assert_eq!(named(r#"{"id":"c","type":"Tomorrow"}"#), "Tomorrow");
    assert_eq!(named(r#"{"id":"c","type":"one_time"}"#), "one_time");
}

#[test]
fn a_price_says_in_two_places_how_often_it_is_paid() {
    let price = |body: Value| match Event::parse_as("PriceUpdate", &received(body.to_string())) {
        Ok(Event::PriceUpdate(price)) => price,
        other => panic!("{other:?}"),
    };
    let how_often = |body| price(body).how_often().cloned();
    assert_eq!(
        how_often(json!({"type": "one_time"})),
        Some(PriceType::OneTime)
    );
    assert_eq!(
        how_often(json!({"type": "PriceUpdate", "priceType": "recurring"})),
        Some(PriceType::Recurring)
    );
    assert_eq!(
        how_often(json!({"type": "PriceUpdate"})),
        None,
        "the event's name"
    );
    let foreign = received(json!({"type": "ContactCreate"}).to_string());
    let event = Event::parse_as("PriceUpdate", &foreign).unwrap();
    assert!(matches!(event, Event::ContactCreate(_)), "{event:?}");
}

#[test]
fn both_spellings_of_the_plan_event_are_read() {
    for kind in ["SaasPlanCreate", "SaaSPlanCreate"] {
        let event = Event::try_from(&received(json!({"type": kind}).to_string())).unwrap();
        assert!(matches!(event, Event::SaasPlanCreate(_)), "{kind}");
        assert_eq!(event.kind(), "SaasPlanCreate");
    }
}

#[test]
fn undocumented_events_keep_everything() {
    for kind in ["AppUpdate", "ConversationUpdate"] {
        let body = fixture(&format!("{kind}.made-up"));
        let event = received(body.clone());
        let (Event::AppUpdate(untyped) | Event::ConversationUpdate(untyped)) =
            Event::try_from(&event).unwrap()
        else {
            panic!("{kind}")
        };
        assert_eq!(
            untyped.body,
            serde_json::from_slice::<Value>(&body).unwrap()
        );
        assert_eq!(
            Envelope::try_from(&event).unwrap().app_id.unwrap().as_str(),
            "app1"
        );
    }
}
