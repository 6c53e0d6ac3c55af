//! Step 6: OAuth as a marketplace app, with one refresh for everybody.

use integrations_core::oauth::{Authorize, Callback, TokenKey, TokenStore};
use integrations_core::{Error, ErrorKind, ExposeSecret, IntegrationId, Result, SecretString};
use serde_json::json;

use crate::report::Report;
use crate::story::Story;
use crate::world::{APP_SCOPES, COMPANY, LOCATION, World};

pub(crate) async fn run(story: &Story, world: &World, report: &mut Report) -> Result<()> {
    story.step(6, "Authorize a marketplace app");
    let manager = &world.manager;
    let config = json!({"locationId": LOCATION, "companyId": COMPANY});
    let integration = manager
        .create(&world.tenant, "gohighlevel", "Agency app", &config, "jane")
        .await?
        .id;

    let ask = Authorize::new(world.tenant.clone(), integration).scopes(APP_SCOPES.iter().copied());
    let page = manager.authorize(ask).await?.url;
    let host = page.host_str().unwrap_or_default();
    story.say(format!(
        "the user is sent to {host}{} with a single-use state",
        page.path()
    ));

    let back = world
        .ghl
        .authorize_company(page.as_str(), COMPANY, &[LOCATION])
        .map_err(|refused| {
            Error::new(
                ErrorKind::Auth,
                format!("the user could not consent: {refused:?}"),
            )
        })?;
    let callback = Callback::parse(back.as_str());
    let authorized = manager
        .complete_authorization(&world.tenant, "gohighlevel", &callback, "jane")
        .await?;
    authorized.test?;
    let view = manager.get(&world.tenant, integration).await?;
    story.say(format!(
        "the code became a company's tokens, stored encrypted; status: {}",
        view.status
    ));
    let again = manager
        .complete_authorization(&world.tenant, "gohighlevel", &callback, "jane")
        .await;
    if let Err(error) = again {
        story.say(format!("the same state again: {}", world.note(&error)));
    }

    let connection = manager.connect(&world.tenant, integration).await?;
    let contacts = connection
        .contacts()
        .ok_or_else(|| Error::config("the provider has no contacts"))?;
    let read = contacts
        .list(None)
        .max_pages(1)
        .collect_items()
        .await?
        .len();
    story.say(format!(
        "the company's token was exchanged for the location's, which reads {read} contacts"
    ));

    let before = refresh_token(world, integration).await?;
    // Access tokens last a day.
    world.clock.skip_hours(25);
    let (one, two) = tokio::join!(
        contacts.list(None).max_pages(1).collect_items(),
        contacts.list(None).max_pages(1).collect_items()
    );
    one?;
    two?;
    let after = refresh_token(world, integration).await?;
    let stats = world.ghl.stats();
    report.oauth.refreshes = stats.refreshes;
    let rotated = before.expose_secret() != after.expose_secret();
    story.say(format!(
        "a day later, two calls at once: {} refresh, {} refresh tokens sent twice; the rotated one is stored: {rotated}",
        stats.refreshes, stats.reused_refresh_tokens
    ));
    Ok(())
}

/// What is stored now; planted, so that it is searched for at the end.
async fn refresh_token(world: &World, integration: IntegrationId) -> Result<SecretString> {
    let key = TokenKey::new(world.tenant.clone(), integration);
    let stored = world.store().tokens(&world.vault).load(&key).await?;
    let tokens = stored
        .ok_or_else(|| Error::new(ErrorKind::Store, "no tokens are stored"))?
        .tokens;
    world
        .detector
        .plant("an OAuth access token", tokens.access_token.expose_secret());
    let token = tokens
        .refresh_token
        .ok_or_else(|| Error::new(ErrorKind::Store, "no refresh token is stored"))?;
    world
        .detector
        .plant("an OAuth refresh token", token.expose_secret());
    Ok(token.expose_secret().into())
}
