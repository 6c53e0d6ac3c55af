use std::path::Path;
use std::sync::{Arc, OnceLock};

use http::Method;
use integrations_core::catalog::{Access, CatalogOperation};
use integrations_core::json_schema::Schema;
use integrations_core::{Error, FieldError, Result};
use serde_json::{Value, json};

use super::check::{self, LARGEST};
use super::fault::{CatalogFault, Effect};
use super::index::Index;
use super::names;
use super::read::CatalogEndpoint;
use crate::endpoint::{Conversions, Endpoint};

/// How a catalogue is read.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CatalogOptions {
    /// How endpoints become paths: the client's.
    pub conversions: Conversions,
    /// Whether a query parameter that is not marked (`string`, not `string?`) is required. Unsaid, it is when the
    /// catalogue marks any: one that marks none does not know the mark.
    pub unmarked_required: Option<bool>,
}

/// A catalogue, read and checked.
#[derive(Debug)]
pub struct CatalogFile {
    document: Value,
    endpoints: Vec<CatalogEndpoint>,
    operations: Vec<CatalogOperation>,
    bodies: Vec<OnceLock<Option<Schema>>>,
    index: Index,
}

/// What could be used of a catalogue, and what could not.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The part that is in order.
    pub file: CatalogFile,
    /// Every fault, in the order of the file.
    pub faults: Vec<CatalogFault>,
}

impl CatalogFile {
    /// Reads a file that has no fault.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when it cannot be read,
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) with every fault and its place.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::parse(&text_of(path.as_ref())?)
    }

    /// Reads the file that `VERITY_CATALOG_PATH` names.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when it names none; otherwise as [`load`](Self::load).
    pub fn from_env() -> Result<Self> {
        Self::load(variable()?)
    }

    /// Reads a text that has no fault.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) with every fault and its place.
    pub fn parse(text: &str) -> Result<Self> {
        let checked = Self::check(text, &CatalogOptions::default())?;
        match checked.faults.is_empty() {
            true => Ok(checked.file),
            false => Err(refused(&checked.faults)),
        }
    }

    /// Reads what can be used of a file, and tells every fault of the rest.
    ///
    /// # Errors
    /// As [`load`](Self::load), for a file of which nothing can be used.
    pub fn load_usable(path: impl AsRef<Path>, options: &CatalogOptions) -> Result<Checked> {
        Self::check(&text_of(path.as_ref())?, options)
    }

    /// Reads what can be used of a text, and tells every fault of the rest.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) with every fault, for a text of which nothing can be used.
    pub fn check(text: &str, options: &CatalogOptions) -> Result<Checked> {
        let read = check::read(text, options).map_err(|faults| refused(&faults))?;
        for fault in &read.faults {
            tracing::warn!(%fault, "a fault of the catalogue");
        }
        Ok(Checked {
            file: Self::of(read.document, read.endpoints, options),
            faults: read.faults,
        })
    }

    fn of(document: Value, endpoints: Vec<CatalogEndpoint>, options: &CatalogOptions) -> Self {
        let all = || {
            endpoints.iter().flat_map(|endpoint| {
                endpoint
                    .methods
                    .iter()
                    .map(move |method| (method, endpoint))
            })
        };
        let names = names::all(all().map(|(method, endpoint)| (method, &endpoint.parsed)));
        let mut named: Vec<_> = names.into_iter().zip(all()).collect();
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut index = Index::default();
        let mut operations = Vec::with_capacity(named.len());
        for (at, (name, (method, endpoint))) in named.into_iter().enumerate() {
            let path = options.conversions.convert(&endpoint.parsed.template());
            if let Ok(converted) = Endpoint::parse(&path) {
                index.insert(&converted, at);
            }
            index.insert(&endpoint.parsed, at);
            operations.push(operation(name, method, path, endpoint));
        }
        let mut bodies = Vec::new();
        bodies.resize_with(operations.len(), OnceLock::new);
        Self {
            document,
            operations,
            bodies,
            index,
            endpoints,
        }
    }

    /// The file as it is, with the fields that this version does not know.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The endpoints, in the order of the file.
    #[must_use]
    pub fn endpoints(&self) -> &[CatalogEndpoint] {
        &self.endpoints
    }

    /// The operations, one for each method of an endpoint, in the order of their names.
    #[must_use]
    pub fn operations(&self) -> &[CatalogOperation] {
        &self.operations
    }

    /// The operation with this name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&CatalogOperation> {
        self.place(name).map(|at| &self.operations[at])
    }

    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        let found = self
            .operations
            .binary_search_by(|operation| operation.name.as_str().cmp(name));
        found.ok()
    }

    /// What the schema of an operation's body says; nothing when it cannot be used.
    pub(super) fn body(&self, at: usize) -> Option<&Schema> {
        let compiled = || Schema::compile(self.operations[at].body.as_ref()?).ok();
        self.bodies[at].get_or_init(compiled).as_ref()
    }

    /// The operation that a call of this endpoint means, and who may call the endpoint. An endpoint that the catalogue
    /// has with other methods is for those who may call any of these.
    pub(crate) fn find(
        &self,
        method: &Method,
        endpoint: &Endpoint,
        converted: Option<&Endpoint>,
    ) -> Option<(Option<&CatalogOperation>, Access)> {
        let mut found: Vec<usize> = converted.map_or(&[][..], |e| self.index.find(e)).to_vec();
        found.extend(self.index.find(endpoint));
        let mut exact = None;
        let mut access = None;
        for operation in found.iter().map(|at| &self.operations[*at]) {
            if operation.method == *method {
                exact = exact.or(Some(operation));
            }
            access = access.max(Some(rank(operation.access)));
        }
        let access = access?;
        let own = exact.map(|operation| operation.access);
        Some((exact, own.unwrap_or_else(|| of_rank(access))))
    }
}

fn rank(access: Access) -> u8 {
    match access {
        Access::Anyone => 0,
        Access::User => 1,
        _ => 2,
    }
}

fn of_rank(rank: u8) -> Access {
    match rank {
        // Nobody said that a method which the catalogue lacks is for everybody.
        0 | 1 => Access::User,
        _ => Access::Admin,
    }
}

fn operation(
    name: String,
    method: &Method,
    path: String,
    endpoint: &CatalogEndpoint,
) -> CatalogOperation {
    let mut operation = CatalogOperation::new(name, method.clone(), path);
    operation.description.clone_from(&endpoint.description);
    operation.parameters.clone_from(&endpoint.parameters);
    operation.access = endpoint.access;
    // What is sent elsewhere as a whole takes no parameters of the path.
    let placeholders = operation.path.clone();
    operation.parameters.retain(|parameter| {
        parameter.place != integrations_core::catalog::Place::Path
            || placeholders.contains(&format!("{{{}}}", parameter.name))
    });
    if matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
        let known = endpoint.request.clone();
        operation.body_required = known.as_ref().is_some_and(needs_members);
        operation.body = Some(known.unwrap_or_else(|| json!({"type": "object"})));
    }
    operation.answer = endpoint
        .response
        .clone()
        .filter(|schema| schema.get("type") == Some(&json!("object")));
    operation
}

fn needs_members(schema: &Value) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| !required.is_empty())
}

fn text_of(path: &Path) -> Result<String> {
    let unreadable = |error: std::io::Error| {
        Error::config("the catalogue cannot be read: check VERITY_CATALOG_PATH")
            .with_provider(crate::PROVIDER)
            .with_source(error)
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(
            Error::config("the catalogue is larger than 64 MiB").with_provider(crate::PROVIDER)
        );
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let valid = String::from_utf8_lossy(valid);
        let (line, column) = super::positions::line_and_column(&valid, valid.len());
        refused(&[CatalogFault {
            pointer: String::new(),
            line,
            column,
            message: "is not UTF-8".to_owned(),
            effect: Effect::Unusable,
        }])
    })
}

fn variable() -> Result<std::path::PathBuf> {
    match std::env::var_os("VERITY_CATALOG_PATH") {
        Some(path) if !path.is_empty() => Ok(path.into()),
        _ => Err(
            Error::config("the environment variable VERITY_CATALOG_PATH is missing")
                .with_provider(crate::PROVIDER),
        ),
    }
}

fn refused(faults: &[CatalogFault]) -> Error {
    let fields = faults.iter().map(|fault| {
        let at = match fault.line {
            0 => String::new(),
            line => format!("line {line} column {}: ", fault.column),
        };
        FieldError::new(fault.pointer.clone(), format!("{at}{}", fault.message))
    });
    Error::validation("the catalogue has faults", fields.collect())
        .with_provider(crate::PROVIDER)
        .with_code("catalog_faults")
}

/// Shares a file among those who use it.
impl From<Checked> for Arc<CatalogFile> {
    fn from(checked: Checked) -> Self {
        Self::new(checked.file)
    }
}
