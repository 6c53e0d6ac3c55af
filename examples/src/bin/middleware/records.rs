//! The middleware's own rows, in the store's database: what it knows of calls, of texts that it sends, and of broadcasts.
//!
//! One table, and a JSON document for each row, so that a row and what the store writes commit together.

use integrations_core::{Error, ErrorKind, Result, TenantId};
use integrations_store::{Engine, SqlxTransaction, Store, Transaction, sqlx_error};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, Row as _, SqlSafeStr as _, SqlStr};

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A call of Aloware's, put together from its events.
    Call,
    /// A text that is sent through Verity.
    Text,
    /// Which texts have these words and this number.
    Words,
    /// Which text one of Verity's is.
    Verity,
    /// The figures of a broadcast.
    Broadcast,
    /// A number whose contact is marked as opted out.
    Tagged,
    /// When a STOP was last taken back, by source and number.
    Lifted,
    /// What GoHighLevel was told last of a message.
    Status,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Text => "text",
            Self::Words => "words",
            Self::Verity => "verity",
            Self::Broadcast => "broadcast",
            Self::Tagged => "tagged",
            Self::Lifted => "lifted",
            Self::Status => "status",
        }
    }
}

/// The rows of one tenant.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    store: Store,
    tenant: TenantId,
    /// `middleware_records`, with PostgreSQL's schema before it.
    table: String,
}

/// Runs a statement on either engine; its error is the store's.
macro_rules! on_either {
    ($transaction:expr, $operation:literal, $sql:expr, $call:ident, [$($bind:expr),*], |$row:ident| $read:expr) => {
        match $transaction.sqlx() {
            SqlxTransaction::Sqlite(transaction) => sqlx::query($sql)$(.bind($bind))*
                .$call(&mut **transaction)
                .await
                .map(|$row| $read),
            SqlxTransaction::Postgres(transaction) => sqlx::query($sql)$(.bind($bind))*
                .$call(&mut **transaction)
                .await
                .map(|$row| $read),
            _ => return Err(Error::config("the store has an engine that this program does not know")),
        }
        .map_err(|error| sqlx_error($operation, error))
    };
}

impl Records {
    pub(crate) fn new(store: &Store, tenant: &TenantId) -> Self {
        let table = match store.engine() {
            Engine::Postgres => format!("\"{}\".middleware_records", store.schema_name()),
            _ => "middleware_records".to_owned(),
        };
        Self {
            store: store.clone(),
            tenant: tenant.clone(),
            table,
        }
    }

    /// Only the store's checked schema name and texts of this file are in it.
    fn sql(&self, text: &str) -> SqlStr {
        let text = text.replace("records", &self.table);
        let text = match self.store.engine() {
            Engine::Postgres => text.replace("/*pg ", "").replace(" */", ""),
            _ => text,
        };
        AssertSqlSafe(text).into_sql_str()
    }

    /// Makes the table. Any number of processes may do it at once.
    pub(crate) async fn migrate(&self) -> Result<()> {
        let mut transaction = self.store.begin("records.migrate").await?;
        // Two processes that make one table at once are in each other's way on PostgreSQL.
        if self.store.engine() == Engine::Postgres {
            let lock = self.sql("SELECT pg_advisory_xact_lock(7227165)");
            on_either!(transaction, "records.migrate", lock, execute, [], |_done| (
            ))?;
        }
        let table = self.sql(
            "CREATE TABLE IF NOT EXISTS records (tenant_id TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, \
             document TEXT NOT NULL, PRIMARY KEY (tenant_id, kind, id))",
        );
        on_either!(
            transaction,
            "records.migrate",
            table,
            execute,
            [],
            |_done| ()
        )?;
        transaction.commit().await
    }

    /// Reads a row.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        kind: Kind,
        id: &str,
    ) -> Result<Option<T>> {
        let mut transaction = self.store.begin_read("records.read").await?;
        let sql = "SELECT document FROM records WHERE tenant_id = $1 AND kind = $2 AND id = $3";
        let found = self.select(&mut transaction, sql, kind, id).await?;
        transaction.commit().await?;
        Ok(found)
    }

    /// Reads a row and holds it until the transaction ends, so that nobody else changes it meanwhile. A row that is not
    /// there is held too.
    pub(crate) async fn hold<T: DeserializeOwned>(
        &self,
        transaction: &mut Transaction,
        kind: Kind,
        id: &str,
    ) -> Result<Option<T>> {
        // SQLite's transaction has the whole file.
        if self.store.engine() == Engine::Postgres {
            let sql = self.sql("SELECT pg_advisory_xact_lock(hashtextextended($1 || ':' || $2 || ':' || $3, 7227165))");
            let tenant = self.tenant.as_str();
            on_either!(
                transaction,
                "records.hold",
                sql,
                execute,
                [tenant, kind.as_str(), id],
                |_done| ()
            )?;
        }
        let sql = "SELECT document FROM records WHERE tenant_id = $1 AND kind = $2 AND id = $3";
        self.select(transaction, sql, kind, id).await
    }

    /// Writes a row.
    pub(crate) async fn put<T: Serialize>(
        &self,
        transaction: &mut Transaction,
        kind: Kind,
        id: &str,
        document: &T,
    ) -> Result<()> {
        let text = serde_json::to_string(document)
            .map_err(|_| Error::new(ErrorKind::Other, "a record cannot be written as JSON"))?;
        let sql = self.sql(
            "INSERT INTO records (tenant_id, kind, id, document) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (tenant_id, kind, id) DO UPDATE SET document = excluded.document",
        );
        on_either!(
            transaction,
            "records.put",
            sql,
            execute,
            [self.tenant.as_str(), kind.as_str(), id, text.as_str()],
            |_done| ()
        )
    }

    /// Takes a row away.
    pub(crate) async fn remove(
        &self,
        transaction: &mut Transaction,
        kind: Kind,
        id: &str,
    ) -> Result<()> {
        let sql = self.sql("DELETE FROM records WHERE tenant_id = $1 AND kind = $2 AND id = $3");
        on_either!(
            transaction,
            "records.remove",
            sql,
            execute,
            [self.tenant.as_str(), kind.as_str(), id],
            |_done| ()
        )
    }

    async fn select<T: DeserializeOwned>(
        &self,
        transaction: &mut Transaction,
        sql: &str,
        kind: Kind,
        id: &str,
    ) -> Result<Option<T>> {
        let sql = self.sql(sql);
        let text: Option<String> = on_either!(
            transaction,
            "records.read",
            sql,
            fetch_optional,
            [self.tenant.as_str(), kind.as_str(), id],
            |row| row.and_then(|row| row.try_get(0).ok())
        )?;
        text.map(|text| {
            serde_json::from_str(&text).map_err(|_| {
                Error::new(
                    ErrorKind::Store,
                    "a record of the middleware is not readable",
                )
                .with_code("corrupt")
            })
        })
        .transpose()
    }
}
