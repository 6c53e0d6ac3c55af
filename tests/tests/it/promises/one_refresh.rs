//! 6: one refresh per expiry across all processes; no rotated token is lost.

use std::sync::Arc;
use std::time::Duration;

use ghl_client::oauth::profile_at;
use integrations_core::http::HttpContext;
use integrations_core::lease::LeaseStore as _;
use integrations_core::oauth::{Authorize, Callback, OAuthClient, TokenKey, TokenStore as _};
use integrations_core::provider::Integration;
use integrations_core::status::Status;
use integrations_core::{Error, ErrorKind, IntegrationId, ManualClock};
use integrations_testkit::SimulatedGhl;
use integrations_testkit::ghl::{App as GhlApp, AppSpec, Clock};
use serde_json::json;

use crate::support::app::App;
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::{ACTOR, leaks, tenant, until};

const REDIRECT: &str = "https://app.example.com/oauth/callback";
const SCOPES: &[&str] = &["contacts.readonly", "locations.readonly"];
const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Two processes over one database and one integration that was authorized with OAuth, on a clock that tests move.
struct Pair {
    ghl: SimulatedGhl,
    clock: Arc<ManualClock>,
    marketplace: GhlApp,
    one: App,
    two: App,
    id: IntegrationId,
}

fn http(clock: &Arc<ManualClock>) -> HttpContext {
    let builder = HttpContext::builder().clock(Arc::clone(clock));
    builder.build().expect("TLS")
}

fn oauth(ghl: &SimulatedGhl, marketplace: &GhlApp, http: &HttpContext) -> OAuthClient {
    let profile = profile_at(ghl.base_url()).expect("a URL");
    OAuthClient::builder(profile, marketplace.client_id.clone())
        .client_secret(marketplace.client_secret.as_str())
        .redirect_uri(REDIRECT.parse().expect("a URL"))
        .build(http)
        .expect("a client")
}

async fn authorize(app: &App, ghl: &SimulatedGhl, id: IntegrationId) {
    let acme = tenant("acme");
    let ask = Authorize::new(acme.clone(), id).scopes(SCOPES.iter().copied());
    let page = app.manager.authorize(ask).await.expect("a page").url;
    let back = ghl.authorize(page.as_str(), LOCATION).expect("consent");
    let callback = Callback::parse(back.as_str());
    let manager = &app.manager;
    let done = manager
        .complete_authorization(&acme, SLUG, &callback, ACTOR)
        .await;
    done.expect("tokens").test.expect("they work");
}

impl Pair {
    async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(
            "2026-11-21T08:00:00Z".parse().expect("a time"),
        ));
        let now = Arc::clone(&clock);
        let now = Clock::from_fn(move || integrations_core::Clock::now(&*now));
        let ghl = ghl::start(ghl::builder().clock(now)).await;
        let marketplace = ghl.register_app(AppSpec::new(REDIRECT).scopes(SCOPES.iter().copied()));
        leaks::plant("the app's client secret", &marketplace.client_secret);
        let providers = ghl::providers(&ghl, []);
        let (first, second) = (http(&clock), http(&clock));
        let clients = [&first, &second].map(|http| oauth(&ghl, &marketplace, http));
        let [client, other_client] = clients;
        let one = App::start_with(&providers, first, |m| m.oauth_client(SLUG, client)).await;
        let two = one
            .another(&providers, second, |m| m.oauth_client(SLUG, other_client))
            .await;
        let config = json!({"locationId": LOCATION});
        let id = one.create(&tenant("acme"), SLUG, &config).await;
        authorize(&one, &ghl, id).await;
        let pair = Self {
            ghl,
            clock,
            marketplace,
            one,
            two,
            id,
        };
        pair.refresh_token().await;
        pair
    }

    async fn connections(&self) -> [Arc<dyn Integration>; 2] {
        let acme = tenant("acme");
        let one = self.one.manager.connect(&acme, self.id).await;
        let two = self.two.manager.connect(&acme, self.id).await;
        [one.expect("connected"), two.expect("connected")]
    }

    /// What is stored now; planted, so that it is searched for at the end.
    async fn refresh_token(&self) -> String {
        let key = TokenKey::new(tenant("acme"), self.id);
        let tokens = self.one.store.tokens(&self.one.vault);
        let stored = tokens.load(&key).await.expect("a store").expect("tokens");
        let access = stored.tokens.access_token.expose_secret();
        leaks::plant("an access token", access);
        let token = stored.tokens.refresh_token.expect("a refresh token");
        leaks::plant("a refresh token", token.expose_secret());
        token.expose_secret().to_owned()
    }

    async fn finish(self) {
        self.two.store.close().await;
        self.one.finish().await;
    }
}

/// Calls from both processes at once; what went wrong.
async fn calls(connections: [Arc<dyn Integration>; 2]) -> Vec<Error> {
    let calls: Vec<_> = (0..8)
        .map(|number| {
            let connection = Arc::clone(&connections[number % 2]);
            tokio::spawn(async move { connection.test_connection().await })
        })
        .collect();
    let mut errors = Vec::new();
    for call in calls {
        errors.extend(call.await.expect("no panic").err());
    }
    errors
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_06_one_refresh_for_all_processes() {
    let pair = Pair::start().await;
    let connections = pair.connections().await;
    assert_eq!(calls(connections.clone()).await.len(), 0);
    assert_eq!(pair.ghl.stats().refreshes, 0, "the first tokens are good");
    let mut known = vec![pair.refresh_token().await];
    for round in 1..=4 {
        if round == 1 {
            // Nobody knows until the provider refuses it.
            pair.ghl.expire_access_tokens();
        } else {
            // Known by its date: refreshed ahead.
            pair.clock.advance(DAY);
        }
        let errors = calls(connections.clone()).await;
        assert!(errors.is_empty(), "round {round}: {errors:?}");
        let stats = pair.ghl.stats();
        assert_eq!(
            (stats.refreshes, stats.reused_refresh_tokens),
            (round, 0),
            "round {round}"
        );
        let stored = pair.refresh_token().await;
        assert!(!known.contains(&stored), "the rotated one is stored");
        known.push(stored);
    }
    // A process that starts now goes on with what is stored.
    let providers = ghl::providers(&pair.ghl, []);
    let context = http(&pair.clock);
    let client = oauth(&pair.ghl, &pair.marketplace, &context);
    let third = pair
        .one
        .another(&providers, context, |m| m.oauth_client(SLUG, client))
        .await;
    let connection = third.manager.connect(&tenant("acme"), pair.id).await;
    let tested = connection.expect("connected").test_connection().await;
    tested.expect("works");
    assert_eq!(pair.ghl.stats().refreshes, 4);
    third.store.close().await;
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_06_a_process_that_died_before_it_asked_is_waited_out() {
    let pair = Pair::start().await;
    let connections = pair.connections().await;
    pair.clock.advance(DAY);
    // It took the lease, and was killed.
    let lease = format!("oauth:{}", pair.id);
    let acme = tenant("acme");
    let dead =
        pair.one
            .store
            .try_acquire(&acme, &lease, "a dead process", Duration::from_millis(1500));
    let dead = dead.await.expect("a store").expect("a free lease");
    let calling = calls(connections.clone());
    tokio::pin!(calling);
    let early = tokio::time::timeout(Duration::from_millis(200), &mut calling).await;
    assert!(early.is_err(), "nobody refreshes without the lease");
    assert_eq!(pair.ghl.stats().refreshes, 0);
    let errors = calling.await;
    assert!(errors.is_empty(), "{errors:?}");
    let stats = pair.ghl.stats();
    assert_eq!((stats.refreshes, stats.reused_refresh_tokens), (1, 0));
    // Should it wake up after all, its lease is worth nothing.
    let tokens = pair.one.store.tokens(&pair.one.vault);
    let key = TokenKey::new(acme, pair.id);
    let stale = tokens.load(&key).await.expect("a store").expect("tokens");
    let saved = tokens.save(&key, &stale.tokens, Some(dead.fence)).await;
    let error = saved.expect_err("fenced off");
    assert_eq!(error.code(), Some("fenced"), "{error}");
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_06_tokens_that_could_not_be_saved_are_saved_by_the_next_call() {
    let pair = Pair::start().await;
    let [one, _] = pair.connections().await;
    let before = pair.refresh_token().await;
    pair.clock.advance(DAY);
    pair.one
        .sql("CREATE TRIGGER full BEFORE UPDATE ON oauth_tokens BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        .await
        .expect("a trigger");
    let error = one.test_connection().await.expect_err("not saved");
    assert_eq!(error.kind(), ErrorKind::Store, "nobody gets them: {error}");
    assert_eq!(pair.ghl.stats().refreshes, 1);
    assert_eq!(pair.refresh_token().await, before);
    pair.one.sql("DROP TRIGGER full").await.expect("dropped");
    until("the next call saves them", async || {
        one.test_connection().await.is_ok()
    })
    .await;
    let stats = pair.ghl.stats();
    assert_eq!((stats.refreshes, stats.reused_refresh_tokens), (1, 0));
    assert_ne!(pair.refresh_token().await, before);
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_06_a_process_that_died_before_it_saved_is_reported_not_hidden() {
    let pair = Pair::start().await;
    let acme = tenant("acme");
    let [_, two] = pair.connections().await;
    pair.clock.advance(DAY);
    // It used the refresh token up and was killed with the new one in its hands.
    let key = TokenKey::new(acme.clone(), pair.id);
    let context = http(&pair.clock);
    let dying = oauth(&pair.ghl, &pair.marketplace, &context);
    let tokens = pair.one.store.tokens(&pair.one.vault);
    let stored = tokens.load(&key).await.expect("a store").expect("tokens");
    let refresh = stored.tokens.refresh_token.expect("a refresh token");
    dying.refresh(&refresh).await.expect("new tokens, lost");

    let error = two.test_connection().await.expect_err("dead");
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Auth, Some("token_dead"))
    );
    for _ in 0..3 {
        two.test_connection().await.expect_err("still dead");
    }
    let stats = pair.ghl.stats();
    assert_eq!(stats.reused_refresh_tokens, 1, "asked once, not for ever");
    until("the status says so", async || {
        pair.two.status(&acme, pair.id).await == Status::Error
    })
    .await;
    let view = pair.two.view(&acme, pair.id).await;
    assert_eq!(view.error_kind.as_deref(), Some("auth"));
    // The person authorizes again, in the other process.
    authorize(&pair.one, &pair.ghl, pair.id).await;
    pair.refresh_token().await;
    let [one, two] = pair.connections().await;
    for connection in [one, two] {
        connection.test_connection().await.expect("well again");
    }
    assert_eq!(pair.one.status(&acme, pair.id).await, Status::Active);
    pair.finish().await;
}
