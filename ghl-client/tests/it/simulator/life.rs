use futures_util::TryStreamExt;
use ghl_client::calendars::AppointmentStatus;
use ghl_client::contacts::{Filter, Sort};
use ghl_client::messages::{
    CallDetails, CallStatus, MessageChannel, MessageDirection, MessageStatus, MessageType,
};
use ghl_client::{ApiError, ErrorKind};
use integrations_core::Patch;
use jiff::ToSpan;

use super::{COMPANY, LOCATION, OTHER, client, start};

#[tokio::test]
async fn a_contact_lives() {
    let (ghl, location) = start().await;
    let contacts = location.contacts();
    let created = contacts
        .create()
        .first_name("Jane")
        .last_name("Sample")
        .email("jane@example.com")
        .phone("+12025550123")
        .tags(vec!["new".to_owned()])
        .send()
        .await
        .unwrap();
    assert_eq!(created.location_id.as_ref(), Some(location.id()));

    let read = contacts.get(&created.id).send_full().await.unwrap();
    assert_eq!(read.email.as_deref(), Some("jane@example.com"));
    assert_eq!((read.reply.attempts, read.reply.status.as_u16()), (1, 200));
    assert_eq!(read.reply.limits.max, Some(100));

    let changed = contacts
        .update(&created.id)
        .city("Oslo")
        .last_name(Patch::Clear);
    changed.send().await.unwrap();
    let read = contacts.get(&created.id).send().await.unwrap();
    assert_eq!(read.city.as_deref(), Some("Oslo"));
    assert_eq!(read.last_name.as_deref().unwrap_or_default(), "");
    assert_eq!(
        read.email.as_deref(),
        Some("jane@example.com"),
        "what was not set stays"
    );

    let tags = contacts
        .add_tags(&created.id, ["vip"])
        .send()
        .await
        .unwrap();
    assert_eq!(tags.tags, ["new", "vip"]);
    let tags = contacts
        .remove_tags(&created.id, ["new"])
        .send()
        .await
        .unwrap();
    assert_eq!(tags.tags, ["vip"]);

    let again = contacts
        .upsert()
        .email("jane@example.com")
        .company_name("Example")
        .send()
        .await
        .unwrap();
    assert_eq!((again.new, &again.contact.id), (Some(false), &created.id));
    let other = contacts
        .upsert()
        .email("john@example.com")
        .send()
        .await
        .unwrap();
    assert_eq!(other.new, Some(true));

    let refused = contacts
        .create()
        .email("jane@example.com")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind(), refused.code()),
        (ErrorKind::Conflict, Some("duplicate_contact"))
    );
    let api = ApiError::of(&refused).unwrap();
    assert_eq!(api.meta["contactId"], created.id.as_str());

    let search = contacts.search().filter(Filter::contains("tags", "vip"));
    let found: Vec<_> = search
        .sort(vec![Sort::descending("dateAdded")])
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(found.len(), 1);

    let deleted = contacts.delete(&created.id).send().await.unwrap();
    assert_eq!(deleted.succeeded, Some(true));
    let gone = contacts.get(&created.id).send().await.unwrap_err();
    assert!(
        matches!(gone.kind(), ErrorKind::NotFound | ErrorKind::Validation),
        "{gone}"
    );
    assert_eq!(ghl.contacts(LOCATION).len(), 1);
}

#[tokio::test]
async fn a_conversation_lives() {
    let (ghl, location) = start().await;
    let contact = location
        .contacts()
        .create()
        .phone("+12025550123")
        .email("jane@example.com");
    let contact = contact.send().await.unwrap().id;
    let conversation = location
        .conversations()
        .create(&contact)
        .send()
        .await
        .unwrap();
    assert_eq!(conversation.contact_id.as_ref(), Some(&contact));
    let refused = location
        .conversations()
        .create(&contact)
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind(), refused.code()),
        (ErrorKind::Conflict, Some("conversation_exists"))
    );
    let api = ApiError::of(&refused).unwrap();
    assert_eq!(api.meta["conversationId"], conversation.id.as_str());

    let messages = location.messages();
    let sent = messages.sms(&contact, "Hello").send().await.unwrap();
    assert_eq!(sent.conversation_id.as_ref(), Some(&conversation.id));
    assert_eq!(sent.status, Some(MessageStatus::Pending));
    let mail = messages
        .email(&contact, "Hello", "<p>Hello</p>")
        .send()
        .await
        .unwrap();
    assert!(mail.email_message_id.is_some());
    let whats_app = messages.whats_app(&contact, "Hello").send().await.unwrap();
    assert!(whats_app.message_id.is_some());
    messages
        .inbound(MessageChannel::Custom, &conversation.id, &contact, "pro1")
        .message("Hi")
        .send()
        .await
        .unwrap();
    let call = CallDetails::new("+12025550100", "+12025550123", CallStatus::Completed);
    messages
        .outbound(&conversation.id, "pro1")
        .call(call)
        .send()
        .await
        .unwrap();
    ghl.receive_sms(LOCATION, contact.as_str(), "Yes").unwrap();

    let all: Vec<_> = messages
        .list(&conversation.id)
        .limit(2_u32)
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(all.len(), 6);
    let kinds = messages
        .list(&conversation.id)
        .kinds(vec![MessageType::Sms])
        .send()
        .await
        .unwrap();
    assert_eq!(kinds.messages.len(), 2);
    let one = messages.get(sent.message_id.unwrap()).send().await.unwrap();
    assert_eq!(one.message_type, Some(MessageType::Sms));
    assert_eq!(
        (one.direction, one.body.as_deref()),
        (Some(MessageDirection::Outbound), Some("Hello"))
    );
    let call = all
        .iter()
        .find(|message| message.message_type == Some(MessageType::Call))
        .unwrap();
    assert_eq!(
        call.meta.as_ref().unwrap().call_status,
        Some(CallStatus::Completed)
    );

    let read = location
        .conversations()
        .get(&conversation.id)
        .send()
        .await
        .unwrap();
    assert_eq!(read.unread_count, Some(1));
    let found: Vec<_> = location
        .conversations()
        .search()
        .contact_id(&contact)
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, conversation.id);
    assert!(found[0].last_message_date.is_some());
}

#[tokio::test]
async fn no_conversation_is_lost_between_pages_although_many_share_their_date() {
    // The simulator's clock stands, so that all conversations of a round have one date.
    let (ghl, location) = start().await;
    let ids = ghl.seed_contacts(LOCATION, 30);
    for round in ids.chunks(4) {
        for contact in round {
            ghl.receive_sms(LOCATION, contact, "Hello").unwrap();
        }
        ghl.clock().advance(std::time::Duration::from_secs(1));
    }
    let search = location.conversations().search().limit(7_u32);
    let found: Vec<_> = search.items().try_collect().await.unwrap();
    let unique: std::collections::BTreeSet<_> = found.iter().map(|one| one.id.as_str()).collect();
    assert_eq!((found.len(), unique.len()), (30, 30));
}

#[tokio::test]
async fn an_appointment_lives() {
    let (ghl, location) = start().await;
    let contact = location
        .contacts()
        .create()
        .email("jane@example.com")
        .send()
        .await
        .unwrap()
        .id;
    let calendars = location.calendars();
    let calendar = calendars.list().send().await.unwrap().calendars.remove(0);
    assert_eq!(calendar.team_members.len(), 1);
    let (now, later) = (ghl.clock().now(), ghl.clock().now() + 72.hours());
    let free = || {
        calendars
            .free_slots(&calendar.id, now, later)
            .timezone("America/New_York")
    };
    let slots = free().send().await.unwrap();
    assert_eq!(slots.days.len(), 3);
    let first = slots.slots().next().unwrap().clone();
    assert!(first.text.ends_with("-05:00"), "{first:?}");

    let create = || {
        calendars
            .create_appointment(&calendar.id, &contact, first.start)
            .title("Talk")
    };
    let appointment = create().send().await.unwrap();
    assert_eq!(appointment.start_time, Some(first.start));
    let taken = create().send().await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Validation);
    assert!(
        !free()
            .send()
            .await
            .unwrap()
            .slots()
            .any(|slot| slot.start == first.start)
    );

    let read = calendars
        .get_appointment(&appointment.id)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (read.title.as_deref(), read.contact_id.as_ref()),
        (Some("Talk"), Some(&contact))
    );
    let update = calendars.update_appointment(&appointment.id);
    let updated = update
        .appointment_status(AppointmentStatus::Cancelled)
        .send()
        .await
        .unwrap();
    assert_eq!(
        updated.appointment_status,
        Some(AppointmentStatus::Cancelled)
    );
    let block = calendars
        .block_slot(first.start, first.start + 2.hours())
        .calendar_id(&calendar.id);
    let block = block.title("Away").send().await.unwrap();
    assert_eq!(block.title.as_deref(), Some("Away"));
    let events = calendars
        .events(now, later)
        .calendar_id(&calendar.id)
        .send()
        .await
        .unwrap();
    assert_eq!(
        events.events.len(),
        1,
        "blocked slots have a list of their own"
    );
}

#[tokio::test]
async fn places_and_people_are_read() {
    let (ghl, location) = start().await;
    let details = location.details().send().await.unwrap();
    assert_eq!(details.id, *location.id());
    assert_eq!(details.company_id.as_ref().unwrap().as_str(), COMPANY);
    assert_eq!(
        details.settings.unwrap().allow_duplicate_contact,
        Some(false)
    );

    let users = location.users();
    let list = users.list().send().await.unwrap().users;
    assert_eq!(list[0].id.as_str(), ghl.user_id(LOCATION));
    assert_eq!(users.get(&list[0].id).send().await.unwrap(), list[0]);
    let found: Vec<_> = users.search(COMPANY).items().try_collect().await.unwrap();
    assert_eq!(found, list);

    for more in 0..12 {
        ghl.add_location(&format!("more{more}"), COMPANY);
    }
    let token = ghl.issue_agency_token(COMPANY, &["locations.readonly"]);
    let agency = client(&ghl, &token);
    let all: Vec<_> = agency
        .locations()
        .search()
        .company_id(COMPANY)
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(all.len(), 14);
    assert_eq!(
        agency
            .locations()
            .get(OTHER)
            .send()
            .await
            .unwrap()
            .id
            .as_str(),
        OTHER
    );
}
