//! Database errors, made safe to show: no value of a row or parameter, no URL, no password.

use std::fmt;

use integrations_core::{Error, ErrorKind};
use sqlx::error::{DatabaseError, ErrorKind as Violation};

/// What a database error means, beside the words it used.
struct Cause {
    code: &'static str,
    message: &'static str,
    retryable: bool,
}

const fn cause(code: &'static str, message: &'static str, retryable: bool) -> Cause {
    Cause {
        code,
        message,
        retryable,
    }
}

/// A stored value that cannot be what this crate wrote. It names the place, never the value.
#[derive(Debug)]
pub(crate) struct Corrupt(pub(crate) String);

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Corrupt {}

/// The error for a stored value that cannot be read.
pub(crate) fn corrupt(place: impl Into<String>) -> Error {
    Error::new(ErrorKind::Store, place.into()).with_code("corrupt")
}

/// The error of one statement.
pub(crate) fn from_sqlx(operation: &'static str, source: sqlx::Error) -> Error {
    if let sqlx::Error::Decode(inner) = &source
        && let Some(place) = inner.downcast_ref::<Corrupt>()
    {
        return corrupt(place.0.clone()).with_operation(operation);
    }
    let Cause {
        code,
        message,
        retryable,
    } = cause_of(&source);
    let detail = detail(&source);
    let message = if detail.is_empty() {
        message.to_owned()
    } else {
        format!("{message} ({detail})")
    };
    Error::new(ErrorKind::Store, message)
        .with_code(code)
        .with_retryable(retryable)
        .with_operation(operation)
}

/// The error of a commit: when the connection broke, nobody knows whether it happened.
pub(crate) fn commit(operation: &'static str, source: sqlx::Error) -> Error {
    let lost = matches!(
        source,
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed
    );
    from_sqlx(operation, source).with_outcome_unknown(lost)
}

fn cause_of(source: &sqlx::Error) -> Cause {
    match source {
        sqlx::Error::Database(error) => database(&**error),
        // A server that is going down breaks off in the middle of its own protocol.
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => cause("unavailable", "the database cannot be reached", true),
        sqlx::Error::Tls(_) => cause("tls", "the database's TLS could not be set up", false),
        sqlx::Error::PoolTimedOut => cause(
            "pool_timeout",
            "no connection became free in time; raise max_connections or find the slow call",
            true,
        ),
        sqlx::Error::PoolClosed => cause("closed", "the store is closed", false),
        sqlx::Error::Configuration(_) => cause("url", "the database URL is not usable", false),
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::TypeNotFound { .. } => {
            cause("corrupt", "a stored value has the wrong type", false)
        }
        _ => cause("other", "the database failed", false),
    }
}

fn database(error: &dyn DatabaseError) -> Cause {
    let code = error.code().unwrap_or_default();
    let known = match code.parse::<u32>() {
        // SQLSTATEs are five characters; SQLite's result codes are shorter numbers.
        Ok(number) if code.len() < 5 => sqlite(number, error.message()),
        _ => postgres(&code),
    };
    known.unwrap_or_else(|| match error.kind() {
        Violation::UniqueViolation => cause("unique", "it exists already", false),
        Violation::ForeignKeyViolation => cause(
            "foreign_key",
            "what it belongs to does not exist, or something still belongs to it",
            false,
        ),
        Violation::NotNullViolation => cause("not_null", "a value is missing", false),
        Violation::CheckViolation => cause("check", "a rule of the schema refuses it", false),
        _ => cause("other", "the database failed", false),
    })
}

/// By primary result code (the low byte) where the extended one adds nothing.
fn sqlite(code: u32, message: &str) -> Option<Cause> {
    if code == 1811 {
        return Some(cause("check", "a rule of the schema refuses it", false));
    }
    Some(match code & 0xff {
        5 | 6 => cause("busy", "another process holds the database", true),
        8 => cause("read_only", "the database is read-only", false),
        10 => cause("io", "the disk failed", true),
        11 | 26 => cause("corrupt", "the database file is damaged or is none", false),
        13 => cause("full", "the disk is full", true),
        14 => cause(
            "cannot_open",
            "the database file cannot be opened; does its directory exist?",
            false,
        ),
        18 => cause("too_large", "a value is too large", false),
        1 if message.starts_with("no such table") || message.starts_with("no such column") => {
            cause("schema", "a table is missing; run Store::migrate", false)
        }
        _ => return None,
    })
}

fn postgres(code: &str) -> Option<Cause> {
    Some(match code {
        "40001" | "40P01" | "55P03" => cause("busy", "another transaction was in the way", true),
        "25006" => cause("read_only", "the database is read-only", false),
        "42501" => cause("permission", "the role may not do this", false),
        "42P01" | "42703" | "3F000" => {
            cause("schema", "a table is missing; run Store::migrate", false)
        }
        "28000" | "28P01" => cause("auth", "the database refused the role or password", false),
        "3D000" => cause("no_database", "the database does not exist", false),
        "57014" => cause(
            "canceled",
            "the statement was cancelled or ran too long",
            true,
        ),
        "57P01" | "57P02" | "57P03" | "57P05" => {
            cause("unavailable", "the database cannot be reached", true)
        }
        _ => match code.get(..2)? {
            "08" => cause("unavailable", "the database cannot be reached", true),
            "53" if code == "53100" => cause("full", "the disk is full", true),
            "53" => cause("unavailable", "the database is out of resources", true),
            "54" => cause("too_large", "a value is too large", false),
            "XX" | "58" => cause("corrupt", "the database reports an internal failure", false),
            _ => return None,
        },
    })
}

/// Names of things, never values: the result code, the constraint and the table.
fn detail(source: &sqlx::Error) -> String {
    match source {
        sqlx::Error::Database(error) => {
            let mut parts = Vec::new();
            if let Some(code) = error.code() {
                parts.push(code.into_owned());
            }
            if let Some(constraint) = error.constraint() {
                parts.push(constraint.to_owned());
            } else if let Some(column) = sqlite_columns(error.message()) {
                parts.push(column.to_owned());
            }
            parts.join(", ")
        }
        sqlx::Error::Io(error) => error.kind().to_string(),
        sqlx::Error::ColumnDecode { index, .. } => format!("column {index}"),
        _ => String::new(),
    }
}

/// SQLite's constraint messages end in `table.column, …`: names only.
fn sqlite_columns(message: &str) -> Option<&str> {
    let (head, columns) = message.split_once(" constraint failed: ")?;
    let known = matches!(head, "UNIQUE" | "NOT NULL" | "FOREIGN KEY" | "CHECK");
    let names = columns
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b',' | b' '));
    (known && names).then_some(columns)
}

/// An error of the vault, with the row it is about.
pub(crate) fn in_row(row: impl fmt::Display, source: &Error) -> Error {
    let named = Error::new(source.kind(), format!("{row}: {}", source.message()))
        .with_retryable(source.is_retryable());
    match source.code() {
        Some(code) => named.with_code(code),
        None => named,
    }
}
