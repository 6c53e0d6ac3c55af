//! What the middleware needs to know, and where it is read from.

mod read;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aloware_client::rules::SequenceRules;
use aloware_client::webhook::AllowedEvents;
use integrations_core::phone::Region;
use integrations_core::vault::Vault;
use integrations_core::webhook::DedupePolicy;
use integrations_core::webhook::schemes::Ed25519Key;
use integrations_core::{AccessToken, SecretString, TenantId, WebhookSecret};
use url::Url;
use verity_client::broadcasts::BroadcastSource;

pub(crate) use read::{CREDENTIALS, HELP, TENANT};

integrations_core::secret! {
    /// Where a database is; it may hold a password.
    pub(crate) struct DatabaseUrl;
}

/// All that a middleware is started with. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where the state is kept: `sqlite:PATH` or `postgres://…`.
    pub(crate) database: DatabaseUrl,
    /// Where it listens; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Whose integrations these are.
    pub(crate) tenant: TenantId,
    /// What seals the credentials in the database.
    pub(crate) vault: Vault,
    /// Where phone numbers without a country are from.
    pub(crate) region: Region,
    /// What makes two deliveries of a webhook the same event.
    pub(crate) dedupe: DedupePolicy,
    pub(crate) ghl: GhlSettings,
    pub(crate) aloware: AlowareSettings,
    pub(crate) verity: VeritySettings,
    pub(crate) clerk: Option<ClerkSettings>,
    pub(crate) gateway: GatewaySettings,
    pub(crate) pace: Pace,
}

/// GoHighLevel: where contacts and conversations are.
#[derive(Debug, Clone)]
pub(crate) struct GhlSettings {
    /// `None`: the provider's own address.
    pub(crate) base_url: Option<String>,
    /// The private integration token: what calls go with while the app has not been authorized.
    pub(crate) api_key: Option<AccessToken>,
    /// The marketplace app: what calls go with once it has been.
    pub(crate) oauth: Option<GhlOAuth>,
    pub(crate) location: String,
    pub(crate) calendar: Option<String>,
    /// Messages are reported and delivered through this conversation provider.
    pub(crate) conversation_provider: Option<String>,
    /// What webhooks are signed with; empty: the provider's production keys.
    pub(crate) webhook_keys: Vec<Ed25519Key>,
    /// Only events of this app are taken, when it is set.
    pub(crate) app: Option<String>,
    /// The secret in the delivery URL of the conversation provider (`?key=…`), whose deliveries may be unsigned. Without
    /// one, unsigned deliveries are refused.
    pub(crate) delivery_secret: Option<WebhookSecret>,
}

/// The marketplace app that the company's people install in their location.
#[derive(Debug, Clone)]
pub(crate) struct GhlOAuth {
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
    /// Where users come back to: this service's own route, as the app's settings name it.
    pub(crate) redirect_url: Url,
    pub(crate) scopes: Vec<String>,
    /// The agency, when the app is installed in it: its tokens are exchanged for the location's.
    pub(crate) company: Option<String>,
}

/// Aloware: where people are called.
#[derive(Debug, Clone)]
pub(crate) struct AlowareSettings {
    /// `None`: the provider's own address.
    pub(crate) base_url: Option<String>,
    pub(crate) api_token: AccessToken,
    /// The number that texts come from, for `TEXTING_SYNC_TO_ALOWARE`.
    pub(crate) from_number: Option<String>,
    pub(crate) webhook_user: String,
    pub(crate) webhook_password: WebhookSecret,
    pub(crate) allowed_events: AllowedEvents,
    pub(crate) sequences: SequenceRules,
}

/// Verity: texting and broadcasts.
#[derive(Debug, Clone)]
pub(crate) struct VeritySettings {
    pub(crate) base_url: String,
    pub(crate) api_key: AccessToken,
    /// The number that texts are sent from; Verity chooses one when there is none.
    pub(crate) from_number: Option<String>,
    pub(crate) webhook_secret: WebhookSecret,
    /// Takes webhooks that bring the secret itself instead of a signature.
    pub(crate) allow_legacy_secret: bool,
    /// Where the figures of broadcasts are read.
    pub(crate) broadcasts: Broadcasts,
    /// The catalogue of Verity's endpoints.
    pub(crate) catalog: Option<std::path::PathBuf>,
    /// Texts that were received and sent also go to Aloware.
    pub(crate) sync_to_aloware: bool,
}

/// Where the figures of broadcasts are.
#[derive(Debug, Clone, Default)]
pub(crate) enum Broadcasts {
    /// Nobody says; that there was one is kept all the same.
    #[default]
    Nowhere,
    /// In Verity's own database.
    Database(DatabaseUrl),
    /// In this program, which simulates Verity.
    Here(Arc<dyn BroadcastSource>),
}

/// Clerk: who the users of the gateway are.
#[derive(Debug, Clone)]
pub(crate) struct ClerkSettings {
    /// With the version at its end; `None`: Clerk's own address.
    pub(crate) base_url: Option<String>,
    pub(crate) secret_key: AccessToken,
    /// The issuer of session tokens, as in their `iss`.
    pub(crate) issuer: String,
    /// The origins that tokens may be made for; empty: any.
    pub(crate) authorized_parties: Vec<String>,
}

/// The gateway in front of Verity.
#[derive(Debug, Clone, Default)]
pub(crate) struct GatewaySettings {
    /// Each key with the name that logs and limits know it by. Without any, the gateway refuses everything.
    pub(crate) keys: Vec<(String, AccessToken)>,
    /// Web pages of these origins may call.
    pub(crate) allowed_origins: Vec<String>,
}

/// How patient the middleware is. The defaults are for real providers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The first wait before a failed event is tried again; it doubles.
    pub(crate) first_retry: Duration,
    /// How long the search of a provider may lag behind its writes.
    pub(crate) search_lag: Duration,
    /// How long what a dead process held is out of use.
    pub(crate) lease: Duration,
    /// How long to wait for Verity's word on a text whose sending was cut off, before a person is asked.
    pub(crate) unknown_after: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first_retry: Duration::from_secs(60),
            search_lag: Duration::from_secs(10),
            lease: Duration::from_secs(30),
            unknown_after: Duration::from_secs(300),
        }
    }
}
