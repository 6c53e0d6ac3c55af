//! Statements on the engine's tables: one text for each engine, run in a transaction of the store.

use std::sync::Arc;

use integrations_core::{Error, ErrorKind};
use riverqueue::sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

/// One statement, as each engine reads it. Only text of this crate and the checked schema name are in it.
#[derive(Clone)]
pub(super) struct Text {
    sqlite: Arc<str>,
    postgres: Arc<str>,
}

impl Text {
    /// `{s}` stands for what comes before a table's name.
    pub(super) fn new(schema: &str, sqlite: &str, postgres: &str) -> Self {
        Self {
            sqlite: sqlite.replace("{s}", "main.").into(),
            postgres: postgres.replace("{s}", &format!("\"{schema}\".")).into(),
        }
    }

    pub(super) fn sqlite(&self) -> SqlStr {
        AssertSqlSafe(Arc::clone(&self.sqlite)).into_sql_str()
    }

    pub(super) fn postgres(&self) -> SqlStr {
        AssertSqlSafe(Arc::clone(&self.postgres)).into_sql_str()
    }
}

/// Runs one statement in a transaction of the store, on whichever engine it is: bindings and rows are typed twice.
macro_rules! on_both {
    ($jobs:expr, $transaction:expr, $operation:expr, $query:ident $(::<$row:ty>)?, $text:expr, [$($bind:expr),*],
     $method:ident $(, $then:expr)?) => {{
        let text: &$crate::jobs::database::Text = $text;
        let transaction: &mut integrations_store::Transaction = $transaction;
        match transaction.sqlx() {
            integrations_store::SqlxTransaction::Sqlite(connection) => {
                riverqueue::sqlx::$query$(::<_, $row>)?(text.sqlite())
                    $(.bind($bind))*
                    .$method(&mut **connection)
                    .await
                    $(.map($then))?
                    .map_err(|source| integrations_store::sqlx_error($operation, source))
            }
            integrations_store::SqlxTransaction::Postgres(connection) => {
                riverqueue::sqlx::$query$(::<_, $row>)?(text.postgres())
                    .persistent($jobs.persistent())
                    $(.bind($bind))*
                    .$method(&mut **connection)
                    .await
                    $(.map($then))?
                    .map_err(|source| integrations_store::sqlx_error($operation, source))
            }
            _ => Err($crate::jobs::database::unknown_engine()),
        }
    }};
}

/// Runs a statement; how many rows it touched.
macro_rules! execute {
    ($jobs:expr, $transaction:expr, $operation:expr, $text:expr $(, $bind:expr)* $(,)?) => {
        $crate::jobs::database::on_both!(
            $jobs, $transaction, $operation, query, $text, [$($bind),*], execute, |done| done.rows_affected()
        )
    };
}

/// Runs a query for all its rows.
macro_rules! fetch_all {
    ($jobs:expr, $transaction:expr, $operation:expr, $row:ty, $text:expr $(, $bind:expr)* $(,)?) => {
        $crate::jobs::database::on_both!(
            $jobs, $transaction, $operation, query_as::<$row>, $text, [$($bind),*], fetch_all
        )
    };
}

pub(super) use {execute, fetch_all, on_both};

pub(super) fn unknown_engine() -> Error {
    Error::new(ErrorKind::Store, "jobs do not know this database")
}

/// An error of the engine, made safe to show: its own words may repeat arguments.
pub(super) fn engine_error(operation: &'static str, source: riverqueue::Error) -> Error {
    match source {
        riverqueue::Error::Database(source) => integrations_store::sqlx_error(operation, source),
        riverqueue::Error::Configuration(_) => Error::config(format!(
            "a setting of the job runner is not usable: {source}"
        ))
        .with_operation(operation),
        riverqueue::Error::RuntimeUnavailable { .. } => {
            Error::config("jobs run inside a Tokio runtime").with_operation(operation)
        }
        riverqueue::Error::NotFound(_) => {
            Error::new(ErrorKind::NotFound, "there is no such job or queue")
                .with_operation(operation)
        }
        riverqueue::Error::InvalidJob(_) => {
            Error::new(ErrorKind::Validation, "the job engine refuses this request")
                .with_operation(operation)
        }
        _ => Error::new(ErrorKind::Store, "the job engine failed").with_operation(operation),
    }
}
