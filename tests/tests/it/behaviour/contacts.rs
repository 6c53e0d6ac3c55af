//! Contacts through the shared contract.

use integrations_core::email::EmailAddress;
use integrations_core::model::{Address, Contact, ExternalId};
use integrations_core::phone::PhoneNumber;
use integrations_core::provider::ContactApi;
use integrations_core::{ErrorKind, Timestamp};

use super::fixture::Fixture;
use crate::support::errors::{refused, unsupported};

/// A contact with everything that every provider of contacts keeps.
pub(crate) fn jane() -> Contact {
    let mut address = Address::new();
    address.city = Some("El Paso".to_owned());
    address.state = Some("TX".to_owned());
    address.postal_code = Some("79901".to_owned());
    address.country = Some("US".to_owned());
    let mut jane = Contact::new()
        .with_first_name("Jane")
        .with_last_name("Doe")
        .with_email(EmailAddress::parse("jane.doe@example.com").expect("an address"))
        .with_phone(PhoneNumber::from_e164("+19155550143").expect("a number"))
        .with_address(address)
        .with_source("suite");
    jane.tags = vec!["first".to_owned()];
    jane
}

fn id_of(contact: &Contact) -> ExternalId<Contact> {
    contact.id.clone().expect("a stored contact has an id")
}

/// That it says of Jane what we said.
fn is_jane(found: &Contact) {
    let (jane, found) = (jane(), found.clone());
    assert_eq!(
        (found.first_name, found.last_name),
        (jane.first_name, jane.last_name)
    );
    assert_eq!((found.email, found.phone), (jane.email, jane.phone));
    assert_eq!((found.source, found.tags), (jane.source, jane.tags));
    assert_eq!(found.address, jane.address);
}

pub(crate) async fn a_contact_lives_its_life<F: Fixture>(fixture: &F) {
    let connection = fixture.live();
    let Some(contacts) = connection.contacts() else {
        return assert!(!F::CAPABILITIES.contacts);
    };
    if !F::CONTACTS_BY_ID {
        return by_phone_alone(contacts).await;
    }
    let created = contacts.create(&jane()).await.expect("created");
    is_jane(&created);
    let id = id_of(&created);
    is_jane(&contacts.get(&id).await.expect("there"));
    fixture.settle();
    let all = contacts.list(None).collect_items().await.expect("a list");
    assert_eq!(all.len(), 1);
    assert_eq!(id_of(&all[0]), id);
    is_jane(&all[0]);

    let renamed = Contact::new().with_first_name("Joan");
    let updated = contacts.update(&id, &renamed).await.expect("updated");
    assert_eq!(updated.first_name.as_deref(), Some("Joan"));
    let upserted = contacts.upsert(&jane()).await.expect("upserted");
    assert_eq!(id_of(&upserted), id, "the same e-mail is the same contact");
    is_jane(&contacts.get(&id).await.expect("there"));
    let other = Contact::new()
        .with_first_name("John")
        .with_email(EmailAddress::parse("john@example.com").expect("an address"));
    let other = contacts.upsert(&other).await.expect("upserted");
    assert_ne!(id_of(&other), id, "another e-mail is another contact");

    contacts.delete(&id).await.expect("deleted");
    refused(contacts.get(&id).await, ErrorKind::NotFound);
    fixture.settle();
    let left = contacts.list(None).collect_items().await.expect("a list");
    assert_eq!(left.iter().map(id_of).collect::<Vec<_>>(), [id_of(&other)]);
}

/// The same where the phone number is all that a contact is found by; the rest is refused clearly.
async fn by_phone_alone(contacts: &dyn ContactApi) {
    let created = contacts.create(&jane()).await.expect("created");
    is_jane(&created);
    let id = id_of(&created);
    let phone = jane().phone.expect("a number");
    let by_phone = ExternalId::new(phone.as_str());
    is_jane(&contacts.get(&by_phone).await.expect("there"));
    let found = contacts.find(None, Some(&phone)).await.expect("found");
    assert_eq!(
        found.iter().map(id_of).collect::<Vec<_>>(),
        std::slice::from_ref(&id)
    );
    let renamed = Contact::new().with_first_name("Joan");
    let updated = contacts.update(&by_phone, &renamed).await.expect("updated");
    assert_eq!(updated.first_name.as_deref(), Some("Joan"));
    let upserted = contacts.upsert(&jane()).await.expect("upserted");
    assert_eq!(id_of(&upserted), id, "the same number is the same contact");
    let other =
        Contact::new().with_phone(PhoneNumber::from_e164("+19155550144").expect("a number"));
    let other = contacts.upsert(&other).await.expect("upserted");
    assert_ne!(id_of(&other), id, "another number is another contact");
    assert_eq!(id, by_phone, "what it is read by");
    unsupported(contacts.list(None).collect_items().await);
    unsupported(contacts.delete(&id).await);
    unsupported(contacts.find(jane().email.as_ref(), None).await);
}

pub(crate) async fn what_is_not_there_is_not_found<F: Fixture>(fixture: &F) {
    let connection = fixture.live();
    let Some(contacts) = connection.contacts() else {
        return assert!(!F::CAPABILITIES.contacts);
    };
    let id = ExternalId::new("gone0000000000000000");
    let tags = ["a".to_owned()];
    let nobody = ExternalId::new("+12025550199");
    if !F::CONTACTS_BY_ID {
        let number = PhoneNumber::from_e164(nobody.as_str()).expect("a number");
        let found = contacts.find(None, Some(&number)).await;
        assert!(found.expect("nobody").is_empty());
        refused(contacts.get(&nobody).await, ErrorKind::NotFound);
        refused(
            contacts.update(&nobody, &Contact::new()).await,
            ErrorKind::NotFound,
        );
    }
    for (what, result) in [
        ("get", contacts.get(&id).await.map(drop)),
        ("update", contacts.update(&id, &jane()).await.map(drop)),
        ("delete", contacts.delete(&id).await),
        ("add_tags", contacts.add_tags(&id, &tags).await),
        ("remove_tags", contacts.remove_tags(&id, &tags).await),
    ] {
        let error = if F::CONTACTS_BY_ID || what == "update" {
            refused(result, ErrorKind::NotFound)
        } else {
            unsupported(result)
        };
        assert!(error.operation().is_some(), "{what}: {error}");
    }
    // An id is data: it does not lead anywhere else.
    for id in ["../locations/x", "a/b", "a?b=c", "", "%2e%2e", "a\nb"] {
        let result = contacts.get(&ExternalId::new(id)).await;
        let error = result.expect_err(id);
        assert!(
            matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::Config | ErrorKind::Validation
            ),
            "{id:?}: {error}"
        );
    }
}

pub(crate) async fn a_second_creation_is_a_conflict<F: Fixture>(fixture: &F) {
    let connection = fixture.live();
    let Some(contacts) = connection.contacts() else {
        return assert!(!F::CAPABILITIES.contacts);
    };
    contacts.create(&jane()).await.expect("created");
    let error = refused(contacts.create(&jane()).await, ErrorKind::Conflict);
    assert!(!error.is_retryable() && !error.is_outcome_unknown());
    if !F::CONTACTS_BY_ID {
        let found = contacts.find(None, jane().phone.as_ref()).await;
        return assert_eq!(found.expect("found").len(), 1);
    }
    fixture.settle();
    let all = contacts.list(None).collect_items().await.expect("a list");
    assert_eq!(all.len(), 1);
}

pub(crate) async fn tags_are_added_and_removed<F: Fixture>(fixture: &F) {
    let connection = fixture.live();
    let Some(contacts) = connection.contacts() else {
        return assert!(!F::CAPABILITIES.contacts);
    };
    let id = id_of(&contacts.create(&jane()).await.expect("created"));
    if !F::CONTACTS_BY_ID {
        unsupported(contacts.add_tags(&id, &["vip".to_owned()]).await);
        unsupported(contacts.remove_tags(&id, &["first".to_owned()]).await);
        return;
    }
    let tags = |names: &[&str]| -> Vec<String> { names.iter().map(|&n| n.to_owned()).collect() };
    let now = async || {
        let mut tags = contacts.get(&id).await.expect("there").tags;
        tags.sort();
        tags
    };
    contacts
        .add_tags(&id, &tags(&["vip", "lead"]))
        .await
        .expect("added");
    assert_eq!(now().await, ["first", "lead", "vip"], "the others stay");
    contacts
        .add_tags(&id, &tags(&["vip"]))
        .await
        .expect("again");
    assert_eq!(now().await.len(), 3);
    contacts
        .remove_tags(&id, &tags(&["first", "never-there"]))
        .await
        .expect("removed");
    assert_eq!(now().await, ["lead", "vip"]);
}

pub(crate) async fn a_list_knows_since_when<F: Fixture>(fixture: &F) {
    let connection = fixture.live();
    let Some(contacts) = connection.contacts() else {
        return assert!(!F::CAPABILITIES.contacts);
    };
    if !F::CONTACTS_BY_ID {
        unsupported(contacts.list(None).collect_items().await);
        return;
    }
    let mut ids = Vec::new();
    for number in 0..5 {
        let email = EmailAddress::parse(format!("c{number}@example.com")).expect("an address");
        let contact = Contact::new().with_first_name("C").with_email(email);
        ids.push(id_of(&contacts.create(&contact).await.expect("created")));
        // Times have milliseconds: the next contact gets a later one.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    fixture.settle();
    let changed_at = |contact: &Contact| -> Timestamp { contact.updated_at.expect("a time") };
    let third = contacts.get(&ids[2]).await.expect("there");
    let since = contacts.list(Some(changed_at(&third)));
    let since = since.collect_items().await.expect("a list");
    let found: Vec<_> = since.iter().map(id_of).collect();
    assert_eq!(found, ids[2..], "at or after, oldest change first");
    let late = changed_at(since.last().expect("five")) + std::time::Duration::from_secs(60);
    let none = contacts.list(Some(late)).collect_items().await;
    assert!(none.expect("a list").is_empty());
}
