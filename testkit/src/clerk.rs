//! A simulated Clerk.
//!
//! [`SimulatedClerk`] is an HTTP server in this process that answers like Clerk's Backend API and its public key set. It
//! signs session tokens with RSA keys that it makes, rotates them, lets tokens be as short as it is told, and fails by
//! plan. It is never kinder than Clerk.

mod key;
mod server;
mod state;

use std::{
    fmt, io,
    sync::{Arc, MutexGuard},
    time::Duration,
};

use serde_json::{Map, Value};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

use self::server::Shared;
use self::state::World;
pub use self::{key::RsaSigner, state::ClerkStats};
pub use crate::common::clock::Clock;
use crate::common::serve;
use crate::fault::FaultPlan;

/// Settings of a [`SimulatedClerk`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    clock: Clock,
    lifetime: Duration,
    faults: FaultPlan,
}

impl Builder {
    /// The clock of token lifetimes.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How long a session token lives when nothing is asked for; Clerk's minute by default.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// What goes wrong.
    pub fn faults(mut self, plan: FaultPlan) -> Self {
        self.faults = plan;
        self
    }

    /// Starts the server on 127.0.0.1, on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn start(self) -> io::Result<SimulatedClerk> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let world = World::new(self.clock.clone(), address.clone(), self.lifetime);
        let shared = Arc::new(Shared::new(world, self.faults));
        let stop = Arc::new(Notify::new());
        let server = tokio::spawn(serve::run(listener, Arc::clone(&shared), Arc::clone(&stop)));
        Ok(SimulatedClerk {
            shared,
            address,
            clock: self.clock,
            stop,
            server: Some(server),
        })
    }
}

/// A simulated Clerk. It stops when it is dropped.
///
/// `Debug` shows its address and counts, nothing of its state.
pub struct SimulatedClerk {
    shared: Arc<Shared>,
    address: String,
    clock: Clock,
    stop: Arc<Notify>,
    server: Option<JoinHandle<()>>,
}

impl SimulatedClerk {
    /// Settings.
    pub fn builder() -> Builder {
        Builder {
            clock: Clock::real(),
            lifetime: Duration::from_secs(60),
            faults: FaultPlan::none(),
        }
    }

    /// Starts one with Clerk's lifetimes and no faults.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Where the Backend API answers: `http://127.0.0.1:<port>/v1`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/v1", self.address)
    }

    /// Who issues the tokens: the address of the Frontend API.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.address
    }

    /// Where the public keys are.
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.address)
    }

    /// The secret key of the Backend API.
    #[must_use]
    pub fn secret_key(&self) -> String {
        self.world().secret_key.clone()
    }

    /// The public key in use, in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.world().current().pem()
    }

    /// The simulator's clock. Moving it forward expires tokens.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Adds a user with these claims of the application, and an active session of theirs. The session's id.
    pub fn sign_in(&self, user: &str, claims: Value) -> String {
        let claims = match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        };
        self.world().sign_in(user, claims)
    }

    /// Ends a session: no more tokens come from it.
    pub fn end_session(&self, session: &str) {
        if let Some(session) = self
            .world()
            .sessions
            .iter_mut()
            .find(|one| one.id == session)
        {
            session.status = "ended";
        }
    }

    /// A token of a session, as the user's browser has it.
    ///
    /// # Panics
    ///
    /// If there is no such active session.
    #[must_use]
    pub fn session_token(&self, session: &str) -> String {
        let token = self.world().mint(session, None, None);
        token.unwrap_or_else(|| panic!("no active session `{session}`"))
    }

    /// A token with any header and claims, signed with the key in use: for what Clerk would never sign.
    #[must_use]
    pub fn forge(&self, header: &Value, claims: &Value) -> String {
        self.world().current().jwt(header, claims)
    }

    /// A token that this instance signed, and whose time has come by its clock.
    #[must_use]
    pub fn accepts(&self, token: &str) -> bool {
        self.shared.accepts(token).is_some()
    }

    /// What verifies this instance's tokens for a simulated system behind it.
    #[must_use]
    pub fn verifier(&self) -> TokenCheck {
        TokenCheck(Arc::clone(&self.shared))
    }

    /// Signs with a new key from now on. The old one stays in the set until [`retire_keys`](Self::retire_keys).
    pub fn rotate_keys(&self) {
        self.world().rotate();
    }

    /// Takes all keys but the one in use out of the set.
    pub fn retire_keys(&self) {
        self.world().retire();
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> ClerkStats {
        self.world().stats.clone()
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

impl fmt::Debug for SimulatedClerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedClerk")
            .field("address", &self.address)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Drop for SimulatedClerk {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// What tells good session tokens of a [`SimulatedClerk`] from others.
#[derive(Clone)]
pub struct TokenCheck(Arc<Shared>);

impl TokenCheck {
    /// What a token says, when it is good now.
    pub(crate) fn claims(&self, token: &str) -> Option<Value> {
        self.0.accepts(token)
    }
}

impl fmt::Debug for TokenCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenCheck")
    }
}
