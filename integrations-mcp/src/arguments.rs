//! From the arguments of a tool to those of an operation.

use integrations_core::FieldError;
use integrations_core::catalog::Arguments;
use serde_json::{Map, Value};

use crate::schema::{MAX_FAULTS, UNKNOWN, step};
use crate::tool::{Offer, To};

/// Puts each argument into its place.
///
/// `null` means "left out" where an argument may be left out: models write it for that.
pub(crate) fn read(
    offer: &Offer,
    mut given: Map<String, Value>,
    most: usize,
) -> Result<Arguments, Vec<FieldError>> {
    if size(given.values(), most).is_none() {
        let message = format!("are larger than {most} bytes together");
        return Err(vec![FieldError::new("", message)]);
    }
    let mut faults = Vec::new();
    for name in given.keys() {
        if !offer.arguments.iter().any(|known| known.name == *name) {
            faults.push(FieldError::new(format!("/{}", step(name)), UNKNOWN));
        }
    }
    for argument in &offer.arguments {
        if !argument.required && given.get(&argument.name).is_some_and(Value::is_null) {
            given.remove(&argument.name);
        }
        if argument.required && !given.contains_key(&argument.name) {
            let path = format!("/{}", step(&argument.name));
            faults.push(FieldError::new(path, "is required"));
        }
    }
    let given = Value::Object(given);
    if let Some(validator) = offer.validator() {
        let known = faults.len();
        let found = validator.faults(&given, UNKNOWN);
        for fault in found {
            if !faults[..known].iter().any(|known| known.path == fault.path) {
                faults.push(fault);
            }
        }
    }
    let Value::Object(mut given) = given else {
        return Err(faults);
    };
    let mut arguments = Arguments::default();
    for argument in &offer.arguments {
        let Some(value) = given.remove(&argument.name) else {
            continue;
        };
        let fault = |message: &str| FieldError::new(format!("/{}", step(&argument.name)), message);
        match &argument.to {
            To::Path(wire) => match segment(&value) {
                Ok(text) => {
                    arguments.path.insert(wire.clone(), text);
                }
                Err(message) => faults.push(fault(message)),
            },
            To::Query(wire) => match value {
                Value::Array(items) => {
                    let texts = items.iter().map(text);
                    arguments
                        .query
                        .extend(texts.map(|text| (wire.clone(), text)));
                }
                value => arguments.query.push((wire.clone(), text(&value))),
            },
            To::Body => arguments.body = Some(value),
        }
    }
    if faults.is_empty() {
        return Ok(arguments);
    }
    faults.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
    faults.dedup();
    if faults.len() > MAX_FAULTS {
        let more = faults.len() - MAX_FAULTS;
        faults.truncate(MAX_FAULTS);
        faults.push(FieldError::new("", format!("and {more} more")));
    }
    Err(faults)
}

/// What fills one segment of a path, before it is encoded.
fn segment(value: &Value) -> Result<String, &'static str> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err("must be a text or a number: it is written into the path"),
    };
    match text.as_str() {
        "" | "." | ".." => Err("must not be empty, \".\" or \"..\": it is written into the path"),
        _ => Ok(text),
    }
}

/// A value in a query: texts as they are, everything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// About how many bytes these are as JSON; `None` when that is more than `most`.
fn size<'v>(values: impl Iterator<Item = &'v Value>, most: usize) -> Option<usize> {
    let mut open: Vec<&Value> = values.collect();
    let mut left = most;
    while let Some(value) = open.pop() {
        let own = match value {
            Value::String(text) => text.len() + 2,
            Value::Array(items) => {
                open.extend(items);
                2
            }
            Value::Object(members) => {
                open.extend(members.values());
                members.keys().map(|name| name.len() + 4).sum::<usize>() + 2
            }
            _ => 4,
        };
        left = left.checked_sub(own)?;
    }
    Some(most - left)
}

#[cfg(test)]
mod tests {
    use http::Method;
    use integrations_core::catalog::{CatalogOperation, Parameter, Place};
    use serde_json::json;

    use super::*;

    fn offer() -> Offer {
        let mut operation = CatalogOperation::new("c_update", Method::PUT, "/c/{id}");
        operation.parameters = vec![
            Parameter::new(
                "id",
                Place::Path,
                true,
                json!({"type": ["string", "integer"]}),
            ),
            Parameter::new(
                "limit",
                Place::Query,
                false,
                json!({"type": "integer", "maximum": 100}),
            ),
            Parameter::new(
                "tags[]",
                Place::Query,
                false,
                json!({"type": "array", "items": {"type": "string"}}),
            ),
            Parameter::new("where", Place::Query, false, json!({"type": "object"})),
        ];
        operation.body =
            Some(json!({"type": "object", "properties": {"name": {"type": "string"}}}));
        operation.body_required = true;
        Offer::new(0, &operation)
    }

    fn reading(value: Value) -> Result<Arguments, Vec<String>> {
        let Value::Object(given) = value else {
            panic!()
        };
        read(&offer(), given, 1000).map_err(|faults| {
            let lines = faults.iter();
            lines
                .map(|fault| format!("{}: {}", fault.path, fault.message))
                .collect()
        })
    }

    #[test]
    fn each_goes_into_its_place() {
        let read = reading(
            json!({"id": 7, "limit": 5, "tags": ["a&b", "c"], "where": {"k": 1}, "body": {"name": null}}),
        );
        // The body is the provider's to judge where the schema says "text": null is none.
        assert_eq!(read.unwrap_err(), ["/body/name: must be a text"]);
        let read = reading(
            json!({"id": "a/..", "limit": null, "tags": ["a&b", "c"], "where": {"k": 1}, "body": {"x": null}}),
        );
        let read = read.unwrap();
        assert_eq!(read.path["id"], "a/..");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read.query,
            [
                pair("tags[]", "a&b"),
                pair("tags[]", "c"),
                pair("where", r#"{"k":1}"#)
            ]
        );
        assert_eq!(read.body, Some(json!({"x": null})));
    }

    #[test]
    fn every_fault_is_told_at_once_and_no_value() {
        let faults = reading(
            json!({"id": "..", "limit": "hunter2", "tags": "hunter2", "hunter3": "hunter2"}),
        );
        assert_eq!(
            faults.unwrap_err(),
            [
                "/body: is required",
                "/hunter3: is not an argument of this tool",
                "/id: must not be empty, \".\" or \"..\": it is written into the path",
                "/limit: must be a whole number",
                "/tags: must be a list",
            ]
        );
        let faults = reading(json!({"id": null, "limit": 101, "body": null})).unwrap_err();
        for wanted in [
            "/body: must be an object",
            "/limit: must be at most 100",
            "/id: must be a text or a number: it is written into the path",
        ] {
            assert!(
                faults.iter().any(|fault| fault == wanted),
                "{wanted}: {faults:?}"
            );
        }
    }

    #[test]
    fn the_whole_is_bounded() {
        let faults = reading(json!({"id": "1", "body": {"name": "x".repeat(2000)}}));
        assert_eq!(
            faults.unwrap_err(),
            [": are larger than 1000 bytes together"]
        );
        let many: Map<String, Value> = (0..100).map(|i| (format!("a{i}"), json!(1))).collect();
        assert_eq!(reading(many.into()).unwrap_err().len(), MAX_FAULTS + 1);
    }
}
