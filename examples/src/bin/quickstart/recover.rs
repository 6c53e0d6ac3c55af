//! Step 5: the token is revoked at the provider, and everything recovers.

use integrations_core::status::Status;
use integrations_core::{IntegrationId, Result};

use crate::leads::contact_create;
use crate::report::Report;
use crate::story::Story;
use crate::webhooks::send;
use crate::world::{LOCATION, World, until};

pub(crate) async fn run(
    story: &Story,
    world: &World,
    integration: IntegrationId,
    report: &mut Report,
) -> Result<()> {
    story.step(5, "Lose the token and recover");
    let manager = &world.manager;
    let connection = manager.connect(&world.tenant, integration).await?;
    world.ghl.revoke_token(&world.token);
    let result = connection.test_connection().await;
    if let Err(error) = &result {
        story.say(format!(
            "after the token was revoked: {}",
            world.note(error)
        ));
        manager
            .record(&world.tenant, integration, Err(error))
            .await?;
    }
    let view = manager.get(&world.tenant, integration).await?;
    story.say(format!(
        "status: {}, {}",
        view.status,
        view.error_message.as_deref().unwrap_or("no message")
    ));

    let event = contact_create(LOCATION, "kept0000000000000000", "Karl Kept");
    let (status, reason) = send(world, world.ghl.webhook("ContactCreate", event)).await;
    report.webhooks.kept = world
        .store()
        .events()
        .counts(&world.tenant, Some(integration))
        .await?
        .kept;
    report.webhooks.accepted += report.webhooks.kept;
    story.say(format!(
        "a webhook meanwhile: {status}, {reason}; kept: {}",
        report.webhooks.kept
    ));

    world.ghl.restore_token(&world.token);
    until("the probe did not bring the integration back", || async {
        manager.probe_due(10).await?;
        Ok(manager.get(&world.tenant, integration).await?.status == Status::Active)
    })
    .await?;
    story.say("the token is restored; a health probe found the connection well again: active");
    until("the kept event was not handled", || async {
        let leads = world.store().leads().list(&world.tenant, None, 10).await?;
        Ok(leads
            .iter()
            .any(|lead| lead.external_id == "kept0000000000000000"))
    })
    .await?;
    story.say("the kept webhook was handled: Karl Kept is a lead");
    Ok(())
}
