//! What the shared words keep of a provider's contact.

use integrations_core::model::{Channel, Contact, ExternalId};

use super::contacts::jane;
use super::fixture::Fixture;

async fn odd<F: Fixture>(fixture: &F) -> Option<Contact> {
    let connection = fixture.live();
    let contacts = connection.contacts().filter(|_| F::CONTACTS_BY_ID)?;
    let id = ExternalId::new(fixture.put_odd_contact());
    Some(contacts.get(&id).await.expect("there"))
}

pub(crate) async fn opt_outs_are_kept_apart_from_silence<F: Fixture>(fixture: &F) {
    let Some(odd) = odd(fixture).await else {
        return assert!(!F::CAPABILITIES.contacts || !F::CONTACTS_BY_ID);
    };
    let said = &odd.opt_outs.channels;
    assert_eq!(said.get(&Channel::Sms), Some(&true), "opted out");
    assert_eq!(said.get(&Channel::Email), Some(&false), "may be contacted");
    assert_eq!(said.get(&Channel::Call), None, "nothing said");
    assert!(odd.opt_outs.blocks(&Channel::Sms) && !odd.opt_outs.blocks(&Channel::Call));

    // An opt-out from everything goes there and back.
    let connection = fixture.live();
    let contacts = connection.contacts().expect("as above");
    let mut jane = jane();
    jane.opt_outs.all = Some(true);
    let created = contacts.create(&jane).await.expect("created");
    let id = created.id.expect("an id");
    let found = contacts.get(&id).await.expect("there");
    assert_eq!(found.opt_outs.all, Some(true));
    assert!(found.opt_outs.blocks(&Channel::Email));
    // An update that says nothing about it does not lift it.
    let renamed = Contact::new().with_first_name("Joan");
    contacts.update(&id, &renamed).await.expect("updated");
    let found = contacts.get(&id).await.expect("there");
    assert_eq!(found.opt_outs.all, Some(true));
}

pub(crate) async fn a_phone_that_is_no_number_is_kept_as_it_is<F: Fixture>(fixture: &F) {
    let Some(odd) = odd(fixture).await else {
        return assert!(!F::CAPABILITIES.contacts || !F::CONTACTS_BY_ID);
    };
    assert_eq!(odd.phone, None, "it is no phone number");
    let kept = odd.extra.get("phone").and_then(|value| value.as_str());
    assert!(kept.is_some_and(|text| text.contains("12")), "{kept:?}");
    assert!(!format!("{odd:?}").contains("odd@"), "personal data");
}

pub(crate) async fn an_update_leaves_the_rest_alone<F: Fixture>(fixture: &F) {
    let connection = fixture.live();
    let Some(contacts) = connection.contacts() else {
        return assert!(!F::CAPABILITIES.contacts);
    };
    let created = contacts.create(&jane()).await.expect("created");
    let id = match F::CONTACTS_BY_ID {
        true => created.id.clone().expect("an id"),
        false => ExternalId::new(jane().phone.expect("a number").as_str()),
    };
    let change = Contact::new().with_last_name("Roe");
    contacts.update(&id, &change).await.expect("updated");
    let mut expected = created.clone();
    expected.last_name = Some("Roe".to_owned());
    let found = contacts.get(&id).await.expect("there");
    assert_eq!(
        (&found.first_name, &found.last_name, &found.email),
        (&expected.first_name, &expected.last_name, &expected.email)
    );
    assert_eq!(
        (&found.phone, &found.tags, &found.address, &found.source),
        (
            &expected.phone,
            &expected.tags,
            &expected.address,
            &expected.source
        )
    );
}
