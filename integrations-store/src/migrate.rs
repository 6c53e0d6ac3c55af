//! The tables: numbered SQL files, embedded, run once each.

use integrations_core::{Error, ErrorKind, Result};
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use crate::session::{Inner, Session, execute, fetch_all};
use crate::{Engine, Store, error, time};

struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal),+ $(,)?) => {
        [$(Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

/// In order, without gaps. A released file never changes: its checksum is in every database.
static MIGRATIONS: &[Migration] = &migrations![
    1 "0001_foundation",
    2 "0002_inbox",
    3 "0003_budgets",
    4 "0004_sync",
    5 "0005_outgoing",
];

/// Any number that nobody else uses: two migrators of one PostgreSQL database exclude each other by it.
const LOCK: i64 = 0x1a7e_9a7e_0000_0001;

impl Migration {
    fn sql(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }

    /// The oldest version whose programs go on working beside this one's: while processes are replaced one by one, those
    /// of the version before share the tables. So a file adds and never takes away what that version knows; what is not
    /// used any more goes a version later.
    fn works_with(&self) -> i64 {
        self.version - 1
    }

    /// Independent of how a checkout writes line ends.
    fn checksum(&self, engine: Engine) -> Vec<u8> {
        let text = self.sql(engine).replace("\r\n", "\n");
        Sha256::digest(text.as_bytes()).to_vec()
    }
}

/// Version, the oldest program that it works with, and checksum.
type Applied = (i64, i64, Vec<u8>);

/// What [`Store::migrate`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// The schema's version before: 0 when there was none.
    pub from: i64,
    /// The schema's version now.
    pub to: i64,
    /// The names of the files that ran.
    pub applied: Vec<&'static str>,
}

impl Store {
    /// Brings the tables up to this version of the crate, in one transaction. Nothing happens when they are.
    ///
    /// Safe to call from many processes at once: one works, the others wait and find it done. On PostgreSQL it makes
    /// the schema when it is not there.
    ///
    /// # Errors
    /// [`ErrorKind::Store`] with the code `schema_newer` when the database was migrated by a later version of this
    /// crate whose tables this one cannot work with (it can with those of the next version), `schema_changed` when a file that ran has other content here; else as any write.
    pub async fn migrate(&self) -> Result<Migrated> {
        let engine = self.engine();
        let mut session = self.write("migrate").await?;
        prepare(&mut session, self.schema()).await?;
        let applied = fetch_all!(
            &mut session,
            Applied,
            "SELECT version, works_with, checksum FROM main.integrations_migrations ORDER BY version"
        )?;
        check(engine, &applied)?;
        let from = applied.last().map_or(0, |(version, ..)| *version);
        let mut done = Vec::new();
        for migration in MIGRATIONS.iter().filter(|one| one.version > from) {
            run(&mut session, migration.sql(engine)).await?;
            execute!(
                &mut session,
                "INSERT INTO main.integrations_migrations (version, name, works_with, checksum, applied_at) \
                 VALUES ($1, $2, $3, $4, $5)",
                migration.version,
                migration.name,
                migration.works_with(),
                migration.checksum(engine),
                time::to_micros(self.now()),
            )?;
            done.push(migration.name);
        }
        session.commit().await?;
        if !done.is_empty() {
            tracing::info!(
                engine = engine.as_str(),
                from,
                applied = done.len(),
                "schema migrated"
            );
        }
        Ok(Migrated {
            from,
            to: from.max(Self::schema_version()),
            applied: done,
        })
    }

    /// The version of the tables that this crate needs.
    #[must_use]
    pub fn schema_version() -> i64 {
        MIGRATIONS.last().map_or(0, |last| last.version)
    }
}

/// Takes the lock, and makes the table that remembers. SQLite's transaction is the lock already.
async fn prepare(session: &mut Session, schema: &str) -> Result<()> {
    if let Inner::Postgres(_) = session.inner {
        execute!(session, "SELECT pg_advisory_xact_lock($1)", LOCK)?;
        // Both end with the transaction, so a connection pooler sees no session state.
        let text = format!(
            "CREATE SCHEMA IF NOT EXISTS \"{schema}\"; SET LOCAL search_path TO \"{schema}\""
        );
        run(session, text).await?;
        run(
            session,
            "CREATE TABLE IF NOT EXISTS integrations_migrations (\
             version BIGINT PRIMARY KEY, name TEXT NOT NULL, works_with BIGINT NOT NULL, checksum BYTEA NOT NULL, applied_at BIGINT NOT NULL)",
        )
        .await
    } else {
        run(
            session,
            "CREATE TABLE IF NOT EXISTS integrations_migrations (\
             version INTEGER PRIMARY KEY, name TEXT NOT NULL, works_with INTEGER NOT NULL, checksum BLOB NOT NULL, applied_at INTEGER NOT NULL) \
             STRICT",
        )
        .await
    }
}

/// Runs a script of this crate.
async fn run(session: &mut Session, script: impl Into<String>) -> Result<()> {
    let script = AssertSqlSafe(script.into()).into_sql_str();
    let done = match &mut session.inner {
        Inner::Sqlite(connection) => {
            let connection: &mut sqlx::SqliteConnection = connection;
            sqlx::raw_sql(script).execute(connection).await.map(drop)
        }
        Inner::Postgres(connection) => {
            let connection: &mut sqlx::PgConnection = connection;
            sqlx::raw_sql(script).execute(connection).await.map(drop)
        }
    };
    done.map_err(|source| error::from_sqlx(session.operation, source))
}

fn check(engine: Engine, applied: &[Applied]) -> Result<()> {
    for (version, works_with, checksum) in applied {
        let Some(known) = MIGRATIONS.iter().find(|one| one.version == *version) else {
            if *works_with <= Store::schema_version() {
                tracing::warn!(
                    version,
                    known = Store::schema_version(),
                    "the database belongs to a newer program"
                );
                continue;
            }
            return Err(Error::new(
                ErrorKind::Store,
                format!(
                    "the database's schema is version {version}, this program knows {}: run a newer one",
                    Store::schema_version()
                ),
            )
            .with_code("schema_newer")
            .with_operation("migrate"));
        };
        if known.checksum(engine) != *checksum {
            return Err(Error::new(
                ErrorKind::Store,
                format!(
                    "migration {} ran with other content than this program has",
                    known.name
                ),
            )
            .with_code("schema_changed")
            .with_operation("migrate"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one_and_match_their_files() {
        for (at, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version, i64::try_from(at).unwrap() + 1);
            assert!(
                migration
                    .name
                    .starts_with(&format!("{:04}_", migration.version))
            );
        }
    }

    #[test]
    fn checksums_ignore_line_ends() {
        let unix = Migration {
            version: 1,
            name: "a",
            sqlite: "a\nb",
            postgres: "",
        };
        let dos = Migration {
            version: 1,
            name: "a",
            sqlite: "a\r\nb",
            postgres: "",
        };
        assert_eq!(unix.checksum(Engine::Sqlite), dos.checksum(Engine::Sqlite));
    }
}
