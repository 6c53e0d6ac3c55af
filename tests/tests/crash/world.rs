//! The database, the simulated provider and the processes of one run.

use std::time::Duration;

use integrations_core::vault::KeyRing;
use integrations_core::{ExposeSecret as _, IntegrationId, TenantId};
use integrations_store::{DeadLetterFilter, Store};
use integrations_sync::jobs::Jobs;
use integrations_testkit::SimulatedGhl;
use integrations_testkit::ghl::{DeliveryPolicy, SCOPES};
use integrations_testkit::postgres::{self, Server};
use integrations_testkit::process::{Process, Program, stable_port};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::node::{self, SETTINGS, Settings};

pub(crate) const LEFT: &str = "ve9EPM428h8vShlRW1KT";
pub(crate) const RIGHT: &str = "otg8dTQqGLh3Q6iQI55w";
const COMPANY: &str = "5DP4iH6HLkQsiKESj6rh";
/// How long everything may take to come to rest.
const REST: Duration = Duration::from_secs(90);

/// The database under test, and a way around the store.
pub(crate) enum Database {
    Sqlite(TempDir),
    Postgres(Box<Server>),
}

impl Database {
    pub(crate) fn sqlite() -> Option<Self> {
        Some(Self::Sqlite(TempDir::new().expect("a folder")))
    }

    /// `None` when PostgreSQL is not there and need not be.
    pub(crate) fn postgres() -> Option<Self> {
        // Says whether it may be missing.
        postgres::server()?;
        let server = postgres::builder().durable().start().expect("PostgreSQL");
        Some(Self::Postgres(Box::new(server)))
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => {
                format!("sqlite://{}", folder.path().join("crash.db").display())
            }
            Self::Postgres(server) => server.url(),
        }
    }

    fn schema(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "main",
            Self::Postgres(_) => "crash",
        }
    }

    /// Whether it is a server that can go down.
    pub(crate) fn server(&mut self) -> Option<&mut Server> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(server) => Some(server),
        }
    }
}

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) ghl: SimulatedGhl,
    pub(crate) settings: Settings,
    pub(crate) tenant: TenantId,
    pub(crate) integration: IntegrationId,
    pub(crate) store: Store,
}

impl World {
    pub(crate) async fn start(database: Database, seed: u64) -> Self {
        let ghl = SimulatedGhl::builder()
            .seed(seed)
            .rate_limit(100_000, Duration::from_secs(1))
            .search_lag(Duration::ZERO)
            .delivery(
                DeliveryPolicy::current()
                    .with_delays(Duration::from_millis(20), Duration::from_millis(300))
                    .with_retries(400),
            )
            .location(LEFT, COMPANY)
            .location(RIGHT, COMPANY)
            .start()
            .await
            .expect("a simulator");
        let keys = KeyRing::generate().expect("keys").to_text();
        let settings = Settings {
            database: database.url(),
            schema: database.schema().to_owned(),
            keys: keys.expose_secret().to_owned(),
            provider: ghl.base_url().to_owned(),
            webhook_key: ghl.webhook_public_key().spki_base64(),
            port: stable_port().expect("a port"),
            skew: 0,
            disk: None,
        };
        let store = node::store(&settings).await;
        store.migrate().await.expect("tables");
        Jobs::new(&store)
            .expect("jobs")
            .migrate()
            .await
            .expect("tables");
        let mut world = Self {
            database,
            ghl,
            settings,
            tenant: TenantId::new("acme").expect("a tenant"),
            integration: IntegrationId::new(),
            store,
        };
        world.integration = world.connect(LEFT).await;
        for table in node::TABLES {
            world.sql(table).await;
        }
        world
    }

    /// An active integration with a location.
    pub(crate) async fn connect(&self, location: &str) -> IntegrationId {
        let manager = node::manager(&self.settings, &self.store);
        let config = json!({ "apiKey": self.ghl.issue_private_token(location, SCOPES), "locationId": location });
        let created = manager
            .create(&self.tenant, "gohighlevel", location, &config, "test")
            .await
            .expect("an integration");
        manager
            .test_connection(&self.tenant, created.id, "test")
            .await
            .expect("a working credential");
        created.id
    }

    /// Waits until every event is done; how many there are.
    pub(crate) async fn at_rest(&self, how: &str) -> usize {
        let deadline = Instant::now() + REST;
        loop {
            let counts = self.store.events().counts(&self.tenant, None).await;
            if let Ok(counts) = &counts {
                if counts.failed > 0 {
                    let open = DeadLetterFilter::open();
                    let letters = self.store.dead_letters().list(&self.tenant, &open).await;
                    let letters = letters.unwrap_or_default();
                    let why = letters
                        .iter()
                        .map(|one| (one.attempts, &one.code, &one.message));
                    let why: Vec<_> = why.collect();
                    panic!("an event was given up: {why:?}\n{how}");
                }
                if counts.pending + counts.processing + counts.kept == 0 {
                    return usize::try_from(counts.done).expect("a number");
                }
            }
            assert!(
                Instant::now() < deadline,
                "events still wait: {counts:?}\n{how}"
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn webhook_url(&self) -> String {
        format!("http://127.0.0.1:{}/api/webhooks/ghl", self.settings.port)
    }

    /// A process over this database; with another port it is a worker that nobody sends to.
    pub(crate) async fn node(&self, port: u16) -> Process {
        self.broken_node(port, 0, None).await
    }

    /// A process whose clock is so many seconds off, and on whose disk so much has room.
    pub(crate) async fn broken_node(&self, port: u16, skew: i64, disk: Option<u64>) -> Process {
        let settings = Settings {
            port,
            skew,
            disk,
            ..self.settings.clone()
        };
        Program::current()
            .expect("this test")
            .args(["--exact", "node::node", "--nocapture", "--test-threads=1"])
            .env(SETTINGS, settings.to_json())
            .ready("ready ")
            .start()
            .await
            .expect("a node")
    }

    /// How large the file is, when it is one.
    pub(crate) async fn file_size(&self) -> Option<u64> {
        let Database::Sqlite(_) = self.database else {
            return None;
        };
        let sql = "SELECT CAST(page_count AS TEXT), CAST(page_size AS TEXT) FROM pragma_page_count, pragma_page_size";
        let rows = self.pairs(sql).await;
        let number = |text: &str| text.parse::<u64>().expect("a number");
        rows.first()
            .map(|(count, size)| number(count) * number(size))
    }

    /// Cuts every connection to the database.
    pub(crate) async fn cut_connections(&self) {
        let Database::Postgres(_) = self.database else {
            return;
        };
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    }

    async fn sql(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.replace("main.", &format!("{}.", self.settings.schema)));
        match &self.database {
            Database::Sqlite(_) => {
                let pool = SqlitePool::connect(&self.settings.database)
                    .await
                    .expect("the file");
                sqlx::query(sql).execute(&pool).await.expect("a statement");
            }
            Database::Postgres(_) => {
                let pool = PgPool::connect(&self.settings.database)
                    .await
                    .expect("the server");
                sqlx::query(sql).execute(&pool).await.expect("a statement");
                pool.close().await;
            }
        }
    }

    /// Rows of two texts.
    pub(crate) async fn pairs(&self, sql: &str) -> Vec<(String, String)> {
        let sql = AssertSqlSafe(sql.replace("main.", &format!("{}.", self.settings.schema)));
        match &self.database {
            Database::Sqlite(_) => {
                let pool = SqlitePool::connect(&self.settings.database)
                    .await
                    .expect("the file");
                sqlx::query_as(sql).fetch_all(&pool).await.expect("rows")
            }
            Database::Postgres(_) => {
                let pool = PgPool::connect(&self.settings.database)
                    .await
                    .expect("the server");
                let rows = sqlx::query_as(sql).fetch_all(&pool).await.expect("rows");
                pool.close().await;
                rows
            }
        }
    }
}
