//! Contacts are upserted and messages sent, by a caller who does what the errors say.

use integrations_core::email::EmailAddress;
use integrations_core::model::{Channel, Contact, ExternalId, Message};

use super::life::Life;
use crate::support::errors::sound;
use crate::support::tenant;

const CONTACTS: usize = 30;
const MESSAGES: usize = 6;
/// How often the caller tries a retryable error again.
const PATIENCE: usize = 6;

/// How each write ended, as the caller knows it.
#[derive(Debug, Default)]
pub(crate) struct Pushed {
    pub(crate) written: Vec<String>,
    pub(crate) failed: Vec<String>,
    pub(crate) unknown: Vec<String>,
    pub(crate) sent: Vec<String>,
    pub(crate) maybe_sent: Vec<String>,
}

pub(crate) async fn contacts(life: &Life) -> Pushed {
    let acme = tenant("acme");
    let connection = life.connection().await;
    let api = connection.contacts().expect("contacts");
    let mut pushed = Pushed::default();
    let mut ids = Vec::new();
    for number in 0..CONTACTS {
        let email = format!("c{number}@example.com");
        let contact = Contact::new()
            .with_first_name("C")
            .with_email(EmailAddress::parse(&email).expect("an address"));
        let mut tries = 0;
        loop {
            tries += 1;
            let result = api.upsert(&contact).await;
            let told = result.as_ref().map(drop);
            life.app
                .manager
                .record(&acme, life.id, told)
                .await
                .expect("recorded");
            match result {
                Ok(contact) => {
                    ids.extend(contact.id);
                    pushed.written.push(email);
                }
                Err(error) => {
                    sound(&error);
                    if error.is_retryable() && tries < PATIENCE {
                        continue;
                    }
                    match error.is_outcome_unknown() {
                        true => pushed.unknown.push(email),
                        false => pushed.failed.push(email),
                    }
                }
            }
            break;
        }
    }
    messages(life, &ids, &mut pushed).await;
    pushed
}

async fn messages(life: &Life, contacts: &[ExternalId<Contact>], pushed: &mut Pushed) {
    let connection = life.connection().await;
    let api = connection.messages().expect("messages");
    for (number, contact) in contacts.iter().take(MESSAGES).enumerate() {
        let text = format!("message {number}");
        let message = Message::new()
            .with_contact(contact.clone())
            .with_channel(Channel::Email)
            .with_body(text.as_str());
        let mut tries = 0;
        loop {
            tries += 1;
            match api.send(&message).await {
                Ok(_) => pushed.sent.push(text),
                Err(error) => {
                    sound(&error);
                    if error.is_retryable() && tries < PATIENCE {
                        continue;
                    }
                    pushed.maybe_sent.push(text);
                }
            }
            break;
        }
    }
}
