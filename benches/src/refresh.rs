//! Many processes, one OAuth connection, and a token that has just expired: how often it is refreshed, whether a
//! rotated token is lost, and how long calls wait. The floor is the same calls while the token is good.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use ghl_client::GoHighLevel;
use ghl_client::oauth::profile_at;
use integrations_core::http::HttpContext;
use integrations_core::oauth::{Authorize, Callback, OAuthClient};
use integrations_core::provider::{Integration, Providers};
use integrations_core::vault::{KeyRing, Vault};
use integrations_core::{ExposeSecret, IntegrationId, TenantId};
use integrations_store::{IntegrationManager, Store, StoreOptions};
use integrations_testkit::SimulatedGhl;
use integrations_testkit::ghl::AppSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::report::median;

const LOCATION: &str = "ve9EPM428h8vShlRW1KT";
const COMPANY: &str = "5DP4iH6HLkQsiKESj6rh";
const SLUG: &str = "gohighlevel";
const ACTOR: &str = "user:1";
const REDIRECT: &str = "https://app.example.com/oauth/callback";
const SCOPES: &[&str] = &["contacts.readonly", "locations.readonly"];

/// What a worker needs to know; it goes through its standard input, because it holds secrets.
#[derive(Clone, Serialize, Deserialize)]
struct Setup {
    database: String,
    schema: String,
    keys: String,
    base_url: String,
    client_id: String,
    client_secret: String,
    calls: u32,
}

/// What a worker is told to do; its answer is one line.
#[derive(Serialize, Deserialize)]
enum Order {
    /// Connect to this integration of this tenant.
    Connect(String, IntegrationId),
    /// Make all calls at once.
    Work,
}

/// What one round was like in one worker.
#[derive(Default, Serialize, Deserialize)]
struct Round {
    waits_us: Vec<f64>,
    errors: Vec<String>,
}

struct Worker {
    process: Child,
    say: ChildStdin,
    hear: BufReader<ChildStdout>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It is our own child; that it is gone already is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Worker {
    fn start(setup: &Setup) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program has a path"))
            .arg("refresh-worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a worker starts");
        let say = process.stdin.take().expect("piped");
        let hear = BufReader::new(process.stdout.take().expect("piped"));
        let mut worker = Self { process, say, hear };
        worker.say(setup);
        worker
    }

    fn say(&mut self, what: &impl Serialize) {
        let line = serde_json::to_string(what).expect("JSON");
        writeln!(self.say, "{line}").expect("the worker listens");
        self.say.flush().expect("the worker listens");
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.hear.read_line(&mut line).expect("the worker speaks");
        line
    }
}

/// A folder that goes with the measurement.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn run(processes: u32, calls: u32, rounds: u32) -> Value {
    let folder = std::env::temp_dir().join(format!("integrations-refresh-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let folder = Folder(folder);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let sqlite = format!("sqlite://{}", folder.0.join("refresh.db").display());
    let mut engines = vec![("sqlite", sqlite)];
    if let Some(server) = integrations_testkit::postgres::server() {
        engines.push(("postgres", server.url()));
    }
    let measured: Vec<Value> = engines
        .into_iter()
        .map(|(engine, url)| measure(&runtime, engine, url, (processes, calls, rounds)))
        .collect();
    json!({
        "bench": "refresh",
        "processes": processes,
        "calls_per_process": calls,
        "floor": "the same calls while the token is good",
        "engines": measured,
    })
}

fn measure(
    runtime: &tokio::runtime::Runtime,
    engine: &str,
    database: String,
    (processes, calls, rounds): (u32, u32, u32),
) -> Value {
    let world = runtime.block_on(World::start(database, calls));
    let ghl = &world.ghl;
    let mut workers: Vec<Worker> = (0..processes)
        .map(|_| Worker::start(&world.setup))
        .collect();
    let (mut floors, mut p99s, mut worst) = (vec![], vec![], 0.0_f64);
    let mut dead: Vec<String> = Vec::new();
    let before = ghl.stats();
    for number in 0..rounds {
        // A token that is refused soon after it was got is not renewed: each expiry is another connection's.
        let tenant = format!("acme-{number}");
        let id = runtime.block_on(world.authorize(&tenant));
        for worker in &mut workers {
            worker.say(&Order::Connect(tenant.clone(), id));
        }
        for worker in &mut workers {
            assert_eq!(worker.hear().trim(), "ready", "a worker failed to connect");
        }
        let (waits, errors) = round(&mut workers);
        floors.push(p99(waits));
        dead.extend(errors);
        ghl.expire_access_tokens();
        let (waits, errors) = round(&mut workers);
        worst = waits.iter().copied().fold(worst, f64::max);
        p99s.push(p99(waits));
        dead.extend(errors);
    }
    let after = ghl.stats();
    let (floor, waited) = (median(floors), median(p99s));
    json!({
        "engine": engine,
        "expiries": rounds,
        "calls": u64::from(processes) * u64::from(calls) * u64::from(rounds) * 2,
        "refreshes": after.refreshes - before.refreshes,
        "reused_refresh_tokens": after.reused_refresh_tokens - before.reused_refresh_tokens,
        "dead": dead.len(),
        "first_error": dead.first(),
        "floor_p99_ms": floor / 1e3,
        "p99_ms": waited / 1e3,
        "worst_ms": worst / 1e3,
        "ratio": waited / floor,
    })
}

/// All calls of all workers at once: how long each took, and what failed.
fn round(workers: &mut [Worker]) -> (Vec<f64>, Vec<String>) {
    for worker in &mut *workers {
        worker.say(&Order::Work);
    }
    let (mut waits, mut errors) = (Vec::new(), Vec::new());
    for worker in workers {
        let round: Round = serde_json::from_str(&worker.hear()).expect("a worker's round");
        waits.extend(round.waits_us);
        errors.extend(round.errors);
    }
    (waits, errors)
}

fn p99(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let at = (figures.len() * 99).div_ceil(100).saturating_sub(1);
    figures.get(at).copied().unwrap_or_default()
}

/// The provider, and the application that tenants connect with.
struct World {
    ghl: SimulatedGhl,
    setup: Setup,
    manager: IntegrationManager,
}

impl World {
    async fn start(database: String, calls: u32) -> Self {
        let ghl = SimulatedGhl::builder()
            .rate_limit(1_000_000, Duration::from_secs(1))
            .daily_limit(1_000_000_000)
            .location(LOCATION, COMPANY)
            .start()
            .await
            .expect("a free port");
        let app = ghl.register_app(AppSpec::new(REDIRECT).scopes(SCOPES.iter().copied()));
        let keys = KeyRing::generate().expect("random bytes");
        let setup = Setup {
            database,
            schema: "bench_refresh".to_owned(),
            keys: keys.to_text().expose_secret().to_owned(),
            base_url: ghl.base_url().to_owned(),
            client_id: app.client_id.clone(),
            client_secret: app.client_secret.clone(),
            calls,
        };
        let manager = manager(&setup).await;
        manager.store().migrate().await.expect("the schema");
        Self {
            ghl,
            setup,
            manager,
        }
    }

    /// One more tenant's integration, authorized with OAuth.
    async fn authorize(&self, tenant: &str) -> IntegrationId {
        let tenant = TenantId::new(tenant).expect("a name");
        let config = json!({"locationId": LOCATION});
        let created = self.manager.create(&tenant, SLUG, "Main", &config, ACTOR);
        let id = created.await.expect("a good config").id;
        let ask = Authorize::new(tenant.clone(), id).scopes(SCOPES.iter().copied());
        let page = self.manager.authorize(ask).await.expect("a page").url;
        let back = self.ghl.authorize(page.as_str(), LOCATION);
        let callback = Callback::parse(back.expect("consent").as_str());
        let manager = &self.manager;
        let done = manager.complete_authorization(&tenant, SLUG, &callback, ACTOR);
        done.await.expect("tokens").test.expect("they work");
        id
    }
}

async fn manager(setup: &Setup) -> IntegrationManager {
    let options = StoreOptions::new().schema(&setup.schema).max_connections(4);
    let store = Store::open_with(&setup.database, options).await;
    let http = HttpContext::new().expect("TLS");
    let profile = profile_at(&setup.base_url).expect("a URL");
    let client = OAuthClient::builder(profile, setup.client_id.clone())
        .client_secret(setup.client_secret.as_str())
        .redirect_uri(REDIRECT.parse().expect("a URL"))
        .build(&http)
        .expect("a client");
    let vault = Vault::new(KeyRing::parse(&setup.keys).expect("a key ring"));
    let providers = Providers::new().with(GoHighLevel::new().with_base_url(&setup.base_url));
    IntegrationManager::builder(store.expect("a database"), vault, providers, http)
        .oauth_client(SLUG, client)
        .build()
}

/// One of the processes: says that it is ready, then works whenever it is told to.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(crate) fn worker() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut lines = std::io::stdin().lines().map_while(Result::ok);
    let setup: Setup =
        serde_json::from_str(&lines.next().expect("a setup")).expect("the parent's setup");
    let manager = runtime.block_on(manager(&setup));
    let mut connection = None;
    for line in lines {
        match serde_json::from_str(&line).expect("an order") {
            Order::Connect(tenant, id) => {
                connection = Some(runtime.block_on(connect(&manager, &tenant, id)));
                println!("ready");
            }
            Order::Work => {
                let connection = connection.as_ref().expect("connected before");
                let round = runtime.block_on(calls(connection, setup.calls));
                println!("{}", serde_json::to_string(&round).expect("JSON"));
            }
        }
    }
}

async fn connect(
    manager: &IntegrationManager,
    tenant: &str,
    id: IntegrationId,
) -> Arc<dyn Integration> {
    let tenant = TenantId::new(tenant).expect("a name");
    let connection = manager.connect(&tenant, id).await.expect("connected");
    let tested = connection.test_connection().await;
    tested.expect("the token is good");
    connection
}

async fn calls(connection: &Arc<dyn Integration>, calls: u32) -> Round {
    let tasks: Vec<_> = (0..calls)
        .map(|_| {
            let connection = Arc::clone(connection);
            tokio::spawn(async move {
                let started = Instant::now();
                let result = connection.test_connection().await;
                (started.elapsed().as_secs_f64() * 1e6, result.err())
            })
        })
        .collect();
    let mut round = Round::default();
    for task in tasks {
        let (wait, error) = task.await.expect("no panic");
        round.waits_us.push(wait);
        round.errors.extend(error.map(|error| error.to_string()));
    }
    round
}
