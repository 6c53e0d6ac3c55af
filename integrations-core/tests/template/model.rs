use integrations_core::email::EmailAddress;
use integrations_core::model::{
    Activity, Address, Amount, Appointment, Call, CallStatus, Channel, Contact, Direction,
    ExternalId, Message, MessageStatus, Opportunity, OptOuts, Party, User,
};
use integrations_core::phone::PhoneNumber;
use proptest::prelude::*;
use serde_json::json;

const PHONE: &str = "+12025550123";

fn jane() -> Contact {
    let mut contact = Contact::new()
        .with_id("c_1")
        .with_owner("u_1")
        .with_first_name("Jane-planted")
        .with_last_name("Doe-planted")
        .with_email(EmailAddress::parse("jane-planted@example.com").unwrap())
        .with_phone(PhoneNumber::from_e164(PHONE).unwrap())
        .with_website("https://planted.example")
        .with_birthday(jiff::civil::date(1990, 1, 5))
        .with_updated_at(
            "2026-01-05T20:58:44Z"
                .parse::<integrations_core::Timestamp>()
                .unwrap(),
        )
        .with_extra("ssn", "planted");
    contact
        .other_emails
        .push(EmailAddress::parse("planted@example.org").unwrap());
    contact.tags.push("planted".into());
    let mut address = Address::new();
    address.street = Some("1 Planted Way".into());
    address.country = Some("US".into());
    contact.address = Some(address);
    contact.opt_outs.set(Channel::Sms, true);
    contact
}

#[test]
fn records_round_trip() {
    let contact = jane();
    let json = serde_json::to_value(&contact).unwrap();
    assert_eq!(json["firstName"], "Jane-planted");
    assert_eq!(json["optOuts"]["channels"]["sms"], true);
    assert_eq!(serde_json::from_value::<Contact>(json).unwrap(), contact);

    let message: Message = serde_json::from_value(json!({
        "id": 12, "channel": "sms", "direction": "outgoing", "status": "pending",
        "from": PHONE, "to": ["Jane <jane@example.com>", "12345"], "body": "hi", "fromTheFuture": 1
    }))
    .unwrap();
    assert_eq!(message.id, Some(ExternalId::new("12")));
    assert_eq!(message.direction, Some(Direction::Outbound));
    assert_eq!(message.status, Some(MessageStatus::Queued));
    assert!(matches!(&message.from, Some(Party::Phone(_))));
    assert!(matches!(&message.to[0], Party::Email(email) if email.as_str() == "jane@example.com"));
    assert_eq!(message.to[1], Party::Other("12345".into()));
    assert_eq!(
        serde_json::from_value::<Message>(serde_json::to_value(&message).unwrap()).unwrap(),
        message
    );
}

#[test]
fn an_empty_record_is_an_empty_object() {
    assert_eq!(serde_json::to_value(Contact::new()).unwrap(), json!({}));
    assert_eq!(serde_json::to_value(Call::new()).unwrap(), json!({}));
    assert_eq!(
        serde_json::from_value::<Appointment>(json!({})).unwrap(),
        Appointment::new()
    );
    assert_eq!(
        serde_json::from_value::<Activity>(json!({})).unwrap(),
        Activity::new()
    );
}

#[test]
fn debug_masks_personal_data() {
    let message = Message::new()
        .with_id("m_1")
        .with_from(PHONE)
        .with_subject("planted")
        .with_body("planted")
        .with_status("delivered");
    let call = Call::new()
        .with_id("k_1")
        .with_to(PHONE)
        .with_summary("planted")
        .with_recording_url("https://planted");
    let deal = Opportunity::new()
        .with_name("planted")
        .with_value(40u32)
        .with_currency("USD");
    let meeting = Appointment::new()
        .with_title("planted")
        .with_meeting_url("planted")
        .with_notes("planted");
    let note = Activity::new().with_subject("planted").with_body("planted");
    let party = Party::from("planted");
    let all = format!(
        "{:?} {message:?} {call:?} {deal:?} {meeting:?} {note:?} {party:?}",
        jane()
    );
    assert!(
        !all.contains("planted") && !all.contains("Planted"),
        "{all}"
    );
    assert!(!all.contains("202555"), "{all}");
    for shown in [
        "c_1",
        "u_1",
        "m_1",
        "k_1",
        "2026-01-05T20:58:44Z",
        "Delivered",
        "USD",
    ] {
        assert!(all.contains(shown), "{shown} in {all}");
    }
    let all = format!("{:#?}", jane());
    assert!(!all.contains("lanted"), "{all}");
}

#[test]
fn silence_about_a_channel_is_not_consent() {
    let mut opt_outs = OptOuts::new();
    assert!(opt_outs.is_empty() && !opt_outs.blocks(&Channel::Sms));
    opt_outs.set(Channel::Email, false);
    assert_eq!(opt_outs.channels.get(&Channel::Sms), None);
    opt_outs.all = Some(true);
    assert!(
        opt_outs.blocks(&Channel::Email),
        "the whole ban beats the single permission"
    );
    let read: OptOuts =
        serde_json::from_value(json!({"channels": {"SMS": true, "GMB": true}})).unwrap();
    assert!(read.blocks(&Channel::Sms) && read.blocks(&Channel::from("GMB")));
}

#[test]
fn names_to_show() {
    assert_eq!(
        jane().display_name().as_deref(),
        Some("Jane-planted Doe-planted")
    );
    assert_eq!(
        Contact::new()
            .with_name("Jane Doe")
            .display_name()
            .as_deref(),
        Some("Jane Doe")
    );
    assert_eq!(
        Contact::new()
            .with_last_name("Doe")
            .with_name(" ")
            .display_name()
            .as_deref(),
        Some("Doe")
    );
    assert_eq!(Contact::new().display_name(), None);
    assert_eq!(jane().emails().count(), 2);
    assert_eq!(jane().phones().count(), 1);
}

#[test]
fn amounts_compare_by_value() {
    for (json, text) in [
        (json!(40), "40"),
        (json!(40.0), "40"),
        (json!("40.00"), "40"),
        (json!("-0.50"), "-0.5"),
        (json!("-0"), "0"),
        (json!("+007.10"), "7.1"),
        (json!("12345678901234567890.01"), "12345678901234567890.01"),
    ] {
        let amount: Amount = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(amount.as_str(), text, "{json}");
    }
    for json in [
        json!("1,000"),
        json!("$5"),
        json!(""),
        json!("."),
        json!("-"),
        json!(null),
        json!("1e5"),
        json!("٤"),
    ] {
        assert!(
            serde_json::from_value::<Amount>(json.clone()).is_err(),
            "{json}"
        );
    }
    assert!((Amount::from(40).to_f64() - 40.0).abs() < f64::EPSILON);
}

#[test]
fn new_words_of_a_provider_survive() {
    let call: Call = serde_json::from_value(json!({"status": "whispering"})).unwrap();
    assert_eq!(
        call.status.as_ref().map(CallStatus::as_str),
        Some("whispering")
    );
    assert_eq!(serde_json::to_value(&call).unwrap()["status"], "whispering");
}

#[test]
fn ids_of_one_kind_compare_and_sort() {
    let (a, b) = (
        ExternalId::<User>::from("a"),
        ExternalId::<User>::from(String::from("b")),
    );
    assert!(a < b && a == a.clone());
    assert_eq!(format!("{a} {a:?}"), "a \"a\"");
}

proptest! {
    #[test]
    fn amounts_round_trip(cents in -1_000_000_000_000i64..1_000_000_000_000) {
        let text = format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
        let amount: Amount = text.parse().unwrap();
        prop_assert_eq!(amount.as_str().parse::<Amount>().unwrap(), amount.clone());
        prop_assert_eq!(format!("{:.2}", amount.to_f64()), text);
    }

    #[test]
    fn any_text_is_a_party_that_round_trips(text in "\\PC{0,40}") {
        let party = Party::from(text.as_str());
        let json = serde_json::to_string(&party).unwrap();
        prop_assert_eq!(serde_json::from_str::<Party>(&json).unwrap(), party);
    }
}
