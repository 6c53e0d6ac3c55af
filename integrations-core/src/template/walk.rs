//! Where schemas lie inside a schema.

use serde_json::Value;

use super::pointer;

/// Keywords whose value is a schema.
const ONE: [&str; 10] = [
    "items",
    "contains",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
];
/// Keywords whose value is a list of schemas.
const LIST: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value maps names to schemas.
const MAP: [&str; 4] = [
    "properties",
    "patternProperties",
    "$defs",
    "dependentSchemas",
];

/// Keywords whose schemas speak of the same value as the schema that holds them.
pub(super) const IN_PLACE: [&str; 8] = [
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
];

/// Calls `visit` with the keyword, the schema's path and the schema, for each schema directly inside this one.
pub(super) fn each<'a>(
    schema: &'a Value,
    at: &str,
    mut visit: impl FnMut(&'static str, String, &'a Value),
) {
    let Value::Object(keywords) = schema else {
        return;
    };
    for name in ONE {
        if let Some(inner) = keywords.get(name) {
            visit(name, pointer::push(at, name), inner);
        }
    }
    for name in LIST {
        if let Some(Value::Array(inner)) = keywords.get(name) {
            for (index, inner) in inner.iter().enumerate() {
                visit(name, format!("{at}/{name}/{index}"), inner);
            }
        }
    }
    for name in MAP {
        if let Some(Value::Object(inner)) = keywords.get(name) {
            for (key, inner) in inner {
                visit(name, pointer::push(&pointer::push(at, name), key), inner);
            }
        }
    }
}

/// Calls `visit` with the keyword, the name (for keywords that map names) and the schema.
pub(super) fn each_mut(schema: &mut Value, mut visit: impl FnMut(&'static str, &str, &mut Value)) {
    let Value::Object(keywords) = schema else {
        return;
    };
    for name in ONE {
        if let Some(inner) = keywords.get_mut(name) {
            visit(name, "", inner);
        }
    }
    for name in LIST {
        if let Some(Value::Array(inner)) = keywords.get_mut(name) {
            for inner in inner {
                visit(name, "", inner);
            }
        }
    }
    for name in MAP {
        if let Some(Value::Object(inner)) = keywords.get_mut(name) {
            for (key, inner) in inner {
                visit(name, key, inner);
            }
        }
    }
}

/// What a local `$ref` points to.
pub(super) fn target<'a>(root: &'a Value, schema: &Value) -> Option<&'a Value> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

/// Whether a schema is marked as a secret.
pub(super) fn is_secret(schema: &Value) -> bool {
    schema.get("format").and_then(Value::as_str) == Some("password")
        || schema.get("writeOnly") == Some(&Value::Bool(true))
        || schema.get("x-secret") == Some(&Value::Bool(true))
}
