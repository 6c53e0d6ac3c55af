//! Whether a call fits its operation.

use std::collections::BTreeMap;

use integrations_core::FieldError;
use integrations_core::catalog::{Arguments, CatalogOperation, Place};
use integrations_core::json_schema::Schema;
use serde_json::Value;

use super::file::CatalogFile;

/// More faults than this are not told.
const MOST: usize = 100;

const UNKNOWN: &str = "is not known";

/// Every fault of a call by name. What the operation does not take is one.
pub(super) fn check(file: &CatalogFile, at: usize, arguments: &Arguments) -> Vec<FieldError> {
    let operation = &file.operations()[at];
    let mut faults = Vec::new();
    let of = |place: Place| {
        let own = move |p: &&integrations_core::catalog::Parameter| p.place == place;
        operation.parameters.iter().filter(own)
    };
    for name in of(Place::Path).map(|parameter| &parameter.name) {
        if !arguments.path.contains_key(name) {
            faults.push(FieldError::new(format!("/path/{name}"), "is missing"));
        }
    }
    for (name, value) in &arguments.path {
        match of(Place::Path).find(|parameter| parameter.name == *name) {
            None => faults.push(FieldError::new(
                format!("/path/{name}"),
                "is not in the path",
            )),
            Some(parameter) => {
                let fault = misfit(&parameter.schema, &[value]);
                faults.extend(fault.map(|fault| FieldError::new(format!("/path/{name}"), fault)));
            }
        }
    }
    let known: Vec<_> = of(Place::Query).map(|parameter| &parameter.name).collect();
    for (name, _) in &arguments.query {
        if !known.contains(&name) {
            faults.push(FieldError::new(format!("/query/{name}"), UNKNOWN));
        }
    }
    query(operation, &arguments.query, &mut faults);
    match &arguments.body {
        Some(_) if operation.body.is_none() => {
            faults.push(FieldError::new("/body", "is not taken by this operation"));
        }
        body => self::body(file, at, body.as_ref(), &mut faults),
    }
    faults.truncate(MOST);
    faults
}

/// The faults of a call that a gateway forwards: what the catalogue does not say anything of is let through.
pub(crate) fn check_forwarded(
    file: &CatalogFile,
    at: usize,
    pairs: &[(String, String)],
    sent: Option<&Value>,
) -> Vec<FieldError> {
    let mut faults = Vec::new();
    query(&file.operations()[at], pairs, &mut faults);
    body(file, at, sent, &mut faults);
    faults.truncate(MOST);
    faults
}

fn query(operation: &CatalogOperation, pairs: &[(String, String)], faults: &mut Vec<FieldError>) {
    let mut values: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for (name, value) in pairs {
        values.entry(name).or_default().push(value);
    }
    for parameter in &operation.parameters {
        if parameter.place != Place::Query {
            continue;
        }
        let place = || format!("/query/{}", parameter.name);
        match values.get(parameter.name.as_str()) {
            None if parameter.required => faults.push(FieldError::new(place(), "is missing")),
            None => {}
            Some(values) => {
                let fault = misfit(&parameter.schema, values);
                faults.extend(fault.map(|fault| FieldError::new(place(), fault)));
            }
        }
    }
}

fn body(file: &CatalogFile, at: usize, body: Option<&Value>, faults: &mut Vec<FieldError>) {
    let operation = &file.operations()[at];
    let Some(body) = body else {
        if operation.body_required {
            faults.push(FieldError::new("/body", "is missing"));
        }
        return;
    };
    let Some(validator) = file.body(at) else {
        return;
    };
    let found = validator
        .faults(body, UNKNOWN)
        .into_iter()
        .map(|mut fault| {
            fault.path.insert_str(0, "/body");
            fault
        });
    faults.extend(found);
}

/// What is wrong with values that were written as texts.
fn misfit(schema: &Value, values: &[&String]) -> Option<String> {
    let kind = schema.get("type").and_then(Value::as_str);
    let list = kind == Some("array");
    if values.len() > 1 && !list {
        return Some("is given more than once".to_owned());
    }
    let items = schema.get("items");
    let value = if list {
        let items = items.unwrap_or(&Value::Null);
        let items: Result<Vec<_>, _> = values.iter().map(|value| typed(items, value)).collect();
        items.map(Value::Array)
    } else {
        typed(schema, values.first()?)
    };
    let value = match value {
        Ok(value) => value,
        Err(fault) => return Some(fault.to_owned()),
    };
    // Plain types were judged by reading.
    let plain = schema.as_object().is_none_or(|schema| schema.len() <= 1);
    if plain {
        return None;
    }
    let faults = Schema::compile(schema).ok()?.faults(&value, UNKNOWN);
    Some(faults.into_iter().next()?.message)
}

fn typed(schema: &Value, text: &str) -> Result<Value, &'static str> {
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => match text.parse::<i64>() {
            Ok(number) => Ok(number.into()),
            Err(_) => Err("is not a whole number"),
        },
        Some("number") => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number.into()),
            _ => Err("is not a number"),
        },
        Some("boolean") => match text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err("is neither true nor false"),
        },
        Some("object") => match serde_json::from_str(text) {
            Ok(value @ Value::Object(_)) => Ok(value),
            _ => Err("is not a JSON object"),
        },
        _ => Ok(text.into()),
    }
}
