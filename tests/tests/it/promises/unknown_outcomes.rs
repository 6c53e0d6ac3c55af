//! 9: a write that is not idempotent is never repeated after it may have arrived.

use std::sync::Arc;

use integrations_core::email::EmailAddress;
use integrations_core::model::{Channel, Contact, ExternalId, Message};
use integrations_core::provider::Integration;
use integrations_core::{ErrorKind, Result};
use integrations_testkit::{Fault, FaultPlan, SimulatedGhl};

use crate::support::app::App;
use crate::support::errors::sound;
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::tenant;

/// What takes effect, and is not heard of.
fn silent_effects() -> Vec<Fault> {
    vec![
        Fault::ServerErrorAfterEffect(500),
        Fault::ServerErrorAfterEffect(502),
        Fault::ServerErrorAfterEffect(504),
        Fault::ResetAfter,
        Fault::TruncatedBody,
        Fault::EmptyBody,
        Fault::NoContent,
    ]
}

#[derive(Debug, Clone, Copy)]
enum Write {
    Create,
    Send,
    Update,
    Upsert,
    Delete,
    AddTags,
    RemoveTags,
}

impl Write {
    const ALL: [Self; 7] = [
        Self::Create,
        Self::Send,
        Self::Update,
        Self::Upsert,
        Self::Delete,
        Self::AddTags,
        Self::RemoveTags,
    ];

    fn may_be_repeated(self) -> bool {
        !matches!(self, Self::Create | Self::Send)
    }

    /// The simulator's name of it, and its request.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Create => ("contacts.create", "POST /contacts/"),
            Self::Send => ("messages.send", "POST /conversations/messages"),
            Self::Update => ("contacts.update", "PUT /contacts/{id}"),
            Self::Upsert => ("contacts.upsert", "POST /contacts/upsert"),
            Self::Delete => ("contacts.delete", "DELETE /contacts/{id}"),
            Self::AddTags => ("contacts.addTags", "POST /contacts/{id}/tags"),
            Self::RemoveTags => ("contacts.removeTags", "DELETE /contacts/{id}/tags"),
        }
    }

    async fn run(self, connection: &dyn Integration, id: &ExternalId<Contact>) -> Result<()> {
        let contacts = connection.contacts().expect("contacts");
        let email = EmailAddress::parse("new@example.com").expect("an address");
        let new = Contact::new().with_first_name("New").with_email(email);
        let tags = ["vip".to_owned()];
        match self {
            Self::Create => contacts.create(&new).await.map(drop),
            Self::Upsert => contacts.upsert(&new).await.map(drop),
            Self::Update => {
                let change = Contact::new().with_first_name("Changed");
                contacts.update(id, &change).await.map(drop)
            }
            Self::Delete => contacts.delete(id).await,
            Self::AddTags => contacts.add_tags(id, &tags).await,
            Self::RemoveTags => contacts.remove_tags(id, &tags).await,
            Self::Send => {
                let text = Message::new()
                    .with_contact(id.clone())
                    .with_channel(Channel::Sms)
                    .with_body("once");
                let messages = connection.messages().expect("messages");
                messages.send(&text).await.map(drop)
            }
        }
    }
}

async fn connected() -> (SimulatedGhl, App, Arc<dyn Integration>) {
    let ghl = ghl::start(ghl::builder()).await;
    let app = App::start(&ghl::providers(&ghl, [])).await;
    let config = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    let (_, connection) = app.activate(&tenant("acme"), SLUG, &config).await;
    (ghl, app, connection)
}

#[tokio::test]
async fn promise_09_each_write_under_each_silent_effect() {
    let (ghl, app, connection) = connected().await;
    for write in Write::ALL {
        for fault in silent_effects() {
            let fields =
                serde_json::json!({"firstName": "Old", "phone": "+19155550142", "tags": ["vip"]});
            let id = ExternalId::new(ghl.seed_contact(LOCATION, fields));
            let (operation, request) = write.names();
            let plan = FaultPlan::none().script(request, [fault.clone()]);
            ghl.set_faults(plan);
            ghl.reset_stats();
            let result = write.run(&*connection, &id).await;
            let what = format!("{write:?} under {fault:?}: {:?}", result.as_ref().err());
            let writes = ghl.writes(operation);
            if let Err(error) = &result {
                sound(error);
            }
            if write.may_be_repeated() {
                // Whatever is said, the effect is that of one.
                assert!(result.is_ok() || is_fair(write, &result), "{what}");
            } else {
                let error = result.expect_err(&what);
                assert!(error.is_outcome_unknown(), "{what}");
                assert!(!error.is_retryable(), "{what}");
                assert!(
                    error.to_string().contains("read before you write"),
                    "{what}"
                );
                assert_eq!((writes, ghl.stats().requests), (1, 1), "{what}");
            }
            assert_one_effect(&ghl, write, &id, &what);
            for contact in ghl.contacts(LOCATION) {
                ghl.delete_contact(LOCATION, contact["id"].as_str().expect("an id"));
            }
        }
    }
    app.finish().await;
}

/// A success that says nothing cannot be read; and who repeats a deletion finds nothing there.
fn is_fair(write: Write, result: &Result<()>) -> bool {
    let kind = result.as_ref().err().map(integrations_core::Error::kind);
    match kind {
        Some(ErrorKind::Decode) => true,
        Some(ErrorKind::NotFound) => matches!(write, Write::Delete),
        _ => false,
    }
}

fn assert_one_effect(ghl: &SimulatedGhl, write: Write, id: &ExternalId<Contact>, what: &str) {
    let contacts = ghl.contacts(LOCATION);
    let named = |name: &str| {
        let hits = contacts.iter().filter(|c| c["firstName"] == name);
        hits.count()
    };
    let tags = |count: usize| {
        let contact = ghl.contact(LOCATION, id.as_str()).expect("there");
        contact["tags"].as_array().map(Vec::len) == Some(count)
    };
    let good = match write {
        Write::Create | Write::Upsert => named("New") == 1 && contacts.len() == 2,
        Write::Update => named("Changed") == 1 && contacts.len() == 1,
        Write::Delete => contacts.is_empty(),
        Write::AddTags => tags(1),
        Write::RemoveTags => tags(0),
        Write::Send => {
            ghl.messages(LOCATION)
                .iter()
                .filter(|m| m["contactId"] == id.as_str())
                .count()
                == 1
        }
    };
    assert!(good, "one effect, {what}");
}

#[tokio::test]
async fn promise_09_what_never_arrived_is_said_plainly() {
    let (ghl, app, connection) = connected().await;
    let id =
        ExternalId::new(ghl.seed_contact(LOCATION, serde_json::json!({"phone": "+19155550142"})));
    ghl.shutdown().await;
    for write in [Write::Create, Write::Send] {
        // A connection that was kept open breaks; a new one is refused.
        let mut last = None;
        for _ in 0..3 {
            last = write.run(&*connection, &id).await.err();
        }
        let error = last.expect("nobody is there");
        assert_eq!(error.kind(), ErrorKind::Connect, "{write:?}");
        assert!(!error.is_outcome_unknown(), "{write:?}: it never left");
        assert!(error.is_retryable(), "{write:?}");
    }
    app.finish().await;
}
