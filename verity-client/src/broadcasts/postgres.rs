use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Error, ErrorKind, Result};
use jiff::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, Row};

use super::source::{BroadcastRecord, BroadcastSource, RecipientStatus, Recipients};
use crate::comms::BroadcastKind;
use crate::ids::BroadcastId;

/// Broadcasts in Verity's own PostgreSQL, read only: the server refuses every write of this connection.
///
/// Reads the tables `broadcast`, `broadcast_recipient`, `chat_message` and `leads`. Their ids may be UUIDs, texts or
/// numbers: it asks once.
#[derive(Clone)]
pub struct PostgresBroadcasts {
    pool: PgPool,
    /// How ids are written, from a short list of names.
    id_type: &'static str,
}

/// At most so many connections: the database is somebody else's.
const CONNECTIONS: u32 = 5;

impl PostgresBroadcasts {
    /// Connects to `postgres://…`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a URL that is none, [`ErrorKind::Store`] when the database cannot be reached or is not
    /// Verity's.
    pub async fn connect(url: &str) -> Result<Self> {
        // The URL holds the password: what is wrong with it is not repeated.
        let parsed = match url.starts_with("postgres://") || url.starts_with("postgresql://") {
            true => url.parse::<PgConnectOptions>().ok(),
            false => None,
        };
        let options = parsed.ok_or_else(|| {
            Error::config(
                "VERITY_DATABASE_URL is not a URL like postgres://user:password@host/name",
            )
            .with_provider(crate::PROVIDER)
        })?;
        let options = options.application_name("integrations").options([
            ("default_transaction_read_only", "on"),
            ("statement_timeout", "30000"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(10))
            .idle_timeout(Duration::from_secs(20))
            .connect_with(options)
            .await
            .map_err(failed("the database cannot be reached"))?;
        let named: Option<String> = sqlx::query_scalar(
            "SELECT format_type(atttypid, NULL) FROM pg_attribute
             WHERE attrelid = to_regclass('broadcast') AND attname = 'id' AND NOT attisdropped",
        )
        .fetch_optional(&pool)
        .await
        .map_err(failed("the tables cannot be looked at"))?;
        let id_type = match named.as_deref() {
            Some("uuid") => "uuid",
            Some("bigint") => "bigint",
            Some("integer") => "integer",
            Some("text" | "character varying") => "text",
            _ => {
                return Err(Error::new(
                    ErrorKind::Store,
                    "the database has no table `broadcast` with an id of a known type: is it Verity's?",
                )
                .with_provider(crate::PROVIDER));
            }
        };
        Ok(Self { pool, id_type })
    }

    /// Connects to the database that `VERITY_DATABASE_URL` names.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it names none; otherwise as [`connect`](Self::connect).
    pub async fn from_env() -> Result<Self> {
        match std::env::var("VERITY_DATABASE_URL") {
            Ok(url) if !url.trim().is_empty() => Self::connect(url.trim()).await,
            _ => Err(
                Error::config("the environment variable VERITY_DATABASE_URL is missing")
                    .with_provider(crate::PROVIDER),
            ),
        }
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A statement with the type of the ids in the place of `ID`.
    fn typed(&self, statement: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(statement.replace("{ID}", self.id_type))
    }

    /// Whether a text can be an id at all: the database would call the statement wrong.
    fn can_be(&self, id: &BroadcastId) -> bool {
        let id = id.as_str();
        match self.id_type {
            "uuid" => id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'),
            "bigint" => id.parse::<i64>().is_ok(),
            "integer" => id.parse::<i32>().is_ok(),
            _ => !id.contains('\0'),
        }
    }
}

/// A time as microseconds since 1970, whether the column has a zone or not.
macro_rules! micros {
    ($column:literal) => {
        concat!("(extract(epoch FROM ", $column, ") * 1000000)::bigint")
    };
}

#[async_trait]
impl BroadcastSource for PostgresBroadcasts {
    async fn broadcast(&self, id: &BroadcastId) -> Result<Option<BroadcastRecord>> {
        if !self.can_be(id) {
            return Ok(None);
        }
        let statement = self.typed(concat!(
            "SELECT type::text AS kind, subject, ",
            micros!("executed_at"),
            " AS executed_at, ",
            micros!("completed_at"),
            " AS completed_at FROM broadcast WHERE id = $1::{ID}"
        ));
        let row = sqlx::query(statement)
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(failed("the broadcast cannot be read"))?;
        let Some(row) = row else {
            return Ok(None);
        };
        let kind: Option<String> = column(&row, "kind")?;
        let kind = BroadcastKind::from(kind.unwrap_or_default());
        let mut record = BroadcastRecord::new(id, kind);
        record.subject = column(&row, "subject")?;
        record.executed_at = time(&row, "executed_at")?;
        record.completed_at = time(&row, "completed_at")?;
        Ok(Some(record))
    }

    async fn recipients(&self, id: &BroadcastId) -> Result<Recipients> {
        if !self.can_be(id) {
            return Ok(Recipients::default());
        }
        let statement = self.typed(concat!(
            "SELECT status::text AS status, count(*) AS number, ",
            micros!("min(sent_at)"),
            " AS sent_at FROM broadcast_recipient WHERE broadcast_id = $1::{ID} GROUP BY 1"
        ));
        let rows = sqlx::query(statement)
            .bind(id.as_str())
            .fetch_all(&self.pool)
            .await
            .map_err(failed("the receivers cannot be counted"))?;
        let mut counts: BTreeMap<RecipientStatus, u64> = BTreeMap::new();
        let mut first: Option<Timestamp> = None;
        for row in &rows {
            let status: Option<String> = column(row, "status")?;
            let number: i64 = column(row, "number")?;
            *counts
                .entry(RecipientStatus::from(status.unwrap_or_default()))
                .or_default() += u64::try_from(number).unwrap_or_default();
            first = [first, time(row, "sent_at")?].into_iter().flatten().min();
        }
        Ok(Recipients::new(counts, first))
    }

    async fn replies(&self, id: &BroadcastId, from: Timestamp, until: Timestamp) -> Result<u64> {
        if !self.can_be(id) {
            return Ok(0);
        }
        // An answer belongs to the broadcast itself, or to somebody whom it was sent to.
        let statement = self.typed(concat!(
            "SELECT count(DISTINCT answer.participant_id) FROM chat_message answer
             WHERE answer.status::text = 'received' AND ",
            micros!("answer.created_at"),
            " BETWEEN $2 AND $3
             AND (answer.broadcast_id = $1::{ID} OR EXISTS (
                 SELECT 1 FROM chat_message sent
                 WHERE sent.broadcast_id = $1::{ID} AND sent.participant_id = answer.participant_id
                 AND sent.status::text = 'sent'))"
        ));
        self.count(statement, id, &[from, until], &[]).await
    }

    async fn appointments(&self, broadcast: &BroadcastRecord, since: Timestamp) -> Result<u64> {
        if !self.can_be(&broadcast.id) {
            return Ok(0);
        }
        let statement = self.typed(concat!(
            "SELECT count(DISTINCT leads.contact_id) FROM leads
             JOIN broadcast_recipient receiver ON receiver.contact_id = leads.contact_id
             WHERE receiver.broadcast_id = $1::{ID} AND leads.ghl_appointment_id IS NOT NULL AND ",
            micros!("COALESCE(leads.last_activity_at, leads.created_at)"),
            " >= $2 AND receiver.status::text = ANY($3)"
        ));
        let reached: Vec<String> = RecipientStatus::delivered(&broadcast.kind)
            .iter()
            .map(ToString::to_string)
            .collect();
        self.count(statement, &broadcast.id, &[since], &[reached])
            .await
    }
}

impl PostgresBroadcasts {
    async fn count(
        &self,
        statement: AssertSqlSafe<String>,
        id: &BroadcastId,
        times: &[Timestamp],
        lists: &[Vec<String>],
    ) -> Result<u64> {
        let mut query = sqlx::query_scalar::<_, i64>(statement).bind(id.as_str().to_owned());
        for time in times {
            query = query.bind(time.as_microsecond());
        }
        for list in lists {
            query = query.bind(list.clone());
        }
        let number = query
            .fetch_one(&self.pool)
            .await
            .map_err(failed("the numbers cannot be counted"))?;
        Ok(u64::try_from(number).unwrap_or_default())
    }
}

fn failed(what: &'static str) -> impl Fn(sqlx::Error) -> Error {
    move |error| {
        // The database's own words may quote values; its code does not.
        let code = error.as_database_error().and_then(|own| own.code());
        let code = code.map(|code| code.into_owned());
        let away = matches!(
            error,
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed
        );
        let error = Error::new(ErrorKind::Store, what)
            .with_provider(crate::PROVIDER)
            .with_retryable(away);
        match code {
            Some(code) => error.with_code(code),
            None => error,
        }
    }
}

fn column<'r, T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>>(
    row: &'r PgRow,
    name: &str,
) -> Result<T> {
    row.try_get(name)
        .map_err(failed("a column has another type than Verity's"))
}

fn time(row: &PgRow, name: &str) -> Result<Option<Timestamp>> {
    let micros: Option<i64> = column(row, name)?;
    Ok(micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
}

impl fmt::Debug for PostgresBroadcasts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresBroadcasts")
            .field("id_type", &self.id_type)
            .finish_non_exhaustive()
    }
}
