//! One database for one test, on either engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use integrations_core::oauth::TokenSet;
use integrations_core::vault::{KeyRing, Vault};
use integrations_core::webhook::{DedupeKey, Event, EventParts};
use integrations_core::{IntegrationId, ManualClock, TenantId, Timestamp};
use integrations_store::{
    Engine, NewIntegration, Store, StoreOptions, StoredIntegration, Transition,
};
use serde_json::json;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, SqlSafeStr as _, SqliteConnection,
    SqlitePool,
};
use tempfile::TempDir;

/// The integration of promise tests that nobody but the right tenant may see.
pub const ACTOR: &str = "user:1";

/// A migrated store, and a way around it.
pub struct Backend {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub vault: Vault,
    url: String,
    schema: String,
    raw: Raw,
    _directory: Option<TempDir>,
}

enum Raw {
    Sqlite(SqlitePool),
    Postgres(PgPool),
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
        let schema = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Some(Self::open(server.url(), &schema, None).await)
    }

    async fn open(url: String, schema: &str, directory: Option<TempDir>) -> Self {
        let clock = Arc::new(ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()));
        let options = options(schema).clock(clock.clone());
        let store = Store::open_with(&url, options).await.unwrap();
        store.migrate().await.unwrap();
        let raw = match store.engine() {
            Engine::Sqlite => Raw::Sqlite(SqlitePool::connect(&url).await.unwrap()),
            _ => Raw::Postgres(PgPool::connect(&url).await.unwrap()),
        };
        Self {
            store,
            clock,
            vault: Vault::new(KeyRing::generate().unwrap()),
            url,
            schema: schema.to_owned(),
            raw,
            _directory: directory,
        }
    }

    /// A second store on the same database: what another process would have.
    pub async fn another(&self) -> Store {
        self.another_with(|options| options).await
    }

    pub async fn another_with(&self, change: impl FnOnce(StoreOptions) -> StoreOptions) -> Store {
        let options = change(options(&self.schema).clock(self.clock.clone()));
        Store::open_with(&self.url, options).await.unwrap()
    }

    /// Another database of the same engine, without tables.
    pub async fn empty(&self) -> Empty {
        if let Engine::Sqlite = self.engine() {
            return Empty::Sqlite(SqliteConnection::connect("sqlite::memory:").await.unwrap());
        }
        let schema = format!("{}_empty", self.schema);
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        let make = format!("CREATE SCHEMA {schema}; SET search_path TO {schema}");
        let make = AssertSqlSafe(make).into_sql_str();
        sqlx::raw_sql(make).execute(&mut connection).await.unwrap();
        Empty::Postgres(connection, schema)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn schema(&self) -> &str {
        &self.schema
    }

    pub fn engine(&self) -> Engine {
        self.store.engine()
    }

    /// Runs SQL past the store; tables are named `main.…`.
    pub async fn raw(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let sql = AssertSqlSafe(sql.replace("main.", &format!("{}.", self.schema)));
        match &self.raw {
            Raw::Sqlite(pool) => sqlx::query(sql)
                .execute(pool)
                .await
                .map(|done| done.rows_affected()),
            Raw::Postgres(pool) => sqlx::query(sql)
                .execute(pool)
                .await
                .map(|done| done.rows_affected()),
        }
    }

    /// Starts a transaction past the store, runs `meanwhile` beside it, and commits a moment later.
    pub async fn uncommitted<T>(&self, sql: &str, meanwhile: impl Future<Output = T>) -> T {
        let sql = AssertSqlSafe(sql.replace("main.", &format!("{}.", self.schema)));
        let pause = || tokio::time::sleep(std::time::Duration::from_millis(200));
        match &self.raw {
            Raw::Sqlite(pool) => {
                let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
                sqlx::query(sql).execute(&mut *transaction).await.unwrap();
                tokio::join!(meanwhile, async {
                    pause().await;
                    transaction.commit().await.unwrap();
                })
                .0
            }
            Raw::Postgres(pool) => {
                let mut transaction = pool.begin().await.unwrap();
                sqlx::query(sql).execute(&mut *transaction).await.unwrap();
                tokio::join!(meanwhile, async {
                    pause().await;
                    transaction.commit().await.unwrap();
                })
                .0
            }
        }
    }

    /// Reads one number past the store.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.replace("main.", &format!("{}.", self.schema)));
        match &self.raw {
            Raw::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
            Raw::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
        }
    }

    /// Reads one column of texts past the store.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.replace("main.", &format!("{}.", self.schema)));
        match &self.raw {
            Raw::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
            Raw::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }

    /// Every row of one tenant, in all tables.
    pub async fn dump(&self, tenant: &str) -> Vec<String> {
        let tables = match self.engine() {
            Engine::Sqlite => {
                "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                 WHERE m.type = 'table' AND c.name = 'tenant_id' ORDER BY 1"
                    .to_owned()
            }
            _ => format!(
                "SELECT table_name::text FROM information_schema.columns \
                 WHERE column_name = 'tenant_id' AND table_schema = '{}' ORDER BY 1",
                self.schema
            ),
        };
        let mut all = Vec::new();
        for table in self.texts(&tables).await {
            let row = match self.engine() {
                Engine::Sqlite => {
                    let columns =
                        format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')");
                    self.texts(&columns).await.join(" || ',' || ")
                }
                _ => "t::text".to_owned(),
            };
            let rows =
                format!("SELECT {row} FROM main.{table} t WHERE tenant_id = '{tenant}' ORDER BY 1");
            all.extend(
                self.texts(&rows)
                    .await
                    .into_iter()
                    .map(|row| format!("{table}: {row}")),
            );
        }
        all
    }

    /// The database's own clock.
    pub async fn database_now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.number("SELECT us FROM main.clock").await).unwrap()
    }

    /// An integration in `pending`.
    pub async fn pending(&self, tenant: &TenantId) -> StoredIntegration {
        let new = NewIntegration::new(
            IntegrationId::new(),
            "gohighlevel",
            "gohighlevel",
            "Main",
            json!({ "locationId": "L1" }),
        )
        .external_key("L1")
        .secrets("sealed-text", "key-1");
        self.store
            .integrations()
            .create(tenant, &new, ACTOR)
            .await
            .unwrap()
    }

    /// An integration in `active` whose external key is proved.
    pub async fn active(&self, tenant: &TenantId) -> StoredIntegration {
        let pending = self.pending(tenant).await;
        let tested = Transition::new(integrations_core::status::Event::Succeeded, ACTOR)
            .proves(pending.version);
        self.store
            .integrations()
            .transition(tenant, pending.id, &tested)
            .await
            .unwrap()
            .integration
    }
}

fn options(schema: &str) -> StoreOptions {
    StoreOptions::new()
        .schema(schema)
        .durable(false)
        .max_connections(4)
}

pub fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

pub fn event(kind: &str, payload: &'static str) -> Event {
    let received_at = "2026-11-21T08:00:00Z".parse().unwrap();
    let mut parts = EventParts::new("gohighlevel", kind, "ed25519", received_at, payload);
    parts.tenant_key = Some("L1".into());
    Event::restore(parts)
}

pub fn key(text: &str) -> DedupeKey {
    DedupeKey::from(text)
}

pub fn tokens(access: &str, refresh: &str) -> TokenSet {
    let mut tokens = TokenSet::new(access);
    tokens.refresh_token = Some(refresh.into());
    tokens
}

/// A database without tables, for the scripts that make them.
pub enum Empty {
    Sqlite(SqliteConnection),
    Postgres(PgConnection, String),
}

/// A column of a table: `table.column`.
pub struct Column {
    pub name: String,
    pub kind: String,
    pub may_be_left_out: bool,
}

impl Empty {
    pub async fn run(&mut self, script: &str) {
        let script = AssertSqlSafe(script.to_owned()).into_sql_str();
        match self {
            Self::Sqlite(connection) => {
                sqlx::raw_sql(script).execute(connection).await.unwrap();
            }
            Self::Postgres(connection, _) => {
                sqlx::raw_sql(script).execute(connection).await.unwrap();
            }
        }
    }

    pub async fn columns(&mut self) -> Vec<Column> {
        let rows: Vec<(String, String, bool)> = match self {
            Self::Sqlite(connection) => sqlx::query_as(
                "SELECT t.name || '.' || c.name, c.type, c.\"notnull\" = 0 OR c.dflt_value IS NOT NULL \
                 FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1",
            )
            .fetch_all(connection)
            .await
            .unwrap(),
            Self::Postgres(connection, schema) => sqlx::query_as(
                "SELECT c.table_name || '.' || c.column_name, c.data_type::text, \
                 c.is_nullable = 'YES' OR c.column_default IS NOT NULL \
                 FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) \
                 WHERE c.table_schema = $1 AND t.table_type = 'BASE TABLE' ORDER BY 1",
            )
            .bind(schema.as_str())
            .fetch_all(connection)
            .await
            .unwrap(),
        };
        let rows = rows.into_iter();
        rows.map(|(name, kind, may_be_left_out)| Column {
            name,
            kind,
            may_be_left_out,
        })
        .collect()
    }
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
