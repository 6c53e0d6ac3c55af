//! One tool, made of one operation.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use integrations_core::catalog::{Access, CatalogOperation, Place};
use integrations_core::json_schema::Schema;
use rmcp::model::{MetaObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use crate::{META, schema};

/// A tool as it is offered, and where its arguments go.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) tool: Tool,
    /// Its place in the catalogue.
    pub(crate) operation: usize,
    pub(crate) arguments: Vec<Argument>,
    validator: OnceLock<Option<Schema>>,
}

/// One argument.
#[derive(Debug)]
pub(crate) struct Argument {
    /// Its name among the arguments.
    pub(crate) name: String,
    pub(crate) to: To,
    pub(crate) required: bool,
}

/// Where an argument goes.
#[derive(Debug, PartialEq)]
pub(crate) enum To {
    Path(String),
    Query(String),
    Body,
}

impl Offer {
    /// The tool of an operation; `None` as a schema stands for parts that are none, and they are logged.
    pub(crate) fn new(at: usize, operation: &CatalogOperation) -> Self {
        let mut draft = Draft::default();
        for parameter in &operation.parameters {
            let place = match parameter.place {
                Place::Path => Some((To::Path(parameter.name.clone()), "path")),
                Place::Query => Some((To::Query(parameter.name.clone()), "query")),
                // What is added to the catalogue's words has to be added here.
                _ => None,
            };
            if let Some((to, place)) = place {
                let schema = usable(&parameter.schema, operation, &parameter.name);
                draft.add(&parameter.name, place, to, parameter.required, schema);
            }
        }
        for name in placeholders(&operation.path) {
            let to = To::Path(name.to_owned());
            if !draft.arguments.iter().any(|known| known.to == to) {
                draft.add(name, "path", to, true, json!({"type": "string"}));
            }
        }
        if let Some(body) = &operation.body {
            let schema = usable(body, operation, "body");
            draft.add("body", "request", To::Body, operation.body_required, schema);
        }

        let mut input = Map::new();
        input.insert("type".into(), "object".into());
        input.insert("properties".into(), draft.properties.into());
        if !draft.required.is_empty() {
            input.insert("required".into(), draft.required.into());
        }
        input.insert("additionalProperties".into(), false.into());

        let mut tool = Tool::new(
            operation.name.clone(),
            description(operation),
            Arc::new(input),
        )
        .with_annotations(
            ToolAnnotations::new()
                .read_only(operation.is_read_only())
                .destructive(operation.is_destructive())
                .idempotent(operation.idempotency.may_repeat())
                .open_world(true),
        )
        .with_meta(meta(operation));
        if let Some(answer) = answer(operation) {
            tool = tool.with_raw_output_schema(Arc::new(answer));
        }
        Self {
            tool,
            operation: at,
            arguments: draft.arguments,
            validator: OnceLock::new(),
        }
    }

    /// Judges values; `None` when the schemas of the operation are of no use for that.
    pub(crate) fn validator(&self) -> Option<&Schema> {
        let validator = self.validator.get_or_init(|| {
            let input = Value::Object((*self.tool.input_schema).clone());
            let validator = Schema::compile(&input).ok();
            if validator.is_none() {
                tracing::warn!(
                    tool = %self.tool.name,
                    "the schema refers to what is not in it, or has a pattern that cannot be run: values are not checked"
                );
            }
            validator
        });
        validator.as_ref()
    }
}

/// The arguments as they come together.
#[derive(Default)]
struct Draft {
    arguments: Vec<Argument>,
    properties: Map<String, Value>,
    required: Vec<String>,
    taken: BTreeSet<String>,
}

impl Draft {
    fn add(&mut self, wire: &str, place: &str, to: To, required: bool, schema: Value) {
        let name = self.free(wire, place);
        let pointer = format!("/properties/{}", schema::step(&name));
        self.properties
            .insert(name.clone(), schema::embed(schema, &pointer));
        if required {
            self.required.push(name.clone());
        }
        self.arguments.push(Argument { name, to, required });
    }

    /// A name that clients and models take: at most 64 of `A-Z a-z 0-9 _ . -`. The second of two that are equal gets its
    /// place in front.
    fn free(&mut self, wire: &str, place: &str) -> String {
        let mut name: String = wire
            .chars()
            .map(|c| match c {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | '-' => c,
                _ => '_',
            })
            .take(64)
            .collect();
        name.truncate(name.trim_end_matches('_').len().max(1));
        if name.is_empty() {
            place.clone_into(&mut name);
        }
        if !self.taken.contains(&name) {
            self.taken.insert(name.clone());
            return name;
        }
        let placed: String = format!("{place}_{name}").chars().take(60).collect();
        let mut name = placed.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{placed}_{number}");
            number += 1;
        }
        name
    }
}

/// A schema, or one that lets everything through where the catalogue's is none.
fn usable(schema: &Value, operation: &CatalogOperation, part: &str) -> Value {
    if schema::is_usable(schema) {
        return schema.clone();
    }
    tracing::warn!(operation = %operation.name, part, "the catalogue's schema is no JSON Schema: anything is let through");
    json!({})
}

/// The schema of the answer, where clients can check an answer against it: it has to describe an object.
fn answer(operation: &CatalogOperation) -> Option<Map<String, Value>> {
    let schema = operation.answer.as_ref()?;
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    if !is_object || !schema::is_usable(schema) {
        return None;
    }
    match schema::embed(schema.clone(), "") {
        Value::Object(schema) => Some(schema),
        _ => None,
    }
}

fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
}

fn description(operation: &CatalogOperation) -> String {
    let mut text = match &operation.description {
        Some(description) => format!("{}\n", description.trim_end()),
        None => String::new(),
    };
    text.push_str(&format!("{} {}", operation.method, operation.path));
    if !operation.scopes.is_empty() {
        let scopes = operation.scopes.join(", ");
        text.push_str(&format!("; needs the scopes: {scopes}"));
    }
    match operation.access {
        Access::Anyone => text.push_str("; for everybody"),
        Access::Admin => text.push_str("; for administrators"),
        _ => {}
    }
    text
}

fn meta(operation: &CatalogOperation) -> MetaObject {
    let mut meta = Map::new();
    meta.insert(format!("{META}method"), operation.method.as_str().into());
    meta.insert(format!("{META}path"), operation.path.clone().into());
    if !operation.scopes.is_empty() {
        meta.insert(format!("{META}scopes"), operation.scopes.clone().into());
    }
    MetaObject(meta)
}

#[cfg(test)]
mod tests {
    use http::Method;
    use integrations_core::catalog::Parameter;

    use super::*;

    fn operation() -> CatalogOperation {
        CatalogOperation::new("notes_update", Method::PUT, "/c/{id}/notes/{note}")
    }

    #[test]
    fn three_arguments_of_one_name_keep_apart() {
        let mut operation = operation();
        let text = || json!({"type": "string"});
        operation.parameters = vec![
            Parameter::new("id", Place::Path, true, text()),
            Parameter::new("id", Place::Query, false, text()),
            Parameter::new("query_id", Place::Query, false, text()),
            Parameter::new("body", Place::Query, true, text()),
            Parameter::new("ids[]", Place::Query, false, text()),
            Parameter::new("ids", Place::Query, false, text()),
        ];
        operation.body = Some(json!({"type": "object"}));
        operation.body_required = true;
        let offer = Offer::new(0, &operation);
        let names: Vec<_> = offer
            .arguments
            .iter()
            .map(|argument| (argument.name.as_str(), &argument.to, argument.required))
            .collect();
        let query = |name: &str| To::Query(name.to_owned());
        assert_eq!(
            names,
            [
                ("id", &To::Path("id".into()), true),
                ("query_id", &query("id"), false),
                ("query_query_id", &query("query_id"), false),
                ("body", &query("body"), true),
                ("ids", &query("ids[]"), false),
                ("query_ids", &query("ids"), false),
                ("note", &To::Path("note".into()), true),
                ("request_body", &To::Body, true),
            ]
        );
        assert_eq!(
            offer.tool.input_schema["required"],
            json!(["id", "body", "note", "request_body"])
        );
    }

    #[test]
    fn hints_and_meta_come_from_the_operation() {
        let mut operation = operation();
        operation.scopes = vec!["notes.write".into()];
        operation.answer = Some(json!({"type": "array"}));
        let tool = Offer::new(0, &operation).tool;
        let hints = tool.annotations.as_ref().unwrap();
        assert_eq!(
            (
                hints.read_only_hint,
                hints.destructive_hint,
                hints.idempotent_hint
            ),
            (Some(false), Some(true), Some(true))
        );
        assert_eq!(
            tool.meta.unwrap().0[&format!("{META}scopes")],
            json!(["notes.write"])
        );
        assert!(
            tool.description
                .unwrap()
                .ends_with("needs the scopes: notes.write")
        );
        assert!(tool.output_schema.is_none(), "an answer that is no object");
    }

    #[test]
    fn a_schema_that_is_none_lets_the_provider_judge() {
        let mut operation = operation();
        operation.body = Some(json!({"type": "whatever"}));
        let offer = Offer::new(0, &operation);
        assert_eq!(offer.tool.input_schema["properties"]["body"], json!({}));
        operation.body = Some(json!({"$ref": "https://example.com/x"}));
        assert!(Offer::new(0, &operation).validator().is_none());
    }
}
