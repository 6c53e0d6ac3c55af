//! Step 2: the connection is tested, and a ciphertext does not open in another tenant's row.

use integrations_core::{ErrorKind, IntegrationId, Result};
use serde_json::json;

use crate::story::Story;
use crate::world::{OTHER_LOCATION, World};

pub(crate) async fn run(story: &Story, world: &World, integration: IntegrationId) -> Result<()> {
    story.step(2, "Test the connection");
    let report = world
        .manager
        .test_connection(&world.tenant, integration, "jane")
        .await?;
    let view = world.manager.get(&world.tenant, integration).await?;
    story.say(format!(
        "connected to {} ({}) in {} ms: {}",
        report.account_name.as_deref().unwrap_or("a location"),
        report.account_id.as_deref().unwrap_or("?"),
        report.took.as_millis(),
        view.status
    ));

    // Somebody with access to the database copies one tenant's ciphertext over another's.
    let config = json!({"apiKey": world.other_token, "locationId": OTHER_LOCATION});
    let other = world
        .manager
        .create(
            &world.other_tenant,
            "gohighlevel",
            "Their location",
            &config,
            "eve",
        )
        .await?;
    let rows = world.store().integrations();
    let ours = rows.get(&world.tenant, integration).await?;
    let theirs = rows.get(&world.other_tenant, other.id).await?;
    if let (Some(stolen), Some(key), Some(own)) =
        (&ours.secrets, &ours.secrets_key, &theirs.secrets)
    {
        rows.replace_sealed(&world.other_tenant, other.id, own, (stolen, key))
            .await?;
        match world.manager.connect(&world.other_tenant, other.id).await {
            Err(error) if error.kind() == ErrorKind::Crypto => {
                story.say(format!(
                    "another tenant's ciphertext in this row: {}",
                    world.note(&error)
                ));
            }
            Err(error) => return Err(error),
            Ok(_) => {
                return Err(integrations_core::Error::new(
                    ErrorKind::Crypto,
                    "a stolen ciphertext opened",
                ));
            }
        }
        rows.replace_sealed(&world.other_tenant, other.id, stolen, (own, key))
            .await?;
    }
    world
        .manager
        .test_connection(&world.other_tenant, other.id, "eve")
        .await?;
    story.say("put back, it opens again");
    Ok(())
}
