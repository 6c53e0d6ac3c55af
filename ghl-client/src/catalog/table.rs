//! What is generated, read: one entry an operation.

use std::collections::HashMap;
use std::sync::Arc;

use integrations_core::catalog::{CatalogOperation, Parameter, Place};
use serde_json::{Map, Value, json};

use super::shapes::Shapes;
use crate::ids::LocationId;
use crate::{Spec, Version};

/// One operation.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) spec: &'static Spec,
    pub(super) version: Version,
    pub(super) name: String,
    /// Those of the path that are not just texts.
    path: Vec<Field>,
    pub(super) query: Vec<Field>,
    /// Lists that are one text in the query.
    pub(super) joined: Vec<String>,
    /// The members of the body.
    pub(super) body: Vec<Field>,
    /// A body that is not told by its members.
    whole: Option<Value>,
    pub(super) whole_required: bool,
    pub(super) is_form: bool,
    shapes: Arc<Shapes>,
}

/// A parameter, or a member of the body.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) wire: String,
    pub(super) required: bool,
    kind: Value,
}

impl Field {
    /// What is sent when nothing is given.
    pub(super) fn sent(&self) -> Option<&Value> {
        self.kind.get("sent")?;
        self.kind.get("const").or_else(|| self.kind.get("default"))
    }
}

/// Whether a name is that of the location.
pub(super) fn is_location(name: &str) -> bool {
    matches!(name, "locationId" | "location_id" | "altId")
}

impl Entry {
    /// The names in the path, in their order.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &'static str> {
        let path: &'static str = self.spec.operation.path;
        path.split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
    }

    pub(super) fn has_body(&self) -> bool {
        !self.body.is_empty() || self.whole.is_some()
    }

    /// The operation as it is offered: without the location, when that is given.
    pub(super) fn operation(&self, location: Option<&LocationId>) -> CatalogOperation {
        let spec = self.spec;
        let is_given = |name: &str| location.is_some() && is_location(name);
        let mut path = spec.operation.path.to_owned();
        if location.is_some() {
            for name in self.placeholders().filter(|name| is_location(name)) {
                path = path.replace(&format!("{{{name}}}"), ":location");
            }
        }
        let mut operation =
            CatalogOperation::new(self.name.clone(), spec.operation.method.clone(), path);
        operation.idempotency = spec.operation.idempotency;
        operation.scopes = spec
            .scopes
            .iter()
            .map(|scope| (*scope).to_owned())
            .collect();
        operation.description = Some(self.words());
        for name in self.placeholders().filter(|name| !is_given(name)) {
            let kind = self.path.iter().find(|field| field.wire == name);
            let schema = match kind {
                Some(field) => self.shapes.schema(&field.kind),
                None => json!({"type": "string"}),
            };
            let parameter = Parameter::new(name, Place::Path, true, schema);
            operation.parameters.push(parameter);
        }
        for field in self.query.iter().filter(|field| !is_given(&field.wire)) {
            operation.parameters.push(Parameter::new(
                field.wire.clone(),
                Place::Query,
                field.required,
                self.shapes.schema(&field.kind),
            ));
        }
        if let Some(whole) = &self.whole {
            operation.body = Some(self.shapes.schema(whole));
            operation.body_required = self.whole_required;
        } else if !self.body.is_empty() {
            let fields = self.body.iter().filter(|field| !is_given(&field.wire));
            let fields: Vec<_> = fields
                .map(|field| (field.wire.as_str(), field.required, &field.kind))
                .collect();
            operation.body_required = fields.iter().any(|(_, required, _)| *required);
            operation.body = Some(self.shapes.object(fields));
        }
        operation
    }

    /// What it does, in the words of its name.
    fn words(&self) -> String {
        let name = self.name.strip_prefix("v3_").unwrap_or(&self.name);
        let mut words = name.replace('_', " ");
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        words.push('.');
        words
    }
}

/// The operations of the dated contract, by name.
pub(super) fn dated() -> Vec<Entry> {
    entries(crate::generated::catalog::GROUPS, None)
}

/// Those of the contract `v3`.
#[cfg(feature = "v3")]
pub(super) fn v3() -> Vec<Entry> {
    entries(crate::generated::catalog::v3::GROUPS, Some(Version::V3))
}

fn entries(groups: &[(&str, &str)], contract: Option<Version>) -> Vec<Entry> {
    let mut specs: HashMap<(bool, String), &'static Spec> = HashMap::new();
    for spec in crate::operations() {
        let operation = &spec.operation;
        let key = format!("{} {}", operation.method, operation.path);
        let is_v3 = operation.name.starts_with("v3.");
        specs.entry((is_v3, key)).or_insert(spec);
    }
    let mut all = Vec::new();
    for (module, text) in groups {
        // The generator wrote it, and a test reads every one.
        let Ok(Value::Object(mut group)) = serde_json::from_str(text) else {
            debug_assert!(false, "the data of {module} is no JSON");
            continue;
        };
        let types = taken(&mut group, "types");
        let shapes = Arc::new(Shapes::new(types));
        for (key, entry) in taken(&mut group, "operations") {
            // What is written by hand for both contracts is known as the dated one's.
            let own = specs.get(&(contract.is_some(), key.clone()));
            let Some(spec) = own.or_else(|| specs.get(&(false, key))) else {
                continue;
            };
            let Value::Object(mut entry) = entry else {
                continue;
            };
            let whole_required = entry.contains_key("whole!");
            all.push(Entry {
                spec,
                version: contract.unwrap_or(spec.version),
                name: entry
                    .get("name")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                path: fields(taken(&mut entry, "path")),
                query: fields(taken(&mut entry, "query")),
                joined: entry
                    .get("joined")
                    .and_then(Value::as_array)
                    .map(|names| {
                        let names = names.iter().filter_map(Value::as_str);
                        names.map(str::to_owned).collect()
                    })
                    .unwrap_or_default(),
                body: fields(taken(&mut entry, "body")),
                whole: entry.remove("whole").or_else(|| entry.remove("whole!")),
                whole_required,
                is_form: entry.contains_key("form"),
                shapes: shapes.clone(),
            });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn taken(of: &mut Map<String, Value>, member: &str) -> Map<String, Value> {
    match of.remove(member) {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn fields(members: Map<String, Value>) -> Vec<Field> {
    members
        .into_iter()
        .map(|(wire, kind)| match wire.strip_suffix('!') {
            Some(wire) => Field {
                wire: wire.to_owned(),
                required: true,
                kind,
            },
            None => Field {
                wire,
                required: false,
                kind,
            },
        })
        .collect()
}
