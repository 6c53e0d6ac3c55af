//! Reads single fields of objects that nobody promises: what has the wrong type is not there.

use serde_json::{Map, Value};

/// A text or a number; an empty text says nothing.
pub(super) fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    word(fields.get(name)?)
}

/// Any id.
pub(super) fn id<T: From<String>>(fields: &Map<String, Value>, name: &str) -> Option<T> {
    text(fields, name).map(T::from)
}

/// A list of texts, or one.
pub(super) fn ids<T: From<String>>(fields: &Map<String, Value>, name: &str) -> Vec<T> {
    match fields.get(name) {
        Some(Value::Array(list)) => list.iter().filter_map(word).map(T::from).collect(),
        Some(value) => word(value).map(T::from).into_iter().collect(),
        None => Vec::new(),
    }
}

/// A boolean, also as text or number.
pub(super) fn flag(fields: &Map<String, Value>, name: &str) -> Option<bool> {
    match fields.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_i64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
