use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::{sync::mpsc::UnboundedSender, time::Instant};

use super::{
    events::Told,
    journal::{RequestRecord, Stats},
};
use crate::common::{clock::Clock, effect::WriteRecord};

/// All that the simulator knows, behind one lock that is never held over an await.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) rng: fastrand::Rng,
    /// Each token, and whether it works.
    pub(crate) tokens: BTreeMap<String, bool>,
    pub(crate) users_available: bool,
    pub(crate) only_authorized: bool,
    pub(crate) limit: Option<Limit>,
    /// By id.
    pub(crate) contacts: BTreeMap<u64, Map<String, Value>>,
    pub(crate) communications: BTreeMap<u64, Map<String, Value>>,
    /// The contacts of each list of the power dialer.
    pub(crate) lists: BTreeMap<String, Vec<u64>>,
    /// The sequences of each contact.
    pub(crate) enrolled: BTreeMap<u64, BTreeSet<String>>,
    /// How many communications there were.
    pub(crate) next: u64,
    pub(crate) journal: Vec<RequestRecord>,
    pub(crate) writes: Vec<WriteRecord>,
    pub(crate) stats: Stats,
    /// The events that no subscription took.
    pub(crate) outbox: Vec<Told>,
    pub(crate) subscriptions: Vec<Subscription>,
}

/// Where a running sender hears of events.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) told: UnboundedSender<Told>,
    pub(crate) count: Arc<AtomicU64>,
}

/// A sliding window.
#[derive(Debug)]
pub(crate) struct Limit {
    max: usize,
    window: Duration,
    seen: VecDeque<Instant>,
}

impl Limit {
    pub(crate) fn new(max: usize, window: Duration) -> Self {
        Self {
            max,
            window,
            seen: VecDeque::new(),
        }
    }

    /// Whether there is room for one more, or how long until there is.
    fn arrive(&mut self) -> Result<(), Duration> {
        let now = Instant::now();
        while self
            .seen
            .front()
            .is_some_and(|first| now.duration_since(*first) >= self.window)
        {
            self.seen.pop_front();
        }
        match self.seen.front() {
            Some(first) if self.seen.len() >= self.max => {
                Err(self.window.saturating_sub(now.duration_since(*first)))
            }
            _ => {
                self.seen.push_back(now);
                Ok(())
            }
        }
    }
}

impl World {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The form that Aloware writes: UTC, without saying so.
    pub(crate) fn stamp(&self, after: Duration) -> String {
        let at = self.now().checked_add(after).unwrap_or(Timestamp::MAX);
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    pub(crate) fn issue_token(&mut self) -> String {
        let token = format!("{:016X}{:016X}", self.rng.u64(..), self.rng.u64(..));
        self.tokens.insert(token.clone(), true);
        token
    }

    /// Whether one more request is let in, or how long it has to wait.
    pub(crate) fn arrive(&mut self) -> Result<(), Duration> {
        match &mut self.limit {
            Some(limit) => limit.arrive(),
            None => Ok(()),
        }
    }

    /// Tells the subscribers.
    pub(crate) fn publish(&mut self, told: Told) {
        let mut taken = false;
        self.subscriptions.retain(|subscription| {
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
