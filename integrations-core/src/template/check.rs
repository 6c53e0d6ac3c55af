//! What a template's schema may be made of.
//!
//! The subset is JSON Schema 2020-12 without references that leave the document or repeat themselves, so that a schema
//! can be walked, shown as a form, and judged in bounded time.

use std::collections::BTreeSet;

use serde_json::Value;

use super::spec::refuse;
use super::walk::{self, is_secret};
use super::{limits, pointer};
use crate::{FieldError, Result};

const AT: &str = "/configSchema";

/// Schemas that one schema may unfold into, references followed.
const MAX_UNFOLDED: usize = 4096;

const KEYWORDS: [&str; 50] = [
    "$schema",
    "$ref",
    "$defs",
    "$comment",
    "type",
    "enum",
    "const",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "properties",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "items",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "contentMediaType",
];

/// Checks the words of a schema: known keywords, local references, an object at the root.
pub(super) fn keywords(schema: &Value) -> Result<()> {
    limits::check(schema, limits::MAX_SPEC_BYTES, "the schema")?;
    let mut faults = Vec::new();
    if !schema.is_object() {
        faults.push(FieldError::new(AT, "must be a JSON Schema object"));
    } else if schema.get("type").is_some_and(|of| of != "object") {
        faults.push(FieldError::new(
            format!("{AT}/type"),
            "must be \"object\": a config is a set of fields",
        ));
    }
    let draft = schema
        .get("$schema")
        .and_then(Value::as_str)
        .unwrap_or(DRAFT);
    if draft.trim_end_matches('#') != DRAFT {
        faults.push(FieldError::new(
            format!("{AT}/$schema"),
            "must be JSON Schema 2020-12, or be left out",
        ));
    }
    visit(schema, schema, AT, &mut faults);
    faults.truncate(limits::MAX_FAULTS);
    refuse(faults)
}

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

fn visit(root: &Value, schema: &Value, at: &str, faults: &mut Vec<FieldError>) {
    if let Value::Object(words) = schema {
        for (word, value) in words {
            if !KEYWORDS.contains(&word.as_str()) && !word.starts_with("x-") {
                faults.push(FieldError::new(
                    pointer::push(at, word),
                    "is not a keyword that templates know",
                ));
            }
            if word == "$ref" {
                let local = value.as_str().is_some_and(|to| to.starts_with("#/"));
                if !local {
                    faults.push(FieldError::new(
                        format!("{at}/$ref"),
                        "must point into this schema: `#/$defs/…`",
                    ));
                } else if walk::target(root, schema).is_none() {
                    faults.push(FieldError::new(format!("{at}/$ref"), "points to nothing"));
                }
            }
        }
    } else if !schema.is_boolean() {
        faults.push(FieldError::new(at, "must be a schema"));
    }
    walk::each(schema, at, |_, at, inner| visit(root, inner, &at, faults));
}

/// Follows every reference: refuses circles, explosions, and secrets that have no name of their own.
pub(super) fn survey(schema: &Value) -> Result<()> {
    let mut survey = Survey {
        root: schema,
        open: Vec::new(),
        left: MAX_UNFOLDED,
        faults: BTreeSet::new(),
    };
    survey.visit(schema, AT, false);
    if survey.left == 0 {
        survey.fault(AT, "is too large when its references are followed");
    }
    let faults = survey
        .faults
        .into_iter()
        .map(|(at, message)| FieldError::new(at, message));
    refuse(faults.take(limits::MAX_FAULTS).collect())
}

struct Survey<'a> {
    root: &'a Value,
    open: Vec<&'a str>,
    left: usize,
    faults: BTreeSet<(String, &'static str)>,
}

impl<'a> Survey<'a> {
    fn fault(&mut self, at: &str, message: &'static str) {
        self.faults.insert((at.into(), message));
    }

    fn visit(&mut self, schema: &'a Value, at: &str, nameless: bool) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        if is_secret(schema) {
            self.secret(schema, at, nameless);
        }
        if let Some(to) = schema.get("$ref").and_then(Value::as_str) {
            if self.open.contains(&to) {
                self.fault(&format!("{at}/$ref"), "goes round in a circle");
                return;
            }
            if let Some(target) = walk::target(self.root, schema) {
                self.open.push(to);
                self.visit(target, &format!("{AT}{}", &to[1..]), nameless);
                self.open.pop();
            }
        }
        let mut inner = Vec::new();
        walk::each(schema, at, |keyword, at, schema| {
            inner.push((keyword, at, schema));
        });
        for (keyword, at, schema) in inner {
            let nameless = match keyword {
                "$defs" => continue,
                "properties" => nameless,
                keyword if walk::IN_PLACE.contains(&keyword) => nameless,
                _ => true,
            };
            self.visit(schema, &at, nameless);
        }
    }

    fn secret(&mut self, schema: &Value, at: &str, nameless: bool) {
        if nameless {
            self.fault(
                at,
                "a secret must be a named field, not part of a list or map (set \"x-secret\": false if it is none)",
            );
        }
        let texts = match schema.get("type") {
            None => true,
            Some(Value::String(of)) => of == "string",
            Some(Value::Array(of)) => of.iter().all(|of| of == "string" || of == "null"),
            Some(_) => false,
        };
        if !texts {
            self.fault(&format!("{at}/type"), "a secret must be a string");
        }
        for word in ["default", "examples", "const", "enum"] {
            if schema.get(word).is_some() {
                self.fault(
                    &format!("{at}/{word}"),
                    "would show a secret to everybody who sees the template",
                );
            }
        }
    }
}
