//! Schemas of a catalogue, made to stand by themselves: every `$ref` is replaced by what it leads to.

use integrations_core::json_schema::Schema;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::fault::step;

/// Deeper schemas are refused.
const DEEPEST: usize = 64;
/// Schemas of more parts are refused: a few references can make many.
const MOST_PARTS: usize = 20_000;

/// What is wrong with a schema, and where.
pub(super) type Wrong = (String, String);

/// Replaces the references of a schema. They may lead into the schema itself or into the file.
pub(super) fn resolve(schema: &Value, file: &Value, pointer: &str) -> Result<Value, Vec<Wrong>> {
    let mut resolver = Resolver {
        root: schema,
        file,
        active: Vec::new(),
        parts: 0,
        wrong: Vec::new(),
    };
    let resolved = resolver.schema(schema, pointer, 0);
    if resolver.wrong.is_empty() {
        let faults = Schema::check(&resolved);
        if faults.is_empty() {
            return Ok(resolved);
        }
        resolver.wrong = faults
            .into_iter()
            .map(|fault| {
                let message = format!("is not JSON Schema: {}", fault.message);
                (format!("{pointer}{}", fault.path), message)
            })
            .collect();
    }
    Err(resolver.wrong)
}

struct Resolver<'a> {
    root: &'a Value,
    file: &'a Value,
    /// The references that are being followed.
    active: Vec<String>,
    parts: usize,
    wrong: Vec<Wrong>,
}

impl Resolver<'_> {
    fn refuse(&mut self, pointer: &str, message: impl Into<String>) -> Value {
        // One is enough of each place.
        let wrong = (pointer.to_owned(), message.into());
        if !self.wrong.contains(&wrong) {
            self.wrong.push(wrong);
        }
        Value::Bool(true)
    }

    fn schema(&mut self, schema: &Value, pointer: &str, depth: usize) -> Value {
        self.parts += 1;
        if depth > DEEPEST {
            return self.refuse(pointer, "is too deep");
        }
        if self.parts > MOST_PARTS {
            // Said once.
            return match self.wrong.is_empty() {
                true => self.refuse(pointer, "has too many parts"),
                false => Value::Bool(true),
            };
        }
        let Value::Object(object) = schema else {
            return schema.clone();
        };
        let mut out = Map::new();
        for (name, value) in object {
            let place = step(pointer, name);
            match (name.as_str(), value) {
                // Unused once the references are gone.
                ("$ref" | "$defs" | "definitions" | "$schema" | "$id" | "$anchor", _) => {}
                ("$dynamicRef" | "$recursiveRef", _) => {
                    self.refuse(&place, "refers to what only the reader could know");
                }
                ("properties" | "patternProperties" | "dependentSchemas", Value::Object(named)) => {
                    let children = named.iter().map(|(name, child)| {
                        let child = self.schema(child, &step(&place, name), depth + 1);
                        (name.clone(), child)
                    });
                    let children: Map<_, _> = children.collect();
                    out.insert(name.clone(), Value::Object(children));
                }
                ("enum" | "const" | "default" | "examples" | "example", _) => {
                    out.insert(name.clone(), value.clone());
                }
                (_, Value::Object(_)) => {
                    let child = self.schema(value, &place, depth + 1);
                    out.insert(name.clone(), child);
                }
                (_, Value::Array(items)) => {
                    let items = items
                        .iter()
                        .enumerate()
                        .map(|(at, item)| self.schema(item, &format!("{place}/{at}"), depth + 1));
                    let items: Vec<_> = items.collect();
                    out.insert(name.clone(), Value::Array(items));
                }
                _ => {
                    out.insert(name.clone(), value.clone());
                }
            }
        }
        match object.get("$ref") {
            None => Value::Object(out),
            Some(Value::String(reference)) => {
                let target = self.follow(reference, &step(pointer, "$ref"), depth);
                match out.is_empty() {
                    true => target,
                    false => json!({"allOf": [target, out]}),
                }
            }
            Some(_) => self.refuse(&step(pointer, "$ref"), "is not a text"),
        }
    }

    fn follow(&mut self, reference: &str, pointer: &str, depth: usize) -> Value {
        let Some(local) = reference.strip_prefix('#') else {
            return self.refuse(pointer, "refers to another file");
        };
        if let Some(start) = self.active.iter().position(|active| active == local) {
            let mut circle: Vec<_> = self.active[start..].to_vec();
            circle.push(local.to_owned());
            let circle = circle
                .iter()
                .map(|part| format!("#{part}"))
                .collect::<Vec<_>>()
                .join(" → ");
            return self.refuse(pointer, format!("refers to itself: {circle}"));
        }
        let path = percent_decode_str(local).decode_utf8_lossy();
        let (root, file) = (self.root, self.file);
        let Some(target) = root.pointer(&path).or_else(|| file.pointer(&path)) else {
            return self.refuse(pointer, "refers to nothing");
        };
        self.active.push(local.to_owned());
        let target = self.schema(target, pointer, depth + 1);
        self.active.pop();
        target
    }
}
