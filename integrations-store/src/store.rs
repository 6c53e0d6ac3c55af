//! The database behind everything: opened once, cloned freely.

use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use integrations_core::{Clock, Result, Timestamp};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection as _, Postgres, Transaction};

use crate::dialect::Dialect;
use crate::session::{Handle, Inner, Session};
use crate::{Engine, StoreOptions, error, sqlite};

/// A connection that was idle for so long is asked for an answer before it is used.
const IDLE: Duration = Duration::from_secs(5);

/// The state of all integrations, on SQLite or PostgreSQL. Clones share the connections.
///
/// Each part of the state has its own handle: [`integrations`](Self::integrations), [`events`](Self::events),
/// [`audit`](Self::audit), [`leads`](Self::leads), [`templates`](Self::templates), [`tokens`](Self::tokens) and
/// [`states`](Self::states). The store itself is a [`LeaseStore`](integrations_core::lease::LeaseStore). Every call
/// names its tenant and sees no other; the few calls that work for the whole deployment are apart, on
/// [`deployment`](Self::deployment).
#[derive(Clone)]
pub struct Store(Arc<Shared>);

struct Shared {
    database: Database,
    dialect: Arc<Dialect>,
    options: StoreOptions,
}

pub(crate) enum Database {
    /// One writer, so that writers queue fairly here instead of polling a lock, and readers beside it.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

impl Store {
    /// Opens the database that a URL names, with the default options.
    ///
    /// - `sqlite::memory:`: gone when the store is; for tests.
    /// - `sqlite://crm.db`, `sqlite:///var/lib/crm.db`: a file, made when it is not there (`?mode=ro` and `?mode=rw`
    ///   do not make it).
    /// - `postgres://user:password@host/database`: PostgreSQL 13 or later.
    ///
    /// The tables come with [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) when the URL is not usable,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store) when the database cannot be opened.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_with(url, StoreOptions::default()).await
    }

    /// Opens the database that a URL names.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(url: &str, options: StoreOptions) -> Result<Self> {
        options.check()?;
        let database = match Engine::of_url(url)? {
            Engine::Sqlite => sqlite::open(url, &options).await?,
            Engine::Postgres => Database::Postgres(postgres(url, &options).await?),
        };
        Ok(Self(Arc::new(Shared {
            database,
            dialect: Arc::new(Dialect::new(&options.schema)),
            options,
        })))
    }

    /// Which database this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.0.database {
            Database::Sqlite { .. } => Engine::Sqlite,
            Database::Postgres(_) => Engine::Postgres,
        }
    }

    /// Asks the database for an answer: for readiness checks.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store) when there is none.
    pub async fn ping(&self) -> Result<()> {
        let mut session = self.read("ping").await?;
        crate::session::fetch_one!(&mut session, (i64,), "SELECT CAST(1 AS BIGINT)")?;
        session.commit().await
    }

    /// Closes the connections, waiting for calls that use them. Later calls fail with the code `closed`.
    pub async fn close(&self) {
        match &self.0.database {
            Database::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Database::Postgres(pool) => pool.close().await,
        }
    }

    /// Where it takes the time from that is not the database's own.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.options.clock
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.options.clock.now()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn schema(&self) -> &str {
        &self.0.options.schema
    }

    /// Whether prepared statements may outlive a transaction.
    pub(crate) fn persistent(&self) -> bool {
        !self.0.options.transaction_pooling
    }

    /// A connection to read with.
    pub(crate) async fn read(&self, operation: &'static str) -> Result<Session> {
        let inner = match &self.0.database {
            Database::Sqlite { readers, .. } => readers
                .acquire()
                .await
                .map(Handle::Pooled)
                .map(Inner::Sqlite),
            Database::Postgres(pool) if self.0.options.transaction_pooling => begin(pool)
                .await
                .map(Handle::Transaction)
                .map(Inner::Postgres),
            Database::Postgres(pool) => pool
                .acquire()
                .await
                .map(Handle::Pooled)
                .map(Inner::Postgres),
        };
        self.session(operation, inner)
    }

    /// A transaction to write in. On SQLite it holds the write lock from here on, so that what it reads stays true.
    pub(crate) async fn write(&self, operation: &'static str) -> Result<Session> {
        let inner = match &self.0.database {
            Database::Sqlite { writer, .. } => writer
                .begin_with("BEGIN IMMEDIATE")
                .await
                .map(Handle::Transaction)
                .map(Inner::Sqlite),
            Database::Postgres(pool) => begin(pool)
                .await
                .map(Handle::Transaction)
                .map(Inner::Postgres),
        };
        self.session(operation, inner)
    }

    /// A transaction to read in, over several statements.
    pub(crate) async fn read_transaction(&self, operation: &'static str) -> Result<Session> {
        let inner = match &self.0.database {
            Database::Sqlite { readers, .. } => readers
                .begin()
                .await
                .map(Handle::Transaction)
                .map(Inner::Sqlite),
            Database::Postgres(pool) => begin(pool)
                .await
                .map(Handle::Transaction)
                .map(Inner::Postgres),
        };
        self.session(operation, inner)
    }

    fn session(&self, operation: &'static str, inner: sqlx::Result<Inner>) -> Result<Session> {
        Ok(Session {
            inner: inner.map_err(|source| error::from_sqlx(operation, source))?,
            dialect: Arc::clone(&self.0.dialect),
            persistent: self.persistent(),
            operation,
        })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("engine", &self.engine().as_str())
            .finish_non_exhaustive()
    }
}

/// Begins a transaction, to the end even when the caller stops waiting: sqlx knows of a transaction only once the server
/// has answered, so an abandoned `BEGIN` would go back to the pool with its transaction open. On SQLite the connection's
/// own thread sees to it.
async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    match tokio::spawn(async move { pool.begin().await }).await {
        Ok(begun) => begun,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(sqlx::Error::WorkerCrashed),
        },
    }
}

async fn postgres(url: &str, options: &StoreOptions) -> Result<PgPool> {
    let failed = |source| error::from_sqlx("open", source);
    let cache = if options.transaction_pooling {
        0
    } else {
        options.statement_cache
    };
    // pgbouncer refuses start-up parameters that it does not know; no statement here reads a float.
    let connect = PgConnectOptions::from_str(url)
        .map_err(failed)?
        .application_name(&options.application_name)
        .statement_cache_capacity(cache)
        .extra_float_digits(None);
    PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        // A connection is checked when it comes back; asking it again before each use would double the round trips.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for >= IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(connect)
        .await
        .map_err(failed)
}
