//! A provider in memory that gives tokens, on tokio's clock, so that time can be paused.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use ghl_client::Client;
use ghl_client::oauth::{self, LocationTokens};
use integrations_core::http::{
    Body, HttpContext, Outgoing, ResponseBody, Transport, TransportError,
};
use integrations_core::oauth::{
    MemoryLeaseStore, MemoryTokenStore, OAuthClient, OAuthTokens, TokenKey, TokenSet, TokenStore,
};
use integrations_core::{Clock, IntegrationId, RefreshToken, TenantId};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

pub(super) const COMPANY: &str = "com1";
pub(super) const APP: &str = "app1";
/// What a location's token may do.
pub(super) const SCOPE: &str = "users.readonly oauth.readonly oauth.write";

/// A clock that goes as tokio's does.
#[derive(Debug, Clone, Copy)]
pub(super) struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        start + SignedDuration::try_from(self.0.elapsed()).unwrap()
    }
}

#[derive(Clone, Default)]
pub(super) struct Provider(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// `POST /oauth/locationToken`, by location.
    exchanges: Vec<String>,
    /// With which token.
    parents: Vec<String>,
    /// What is answered instead of a token, by location; `*` for the token endpoint.
    refusals: HashMap<String, VecDeque<(u16, Value)>>,
    refreshes: usize,
    /// The pages of installed locations.
    pages: VecDeque<(u16, Value)>,
    listed: Vec<String>,
    calls: Vec<String>,
    under_way: usize,
    most_under_way: usize,
}

impl Provider {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn refuse(&self, location: &str, status: u16, body: Value) {
        let mut state = self.state();
        let refusals = state.refusals.entry(location.to_owned()).or_default();
        refusals.push_back((status, body));
    }

    pub(super) fn page(&self, status: u16, body: Value) {
        self.state().pages.push_back((status, body));
    }

    /// The locations whose tokens were asked for.
    pub(super) fn exchanges(&self) -> Vec<String> {
        self.state().exchanges.clone()
    }

    pub(super) fn parents(&self) -> Vec<String> {
        self.state().parents.clone()
    }

    pub(super) fn refreshes(&self) -> usize {
        self.state().refreshes
    }

    /// The queries of the list of installed locations.
    pub(super) fn listed(&self) -> Vec<String> {
        self.state().listed.clone()
    }

    /// The tokens that other calls came with.
    pub(super) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// How many exchanges were under way at once.
    pub(super) fn most_under_way(&self) -> usize {
        self.state().most_under_way
    }

    fn exchange(&self, form: &HashMap<String, String>, token: String) -> (u16, Value) {
        let location = form["locationId"].clone();
        assert_eq!(form["companyId"], COMPANY);
        let mut state = self.state();
        state.exchanges.push(location.clone());
        state.parents.push(token);
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        if let Some(refusal) = state
            .refusals
            .get_mut(&location)
            .and_then(VecDeque::pop_front)
        {
            return refusal;
        }
        let number = state.exchanges.len();
        let body = json!({
            "access_token": format!("{location}-{number}"), "token_type": "Bearer", "expires_in": 86_399,
            "scope": SCOPE, "locationId": location, "userId": "use1", "planId": "pla1",
        });
        (201, body)
    }

    fn refresh(&self) -> (u16, Value) {
        let mut state = self.state();
        state.refreshes += 1;
        let number = state.refreshes;
        if let Some(refusal) = state.refusals.get_mut("*").and_then(VecDeque::pop_front) {
            return refusal;
        }
        let body = json!({
            "access_token": format!("company-{number}"), "refresh_token": format!("rt-{number}"),
            "expires_in": 86_399, "scope": "oauth.readonly oauth.write", "userType": "Company", "companyId": COMPANY,
        });
        (200, body)
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

#[async_trait]
impl Transport for Provider {
    async fn send(
        &self,
        request: Outgoing,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        let form: HashMap<String, String> = match &request.body {
            Body::Bytes(bytes) => url::form_urlencoded::parse(bytes).into_owned().collect(),
            _ => HashMap::new(),
        };
        let token = request.headers.get("authorization");
        let token = token.map(|value| value.to_str().unwrap().replace("Bearer ", ""));
        let token = token.unwrap_or_default();
        let (status, body) = match request.url.path() {
            "/oauth/locationToken" => {
                let answer = self.exchange(&form, token);
                tokio::time::sleep(Duration::from_secs(1)).await;
                self.state().under_way -= 1;
                answer
            }
            "/oauth/token" => self.refresh(),
            "/oauth/installedLocations" => {
                let mut state = self.state();
                state.listed.push(request.url.query().unwrap().to_owned());
                state.pages.pop_front().unwrap()
            }
            _ => {
                self.state().calls.push(token);
                (200, json!({"users": []}))
            }
        };
        let response = http::Response::builder()
            .status(status)
            .header("content-type", "application/json");
        let body = ResponseBody::from_bytes(body.to_string());
        Ok(response.body(body).unwrap())
    }
}

/// A company whose token `company-0` lasts so many seconds.
#[derive(Debug)]
pub(super) struct World {
    pub(super) provider: Provider,
    pub(super) store: MemoryTokenStore,
    pub(super) leases: MemoryLeaseStore,
    pub(super) context: HttpContext,
    pub(super) key: TokenKey,
}

impl World {
    pub(super) async fn lasting(seconds: i64) -> Self {
        let clock = RuntimeClock(Instant::now());
        let provider = Provider::default();
        let context = HttpContext::builder()
            .transport(provider.clone())
            .clock(clock);
        let world = Self {
            provider,
            store: MemoryTokenStore::new(),
            leases: MemoryLeaseStore::with_clock(clock),
            context: context.build().unwrap(),
            key: TokenKey::new(TenantId::new("acme").unwrap(), IntegrationId::new()),
        };
        let mut tokens = TokenSet::new("company-0");
        tokens.refresh_token = Some(RefreshToken::from("rt-0"));
        tokens.expires_at = Some(clock.now() + SignedDuration::from_secs(seconds));
        tokens.scopes = vec!["oauth.readonly".to_owned(), "oauth.write".to_owned()];
        tokens.extra.insert("userType".to_owned(), "Company".into());
        world.store.save(&world.key, &tokens, None).await.unwrap();
        world
    }

    pub(super) async fn new() -> Self {
        Self::lasting(10 * 86_400).await
    }

    /// The company's tokens in one more process.
    pub(super) fn company(&self) -> OAuthTokens {
        let profile = oauth::for_company(oauth::profile());
        let client = OAuthClient::builder(profile, format!("{APP}-abcd1234"))
            .client_secret("app-secret")
            .build(&self.context)
            .unwrap();
        let stores = (Arc::new(self.store.clone()), Arc::new(self.leases.clone()));
        OAuthTokens::builder(client, self.key.clone(), stores.0, stores.1)
            .build()
            .unwrap()
    }

    pub(super) fn client(&self) -> Client {
        Client::builder()
            .without_token()
            .context(&self.context)
            .build()
            .unwrap()
    }

    /// One more process.
    pub(super) fn tokens(&self) -> LocationTokens {
        self.client()
            .oauth()
            .location_tokens(COMPANY, self.company())
    }

    /// What the store holds for a location.
    pub(super) async fn stored(&self, location: &str) -> Option<String> {
        let key = self.key.slot(format!("location:{location}"));
        let stored = self.store.load(&key).await.unwrap()?;
        Some(stored.tokens.access_token.expose_secret().to_owned())
    }

    pub(super) async fn has_company(&self) -> bool {
        self.store.load(&self.key).await.unwrap().is_some()
    }
}
