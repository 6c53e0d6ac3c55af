//! What to open, and how.

use std::sync::Arc;
use std::time::Duration;

use integrations_core::{Clock, Error, Result, SystemClock};

/// Which database keeps the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Engine {
    /// Embedded SQLite: one machine, no server.
    Sqlite,
    /// PostgreSQL: many machines.
    Postgres,
}

impl Engine {
    /// The lowercase name: `sqlite` or `postgres`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// The engine that a database URL names.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) for any other scheme; the message does not repeat
    /// the URL, which may hold a password.
    pub fn of_url(url: &str) -> Result<Self> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Self::Sqlite),
            Some("postgres" | "postgresql") => Ok(Self::Postgres),
            _ => Err(Error::config(
                "the database URL starts with sqlite: (sqlite::memory:, sqlite://path/to/file.db) or postgres://",
            )),
        }
    }
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a [`Store`](crate::Store) opens its database.
///
/// ```
/// use std::time::Duration;
/// use integrations_store::StoreOptions;
///
/// let options = StoreOptions::new().max_connections(20).schema("crm").acquire_timeout(Duration::from_secs(3));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct StoreOptions {
    pub(crate) max_connections: u32,
    pub(crate) acquire_timeout: Duration,
    pub(crate) busy_timeout: Duration,
    pub(crate) schema: String,
    pub(crate) application_name: String,
    pub(crate) statement_cache: usize,
    pub(crate) transaction_pooling: bool,
    pub(crate) durable: bool,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(10),
            busy_timeout: Duration::from_secs(5),
            schema: "integrations".to_owned(),
            application_name: "integrations-store".to_owned(),
            statement_cache: 200,
            transaction_pooling: false,
            durable: true,
            max_bytes: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl StoreOptions {
    /// The defaults: see each setter.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections at most: 10. On SQLite these are the readers; there is always one writer more.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections.max(1);
        self
    }

    /// How long a call waits for a connection before it fails with the code `pool_timeout`: 10 seconds.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// SQLite: how long a write waits for another process before it fails with the code `busy`: 5 seconds.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// PostgreSQL: the schema that holds the tables: `integrations`. Every statement names it, so no search path is
    /// set and nothing else in the database is touched.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// PostgreSQL: the name shown in `pg_stat_activity`: `integrations-store`.
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = name.into();
        self
    }

    /// How many prepared statements each connection keeps: 200.
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.statement_cache = statements;
        self
    }

    /// PostgreSQL: works behind pgbouncer in transaction mode, of any version: no prepared statement outlives its
    /// transaction, and every read runs in a transaction. It costs two round trips per read.
    ///
    /// Not needed with pgbouncer 1.21 and its `max_prepared_statements`. No other call of the store leaves anything in
    /// the session either way: locks are row locks or transaction-scoped.
    pub fn transaction_pooling(mut self, on: bool) -> Self {
        self.transaction_pooling = on;
        self
    }

    /// SQLite: whether each commit reaches the disk before the call returns (`synchronous=FULL`): yes. Without it a
    /// power cut may lose the last commits, acknowledged webhooks among them; for tests and throw-away data only.
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// SQLite: the file never grows beyond this many bytes (rounded to pages of 4 KiB); writes that need more fail with
    /// the code `full`. No limit but the disk's by default.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Where `created_at`, `updated_at` and expiry checks take the time from: the system's clock. Leases and the
    /// claims of events always use the database's own clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks what can be wrong: the schema name, which goes into statements.
    pub(crate) fn check(&self) -> Result<()> {
        let mut chars = self.schema.chars();
        let first = chars.next();
        let word = first.is_some_and(|c| c.is_ascii_lowercase() || c == '_')
            && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if word && self.schema.len() <= 63 {
            return Ok(());
        }
        Err(Error::config(
            "a schema name is 1 to 63 lowercase letters, digits and underscores, not starting with a digit",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_their_engine() {
        for url in ["sqlite::memory:", "sqlite://a.db", "sqlite:a.db"] {
            assert_eq!(Engine::of_url(url).unwrap(), Engine::Sqlite);
        }
        for url in ["postgres://u:p@h/db", "postgresql:///db"] {
            assert_eq!(Engine::of_url(url).unwrap(), Engine::Postgres);
        }
        let error = Engine::of_url("mysql://u:planted-password@h/db").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"));
        assert!(Engine::of_url("").is_err());
    }

    #[test]
    fn schema_names_cannot_carry_sql() {
        let check = |schema: &str| StoreOptions::new().schema(schema).check();
        assert!(check("integrations").is_ok() && check("_t1").is_ok());
        for bad in ["", "1a", "A", "a-b", "a\"; DROP TABLE x", &"a".repeat(64)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
