use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::Notify};

use super::{
    SimulatedAloware,
    server::Shared,
    state::{Limit, World},
};
use crate::{
    common::{clock::Clock, serve},
    fault::FaultPlan,
};

/// Settings of a [`SimulatedAloware`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    seed: u64,
    clock: Clock,
    faults: FaultPlan,
    limit: Option<Limit>,
    strict: bool,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            seed: 0,
            clock: Clock::real(),
            faults: FaultPlan::none(),
            limit: None,
            strict: false,
        }
    }

    /// The seed of tokens, of ids, and of which numbers are texts. Two simulators with one seed make the same ones.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The clock of dates.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What goes wrong.
    pub fn faults(mut self, plan: FaultPlan) -> Self {
        self.faults = plan;
        self
    }

    /// At most this many requests in this span, and a 429 with `Retry-After` beyond. The provider documents no limit, so
    /// there is none by default: a client must live with either.
    pub fn rate_limit(mut self, max: usize, window: Duration) -> Self {
        self.limit = Some(Limit::new(max, window));
        self
    }

    /// *Prevent Messaging to Non-TCPA Approved Contacts*: whether a message to a contact who did not agree is refused by
    /// the carrier. Off by default, as with new accounts, where they are sent.
    pub fn only_authorized_texts(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Starts the server on 127.0.0.1, on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn start(self) -> io::Result<SimulatedAloware> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let world = World {
            clock: self.clock.clone(),
            rng: fastrand::Rng::with_seed(self.seed),
            tokens: BTreeMap::new(),
            users_available: true,
            only_authorized: self.strict,
            limit: self.limit,
            contacts: BTreeMap::new(),
            communications: BTreeMap::new(),
            lists: BTreeMap::from([("31".to_owned(), Vec::new()), ("32".to_owned(), Vec::new())]),
            enrolled: BTreeMap::new(),
            next: 0,
            journal: Vec::new(),
            writes: Vec::new(),
            stats: super::Stats::default(),
            outbox: Vec::new(),
            subscriptions: Vec::new(),
        };
        let shared = Arc::new(Shared::new(world, self.faults));
        let stop = Arc::new(Notify::new());
        let server = tokio::spawn(serve::run(listener, Arc::clone(&shared), Arc::clone(&stop)));
        Ok(SimulatedAloware {
            shared,
            address,
            clock: self.clock,
            stop,
            server: Some(server),
        })
    }
}
