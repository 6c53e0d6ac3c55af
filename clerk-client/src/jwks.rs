use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method};
use integrations_core::http::{
    HttpContext, Idempotency, Operation, Pipeline, Request, RetryPolicy,
};
use integrations_core::{Error, ErrorKind, Result};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::client::operation;
use crate::dialect::ClerkDialect;
use crate::flight::{Flight, copy};
use crate::reason::Reason;

const FETCH: Operation = operation(
    "jwks.get",
    Method::GET,
    "/.well-known/jwks.json",
    Idempotency::Safe,
);
/// More than any instance has; the set is kept in memory.
const MOST_KEYS: usize = 100;
const LARGEST: usize = 1024 * 1024;

/// One public key.
pub(crate) struct Key {
    pub(crate) decoding: DecodingKey,
    /// The one algorithm that it is for, when it says.
    pub(crate) algorithm: Option<Algorithm>,
}

/// An instance's keys, fetched when they are needed and kept for a while.
///
/// A key that is not known makes it look again, once for all who ask, and never more than once a minute, whatever comes:
/// tokens with made-up keys cost Clerk nothing. When Clerk cannot be reached, keys that are known stay good for a while
/// longer. Each set belongs to one address: the key of another instance is not found in it, whatever its id.
pub struct Jwks {
    shared: Arc<Shared>,
}

struct Shared {
    pipeline: Pipeline,
    path: String,
    headers: HeaderMap,
    ttl: Duration,
    grace: Duration,
    pause: Duration,
    state: Mutex<State>,
    flight: Flight<Set>,
}

type Set = Arc<HashMap<String, Arc<Key>>>;

#[derive(Default)]
struct State {
    /// The keys, and when they came.
    keys: Option<(Set, Instant)>,
    /// When they were last asked for.
    asked: Option<Instant>,
    /// Why they did not come the last time.
    failure: Option<Error>,
}

/// What to do about a key.
enum Next {
    Use(Arc<Key>),
    Refuse(Error),
    Wait(crate::flight::Ticket<Set>),
}

impl Jwks {
    /// The public keys at an address, for example `https://clerk.example.com/.well-known/jwks.json`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is no `https` URL, or has a query.
    pub fn at(url: &str, context: &HttpContext) -> Result<JwksBuilder> {
        let unusable = || {
            Error::config("the JWKS URL is not one: it looks like https://clerk.example.com/.well-known/jwks.json")
                .with_provider(crate::PROVIDER)
        };
        let mut base = Url::parse(url).map_err(|_| unusable())?;
        if base.cannot_be_a_base() || base.query().is_some() {
            return Err(unusable());
        }
        let path = base.path().to_owned();
        base.set_path("/");
        let pipeline = Pipeline::builder(context, ClerkDialect, base)
            .retry(RetryPolicy::DEFAULT)
            .subject("keys")
            .build()?;
        Ok(Self::of(pipeline, path, HeaderMap::new()))
    }

    pub(crate) fn of(
        pipeline: Pipeline,
        path: impl Into<String>,
        headers: HeaderMap,
    ) -> JwksBuilder {
        JwksBuilder(Shared {
            pipeline,
            path: path.into(),
            headers,
            ttl: Duration::from_secs(300),
            grace: Duration::from_secs(600),
            pause: Duration::from_secs(60),
            state: Mutex::default(),
            flight: Flight::default(),
        })
    }

    /// Fetches the keys now, so that the first caller does not wait for them.
    ///
    /// # Errors
    /// [`ErrorKind::Connect`] when they cannot be had: see [`Reason`].
    pub async fn warm_up(&self) -> Result<()> {
        let ticket = {
            let mut state = self.shared.state();
            if state.keys.is_some() {
                return Ok(());
            }
            match self.shared.flight.current() {
                Some(ticket) => ticket,
                None if !self.shared.may_ask(&state) => {
                    return Err(state.failure.as_ref().map_or_else(missing, copy));
                }
                None => self.shared.ask(&mut state),
            }
        };
        ticket.outcome().await.map(drop)
    }

    /// The key with this id.
    pub(crate) async fn key(&self, id: &str) -> Result<Arc<Key>> {
        let ticket = match self.shared.next(id) {
            Next::Use(key) => return Ok(key),
            Next::Refuse(error) => return Err(error),
            Next::Wait(ticket) => ticket,
        };
        match ticket.outcome().await {
            Ok(set) => set
                .get(id)
                .cloned()
                .ok_or_else(|| Reason::KidMismatch.into()),
            Err(error) => self.shared.state().old_key(&self.shared, id).ok_or(error),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may_ask(&self, state: &State) -> bool {
        state
            .asked
            .is_none_or(|asked| asked.elapsed() >= self.pause)
    }

    fn next(self: &Arc<Self>, id: &str) -> Next {
        let mut state = self.state();
        let fresh = state
            .keys
            .as_ref()
            .is_some_and(|(_, came)| came.elapsed() < self.ttl);
        if fresh && let Some(key) = state.known(id) {
            return Next::Use(key);
        }
        if let Some(ticket) = self.flight.current() {
            return Next::Wait(ticket);
        }
        if self.may_ask(&state) {
            return Next::Wait(self.ask(&mut state));
        }
        match state.old_key(self, id) {
            Some(key) => Next::Use(key),
            None => Next::Refuse(match (&state.failure, &state.keys) {
                (Some(failure), _) => copy(failure),
                (None, Some(_)) => Reason::KidMismatch.into(),
                (None, None) => missing(),
            }),
        }
    }

    /// Asks for the keys. Whoever waits may go away: the answer is kept for the others.
    fn ask(self: &Arc<Self>, state: &mut State) -> crate::flight::Ticket<Set> {
        state.asked = Some(Instant::now());
        let shared = Arc::clone(self);
        self.flight.join(async move {
            let fetched = shared.fetch().await;
            let mut state = shared.state();
            match &fetched {
                Ok(set) => {
                    state.keys = Some((Arc::clone(set), Instant::now()));
                    state.failure = None;
                }
                Err(error) => {
                    tracing::warn!(kind = %error.kind(), code = error.code(), "the keys of the instance did not come");
                    state.failure = Some(copy(error));
                }
            }
            drop(state);
            fetched
        })
    }

    async fn fetch(&self) -> Result<Set> {
        let mut request = Request::new(FETCH, self.path.clone());
        request.headers = self.headers.clone();
        request.options.max_response_bytes = Some(LARGEST);
        let reply = self.pipeline.send(request).await.map_err(|error| {
            let reason = match error.kind() {
                ErrorKind::Auth | ErrorKind::Permission => Reason::SecretKeyInvalid,
                ErrorKind::Decode => Reason::RemoteInvalid,
                _ => Reason::RemoteFailedToLoad,
            };
            caused(reason, &error)
        })?;
        let document: Document = reply
            .json()
            .map_err(|error| caused(Reason::RemoteInvalid, &error))?;
        let keys: HashMap<_, _> = document
            .keys
            .into_iter()
            .take(MOST_KEYS)
            .filter_map(usable)
            .collect();
        if keys.is_empty() {
            return Err(Reason::RemoteMissing.into());
        }
        Ok(Arc::new(keys))
    }
}

impl State {
    fn known(&self, id: &str) -> Option<Arc<Key>> {
        self.keys.as_ref()?.0.get(id).cloned()
    }

    /// A key that is good for as long as Clerk cannot be asked.
    fn old_key(&self, shared: &Shared, id: &str) -> Option<Arc<Key>> {
        let (_, came) = self.keys.as_ref()?;
        (came.elapsed() < shared.ttl + shared.grace).then(|| self.known(id))?
    }
}

fn missing() -> Error {
    Reason::RemoteFailedToLoad.into()
}

fn caused(reason: Reason, cause: &Error) -> Error {
    let mut error = Error::from(reason).with_attempts(cause.attempts());
    if let Some(status) = cause.status() {
        error = error.with_status(status);
    }
    if let Some(id) = cause.request_id() {
        error = error.with_request_id(id);
    }
    if let Some(wait) = cause.retry_after() {
        error = error.with_retry_after(wait);
    }
    error
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    n: String,
    e: String,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
}

fn usable(key: Value) -> Option<(String, Arc<Key>)> {
    let key = Jwk::deserialize(key).ok()?;
    let algorithm = match key.alg.as_deref() {
        None => None,
        Some("RS256") => Some(Algorithm::RS256),
        Some("RS384") => Some(Algorithm::RS384),
        Some("RS512") => Some(Algorithm::RS512),
        Some(_) => return None,
    };
    let signs = key.purpose.is_none_or(|purpose| purpose == "sig");
    if key.kty != "RSA" || !signs {
        return None;
    }
    let decoding = DecodingKey::from_rsa_components(&key.n, &key.e).ok()?;
    Some((
        key.kid,
        Arc::new(Key {
            decoding,
            algorithm,
        }),
    ))
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwks")
            .field("base_url", &self.shared.pipeline.base_url().as_str())
            .field("path", &self.shared.path)
            .finish_non_exhaustive()
    }
}

/// Builds [`Jwks`].
#[must_use]
pub struct JwksBuilder(Shared);

impl JwksBuilder {
    /// How long keys are good; five minutes by default.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.0.ttl = ttl;
        self
    }

    /// How much longer they are good when no new ones can be had; ten minutes by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.0.grace = grace;
        self
    }

    /// How long it is at least from one time that the keys are asked for to the next; a minute by default.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.0.pause = pause;
        self
    }

    /// The keys. Nothing is fetched yet.
    #[must_use]
    pub fn build(self) -> Jwks {
        Jwks {
            shared: Arc::new(self.0),
        }
    }
}

impl fmt::Debug for JwksBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksBuilder")
            .field("path", &self.0.path)
            .field("ttl", &self.0.ttl)
            .field("grace", &self.0.grace)
            .field("pause", &self.0.pause)
            .finish_non_exhaustive()
    }
}
