//! One SQL text for both engines.
//!
//! Statements are written so that SQLite runs them as they are: tables are named `main.…`, placeholders are `$1`, and
//! what only PostgreSQL has (row locks) stands in a comment `/*pg … */`. For PostgreSQL the schema takes the place of
//! `main`, and the comment's content becomes part of the statement.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// Turns the common text into PostgreSQL's, once per statement.
#[derive(Debug)]
pub(crate) struct Dialect {
    qualifier: String,
    texts: RwLock<HashMap<&'static str, Arc<str>>>,
}

impl Dialect {
    /// For a schema whose name has been checked.
    pub(crate) fn new(schema: &str) -> Self {
        Self {
            qualifier: format!("\"{schema}\"."),
            texts: RwLock::default(),
        }
    }

    /// The statement for PostgreSQL. Only text of this crate and the checked schema name are in it.
    pub(crate) fn postgres(&self, sql: &'static str) -> SqlStr {
        let known = {
            let texts = self.texts.read().unwrap_or_else(PoisonError::into_inner);
            texts.get(sql).cloned()
        };
        let text = known.unwrap_or_else(|| {
            let text: Arc<str> = self.translate(sql).into();
            let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(texts.entry(sql).or_insert(text))
        });
        AssertSqlSafe(text).into_sql_str()
    }

    fn translate(&self, sql: &str) -> String {
        sql.replace("main.", &self.qualifier)
            .replace("/*pg ", "")
            .replace(" */", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_and_the_locks_come_in() {
        let dialect = Dialect::new("crm");
        let sql = dialect.postgres("SELECT id FROM main.leases WHERE name = $1 /*pg FOR UPDATE */");
        assert_eq!(
            sql.as_str(),
            "SELECT id FROM \"crm\".leases WHERE name = $1 FOR UPDATE"
        );
    }
}
