//! Everything that the story needs: the simulated provider, the database, the server, the leak detector.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ghl_client::GoHighLevel;
use ghl_client::oauth::{for_company, profile_at};
use ghl_client::webhook::{Ed25519Key, GhlWebhooks};
use integrations_core::http::HttpContext;
use integrations_core::oauth::OAuthClient;
use integrations_core::provider::Providers;
use integrations_core::status::probe::Policy;
use integrations_core::vault::{KeyRing, Vault};
use integrations_core::{Clock, Error, Result, TenantId};
use integrations_server::Webhooks;
use integrations_store::{IntegrationManager, Store, StoreOptions};
use integrations_sync::inbox::{Inbox, LaneJob, Sweeper};
use integrations_sync::jobs::{JobRunner, Jobs, RunningJobs, Workers};
use integrations_testkit::ghl::{AppSpec, DeliveryPolicy, UserType};
use integrations_testkit::{LeakDetector, SimulatedGhl};
use tempfile::TempDir;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::clock::StoryClock;
use crate::leads::Leads;
use crate::webhooks::Reasons;

pub(crate) const LOCATION: &str = "ve9EPM428h8vShlRW1KT";
pub(crate) const OTHER_LOCATION: &str = "otg8dTQqGLh3Q6iQI55w";
pub(crate) const COMPANY: &str = "5DP4iH6HLkQsiKESj6rh";
pub(crate) const SCOPES: &[&str] = &[
    "locations.readonly",
    "contacts.readonly",
    "contacts.write",
    "conversations.readonly",
    "conversations.write",
    "conversations/message.readonly",
    "conversations/message.write",
];

const REDIRECT: &str = "https://app.example.com/oauth/callback";
pub(crate) const APP_SCOPES: &[&str] = &[
    "oauth.readonly",
    "oauth.write",
    "contacts.readonly",
    "locations.readonly",
];

pub(crate) struct World {
    pub(crate) clock: StoryClock,
    pub(crate) ghl: SimulatedGhl,
    pub(crate) token: String,
    pub(crate) other_token: String,
    pub(crate) http: HttpContext,
    pub(crate) vault: Vault,
    pub(crate) manager: IntegrationManager,
    pub(crate) tenant: TenantId,
    pub(crate) other_tenant: TenantId,
    pub(crate) webhook_url: String,
    pub(crate) detector: LeakDetector,
    pub(crate) reasons: Reasons,
    /// Lines that people were shown although they report errors: searched for secrets at the end.
    pub(crate) shown: Mutex<Vec<String>>,
    work: Option<(RunningJobs, Sweeper)>,
    server: tokio::task::JoinHandle<()>,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) async fn start() -> Result<Self> {
        let setup = |what: &'static str| {
            move |error: std::io::Error| Error::config(what).with_source(error)
        };
        let detector = LeakDetector::new();
        let reasons = Reasons::default();
        let shown = std::env::var_os("RUST_LOG").map(|_| {
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_filter(EnvFilter::from_default_env())
        });
        tracing_subscriber::registry()
            .with(detector.layer())
            .with(reasons.clone())
            .with(shown)
            .init();

        let clock = StoryClock::default();
        let theirs = clock.clone();
        let ghl = SimulatedGhl::builder()
            .clock(integrations_testkit::ghl::Clock::from_fn(move || {
                theirs.now()
            }))
            .rate_limit(100, Duration::from_secs(10))
            .search_lag(Duration::ZERO)
            .delivery(DeliveryPolicy::before_2026())
            .location(LOCATION, COMPANY)
            .location(OTHER_LOCATION, COMPANY)
            .start()
            .await
            .map_err(setup("the simulated provider does not start"))?;
        let token = ghl.issue_private_token(LOCATION, SCOPES);
        let other_token = ghl.issue_private_token(OTHER_LOCATION, SCOPES);
        detector.plant("the location's token", &token);
        detector.plant("the other location's token", &other_token);

        let folder = tempfile::tempdir().map_err(setup("no temporary folder"))?;
        let database = folder.path().join("integrations.db");
        let options = StoreOptions::new().clock(Arc::new(clock.clone()));
        let store = Store::open_with(&format!("sqlite:{}", database.display()), options).await?;
        store.migrate().await?;

        let ring = KeyRing::generate()?;
        for entry in integrations_core::ExposeSecret::expose_secret(&ring.to_text()).split(',') {
            let key = entry.rsplit(':').next().unwrap_or(entry);
            detector.plant("a key of the key ring", key);
        }
        let vault = Vault::new(ring);

        // In production this is `GoHighLevel::new()`: the provider's own key.
        let key: Ed25519Key = ghl.webhook_public_key().spki_base64().parse()?;
        let provider =
            GoHighLevel::with_webhooks(GhlWebhooks::with_keys([key])).with_base_url(ghl.base_url());
        let providers = Providers::new().with(provider);

        // A probe that looks again soon, so that nobody has to wait for it here.
        let mut policy = Policy::default();
        policy.first_retry = Duration::from_millis(200);
        policy.min_retry = Duration::from_millis(50);
        let http = HttpContext::builder().clock(clock.clone()).build()?;

        // The marketplace app of this application: one for all its tenants.
        let app = ghl.register_app(
            AppSpec::new(REDIRECT)
                .scopes(APP_SCOPES.iter().copied())
                .target(UserType::Company),
        );
        detector.plant("the app's client secret", &app.client_secret);
        let oauth = OAuthClient::builder(
            for_company(profile_at(ghl.base_url())?),
            app.client_id.clone(),
        )
        .client_secret(app.client_secret.as_str())
        .redirect_uri(
            REDIRECT
                .parse()
                .map_err(|_| Error::config("the redirect URI is not a URL"))?,
        )
        .build(&http)?;

        let manager = IntegrationManager::builder(
            store.clone(),
            vault.clone(),
            providers.clone(),
            http.clone(),
        )
        .probe_policy(policy)
        .oauth_client("gohighlevel", oauth)
        .build();

        // Events wait in the inbox; jobs in the same database hand them to the application.
        let jobs = Jobs::new(&store)?;
        jobs.migrate().await?;
        let inbox = Inbox::builder(&store, jobs.clone())
            .vault(&vault)
            .handler(Leads::new(&store))
            .build();
        let workers = Workers::new().add::<LaneJob>(inbox.clone());
        let runner = JobRunner::builder(&jobs, workers).start()?;
        let sweeper = inbox.start_sweeper(Duration::from_millis(100));
        let webhooks = Webhooks::builder(&inbox, &providers, manager.clone())
            .alias("ghl", "gohighlevel")
            .build();
        let answers = detector.clone();
        let app = axum::Router::new()
            .nest("/api/webhooks", webhooks.router())
            .layer(axum::middleware::from_fn(
                move |request: axum::extract::Request, next: axum::middleware::Next| {
                    let answers = answers.clone();
                    async move { search(&answers, next.run(request).await).await }
                },
            ));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(setup("no free port"))?;
        let address = listener.local_addr().map_err(setup("no address"))?;
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });

        Ok(Self {
            clock,
            ghl,
            token,
            other_token,
            http,
            vault,
            manager,
            tenant: TenantId::new("acme")?,
            other_tenant: TenantId::new("globex")?,
            webhook_url: format!("http://{address}/api/webhooks/ghl"),
            detector,
            reasons,
            shown: Mutex::default(),
            work: Some((runner, sweeper)),
            server,
            folder,
        })
    }

    pub(crate) fn store(&self) -> &Store {
        self.manager.store()
    }

    /// Keeps an error's every form for the search at the end, and returns its line.
    pub(crate) fn note(&self, error: &Error) -> String {
        let mut shown = self
            .shown
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        shown.push(format!("{error:?}"));
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            shown.push(format!("{cause} {cause:?}"));
            source = cause.source();
        }
        error.to_string()
    }

    pub(crate) async fn stop(mut self) {
        self.server.abort();
        if let Some((runner, sweeper)) = self.work.take() {
            sweeper.stop().await;
            if let Err(error) = runner.stop(Duration::from_secs(10)).await {
                self.note(&error);
            }
        }
        self.manager.store().close().await;
        self.ghl.shutdown().await;
    }
}

/// Searches an answer of our own server for secrets, and passes it on.
async fn search(
    detector: &LeakDetector,
    response: axum::response::Response,
) -> axum::response::Response {
    let (parts, body) = response.into_parts();
    detector.scan("an answer's headers", format!("{:?}", parts.headers));
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    detector.scan("an answer's body", &body);
    axum::response::Response::from_parts(parts, body.into())
}

/// Polls until `done` says so.
pub(crate) async fn until<F: Future<Output = Result<bool>>>(
    what: &'static str,
    mut done: impl FnMut() -> F,
) -> Result<()> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !done().await? {
        if tokio::time::Instant::now() > deadline {
            return Err(Error::new(integrations_core::ErrorKind::Timeout, what));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
