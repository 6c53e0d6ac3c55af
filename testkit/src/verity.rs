//! A simulated Verity.
//!
//! [`SimulatedVerity`] is an HTTP server in this process that takes text messages with a service key, and everything else
//! with session tokens: calls, broadcasts, contacts, and any endpoint of a catalogue. It keeps state and a journal of
//! writes, refuses tokens whose time is over, sends webhooks with a signature or with the bare secret, and fails by plan.
//! It is never kinder than Verity: a message that is sent twice is two messages, and who said stop is sent nothing.

mod builder;
mod catalogue;
mod comms;
mod messages;
mod sender;
mod server;
mod state;

use std::{
    fmt, io,
    sync::{Arc, MutexGuard},
};

use serde_json::{Value, json};
use tokio::{sync::Notify, task::JoinHandle};

use self::server::Shared;
use self::state::World;
pub use self::{
    builder::Builder,
    sender::{Proof, SenderBuilder, VerityWebhook},
    state::{RequestRecord, SentText, VerityStats},
};
use crate::common::effect::repeated;
pub use crate::common::{
    clock::Clock,
    delivery::{Delivery, DeliveryPolicy},
    effect::{Effect, WriteRecord},
    sender::{SenderStats, WebhookSender},
    webhook_faults::WebhookFaults,
};
use crate::fault::FaultPlan;

/// Where the texting system takes messages.
pub const SEND_MESSAGE: &str = "/api/integrations/df-middleware/send-message";

/// A simulated Verity. It stops when it is dropped.
///
/// All methods take `&self`. `Debug` shows its address and counts, nothing of its state.
pub struct SimulatedVerity {
    shared: Arc<Shared>,
    base_url: String,
    clock: Clock,
    stop: Arc<Notify>,
    server: Option<JoinHandle<()>>,
}

/// Life and credentials.
impl SimulatedVerity {
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

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The simulator's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The key that sends messages.
    #[must_use]
    pub fn service_key(&self) -> String {
        self.world().service_key.clone()
    }

    /// Makes the service key invalid, or valid again.
    pub fn set_service_key_works(&self, works: bool) {
        self.world().key_works = works;
    }

    /// The secret of its webhooks.
    #[must_use]
    pub fn webhook_secret(&self) -> String {
        self.world().webhook_secret.clone()
    }

    /// Replaces the fault plan.
    pub fn set_faults(&self, plan: FaultPlan) {
        *self.shared.faults() = plan;
    }

    /// Stops the server and cuts its connections.
    pub async fn shutdown(mut self) {
        self.stop.notify_one();
        if let Some(server) = self.server.take() {
            let _ = server.await;
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}

/// What people do.
impl SimulatedVerity {
    /// Somebody writes a text to a number of the account. The message's id. A keyword as the whole message opts out, or in
    /// again, as the carrier does it.
    pub fn receive_text(&self, from: &str, to: &str, body: &str) -> String {
        self.world().receive(from, to, body)
    }

    /// Somebody writes a text in Verity itself. The message's id; it has no correlation.
    pub fn write_text(&self, to: &str, body: &str) -> String {
        self.world().write(to, body)
    }

    /// Texts to this number do not arrive from now on.
    pub fn set_unreachable(&self, number: &str) {
        self.world().unreachable.insert(number.to_owned());
    }

    /// A broadcast is done, or its numbers have changed.
    pub fn announce_broadcast(&self, id: &str, kind: &str) {
        let mut world = self.world();
        let at = world.stamp();
        let body = json!({"broadcastId": id, "eventType": kind, "timestamp": at});
        world.tell(kind, id, true, body);
    }
}

/// Webhooks.
impl SimulatedVerity {
    /// Takes the webhooks of all changes since the last call that no sender took, in order.
    #[must_use]
    pub fn take_webhooks(&self, proof: Proof) -> Vec<VerityWebhook> {
        let mut world = self.world();
        let told = std::mem::take(&mut world.outbox);
        let secret = world.webhook_secret.clone();
        told.into_iter()
            .map(|told| VerityWebhook::of(&told, proof, &secret))
            .collect()
    }

    /// Any body as a webhook of texting, or of broadcasts.
    #[must_use]
    pub fn webhook(
        &self,
        body: impl Into<bytes::Bytes>,
        broadcast: bool,
        proof: Proof,
    ) -> VerityWebhook {
        VerityWebhook::new(body.into(), broadcast, proof, &self.webhook_secret())
    }

    /// Sends the webhooks of all changes from now on to this URL, until it is dropped. Verity signs nothing as of today;
    /// see [`SenderBuilder::proof`].
    pub fn send_webhooks(&self, url: impl Into<String>) -> SenderBuilder {
        SenderBuilder::new(Arc::clone(&self.shared), url.into())
    }
}

/// What a test looks at.
impl SimulatedVerity {
    /// All texts that were taken, in order.
    #[must_use]
    pub fn texts(&self) -> Vec<SentText> {
        self.world().texts.clone()
    }

    /// The bodies of the requests for texts that a fault struck before its effect, in order: for all that their sender
    /// knows, those texts may have gone out. A 429 is not among them.
    #[must_use]
    pub fn struck_texts(&self) -> Vec<Value> {
        self.world().struck.clone()
    }

    /// The journal of all requests, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.world().journal.clone()
    }

    /// The journal of all requests that may change something, in the order in which they took effect.
    #[must_use]
    pub fn write_journal(&self) -> Vec<WriteRecord> {
        self.world().writes.clone()
    }

    /// The writes that repeat an earlier one byte for byte and were obeyed again.
    #[must_use]
    pub fn applied_twice(&self) -> Vec<WriteRecord> {
        repeated(&self.world().writes)
    }

    /// Texts that went out to somebody who had said stop; the carrier kept them back.
    #[must_use]
    pub fn stop_violations(&self) -> u64 {
        self.world().stats.stop_violations
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> VerityStats {
        self.world().stats.clone()
    }

    /// A broadcast as it is kept; null when there is none.
    #[must_use]
    pub fn broadcast(&self, id: &str) -> Value {
        self.world().broadcasts.get(id).cloned().unwrap_or_default()
    }
}

impl fmt::Debug for SimulatedVerity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedVerity")
            .field("base_url", &self.base_url)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Drop for SimulatedVerity {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}
