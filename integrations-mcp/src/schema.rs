//! JSON Schema: what of a catalogue goes into a tool.

use integrations_core::json_schema::Schema;
use serde_json::Value;

/// How many faults are told at once.
pub(crate) const MAX_FAULTS: usize = 20;

/// Whether a schema is one. What is none would make clients refuse the whole list of tools.
pub(crate) fn is_usable(schema: &Value) -> bool {
    Schema::check(schema).is_empty()
}

/// A schema as a part of a greater one: its references to itself lead to where it stands then.
pub(crate) fn embed(mut schema: Value, pointer: &str) -> Value {
    if let Value::Object(members) = &mut schema {
        members.remove("$schema");
        members.remove("$id");
    }
    rebase(&mut schema, pointer);
    schema
}

fn rebase(value: &mut Value, pointer: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, pointer)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(reference)
                        if name == "$ref" && (reference == "#" || reference.starts_with("#/")) =>
                    {
                        reference.insert_str(1, pointer);
                    }
                    member => rebase(member, pointer),
                }
            }
        }
        _ => {}
    }
}

/// A JSON pointer's step, as it stands in a pointer.
pub(crate) fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What is said of an argument that the tool does not have.
pub(crate) const UNKNOWN: &str = "is not an argument of this tool";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_lead_to_where_a_schema_stands() {
        let tree = json!({"$schema": "x", "$id": "https://example.com/tree", "type": "object",
            "properties": {"next": {"$ref": "#"}, "leaf": {"$ref": "#/$defs/leaf"}}, "$defs": {"leaf": {"type": "integer"}}});
        let whole =
            json!({"type": "object", "properties": {"body": embed(tree, "/properties/body")}});
        let value = json!({"body": {"next": {"next": {"leaf": "no"}}}});
        let faults = Schema::compile(&whole).unwrap().faults(&value, UNKNOWN);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].path, "/body/next/next/leaf");
    }

    #[test]
    fn what_is_no_schema_is_not_usable() {
        assert!(!is_usable(&json!({"type": "anything"})));
        assert!(!is_usable(&json!("object")));
        assert!(is_usable(&json!(true)) && is_usable(&json!({"example": 1, "nullable": true})));
    }
}
