use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::sync::mpsc;

use super::server::Shared;
use super::state::{Subscription, Told};
use crate::{
    common::{
        delivery::DeliveryPolicy,
        sender::{Ready, Setup, WebhookSender},
        webhook_faults::WebhookFaults,
    },
    signer::HmacSigner,
};

/// What proves a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Proof {
    /// The HMAC of the body, in the header of its own.
    #[default]
    Signature,
    /// The same in `X-Signature`, with `sha256=` before it.
    GenericSignature,
    /// The secret itself, as Verity does today.
    LegacySecret,
    /// Nothing.
    Nothing,
    /// The HMAC with another secret.
    Forged,
}

/// A webhook as it goes over the wire. `Debug` shows the size of the body, not its content.
#[derive(Clone)]
#[non_exhaustive]
pub struct VerityWebhook {
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes.
    pub body: Bytes,
}

impl VerityWebhook {
    pub(crate) fn of(told: &Told, proof: Proof, secret: &str) -> Self {
        Self::new(told.body.to_string().into(), told.broadcast, proof, secret)
    }

    pub(crate) fn new(body: Bytes, broadcast: bool, proof: Proof, secret: &str) -> Self {
        let (signature, plain) = match broadcast {
            true => ("x-broadcast-signature", "x-df-broadcast-secret"),
            false => ("x-texting-signature", "x-texting-secret"),
        };
        let hmac = |secret: &str| HmacSigner::sha256(secret).hex(&body);
        let (name, value) = match proof {
            Proof::Signature => (signature, hmac(secret)),
            Proof::GenericSignature => ("x-signature", format!("sha256={}", hmac(secret))),
            Proof::LegacySecret => (plain, secret.to_owned()),
            Proof::Forged => (signature, hmac("somebody else's secret")),
            Proof::Nothing => ("x-nothing", "nothing".to_owned()),
        };
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
        Self { headers, body }
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl fmt::Debug for VerityWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerityWebhook")
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Settings of a [`WebhookSender`].
#[must_use = "nothing is sent before it is started"]
pub struct SenderBuilder {
    shared: Arc<Shared>,
    url: String,
    proof: Proof,
    faults: WebhookFaults,
    policy: DeliveryPolicy,
    broadcast: Option<bool>,
    at_once: usize,
}

impl SenderBuilder {
    pub(crate) fn new(shared: Arc<Shared>, url: String) -> Self {
        Self {
            shared,
            url,
            proof: Proof::default(),
            faults: WebhookFaults::none(),
            policy: DeliveryPolicy::current(),
            broadcast: None,
            at_once: 16,
        }
    }

    /// Only the webhooks of texting, which have an address of their own.
    pub fn texting(mut self) -> Self {
        self.broadcast = Some(false);
        self
    }

    /// Only the webhooks of broadcasts, which have an address of their own.
    pub fn broadcasts(mut self) -> Self {
        self.broadcast = Some(true);
        self
    }

    /// What proves the webhooks; the signature by default.
    pub fn proof(mut self, proof: Proof) -> Self {
        self.proof = proof;
        self
    }

    /// What happens to the webhooks on their way; nothing by default.
    pub fn faults(mut self, faults: WebhookFaults) -> Self {
        self.faults = faults;
        self
    }

    /// How failed deliveries are tried again. Verity documents nothing; by default they are tried often, and
    /// [`DeliveryPolicy::never_again`] is as likely.
    pub fn policy(mut self, policy: DeliveryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How many deliveries are on their way at once; 16 by default.
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
        let (told, inbox) = mpsc::unbounded_channel();
        let count: Arc<AtomicU64> = Arc::default();
        let secret = {
            let mut world = self.shared.world();
            world.subscriptions.push(Subscription {
                broadcast: self.broadcast,
                told,
                count: Arc::clone(&count),
            });
            world.webhook_secret.clone()
        };
        let (shared, own) = (self.shared, Arc::clone(&count));
        let unsubscribe = move || {
            let subscriptions = &mut shared.world().subscriptions;
            subscriptions.retain(|subscription| !Arc::ptr_eq(&subscription.count, &own));
        };
        let setup = Setup {
            url: self.url,
            policy: self.policy,
            faults: self.faults,
            at_once: self.at_once,
            told: count,
            unsubscribe: Box::new(unsubscribe),
        };
        let proof = self.proof;
        setup.start(inbox, move |told: Told| {
            let webhook = VerityWebhook::of(&told, proof, &secret);
            Ready {
                name: |ready| format!("{}:{}", ready.kind, ready.record),
                kind: told.kind,
                record: told.about,
                headers: webhook.headers,
                body: webhook.body,
                after: std::time::Duration::ZERO,
            }
        })
    }
}

impl fmt::Debug for SenderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderBuilder")
            .field("proof", &self.proof)
            .field("faults", &self.faults)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
