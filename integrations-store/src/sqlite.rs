//! Opening SQLite: WAL, full durability, one writer.

use std::str::FromStr as _;
use std::time::Duration;

use integrations_core::Result;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::time::{Instant, sleep};

use crate::store::Database;
use crate::{StoreOptions, error};

/// SQLite's default since 2016.
const PAGE: u64 = 4096;

pub(crate) async fn open(url: &str, options: &StoreOptions) -> Result<Database> {
    let failed = |source| error::from_sqlx("open", source);
    let mut connect = SqliteConnectOptions::from_str(url)
        .map_err(failed)?
        .busy_timeout(options.busy_timeout)
        .foreign_keys(true)
        .statement_cache_capacity(options.statement_cache);
    let mode = url
        .split_once('?')
        .and_then(|(_, query)| query.split('&').find_map(|pair| pair.strip_prefix("mode=")));
    if mode.is_none() {
        connect = connect.create_if_missing(true);
    }
    if mode == Some("memory") || url.starts_with("sqlite::memory:") || url == "sqlite://:memory:" {
        // One connection: a second one would see table locks that no busy timeout waits for.
        let only = pool(1, options, connect).await?;
        return Ok(Database::Sqlite {
            writer: only.clone(),
            readers: only,
        });
    }
    connect = connect.synchronous(if options.durable {
        SqliteSynchronous::Full
    } else {
        SqliteSynchronous::Off
    });
    if mode != Some("ro") {
        connect = connect.journal_mode(SqliteJournalMode::Wal);
    }
    if let Some(bytes) = options.max_bytes {
        connect = connect.pragma("max_page_count", (bytes / PAGE).max(1).to_string());
    }
    let writer = pool(1, options, connect.clone()).await?;
    let readers = pool(
        options.max_connections,
        options,
        connect.pragma("query_only", "ON"),
    )
    .await?;
    Ok(Database::Sqlite { writer, readers })
}

/// Opens a pool and its first connection. Two processes that make the same file at once exclude each other while they
/// switch it to WAL, and SQLite's busy timeout does not cover that: so try again within the same time.
async fn pool(
    size: u32,
    options: &StoreOptions,
    connect: SqliteConnectOptions,
) -> Result<SqlitePool> {
    let deadline = Instant::now() + options.busy_timeout;
    loop {
        let opened = SqlitePoolOptions::new()
            .max_connections(size)
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(connect.clone())
            .await
            .map_err(|source| error::from_sqlx("open", source));
        match opened {
            Err(error) if error.code() == Some("busy") && Instant::now() < deadline => {
                sleep(Duration::from_millis(20)).await;
            }
            opened => return opened,
        }
    }
}
