//! Defaults, updates, and the line between public values and secrets.

use serde_json::{Map, Value};

use super::config::Config;
use super::fields::effective;
use super::scrub::{Scrub, wipe};
use super::{REDACTED, Template, normalise, pointer};
use crate::SecretString;

/// Puts the schema's defaults where a config leaves a field out; objects are not made for it.
pub(super) fn defaults(root: &Value, schema: &Value, value: &mut Value) {
    let words = effective(root, schema);
    let (Some(Value::Object(properties)), Value::Object(fields)) = (words.get("properties"), value)
    else {
        return;
    };
    for (name, schema) in properties {
        if !fields.contains_key(name)
            && let Some(default) = effective(root, schema).get("default")
            && !default.is_null()
        {
            fields.insert(name.clone(), default.clone());
        }
        if let Some(field) = fields.get_mut(name) {
            defaults(root, schema, field);
        }
    }
}

/// Lays an update over a config: RFC 7396, and a secret that was read back redacted or left empty stays.
pub(super) fn apply(
    template: &Template,
    target: &mut Map<String, Value>,
    update: &Map<String, Value>,
    at: &str,
) {
    for (name, new) in update {
        let at = pointer::push(at, name);
        match new {
            Value::Null => {
                if let Some(mut old) = target.remove(name) {
                    wipe(&mut old);
                }
            }
            Value::String(text)
                if is_secret(template, &at, name) && (text.is_empty() || text == REDACTED) => {}
            Value::Object(new) => {
                let old = target
                    .entry(name.clone())
                    .or_insert_with(|| Value::Object(Map::new()));
                if !old.is_object() {
                    wipe(old);
                    *old = Value::Object(Map::new());
                }
                if let Value::Object(old) = old {
                    apply(template, old, new, &at);
                }
            }
            new => {
                if let Some(mut old) = target.insert(name.clone(), new.clone()) {
                    wipe(&mut old);
                }
            }
        }
    }
}

/// Takes the secrets out of a judged config.
pub(super) fn split(template: &Template, mut whole: Scrub) -> Config {
    let mut config = Config::default();
    if let Value::Object(fields) = &mut whole.0 {
        take(template, fields, "", &mut config);
        config.public = std::mem::take(fields);
    }
    config
}

fn take(template: &Template, fields: &mut Map<String, Value>, at: &str, config: &mut Config) {
    let mut secret = Vec::new();
    for (name, value) in fields.iter_mut() {
        let at = pointer::push(at, name);
        match value {
            Value::String(text) if is_secret(template, &at, name) => {
                // The text moves: no copy of it is left behind.
                config
                    .secrets
                    .insert(at, SecretString::from(std::mem::take(text)));
                secret.push(name.clone());
            }
            Value::Object(inner) => take(template, inner, &at, config),
            _ => {}
        }
    }
    for name in secret {
        fields.remove(&name);
    }
}

/// A field that the schema marks; or one that the schema does not name but allows, and that is named like a secret.
fn is_secret(template: &Template, at: &str, name: &str) -> bool {
    template.is_secret(at) || (!template.is_declared(at) && normalise::is_named_like_secret(name))
}
