use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::Result;
use crate::http::Idempotency;

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Access {
    /// Everybody who reaches the service.
    Anyone,
    /// A user who has signed in.
    #[default]
    User,
    /// A user who administers the system.
    Admin,
}

/// Where a parameter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// In the path, as one segment of it.
    Path,
    /// In the query.
    Query,
}

/// One parameter of an operation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name on the wire.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// Whether a call without it is refused. One in the path always is.
    pub required: bool,
    /// Its JSON Schema.
    pub schema: Value,
}

impl Parameter {
    /// A parameter of this schema.
    pub fn new(name: impl Into<String>, place: Place, required: bool, schema: Value) -> Self {
        Self {
            name: name.into(),
            place,
            required: required || place == Place::Path,
            schema,
        }
    }
}

/// One operation that can be called by its name.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CatalogOperation {
    /// Its name: one of its kind in the catalogue, the same in every version of the catalogue that has the operation. At
    /// most 64 characters of `A-Z`, `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    /// What it does, for people.
    pub description: Option<String>,
    /// The method.
    pub method: Method,
    /// The path with its parameters in braces, for example `/contacts/{contactId}`.
    pub path: String,
    /// What is written into the path and the query.
    pub parameters: Vec<Parameter>,
    /// The JSON Schema of the body; `None` when there is none.
    pub body: Option<Value>,
    /// Whether a call without a body is refused.
    pub body_required: bool,
    /// The JSON Schema of the answer, when it is known and describes an object.
    pub answer: Option<Value>,
    /// Whether it may be repeated; [`Idempotency::Safe`] changes nothing.
    pub idempotency: Idempotency,
    /// Who may call it.
    pub access: Access,
    /// The scopes that its token must have, when that is known.
    pub scopes: Vec<String>,
}

impl CatalogOperation {
    /// An operation without parameters and body, repeatable as HTTP says of its method, for users who have signed in.
    pub fn new(name: impl Into<String>, method: Method, path: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            idempotency: Idempotency::of(&method),
            method,
            path: path.into(),
            parameters: Vec::new(),
            body: None,
            body_required: false,
            answer: None,
            access: Access::default(),
            scopes: Vec::new(),
        }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.idempotency == Idempotency::Safe
    }

    /// Whether it may take something away: what is no read and no pure addition.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        !self.is_read_only() && self.method != Method::POST
    }
}

/// What a call is made with. What it does not use is an error, not silently left out.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Arguments {
    /// The parameters of the path, not encoded.
    pub path: BTreeMap<String, String>,
    /// The query, in order; a name may be there several times.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: Option<Value>,
}

impl fmt::Debug for Arguments {
    /// Shows the names: a value may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query: Vec<_> = self.query.iter().map(|(name, _)| name).collect();
        f.debug_struct("Arguments")
            .field("path", &self.path.keys().collect::<Vec<_>>())
            .field("query", &query)
            .field("body", &self.body.is_some())
            .finish()
    }
}

/// What an operation answered.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The status: 2xx.
    pub status: StatusCode,
    /// The media type, as it was sent.
    pub content_type: Option<String>,
    /// The body, whole.
    pub body: Bytes,
}

impl Answer {
    /// An answer.
    pub fn new(status: StatusCode, content_type: Option<String>, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type,
            body: body.into(),
        }
    }

    /// The body as JSON; `None` when it is not.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl fmt::Debug for Answer {
    /// Shows the length: bodies hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("bytes", &self.body.len())
            .finish()
    }
}

/// Operations that can be called by name.
#[async_trait]
pub trait Catalog: fmt::Debug + Send + Sync {
    /// All of them, in a stable order.
    fn operations(&self) -> &[CatalogOperation];

    /// Calls one of them. A call that the arguments do not fit is refused before it is sent; one whose token has expired
    /// is repeated once with a new one.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) for arguments that do not fit, with every fault of them;
    /// what the system's errors mean.
    async fn call(&self, operation: &CatalogOperation, arguments: Arguments) -> Result<Answer>;
}
