//! The process that is killed: a router and a worker over the database that all of them share.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use ghl_client::GoHighLevel;
use ghl_client::webhook::GhlWebhooks;
use integrations_core::http::HttpContext;
use integrations_core::provider::Providers;
use integrations_core::status::probe::Policy;
use integrations_core::vault::{KeyRing, Vault};
use integrations_core::{Clock, Error, ErrorKind, Result, SystemClock, Timestamp};
use integrations_server::Webhooks;
use integrations_store::{IntegrationManager, SqlxTransaction, Store, StoreOptions};
use integrations_sync::inbox::{Delivery, EventHandler};
use integrations_sync::runtime::Runtime;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

/// Where a node finds its settings.
pub(crate) const SETTINGS: &str = "CRASH_NODE";

/// What a node is started with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) database: String,
    pub(crate) schema: String,
    pub(crate) keys: String,
    pub(crate) provider: String,
    pub(crate) webhook_key: String,
    pub(crate) port: u16,
    /// How many seconds the node's clock is off.
    pub(crate) skew: i64,
    /// How large a file its SQLite may make, in bytes: then the disk is full.
    pub(crate) disk: Option<u64>,
}

impl Settings {
    pub(crate) fn to_json(&self) -> String {
        json!({
            "database": self.database, "schema": self.schema, "keys": self.keys, "provider": self.provider,
            "webhookKey": self.webhook_key, "port": self.port, "skew": self.skew, "disk": self.disk,
        })
        .to_string()
    }

    fn of_json(text: &str) -> Self {
        let all: Value = serde_json::from_str(text).expect("settings");
        let word = |name: &str| all[name].as_str().expect("a text").to_owned();
        Self {
            database: word("database"),
            schema: word("schema"),
            keys: word("keys"),
            provider: word("provider"),
            webhook_key: word("webhookKey"),
            port: u16::try_from(all["port"].as_u64().expect("a port")).expect("a port"),
            skew: all["skew"].as_i64().expect("seconds"),
            disk: all["disk"].as_u64(),
        }
    }
}

/// A clock that is wrong.
#[derive(Debug, Clone, Copy)]
struct Skewed(SignedDuration);

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }
}

pub(crate) async fn store(settings: &Settings) -> Store {
    let clock = Skewed(SignedDuration::from_secs(settings.skew));
    let mut options = StoreOptions::new()
        .schema(&settings.schema)
        .max_connections(6)
        .acquire_timeout(Duration::from_secs(5))
        .clock(Arc::new(clock));
    if let Some(bytes) = settings.disk {
        options = options.max_bytes(bytes);
    }
    let mut last = None;
    // The database may just be coming back.
    for _ in 0..200 {
        match Store::open_with(&settings.database, options.clone()).await {
            Ok(store) => return store,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no database: {last:?}");
}

pub(crate) fn manager(settings: &Settings, store: &Store) -> IntegrationManager {
    let key = settings.webhook_key.parse().expect("a key");
    let ghl =
        GoHighLevel::with_webhooks(GhlWebhooks::with_keys([key])).with_base_url(&settings.provider);
    let vault = Vault::new(KeyRing::parse(&settings.keys).expect("keys"));
    let mut policy = Policy::default();
    policy.first_retry = Duration::from_millis(200);
    policy.min_retry = Duration::from_millis(50);
    let http = HttpContext::new().expect("TLS");
    IntegrationManager::builder(store.clone(), vault, Providers::new().with(ghl), http)
        .probe_policy(policy)
        .build()
}

/// Not a test by itself: the other tests start it as a process of its own and tell it so by its environment.
#[test]
fn node() {
    let Ok(settings) = std::env::var(SETTINGS) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(work(&Settings::of_json(&settings)));
}

async fn work(settings: &Settings) {
    let store = store(settings).await;
    let manager = manager(settings, &store);
    let runtime = Runtime::builder(&manager)
        .expect("a runtime")
        .handler(Mirror(manager.clone()))
        .inbox(|inbox| {
            inbox
                .first_retry(Duration::from_millis(100))
                .lease(Duration::from_secs(2))
                .max_attempts(100)
        })
        .build()
        .expect("a runtime");
    let webhooks = Webhooks::builder(runtime.inbox(), manager.providers(), manager.clone())
        .alias("ghl", "gohighlevel")
        .build();
    let app = Router::new().nest("/api/webhooks", webhooks.router());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", settings.port))
        .await
        .expect("the port");
    let running = runtime
        .worker()
        .rescue_after(Duration::from_secs(2))
        .sweep_every(Duration::from_millis(200))
        .start()
        .expect("a worker");
    // On a line of its own: the test harness has begun one.
    println!("\nready {}", settings.port);
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .expect("a signal handler");
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
        })
        .await
        .expect("a server");
    running
        .stop(Duration::from_secs(5))
        .await
        .expect("a clean stop");
    println!("stopped");
}

/// Copies each contact that an event names into a table, with a row for the event, all in the event's own transaction.
#[derive(Debug)]
struct Mirror(IntegrationManager);

/// The tables of [`Mirror`].
pub(crate) const TABLES: [&str; 2] = [
    "CREATE TABLE main.effects (event TEXT NOT NULL, contact TEXT NOT NULL)",
    "CREATE TABLE main.mirror (contact TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL)",
];

#[async_trait]
impl EventHandler for Mirror {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        let payload: Value = delivery.event.decode()?;
        let Some(id) = payload["id"].as_str() else {
            return Ok(());
        };
        let connection = self
            .0
            .connect(&delivery.tenant, delivery.integration)
            .await?;
        let contacts = connection.contacts().expect("contacts");
        let name = match contacts.get(&id.into()).await {
            Ok(contact) => contact.first_name,
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let store = self.0.store();
        let schema = store.schema_name();
        let mut transaction = store.begin("mirror").await?;
        let event = delivery.id.to_string();
        let effect = "INSERT INTO main.effects (event, contact) VALUES ($1, $2)";
        run(&mut transaction.sqlx(), schema, effect, &[&event, id]).await?;
        match &name {
            Some(name) => {
                let upsert = "INSERT INTO main.mirror (contact, name) VALUES ($1, $2) \
                              ON CONFLICT (contact) DO UPDATE SET name = excluded.name";
                run(&mut transaction.sqlx(), schema, upsert, &[id, name]).await?;
            }
            None => {
                let delete = "DELETE FROM main.mirror WHERE contact = $1";
                run(&mut transaction.sqlx(), schema, delete, &[id]).await?;
            }
        }
        delivery.commit_with(transaction).await
    }
}

async fn run(
    transaction: &mut SqlxTransaction<'_>,
    schema: &str,
    sql: &str,
    values: &[&str],
) -> Result<()> {
    let done = match transaction {
        SqlxTransaction::Sqlite(transaction) => {
            let sql = AssertSqlSafe(sql.to_owned());
            let query = values
                .iter()
                .fold(sqlx::query(sql), |query, value| query.bind(*value));
            query.execute(&mut ***transaction).await.map(drop)
        }
        SqlxTransaction::Postgres(transaction) => {
            let sql = AssertSqlSafe(sql.replace("main.", &format!("{schema}.")));
            let query = values
                .iter()
                .fold(sqlx::query(sql), |query, value| query.bind(*value));
            query.execute(&mut ***transaction).await.map(drop)
        }
        _ => unreachable!("two engines"),
    };
    done.map_err(|error| {
        Error::new(ErrorKind::Store, "the mirror's table failed")
            .with_source(error)
            .with_retryable(true)
    })
}
