//! Many rows in one statement: as one JSON document, which both engines turn into rows.
//!
//! A row is an array, and the document an object of arrays by number: `json_each` reads that on both engines, and
//! `value->>0` the first column as text. The few types that a text does not become by itself are cast.

use serde_json::{Map, Value};
use uuid::Uuid;

/// Rows on their way into one statement.
#[derive(Debug, Default)]
pub(crate) struct Rows(Map<String, Value>);

impl Rows {
    pub(crate) fn push(&mut self, row: Vec<Value>) {
        // Numbers of one width, so that a reader that sorts keys keeps the order.
        let at = format!("{:06}", self.0.len());
        self.0.insert(at, Value::Array(row));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn json(self) -> String {
        Value::Object(self.0).to_string()
    }

    /// One column of texts.
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut rows = Self::default();
        for text in texts {
            rows.push(vec![text.into()]);
        }
        rows
    }
}

/// A UUID as SQLite's `unhex` and PostgreSQL's cast both read it.
pub(crate) fn uuid(id: Uuid) -> Value {
    id.simple().to_string().into()
}

/// The same statement with an engine's way to read a UUID out of the rows: `sql!(engine, uuid => concat!(…))`.
macro_rules! for_engine {
    ($session:expr, $text:ident) => {
        if matches!($session.inner, $crate::session::Inner::Sqlite(_)) {
            $text!("unhex(", ")")
        } else {
            $text!("CAST(", " AS uuid)")
        }
    };
}

pub(crate) use for_engine;
