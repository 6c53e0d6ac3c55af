use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    server::Shared,
    state::{Change, Subscription},
    webhooks::webhook_id,
};
use crate::{
    common::{
        delivery::DeliveryPolicy,
        sender::{Ready, Setup, WebhookSender},
        webhook_faults::WebhookFaults,
    },
    signer::Ed25519Signer,
};

/// Settings of a [`WebhookSender`].
#[must_use = "nothing is sent before it is started"]
pub struct SenderBuilder {
    shared: Arc<Shared>,
    signer: Arc<Ed25519Signer>,
    url: String,
    policy: DeliveryPolicy,
    faults: WebhookFaults,
    location: Option<String>,
    provider: Option<String>,
    signed: bool,
    at_once: usize,
}

impl SenderBuilder {
    pub(crate) fn new(
        shared: Arc<Shared>,
        signer: Arc<Ed25519Signer>,
        url: String,
        policy: DeliveryPolicy,
    ) -> Self {
        Self {
            shared,
            signer,
            url,
            policy,
            faults: WebhookFaults::none(),
            location: None,
            provider: None,
            signed: true,
            at_once: 16,
        }
    }

    /// The deliveries of a conversation provider in place of the webhooks of an app.
    pub(crate) fn of_provider(mut self, provider: String) -> Self {
        (self.provider, self.signed) = (Some(provider), false);
        self
    }

    /// Whether each is signed. Webhooks are by default. The deliveries of a conversation provider are not: they were
    /// unsigned in 2026, and nobody has confirmed that this changed.
    pub fn signed(mut self, signed: bool) -> Self {
        self.signed = signed;
        self
    }

    /// What happens to the webhooks on their way; nothing by default. The rates of a
    /// [`FaultPlan`](crate::FaultPlan) are for [`deliver`](super::SimulatedGhl::deliver) and not for this.
    pub fn faults(mut self, faults: WebhookFaults) -> Self {
        self.faults = faults;
        self
    }

    /// How failed deliveries are tried again; by default as the simulator's builder said. A receiver that is killed and
    /// started again is down for longer than the default's half second: give
    /// [`with_delays`](DeliveryPolicy::with_delays) that outlast it.
    pub fn policy(mut self, policy: DeliveryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Only the webhooks of this location.
    pub fn location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// How many deliveries are on their way at once; 16 by default. With one, and without faults, they arrive in order.
    pub fn at_once(mut self, deliveries: usize) -> Self {
        self.at_once = deliveries.max(1);
        self
    }

    /// Starts it on the current tokio runtime.
    ///
    /// # Panics
    ///
    /// If the URL is not one.
    #[must_use = "it stops when it is dropped"]
    pub fn start(self) -> WebhookSender {
        let (changes, inbox) = mpsc::unbounded_channel();
        let told: Arc<AtomicU64> = Arc::default();
        self.shared.world().subscriptions.push(Subscription {
            location: self.location,
            provider: self.provider,
            changes,
            count: Arc::clone(&told),
        });
        let (shared, count) = (Arc::clone(&self.shared), Arc::clone(&told));
        let unsubscribe = move || {
            let subscriptions = &mut shared.world().subscriptions;
            subscriptions.retain(|subscription| !Arc::ptr_eq(&subscription.count, &count));
        };
        let setup = Setup {
            url: self.url,
            policy: self.policy,
            faults: self.faults,
            at_once: self.at_once,
            told,
            unsubscribe: Box::new(unsubscribe),
        };
        let (shared, signer, signed) = (self.shared, self.signer, self.signed);
        setup.start(inbox, move |change| {
            prepare(&shared, &signer, signed, change)
        })
    }
}

impl fmt::Debug for SenderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderBuilder")
            .field("faults", &self.faults)
            .field("policy", &self.policy)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

/// Makes the webhook of a change, or the delivery of a message.
fn prepare(shared: &Shared, signer: &Ed25519Signer, signed: bool, change: Change) -> Ready {
    let (record, kind) = (record_of(&change), change.kind);
    let webhook = shared.world().webhook_of(change, signer);
    let webhook = match signed {
        true => webhook,
        false => webhook.unsigned(),
    };
    Ready {
        kind: kind.to_owned(),
        record,
        name: |ready| match webhook_id(&ready.body) {
            // A delivery has none.
            id if id.is_empty() => ready.record.clone(),
            id => id,
        },
        headers: webhook.headers,
        body: webhook.body,
        after: Duration::ZERO,
    }
}

/// What a change is about.
fn record_of(change: &Change) -> String {
    let names = ["id", "messageId"].into_iter();
    let mut ids = names.filter_map(|name| change.body.get(name)?.as_str());
    let inner = change.body.get("appointment");
    let inner = inner.and_then(|inner| inner.get("id")?.as_str());
    ids.next().or(inner).unwrap_or("").to_owned()
}
