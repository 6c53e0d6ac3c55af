use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use integrations_core::catalog::Upstream;
use integrations_core::{Clock, Error, Result, SystemClock};
use tokio::sync::Semaphore;

use super::body::UNIT;
use super::cors;
use super::headers::{SENT, SHOWN, may_pass};
use super::keys::{ApiKey, Keys};
use super::limit::Rate;
use super::{Gateway, Shared};

/// The largest envelope, and the largest answer that is put into one, in bytes.
pub const DEFAULT_ENVELOPE_LIMIT: usize = 10 * 1024 * 1024;

/// The largest body that is passed through, in bytes.
pub const DEFAULT_STREAM_LIMIT: u64 = 100 * 1024 * 1024;

/// How long the upstream may take to answer.
pub const DEFAULT_UPSTREAM_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) struct Settings {
    pub(super) prefix: String,
    pub(super) description: String,
    pub(super) production: bool,
    pub(super) token_required: bool,
    pub(super) listed_only: bool,
    pub(super) envelope_limit: usize,
    pub(super) stream_limit: u64,
    pub(super) read_timeout: Duration,
    pub(super) timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) rate: Option<Rate>,
    pub(super) sent: HashSet<HeaderName>,
    pub(super) shown: HashSet<HeaderName>,
    pub(super) origins: Vec<HeaderValue>,
}

/// Builds a [`Gateway`].
#[must_use]
pub struct GatewayBuilder {
    upstream: Arc<dyn Upstream>,
    clock: Arc<dyn Clock>,
    keys: Vec<(String, ApiKey)>,
    rate: Option<(u32, Duration)>,
    origins: Vec<String>,
    memory: usize,
    settings: Settings,
}

impl GatewayBuilder {
    pub(super) fn new(upstream: Arc<dyn Upstream>) -> Self {
        Self {
            upstream,
            clock: Arc::new(SystemClock),
            keys: Vec::new(),
            rate: Some((600, Duration::from_secs(60))),
            origins: Vec::new(),
            memory: 64 * 1024 * 1024,
            settings: Settings {
                prefix: "/api".to_owned(),
                description: "Sends a call to the API behind this gateway".to_owned(),
                production: true,
                token_required: false,
                listed_only: false,
                envelope_limit: DEFAULT_ENVELOPE_LIMIT,
                stream_limit: DEFAULT_STREAM_LIMIT,
                read_timeout: crate::DEFAULT_READ_TIMEOUT,
                timeout: DEFAULT_UPSTREAM_TIMEOUT,
                idle_timeout: DEFAULT_UPSTREAM_TIMEOUT,
                rate: None,
                sent: SENT.into_iter().collect(),
                shown: SHOWN.into_iter().collect(),
                origins: Vec::new(),
            },
        }
    }

    /// Lets in whoever has this key. The name stands in logs and metrics, and what a name may send is counted by it: to
    /// change a key, add the new one under the same name, and take the old one away when nobody uses it any more. An
    /// empty key lets nobody in.
    pub fn key(mut self, name: impl Into<String>, key: impl Into<ApiKey>) -> Self {
        self.keys.push((name.into(), key.into()));
        self
    }

    /// How many requests each key's name may send at once and in each span; 600 a minute by default.
    pub fn rate_limit(mut self, requests: u32, per: Duration) -> Self {
        self.rate = Some((requests, per));
        self
    }

    /// Requests are not counted: somebody else does.
    pub fn no_rate_limit(mut self) -> Self {
        self.rate = None;
        self
    }

    /// What all endpoints begin with: `/api` by default. It is put before the paths that are passed through and do not
    /// have it.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.prefix = prefix.into();
        self
    }

    /// What the answer with the catalogue says of the gateway.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.settings.description = text.into();
        self
    }

    /// Says more in errors: their details, paths and stacks, as the upstream sent them. For development alone.
    pub fn verbose_errors(mut self) -> Self {
        self.settings.production = false;
        self
    }

    /// Demands a user's token for whatever needs one. By default a call without a token has the upstream's own
    /// credential, except where only administrators may call.
    pub fn require_token(mut self) -> Self {
        self.settings.token_required = true;
        self
    }

    /// Refuses endpoints that are not in the catalogue. By default they are noted in the log and sent.
    pub fn listed_only(mut self) -> Self {
        self.settings.listed_only = true;
        self
    }

    /// The largest envelope, and the largest answer put into one, in bytes; [`DEFAULT_ENVELOPE_LIMIT`] by default.
    pub fn envelope_limit(mut self, bytes: usize) -> Self {
        self.settings.envelope_limit = bytes;
        self
    }

    /// The largest body that is passed through, in bytes; [`DEFAULT_STREAM_LIMIT`] by default. It is never in memory as a
    /// whole.
    pub fn stream_limit(mut self, bytes: u64) -> Self {
        self.settings.stream_limit = bytes;
        self
    }

    /// How many bytes of envelopes and of answers for them may be in memory at once, all requests together; 64 MiB by
    /// default. When there is no room for another, the caller is asked to come back.
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// How long to wait for a whole envelope, [`DEFAULT_READ_TIMEOUT`](crate::DEFAULT_READ_TIMEOUT) by default.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.read_timeout = timeout;
        self
    }

    /// How long the upstream may take: for an envelope until its answer is there, for a call that is passed through from
    /// the last piece of its body until the answer begins. [`DEFAULT_UPSTREAM_TIMEOUT`] by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long a body that is passed through may bring nothing, in either direction; 30 s by default.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.idle_timeout = timeout;
        self
    }

    /// Lets another header of callers through to the upstream.
    pub fn allow_request_header(mut self, name: HeaderName) -> Self {
        self.settings.sent.insert(name);
        self
    }

    /// Lets another header of the upstream through to callers.
    pub fn allow_response_header(mut self, name: HeaderName) -> Self {
        self.settings.shown.insert(name);
        self
    }

    /// Lets web pages of this origin call, `https://app.example.com` for example. By default none may, and `OPTIONS` is
    /// passed through like any other method.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Tells the time by this clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The gateway.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) for a rate limit of nothing, an origin that is none
    /// (`*` is none), a header that never goes through, and a prefix that is no path.
    pub fn build(self) -> Result<Gateway> {
        let mut settings = self.settings;
        settings.rate = match self.rate {
            None => None,
            Some((requests, per)) => Some(Rate::new(requests, per).ok_or_else(|| {
                Error::config("a rate limit of the gateway needs a number of requests and a span")
            })?),
        };
        if let Some(name) = settings
            .sent
            .iter()
            .chain(&settings.shown)
            .find(|name| !may_pass(name))
        {
            let text = format!("the header {name} never goes through a gateway");
            return Err(Error::config(text));
        }
        for origin in self.origins {
            let value = cors::origin(&origin).ok_or_else(|| {
                Error::config("an origin is written as browsers do: https://app.example.com")
            })?;
            settings.origins.push(value);
        }
        let prefix = settings.prefix.trim_end_matches('/').to_owned();
        if !prefix.is_empty() && !super::path::is_endpoint(&prefix) {
            return Err(Error::config("the prefix of the endpoints is no path"));
        }
        settings.prefix = prefix;
        Ok(Gateway(Arc::new(Shared {
            upstream: self.upstream,
            keys: RwLock::new(Arc::new(Keys::new(self.keys, settings.rate, None))),
            clock: self.clock,
            memory: Arc::new(Semaphore::new(self.memory.div_ceil(UNIT).min(1 << 30))),
            settings,
        })))
    }
}

impl fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(|(name, _)| name).collect();
        f.debug_struct("GatewayBuilder")
            .field("upstream", &self.upstream)
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}
