//! Simulated providers in this process, and a middleware as a process of its own between them.

use std::time::Duration;

use integrations_core::ExposeSecret as _;
use integrations_core::vault::KeyRing;
use integrations_store::{Store, StoreOptions};
use integrations_sync::inbox::{EventFilter, Inbox};
use integrations_sync::jobs::Jobs;
use integrations_testkit::aloware::Auth;
use integrations_testkit::ghl::{AppSpec, DeliveryPolicy, SCOPES, WebhookFaults, WebhookSender};
use integrations_testkit::process::{Process, Program, stable_port};
use integrations_testkit::{
    LeakDetector, SimulatedAloware, SimulatedClerk, SimulatedGhl, SimulatedVerity, plan, postgres,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_middleware");
pub(crate) const LOCATION: &str = "ve9EPM428h8vShlRW1KT";
const COMPANY: &str = "5DP4iH6HLkQsiKESj6rh";
pub(crate) const PROVIDER: &str = "683f1c2b9a7d4e0012ab34cd";
pub(crate) const OURS: &str = "+12025550199";
pub(crate) const DELIVERY_SECRET: &str = "planted-delivery-secret-1";
pub(crate) const USER: &str = "hook";
pub(crate) const PASSWORD: &str = "planted:pass:word";
pub(crate) const GATEWAY_KEY: &str = "planted-gateway-key-1";
pub(crate) const FLOW: &str = "contacts";
/// How long something may take to happen, on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// How long until nothing is left to do: what a killed process had in hand comes back after a while.
const CALM: Duration = Duration::from_secs(180);

/// Where the state is.
pub(crate) enum Engine {
    Sqlite,
    Postgres(postgres::Server),
}

impl Engine {
    /// PostgreSQL, unless this machine has none.
    pub(crate) fn postgres() -> Option<Self> {
        postgres::server()?;
        // One of its own: processes on one database share its jobs.
        Some(Self::Postgres(
            postgres::builder().start().expect("PostgreSQL"),
        ))
    }
}

pub(crate) struct House {
    pub(crate) ghl: SimulatedGhl,
    pub(crate) aloware: SimulatedAloware,
    pub(crate) verity: SimulatedVerity,
    pub(crate) clerk: SimulatedClerk,
    pub(crate) process: Process,
    pub(crate) url: String,
    pub(crate) database: String,
    env: Vec<(String, String)>,
    senders: Vec<WebhookSender>,
    engine: Engine,
    folder: TempDir,
}

/// What the middleware has for GoHighLevel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    /// The token of a private integration.
    Token,
    /// A marketplace app that nobody has allowed yet.
    App,
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

impl House {
    pub(crate) async fn new(engine: Engine, env: &[(&str, &str)]) -> Self {
        Self::with(engine, env, |_, _| {}).await
    }

    /// With something in the providers before the middleware starts.
    pub(crate) async fn with(
        engine: Engine,
        env: &[(&str, &str)],
        before: impl FnOnce(&SimulatedGhl, &SimulatedAloware),
    ) -> Self {
        Self::of(engine, Credential::Token, env, before).await
    }

    pub(crate) async fn of(
        engine: Engine,
        credential: Credential,
        more: &[(&str, &str)],
        before: impl FnOnce(&SimulatedGhl, &SimulatedAloware),
    ) -> Self {
        let leaks = LeakDetector::of_process();
        let thread = std::thread::current();
        // Its own: what is a token in one test must not be a request's id in another.
        let seed = plan::seed_of(thread.name().unwrap_or("middleware"));
        let ghl = SimulatedGhl::builder()
            .seed(seed)
            .search_lag(Duration::from_millis(100))
            .rate_limit(200, Duration::from_secs(1))
            .location(LOCATION, COMPANY)
            .start()
            .await
            .expect("GoHighLevel");
        ghl.set_sms_provider(LOCATION, PROVIDER);
        let port = stable_port().expect("a port");
        let redirect = format!("http://127.0.0.1:{port}/api/oauth/ghl/callback");
        let spec = AppSpec::new(&redirect).scopes(SCOPES.iter().copied());
        let app = ghl.register_app(spec);
        let aloware = SimulatedAloware::builder().seed(seed).start().await;
        let aloware = aloware.expect("Aloware");
        let clerk = SimulatedClerk::start().await.expect("Clerk");
        let verity = SimulatedVerity::builder()
            .seed(seed)
            .tokens(clerk.verifier())
            .catalogue(catalogue());
        let verity = verity.start().await.expect("Verity");
        before(&ghl, &aloware);

        let folder = TempDir::new().expect("a folder");
        let database = match &engine {
            Engine::Sqlite => format!("sqlite:{}", folder.path().join("state.db").display()),
            Engine::Postgres(server) => server.url(),
        };
        let path = folder.path().join("catalogue.json");
        std::fs::write(&path, catalogue().to_string()).expect("the catalogue");
        let token = ghl.issue_private_token(LOCATION, SCOPES);
        let aloware_token = aloware.issue_token();
        let ring = KeyRing::generate().expect("a key").to_text();
        for (what, secret) in [
            ("a private token", token.as_str()),
            ("an API token", &aloware_token),
            ("a service key", &verity.service_key()),
            ("a webhook secret", &verity.webhook_secret()),
            ("a secret key", &clerk.secret_key()),
            ("a client secret", &app.client_secret),
            ("a delivery secret", DELIVERY_SECRET),
            ("a password", PASSWORD),
            ("a gateway key", GATEWAY_KEY),
        ] {
            leaks.plant(what, secret);
        }
        let mut env: Vec<(&str, String)> = vec![
            ("DATABASE_URL", database.clone()),
            ("INTEGRATIONS_KEYS", ring.expose_secret().to_owned()),
            ("GHL_LOCATION_ID", LOCATION.to_owned()),
            ("GHL_CONVERSATION_PROVIDER_ID", PROVIDER.to_owned()),
            ("GHL_BASE_URL", ghl.base_url().to_owned()),
            (
                "GHL_WEBHOOK_PUBLIC_KEY",
                ghl.webhook_public_key().spki_base64(),
            ),
            ("GHL_DELIVERY_SECRET", DELIVERY_SECRET.to_owned()),
            ("ALOWARE_API_TOKEN", aloware_token),
            ("ALOWARE_BASE_URL", aloware.base_url()),
            ("ALOWARE_WEBHOOK_BASIC_USER", USER.to_owned()),
            ("ALOWARE_WEBHOOK_BASIC_PASS", PASSWORD.to_owned()),
            ("VERITY_API_KEY", verity.service_key()),
            ("VERITY_BASE_URL", verity.base_url().to_owned()),
            ("VERITY_WEBHOOK_SECRET", verity.webhook_secret()),
            ("VERITY_FROM_NUMBER", OURS.to_owned()),
            ("VERITY_CATALOG_PATH", path.display().to_string()),
            ("DF_MIDDLEWARE_API_KEY", GATEWAY_KEY.to_owned()),
            ("CLERK_SECRET_KEY", clerk.secret_key()),
            (
                "CLERK_API_URL",
                clerk.api_url().trim_end_matches("/v1").to_owned(),
            ),
            ("CLERK_ISSUER", clerk.issuer().to_owned()),
            ("MIDDLEWARE_FIRST_RETRY_MS", "100".to_owned()),
            ("MIDDLEWARE_SEARCH_LAG_MS", "200".to_owned()),
            ("MIDDLEWARE_LEASE_MS", "2000".to_owned()),
            ("MIDDLEWARE_UNKNOWN_AFTER_MS", "1500".to_owned()),
        ];
        match credential {
            Credential::Token => env.extend([
                ("GHL_API_KEY", token),
                ("GHL_APP_ID", app.app_id().to_owned()),
            ]),
            Credential::App => env.extend([
                ("GHL_CLIENT_ID", app.client_id.clone()),
                ("GHL_CLIENT_SECRET", app.client_secret.clone()),
                ("GHL_REDIRECT_URL", redirect),
            ]),
        }
        env.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let env = env
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let env: Vec<(String, String)> = env.collect();
        let program = bare()
            .args(["--live", "--listen", &format!("127.0.0.1:{port}")])
            .ready("middleware listens on ")
            .patience(SOON);
        let program = env
            .iter()
            .fold(program, |program, (name, value)| program.env(name, value));
        let process = program.start().await.expect("the middleware");
        let url = process.ready_with().trim_end_matches('/').to_owned();
        let mut house = Self {
            ghl,
            aloware,
            verity,
            clerk,
            process,
            url,
            database,
            env,
            senders: Vec::new(),
            engine,
            folder,
        };
        house.attach();
        house
    }

    /// Webhooks of all providers go to the middleware from now on; those that come again come again soon, and for long.
    fn attach(&mut self) {
        let hooks = format!("{}/api/webhooks", self.url);
        let policy = || {
            DeliveryPolicy::current()
                .with_delays(Duration::from_millis(50), Duration::from_millis(500))
                .with_retries(200)
        };
        // Some come twice, and late.
        let astray = || {
            WebhookFaults::seeded(7)
                .duplicate(0.3, 2)
                .reorder(0.2, Duration::from_millis(100))
        };
        let deliveries = format!("{hooks}/ghl/provider-delivery?key={DELIVERY_SECRET}");
        self.senders = vec![
            self.ghl
                .send_webhooks(format!("{hooks}/ghl"))
                .policy(policy())
                .faults(astray())
                .start(),
            self.ghl
                .send_deliveries(PROVIDER, deliveries)
                .policy(policy())
                .faults(astray())
                .start(),
            self.aloware
                .send_webhooks(format!("{hooks}/aloware"), Auth::basic(USER, PASSWORD))
                .faults(astray())
                .start(),
            self.verity
                .send_webhooks(format!("{hooks}/texting"))
                .texting()
                .policy(policy())
                .faults(astray())
                .start(),
            self.verity
                .send_webhooks(format!("{hooks}/broadcast"))
                .broadcasts()
                .policy(policy())
                .faults(astray())
                .start(),
        ];
    }

    /// Has every event handled once more, and waits for the end of it.
    pub(crate) async fn replay(&self) {
        let store = self.store().await;
        let jobs = Jobs::new(&store).expect("jobs");
        let inbox = Inbox::builder(&store, jobs).build();
        let tenant = "default".parse().expect("a tenant");
        let replayed = inbox.replay_all(&tenant, &EventFilter::all()).await;
        assert!(replayed.expect("a replay") > 0);
        store.close().await;
        self.quiet().await;
    }

    /// Whether no webhook is on its way.
    pub(crate) async fn settled(&self) -> bool {
        for sender in &self.senders {
            if !sender.settled(Duration::ZERO).await {
                return false;
            }
        }
        true
    }

    /// A contact of GoHighLevel with a number, entered by somebody.
    pub(crate) fn person(&self, number: &str, email: &str) -> String {
        let contact =
            json!({"firstName": "Alex", "lastName": "Sample", "phone": number, "email": email});
        self.ghl.add_contact(LOCATION, contact)
    }

    /// The messages of GoHighLevel whose `altId` begins like this.
    pub(crate) fn filed(&self, key: &str) -> Vec<Value> {
        let mut messages = self.ghl.messages(LOCATION);
        messages.retain(|message| {
            let alt = message["altId"].as_str();
            alt.is_some_and(|alt| alt.starts_with(key))
        });
        messages
    }

    /// The state of a message of GoHighLevel.
    pub(crate) fn status(&self, id: &str) -> String {
        let messages = self.ghl.messages(LOCATION);
        let message = messages.iter().find(|message| message["id"] == id);
        message.map_or(String::new(), |message| {
            message["status"].as_str().unwrap_or_default().to_owned()
        })
    }

    /// A contact of Aloware's by its number.
    pub(crate) fn in_aloware(&self, number: &str) -> Option<Value> {
        let mut all = self.aloware.contacts().into_iter();
        all.find(|contact| contact["phone_number"] == number)
    }

    /// The open questions to a person, by kind.
    pub(crate) async fn questions(&self) -> Vec<(String, u64)> {
        let store = self.store().await;
        let tenant = "default".parse().expect("a tenant");
        let questions = store
            .conflicts()
            .counts(&tenant, FLOW)
            .await
            .expect("counts");
        store.close().await;
        questions
    }

    pub(crate) async fn store(&self) -> Store {
        let options = StoreOptions::new().max_connections(2);
        Store::open_with(&self.database, options)
            .await
            .expect("the store")
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + SOON;
        while !holds(self) {
            assert!(
                Instant::now() < end,
                "never: {what}\n{:#?}",
                self.process.errors()
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until nothing is on its way and nothing is left to do.
    pub(crate) async fn quiet(&self) {
        let end = Instant::now() + CALM;
        let store = self.store().await;
        let jobs = Jobs::new(&store).expect("jobs");
        let mut calm = 0;
        while calm < 3 {
            let waiting = store.deployment().waiting_events().await.expect("events");
            let mut open = jobs.totals().await.expect("jobs");
            // A lane's job of a dead process may be called running for a while: its events say whether it is over.
            open.retain(|jobs| {
                let over = ["completed", "cancelled", "discarded"].contains(&jobs.state.as_str());
                jobs.count > 0 && jobs.kind != "inbox.lane" && !over
            });
            let settled = self.settled().await;
            let still = waiting.pending + waiting.processing == 0 && open.is_empty() && settled;
            calm = if still { calm + 1 } else { 0 };
            assert!(
                Instant::now() < end,
                "never quiet: {waiting:?} {open:?} {settled}\n{:#?}",
                self.process.errors()
            );
            sleep(Duration::from_millis(50)).await;
        }
        store.close().await;
    }

    /// What another start of the program with these arguments prints and how it ends, with the same environment.
    pub(crate) async fn run(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = tokio::process::Command::new(PROGRAM);
        let env = self.env.iter().map(|(name, value)| (name, value));
        command.args(arguments).env_clear().envs(env);
        command.output().await.expect("the program")
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.request("GET", path, headers, b"").await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.request("POST", path, headers, body).await
    }

    /// One request over a connection of its own.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let host = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await.expect("a connection");
        let mut head = format!(
            // Of this version, so that no answer comes in chunks.
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.expect("a head");
        // A body that is too large is answered before it is read.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Reply {
            status: status.unwrap_or_else(|| panic!("no answer: {answer}")),
            body: body.to_owned(),
        }
    }

    /// Ends the middleware; what it wrote, and its database, hold no secret.
    pub(crate) async fn end(mut self) {
        let _ = self.process.kill();
        let leaks = LeakDetector::of_process();
        leaks.scan("output", self.process.output().join("\n"));
        leaks.scan("errors", self.process.errors().join("\n"));
        if matches!(self.engine, Engine::Sqlite) {
            leaks.scan_dir(self.folder.path()).expect("a folder");
        }
        leaks.assert_clean();
    }
}

/// The program without anything of this machine's environment that it reads.
pub(crate) fn bare() -> Program {
    [
        "DATABASE_URL",
        "LISTEN_ADDRESS",
        "INTEGRATIONS_KEY",
        "INTEGRATIONS_KEYS",
        "INTEGRATIONS_KEYS_FILE",
        "GHL_API_KEY",
        "GHL_CLIENT_ID",
        "ALOWARE_API_TOKEN",
        "VERITY_API_KEY",
        "RUST_LOG",
    ]
    .into_iter()
    .fold(Program::new(PROGRAM), |program, name| {
        program.without_env(name)
    })
}

fn catalogue() -> Value {
    let endpoint = |path: &str, method: &str, kind: &str| json!({"path": path, "methods": [method], "filePath": "x.ts", "authType": kind});
    json!({
        "version": "1.0.0",
        "generatedAt": "2026-01-05T00:00:00Z",
        "endpoints": [
            endpoint("/apicomms/broadcasts", "GET", "requireUser"),
            endpoint("/apicalls/agents", "GET", "requireAdmin"),
            endpoint("/apisms", "POST", "none"),
        ],
        "domains": {"comms": ["/apicomms/broadcasts"], "calls": ["/apicalls/agents"], "sms": ["/apisms"]},
        "statistics": {"totalEndpoints": 3, "totalFiles": 1, "methods": {"GET": 2, "POST": 1},
            "domains": {"comms": 1, "calls": 1, "sms": 1}},
    })
}
