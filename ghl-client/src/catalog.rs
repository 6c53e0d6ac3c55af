//! The provider's operations for what calls them without knowing them: MCP servers, gateways.

mod shapes;
mod table;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use integrations_core::catalog::{Answer, Arguments, Catalog, CatalogOperation};
use integrations_core::http::{NoAuth, Request, expand_path};
use integrations_core::{Error, FieldError, Result};
use serde_json::{Map, Value};

use self::table::Entry;
use crate::answer::{Untyped, WholeAnswer};
use crate::call::VERSION;
use crate::ids::LocationId;
use crate::sending::Sending;
use crate::{Client, TokenClasses};

/// Every operation of the groups that are compiled in, callable by name: see [`Client::catalog`].
///
/// Parameters and bodies are those of the provider's documents with this crate's corrections. Uploads are not among them:
/// files are no JSON. Calls go the way of all calls of the client: scopes and token classes are checked, the rate limit
/// is waited for, and what may be repeated is.
#[derive(Clone)]
pub struct GhlCatalog {
    client: Client,
    location: Option<LocationId>,
    entries: Arc<[Entry]>,
    operations: Arc<[CatalogOperation]>,
    by_name: Arc<HashMap<String, usize>>,
}

impl Client {
    /// The operations of the dated contract, callable by name.
    #[must_use]
    pub fn catalog(&self) -> GhlCatalog {
        GhlCatalog::new(self.clone(), None, table::dated())
    }

    /// The operations of the contract `v3`, callable by name; the names start with `v3_`.
    #[cfg(feature = "v3")]
    #[must_use]
    pub fn catalog_v3(&self) -> GhlCatalog {
        GhlCatalog::new(self.clone(), None, table::v3())
    }
}

impl GhlCatalog {
    /// The same operations for one location: whoever calls them need not name it, and cannot name another. Calls count
    /// against that location's rate limit.
    #[must_use]
    pub fn for_location(&self, location: impl Into<LocationId>) -> Self {
        let location = location.into();
        let mut client = self.client.clone();
        client.pipeline = client.pipeline.with_subject(location.as_str());
        let entries = self.entries.to_vec();
        Self::new(client, Some(location), entries)
    }

    fn new(client: Client, location: Option<LocationId>, entries: Vec<Entry>) -> Self {
        let operations: Arc<[_]> = entries
            .iter()
            .map(|entry| entry.operation(location.as_ref()))
            .collect();
        let by_name = operations
            .iter()
            .enumerate()
            .map(|(at, operation)| (operation.name.clone(), at))
            .collect();
        Self {
            client,
            location,
            entries: entries.into(),
            operations,
            by_name: Arc::new(by_name),
        }
    }

    /// The request of a call; every fault of the arguments at once.
    fn request(&self, entry: &Entry, arguments: Arguments) -> Result<Request> {
        let spec = entry.spec;
        let mut faults = Vec::new();
        let location = self.location.as_ref().map(LocationId::as_str);
        let Arguments {
            mut path,
            query,
            body,
            ..
        } = arguments;

        let mut segments = Vec::new();
        for name in entry.placeholders() {
            match (path.remove(name), location) {
                (None, Some(location)) if table::is_location(name) => {
                    segments.push(location.to_owned());
                }
                (Some(_), Some(_)) if table::is_location(name) => {
                    faults.push(FieldError::new(format!("/{name}"), OTHER_LOCATION));
                }
                (Some(value), _) if matches!(value.as_str(), "" | "." | "..") => {
                    let message = "must not be empty, \".\" or \"..\"";
                    faults.push(FieldError::new(format!("/{name}"), message));
                }
                (Some(value), _) => segments.push(value),
                (None, _) => faults.push(FieldError::new(format!("/{name}"), "is required")),
            }
        }
        for name in path.keys() {
            faults.push(FieldError::new(format!("/{name}"), "is not in the path"));
        }

        let query = self.query(entry, query, &mut faults);
        let body = self.body(entry, body, &mut faults);
        if !faults.is_empty() {
            return Err(Error::validation(
                "the arguments do not fit the operation",
                faults,
            ));
        }

        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let path = expand_path(spec.operation.path, &segments)?;
        let mut request = Request::new(spec.operation.clone(), path);
        request.options.timeout = spec.timeout;
        request.options.attempt_timeout = spec.timeout;
        for (name, value) in &query {
            request.query.push(name, value);
        }
        match body {
            Some(Value::Object(members)) if entry.is_form => {
                let pairs: Vec<(String, String)> = members
                    .into_iter()
                    .map(|(name, value)| (name, text(&value)))
                    .collect();
                let pairs = pairs
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                request = request.form(pairs);
            }
            Some(body) => request = request.json(&body)?,
            None => {}
        }
        let version = self.client.version.unwrap_or(entry.version);
        request.header(VERSION, version.as_str())
    }

    fn query(
        &self,
        entry: &Entry,
        given: Vec<(String, String)>,
        faults: &mut Vec<FieldError>,
    ) -> Vec<(String, String)> {
        let mut query: Vec<(String, String)> = Vec::new();
        for (name, value) in given {
            let is_known = entry.query.iter().any(|parameter| parameter.wire == name);
            let earlier = query.iter_mut().find(|(known, _)| *known == name);
            if !is_known {
                faults.push(FieldError::new(format!("/{name}"), "is not in the query"));
            } else if self.location.is_some() && table::is_location(&name) {
                faults.push(FieldError::new(format!("/{name}"), OTHER_LOCATION));
            } else if let (true, Some((_, list))) = (entry.joined.contains(&name), earlier) {
                list.push(',');
                list.push_str(&value);
            } else {
                query.push((name, value));
            }
        }
        for parameter in &entry.query {
            if query.iter().any(|(name, _)| *name == parameter.wire) {
                continue;
            }
            let location = self
                .location
                .as_ref()
                .filter(|_| table::is_location(&parameter.wire));
            if let Some(location) = location {
                query.push((parameter.wire.clone(), location.as_str().to_owned()));
            } else if let Some(value) = parameter.sent() {
                query.push((parameter.wire.clone(), text(value)));
            } else if parameter.required {
                let path = format!("/{}", parameter.wire);
                faults.push(FieldError::new(path, "is required"));
            }
        }
        query
    }

    fn body(
        &self,
        entry: &Entry,
        given: Option<Value>,
        faults: &mut Vec<FieldError>,
    ) -> Option<Value> {
        if !entry.has_body() {
            if given.is_some() {
                faults.push(FieldError::new("/body", "this operation has none"));
            }
            return None;
        }
        if entry.body.is_empty() {
            if given.is_none() && entry.whole_required {
                faults.push(FieldError::new("/body", "is required"));
            }
            return given;
        }
        let mut members = match given {
            Some(Value::Object(members)) => members,
            Some(_) => {
                faults.push(FieldError::new("/body", "must be an object"));
                return None;
            }
            None => Map::new(),
        };
        for field in &entry.body {
            let is_location = self.location.is_some() && table::is_location(&field.wire);
            if members.contains_key(&field.wire) {
                if is_location {
                    let path = format!("/body/{}", field.wire);
                    faults.push(FieldError::new(path, OTHER_LOCATION));
                }
            } else if let (true, Some(location)) = (is_location, &self.location) {
                members.insert(field.wire.clone(), location.as_str().into());
            } else if let Some(value) = field.sent() {
                members.insert(field.wire.clone(), value.clone());
            } else if field.required {
                let path = format!("/body/{}", field.wire);
                faults.push(FieldError::new(path, "is required"));
            }
        }
        Some(members.into())
    }
}

/// What is said of a location that is named although there is only one.
const OTHER_LOCATION: &str = "is given by this catalogue, which is for one location: leave it out";

#[async_trait]
impl Catalog for GhlCatalog {
    fn operations(&self) -> &[CatalogOperation] {
        &self.operations
    }

    async fn call(&self, operation: &CatalogOperation, arguments: Arguments) -> Result<Answer> {
        let entry = self.by_name.get(&operation.name);
        let entry = entry.and_then(|at| self.entries.get(*at)).ok_or_else(|| {
            Error::validation("this catalogue does not have the operation", Vec::new())
                .with_provider(crate::PROVIDER)
        })?;
        let spec = entry.spec;
        let own = |error: Error| {
            error
                .with_provider(crate::PROVIDER)
                .with_operation(spec.operation.name)
        };
        self.client.known.allows(spec).await?;
        let request = self.request(entry, arguments).map_err(own)?;
        let pipeline = match spec.tokens {
            // A token must not go where none is asked for.
            TokenClasses::NONE => {
                let subject = self.client.pipeline.subject().clone();
                self.client.pipeline.with_auth(Arc::new(NoAuth), subject)
            }
            _ => self.client.pipeline.clone(),
        };
        let may_repeat = spec.operation.idempotency.may_repeat();
        let sending = Sending::new(&pipeline, request, spec, may_repeat);
        let (reply, reading) = sending.reply().await?;
        // A page of a gateway is no answer.
        Untyped::read(&reply, reading)?;
        let content_type = reply.headers.get(CONTENT_TYPE);
        let content_type = content_type.and_then(|kind| kind.to_str().ok());
        Ok(Answer::new(
            reply.status,
            content_type.map(str::to_owned),
            reply.body,
        ))
    }
}

/// A value in a query or a form.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

impl fmt::Debug for GhlCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GhlCatalog")
            .field("client", &self.client)
            .field("location", &self.location)
            .field("operations", &self.operations.len())
            .finish()
    }
}
