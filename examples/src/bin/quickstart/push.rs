//! Step 4: writes and reads through the shared contracts, under the provider's rate limit.

use ghl_client::Client;
use integrations_core::email::EmailAddress;
use integrations_core::model::{Channel, Contact, Message};
use integrations_core::phone::PhoneNumber;
use integrations_core::{Error, ErrorKind, IntegrationId, Result};

use crate::report::Report;
use crate::story::Story;
use crate::world::{LOCATION, World};

const CONTACTS: u64 = 250;
/// Small pages make more requests than the limit allows at once.
const PAGE: u32 = 2;

pub(crate) async fn run(
    story: &Story,
    world: &World,
    integration: IntegrationId,
    report: &mut Report,
) -> Result<()> {
    story.step(4, "Push and read");
    let connection = world.manager.connect(&world.tenant, integration).await?;
    let missing = || {
        Error::new(
            ErrorKind::Other,
            "the provider has neither contacts nor messages",
        )
    };
    let contacts = connection.contacts().ok_or_else(missing)?;
    let messages = connection.messages().ok_or_else(missing)?;

    let jane = Contact::new()
        .with_first_name("Jane")
        .with_last_name("Doe")
        .with_email(EmailAddress::parse("jane.doe@example.com")?)
        .with_phone(PhoneNumber::from_e164("+19155550143")?);
    let jane = contacts.upsert(&jane).await?;
    let id = jane.id.clone().ok_or_else(missing)?;
    contacts.add_tags(&id, &["vip".to_owned()]).await?;
    let sent = messages
        .send(
            &Message::new()
                .with_contact(id.clone())
                .with_channel(Channel::Sms)
                .with_body("Welcome, Jane."),
        )
        .await?;
    report.contacts.written = world.ghl.writes("contacts.upsert");
    world
        .manager
        .record(&world.tenant, integration, Ok(()))
        .await?;
    story.say(format!(
        "upserted {id}, tagged it, sent message {}",
        sent.message.map_or_else(String::new, |id| id.to_string())
    ));

    let present = world.ghl.contacts(LOCATION).len() as u64;
    let _seeded = world.ghl.seed_contacts(
        LOCATION,
        usize::try_from(CONTACTS.saturating_sub(present)).unwrap_or_default(),
    );
    let bar = story.progress(CONTACTS, "contacts");
    let client = Client::builder()
        .private_token(world.token.as_str())
        .base_url(world.ghl.base_url())
        .context(&world.http)
        .build()?;
    let mut items = client
        .location(LOCATION)
        .contacts()
        .search()
        .page_limit(PAGE)
        .items();
    let before = world.ghl.stats().requests;
    loop {
        match items.try_next().await {
            Ok(Some(_)) => report.contacts.read += 1,
            Ok(None) => break,
            Err(error) if error.kind() == ErrorKind::RateLimited => {
                report.contacts.throttled_errors += 1;
                story.say(world.note(&error));
                break;
            }
            Err(error) => return Err(error),
        }
        bar.set_position(report.contacts.read);
    }
    bar.finish_and_clear();
    let stats = world.ghl.stats();
    story.say(format!(
        "read {} contacts in {} requests; the provider allows 100 in 10 s, saw at most {}, refused {}",
        report.contacts.read,
        stats.requests - before,
        stats.max_in_window,
        stats.throttled
    ));
    Ok(())
}
