//! Replies made from the documents, and what becomes of them on the way.

use serde_json::{Map, Value, json};

use crate::documents::Document;
use crate::schema::{is_bare_list_of_lists, is_bare_object};

/// Schemas that hold themselves end here.
const DEEPEST: usize = 12;

/// A value with every member that the schema has.
pub(crate) fn example(document: &Document, schema: &Value, name: &str, depth: usize) -> Value {
    let schema = document.resolve(schema);
    if depth > DEEPEST {
        return Value::Null;
    }
    let own = &schema["example"];
    if let Some(shown) = contradiction(schema, own, name) {
        return shown;
    }
    for choice in ["oneOf", "anyOf"] {
        let options = schema[choice].as_array().into_iter().flatten();
        let mut options = options.filter(|option| option["type"] != "null");
        if let Some(option) = options.next() {
            return example(document, option, name, depth + 1);
        }
    }
    let properties = properties(document, schema);
    if !properties.is_empty() {
        let members = properties.into_iter().map(|(name, property)| {
            let value = example(document, property, name, depth + 1);
            (name.clone(), value)
        });
        return Value::Object(members.collect());
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        // Some enums are declared as objects, and some lists hold their list in a list.
        let first = first
            .as_array()
            .and_then(|list| list.first())
            .unwrap_or(first);
        return match schema["type"] == "array" {
            true => json!([first]),
            false => first.clone(),
        };
    }
    match schema["type"].as_str() {
        Some("string") => text(schema, name),
        Some("number" | "integer") if own.is_number() => own.clone(),
        Some("number" | "integer") => json!(3),
        Some("boolean") => json!(true),
        Some("array") => {
            let items = &schema["items"];
            match own.as_array() {
                Some(list) if items["type"] == "number" && list.iter().all(Value::is_number) => {
                    own.clone()
                }
                _ if items.is_null() => json!([]),
                _ if schema.as_object().is_some_and(is_bare_list_of_lists) => {
                    json!([{"key": "value"}])
                }
                _ => json!([example(document, items, name, depth + 1)]),
            }
        }
        Some("object") if schema.as_object().is_some_and(is_bare_object) => match own {
            Value::String(text) if !text.trim_start().starts_with('{') => own.clone(),
            Value::Number(_) | Value::Object(_) => own.clone(),
            _ => json!({"key": "value"}),
        },
        _ => match &schema["additionalProperties"] {
            more @ Value::Object(_) => json!({"key": example(document, more, name, depth + 1)}),
            _ if own.is_object() => own.clone(),
            _ => json!({"key": "value"}),
        },
    }
}

fn is_list_of_estimates(schema: &Value) -> bool {
    let said = schema["description"].as_str().unwrap_or_default();
    said.starts_with("List of estimate")
}

/// What an example shows that its schema does not allow: the example is right.
fn contradiction(schema: &Value, own: &Value, name: &str) -> Option<Value> {
    let first = own.get(0).unwrap_or(own);
    let is_enum = !schema["enum"].is_null();
    match schema["type"].as_str()? {
        "array" if schema["items"]["type"] == "string" && first.is_object() => Some(json!([first])),
        // No example, and yet no texts.
        "array" if schema["items"]["type"] == "string" && is_list_of_estimates(schema) => {
            Some(json!([{"_id": "1"}]))
        }
        "string" if own.is_object() => Some(own.clone()),
        "string" if own.is_array() && (is_enum || name != "message") => Some(own.clone()),
        "number"
            if own
                .as_str()
                .is_some_and(|text| text.parse::<f64>().is_err()) =>
        {
            Some(own.clone())
        }
        _ => None,
    }
}

/// The properties of an object, those of its parts included.
fn properties<'a>(document: &'a Document, schema: &'a Value) -> Vec<(&'a String, &'a Value)> {
    let mut all: Vec<(&String, &Value)> = Vec::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        all.extend(properties(document, document.resolve(part)));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        all.retain(|(known, _)| *known != name);
        all.push((name, property));
    }
    all
}

fn text(schema: &Value, name: &str) -> Value {
    const TIME: &str = "2026-11-21T02:13:46Z";
    match schema["example"].as_str() {
        Some(text) if !text.is_empty() => json!(text),
        _ if schema["format"] == "date-time" => json!(TIME),
        _ if ["At", "_at"].iter().any(|end| name.ends_with(end)) => json!(TIME),
        _ if ["dateAdded", "dateUpdated"].contains(&name) => json!(TIME),
        _ => json!("some text"),
    }
}

/// Replies as no document shows them, each with what is wrong with it.
pub(crate) fn hostile(example: &Value) -> Vec<(String, Value)> {
    let mut all = vec![
        ("more members".to_owned(), with_more(example)),
        ("no members".to_owned(), json!({})),
        (
            "numbers as texts".to_owned(),
            changed(example, &|value| match value {
                Value::Number(number) => json!(number.to_string()),
                other => other.clone(),
            }),
        ),
        (
            "texts as numbers".to_owned(),
            changed(example, &|value| match value {
                Value::String(text) if text.parse::<f64>().is_ok() => {
                    serde_json::from_str(text).unwrap_or_else(|_| json!(7))
                }
                other => other.clone(),
            }),
        ),
        (
            "every text a number".to_owned(),
            changed(example, &|value| match value {
                Value::String(_) => json!(1_700_000_000),
                other => other.clone(),
            }),
        ),
        (
            "booleans as texts".to_owned(),
            changed(example, &|value| match value {
                Value::Bool(flag) => json!(flag.to_string()),
                other => other.clone(),
            }),
        ),
        (
            "unknown values".to_owned(),
            changed(example, &|value| match value {
                Value::String(_) => json!("something new"),
                other => other.clone(),
            }),
        ),
        ("nulls".to_owned(), changed(example, &|_| Value::Null)),
    ];
    for pointer in members(example, "", 0) {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let name = name.replace("~1", "/").replace("~0", "~");
        let mut without = example.clone();
        let mut null = example.clone();
        if let Some(Value::Object(object)) = without.pointer_mut(parent) {
            object.remove(&name);
        }
        set(&mut null, &pointer, Value::Null);
        all.push((format!("without {pointer}"), without));
        all.push((format!("{pointer} null"), null));
        if example.pointer(&pointer).is_some_and(Value::is_object) {
            for empty in [json!([]), json!("")] {
                let mut other = example.clone();
                set(&mut other, &pointer, empty.clone());
                all.push((format!("{pointer} is {empty}"), other));
            }
        }
        if let Some(Value::Array(list)) = example.pointer(&pointer) {
            for other in [
                json!([]),
                json!({}),
                json!([null]),
                list.first().cloned().into(),
            ] {
                let mut changed = example.clone();
                set(&mut changed, &pointer, other.clone());
                all.push((format!("{pointer} is {other}"), changed));
            }
        }
    }
    all
}

fn set(value: &mut Value, pointer: &str, other: Value) {
    if let Some(place) = value.pointer_mut(pointer) {
        *place = other;
    }
}

/// The JSON pointers of the members: of every level, but of the first item of a list only.
fn members(value: &Value, at: &str, depth: usize) -> Vec<String> {
    let mut all = Vec::new();
    match value {
        Value::Object(object) if depth < 5 => {
            for (name, value) in object {
                let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                all.extend(members(value, &pointer, depth + 1));
                all.push(pointer);
            }
        }
        Value::Array(list) => {
            if let Some(first) = list.first() {
                all.extend(members(first, &format!("{at}/0"), depth));
            }
        }
        _ => {}
    }
    all
}

fn with_more(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let members = object
                .iter()
                .map(|(name, value)| (name.clone(), with_more(value)));
            let mut more: Map<_, _> = members.collect();
            more.insert("somethingNew".to_owned(), json!({"deep": [1, {"x": null}]}));
            Value::Object(more)
        }
        Value::Array(list) => list.iter().map(with_more).collect(),
        other => other.clone(),
    }
}

/// Changes every scalar.
fn changed(value: &Value, change: &dyn Fn(&Value) -> Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| (name.clone(), changed(value, change)))
            .collect(),
        Value::Array(list) => list.iter().map(|value| changed(value, change)).collect(),
        other => change(other),
    }
}

/// What of the first value is missing or different in the second: pointers, each with what it was and is.
pub(crate) fn lost(before: &Value, after: &Value, at: &str, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in before {
                let at = format!("{at}/{name}");
                match after.get(name) {
                    Some(after) => lost(value, after, &at, found),
                    // What is empty need not be written.
                    None if value.is_null() || *value == json!([]) || *value == json!({}) => {}
                    None => found.push(format!("{at} is lost ({})", short(value))),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                lost(before, after, &format!("{at}/{index}"), found);
            }
        }
        (before, after) if same(before, after) => {}
        (before, after) => found.push(format!("{at}: {} became {}", short(before), short(after))),
    }
}

fn same(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Number(before), Value::Number(after)) => before.as_f64() == after.as_f64(),
        (Value::String(before), Value::String(after)) => {
            let time = integrations_core::lenient::parse_timestamp;
            before == after || time(before).is_some_and(|before| time(after) == Some(before))
        }
        _ => before == after,
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}
