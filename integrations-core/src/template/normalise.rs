//! Makes a schema say what it means: secrets are marked, objects are closed.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::fields::effective;
use super::walk;

/// Endings of names, in lower case and without separators, that only a secret has.
const SECRET_NAMES: [&str; 9] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "secretkey",
];

/// Whether a field is named like a secret: `clientSecret`, `api_key`, `access-token`.
pub(super) fn is_named_like_secret(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    SECRET_NAMES.iter().any(|ending| name.ends_with(ending))
}

/// Rewrites a schema that was surveyed; answers the names of fields that sound secret and are said not to be.
pub(super) fn schema(schema: &mut Value) -> BTreeSet<String> {
    if let Value::Object(root) = schema {
        root.entry("type").or_insert_with(|| json!("object"));
        root.entry("properties").or_insert_with(|| json!({}));
    }
    let mut open = BTreeSet::new();
    mark(&schema.clone(), schema, &mut open);
    close(&schema.clone(), schema);
    open
}

/// Marks every secret in both ways that readers of schemas look for.
fn mark(root: &Value, schema: &mut Value, open: &mut BTreeSet<String>) {
    walk::each_mut(schema, |keyword, name, inner| {
        if keyword == "properties" {
            let sounds = is_named_like_secret(name);
            if sounds && *inner == Value::Bool(true) {
                *inner = json!({});
            }
            let spoken = inner.get("x-secret").and_then(Value::as_bool);
            if sounds && spoken == Some(false) {
                open.insert(name.into());
            }
            let secret = spoken.unwrap_or(sounds || walk::is_secret(inner));
            if is_text(root, inner)
                && let Value::Object(words) = inner
            {
                if secret {
                    set_secret(words);
                } else if spoken.is_some() {
                    words.retain(|word, value| {
                        word != "writeOnly" && (word != "format" || value != "password")
                    });
                }
            }
        }
        mark(root, inner, open);
    });
}

fn set_secret(words: &mut Map<String, Value>) {
    let elsewhere = ["$ref", "allOf", "anyOf", "oneOf"];
    if !elsewhere.iter().any(|word| words.contains_key(*word)) {
        words.entry("type").or_insert_with(|| json!("string"));
    }
    words.insert("format".into(), json!("password"));
    words.insert("writeOnly".into(), json!(true));
}

/// A text, or something that may be one because no type is stated.
fn is_text(root: &Value, schema: &Value) -> bool {
    let words = effective(root, schema);
    match words.get("type") {
        Some(Value::String(of)) => of == "string",
        Some(Value::Array(of)) => of.iter().any(|of| of == "string"),
        Some(_) => false,
        None => !["properties", "items", "enum", "const"]
            .iter()
            .any(|word| words.contains_key(*word)),
    }
}

/// Refuses extra fields of every object that does not say otherwise. `unevaluatedProperties` and not
/// `additionalProperties`, so that fields which a branch (`then`, `allOf`) adds are known ones.
fn close(root: &Value, schema: &mut Value) {
    if names_fields(root, schema, 0)
        && !says_more(root, schema)
        && let Value::Object(words) = schema
    {
        words.insert("unevaluatedProperties".into(), json!(false));
    }
    walk::each_mut(schema, |keyword, _, inner| match keyword {
        "properties" | "items" | "prefixItems" => close(root, inner),
        // A definition is closed where it is used; what lies below it is closed here.
        "$defs" => walk::each_mut(inner, |keyword, _, inner| {
            if matches!(keyword, "properties" | "items" | "prefixItems") {
                close(root, inner);
            }
        }),
        _ => {}
    });
}

/// Whether a schema, its reference or a branch names fields.
pub(super) fn names_fields(root: &Value, schema: &Value, depth: usize) -> bool {
    if depth > 8 {
        return false;
    }
    if schema.get("properties").is_some() {
        return true;
    }
    if walk::target(root, schema).is_some_and(|target| names_fields(root, target, depth + 1)) {
        return true;
    }
    let mut found = false;
    walk::each(schema, "", |keyword, _, inner| {
        found |=
            matches!(keyword, "allOf" | "anyOf" | "oneOf") && names_fields(root, inner, depth + 1);
    });
    found
}

/// Whether a schema or its reference speaks of extra fields itself.
fn says_more(root: &Value, schema: &Value) -> bool {
    let says = |schema: &Value| {
        schema.get("additionalProperties").is_some()
            || schema.get("unevaluatedProperties").is_some()
    };
    says(schema) || walk::target(root, schema).is_some_and(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in [
            "apiKey",
            "api_key",
            "API-KEY",
            "clientSecret",
            "webhookSecret",
            "accessToken",
            "password",
        ] {
            assert!(is_named_like_secret(name), "{name}");
        }
        for name in [
            "locationId",
            "tokenUrl",
            "passwordPolicy",
            "keyboard",
            "secretary",
            "",
        ] {
            assert!(!is_named_like_secret(name), "{name}");
        }
    }
}
