//! As much of OpenAPI as the provider's documents use.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

/// One of the provider's documents.
#[derive(Clone)]
pub(crate) struct Document(Arc<Value>);

impl Document {
    /// All documents by their group; nothing, and a line that says so, when they are not there.
    pub(crate) fn load_all() -> Option<BTreeMap<String, Self>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/ghl/apps");
        let Ok(entries) = std::fs::read_dir(&folder) else {
            println!(
                "skipped: the official documents are not at {}",
                folder.display()
            );
            return None;
        };
        let files = entries.map(|entry| entry.unwrap().path());
        let json = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
        let load = |path: std::path::PathBuf| {
            let group = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read(&path).unwrap();
            (
                group,
                Self(Arc::new(serde_json::from_slice(&text).unwrap())),
            )
        };
        Some(json.map(load).collect())
    }

    pub(crate) fn operation(&self, path: &str, method: &str) -> Option<&Value> {
        self.0["paths"].get(path)?.get(method.to_lowercase())
    }

    /// The parameters in one place, by name.
    pub(crate) fn parameters(&self, operation: &Value, place: &str) -> BTreeMap<String, Value> {
        let all = operation["parameters"].as_array().into_iter().flatten();
        all.filter(|parameter| parameter["in"] == place)
            .map(|parameter| {
                (
                    parameter["name"].as_str().unwrap().to_owned(),
                    parameter.clone(),
                )
            })
            .collect()
    }

    /// The schema of the body; null without one.
    pub(crate) fn body(&self, operation: &Value) -> Value {
        let contents = operation["requestBody"]["content"].as_object();
        let content = contents.and_then(|contents| contents.values().next());
        content.map_or(Value::Null, |content| self.resolved(&content["schema"]))
    }

    /// What the schema of a successful answer makes; nothing without one.
    pub(crate) fn answer(&self, operation: &Value) -> Option<Value> {
        let responses = operation["responses"].as_object()?;
        let (_, success) = responses
            .iter()
            .find(|(status, _)| status.starts_with('2'))?;
        let content = &success["content"]["application/json"];
        let schema = content.get("schema")?;
        let whole = ["example"].iter().find_map(|name| schema.get(*name));
        Some(whole.cloned().unwrap_or_else(|| self.example(schema, 0)))
    }

    /// The properties of an object's schema.
    pub(crate) fn properties(&self, schema: &Value) -> Map<String, Value> {
        let schema = self.resolved(schema);
        schema["properties"]
            .as_object()
            .cloned()
            .unwrap_or_default()
    }

    /// A multipart form as the schema has it: texts read as what they are, files as texts. Files that the schema does
    /// not name are left out: the documents name them in prose.
    pub(crate) fn form(&self, schema: &Value, form: Value) -> Value {
        let properties = self.properties(schema);
        let Value::Object(form) = form else {
            panic!("no form: {form}");
        };
        let read = |(name, value): (String, Value)| {
            // Name, content type and content, of one or of several.
            let is_file = value[0].is_array() || value[2].is_string();
            let Some(schema) = properties.get(&name) else {
                assert!(is_file, "a field that is not documented: {name}");
                return None;
            };
            let value = match (schema["type"].as_str(), &value) {
                (Some("array"), Value::String(_)) => json!([value]),
                (Some("boolean" | "number"), Value::String(text)) => {
                    serde_json::from_str(text).unwrap()
                }
                _ if is_file => {
                    assert_eq!(schema["format"], "binary", "{name}");
                    json!("a file")
                }
                _ => value,
            };
            Some((name, value))
        };
        Value::Object(form.into_iter().filter_map(read).collect())
    }

    /// Follows references and joins the parts of a schema.
    fn resolved(&self, schema: &Value) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            let target = &self.0["components"]["schemas"][name];
            assert!(!target.is_null(), "{reference} leads nowhere");
            return self.resolved(target);
        }
        let Some(parts) = schema["allOf"].as_array() else {
            return schema.clone();
        };
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(part) = self.resolved(part) {
                whole.extend(part);
            }
        }
        Value::Object(whole)
    }

    /// Checks a value: its type, its members, its enums.
    pub(crate) fn check(
        &self,
        schema: &Value,
        value: &Value,
        place: &str,
        excused: &dyn Fn(&str) -> bool,
    ) {
        let schema = self.resolved(schema);
        if value.is_null() {
            // To clear a field; the documents do not speak of it.
            return;
        }
        if let Some(allowed) = schema["enum"].as_array() {
            assert!(
                allowed.contains(value),
                "{place}: {value} is none of {allowed:?}"
            );
        }
        match schema["type"].as_str() {
            Some("string") => assert!(value.is_string(), "{place}: {value} is no string"),
            Some("number") => assert!(value.is_number(), "{place}: {value} is no number"),
            Some("boolean") => assert!(value.is_boolean(), "{place}: {value} is no boolean"),
            Some("array") => {
                let list = value.as_array();
                for item in list.unwrap_or_else(|| panic!("{place}: {value} is no list")) {
                    self.check(&schema["items"], item, place, &|_| false);
                }
            }
            // Their documents write `object` for dates and for strings whose values they list as an example.
            Some("object") if schema["properties"].is_null() => {}
            _ if !schema["properties"].is_null() => {
                let known = schema["properties"].as_object().unwrap();
                let object = value.as_object();
                let object = object.unwrap_or_else(|| panic!("{place}: {value} is no object"));
                for (name, value) in object {
                    let below = known.get(name);
                    let below = below.unwrap_or_else(|| panic!("{place} sends {name}"));
                    self.check(below, value, &format!("{place}, {name}"), &|_| false);
                }
                for name in schema["required"].as_array().into_iter().flatten() {
                    let name = name.as_str().unwrap();
                    let there = object.contains_key(name) || excused(name);
                    assert!(there, "{place} leaves out {name}");
                }
            }
            _ => {}
        }
    }

    /// A value of the schema, from its examples.
    fn example(&self, schema: &Value, depth: u32) -> Value {
        let schema = self.resolved(schema);
        if depth > 8 {
            return Value::Null;
        }
        if let Some(properties) = schema["properties"].as_object() {
            let member =
                |(name, schema): (&String, &Value)| (name.clone(), self.example(schema, depth + 1));
            return Value::Object(properties.iter().map(member).collect());
        }
        if schema["type"] == "array" {
            // Some say texts and show objects.
            let shown = schema["example"].as_array();
            if shown.is_some_and(|shown| shown.iter().any(Value::is_object)) {
                return schema["example"].clone();
            }
            let items = &schema["items"];
            // A list of lists of nothing is written for a list of anything: others of the group say of ids.
            if items["type"] == "array" && items["items"].is_null() {
                return json!(["text"]);
            }
            return json!([self.example(items, depth + 1)]);
        }
        if let Some(example) = schema.get("example").or_else(|| schema["enum"].get(0)) {
            return example.clone();
        }
        match schema["type"].as_str() {
            Some("number") => json!(1),
            Some("boolean") => json!(true),
            Some("object") => json!({}),
            _ => json!("text"),
        }
    }
}
