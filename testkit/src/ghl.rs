//! A simulated GoHighLevel.
//!
//! [`SimulatedGhl`] is an HTTP server in this process that answers like the API at
//! `services.leadconnectorhq.com`, keeps state, limits rates, rotates refresh tokens, signs
//! webhooks and fails by plan. It is never kinder than the provider.

mod app;
mod auth;
mod builder;
mod calendars;
mod contacts;
mod conversations;
mod deliver;
mod disk;
mod error;
mod events;
mod ids;
mod inspect;
mod journal;
mod limit;
mod locations;
mod messages;
mod notes;
mod oauth;
mod people;
mod pipeline;
mod route;
mod schema;
mod search;
mod seed;
mod sender;
mod server;
mod slots;
mod state;
mod users;
mod webhooks;

use std::{collections::VecDeque, fmt, io, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use tokio::{sync::Notify, task::JoinHandle};
use url::Url;

use self::server::Shared;
pub use self::{
    app::{App, AppSpec, AuthorizeError, UserType},
    builder::Builder,
    journal::{ContactWrites, Effect, RequestRecord, Stats, TokenClass, WriteRecord},
    limit::RateUsage,
    sender::SenderBuilder,
    webhooks::SignedWebhook,
};
pub use crate::common::{
    clock::Clock,
    delivery::{Breaker, Delivery, DeliveryPolicy},
    sender::{SenderStats, Standing, WebhookSender},
    webhook_faults::WebhookFaults,
};
use crate::{
    common::clock,
    fault::FaultPlan,
    signer::{Ed25519Signer, PublicKey},
};

/// All scopes that the simulated operations ask for.
pub const SCOPES: &[&str] = &[
    "contacts.readonly",
    "contacts.write",
    "conversations.readonly",
    "conversations.write",
    "conversations/message.readonly",
    "conversations/message.write",
    "calendars.readonly",
    "calendars/events.readonly",
    "calendars/events.write",
    "locations.readonly",
    "users.readonly",
    "oauth.readonly",
    "oauth.write",
];

/// A simulated GoHighLevel. It stops when it is dropped.
///
/// All methods take `&self`, so an `Arc` shares it between tasks. `Debug` shows its address and
/// counts, nothing of its state.
pub struct SimulatedGhl {
    shared: Arc<Shared>,
    base_url: String,
    clock: Clock,
    signer: Arc<Ed25519Signer>,
    delivery: DeliveryPolicy,
    stop: Arc<Notify>,
    server: Option<JoinHandle<()>>,
}

/// Life and credentials.
impl SimulatedGhl {
    /// Settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Starts one with the provider's limits and no faults.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The simulator's clock. Moving it forward expires tokens.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Stops the server and cuts its connections.
    pub async fn shutdown(mut self) {
        self.stop.notify_one();
        if let Some(server) = self.server.take() {
            let _ = server.await;
        }
    }

    /// Adds a sub-account with one user and one calendar (half-hour slots, weekdays 9 to 17,
    /// `America/New_York`). One that exists stays as it is.
    pub fn add_location(&self, id: &str, company: &str) {
        self.shared.world().add_location(id, company);
    }

    /// Pauses a location or brings it back. While it is paused, a refresh is answered with 400
    /// `Location is not active` and does not use the refresh token up.
    pub fn set_location_active(&self, location: &str, active: bool) {
        if let Some(location) = self.shared.world().locations.get_mut(location) {
            location.active = active;
        }
    }

    /// Changes the rate limit of one location or company: requests per sliding window, for one app
    /// or for all private tokens there.
    pub fn set_rate_limit(&self, resource: &str, max: usize, window: Duration) {
        let rate = limit::Rate { max, window };
        self.shared.world().limiter.set_rate(resource, rate);
    }

    /// The "Allow Duplicate Contact" setting of a location; off at first.
    pub fn allow_duplicate_contacts(&self, location: &str, allowed: bool) {
        if let Some(location) = self.shared.world().locations.get_mut(location) {
            location.allow_duplicates = allowed;
        }
    }

    /// Makes a conversation provider the one that carries the text messages of a location, as its settings do; at first
    /// there is none.
    pub fn set_sms_provider(&self, location: &str, provider: &str) {
        if let Some(location) = self.shared.world().locations.get_mut(location) {
            location.sms_provider = Some(provider.to_owned());
        }
    }

    /// Issues a private integration token of a sub-account. It does not expire.
    ///
    /// # Panics
    ///
    /// If there is no such location.
    #[must_use]
    pub fn issue_private_token(&self, location: &str, scopes: &[&str]) -> String {
        let mut world = self.shared.world();
        let company = world.locations.get(location).map(|l| l.company.clone());
        let company = company.unwrap_or_else(|| panic!("no location `{location}` was added"));
        world.issue_private_token(&company, Some(location), scopes)
    }

    /// Issues a private integration token of an agency. Operations of sub-accounts refuse it.
    #[must_use]
    pub fn issue_agency_token(&self, company: &str, scopes: &[&str]) -> String {
        let mut world = self.shared.world();
        world.issue_private_token(company, None, scopes)
    }

    /// Makes a private or access token invalid.
    pub fn revoke_token(&self, token: &str) {
        self.set_revoked(token, true);
    }

    /// Takes [`revoke_token`](Self::revoke_token) back.
    pub fn restore_token(&self, token: &str) {
        self.set_revoked(token, false);
    }

    fn set_revoked(&self, token: &str, revoked: bool) {
        let mut world = self.shared.world();
        if let Some(known) = world.auth.tokens.get_mut(token) {
            known.revoked = revoked;
            // Those of apps end with the process.
            if known.caller.client_id.is_none() {
                world.keep_token(token);
            }
        }
    }

    /// Makes every OAuth access token expired. Private tokens have no expiry.
    pub fn expire_access_tokens(&self) {
        let mut world = self.shared.world();
        let now = world.now();
        for token in world.auth.tokens.values_mut() {
            if token.expires.is_some() {
                token.expires = Some(now);
            }
        }
    }

    /// Makes every refresh token expired, as after a year.
    pub fn expire_refresh_tokens(&self) {
        let mut world = self.shared.world();
        let now = world.now();
        for grant in world.auth.refresh.values_mut() {
            grant.expires = now;
        }
    }

    /// Registers a marketplace app.
    #[must_use]
    pub fn register_app(&self, spec: AppSpec) -> App {
        self.shared.world().register_app(spec)
    }

    /// Plays the human who approves an app for one location: checks the authorize URL as the
    /// consent page does, installs the app, and returns the URL that the browser is sent to, with
    /// `code` and the given `state`.
    ///
    /// # Errors
    ///
    /// What the consent page would complain about.
    pub fn authorize(&self, authorize_url: &str, location: &str) -> Result<Url, AuthorizeError> {
        let mut world = self.shared.world();
        world.approve(authorize_url, None, &[location])
    }

    /// The same from the agency's view: the code leads to a Company token without a `locationId`,
    /// which has to be exchanged for each of these locations.
    ///
    /// # Errors
    ///
    /// What the consent page would complain about.
    pub fn authorize_company(
        &self,
        authorize_url: &str,
        company: &str,
        locations: &[&str],
    ) -> Result<Url, AuthorizeError> {
        let mut world = self.shared.world();
        world.approve(authorize_url, Some(company), locations)
    }

    /// Removes an app from a location: its tokens and refresh tokens there are dead.
    pub fn uninstall(&self, app: &App, location: &str) {
        let mut world = self.shared.world();
        let install = (app.client_id.clone(), location.to_owned());
        world.auth.installs.remove(&install);
        let client = Some(app.client_id.as_str());
        let is_meant = |caller: &auth::Caller| {
            caller.client_id.as_deref() == client && caller.location.as_deref() == Some(location)
        };
        world
            .auth
            .refresh
            .retain(|_, grant| !is_meant(&grant.caller));
        for token in world.auth.tokens.values_mut() {
            token.revoked |= is_meant(&token.caller);
        }
    }

    /// Replaces the fault plan.
    pub fn set_faults(&self, plan: FaultPlan) {
        *self.shared.faults() = plan;
    }
}

/// Webhooks.
impl SimulatedGhl {
    /// Signs an event with the simulator's own key. `type`, `timestamp`, `webhookId`, `appId` and
    /// `versionId` are added where the event does not have them.
    #[must_use]
    pub fn webhook(&self, kind: &str, event: Value) -> SignedWebhook {
        self.webhook_at(kind, event, self.clock.now())
    }

    /// The same with another `timestamp`, for instance a stale one.
    #[must_use]
    pub fn webhook_at(&self, kind: &str, event: Value, at: Timestamp) -> SignedWebhook {
        let mut world = self.shared.world();
        world.sign_webhook(kind, event, at, &self.signer)
    }

    /// The key that verifies the simulator's webhooks. Only receivers that let the key be
    /// configured can be tested; that is what they have to do anyway, since GHL rotates it.
    #[must_use]
    pub fn webhook_public_key(&self) -> PublicKey {
        self.signer.public_key()
    }

    /// Takes the webhooks for all changes since the last call, in order and signed: those made
    /// through the API, which come back as echoes, and those of
    /// [`edit_contact`](Self::edit_contact) and its like.
    #[must_use]
    pub fn take_webhooks(&self) -> Vec<SignedWebhook> {
        self.take(|change| change.provider.is_none())
    }

    /// Takes the messages that conversation providers were asked to carry since the last call, in order, signed:
    /// [`SignedWebhook::unsigned`] makes them as they came in 2026.
    #[must_use]
    pub fn take_deliveries(&self) -> Vec<SignedWebhook> {
        self.take(|change| change.provider.is_some())
    }

    fn take(&self, wanted: impl Fn(&state::Change) -> bool) -> Vec<SignedWebhook> {
        let mut world = self.shared.world();
        let changes = std::mem::take(&mut world.outbox);
        let (taken, left): (VecDeque<_>, _) = changes.into_iter().partition(wanted);
        world.outbox = left;
        taken
            .into_iter()
            .map(|change| world.webhook_of(change, &self.signer))
            .collect()
    }

    /// Sends the webhooks of all changes from now on to this URL, as they happen and until it is
    /// dropped. They are no longer among those of [`take_webhooks`](Self::take_webhooks).
    pub fn send_webhooks(&self, url: impl Into<String>) -> SenderBuilder {
        let signer = Arc::clone(&self.signer);
        let policy = self.delivery.clone();
        SenderBuilder::new(Arc::clone(&self.shared), signer, url.into(), policy)
    }

    /// Sends the messages that a conversation provider is asked to carry from now on to its delivery URL, until it is
    /// dropped: what users write to contacts, and texts that are sent through the API by this provider or, when it is
    /// the location's, by none in particular. They have no envelope, and are unsigned by default.
    pub fn send_deliveries(
        &self,
        provider: impl Into<String>,
        url: impl Into<String>,
    ) -> SenderBuilder {
        self.send_webhooks(url).of_provider(provider.into())
    }

    /// Delivers one webhook by the [`DeliveryPolicy`], and returns what became of it. Should the
    /// fault plan duplicate it, the second copy is delivered as well, before this returns.
    ///
    /// # Panics
    ///
    /// If `url` is not a URL.
    pub async fn deliver(&self, url: &str, webhook: SignedWebhook) -> Delivery {
        let mut deliveries = self.deliver_all(url, [webhook]).await;
        deliveries.swap_remove(0)
    }

    /// Delivers several, duplicated and reordered by the fault plan. Later ones overtake those
    /// that have to be tried again. The result is in the order of the first tries.
    ///
    /// # Panics
    ///
    /// If `url` is not a URL.
    pub async fn deliver_all(
        &self,
        url: &str,
        webhooks: impl IntoIterator<Item = SignedWebhook>,
    ) -> Vec<Delivery> {
        let url = Url::parse(url).expect("a webhook URL");
        let webhooks = webhooks.into_iter().collect();
        self.shared.deliver(&url, webhooks, &self.delivery).await
    }
}

impl fmt::Debug for SimulatedGhl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedGhl")
            .field("base_url", &self.base_url)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Drop for SimulatedGhl {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}
