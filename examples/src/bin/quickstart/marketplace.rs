//! Step 6: OAuth as a marketplace app, with one refresh for everybody.

use std::sync::Arc;

use ghl_client::Client;
use ghl_client::oauth::{LocationTokenExchange, for_company, profile_at};
use integrations_core::oauth::{
    Authorize, Callback, OAuthClient, OAuthTokens, TokenKey, TokenStore,
};
use integrations_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
use integrations_testkit::ghl::{AppSpec, UserType};
use serde_json::json;

use crate::report::Report;
use crate::story::Story;
use crate::world::{COMPANY, LOCATION, World};

const REDIRECT: &str = "https://app.example.com/oauth/callback";
const SCOPES: &[&str] = &[
    "oauth.readonly",
    "oauth.write",
    "contacts.readonly",
    "locations.readonly",
];

pub(crate) async fn run(story: &Story, world: &World, report: &mut Report) -> Result<()> {
    story.step(6, "Authorize a marketplace app");
    let app = world.ghl.register_app(
        AppSpec::new(REDIRECT)
            .scopes(SCOPES.iter().copied())
            .target(UserType::Company),
    );
    world
        .detector
        .plant("the app's client secret", &app.client_secret);

    let config = json!({
        "locationId": LOCATION, "companyId": COMPANY, "baseUrl": world.ghl.base_url(),
        "clientId": app.client_id, "clientSecret": app.client_secret,
    });
    let integration = world
        .manager
        .create(&world.tenant, "gohighlevel", "Agency app", &config, "jane")
        .await?
        .id;

    let oauth = OAuthClient::builder(
        for_company(profile_at(world.ghl.base_url())?),
        app.client_id.clone(),
    )
    .client_secret(app.client_secret.as_str())
    .redirect_uri(
        REDIRECT
            .parse()
            .map_err(|_| Error::config("the redirect URI is not a URL"))?,
    )
    .build(&world.http)?;
    let states = world.store().states(&world.vault);
    let ask = Authorize::new(world.tenant.clone(), integration).scopes(SCOPES.iter().copied());
    let request = oauth.authorize(ask, &states).await?;
    let page = request.url.host_str().unwrap_or_default().to_owned();
    story.say(format!(
        "the user is sent to {page}{} with a single-use state",
        request.url.path()
    ));

    let back = world
        .ghl
        .authorize_company(request.url.as_str(), COMPANY, &[LOCATION])
        .map_err(|refused| {
            Error::new(
                ErrorKind::Auth,
                format!("the simulated user could not consent: {refused:?}"),
            )
        })?;
    let callback = Callback::parse(back.as_str());
    let (tokens, _) = oauth.complete(&callback, &world.tenant, &states).await?;
    plant(
        world,
        "an access token",
        tokens.access_token.expose_secret(),
    );
    let key = TokenKey::new(world.tenant.clone(), integration);
    let store = Arc::new(world.store().tokens(&world.vault));
    store.save(&key, &tokens, None).await?;
    story.say("the code was exchanged for a company's tokens, which are stored encrypted");
    if let Err(error) = oauth.complete(&callback, &world.tenant, &states).await {
        story.say(format!("the same state again: {}", world.note(&error)));
    }

    let company = OAuthTokens::builder(
        oauth,
        key.clone(),
        store.clone(),
        Arc::new(world.store().clone()),
    )
    .build()?;
    let client = Client::builder()
        .tokens(company.clone())
        .company(COMPANY)
        .base_url(world.ghl.base_url())
        .context(&world.http)
        .build()?;
    let exchange = LocationTokenExchange::new(&client, COMPANY, LOCATION);
    let tokens = company.derive(format!("location:{LOCATION}"), exchange);
    let location = client.with_tokens(tokens, LOCATION).location(LOCATION);
    let found = location.contacts().search().page_limit(1u32).send().await?;
    story.say(format!(
        "a location's token for the company's reads {} contacts",
        found.total.unwrap_or_default()
    ));

    let before = stored_refresh_token(&*store, &key).await?;
    world.ghl.expire_access_tokens();
    let companies = client.oauth().installed_locations(COMPANY, app.app_id());
    let (one, two) = tokio::join!(companies.clone().send(), companies.send());
    one?;
    two?;
    let after = stored_refresh_token(&*store, &key).await?;
    let stats = world.ghl.stats();
    report.oauth.refreshes = stats.refreshes;
    story.say(format!(
        "two calls at once with an expired token: {} refresh, {} reused; the rotated refresh token is stored: {}",
        stats.refreshes,
        stats.reused_refresh_tokens,
        before.expose_secret() != after.expose_secret()
    ));
    plant(world, "the first refresh token", before.expose_secret());
    plant(world, "the rotated refresh token", after.expose_secret());
    Ok(())
}

async fn stored_refresh_token(store: &dyn TokenStore, key: &TokenKey) -> Result<SecretString> {
    let stored = store.load(key).await?;
    stored
        .and_then(|stored| stored.tokens.refresh_token)
        .map(|token| token.expose_secret().into())
        .ok_or_else(|| Error::new(ErrorKind::Store, "no refresh token is stored"))
}

fn plant(world: &World, name: &str, secret: &str) {
    world.detector.plant(name, secret);
}
