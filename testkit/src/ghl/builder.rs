use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::Notify};

use super::{
    SimulatedGhl,
    auth::AuthTables,
    clock::Clock,
    deliver::DeliveryPolicy,
    ids::Ids,
    journal::Stats,
    limit::Limiter,
    server::{self, Shared},
    state::World,
};
use crate::{fault::FaultPlan, signer::Ed25519Signer};

/// Settings of a [`SimulatedGhl`]. The defaults are the provider's documented values.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    seed: u64,
    clock: Clock,
    max: usize,
    window: Duration,
    daily: u64,
    retry_after: bool,
    token_lifetime: Duration,
    search_lag: Duration,
    faults: FaultPlan,
    delivery: DeliveryPolicy,
    locations: Vec<(String, String)>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            seed: 0,
            clock: Clock::real(),
            max: 100,
            window: Duration::from_secs(10),
            daily: 200_000,
            retry_after: false,
            token_lifetime: Duration::from_secs(86_399),
            search_lag: Duration::from_secs(1),
            faults: FaultPlan::none(),
            delivery: DeliveryPolicy::current(),
            locations: Vec::new(),
        }
    }

    /// The seed of all ids, tokens and keys. Two simulators with one seed make the same ones.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The clock of token lifetimes and dates.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Requests per sliding window, for one app on one location or company. GHL: 100 in 10 s.
    pub fn rate_limit(mut self, max: usize, window: Duration) -> Self {
        self.max = max;
        self.window = window;
        self
    }

    /// Requests per day, for one app on one location or company. GHL: 200,000.
    pub fn daily_limit(mut self, daily: u64) -> Self {
        self.daily = daily;
        self
    }

    /// Whether a 429 says `Retry-After`. GHL documents none, so the default is no.
    pub fn retry_after(mut self, sent: bool) -> Self {
        self.retry_after = sent;
        self
    }

    /// How long an access token lives. GHL: 86,399 s.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// How far the contact search lags behind writes. With GHL it is a matter of seconds, so the
    /// default is one second: a contact that was just created is not found yet.
    pub fn search_lag(mut self, lag: Duration) -> Self {
        self.search_lag = lag;
        self
    }

    /// What goes wrong.
    pub fn faults(mut self, plan: FaultPlan) -> Self {
        self.faults = plan;
        self
    }

    /// How webhooks are delivered.
    pub fn delivery(mut self, policy: DeliveryPolicy) -> Self {
        self.delivery = policy;
        self
    }

    /// Adds a location, as [`SimulatedGhl::add_location`] does.
    pub fn location(mut self, id: impl Into<String>, company: impl Into<String>) -> Self {
        self.locations.push((id.into(), company.into()));
        self
    }

    /// Starts the server on a free port of 127.0.0.1, on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn start(self) -> io::Result<SimulatedGhl> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let base_url = format!("http://{address}");
        let mut ids = Ids::seeded(self.seed);
        let signer = Ed25519Signer::from_seed(ids.bytes());
        let app_id = ids.object();
        let mut world = World {
            clock: self.clock.clone(),
            version_id: app_id.clone(),
            app_id,
            ids,
            base_url: base_url.clone(),
            token_lifetime: self.token_lifetime,
            search_lag: self.search_lag,
            auth: AuthTables::default(),
            limiter: Limiter::new(self.max, self.window, self.daily, self.retry_after),
            locations: std::collections::BTreeMap::new(),
            journal: Vec::new(),
            stats: Stats::default(),
            outbox: VecDeque::new(),
        };
        for (id, company) in &self.locations {
            world.add_location(id, company);
        }
        let shared = Arc::new(Shared::new(world, self.faults));
        let stop = Arc::new(Notify::new());
        let server = tokio::spawn(server::run(
            listener,
            Arc::clone(&shared),
            Arc::clone(&stop),
        ));
        Ok(SimulatedGhl {
            shared,
            base_url,
            clock: self.clock,
            signer,
            delivery: self.delivery,
            stop,
            server: Some(server),
        })
    }
}
