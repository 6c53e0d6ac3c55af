//! JSON Schemas from the documents, stricter than they are: a member that is not documented is a fault.

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::documents::{Document, Documented};

/// Turns schemas of OpenAPI 3.0 into those of JSON Schema 2020-12.
struct Translator<'a> {
    document: &'a Document,
    definitions: Map<String, Value>,
    names: HashMap<(String, bool), String>,
}

impl<'a> Translator<'a> {
    fn new(document: &'a Document) -> Self {
        Self {
            document,
            definitions: Map::new(),
            names: HashMap::new(),
        }
    }

    /// The schema; `closed` refuses members that are not documented.
    fn translate(&mut self, schema: &Value, closed: bool) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return json!({"$ref": self.reference(reference, closed)});
        }
        let Some(schema) = schema.as_object() else {
            return json!({});
        };
        if is_bare_object(schema) || is_bare_list_of_lists(schema) {
            return match schema["type"] == "array" {
                true => json!({"type": "array"}),
                false => json!({}),
            };
        }
        // Hundreds of countries in one list that is the only value, called a number.
        if let Some([Value::Array(values)]) = schema
            .get("enum")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            return json!({"enum": values});
        }
        let mut out = Map::new();
        for (keyword, value) in schema {
            match keyword.as_str() {
                "type" => {
                    let known = ["string", "number", "integer", "boolean", "array", "object"];
                    if known.iter().any(|known| value == known) {
                        out.insert("type".to_owned(), value.clone());
                    }
                }
                "enum" | "required" | "minimum" | "maximum" | "minLength" | "maxLength"
                | "pattern" | "format" | "minItems" | "maxItems" | "uniqueItems"
                    // `required: true` at a property is a habit of the documents without a meaning.
                    if !value.is_object() && (keyword != "required" || value.is_array()) =>
                {
                    out.insert(keyword.clone(), value.clone());
                }
                "properties" => {
                    let properties = value.as_object().into_iter().flatten();
                    let properties: Map<_, _> = properties
                        .map(|(name, property)| (name.clone(), self.translate(property, closed)))
                        .collect();
                    out.insert(keyword.clone(), Value::Object(properties));
                }
                "items" => {
                    out.insert(keyword.clone(), self.translate(value, closed));
                }
                "additionalProperties" if value.is_object() => {
                    out.insert(keyword.clone(), self.translate(value, closed));
                }
                "allOf" | "anyOf" | "oneOf" => {
                    let open = keyword == "allOf";
                    let parts = value.as_array().into_iter().flatten();
                    let parts: Vec<_> = parts
                        .map(|part| self.translate(part, closed && !open))
                        .collect();
                    // Of what can be either, several may fit: that is no fault of the sender.
                    let keyword = if open { "allOf" } else { "anyOf" };
                    out.insert(keyword.to_owned(), Value::Array(parts));
                }
                _ => {}
            }
        }
        let has = |name: &str| out.get(name).is_some_and(|value| !is_empty(value));
        if closed
            && (has("properties") || has("allOf"))
            && !out.contains_key("additionalProperties")
        {
            out.insert("unevaluatedProperties".to_owned(), json!(false));
        }
        if schema.get("nullable") == Some(&Value::Bool(true)) {
            return json!({"anyOf": [out, {"type": "null"}]});
        }
        Value::Object(out)
    }

    fn reference(&mut self, reference: &str, closed: bool) -> String {
        let known = (reference.to_owned(), closed);
        if let Some(name) = self.names.get(&known) {
            return format!("#/$defs/{name}");
        }
        let name = format!("d{}", self.names.len());
        self.names.insert(known, name.clone());
        let target = self.document.target(reference).clone();
        let translated = self.translate(&target, closed);
        self.definitions.insert(name.clone(), translated);
        format!("#/$defs/{name}")
    }

    fn validator(self, mut schema: Value) -> Validator {
        schema["$defs"] = Value::Object(self.definitions);
        jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The documents say "object" for all whose type their source did not give: texts, enums, numbers.
pub(crate) fn is_bare_object(schema: &Map<String, Value>) -> bool {
    let said = [
        "properties",
        "additionalProperties",
        "allOf",
        "anyOf",
        "oneOf",
    ];
    schema.get("type").is_some_and(|kind| kind == "object")
        && !said.iter().any(|name| schema.contains_key(*name))
}

/// Lists of lists of nothing in particular are lists of objects in truth.
pub(crate) fn is_bare_list_of_lists(schema: &Map<String, Value>) -> bool {
    let items = schema.get("items").and_then(Value::as_object);
    items.is_some_and(|items| {
        items.get("type").is_some_and(|kind| kind == "array")
            && items.get("items").is_none_or(is_empty)
    })
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// What the body must be.
pub(crate) fn body(documented: &Documented) -> Option<Validator> {
    let schema = documented.body()?;
    let mut translator = Translator::new(documented.document);
    let schema = translator.translate(schema, true);
    Some(translator.validator(schema))
}

/// What the parameters in one place must be, as an object.
pub(crate) fn parameters(documented: &Documented, place: &str) -> Validator {
    let mut translator = Translator::new(documented.document);
    let mut properties = Map::new();
    let mut required = Vec::new();
    for parameter in documented.parameters(place) {
        let name = parameter["name"].as_str().unwrap();
        properties.insert(
            name.to_owned(),
            translator.translate(&parameter["schema"], true),
        );
        if parameter["required"] == true && !required.contains(&name) {
            required.push(name);
        }
    }
    let schema = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    translator.validator(schema)
}

/// Reads the texts of a query as what the document says they are.
pub(crate) fn query(documented: &Documented, pairs: &[(String, String)]) -> Value {
    let mut object = Map::new();
    let known = documented.parameters("query");
    for (name, text) in pairs {
        let parameter = known.iter().find(|parameter| parameter["name"] == **name);
        let schema = parameter.map_or(&Value::Null, |parameter| &parameter["schema"]);
        let schema = documented.document.resolve(schema);
        if schema["type"] == "array" {
            let list = object.entry(name.clone()).or_insert_with(|| json!([]));
            let joined = parameter.is_some_and(|parameter| parameter["explode"] == false);
            let texts: Vec<&str> = match joined {
                true => text.split(',').collect(),
                false => vec![text],
            };
            for text in texts {
                let item = parsed(documented.document.resolve(&schema["items"]), text);
                list.as_array_mut().unwrap().push(item);
            }
        } else if object.insert(name.clone(), parsed(schema, text)).is_some() {
            object.insert(name.clone(), json!({"sent more than once": text}));
        }
    }
    Value::Object(object)
}

fn parsed(schema: &Value, text: &str) -> Value {
    match schema["type"].as_str() {
        Some("number" | "integer" | "boolean" | "object") => {
            serde_json::from_str(text).unwrap_or_else(|_| json!(text))
        }
        _ => json!(text),
    }
}

/// What does not fit, each with its place.
pub(crate) fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    let faults = validator.iter_errors(value);
    faults
        .map(|fault| {
            let text: String = fault.to_string().chars().take(300).collect();
            format!("{}: {text}", fault.instance_path())
        })
        .collect()
}
