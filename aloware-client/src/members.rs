use integrations_core::http::Query;
use integrations_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde_json::{Map, Value};

/// What a request says, by the provider's names: the query of a GET, the JSON body of everything else.
#[derive(Default)]
pub struct Members {
    all: Map<String, Value>,
    problem: Option<&'static str>,
}

impl Members {
    /// A value as it is.
    pub(crate) fn body<T: Serialize>(&mut self, name: &str, value: Option<&T>) {
        let Some(value) = value else { return };
        match serde_json::to_value(value) {
            Ok(value) => {
                self.all.insert(name.to_owned(), value);
            }
            Err(_) => self.problem = Some("the request holds a value that JSON cannot carry"),
        }
    }

    /// An id: a number where it is one, as the provider documents its own.
    pub(crate) fn id<T: AsRef<str>>(&mut self, name: &str, id: Option<&T>) {
        let Some(id) = id else { return };
        let id = id.as_ref();
        let plain = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
        let number = id.parse::<u64>().ok().filter(|_| plain);
        let value = number.map_or_else(|| Value::from(id), Value::from);
        self.all.insert(name.to_owned(), value);
    }

    /// A yes or no, as the provider's own node writes it.
    pub(crate) fn flag(&mut self, name: &str, flag: Option<&bool>) {
        if let Some(flag) = flag {
            self.all.insert(name.to_owned(), u8::from(*flag).into());
        }
    }

    /// Names in one text, with commas.
    pub(crate) fn joined<T: AsRef<str>>(&mut self, name: &str, list: Option<&Vec<T>>) {
        let Some(list) = list.filter(|list| !list.is_empty()) else {
            return;
        };
        let list: Vec<&str> = list.iter().map(AsRef::as_ref).collect();
        if list.iter().any(|one| one.contains(',')) {
            self.problem = Some(
                "a name in a list holds a comma: the provider would read it as two, so nothing was sent",
            );
        }
        self.all.insert(name.to_owned(), list.join(",").into());
    }

    /// A member that no field is called by.
    pub(crate) fn more(&mut self, name: String, value: Value) {
        self.all.insert(name, value);
    }

    /// All of them.
    pub(crate) fn finish(mut self, operation: &'static str) -> Result<Map<String, Value>> {
        // The token has its own way; one that comes by this would be seen.
        if self.all.contains_key(crate::auth::API_TOKEN) {
            self.problem = Some("api_token is added by the client: give the token to its builder");
        }
        match self.problem {
            None => Ok(self.all),
            Some(problem) => Err(Error::new(ErrorKind::Validation, problem)
                .with_provider(crate::PROVIDER)
                .with_operation(operation)),
        }
    }
}

impl std::fmt::Debug for Members {
    /// Shows the names: a value may be personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all.keys()).finish()
    }
}

/// The members as a query.
pub(crate) fn to_query(members: &Map<String, Value>, query: &mut Query) {
    for (name, value) in members {
        match value {
            Value::Null => {}
            Value::String(text) => {
                query.push(name, text);
            }
            other => {
                query.push(name, other);
            }
        }
    }
}
