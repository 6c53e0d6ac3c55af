//! A catalogue of operations that answers all that a provider may.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use integrations_core::catalog::{Answer, Arguments, Catalog, CatalogOperation, Parameter, Place};
use integrations_core::http::expand_path;
use integrations_core::{Error, ErrorKind, FieldError, Result};
use integrations_mcp::McpServer;
use serde_json::{Value, json};

/// What a provider says of itself, or was told, that no model may read.
pub(super) const INTERNAL: &str = "fuzz-secret-of-the-provider";

#[derive(Debug)]
pub(super) struct Tools {
    operations: Vec<CatalogOperation>,
    /// Calls that should never have come.
    wrong: Mutex<Vec<String>>,
}

impl Tools {
    pub(super) fn new() -> Arc<Self> {
        let text = || json!({"type": "string"});
        let path = |name: &str| Parameter::new(name, Place::Path, true, text());
        let mut read = CatalogOperation::new("contacts_get", Method::GET, "/contacts/{id}");
        read.parameters = vec![
            path("id"),
            Parameter::new(
                "limit",
                Place::Query,
                false,
                json!({"type": "integer", "minimum": 1, "maximum": 100}),
            ),
            Parameter::new(
                "tags[]",
                Place::Query,
                false,
                json!({"type": "array", "items": {"type": "string", "maxLength": 20}}),
            ),
        ];
        let mut write =
            CatalogOperation::new("notes_update", Method::PUT, "/contacts/{id}/notes/{note}");
        write.parameters = vec![path("id"), path("note")];
        write.body = Some(
            json!({"type": "object", "required": ["text"], "additionalProperties": false, "properties": {
            "text": {"type": "string", "pattern": "^[^<]*$"}, "kind": {"enum": ["call", "meeting", null]},
            "child": {"$ref": "#"}, "when": {"anyOf": [{"type": "integer"}, {"type": "object", "required": ["at"]}]}}}),
        );
        write.body_required = true;
        let mut search = CatalogOperation::new("search", Method::POST, "/search");
        search.body = Some(
            json!({"type": "object", "patternProperties": {"^x-": {"type": "number"}},
            "unevaluatedProperties": {"type": ["string", "array", "object", "boolean"]}}),
        );
        search.answer = Some(json!({"type": "object"}));
        let remove = CatalogOperation::new("remove", Method::DELETE, "/things/{a}/{b}");
        let plain = CatalogOperation::new("health", Method::GET, "/health");
        Arc::new(Self {
            operations: vec![read, write, search, remove, plain],
            wrong: Mutex::default(),
        })
    }

    pub(super) fn server(self: &Arc<Self>) -> Result<McpServer> {
        McpServer::builder(Arc::clone(self) as Arc<dyn Catalog>)
            .name("fuzz", "1")
            .page_size(2)
            .timeout(Duration::from_secs(5))
            .max_argument_bytes(16 * 1024)
            .max_answer_bytes(16 * 1024)
            .build()
    }

    /// What came that should not have, since the last time.
    pub(super) fn take_wrong(&self) -> Vec<String> {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *wrong)
    }

    fn wrong(&self, what: String) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.push(what);
    }

    /// What the checks of the server let through.
    fn check(&self, operation: &CatalogOperation, arguments: &Arguments) -> Result<String> {
        let name = &operation.name;
        let mut values = Vec::new();
        for parameter in operation.path.split('{').skip(1) {
            let parameter = parameter.split('}').next().unwrap_or_default();
            match arguments.path.get(parameter).map(String::as_str) {
                None | Some("" | "." | "..") => self.wrong(format!("{name}: a path value")),
                Some(value) => values.push(value),
            }
        }
        if arguments.path.len() != values.len() {
            self.wrong(format!("{name}: more values than the path has"));
        }
        let known = |query: &str| operation.parameters.iter().any(|one| one.name == query);
        if arguments.query.iter().any(|(query, _)| !known(query)) {
            self.wrong(format!("{name}: an unknown query"));
        }
        let limit = arguments.query.iter().find(|(query, _)| query == "limit");
        let limit = limit.map(|(_, value)| value.parse::<f64>());
        if limit.is_some_and(|limit| !limit.is_ok_and(|limit| (1.0..=100.0).contains(&limit))) {
            self.wrong(format!("{name}: a limit"));
        }
        let fits = match (&operation.body, &arguments.body) {
            (None, body) => body.is_none(),
            (Some(_), None) => !operation.body_required,
            (Some(_), Some(Value::Object(body))) => {
                name != "notes_update" || body.get("text").is_some_and(Value::is_string)
            }
            _ => false,
        };
        if !fits {
            self.wrong(format!("{name}: a body"));
        }
        let path = expand_path(&operation.path, &values)?;
        if path.split('/').count() != operation.path.split('/').count() {
            self.wrong(format!("{name}: the path {path}"));
        }
        Ok(path)
    }
}

#[async_trait]
impl Catalog for Tools {
    fn operations(&self) -> &[CatalogOperation] {
        &self.operations
    }

    async fn call(&self, operation: &CatalogOperation, arguments: Arguments) -> Result<Answer> {
        let path = self.check(operation, &arguments)?;
        let mut hash = DefaultHasher::new();
        path.hash(&mut hash);
        arguments.query.hash(&mut hash);
        let json = Some("application/json".to_owned());
        let hidden = || std::io::Error::other(INTERNAL);
        Ok(match hash.finish() % 12 {
            0 => {
                return Err(
                    Error::new(ErrorKind::Connect, "the provider is away").with_source(hidden())
                );
            }
            1 => {
                return Err(Error::new(ErrorKind::RateLimited, "too much at once")
                    .with_retry_after(Duration::from_secs(7))
                    .with_body(Bytes::from_static(b"<html>slow down</html>")));
            }
            2 => {
                let fault = FieldError::new("/body/text", "is not wanted");
                return Err(Error::validation("it does not fit", vec![fault]));
            }
            3 => {
                return Err(Error::new(ErrorKind::Auth, "the token is over")
                    .with_body(Bytes::from(format!(r#"{{"token":"{INTERNAL}"}}"#)))
                    .with_source(hidden()));
            }
            4 => Answer::new(StatusCode::NO_CONTENT, None, ""),
            5 => Answer::new(StatusCode::OK, json, "{not json"),
            6 => Answer::new(
                StatusCode::OK,
                Some("image/png".to_owned()),
                &b"\x89PNG\xff"[..],
            ),
            7 => Answer::new(
                StatusCode::OK,
                Some("\u{1}; x".to_owned()),
                &b"\xff\xfe"[..],
            ),
            8 => Answer::new(StatusCode::OK, json, vec![b' '; 20 * 1024]),
            9 => Answer::new(StatusCode::OK, json, format!("[{}1]", "1,".repeat(9_000))),
            10 => Answer::new(StatusCode::OK, json, "null"),
            _ => {
                let body = json!({"path": path, "query": arguments.query, "body": arguments.body});
                Answer::new(StatusCode::CREATED, json, body.to_string())
            }
        })
    }
}
