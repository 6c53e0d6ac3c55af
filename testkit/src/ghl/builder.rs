use std::{collections::VecDeque, io, path::PathBuf, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::Notify};

use super::{
    SimulatedGhl,
    auth::AuthTables,
    contacts::table::SearchDelay,
    ids::Ids,
    journal::Stats,
    limit::{Limiter, Rate},
    server::Shared,
    state::World,
};
use crate::{
    common::{clock::Clock, delivery::DeliveryPolicy, serve},
    fault::FaultPlan,
    signer::Ed25519Signer,
};

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
    search_jitter: Duration,
    rates: Vec<(String, Rate)>,
    port: u16,
    faults: FaultPlan,
    delivery: DeliveryPolicy,
    locations: Vec<(String, String)>,
    journal: Option<PathBuf>,
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
            search_jitter: Duration::ZERO,
            rates: Vec::new(),
            port: 0,
            faults: FaultPlan::none(),
            delivery: DeliveryPolicy::current(),
            locations: Vec::new(),
            journal: None,
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

    /// The same for one location or company alone, as
    /// [`SimulatedGhl::set_rate_limit`] does.
    pub fn rate_limit_of(
        mut self,
        resource: impl Into<String>,
        max: usize,
        window: Duration,
    ) -> Self {
        self.rates.push((resource.into(), Rate { max, window }));
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

    /// How much longer than [`search_lag`](Self::search_lag) single writes may take to be found, by
    /// the seed; none by default. With it a later write may be found before an earlier one, so
    /// that rows turn up behind a reader who has already read past their `dateUpdated`.
    pub fn search_jitter(mut self, jitter: Duration) -> Self {
        self.search_jitter = jitter;
        self
    }

    /// The port to listen on; by default any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
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

    /// Makes it outlive its process. Contacts, private tokens, the journals of requests and writes, the counters and the
    /// rate limit's windows are appended to this file before an answer is sent, and are there again after the next
    /// start with the same file, seed and locations. It survives a kill at any instant, and not a failure of the
    /// machine, since nothing is synced to the disk.
    ///
    /// Apps and their tokens, messages, appointments and webhooks that were not sent end with the process. Which fault
    /// struck a request is not told, and its status is the one that it was to be sent.
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// Starts the server on 127.0.0.1, on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the port cannot be bound, or the journal cannot be read or written.
    pub async fn start(self) -> io::Result<SimulatedGhl> {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await?;
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
            search: SearchDelay {
                lag: self.search_lag,
                jitter: self.search_jitter,
            },
            auth: AuthTables::default(),
            limiter: Limiter::new(self.max, self.window, self.daily, self.retry_after),
            locations: std::collections::BTreeMap::new(),
            journal: Vec::new(),
            starts: Vec::new(),
            disk: None,
            stats: Stats::default(),
            writes: Vec::new(),
            outbox: VecDeque::new(),
            subscriptions: Vec::new(),
        };
        for (resource, rate) in &self.rates {
            world.limiter.set_rate(resource, *rate);
        }
        for (id, company) in &self.locations {
            world.add_location(id, company);
        }
        match &self.journal {
            Some(path) => world.journal_to(path)?,
            None => world.starts.push(0),
        }
        let shared = Arc::new(Shared::new(world, self.faults));
        let stop = Arc::new(Notify::new());
        let server = tokio::spawn(serve::run(listener, Arc::clone(&shared), Arc::clone(&stop)));
        Ok(SimulatedGhl {
            shared,
            base_url,
            clock: self.clock,
            signer: Arc::new(signer),
            delivery: self.delivery,
            stop,
            server: Some(server),
        })
    }
}
