//! The file's own shape.

use std::collections::BTreeSet;

use http::Method;
use integrations_core::catalog::{Access, Parameter, Place};
use serde_json::{Map, Value};

use super::fault::{Effect, Faults, step};
use super::{schema, types};
use crate::endpoint::Endpoint;

/// An endpoint of the catalogue.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CatalogEndpoint {
    /// The path as the catalogue writes it.
    pub path: String,
    /// The methods that it takes.
    pub methods: Vec<Method>,
    /// The file of Verity that serves it.
    pub file_path: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// What is written into the path and the query.
    pub parameters: Vec<Parameter>,
    /// The schema of its body, when one is given.
    pub request: Option<Value>,
    /// The schema of its answer, when one is given.
    pub response: Option<Value>,
    /// Who may call it.
    pub access: Access,
    /// The fields that this version does not know.
    pub extra: Map<String, Value>,
    pub(super) parsed: Endpoint,
    pub(super) pointer: String,
    /// The query parameters about which the catalogue does not say whether they are required.
    pub(super) unmarked: BTreeSet<String>,
    /// Whether any query parameter is marked.
    pub(super) marks: bool,
}

const KNOWN: [&str; 9] = [
    "path",
    "methods",
    "filePath",
    "description",
    "parameters",
    "authRequired",
    "authType",
    "schema",
    "body",
];

/// Reads one endpoint; `None` when there is nothing of use.
pub(super) fn endpoint(
    value: &Value,
    file: &Value,
    pointer: &str,
    faults: &mut Faults,
) -> Option<CatalogEndpoint> {
    let Value::Object(fields) = value else {
        faults.add(Effect::LeftOut, pointer, "is not an object");
        return None;
    };
    let path = match fields.get("path") {
        Some(Value::String(path)) => Some(path.as_str()),
        Some(_) => {
            faults.add(Effect::LeftOut, step(pointer, "path"), "is not a text");
            None
        }
        None => {
            faults.add(Effect::LeftOut, pointer, "has no path");
            None
        }
    };
    let parsed = path.and_then(|path| match Endpoint::parse(path) {
        Ok(parsed) => Some(parsed),
        Err(fault) => {
            faults.add(Effect::LeftOut, step(pointer, "path"), fault);
            None
        }
    });
    let methods = methods(fields, pointer, faults);
    let text = |name: &str, faults: &mut Faults| match fields.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Some(_) => {
            faults.add(Effect::Noted, step(pointer, name), "is not a text");
            None
        }
    };
    let file_path = text("filePath", faults);
    let description = text("description", faults);
    let access = access(fields, pointer, faults);
    let (request, response) = schemas(fields, file, pointer, faults);
    let mut read = CatalogEndpoint {
        path: path.unwrap_or_default().to_owned(),
        methods,
        file_path,
        description,
        parameters: Vec::new(),
        request,
        response,
        access,
        extra: fields
            .iter()
            .filter(|(name, _)| !KNOWN.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        // An endpoint without a usable path is read for its other faults only.
        parsed: parsed.clone().or_else(|| Endpoint::parse("/api").ok())?,
        pointer: pointer.to_owned(),
        unmarked: BTreeSet::new(),
        marks: false,
    };
    parameters(fields, file, parsed.is_some(), &mut read, faults);
    (parsed.is_some() && !read.methods.is_empty()).then_some(read)
}

fn methods(fields: &Map<String, Value>, pointer: &str, faults: &mut Faults) -> Vec<Method> {
    let place = step(pointer, "methods");
    let Some(Value::Array(listed)) = fields.get("methods") else {
        let message = match fields.contains_key("methods") {
            true => "is not a list",
            false => "is missing",
        };
        faults.add(Effect::LeftOut, place, message);
        return Vec::new();
    };
    if listed.is_empty() {
        faults.add(Effect::LeftOut, place.as_str(), "is empty");
    }
    let mut methods = Vec::new();
    for (at, method) in listed.iter().enumerate() {
        let place = format!("{place}/{at}");
        let known = match method.as_str() {
            Some("GET") => Method::GET,
            Some("POST") => Method::POST,
            Some("PUT") => Method::PUT,
            Some("PATCH") => Method::PATCH,
            Some("DELETE") => Method::DELETE,
            Some(_) => {
                faults.add(
                    Effect::LeftOut,
                    place,
                    "is not one of GET, POST, PUT, PATCH and DELETE",
                );
                continue;
            }
            None => {
                faults.add(Effect::LeftOut, place, "is not a text");
                continue;
            }
        };
        if methods.contains(&known) {
            faults.add(Effect::Noted, place, "is there twice");
        } else {
            methods.push(known);
        }
    }
    methods
}

/// Who may call it. What is not understood is for administrators: nobody may do more for a slip in a file.
fn access(fields: &Map<String, Value>, pointer: &str, faults: &mut Faults) -> Access {
    let required = match fields.get("authRequired") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(required)) => Some(*required),
        Some(_) => {
            let place = step(pointer, "authRequired");
            faults.add(Effect::Noted, place, "is neither true nor false");
            Some(true)
        }
    };
    let place = || step(pointer, "authType");
    match fields.get("authType") {
        None | Some(Value::Null) => match required {
            Some(false) => Access::Anyone,
            _ => Access::User,
        },
        Some(Value::String(kind)) => match (kind.as_str(), required) {
            ("requireAdmin", _) => Access::Admin,
            ("requireUser" | "requireAuth", _) => Access::User,
            ("none", Some(true)) => {
                faults.add(
                    Effect::Noted,
                    place(),
                    "is none although authRequired is true: a signed-in user is asked for",
                );
                Access::User
            }
            ("none", _) => Access::Anyone,
            _ => {
                faults.add(
                    Effect::Noted,
                    place(),
                    "is not one of none, requireAuth, requireUser and requireAdmin: only administrators may call it",
                );
                Access::Admin
            }
        },
        Some(_) => {
            let message = "is not a text: only administrators may call it";
            faults.add(Effect::Noted, place(), message);
            Access::Admin
        }
    }
}

fn schemas(
    fields: &Map<String, Value>,
    file: &Value,
    pointer: &str,
    faults: &mut Faults,
) -> (Option<Value>, Option<Value>) {
    let place = step(pointer, "schema");
    let both = match fields.get("schema") {
        None | Some(Value::Null) => None,
        Some(Value::Object(both)) => Some(both),
        Some(_) => {
            faults.add(Effect::Loosened, place.as_str(), "is not an object");
            None
        }
    };
    let mut of = |value: Option<&Value>, place: String| match value {
        None | Some(Value::Null) => None,
        Some(value @ Value::Object(_)) => match schema::resolve(value, file, &place) {
            Ok(schema) => Some(schema),
            Err(wrong) => {
                for (place, message) in wrong {
                    faults.add(Effect::Loosened, place, message);
                }
                None
            }
        },
        Some(_) => {
            faults.add(Effect::Loosened, place, "is not a schema");
            None
        }
    };
    let request = of(
        both.and_then(|both| both.get("request")),
        step(&place, "request"),
    );
    let response = of(
        both.and_then(|both| both.get("response")),
        step(&place, "response"),
    );
    let body = fields.get("parameters").and_then(|all| all.get("body"));
    // Any value may describe a body; only a schema can be checked against.
    let body = body.filter(|body| body.get("type").is_some_and(Value::is_string));
    let place = step(&step(pointer, "parameters"), "body");
    (request.or_else(|| of(body, place)), response)
}

fn parameters(
    fields: &Map<String, Value>,
    file: &Value,
    has_path: bool,
    read: &mut CatalogEndpoint,
    faults: &mut Faults,
) {
    let place = step(&read.pointer, "parameters");
    let all = match fields.get("parameters") {
        None | Some(Value::Null) => None,
        Some(Value::Object(all)) => Some(all),
        Some(_) => {
            faults.add(Effect::Loosened, place.as_str(), "is not an object");
            None
        }
    };
    let mut group = |name: &str| match all.and_then(|all| all.get(name)) {
        None | Some(Value::Null) => None,
        Some(Value::Object(group)) => Some(group),
        Some(_) => {
            faults.add(Effect::Loosened, step(&place, name), "is not an object");
            None
        }
    };
    let (in_path, in_query) = (group("path"), group("query"));
    let mut placeholders: Vec<&str> = Vec::new();
    for name in read.parsed.parameters() {
        if placeholders.contains(&name) {
            let message = format!("has the placeholder {name} twice: both get one value");
            faults.add(Effect::Noted, step(&read.pointer, "path"), message);
        } else {
            placeholders.push(name);
        }
    }
    let path_place = step(&place, "path");
    for name in &placeholders {
        let described = in_path.and_then(|group| group.get(*name));
        let schema = match described {
            Some(kind) => types::read(kind, file, &step(&path_place, name), faults).schema,
            None => {
                if in_path.is_some() {
                    let message = format!("lacks {name}, which is in the path");
                    faults.add(Effect::Noted, path_place.as_str(), message);
                }
                serde_json::json!({"type": "string"})
            }
        };
        let parameter = Parameter::new(*name, Place::Path, true, schema);
        read.parameters.push(parameter);
    }
    for name in in_path.into_iter().flat_map(Map::keys) {
        if has_path && !placeholders.contains(&name.as_str()) {
            let message = "is not in the path";
            faults.add(Effect::Noted, step(&path_place, name), message);
        }
    }
    let query_place = step(&place, "query");
    for (name, kind) in in_query.into_iter().flatten() {
        let kind = types::read(kind, file, &step(&query_place, name), faults);
        if kind.required.is_none() {
            read.unmarked.insert(name.clone());
        }
        read.marks |= kind.required.is_some();
        let required = kind.required == Some(true);
        read.parameters
            .push(Parameter::new(name, Place::Query, required, kind.schema));
    }
}
