//! Messages through the shared contract.

use integrations_core::ErrorKind;
use integrations_core::model::{Channel, Direction, Message, Party};

use super::contacts::jane;
use super::fixture::Fixture;
use crate::support::errors::{refused, unsupported};

pub(crate) async fn a_message_is_sent_and_listed<F: Fixture>(fixture: &F) {
    let connection = fixture.live();
    let Some(messages) = connection.messages() else {
        return assert!(!F::CAPABILITIES.messages);
    };
    let jane = match connection.contacts() {
        Some(contacts) => contacts.create(&jane()).await.expect("created"),
        // Where nobody is kept, a number is all there is.
        None => jane().with_id("nobody"),
    };
    let contact = jane.id.expect("an id");
    if !F::MESSAGES_ARE_LISTED {
        let mut text = Message::new()
            .with_channel(Channel::Sms)
            .with_body("Hello, Jane.");
        text.to = jane.phone.map(Party::Phone).into_iter().collect();
        messages.send(&text).await.expect("sent");
        unsupported(messages.list(&"1".into()).collect_items().await);
        return;
    }
    let text = |body: &str| {
        Message::new()
            .with_contact(contact.clone())
            .with_channel(Channel::Sms)
            .with_body(body)
    };
    let first = messages.send(&text("Hello, Jane.")).await.expect("sent");
    let second = messages.send(&text("One more.")).await.expect("sent");
    assert!(first.message.is_some());
    assert_ne!(first.message, second.message);
    assert_eq!(first.conversation, second.conversation, "one thread");
    let thread = first.conversation.expect("a thread");
    let listed = messages.list(&thread).collect_items().await;
    let listed = listed.expect("a list");
    assert_eq!(listed.len(), 2);
    let told = listed
        .iter()
        .find(|message| message.id == first.message)
        .expect("the first one");
    assert_eq!(told.body.as_deref(), Some("Hello, Jane."));
    assert_eq!(
        (&told.channel, &told.direction),
        (&Some(Channel::Sms), &Some(Direction::Outbound))
    );
    assert_eq!(told.contact.as_ref(), Some(&contact));
    assert!(!format!("{told:?}").contains("Hello"), "personal data");
}

pub(crate) async fn a_message_without_an_addressee_is_not_sent<F: Fixture>(fixture: &F) {
    let connection = fixture.live();
    let Some(messages) = connection.messages() else {
        return assert!(!F::CAPABILITIES.messages);
    };
    let nobody = Message::new().with_channel(Channel::Sms).with_body("x");
    refused(messages.send(&nobody).await, ErrorKind::Validation);
    let nohow = Message::new().with_contact("c0").with_body("x");
    refused(messages.send(&nohow).await, ErrorKind::Validation);
    assert_eq!(fixture.requests(), 0, "nothing was sent");
    let unknown = Message::new()
        .with_contact("gone0000000000000000")
        .with_channel(Channel::Sms)
        .with_body("x");
    let error = messages.send(&unknown).await.expect_err("nobody there");
    assert!(
        matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Validation),
        "{error}"
    );
    assert!(!error.is_outcome_unknown());
}
