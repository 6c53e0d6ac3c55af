//! The providers of a deployment, and the tenant's three integrations.

use std::sync::Arc;

use aloware_client::Aloware;
use aloware_client::webhook::AlowareWebhooks;
use ghl_client::GoHighLevel;
use ghl_client::oauth::{ChooseLocation, for_company, profile, profile_at};
use ghl_client::webhook::GhlWebhooks;
use integrations_core::http::HttpContext;
use integrations_core::oauth::OAuthClient;
use integrations_core::provider::Providers;
use integrations_core::{AccessToken, Error, ExposeSecret as _, IntegrationId, Result};
use integrations_store::{Filter, IntegrationManager, Store, Update};
use integrations_sync::flow::Flows;
use integrations_sync::jobs::Jobs;
use serde_json::{Map, Value, json};
use url::Url;
use verity_client::Verity;
use verity_client::broadcasts::{BroadcastSource, PostgresBroadcasts};
use verity_client::webhook::{VerificationMode, VerityWebhooks};

use crate::hub::{Hub, Ids, Register};
use crate::records::Records;
use crate::settings::{
    AlowareSettings, Broadcasts, GhlOAuth, GhlSettings, Settings, VeritySettings,
};

/// Aloware's and Verity's webhooks do not say which account they come from: there is one of each.
const ACCOUNT: &str = "main";
/// Who changes the integrations, in the audit trail.
pub(crate) const ACTOR: &str = "middleware";

/// The providers, as the settings have them.
fn providers(settings: &Settings, register: &Register) -> Providers {
    let ghl = GoHighLevel::with_webhooks(ghl_webhooks(settings));
    let ghl = match &settings.ghl.base_url {
        Some(url) => ghl.with_base_url(url),
        None => ghl,
    };
    let webhooks = AlowareWebhooks::basic()
        .allowing(settings.aloware.allowed_events.clone())
        .dedupe(settings.dedupe)
        .for_account(ACCOUNT);
    let aloware = Aloware::with_webhooks(webhooks);
    let aloware = match &settings.aloware.base_url {
        Some(url) => aloware.with_base_url(url),
        None => aloware,
    };
    let mode = match settings.verity.allow_legacy_secret {
        true => VerificationMode::AllowLegacySecret,
        false => VerificationMode::RequireSignature,
    };
    let webhooks = VerityWebhooks::new()
        .mode(mode)
        .dedupe(settings.dedupe)
        .account(ACCOUNT);
    let verity = Verity::with_webhooks(webhooks)
        .with_base_url(&settings.verity.base_url)
        .with_opt_outs(register.clone());
    Providers::new().with(ghl).with(aloware).with(verity)
}

fn ghl_webhooks(settings: &Settings) -> GhlWebhooks {
    let keys = &settings.ghl.webhook_keys;
    let webhooks = match keys.as_slice() {
        [] => GhlWebhooks::production(),
        keys => GhlWebhooks::with_keys(keys.iter().cloned()),
    };
    let webhooks = webhooks.dedupe(settings.dedupe);
    match &settings.ghl.app {
        Some(app) => webhooks.for_app(app.as_str()),
        None => webhooks,
    }
}

/// What ties the providers, the store and the credentials together.
///
/// # Errors
/// Of kind `Config` when a setting makes no client.
pub(crate) fn manager(
    settings: &Settings,
    store: &Store,
    http: &HttpContext,
) -> Result<IntegrationManager> {
    let register = Register {
        store: store.clone(),
        tenant: settings.tenant.clone(),
    };
    let providers = providers(settings, &register);
    let vault = settings.vault.clone();
    let mut manager = IntegrationManager::builder(store.clone(), vault, providers, http.clone());
    if let Some(oauth) = &settings.ghl.oauth {
        manager = manager.oauth_client(ghl_client::PROVIDER, oauth_client(settings, oauth, http)?);
    }
    Ok(manager.build())
}

fn oauth_client(settings: &Settings, oauth: &GhlOAuth, http: &HttpContext) -> Result<OAuthClient> {
    let profile = match &settings.ghl.base_url {
        Some(url) => profile_at(url)?,
        None => profile(),
    };
    let profile = match oauth.company {
        Some(_) => for_company(profile),
        None => profile,
    };
    OAuthClient::builder(profile, oauth.client_id.clone())
        .client_secret(oauth.client_secret.expose_secret())
        .redirect_uri(oauth.redirect_url.clone())
        .build(http)
}

/// The page on which an owner of the location installs the marketplace app.
///
/// # Errors
/// Of kind `Config` when the settings have no app, and those of the store.
pub(crate) async fn authorization(
    manager: &IntegrationManager,
    settings: &Settings,
) -> Result<Url> {
    let oauth = settings.ghl.oauth.as_ref().ok_or_else(|| {
        Error::config(
            "there is no app to authorize: set GHL_CLIENT_ID, GHL_CLIENT_SECRET and GHL_REDIRECT_URL",
        )
    })?;
    let id = stored(manager, settings, ghl_client::PROVIDER, ghl(&settings.ghl)).await?;
    let ask = ChooseLocation::new(settings.tenant.clone(), id).scopes(&oauth.scopes);
    Ok(manager.authorize(ask.into()).await?.url)
}

/// The tenant's integrations, and whether GoHighLevel has a credential yet: an app may not be authorized.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connected {
    pub(crate) ids: Ids,
    pub(crate) authorized: bool,
}

/// The tenant's integrations: made when they are not there, brought up to date when the settings have changed, and tested.
///
/// # Errors
/// What a provider says of its credential.
pub(crate) async fn integrations(
    manager: &IntegrationManager,
    settings: &Settings,
) -> Result<Connected> {
    let ghl = stored(manager, settings, ghl_client::PROVIDER, ghl(&settings.ghl)).await?;
    let authorized = match test(manager, settings, ghl).await {
        Err(error) if error.code() == Some("no_credential") && settings.ghl.oauth.is_some() => {
            tracing::warn!(
                "GoHighLevel is not connected yet: `middleware authorize` prints the page for it"
            );
            false
        }
        tested => tested.map(|()| true)?,
    };
    let aloware = aloware(&settings.aloware);
    let aloware = stored(manager, settings, aloware_client::PROVIDER, aloware).await?;
    test(manager, settings, aloware).await?;
    let verity = verity(&settings.verity);
    let verity = stored(manager, settings, verity_client::PROVIDER, verity).await?;
    test(manager, settings, verity).await?;
    let ids = Ids {
        ghl,
        aloware,
        verity,
    };
    Ok(Connected { ids, authorized })
}

/// Makes an integration be there, as the settings have it.
async fn stored(
    manager: &IntegrationManager,
    settings: &Settings,
    slug: &str,
    config: Value,
) -> Result<IntegrationId> {
    let tenant = &settings.tenant;
    let known = manager.list(tenant, &Filter::all()).await?;
    match known.iter().find(|known| known.provider == slug) {
        Some(known) => {
            // What is no longer set is taken out.
            let mut fields = Map::new();
            for name in known.config.as_object().into_iter().flat_map(Map::keys) {
                fields.insert(name.clone(), Value::Null);
            }
            if let Value::Object(config) = config {
                fields.extend(config);
            }
            let update = Update::new().config(Value::Object(fields));
            Ok(manager.update(tenant, known.id, update, ACTOR).await?.id)
        }
        None => Ok(manager.create(tenant, slug, slug, &config, ACTOR).await?.id),
    }
}

async fn test(manager: &IntegrationManager, settings: &Settings, id: IntegrationId) -> Result<()> {
    match manager.test_connection(&settings.tenant, id, ACTOR).await {
        Ok(_) => Ok(()),
        // Its events are kept until it is back.
        Err(error) if error.is_retryable() => {
            tracing::warn!(provider = error.provider(), kind = %error.kind(), "the provider does not answer yet");
            Ok(())
        }
        Err(error) => Err(error.with_operation("middleware.connect")),
    }
}

fn config(fields: [(&str, Option<&str>); 5]) -> Value {
    let fields = fields.into_iter();
    let set = fields.filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
    Value::Object(set.collect())
}

fn ghl(ghl: &GhlSettings) -> Value {
    config([
        (
            "apiKey",
            ghl.api_key.as_ref().map(AccessToken::expose_secret),
        ),
        ("locationId", Some(&ghl.location)),
        ("calendarId", ghl.calendar.as_deref()),
        (
            "conversationProviderId",
            ghl.conversation_provider.as_deref(),
        ),
        (
            "companyId",
            ghl.oauth
                .as_ref()
                .and_then(|oauth| oauth.company.as_deref()),
        ),
    ])
}

fn aloware(aloware: &AlowareSettings) -> Value {
    config([
        ("apiToken", Some(aloware.api_token.expose_secret())),
        ("account", Some(ACCOUNT)),
        ("fromNumber", aloware.from_number.as_deref()),
        ("webhookUser", Some(&aloware.webhook_user)),
        (
            "webhookSecret",
            Some(aloware.webhook_password.expose_secret()),
        ),
    ])
}

fn verity(verity: &VeritySettings) -> Value {
    config([
        ("apiKey", Some(verity.api_key.expose_secret())),
        ("account", Some(ACCOUNT)),
        ("from", verity.from_number.as_deref()),
        ("webhookSecret", Some(verity.webhook_secret.expose_secret())),
        ("unused", None),
    ])
}

/// A client of Verity that asks the register before each text.
pub(crate) fn verity_client(
    settings: &VeritySettings,
    http: &HttpContext,
    register: &Register,
) -> Result<verity_client::Client> {
    verity_client::Client::builder()
        .context(http)
        .base_url(&settings.base_url)
        .service_key(settings.api_key.clone())
        .opt_outs(register.clone())
        .build()
}

/// What all parts share.
pub(crate) async fn hub(
    settings: &Settings,
    store: &Store,
    manager: &IntegrationManager,
    jobs: &Jobs,
    ids: Ids,
) -> Result<Hub> {
    let http = manager.http().for_tenant(settings.tenant.clone());
    let mut aloware = aloware_client::Client::builder()
        .context(&http)
        .api_token(settings.aloware.api_token.clone())
        .account(ACCOUNT);
    if let Some(url) = &settings.aloware.base_url {
        aloware = aloware.base_url(url);
    }
    let register = Register {
        store: store.clone(),
        tenant: settings.tenant.clone(),
    };
    let broadcasts: Option<Arc<dyn BroadcastSource>> = match &settings.verity.broadcasts {
        Broadcasts::Nowhere => None,
        Broadcasts::Database(url) => Some(Arc::new(
            PostgresBroadcasts::connect(url.expose_secret()).await?,
        )),
        Broadcasts::Here(source) => Some(Arc::clone(source)),
    };
    Ok(Hub {
        tenant: settings.tenant.clone(),
        manager: manager.clone(),
        jobs: jobs.clone(),
        flows: Flows::new(store, manager.clone()),
        records: Records::new(store, &settings.tenant),
        ids,
        aloware: aloware.build()?,
        verity: verity_client(&settings.verity, &http, &register)?,
        broadcasts,
        provider: settings.ghl.conversation_provider.clone(),
        region: settings.region,
        from_number: settings.verity.from_number.clone(),
        sequences: settings.aloware.sequences.clone(),
        sync_to_aloware: settings.verity.sync_to_aloware,
        pace: settings.pace,
    })
}
