//! What looks like a secret where none can be kept.

use serde_json::Value;

use super::{Template, normalise, pointer};
use crate::FieldError;

/// Refuses values that the schema allows but does not describe, are named like a secret, and cannot be kept as one:
/// in a list, where an update could not tell which entry a secret belongs to, and anything but a text.
pub(super) fn refuse(template: &Template, whole: &Value, faults: &mut Vec<FieldError>) {
    visit(template, whole, "", false, faults);
}

fn visit(template: &Template, value: &Value, at: &str, listed: bool, faults: &mut Vec<FieldError>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let at = pointer::push(at, name);
                let secret = normalise::is_named_like_secret(name)
                    && !template.0.open.contains(name)
                    && !matches!(field, Value::Null | Value::Bool(_));
                if secret && listed {
                    faults.push(FieldError::new(at, "a secret cannot be inside a list"));
                } else if secret && !field.is_string() && !template.is_declared(&at) {
                    faults.push(FieldError::new(at, "a secret must be a text"));
                } else {
                    visit(template, field, &at, listed, faults);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(template, item, &format!("{at}/{index}"), true, faults);
            }
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}
