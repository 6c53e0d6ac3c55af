//! Step 1: templates, validation, an encrypted config.

use integrations_core::{IntegrationId, Result};
use serde_json::json;

use crate::story::Story;
use crate::world::{LOCATION, World};

pub(crate) async fn run(story: &Story, world: &World) -> Result<IntegrationId> {
    story.step(1, "Create an integration");
    for template in world.manager.templates().await? {
        let secret: Vec<_> = template.secret_fields().collect();
        story.say(format!(
            "template {}: {}, {} fields, encrypted: {}",
            template.slug(),
            template.display_name(),
            template.form().fields.len(),
            secret.join(" ")
        ));
    }
    let incomplete = json!({"apiKey": world.token});
    let refused = world
        .manager
        .create(
            &world.tenant,
            "gohighlevel",
            "Main location",
            &incomplete,
            "jane",
        )
        .await;
    match refused {
        Err(error) => story.say(format!("without a location id: {}", world.note(&error))),
        Ok(_) => story.say("a config without a location id was taken: that is wrong"),
    }
    let config = json!({"apiKey": world.token, "locationId": LOCATION});
    let created = world
        .manager
        .create(
            &world.tenant,
            "gohighlevel",
            "Main location",
            &config,
            "jane",
        )
        .await?;
    story.say(format!("created {}: {}", created.id, created.status));
    let row = world
        .store()
        .integrations()
        .get(&world.tenant, created.id)
        .await?;
    story.say(format!("in the database, config:  {}", row.config));
    story.say(format!(
        "in the database, secrets: {}",
        shorten(row.secrets.as_deref().unwrap_or("none"))
    ));
    Ok(created.id)
}

fn shorten(text: &str) -> String {
    let head: String = text.chars().take(100).collect();
    if head.len() < text.len() {
        format!("{head}…")
    } else {
        head
    }
}
