use std::{io, sync::Arc};

use serde_json::Value;
use tokio::{net::TcpListener, sync::Notify};

use super::{SimulatedVerity, catalogue, server::Shared, state::World};
use crate::{
    clerk::TokenCheck,
    common::{clock::Clock, serve},
    fault::FaultPlan,
};

/// Settings of a [`SimulatedVerity`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    seed: u64,
    clock: Clock,
    faults: FaultPlan,
    tokens: Option<TokenCheck>,
    catalogue: Value,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            seed: 0,
            clock: Clock::real(),
            faults: FaultPlan::none(),
            tokens: None,
            catalogue: Value::Null,
        }
    }

    /// The seed of all ids and keys.
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

    /// Takes the session tokens of this Clerk, for as long as they are good by its clock. Without, no token is taken.
    pub fn tokens(mut self, tokens: TokenCheck) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Serves the endpoints of this catalogue too, each by answering what it was asked.
    pub fn catalogue(mut self, catalogue: Value) -> Self {
        self.catalogue = catalogue;
        self
    }

    /// Starts the server on 127.0.0.1, on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn start(self) -> io::Result<SimulatedVerity> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let mut world = World::new(self.seed, self.clock.clone());
        world.tokens = self.tokens;
        world.endpoints = catalogue::read(&self.catalogue);
        let shared = Arc::new(Shared::new(world, self.faults));
        let stop = Arc::new(Notify::new());
        let server = tokio::spawn(serve::run(listener, Arc::clone(&shared), Arc::clone(&stop)));
        Ok(SimulatedVerity {
            shared,
            base_url,
            clock: self.clock,
            stop,
            server: Some(server),
        })
    }
}
