//! A gateway in front of another system: one address, keys of our own, and every call checked before it is sent.
//!
//! Build a [`Gateway`] on an [`Upstream`] and put it [`at`](Gateway::at) its path, `/api/verity` for example. There are
//! three ways in:
//!
//! - `POST /` takes a call as an envelope (`endpoint`, `method`, `params`, `query`, `body`, `headers`) and answers with
//!   one (`success`, `data` or `error`, `meta`).
//! - Any method at `/{path}` passes a call through as it is, its body and its answer chunk by chunk.
//! - `GET /` answers with the catalogue.
//!
//! Every request needs a key, as `Authorization: Bearer …` or `X-Api-Key: …`; without keys all are refused. The user's
//! own token is the header `Authorization` of the envelope. A call that is passed through has it in its own
//! `Authorization`, next to the key in `X-Api-Key`.

mod answer;
mod body;
mod builder;
mod cors;
mod envelope;
mod handle;
mod headers;
mod keys;
mod limit;
mod path;
mod proxy;
mod refusal;
mod report;
mod scrub;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::routing::any;
use integrations_core::Clock;
use integrations_core::catalog::Upstream;
use tokio::sync::Semaphore;

pub use builder::{
    DEFAULT_ENVELOPE_LIMIT, DEFAULT_STREAM_LIMIT, DEFAULT_UPSTREAM_TIMEOUT, GatewayBuilder,
};
pub use keys::ApiKey;

use builder::Settings;
use keys::Keys;

/// A gateway in front of one [`Upstream`]; see the [module](self). Clones share everything.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

struct Shared {
    upstream: Arc<dyn Upstream>,
    keys: RwLock<Arc<Keys>>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    /// What bodies may have of the memory, in units of [`body::UNIT`] bytes.
    memory: Arc<Semaphore>,
}

impl Gateway {
    /// A gateway in front of this system, with no keys yet.
    pub fn builder(upstream: Arc<dyn Upstream>) -> GatewayBuilder {
        GatewayBuilder::new(upstream)
    }

    /// The gateway at this path of the application, `/api/verity` for example, with a slash behind it or without:
    /// `Router::new().merge(gateway.at("/api/verity"))`.
    ///
    /// # Panics
    /// As [`Router::nest_service`] does: for a path that is empty, `/`, or does not begin with a slash.
    pub fn at(&self, path: &str) -> Router {
        Router::new().nest_service(path, self.router())
    }

    /// The routes, for applications that mount them in a way of their own. `Router::nest` leaves out the mount point with a
    /// slash behind it, which [`at`](Self::at) has.
    ///
    /// Whoever hangs up gives the call up: the upstream's future is dropped.
    pub fn router(&self) -> Router {
        let router = Router::new()
            .route("/", any(handle::root))
            .route("/{*path}", any(handle::path))
            .fallback(handle::nowhere)
            .with_state(self.clone());
        match cors::layer(&self.0.settings) {
            Some(layer) => router.layer(layer),
            None => router,
        }
    }

    /// Takes these keys instead of those that were taken so far, by their names; see [`GatewayBuilder::key`]. Requests
    /// that have been let in go on. What a name has left of its rate limit stays as it is.
    pub fn replace_keys<N: Into<String>, K: Into<ApiKey>>(
        &self,
        keys: impl IntoIterator<Item = (N, K)>,
    ) {
        let keys = keys
            .into_iter()
            .map(|(name, key)| (name.into(), key.into()))
            .collect();
        let mut current = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(Keys::new(keys, self.0.settings.rate, Some(&current)));
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn upstream(&self) -> &dyn Upstream {
        &*self.0.upstream
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("upstream", &self.0.upstream)
            .field("keys", &self.keys())
            .finish_non_exhaustive()
    }
}
