//! Step 3: webhooks, genuine and not.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use integrations_core::Result;
use integrations_testkit::ghl::{Delivery, SignedWebhook};
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::leads::contact_create;
use crate::report::Report;
use crate::story::Story;
use crate::world::{LOCATION, World, until};

/// The reasons that the router logs: the sender is never told them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reasons(Arc<Mutex<Vec<String>>>);

impl Reasons {
    fn take(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_default()
    }
}

impl<S: tracing::Subscriber> Layer<S> for Reasons {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Read(Option<String>, Option<String>);
        impl Visit for Read {
            fn record_str(&mut self, field: &Field, value: &str) {
                match field.name() {
                    "outcome" => self.0 = Some(value.to_owned()),
                    "reason" => self.1 = Some(value.to_owned()),
                    _ => {}
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
        }
        if !event.metadata().target().starts_with("integrations_server") {
            return;
        }
        let mut read = Read(None, None);
        event.record(&mut read);
        if let (Some(outcome), Some(reason)) = (read.0, read.1) {
            let line = if reason.is_empty() {
                outcome
            } else {
                format!("{outcome}: {reason}")
            };
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    }
}

pub(crate) async fn run(story: &Story, world: &mut World, report: &mut Report) -> Result<()> {
    story.step(3, "Receive webhooks");
    let genuine = world.ghl.webhook(
        "ContactCreate",
        contact_create(LOCATION, "nmFmQEsNgz6AVpgLVUJ0", "John Deo"),
    );
    let forged = {
        let seed = [7; 32];
        let signer = integrations_testkit::signer::Ed25519Signer::from_seed(seed);
        let other = world.ghl.webhook(
            "ContactCreate",
            contact_create(LOCATION, "forged00000000000000", "Mallory M"),
        );
        let signature = signer.sign_base64(&other.body);
        other.with_signature(&signature)
    };
    for (what, webhook) in [
        ("signed", genuine.clone()),
        ("signed with another key", forged),
        ("without a signature", genuine.clone().unsigned()),
        ("with a changed body", genuine.clone().tampered()),
        ("the first one again", genuine),
    ] {
        let (status, reason) = send(world, webhook).await;
        story.say(format!("{what}: {status}, {reason}"));
        match reason.split(':').next() {
            Some("accepted") => report.webhooks.accepted += 1,
            Some("duplicate") => report.webhooks.duplicates += 1,
            Some("rejected") => report.webhooks.rejected += 1,
            _ => {}
        }
    }
    let world = &*world;
    until("the lead did not appear", || async {
        Ok(!world
            .store()
            .leads()
            .list(&world.tenant, None, 10)
            .await?
            .is_empty())
    })
    .await?;
    for lead in world.store().leads().list(&world.tenant, None, 10).await? {
        story.say(format!(
            "lead: {}, {}, {}",
            lead.name.as_deref().unwrap_or("?"),
            lead.phone.as_deref().unwrap_or("no phone"),
            lead.timezone.as_deref().unwrap_or("no time zone")
        ));
    }
    Ok(())
}

/// Posts one webhook as the provider does; the answer's status and the logged reason.
pub(crate) async fn send(world: &World, webhook: SignedWebhook) -> (u16, String) {
    let delivery: Delivery = world.ghl.deliver(&world.webhook_url, webhook).await;
    let status = delivery.attempts.last().copied().flatten().unwrap_or(0);
    (status, world.reasons.take())
}
