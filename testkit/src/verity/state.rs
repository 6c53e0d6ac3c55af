use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::catalogue::Endpoint;
use crate::{
    clerk::TokenCheck,
    common::{clock::Clock, effect::WriteRecord},
    fault::FaultKind,
};

/// All that the simulator knows, behind one lock that is never held over an await.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    rng: fastrand::Rng,
    pub(crate) service_key: String,
    pub(crate) key_works: bool,
    pub(crate) webhook_secret: String,
    pub(crate) tokens: Option<TokenCheck>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) texts: Vec<SentText>,
    /// The requests for texts that a fault kept from being taken, without saying so.
    pub(crate) struck: Vec<Value>,
    /// The thread of each pair of numbers.
    pub(crate) chats: BTreeMap<(String, String), String>,
    pub(crate) opted_out: BTreeSet<String>,
    pub(crate) unreachable: BTreeSet<String>,
    pub(crate) broadcasts: BTreeMap<String, Value>,
    pub(crate) journal: Vec<RequestRecord>,
    pub(crate) writes: Vec<WriteRecord>,
    pub(crate) stats: VerityStats,
    /// What no sender took.
    pub(crate) outbox: Vec<Told>,
    pub(crate) subscriptions: Vec<Subscription>,
    made: u64,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) kind: String,
    pub(crate) about: String,
    pub(crate) broadcast: bool,
    pub(crate) body: Value,
}

/// Where a running sender hears of it.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Only what is, or is not, about broadcasts.
    pub(crate) broadcast: Option<bool>,
    pub(crate) told: UnboundedSender<Told>,
    pub(crate) count: Arc<AtomicU64>,
}

/// A text that was taken. `Debug` shows neither the numbers nor the words.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentText {
    /// Its id.
    pub id: String,
    /// When it was taken, by the simulator's clock.
    pub at: Timestamp,
    /// The thread.
    pub chat: String,
    /// From which number.
    pub from: String,
    /// To which number.
    pub to: String,
    /// The words.
    pub body: String,
    /// What its sender called it.
    pub correlation: Option<String>,
    /// Whether it was sent through the API, and not by somebody in Verity.
    pub by_api: bool,
    /// `pending`, `delivered` or `failed`.
    pub status: &'static str,
}

impl fmt::Debug for SentText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentText")
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// One request that reached the simulator. Holds no body and no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Position in the journal, from 0.
    pub sequence: usize,
    /// When it arrived, by the simulator's clock.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path, as sent.
    pub path: String,
    /// The status that the client was sent; `None` while it waits, or if the connection was cut.
    pub status: Option<u16>,
    /// The fault that was injected.
    pub fault: Option<FaultKind>,
}

/// Counters of a [`SimulatedVerity`](super::SimulatedVerity).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerityStats {
    /// Requests that arrived.
    pub requests: u64,
    /// Requests refused with 401 or 403.
    pub refused: u64,
    /// Faults injected into requests.
    pub faults: u64,
    /// Texts that were taken.
    pub texts: u64,
    /// Texts to somebody who had said stop.
    pub stop_violations: u64,
    /// Webhooks that there were.
    pub webhooks: u64,
}

impl World {
    pub(crate) fn new(seed: u64, clock: Clock) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        Self {
            clock,
            service_key: format!("vk_{:032x}", rng.u128(..)),
            key_works: true,
            webhook_secret: format!("whs_{:032x}", rng.u128(..)),
            rng,
            tokens: None,
            endpoints: Vec::new(),
            texts: Vec::new(),
            struck: Vec::new(),
            chats: BTreeMap::new(),
            opted_out: BTreeSet::new(),
            unreachable: BTreeSet::new(),
            broadcasts: BTreeMap::new(),
            journal: Vec::new(),
            writes: Vec::new(),
            stats: VerityStats::default(),
            outbox: Vec::new(),
            subscriptions: Vec::new(),
            made: 0,
        }
    }

    /// An id of the form that Verity's are of.
    pub(crate) fn id(&mut self) -> String {
        self.made += 1;
        uuid::Builder::from_random_bytes(self.rng.u128(..).to_be_bytes())
            .into_uuid()
            .to_string()
    }

    pub(crate) fn stamp(&self) -> String {
        let now = self.clock.now();
        now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// Tells the senders.
    pub(crate) fn tell(&mut self, kind: &str, about: &str, broadcast: bool, body: Value) {
        let told = Told {
            kind: kind.to_owned(),
            about: about.to_owned(),
            broadcast,
            body,
        };
        self.stats.webhooks += 1;
        let mut taken = false;
        self.subscriptions.retain(|subscription| {
            if subscription.broadcast.is_some_and(|only| only != broadcast) {
                return !subscription.told.is_closed();
            }
            subscription.count.fetch_add(1, Ordering::SeqCst);
            let sent = subscription.told.send(told.clone()).is_ok();
            taken |= sent;
            sent
        });
        if !taken {
            self.outbox.push(told);
        }
    }
}
