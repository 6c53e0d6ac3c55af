//! A provider's token endpoint with refresh tokens that rotate, and processes that share stores.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::http::{
    Body, HttpContext, Outgoing, ResponseBody, TokenSource, Transport, TransportError,
    TransportFailure,
};
use integrations_core::oauth::{
    MemoryLeaseStore, MemoryTokenStore, OAuthClient, OAuthProfile, OAuthTokens, OAuthTokensBuilder,
    StoredTokens, TokenKey, TokenSet, TokenStore,
};
use integrations_core::{Clock, Error, ErrorKind, IntegrationId, RefreshToken, Result, TenantId};
use jiff::SignedDuration;

use crate::support::RuntimeClock;

/// What happens to one request instead of a rotation.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    /// It is answered so.
    Answer(u16, String),
    /// It is answered 503 with a wait of so many seconds.
    Busy(u64),
    /// It breaks before the endpoint acts.
    Break(TransportFailure),
    /// The endpoint rotates, and its answer is lost.
    LoseAnswer,
    /// It takes this long, on top of the usual delay.
    Slow(Duration),
}

#[derive(Clone)]
pub(crate) struct TokenServer(Arc<Mutex<Inner>>);

struct Inner {
    number: u32,
    requests: Vec<HashMap<String, String>>,
    scripts: VecDeque<Script>,
    delay: Duration,
    lifetime: u64,
}

impl TokenServer {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Inner {
            number: 0,
            requests: Vec::new(),
            scripts: VecDeque::new(),
            delay: Duration::from_secs(2),
            lifetime: 3600,
        })))
    }

    pub(crate) fn script(&self, script: Script) {
        self.0.lock().unwrap().scripts.push_back(script);
    }

    pub(crate) fn delay(&self, delay: Duration) {
        self.0.lock().unwrap().delay = delay;
    }

    pub(crate) fn lifetime(&self, seconds: u64) {
        self.0.lock().unwrap().lifetime = seconds;
    }

    /// How many requests arrived.
    pub(crate) fn requests(&self) -> usize {
        self.0.lock().unwrap().requests.len()
    }

    /// How many times the refresh token was rotated.
    pub(crate) fn rotations(&self) -> u32 {
        self.0.lock().unwrap().number
    }

    fn rotate(&self) -> (u16, String) {
        let mut inner = self.0.lock().unwrap();
        inner.number += 1;
        let (number, lifetime) = (inner.number, inner.lifetime);
        let body = format!(
            r#"{{"access_token":"at-{number}","refresh_token":"rt-{number}","expires_in":{lifetime}}}"#
        );
        (200, body)
    }
}

impl fmt::Debug for TokenServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenServer")
    }
}

#[async_trait]
impl Transport for TokenServer {
    async fn send(
        &self,
        request: Outgoing,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        let form: HashMap<String, String> = match &request.body {
            Body::Bytes(bytes) => url::form_urlencoded::parse(bytes).into_owned().collect(),
            _ => HashMap::new(),
        };
        let (script, mut delay, valid) = {
            let mut inner = self.0.lock().unwrap();
            inner.requests.push(form.clone());
            let valid = form.get("refresh_token") == Some(&format!("rt-{}", inner.number))
                || form["grant_type"] == "client_credentials";
            (inner.scripts.pop_front(), inner.delay, valid)
        };
        let rotated = || match valid {
            true => self.rotate(),
            false => (400, r#"{"error":"invalid_grant"}"#.to_owned()),
        };
        let mut wait = None;
        let result = match script {
            Some(Script::Busy(seconds)) => {
                wait = Some(seconds);
                Ok((503, String::new()))
            }
            None => Ok(rotated()),
            Some(Script::Slow(more)) => {
                delay += more;
                Ok(rotated())
            }
            Some(Script::Answer(status, body)) => Ok((status, body)),
            Some(Script::Break(failure)) => Err(failure),
            Some(Script::LoseAnswer) => {
                rotated();
                Err(TransportFailure::Broken)
            }
        };
        tokio::time::sleep(delay).await;
        let (status, body) = result.map_err(TransportError::bare)?;
        let mut response = http::Response::builder()
            .status(status)
            .header("content-type", "application/json");
        if let Some(seconds) = wait {
            response = response.header("retry-after", seconds);
        }
        Ok(response.body(ResponseBody::from_bytes(body)).unwrap())
    }
}

/// A token store whose saves can fail or dawdle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flaky {
    pub(crate) inner: MemoryTokenStore,
    pub(crate) failing_saves: Arc<AtomicUsize>,
    pub(crate) failing_loads: Arc<AtomicUsize>,
    pub(crate) loads: Arc<AtomicUsize>,
}

fn take(counter: &AtomicUsize) -> Result<()> {
    let left = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
    match left {
        Ok(_) => Err(Error::new(ErrorKind::Store, "the disk is full")),
        Err(_) => Ok(()),
    }
}

#[async_trait]
impl TokenStore for Flaky {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredTokens>> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        take(&self.failing_loads)?;
        self.inner.load(key).await
    }

    async fn save(&self, key: &TokenKey, tokens: &TokenSet, fence: Option<u64>) -> Result<u64> {
        take(&self.failing_saves)?;
        self.inner.save(key, tokens, fence).await
    }

    async fn delete(&self, tenant: &TenantId, integration: IntegrationId) -> Result<()> {
        self.inner.delete(tenant, integration).await
    }
}

/// Processes that share a database and a provider.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) server: TokenServer,
    pub(crate) store: Flaky,
    pub(crate) leases: MemoryLeaseStore,
    pub(crate) clock: RuntimeClock,
    pub(crate) key: TokenKey,
    pub(crate) profile: OAuthProfile,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = RuntimeClock::start();
        let token_url = "https://auth.plain.example/token".parse().unwrap();
        Self {
            server: TokenServer::new(),
            store: Flaky::default(),
            leases: MemoryLeaseStore::with_clock(clock),
            clock,
            key: TokenKey::new(TenantId::new("acme").unwrap(), IntegrationId::new()),
            profile: OAuthProfile::new("plain", token_url),
        }
    }

    /// A world whose stored token `at-0` ends in so many seconds.
    pub(crate) async fn with_tokens(seconds: i64) -> Self {
        let world = Self::new();
        let mut tokens = TokenSet::new("at-0");
        tokens.refresh_token = Some(RefreshToken::from("rt-0"));
        tokens.expires_at = Some(world.clock.now() + SignedDuration::from_secs(seconds));
        world.save(&tokens).await;
        world
    }

    pub(crate) async fn save(&self, tokens: &TokenSet) {
        self.store
            .inner
            .save(&self.key, tokens, None)
            .await
            .unwrap();
    }

    pub(crate) fn client(&self) -> OAuthClient {
        let context = HttpContext::builder()
            .transport(self.server.clone())
            .clock(self.clock)
            .build()
            .unwrap();
        OAuthClient::builder(self.profile.clone(), "app-1")
            .client_secret("app-secret")
            .build(&context)
            .unwrap()
    }

    pub(crate) fn builder(&self) -> OAuthTokensBuilder {
        OAuthTokens::builder(
            self.client(),
            self.key.clone(),
            Arc::new(self.store.clone()),
            Arc::new(self.leases.clone()),
        )
    }

    /// One more process.
    pub(crate) fn process(&self) -> OAuthTokens {
        self.builder().build().unwrap()
    }

    /// The stored tokens: access and refresh.
    pub(crate) async fn stored(&self) -> (String, String) {
        let tokens = self.store.inner.load(&self.key).await.unwrap().unwrap();
        let tokens = tokens.tokens;
        (
            tokens.access_token.expose_secret().to_owned(),
            tokens.refresh_token.unwrap().expose_secret().to_owned(),
        )
    }
}

/// The token as text.
pub(crate) async fn token(tokens: &impl TokenSource) -> Result<String> {
    let token = tokens.token().await?;
    Ok(token.expose_secret().to_owned())
}
