//! A connection or a transaction on either engine, and the macros that run one statement on both.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use integrations_core::Result;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Database, Postgres, Sqlite, Transaction};

use crate::dialect::Dialect;
use crate::error;

/// One unit of work: what a call does between taking a connection and giving it back.
pub(crate) struct Session {
    pub(crate) inner: Inner,
    pub(crate) dialect: Arc<Dialect>,
    /// Whether prepared statements may outlive the transaction.
    pub(crate) persistent: bool,
    /// For error messages: `events.insert`.
    pub(crate) operation: &'static str,
}

pub(crate) enum Inner {
    Sqlite(Handle<Sqlite>),
    Postgres(Handle<Postgres>),
}

pub(crate) enum Handle<DB: Database> {
    Pooled(PoolConnection<DB>),
    Transaction(Transaction<'static, DB>),
}

impl<DB: Database> Deref for Handle<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Pooled(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

impl<DB: Database> DerefMut for Handle<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Pooled(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

impl<DB: Database<Connection: Connection<Database = DB>>> Handle<DB> {
    async fn finish(self) -> sqlx::Result<()> {
        match self {
            Self::Pooled(_) => Ok(()),
            Self::Transaction(transaction) => transaction.commit().await,
        }
    }
}

impl Session {
    /// Commits. A session that is dropped instead is rolled back: nothing half-written.
    pub(crate) async fn commit(self) -> Result<()> {
        let done = match self.inner {
            Inner::Sqlite(handle) => handle.finish().await,
            Inner::Postgres(handle) => handle.finish().await,
        };
        done.map_err(|source| error::commit(self.operation, source))
    }
}

/// Runs one statement on whichever engine the session is on: the text is the same, the bindings are typed twice.
macro_rules! on_both {
    ($session:expr, $query:ident $(::<$row:ty>)?, $sql:expr, [$($bind:expr),*], $method:ident $(, $then:expr)?) => {{
        let session: &mut $crate::session::Session = $session;
        let result = match &mut session.inner {
            $crate::session::Inner::Sqlite(connection) => {
                sqlx::$query$(::<_, $row>)?($sql)$(.bind($bind))*
                    .$method(&mut **connection)
                    .await
                    $(.map($then))?
            }
            $crate::session::Inner::Postgres(connection) => {
                sqlx::$query$(::<_, $row>)?(session.dialect.postgres($sql))
                    .persistent(session.persistent)
                    $(.bind($bind))*
                    .$method(&mut **connection)
                    .await
                    $(.map($then))?
            }
        };
        result.map_err(|source| $crate::error::from_sqlx(session.operation, source))
    }};
}

/// Runs a statement; how many rows it touched.
macro_rules! execute {
    ($session:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::session::on_both!($session, query, $sql, [$($bind),*], execute, |done| done.rows_affected())
    };
}

/// Runs a query for at most one row.
macro_rules! fetch_optional {
    ($session:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::session::on_both!($session, query_as::<$row>, $sql, [$($bind),*], fetch_optional)
    };
}

/// Runs a query that always has a row.
macro_rules! fetch_one {
    ($session:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::session::on_both!($session, query_as::<$row>, $sql, [$($bind),*], fetch_one)
    };
}

/// Runs a query for all its rows.
macro_rules! fetch_all {
    ($session:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::session::on_both!($session, query_as::<$row>, $sql, [$($bind),*], fetch_all)
    };
}

/// Runs a query that only PostgreSQL has, for all its rows: the caller has looked at the session's engine.
macro_rules! fetch_all_postgres {
    ($session:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let session: &mut $crate::session::Session = $session;
        let result = match &mut session.inner {
            $crate::session::Inner::Postgres(connection) => {
                sqlx::query_as::<_, $row>(session.dialect.postgres($sql))
                    .persistent(session.persistent)
                    $(.bind($bind))*
                    .fetch_all(&mut **connection)
                    .await
            }
            $crate::session::Inner::Sqlite(_) => Ok(Vec::new()),
        };
        result.map_err(|source| $crate::error::from_sqlx(session.operation, source))
    }};
}

/// Reads a row of either engine into a type: the body is written once.
macro_rules! from_row {
    ($type:ty, |$row:ident| $body:expr) => {
        impl sqlx::FromRow<'_, sqlx::sqlite::SqliteRow> for $type {
            fn from_row($row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<Self> {
                $body
            }
        }

        impl sqlx::FromRow<'_, sqlx::postgres::PgRow> for $type {
            fn from_row($row: &sqlx::postgres::PgRow) -> sqlx::Result<Self> {
                $body
            }
        }
    };
}

pub(crate) use {
    execute, fetch_all, fetch_all_postgres, fetch_one, fetch_optional, from_row, on_both,
};
