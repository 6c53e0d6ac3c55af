//! The operator's tool as a process: what it prints, what it changes, how it ends.

use std::time::Duration;

use async_trait::async_trait;
use ghl_client::GoHighLevel;
use integrations_core::provider::Providers;
use integrations_core::vault::{KeyRing, Vault};
use integrations_core::webhook::{Event, EventParts};
use integrations_core::{
    Error, ErrorKind, EventId, ExposeSecret as _, IntegrationId, Result, TenantId,
};
use integrations_store::{
    DeadSource, IntegrationManager, NewDeadLetter, NewEndpoint, RunKind, ScheduleSpec, Store,
    StoreOptions,
};
use integrations_sync::flow::FlowConfig;
use integrations_sync::inbox::{Delivery, EventHandler, Incoming};
use integrations_sync::jobs::{Jobs, NewJob};
use integrations_sync::runtime::{RunJob, Runtime, run_schedule};
use integrations_testkit::ghl::SCOPES;
use integrations_testkit::{LeakDetector, SimulatedGhl, plan};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ops");
const SLUG: &str = "gohighlevel";
const LOCATION: &str = "ve9EPM428h8vShlRW1KT";
const OTHER_LOCATION: &str = "otg8dTQqGLh3Q6iQI55w";
const COMPANY: &str = "5DP4iH6HLkQsiKESj6rh";
const ACTOR: &str = "user:1";

/// When the events came.
const RECEIVED: &str = "2026-11-21T08:00:00Z";

/// What is in the payloads and must only be shown when it is asked for.
const PERSONAL: &str = "planted.person@example.com";

struct World {
    folder: TempDir,
    /// Apart: the folder of the database is searched for them.
    keys: TempDir,
    ghl: SimulatedGhl,
    acme: TenantId,
    runtime: Runtime,
    event: EventId,
    left: IntegrationId,
}

struct Output {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Output {
    fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("not JSON: {}", self.out))
    }

    fn lines(&self) -> Vec<Value> {
        assert_eq!(self.code, Some(0), "{}", self.err);
        let lines = self.out.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

impl World {
    async fn start() -> Self {
        let leaks = LeakDetector::of_process();
        let ghl = SimulatedGhl::builder()
            // The test's own: what is a token in one test must not be a request's id in another.
            .seed(plan::seed_of(
                std::thread::current().name().unwrap_or("ops"),
            ))
            .rate_limit(10_000, Duration::from_secs(1))
            .search_lag(Duration::ZERO)
            .location(LOCATION, COMPANY)
            .location(OTHER_LOCATION, COMPANY)
            .start()
            .await
            .expect("a free port");
        let folder = TempDir::new().expect("a temporary folder");
        let keys = TempDir::new().expect("a temporary folder");
        let ring = KeyRing::generate().expect("random bytes");
        std::fs::write(keys.path().join("keys.txt"), ring.to_text().expose_secret())
            .expect("a file");
        for line in ring.to_text().expose_secret().lines() {
            leaks.plant("a key of the ring", line.rsplit(':').next().expect("a key"));
        }
        let vault = Vault::new(ring);
        let url = format!("sqlite:{}", folder.path().join("ops.db").display());
        let store = Store::open(&url).await.expect("a file");
        let http = integrations_core::http::HttpContext::new().expect("TLS");
        let providers = Providers::new().with(GoHighLevel::new().with_base_url(ghl.base_url()));
        let manager = IntegrationManager::builder(store.clone(), vault, providers, http).build();
        let runtime = Runtime::builder(&manager)
            .expect("jobs")
            .build()
            .expect("a runtime");
        runtime.migrate().await.expect("tables");

        let acme = TenantId::new("acme").expect("a tenant id");
        let mut sides = Vec::new();
        for location in [LOCATION, OTHER_LOCATION] {
            let token = ghl.issue_private_token(location, SCOPES);
            leaks.plant("a private integration token", &token);
            let config = json!({"apiKey": token, "locationId": location});
            let made = manager
                .create(&acme, SLUG, location, &config, ACTOR)
                .await
                .expect("valid");
            manager
                .test_connection(&acme, made.id, ACTOR)
                .await
                .expect("connected");
            sides.push(made.id);
        }
        let (left, right) = (sides[0], sides[1]);
        let _ = ghl.seed_contact(
            LOCATION,
            json!({"firstName": "Ada", "email": "ada@example.com"}),
        );
        let flows = runtime.flows();
        flows
            .declare(&acme, "crm", left, right, FlowConfig::new())
            .await
            .expect("a flow");
        let spec = ScheduleSpec::Every(Duration::from_secs(3600));
        let hourly = run_schedule("hourly", "crm", RunKind::Incremental, spec);
        runtime
            .scheduler()
            .declare(&acme, &hourly)
            .await
            .expect("a schedule");
        let secret_url = "https://hooks.example.com/planted-path-secret-1234";
        leaks.plant("an endpoint's URL", "planted-path-secret-1234");
        let endpoint = NewEndpoint::new(secret_url.parse().expect("a URL")).description("billing");
        let endpoints = runtime.outgoing().endpoints();
        endpoints
            .create(&acme, &endpoint, ACTOR)
            .await
            .expect("an endpoint");

        let event = store_event(&runtime, &acme, left, "ContactCreate").await;
        let job = RunJob {
            flow: "gone".to_owned(),
            kind: RunKind::Full,
            started_by: "test".to_owned(),
        };
        let job = NewJob::new(&acme, &job).expect("a job");
        runtime.jobs().insert(&job).await.expect("enqueued");
        let world = Self {
            event,
            folder,
            keys,
            ghl,
            acme,
            runtime,
            left,
        };
        for number in 0..3 {
            world.dead_letter(number).await;
        }
        world
    }

    async fn dead_letter(&self, number: u32) {
        let error = Error::new(ErrorKind::Validation, "the address is refused");
        let id = format!("{number}");
        let mut letter = NewDeadLetter::of_error(DeadSource::Job, id, "flow.run", &error);
        letter.payload =
            format!("{{\"flow\":\"crm\",\"kind\":\"full\",\"started_by\":\"{PERSONAL}\"}}");
        letter.options = r#"{"queue":"flows","priority":"normal","tries":3}"#.to_owned();
        letter.integration = Some(self.left);
        let store = self.runtime.manager().store();
        let mut transaction = store.begin("test").await.expect("a transaction");
        let letters = store.dead_letters();
        letters
            .add_in(&mut transaction, &self.acme, &letter)
            .await
            .expect("added");
        transaction.commit().await.expect("committed");
    }

    fn database(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("ops.db").display())
    }

    /// Runs it; what it printed holds no secret.
    async fn ops(&self, arguments: &[&str]) -> Output {
        let done = Command::new(PROGRAM)
            .args(arguments)
            .env("DATABASE_URL", self.database())
            .env("GHL_BASE_URL", self.ghl.base_url())
            .env_remove("INTEGRATIONS_KEYS")
            .env_remove("INTEGRATIONS_KEY")
            .env_remove("INTEGRATIONS_KEYS_FILE")
            .env_remove("RUST_LOG")
            .stdin(std::process::Stdio::null())
            .output()
            .await
            .expect("it runs");
        let leaks = LeakDetector::of_process();
        leaks.scan("ops, standard output", &done.stdout);
        leaks.scan("ops, standard error", &done.stderr);
        let output = Output {
            code: done.status.code(),
            out: String::from_utf8(done.stdout).expect("UTF-8"),
            err: String::from_utf8(done.stderr).expect("UTF-8"),
        };
        let asked = arguments.contains(&"--payload");
        assert!(
            asked || !format!("{}{}", output.out, output.err).contains(PERSONAL),
            "{arguments:?}"
        );
        output
    }

    /// Has a worker give up all events that are due.
    async fn give_up_events(&self) {
        let runtime = Runtime::builder(self.runtime.manager())
            .expect("jobs")
            .handler(Refuses)
            .build()
            .expect("a runtime");
        let running = runtime.start().expect("tables");
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.events("pending").await + self.events("processing").await > 0 {
            assert!(Instant::now() < deadline, "nobody gave the events up");
            sleep(Duration::from_millis(20)).await;
        }
        running
            .stop(Duration::from_secs(10))
            .await
            .expect("nothing is left");
    }

    /// How many events stand there.
    async fn events(&self, status: &str) -> usize {
        let arguments = ["--json", "list", "events", "--status", status];
        self.ops(&arguments).await.lines().len()
    }

    /// The questions to a person that are open.
    async fn questions(&self) -> Vec<Value> {
        let arguments = ["--json", "list", "conflicts", "--status", "open"];
        self.ops(&arguments).await.lines()
    }

    /// No planted secret was seen so far, in logs or in what was printed, nor is one in the database.
    fn assert_no_leak(&self) {
        let leaks = LeakDetector::of_process();
        let files = leaks.scan_dir(self.folder.path()).expect("readable files");
        assert!(files > 0, "no database file was searched");
        leaks.assert_clean();
    }

    /// The same with the keys.
    async fn with_keys(&self, arguments: &[&str]) -> Output {
        let keys = self.keys.path().join("keys.txt").display().to_string();
        self.ops(&[&["--json", "--keys", &keys], arguments].concat())
            .await
    }
}

/// An application that will never take an event.
#[derive(Debug)]
struct Refuses;

#[async_trait]
impl EventHandler for Refuses {
    async fn handle(&self, _: &Delivery) -> Result<()> {
        Err(Error::new(ErrorKind::Conflict, "not here"))
    }
}

/// An event with something personal in it.
async fn store_event(
    runtime: &Runtime,
    tenant: &TenantId,
    integration: IntegrationId,
    kind: &str,
) -> EventId {
    let at = RECEIVED.parse().expect("a time");
    let payload = format!("{{\"email\":\"{PERSONAL}\"}}");
    let parts = EventParts::new(SLUG, kind, "ed25519", at, payload);
    let event = Event::restore(parts);
    let event = Incoming::new(tenant.clone(), integration, event, kind.into());
    let stored = runtime.inbox().store(vec![event.sensitive(true)]).await;
    stored.expect("stored")[0].id()
}

#[tokio::test]
async fn ops_shows_what_there_is_and_no_secret() {
    let world = World::start().await;
    let status = world.ops(&["--json", "status"]).await.json();
    assert_eq!(status["events"]["pending"], 1);
    assert_eq!(status["deadLetters"][0]["count"], 3);
    assert_eq!(status["flows"][0]["name"], "crm");
    assert_eq!(status["endpoints"][0]["state"], "active");
    assert_eq!(status["schedules"][0]["name"], "hourly");
    let all = world
        .ops(&["--json", "--all-tenants", "status"])
        .await
        .json();
    assert_eq!(all["events"], status["events"]);
    let page = world.ops(&["status"]).await;
    assert!(
        page.out.contains("CAUSE") && page.out.contains("validation"),
        "{}",
        page.out
    );

    for (sort, least) in [
        ("integrations", 2),
        ("events", 1),
        ("jobs", 2),
        ("dead-letters", 3),
        ("runs", 0),
        ("conflicts", 0),
        ("flows", 1),
        ("endpoints", 1),
        ("deliveries", 0),
        ("schedules", 1),
        ("audit", 2),
    ] {
        let rows = world.ops(&["--json", "list", sort]).await.lines();
        assert!(rows.len() >= least, "{sort}: {rows:?}");
        assert_eq!(world.ops(&["list", sort]).await.code, Some(0));
    }
    let none = world
        .ops(&["--json", "list", "dead-letters", "--cause", "timeout"])
        .await;
    assert_eq!(none.lines().len(), 0);
    let opted = world
        .ops(&["--json", "list", "opt-outs", "--address", "+49 30 901820"])
        .await;
    assert_eq!(opted.lines().len(), 0);

    let id = world.event.to_string();
    let event = world.ops(&["--json", "show", "event", &id]).await.json();
    assert_eq!(
        (&event["kind"], &event["sealed"]),
        (&json!("ContactCreate"), &json!(true))
    );
    assert_eq!(event.get("payload"), None);
    let closed = world.ops(&["show", "event", &id, "--payload"]).await;
    assert_eq!(closed.code, Some(1));
    assert!(closed.err.contains("INTEGRATIONS_KEYS"), "{}", closed.err);
    let opened = world
        .with_keys(&["show", "event", &id, "--payload"])
        .await
        .json();
    assert_eq!(opened["payload"]["email"], PERSONAL);
    let flow = world.ops(&["--json", "show", "flow", "crm"]).await.json();
    assert_eq!(flow["paused"], false);

    let verified = world.ops(&["--json", "verify-audit"]).await.json();
    assert_eq!(verified["ok"], true);
    world.assert_no_leak();
}

#[tokio::test]
async fn ops_mends_what_is_broken() {
    let world = World::start().await;
    let by_cause = ["--json", "replay", "--cause", "validation"];
    let dry = world
        .ops(&[&by_cause[..], &["--dry-run"]].concat())
        .await
        .json();
    assert_eq!(
        (&dry["replayed"], &dry["dryRun"]),
        (&json!(3), &json!(true))
    );
    let unasked = world.ops(&by_cause).await;
    assert_eq!(
        unasked.code,
        Some(2),
        "nobody can be asked: {}",
        unasked.err
    );
    let letters = world.ops(&["--json", "list", "dead-letters"]).await.lines();
    assert_eq!(letters.len(), 3, "nothing was done");
    let first = letters[0]["id"].as_str().expect("an id");
    let dropped = world
        .ops(&["--json", "drop", "--dead-letter", first])
        .await
        .json();
    assert_eq!(dropped["dropped"], 1);
    let replayed = world
        .ops(&[&by_cause[..], &["--yes"]].concat())
        .await
        .json();
    assert_eq!(
        (&replayed["replayed"], &replayed["failed"]),
        (&json!(2), &json!(0))
    );
    assert!(
        world
            .ops(&["--json", "list", "dead-letters"])
            .await
            .lines()
            .is_empty()
    );
    let id = world.event.to_string();
    assert_eq!(
        world
            .ops(&["--json", "replay", "--event", &id])
            .await
            .json()["replayed"],
        1
    );

    let drift = world.with_keys(&["drift", "--flow", "crm"]).await.json();
    assert_eq!(drift["drift"], 1, "{drift}");
    assert_eq!(drift["steps"][0]["action"], "create");
    assert_eq!(
        world.ghl.contact_count(OTHER_LOCATION),
        0,
        "a plan writes nothing"
    );
    let run = world
        .ops(&["--json", "run", "--flow", "crm", "--kind", "reconcile"])
        .await
        .json();
    let job = run["job"].to_string();
    let job = world.ops(&["--json", "show", "job", &job]).await.json();
    assert_eq!(
        (&job["kind"], &job["subject"]),
        (&json!("flow.run"), &json!("crm"))
    );

    world
        .ops(&["--json", "pause", "--flow", "crm"])
        .await
        .json();
    assert_eq!(world.ops(&["run", "--flow", "crm"]).await.code, Some(1));
    world
        .ops(&["--json", "resume", "--flow", "crm"])
        .await
        .json();
    world
        .ops(&["--json", "pause", "--schedule", "hourly"])
        .await
        .json();
    let hourly = world
        .ops(&["--json", "show", "schedule", "hourly"])
        .await
        .json();
    assert_eq!(hourly["paused"], true);
    world
        .ops(&["--json", "resume", "--schedule", "hourly"])
        .await
        .json();
    assert_eq!(
        world.ops(&["pause", "--queue", "nobody"]).await.code,
        Some(1)
    );

    let rotated = world.with_keys(&["rotate-keys"]).await.json();
    assert_eq!(
        (&rotated["rewrapped"], &rotated["failed"]),
        (&json!(0), &json!([]))
    );
    let old = std::fs::read_to_string(world.keys.path().join("keys.txt")).expect("keys");
    let new = KeyRing::generate().expect("random bytes").to_text();
    let both = format!("{}\n{old}", new.expose_secret());
    std::fs::write(world.keys.path().join("keys.txt"), both).expect("a file");
    let rotated = world.with_keys(&["rotate-keys"]).await.json();
    assert_eq!(
        rotated["rewrapped"], 4,
        "two configs, an endpoint, a payload: {rotated}"
    );
    let purged = world.ops(&["--json", "purge", "--yes"]).await.json();
    assert_eq!(purged["events"], 0);
    world.assert_no_leak();
}

#[tokio::test]
async fn ops_replays_the_events_that_a_filter_finds() {
    let world = World::start().await;
    store_event(&world.runtime, &world.acme, world.left, "ContactDelete").await;
    world.give_up_events().await;
    assert_eq!(world.events("failed").await, 2);
    let letters = async || {
        let arguments = ["--json", "list", "dead-letters", "--cause", "conflict"];
        world.ops(&arguments).await.lines().len()
    };
    assert_eq!(letters().await, 2);

    let replay = async |more: &[&str]| {
        let arguments = [&["--json", "replay", "--events"], more].concat();
        world.ops(&arguments).await
    };
    for nothing in [
        &["--until", RECEIVED][..],
        &["--status", "done", "--since", RECEIVED],
        &["--kind", "ContactUpdate"],
    ] {
        assert_eq!(replay(nothing).await.json()["replayed"], 0, "{nothing:?}");
    }
    let dry = replay(&["--since", RECEIVED, "--dry-run"]).await.json();
    assert_eq!(
        (&dry["replayed"], &dry["dryRun"]),
        (&json!(2), &json!(true))
    );
    let unasked = replay(&["--since", RECEIVED]).await;
    assert_eq!(unasked.code, Some(2), "nobody can be asked");
    assert_eq!(world.events("failed").await, 2, "nothing was done");

    let one = replay(&["--kind", "ContactDelete"]).await.json();
    assert_eq!((&one["replayed"], &one["failed"]), (&json!(1), &json!(0)));
    assert_eq!(world.events("pending").await, 1);
    assert_eq!(letters().await, 1, "the replayed event's is answered");
    let left = world.left.to_string();
    let rest = ["--integration", &left, "--since", RECEIVED];
    assert_eq!(replay(&rest).await.json()["replayed"], 1);
    assert_eq!((world.events("failed").await, letters().await), (0, 0));
    world.assert_no_leak();
}

#[tokio::test]
async fn ops_answers_the_questions_of_a_flow() {
    let world = World::start().await;
    // Twins: the same phone number, another e-mail address.
    let mut twins = Vec::new();
    for n in 0..3 {
        let phone = format!("+1202555010{n}");
        let [left, right] = [(LOCATION, "one"), (OTHER_LOCATION, "other")].map(|(at, name)| {
            let email = format!("{name}{n}@example.com");
            world
                .ghl
                .seed_contact(at, json!({"email": email, "phone": phone}))
        });
        twins.push((left, right));
    }
    let flow = world.runtime.flows().open(&world.acme, "crm").await;
    let flow = flow.expect("the flow");
    let run = flow.run(RunKind::Full).execute().await;
    run.expect("a run");
    let questions = world.questions().await;
    assert_eq!(questions.len(), 6, "each twin asks: {questions:#?}");
    let of = |left: &str| {
        let of = |question: &&Value| question["leftId"] == left;
        let question = questions.iter().find(of).expect("a question");
        question["id"].as_str().expect("an id")
    };
    let writes = || world.ghl.total_writes();
    let contact = |at: &str, id: &str| world.ghl.contact(at, id).expect("a contact");
    let before = writes();

    // They are the same person.
    let (left, right) = &twins[0];
    let link = [
        "resolve",
        of(left),
        "--link",
        "--left",
        left,
        "--right",
        right,
    ];
    let without_keys = world.ops(&link).await;
    assert_eq!(without_keys.code, Some(1));
    assert!(without_keys.err.contains("INTEGRATIONS_KEYS"));
    let linked = world.with_keys(&link).await.json();
    assert_eq!(linked["flow"], "crm");
    assert_eq!(linked["steps"][0]["action"], "update", "{linked}");
    let emails = [
        contact(LOCATION, left)["email"].clone(),
        contact(OTHER_LOCATION, right)["email"].clone(),
    ];
    assert_eq!(emails[0], emails[1]);
    // Two persons.
    let (left, right) = &twins[1];
    let refused = world.with_keys(&["resolve", of(left), "--create"]).await;
    assert_eq!(
        refused.json()["steps"][0]["action"],
        "ask: twin",
        "the provider takes no second contact with this number"
    );
    let number = json!({"phone": "+12025550177"});
    assert!(world.ghl.edit_contact(OTHER_LOCATION, right, number));
    let again = world.questions().await;
    let again = again
        .iter()
        .find(|question| question["leftId"] == left.as_str());
    let again = again.expect("asked again")["id"].as_str().expect("an id");
    let created = world.with_keys(&["resolve", again, "--retry"]).await.json();
    assert_eq!(created["steps"][0]["action"], "create", "{created}");
    assert_eq!(
        contact(OTHER_LOCATION, right)["email"],
        "other1@example.com",
        "the twin is left alone"
    );
    // Nobody's business.
    let wrote = writes();
    assert!(wrote >= before + 2);
    let (left, _) = &twins[2];
    let ignored = world.with_keys(&["resolve", of(left), "--ignore"]).await;
    assert_eq!(ignored.json()["steps"], json!([]));
    assert_eq!(writes(), wrote);

    // The other two on the right still ask who they are.
    let open = world.questions().await;
    assert!(open.iter().all(|question| question["leftId"].is_null()));
    assert_eq!(open.len(), 2, "{open:#?}");
    let id = of(left);
    let shown = world.ops(&["--json", "show", "conflict", id]).await.json();
    assert_eq!(
        (&shown["resolution"], &shown["resolvedBy"]),
        (&json!("ignore"), &json!("ops"))
    );
    let again = world.with_keys(&["resolve", id, "--ignore"]).await;
    assert_eq!(again.code, Some(1), "it is answered: {}", again.err);
    let unknown = integrations_store::ConflictId::new().to_string();
    let unknown = world.with_keys(&["resolve", &unknown, "--ignore"]).await;
    assert_eq!(unknown.code, Some(1));
    for unfit in [
        &["resolve", id][..],
        &["resolve", id, "--ignore", "--create"],
    ] {
        assert_eq!(world.with_keys(unfit).await.code, Some(2), "{unfit:?}");
    }
    world.assert_no_leak();
}

#[tokio::test]
async fn ops_says_what_is_wrong_in_one_line() {
    let folder = TempDir::new().expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("none.db").display());
    let ops = async |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.args(["--database", &url]).args(arguments);
        let done = command.output().await.expect("it runs");
        let err = String::from_utf8(done.stderr).expect("UTF-8");
        (done.status.code(), err)
    };
    let (code, err) = ops(&["status"]).await;
    assert_eq!((code, err.lines().count()), (Some(1), 1), "{err}");
    assert!(
        !folder.path().join("none.db").exists(),
        "looking makes no file"
    );
    let (code, err) = ops(&["migrate"]).await;
    assert_eq!(code, Some(0), "{err}");
    let (code, err) = ops(&["status"]).await;
    assert_eq!((code, err.lines().count()), (Some(2), 1), "{err}");
    assert!(err.contains("--tenant"), "{err}");
    let (code, err) = ops(&["--tenant", "acme", "list", "flows", "--cause", "x"]).await;
    assert_eq!((code, err.lines().count()), (Some(2), 1), "{err}");
    let (code, err) = ops(&["--tenant", "acme", "show", "event", "no-id"]).await;
    assert_eq!((code, err.lines().count()), (Some(2), 1), "{err}");
    assert_eq!(
        ops(&["replay", "--events"]).await.0,
        Some(2),
        "a replay of everything"
    );
    assert_eq!(ops(&["--tenant", "acme", "status"]).await.0, Some(0));
}

#[tokio::test]
async fn ops_reads_with_a_role_that_may_only_select() {
    let Some(server) = integrations_testkit::postgres::server() else {
        return;
    };
    let (schema, role) = ("ops_reads", format!("ops_reader_{}", std::process::id()));
    let options = StoreOptions::new().schema(schema);
    let opened = Store::open_with(&server.url(), options).await;
    let store = opened.expect("PostgreSQL");
    store.migrate().await.expect("tables");
    Jobs::new(&store)
        .expect("jobs")
        .migrate()
        .await
        .expect("tables");
    let pool = sqlx::PgPool::connect(&server.url())
        .await
        .expect("PostgreSQL");
    for statement in [
        format!("CREATE ROLE {role} LOGIN"),
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"),
    ] {
        let done = sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&pool)
            .await;
        done.expect("a superuser");
    }
    let mut url: url::Url = server.url().parse().expect("a URL");
    url.set_username(&role).expect("a host");
    let ops = async |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.args([
            "--database",
            url.as_str(),
            "--schema",
            schema,
            "--tenant",
            "acme",
        ]);
        let done = command.args(arguments).output().await.expect("it runs");
        let err = String::from_utf8(done.stderr).expect("UTF-8");
        (done.status.code(), err)
    };
    for arguments in [
        &["status"][..],
        &["list", "events"],
        &["list", "jobs"],
        &["list", "runs"],
        &["list", "deliveries"],
        &["verify-audit"],
        &["replay", "--cause", "timeout", "--dry-run"],
    ] {
        let (code, err) = ops(arguments).await;
        assert_eq!(code, Some(0), "{arguments:?}: {err}");
    }
    let (code, err) = ops(&["purge", "--yes"]).await;
    assert_eq!((code, err.lines().count()), (Some(1), 1), "{err}");
    assert!(err.contains("permission"), "{err}");
}
