//! One migrated store for one test, on either engine.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use integrations_core::status::Event as StatusEvent;
use integrations_core::{IntegrationId, TenantId, Timestamp};
use integrations_store::{
    NewIntegration, SqlxTransaction, Store, StoreOptions, StoredIntegration, Transition,
};
use serde_json::json;
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

/// Who acts in tests.
pub const ACTOR: &str = "user:1";

/// A store, and how to open it again as another process would.
pub struct Backend {
    pub store: Store,
    pub url: String,
    pub schema: String,
    _directory: Option<TempDir>,
}

impl Backend {
    /// A file in a directory of its own.
    pub async fn sqlite() -> Option<Self> {
        let directory = TempDir::new().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        Some(Self::open(url, "main", Some(directory)).await)
    }

    /// A schema of its own; `None` when PostgreSQL is not there.
    pub async fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = integrations_testkit::postgres::server()?;
        let schema = format!("sync_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Some(Self::open(server.url(), &schema, None).await)
    }

    async fn open(url: String, schema: &str, directory: Option<TempDir>) -> Self {
        let store = open(&url, schema).await;
        store.migrate().await.unwrap();
        Self {
            store,
            url,
            schema: schema.to_owned(),
            _directory: directory,
        }
    }

    /// A second store on the same database: what another process would have.
    pub async fn another(&self) -> Store {
        open(&self.url, &self.schema).await
    }

    /// The database's clock, in the test's hands from now on. Statements read the time from it alone.
    pub async fn hold_clock(&self) -> DatabaseClock {
        let clock = DatabaseClock(self.store.clone());
        clock
            .run(
                "DROP VIEW clock; CREATE TABLE held_clock (us INTEGER NOT NULL); \
                 INSERT INTO held_clock SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER); \
                 CREATE VIEW clock AS SELECT us FROM held_clock;",
                "CREATE TABLE main.held_clock (us BIGINT NOT NULL); \
                 INSERT INTO main.held_clock SELECT us FROM main.clock; \
                 CREATE OR REPLACE VIEW main.clock AS SELECT us FROM main.held_clock;",
            )
            .await;
        clock
    }

    /// An integration in `active` whose external key is proved.
    pub async fn active(&self, tenant: &TenantId, key: &str) -> StoredIntegration {
        let config = json!({ "locationId": key });
        let id = IntegrationId::new();
        let new =
            NewIntegration::new(id, "gohighlevel", "gohighlevel", "Main", config).external_key(key);
        let integrations = self.store.integrations();
        let pending = integrations.create(tenant, &new, ACTOR).await.unwrap();
        let tested = Transition::new(StatusEvent::Succeeded, ACTOR).proves(pending.version);
        let moved = integrations.transition(tenant, id, &tested).await.unwrap();
        moved.integration
    }
}

/// A database's clock that moves only when told to.
pub struct DatabaseClock(Store);

impl DatabaseClock {
    pub async fn advance(&self, by: Duration) {
        let micros = by.as_micros();
        let sql = format!("UPDATE main.held_clock SET us = us + {micros}");
        self.run(&sql, &sql).await;
    }

    pub async fn now(&self) -> Timestamp {
        let mut transaction = self.0.begin("test.clock").await.unwrap();
        let sql = |schema: &str| AssertSqlSafe(format!("SELECT us FROM {schema}.held_clock"));
        let schema = self.0.schema_name();
        let us: i64 = match transaction.sqlx() {
            SqlxTransaction::Sqlite(tx) => sqlx::query_scalar(sql("main"))
                .fetch_one(&mut **tx)
                .await
                .unwrap(),
            SqlxTransaction::Postgres(tx) => sqlx::query_scalar(sql(schema))
                .fetch_one(&mut **tx)
                .await
                .unwrap(),
            _ => unreachable!(),
        };
        Timestamp::from_microsecond(us).unwrap()
    }

    async fn run(&self, sqlite: &str, postgres: &str) {
        raw(&self.0, sqlite, postgres).await;
    }
}

/// Runs SQL past the store; tables are named `main.…`.
pub async fn raw(store: &Store, sqlite: &str, postgres: &str) {
    let schema = store.schema_name().to_owned();
    let mut transaction = store.begin("test.raw").await.unwrap();
    match transaction.sqlx() {
        SqlxTransaction::Sqlite(tx) => {
            let sql = AssertSqlSafe(sqlite.to_owned());
            sqlx::raw_sql(sql).execute(&mut **tx).await.unwrap();
        }
        SqlxTransaction::Postgres(tx) => {
            let sql = AssertSqlSafe(postgres.replace("main.", &format!("\"{schema}\".")));
            sqlx::raw_sql(sql).execute(&mut **tx).await.unwrap();
        }
        _ => unreachable!(),
    }
    transaction.commit().await.unwrap();
}

/// Reads one column of texts past the store.
pub async fn texts(store: &Store, sql: &str) -> Vec<String> {
    let schema = store.schema_name().to_owned();
    let mut transaction = store.begin("test.texts").await.unwrap();
    match transaction.sqlx() {
        SqlxTransaction::Sqlite(tx) => sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut **tx)
            .await
            .unwrap(),
        SqlxTransaction::Postgres(tx) => {
            let sql = AssertSqlSafe(sql.replace("main.", &format!("\"{schema}\".")));
            sqlx::query_scalar(sql).fetch_all(&mut **tx).await.unwrap()
        }
        _ => unreachable!(),
    }
}

async fn open(url: &str, schema: &str) -> Store {
    let options = StoreOptions::new()
        .schema(schema)
        .durable(false)
        .max_connections(8);
    Store::open_with(url, options).await.unwrap()
}

pub fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

/// Makes one test per engine of each function.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::backend::Backend::sqlite().await.unwrap()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(backend) = $crate::backend::Backend::postgres().await {
                    super::$name(backend).await;
                }
            })+
        }
    };
}

pub(crate) use on_both_engines;
