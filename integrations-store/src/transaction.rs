//! One transaction over several calls, and the way to the pools for what shares the database.

use std::fmt;

use integrations_core::{Error, Result};
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use sqlx::{Postgres, Sqlite};

use crate::session::{Handle, Inner, Session};
use crate::store::Database;
use crate::{Store, error};

/// One transaction over several calls of the store: those whose names end in `_in`.
///
/// On SQLite it holds the write lock from the beginning. Dropped, it is rolled back.
#[must_use = "dropped, it is rolled back"]
pub struct Transaction(Session);

/// The database's own transaction, for what keeps its tables in the same database.
#[derive(Debug)]
#[non_exhaustive]
pub enum SqlxTransaction<'a> {
    /// On SQLite.
    Sqlite(&'a mut sqlx::Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(&'a mut sqlx::Transaction<'static, Postgres>),
}

/// The store's own connections, for what keeps its tables in the same database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SqlxPool {
    /// The one writer of a SQLite file: everything that writes queues there.
    Sqlite(SqlitePool),
    /// PostgreSQL.
    Postgres(PgPool),
}

impl Store {
    /// Begins a transaction over several calls. `operation` names it in errors: `inbox.store`.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn begin(&self, operation: &'static str) -> Result<Transaction> {
        self.write(operation).await.map(Transaction)
    }

    /// Begins a transaction that only reads, over several statements. On SQLite it takes no lock and works with a file
    /// that is opened read-only.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn begin_read(&self, operation: &'static str) -> Result<Transaction> {
        self.read_transaction(operation).await.map(Transaction)
    }

    /// The connections, for what keeps its tables in the same database: a job queue.
    #[must_use]
    pub fn sqlx(&self) -> SqlxPool {
        match self.database() {
            Database::Sqlite { writer, .. } => SqlxPool::Sqlite(writer.clone()),
            Database::Postgres(pool) => SqlxPool::Postgres(pool.clone()),
        }
    }

    /// PostgreSQL: the schema of the tables.
    #[must_use]
    pub fn schema_name(&self) -> &str {
        self.schema()
    }

    /// PostgreSQL: whether a pooler in transaction mode is in between, so that nothing may stay in the session: see
    /// [`StoreOptions::transaction_pooling`](crate::StoreOptions::transaction_pooling).
    #[must_use]
    pub fn pools_transactions(&self) -> bool {
        matches!(self.database(), Database::Postgres(_)) && !self.persistent()
    }
}

impl Transaction {
    /// Commits.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store); when the connection broke, the outcome is unknown.
    pub async fn commit(self) -> Result<()> {
        self.0.commit().await
    }

    /// Rolls back, and returns when its locks are gone. One that is merely dropped may hold them a moment longer.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store); the database has rolled back, or will.
    pub async fn rollback(self) -> Result<()> {
        let operation = self.0.operation;
        let done = match self.0.inner {
            Inner::Sqlite(Handle::Transaction(transaction)) => transaction.rollback().await,
            Inner::Postgres(Handle::Transaction(transaction)) => transaction.rollback().await,
            Inner::Sqlite(Handle::Pooled(_)) | Inner::Postgres(Handle::Pooled(_)) => Ok(()),
        };
        done.map_err(|source| error::from_sqlx(operation, source))
    }

    /// The database's own transaction.
    pub fn sqlx(&mut self) -> SqlxTransaction<'_> {
        match &mut self.0.inner {
            Inner::Sqlite(Handle::Transaction(transaction)) => SqlxTransaction::Sqlite(transaction),
            Inner::Postgres(Handle::Transaction(transaction)) => {
                SqlxTransaction::Postgres(transaction)
            }
            // `begin` makes nothing else.
            Inner::Sqlite(Handle::Pooled(_)) | Inner::Postgres(Handle::Pooled(_)) => {
                unreachable!("a transaction is made by `begin` alone")
            }
        }
    }

    /// For the calls of this crate that work in it.
    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.0
    }
}

/// The error of a statement that ran on the store's connections from outside: made safe to show, as the store's own.
#[must_use]
pub fn sqlx_error(operation: &'static str, source: sqlx::Error) -> Error {
    error::from_sqlx(operation, source)
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("operation", &self.0.operation)
            .finish_non_exhaustive()
    }
}
