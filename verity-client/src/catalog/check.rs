//! Every fault of a file.

use std::collections::{BTreeMap, HashSet};

use integrations_core::catalog::Access;
use serde_json::Value;

use super::fault::{CatalogFault, Effect, Faults, step};
use super::read::{self, CatalogEndpoint};
use super::{CatalogOptions, positions};
use crate::endpoint::Endpoint;

/// Larger files are refused unread.
pub(super) const LARGEST: u64 = 64 * 1024 * 1024;

/// What could be read.
pub(super) struct Read {
    pub(super) document: Value,
    pub(super) endpoints: Vec<CatalogEndpoint>,
    pub(super) faults: Vec<CatalogFault>,
}

/// Reads a file. `Err` when nothing of it can be used.
pub(super) fn read(text: &str, options: &CatalogOptions) -> Result<Read, Vec<CatalogFault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document: Value = serde_json::from_str(text).map_err(|error| {
        vec![CatalogFault {
            pointer: String::new(),
            line: error.line(),
            column: error.column(),
            message: match error.classify() {
                serde_json::error::Category::Eof => "the file ends too early".to_owned(),
                _ => "is not JSON".to_owned(),
            },
            effect: Effect::Unusable,
        }]
    })?;
    let mut faults = Faults::default();
    let listed = match document.get("endpoints") {
        Some(Value::Array(listed)) => Some(listed),
        Some(_) => {
            faults.add(Effect::Unusable, "/endpoints", "is not a list");
            None
        }
        None => {
            let message = match document.is_object() {
                true => "has no endpoints",
                false => "is not an object",
            };
            faults.add(Effect::Unusable, "", message);
            None
        }
    };
    let mut endpoints = Vec::new();
    for (at, value) in listed.into_iter().flatten().enumerate() {
        let pointer = format!("/endpoints/{at}");
        endpoints.extend(read::endpoint(value, &document, &pointer, &mut faults));
    }
    drop_repeated(&mut endpoints, options, &mut faults);
    settle_marks(&mut endpoints, options);
    texts(&document, &mut faults);
    domains(
        &document,
        &endpoints,
        listed.map_or(0, Vec::len),
        &mut faults,
    );
    let usable = listed.is_some();
    let mut faults = faults.0;
    place(text, &mut faults);
    match usable {
        true => Ok(Read {
            document,
            endpoints,
            faults,
        }),
        false => Err(faults),
    }
}

/// One path and method is one operation, however the path is written.
fn drop_repeated(
    endpoints: &mut Vec<CatalogEndpoint>,
    options: &CatalogOptions,
    faults: &mut Faults,
) {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut stricter = Vec::new();
    let pointers: Vec<String> = endpoints.iter().map(|one| one.pointer.clone()).collect();
    for (at, endpoint) in endpoints.iter_mut().enumerate() {
        let path = identity(&endpoint.parsed, options);
        let place = step(&endpoint.pointer, "path");
        let access = endpoint.access;
        endpoint.methods.retain(|method| {
            let key = (path.clone(), method.to_string());
            let Some(first) = seen.get(&key) else {
                seen.insert(key, at);
                return true;
            };
            stricter.push((*first, access));
            let message = format!("with {method} is the same as {}", pointers[*first]);
            faults.add(Effect::LeftOut, place.as_str(), message);
            false
        });
    }
    // Of two that say who may call it, the one that lets fewer counts.
    for (first, access) in stricter {
        let own = &mut endpoints[first].access;
        if matches!(
            (*own, access),
            (Access::Anyone, _) | (Access::User, Access::Admin)
        ) {
            *own = access;
        }
    }
    endpoints.retain(|endpoint| !endpoint.methods.is_empty());
}

/// The path that is sent, whatever its values are called.
fn identity(endpoint: &Endpoint, options: &CatalogOptions) -> String {
    let path = options.conversions.convert(&endpoint.template());
    let mut identity = String::with_capacity(path.len());
    for segment in path.split('/').skip(1) {
        identity.push('/');
        identity.push_str(if segment.starts_with('{') {
            "{}"
        } else {
            segment
        });
    }
    identity
}

/// A catalogue that marks no query parameter as optional does not know the mark: then none is required.
fn settle_marks(endpoints: &mut [CatalogEndpoint], options: &CatalogOptions) {
    let knows = options
        .unmarked_required
        .unwrap_or_else(|| endpoints.iter().any(|endpoint| endpoint.marks));
    for endpoint in endpoints.iter_mut().filter(|_| knows) {
        for parameter in &mut endpoint.parameters {
            parameter.required |= endpoint.unmarked.contains(&parameter.name);
        }
    }
}

fn texts(document: &Value, faults: &mut Faults) {
    for name in ["version", "generatedAt"] {
        match document.get(name) {
            None | Some(Value::Null | Value::String(_)) => {}
            Some(_) => faults.add(Effect::Noted, format!("/{name}"), "is not a text"),
        }
    }
    if let Some(Value::String(at)) = document.get("generatedAt")
        && at.parse::<jiff::Timestamp>().is_err()
    {
        faults.add(Effect::Noted, "/generatedAt", "is not a time");
    }
}

/// What the file says of itself a second time.
fn domains(document: &Value, endpoints: &[CatalogEndpoint], listed: usize, faults: &mut Faults) {
    let paths: HashSet<&str> = document
        .get("endpoints")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|endpoint| endpoint.get("path")?.as_str())
        .collect();
    match document.get("domains") {
        None | Some(Value::Null) => {}
        Some(Value::Object(domains)) => {
            for (name, members) in domains {
                let place = step("/domains", name);
                let Value::Array(members) = members else {
                    faults.add(Effect::Noted, place, "is not a list");
                    continue;
                };
                for (at, member) in members.iter().enumerate() {
                    let place = format!("{place}/{at}");
                    match member.as_str() {
                        None => faults.add(Effect::Noted, place, "is not a text"),
                        Some(path) if !paths.contains(path) => {
                            faults.add(Effect::Noted, place, "is not among the endpoints");
                        }
                        Some(_) => {}
                    }
                }
            }
        }
        Some(_) => faults.add(Effect::Noted, "/domains", "is not an object"),
    }
    let statistics = match document.get("statistics") {
        None | Some(Value::Null) => return,
        Some(Value::Object(statistics)) => statistics,
        Some(_) => return faults.add(Effect::Noted, "/statistics", "is not an object"),
    };
    let mut compare = |place: String, said: Option<&Value>, counted: usize| {
        if said.is_some_and(|said| said.as_u64() != u64::try_from(counted).ok()) {
            let message = format!("is not what the file has, which is {counted}");
            faults.add(Effect::Noted, place, message);
        }
    };
    let total = statistics.get("totalEndpoints");
    compare("/statistics/totalEndpoints".to_owned(), total, listed);
    if let Some(Value::Object(methods)) = statistics.get("methods") {
        for (method, said) in methods {
            let counted = endpoints
                .iter()
                .filter(|endpoint| endpoint.methods.iter().any(|own| own.as_str() == method))
                .count();
            compare(step("/statistics/methods", method), Some(said), counted);
        }
    }
}

/// Adds the line and the column of each fault, and the names that came twice.
fn place(text: &str, faults: &mut Vec<CatalogFault>) {
    let wanted: HashSet<String> = faults.iter().map(|fault| fault.pointer.clone()).collect();
    let wanted: HashSet<&str> = wanted.iter().map(String::as_str).collect();
    let found = positions::find(text, &wanted);
    for fault in faults.iter_mut() {
        // What is missing stands where it is missing.
        let mut pointer = fault.pointer.as_str();
        let offset = loop {
            if let Some(offset) = found.places.get(pointer) {
                break Some(*offset);
            }
            match pointer.rsplit_once('/') {
                Some((outer, _)) => pointer = outer,
                None => break None,
            }
        };
        if let Some(offset) = offset {
            (fault.line, fault.column) = positions::line_and_column(text, offset);
        }
    }
    for (pointer, offset) in found.repeated {
        let (line, column) = positions::line_and_column(text, offset);
        faults.push(CatalogFault {
            pointer,
            line,
            column,
            message: "comes twice: only the last one counts".to_owned(),
            effect: Effect::Noted,
        });
    }
    faults.sort_by_key(|fault| (fault.line, fault.column));
}
