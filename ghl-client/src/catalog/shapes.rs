//! JSON Schema from the short form in which kinds are generated.

use serde_json::{Map, Value, json};

/// How deep objects are described. What lies deeper may be anything: it would fill a model's memory, and some types hold
/// themselves.
const DEPTH: usize = 5;

/// The types of one group.
pub(super) struct Shapes {
    types: Map<String, Value>,
}

impl Shapes {
    pub(super) fn new(types: Map<String, Value>) -> Self {
        Self { types }
    }

    /// The schema of a kind.
    pub(super) fn schema(&self, kind: &Value) -> Value {
        self.of(kind, DEPTH)
    }

    /// The schema of an object with these fields: name, whether it is required, kind.
    pub(super) fn object<'f>(
        &self,
        fields: impl IntoIterator<Item = (&'f str, bool, &'f Value)>,
    ) -> Value {
        self.members(fields, DEPTH)
    }

    fn of(&self, kind: &Value, depth: usize) -> Value {
        match kind {
            Value::String(kind) => match kind.as_str() {
                "s" => json!({"type": "string"}),
                "b" => json!({"type": "boolean"}),
                "i" => json!({"type": "integer"}),
                "n" => json!({"type": "number"}),
                "t" => json!({"type": "string", "format": "date-time"}),
                kind => match kind.strip_prefix('#').and_then(|name| self.types.get(name)) {
                    Some(Value::Array(values)) => json!({"type": "string", "enum": values}),
                    Some(Value::Object(_)) if depth == 0 => json!({"type": "object"}),
                    Some(Value::Object(fields)) => {
                        let fields = fields.iter().map(|(wire, kind)| {
                            let bare = wire.strip_suffix('!');
                            (bare.unwrap_or(wire), bare.is_some(), kind)
                        });
                        self.members(fields, depth - 1)
                    }
                    _ => json!({}),
                },
            },
            Value::Array(items) => {
                let item = items.first().unwrap_or(&Value::Null);
                json!({"type": "array", "items": self.of(item, depth)})
            }
            Value::Object(more) => {
                if let Some(value) = more.get("map") {
                    return json!({"type": "object", "additionalProperties": self.of(value, depth)});
                }
                let mut schema = self.of(more.get("of").unwrap_or(&Value::Null), depth);
                if let Value::Object(schema) = &mut schema {
                    let facts = more
                        .iter()
                        .filter(|(name, _)| !matches!(name.as_str(), "of" | "sent"));
                    schema.extend(facts.map(|(name, fact)| (name.clone(), fact.clone())));
                }
                schema
            }
            _ => json!({}),
        }
    }

    fn members<'f>(
        &self,
        fields: impl IntoIterator<Item = (&'f str, bool, &'f Value)>,
        depth: usize,
    ) -> Value {
        let mut properties = Map::new();
        let mut needed = Vec::new();
        for (wire, required, kind) in fields {
            if required {
                needed.push(Value::from(wire));
            }
            properties.insert(wire.to_owned(), self.of(kind, depth));
        }
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "object".into());
        schema.insert("properties".to_owned(), properties.into());
        if !needed.is_empty() {
            schema.insert("required".to_owned(), needed.into());
        }
        schema.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_become_schemas_and_types_that_hold_themselves_end() {
        let types = json!({"Tree": {"name!": {"of": "s", "maxLength": 5}, "next": "#Tree", "kinds": ["#Kind"]}, "Kind": ["a", "b"]});
        let Value::Object(types) = types else {
            panic!()
        };
        let shapes = Shapes::new(types);
        let tree = shapes.schema(&json!("#Tree"));
        assert_eq!(tree["required"], json!(["name"]));
        assert_eq!(
            tree["properties"]["name"],
            json!({"type": "string", "maxLength": 5})
        );
        assert_eq!(
            tree["properties"]["kinds"],
            json!({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}})
        );
        assert!(tree.to_string().len() < 2000, "{tree}");
        assert_eq!(
            shapes.schema(&json!({"map": "i"}))["additionalProperties"]["type"],
            "integer"
        );
        let nested = json!({"of": {"of": "i", "maximum": 9}, "default": 1, "sent": true});
        assert_eq!(
            shapes.schema(&nested),
            json!({"type": "integer", "maximum": 9, "default": 1})
        );
        assert_eq!(shapes.schema(&json!("#Gone")), json!({}));
    }
}
