use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{SqlxPool, Store, sqlx_error};
use riverqueue::database::{PostgresDatabase, SchemaName};
use riverqueue::migrate::{PostgresMigrator, SqliteMigrator};
use riverqueue::sqlx::postgres::PgPoolOptions;
use riverqueue::{Client, ClientBuilder};
use tokio::time::{Instant, sleep};

use super::database::{engine_error, execute, unknown_engine};
use super::statements::Statements;
use super::wake::Waking;

/// How often a client looks at most: the engine's default of 100 ms would cap a queue at ten jobs a second per worker.
pub(super) const COOLDOWN: Duration = Duration::from_millis(5);
/// How long a process waits for another one that makes the tables.
const MIGRATION: Duration = Duration::from_secs(10);
/// The engine's own connections of [`Jobs::with_sessions`]: fetching, writing down results, a little more.
const SESSIONS: u32 = 8;

/// The jobs of a [`Store`]: enqueue, list, cancel, replay. Clones share everything.
///
/// Nothing runs here: see [`JobRunner`](super::JobRunner).
#[derive(Clone)]
pub struct Jobs(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) store: Store,
    /// Connections that keep their session, unless there are none.
    pub(super) sessions: Option<SqlxPool>,
    pub(super) client: Client,
    pub(super) statements: Statements,
    pub(super) waking: Waking,
    /// Whether runners listen.
    pub(super) notifies: bool,
}

impl Jobs {
    /// The jobs in a store's database. The tables come with [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the store is of an engine that jobs do not know.
    pub fn new(store: &Store) -> Result<Self> {
        let sessions = (!store.pools_transactions()).then(|| store.sqlx());
        Self::build(store, sessions)
    }

    /// The jobs in a store's database behind a pooler in transaction mode: `url` reaches PostgreSQL past the pooler.
    ///
    /// The engine's statements need connections that keep their session. Enqueuing and listing work without; making the
    /// tables and running jobs do not. Eight connections are opened at most, when they are needed.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the store is not on PostgreSQL, [`ErrorKind::Store`] when the URL is not usable.
    pub fn with_sessions(store: &Store, url: &str) -> Result<Self> {
        if !matches!(store.sqlx(), SqlxPool::Postgres(_)) {
            return Err(Error::config(
                "connections past a pooler are for a store on PostgreSQL",
            ));
        }
        let pool = PgPoolOptions::new()
            .max_connections(SESSIONS)
            .connect_lazy(url)
            .map_err(|source| sqlx_error("jobs.with_sessions", source))?;
        let sessions = SqlxPool::Postgres(pool);
        Self::build(store, Some(sessions))
    }

    fn build(store: &Store, sessions: Option<SqlxPool>) -> Result<Self> {
        let pool = sessions.clone().unwrap_or_else(|| store.sqlx());
        let client = builder(store, pool)?
            .fetch_cooldown(COOLDOWN)
            .build()
            .map_err(|source| engine_error("jobs.new", source))?;
        let notifies = matches!(sessions, Some(SqlxPool::Postgres(_)));
        Ok(Self(Arc::new(Shared {
            client,
            statements: Statements::new(store.schema_name()),
            waking: Waking::default(),
            notifies,
            sessions,
            store: store.clone(),
        })))
    }

    /// Makes the job tables, beside the store's own: after [`Store::migrate`]. Nothing happens when they are there; many
    /// processes may call it at once.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn migrate(&self) -> Result<()> {
        let deadline = Instant::now() + MIGRATION;
        loop {
            match self.migrate_once().await {
                // Of two that begin at once one finds half of the tables there. It looks again.
                Err(error) if Instant::now() < deadline && may_be_a_race(&error) => {
                    tracing::debug!(%error, "the job tables are being made by another process");
                    sleep(Duration::from_millis(100)).await;
                }
                done => return done,
            }
        }
    }

    async fn migrate_once(&self) -> Result<()> {
        let operation = "jobs.migrate";
        let done = match self.sessions()? {
            SqlxPool::Sqlite(pool) => SqliteMigrator::new(pool).migrate_up().await,
            SqlxPool::Postgres(pool) => {
                PostgresMigrator::new(pool)
                    .with_schema(schema(&self.0.store)?)
                    .migrate_up()
                    .await
            }
            _ => return Err(unknown_engine()),
        };
        done.map_err(|source| match source {
            riverqueue::migrate::Error::Database(source) => sqlx_error(operation, source),
            _ => Error::new(ErrorKind::Store, "the job tables cannot be made")
                .with_operation(operation),
        })?;
        let mut transaction = self.0.store.begin(operation).await?;
        let statements = &self.0.statements;
        for text in [&statements.due_index, &statements.runners] {
            execute!(self, &mut transaction, operation, text)?;
        }
        transaction.commit().await
    }

    /// The store that the jobs live in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Connections that keep their session.
    pub(super) fn sessions(&self) -> Result<SqlxPool> {
        self.0.sessions.clone().ok_or_else(|| {
            Error::config(
                "behind a pooler in transaction mode, jobs need connections past it: see Jobs::with_sessions",
            )
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(super) fn statements(&self) -> &Statements {
        &self.0.statements
    }

    /// Whether prepared statements may outlive a transaction.
    pub(super) fn persistent(&self) -> bool {
        !self.0.store.pools_transactions()
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs")
            .field("store", &self.0.store)
            .finish_non_exhaustive()
    }
}

/// A client of the engine on these connections.
pub(super) fn builder(store: &Store, pool: SqlxPool) -> Result<ClientBuilder> {
    Ok(match pool {
        SqlxPool::Sqlite(pool) => Client::builder(pool),
        SqlxPool::Postgres(pool) => {
            Client::builder(PostgresDatabase::new(pool).with_schema(schema(store)?))
        }
        _ => return Err(unknown_engine()),
    })
}

/// Whether looking again may help. One of two processes that make the tables at once finds half of a step done, and
/// meets whatever that step's statements meet then; each step commits together with its record, so nothing runs twice.
fn may_be_a_race(error: &Error) -> bool {
    let lasting = [
        "closed",
        "auth",
        "permission",
        "read_only",
        "cannot_open",
        "no_database",
        "full",
        "url",
        "tls",
    ];
    error.kind() == ErrorKind::Store && !error.code().is_some_and(|code| lasting.contains(&code))
}

fn schema(store: &Store) -> Result<SchemaName> {
    SchemaName::new(store.schema_name())
        .map_err(|_| Error::config("the job engine does not take the schema's name"))
}
