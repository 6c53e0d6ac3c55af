//! A simulated Aloware.
//!
//! [`SimulatedAloware`] is an HTTP server in this process that answers like the API at `app.aloware.io/api/v1`: a page of
//! HTML for paths that do not exist, contacts without ids after their creation, numbers that are texts every other time. It
//! keeps state, sends webhooks as the provider does, once and unsigned, and fails by plan. It is never kinder than the
//! provider.

mod builder;
mod calls;
mod contacts;
mod events;
mod inspect;
mod journal;
mod loose;
mod messages;
mod operations;
mod power_dialer;
mod sender;
mod sequences;
mod server;
mod state;
mod users;

use std::{fmt, io, sync::Arc};

use serde_json::Value;
use tokio::{sync::Notify, task::JoinHandle};

use self::server::Shared;
pub use self::{
    builder::Builder,
    events::PlainWebhook,
    journal::{RequestRecord, Stats},
    sender::{Auth, SenderBuilder},
};
pub use crate::common::{
    clock::Clock,
    delivery::{Delivery, DeliveryPolicy},
    effect::{Effect, WriteRecord},
    sender::{SenderStats, WebhookSender},
    webhook_faults::WebhookFaults,
};
use crate::fault::FaultPlan;

/// The path of the API, which is part of the [base URL](SimulatedAloware::base_url).
pub const API: &str = "/api/v1";

/// The words that end text messages to a contact: as the whole message, in any case.
pub const STOP_WORDS: [&str; 6] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"];

/// A simulated Aloware. It stops when it is dropped.
///
/// All methods take `&self`, so an `Arc` shares it between tasks. `Debug` shows its address and counts, nothing of its
/// state.
pub struct SimulatedAloware {
    shared: Arc<Shared>,
    address: String,
    clock: Clock,
    stop: Arc<Notify>,
    server: Option<JoinHandle<()>>,
}

/// Life and credentials.
impl SimulatedAloware {
    /// Settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Starts one without faults.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// `http://127.0.0.1:<port>/api/v1`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}{API}", self.address)
    }

    /// The simulator's clock.
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

    /// Issues an API token of a user. It does not expire.
    #[must_use]
    pub fn issue_token(&self) -> String {
        self.shared.world().issue_token()
    }

    /// Makes a token invalid.
    pub fn revoke_token(&self, token: &str) {
        self.shared.world().tokens.insert(token.to_owned(), false);
    }

    /// Takes [`revoke_token`](Self::revoke_token) back.
    pub fn restore_token(&self, token: &str) {
        self.shared.world().tokens.insert(token.to_owned(), true);
    }

    /// Replaces the fault plan.
    pub fn set_faults(&self, plan: FaultPlan) {
        *self.shared.faults() = plan;
    }

    /// Whether anybody takes calls; at first yes. Without, a two-legged call is refused.
    pub fn set_users_available(&self, available: bool) {
        self.shared.world().users_available = available;
    }
}

/// What people do.
impl SimulatedAloware {
    /// A contact with these fields, which are those of the form. Its id.
    #[must_use]
    pub fn seed_contact(&self, fields: Value) -> String {
        self.shared.world().seed_contact(fields)
    }

    /// Made-up contacts; their ids.
    #[must_use]
    pub fn seed_contacts(&self, count: usize) -> Vec<String> {
        let mut world = self.shared.world();
        (0..count).map(|at| world.made_up_contact(at)).collect()
    }

    /// Changes fields of a contact, past the API. Whether there is one.
    pub fn edit_contact(&self, id: &str, fields: Value) -> bool {
        self.shared.world().edit_contact(id, fields)
    }

    /// Somebody enters a contact with these fields: one delivery. Its id.
    pub fn add_contact(&self, fields: Value) -> String {
        self.shared.world().add_contact(fields)
    }

    /// Somebody notes how it stands with a contact, in the account's own words: one delivery. Whether there is one.
    pub fn dispose_contact(&self, id: &str, words: &str) -> bool {
        self.shared.world().dispose_contact(id, words)
    }

    /// A call of 63 s that somebody made to a contact and completed: **six deliveries**. The id of the call, or `None`
    /// when there is no such contact.
    pub fn complete_call(&self, contact: &str) -> Option<String> {
        self.shared.world().completed_call(contact)
    }

    /// A call that failed: two deliveries.
    pub fn fail_call(&self, contact: &str) -> Option<String> {
        self.shared.world().failed_call(contact)
    }

    /// A call that a contact made and nobody took: three deliveries.
    pub fn miss_call(&self, contact: &str) -> Option<String> {
        self.shared.world().missed_call(contact)
    }

    /// A text message from a contact: one delivery. One of the [`STOP_WORDS`] opts the contact out of text messages, on
    /// every line; calls are another matter.
    pub fn receive_sms(&self, contact: &str, text: &str) -> Option<String> {
        self.shared.world().received_sms(contact, text)
    }

    /// Somebody writes a text message to a contact: one delivery, which says that it arrived, or for a contact who
    /// opted out that it was not sent. The id of the message.
    pub fn write_sms(&self, contact: &str, text: &str) -> Option<String> {
        self.shared.world().written_sms(contact, text)
    }

    /// An appointment with a contact: one delivery.
    pub fn set_appointment(&self, contact: &str) -> Option<String> {
        self.shared.world().appointment(contact)
    }

    /// Notes about a call how it ended, again: one more `Call-Disposed` of the same call.
    pub fn dispose_again(&self, call: &str, words: &str) -> bool {
        self.shared.world().disposed_again(call, words)
    }
}

/// Webhooks.
impl SimulatedAloware {
    /// Takes the webhooks of all changes since the last call, in order.
    #[must_use]
    pub fn take_webhooks(&self) -> Vec<PlainWebhook> {
        let mut world = self.shared.world();
        let told = std::mem::take(&mut world.outbox);
        told.into_iter().map(PlainWebhook::of).collect()
    }

    /// Sends the webhooks of all changes from now on to this URL, each once, whatever is answered. They are no longer
    /// among those of [`take_webhooks`](Self::take_webhooks).
    pub fn send_webhooks(&self, url: impl Into<String>, auth: Auth) -> SenderBuilder {
        SenderBuilder::new(Arc::clone(&self.shared), url.into(), auth)
    }

    /// What *Save and Test Webhook* sends: always the same bytes.
    #[must_use]
    pub fn test_webhook(&self) -> PlainWebhook {
        PlainWebhook::ping()
    }
}

impl fmt::Debug for SimulatedAloware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedAloware")
            .field("address", &self.address)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Drop for SimulatedAloware {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}
