//! What the catalogue says of a parameter's type.

use serde_json::{Value, json};

use super::fault::{Effect, Faults};
use super::schema;

/// A parameter's schema, and whether the catalogue marks it as optional or required.
pub(super) struct Kind {
    pub(super) schema: Value,
    /// `Some(false)` for `string?`, `Some(true)` for `{"required": true}`.
    pub(super) required: Option<bool>,
}

/// Reads a type: `"integer"`, `"integer?"`, or a schema. A word that is no type is a text, as the programs that read
/// the catalogue before took all of them.
pub(super) fn read(kind: &Value, file: &Value, pointer: &str, faults: &mut Faults) -> Kind {
    match kind {
        Value::String(text) => {
            let text = text.trim();
            let (word, required) = match text.strip_suffix('?') {
                Some(word) => (word.trim_end(), Some(false)),
                None => (text, None),
            };
            let word = match word {
                "string" | "number" | "integer" | "boolean" | "array" | "object" => word,
                _ => "string",
            };
            Kind {
                schema: json!({ "type": word }),
                required,
            }
        }
        Value::Object(fields) => {
            let mut fields = fields.clone();
            // Of a schema it would be the names of required members.
            let required = fields.get("required").and_then(Value::as_bool);
            if required.is_some() {
                fields.remove("required");
            }
            let schema = match schema::resolve(&Value::Object(fields), file, pointer) {
                Ok(schema) => schema,
                Err(wrong) => {
                    for (place, message) in wrong {
                        faults.add(Effect::Loosened, place, message);
                    }
                    json!({})
                }
            };
            Kind { schema, required }
        }
        _ => {
            faults.add(Effect::Loosened, pointer, "is neither a type nor a schema");
            Kind {
                schema: json!({}),
                required: None,
            }
        }
    }
}
