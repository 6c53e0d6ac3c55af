//! JSON Schema: what of a catalogue goes into a tool, and what is said of values that do not fit.

use integrations_core::FieldError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value};

/// How many faults are told at once.
pub(crate) const MAX_FAULTS: usize = 20;

/// Whether a schema is one. What is none would make clients refuse the whole list of tools.
pub(crate) fn is_usable(schema: &Value) -> bool {
    schema.is_boolean() || jsonschema::draft202012::meta::is_valid(schema)
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

/// Compiles the schema of a tool's arguments. Patterns run in linear time; nothing is fetched. `None` when it refers to
/// what is not in it, or has a pattern that cannot be run.
pub(crate) fn compile(schema: &Map<String, Value>) -> Option<Validator> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(
            PatternOptions::regex()
                .size_limit(1 << 20)
                .dfa_size_limit(1 << 20),
        )
        .should_validate_formats(false)
        .offline()
        .build(&Value::Object(schema.clone()))
        .ok()
}

/// Every fault of these arguments, never with a value.
pub(crate) fn faults(validator: &Validator, arguments: &Value) -> Vec<FieldError> {
    if validator.is_valid(arguments) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for error in validator.iter_errors(arguments) {
        describe(&error, &mut all);
        if all.len() > 4 * MAX_FAULTS {
            break;
        }
    }
    all
}

fn describe(error: &ValidationError<'_>, out: &mut Vec<FieldError>) {
    let at = error.instance_path().to_string();
    match error.kind() {
        Kind::Required { property } => {
            let missing = property.as_str().unwrap_or_default();
            out.push(FieldError::new(
                format!("{at}/{}", step(missing)),
                "is required",
            ));
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for extra in unexpected.iter().take(MAX_FAULTS) {
                out.push(FieldError::new(format!("{at}/{}", step(extra)), UNKNOWN));
            }
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            // The branch that came closest says more than "none fits".
            match context.iter().min_by_key(|branch| distance(branch)) {
                Some(closest) if !closest.is_empty() => {
                    closest.iter().for_each(|error| describe(error, out));
                }
                _ => out.push(FieldError::new(at, "fits none of the allowed forms")),
            }
        }
        kind => out.push(FieldError::new(at, message(error, kind))),
    }
}

/// What is said of an argument that the tool does not have.
pub(crate) const UNKNOWN: &str = "is not an argument of this tool";

/// Branches of another type are far off.
fn distance(branch: &[ValidationError<'_>]) -> usize {
    let other_type = |error: &&ValidationError<'_>| matches!(error.kind(), Kind::Type { .. });
    branch.len() + 100 * branch.iter().filter(other_type).count()
}

fn message(error: &ValidationError<'_>, kind: &Kind) -> String {
    match kind {
        Kind::Type { kind } => {
            let mut names: Vec<String> = match kind {
                TypeKind::Single(of) => vec![article(&of.to_string())],
                TypeKind::Multiple(of) => of.iter().map(|of| article(&of.to_string())).collect(),
            };
            names.sort_by_key(|name| name == "null");
            format!("must be {}", names.join(" or "))
        }
        Kind::Enum { options } => match options.as_ref() {
            Value::Array(options) if options.len() <= 30 => {
                let options: Vec<String> = options.iter().map(plain).collect();
                format!("must be one of {}", options.join(", "))
            }
            _ => "is not one of the allowed values".into(),
        },
        Kind::Constant { expected_value } => format!("must be {}", plain(expected_value)),
        Kind::Pattern { pattern } if pattern.len() <= 200 => {
            format!("must match the pattern {pattern}")
        }
        Kind::Pattern { .. } => "does not have the right form".into(),
        Kind::MinLength { limit: 1 } => "must not be empty".into(),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MinItems { limit } => format!("must have at least {limit} entries"),
        Kind::MaxItems { limit } => format!("must have at most {limit} entries"),
        Kind::UniqueItems => "must not repeat an entry".into(),
        // The library's own words for this one repeat the name unmasked.
        Kind::PropertyNames { .. } => "has a field name that is not allowed".into(),
        Kind::FalseSchema => "is not allowed".into(),
        Kind::Not { .. } => "is not allowed in this form".into(),
        Kind::OneOfMultipleValid { .. } => "fits more than one of the allowed forms".into(),
        _ => error.masked_with("the value").to_string(),
    }
}

fn article(of: &str) -> String {
    match of {
        "string" => "a text".into(),
        "boolean" => "true or false".into(),
        "null" => "null".into(),
        "integer" => "a whole number".into(),
        "array" => "a list".into(),
        "object" => "an object".into(),
        of => format!("a {of}"),
    }
}

/// A value of the schema, which everybody may read.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(schema: Value, value: Value) -> Vec<String> {
        let validator = compile(schema.as_object().unwrap()).unwrap();
        faults(&validator, &value)
            .iter()
            .map(|fault| format!("{}: {}", fault.path, fault.message))
            .collect()
    }

    #[test]
    fn faults_name_the_place_and_never_the_value() {
        let schema = json!({"type": "object", "properties": {
            "a": {"type": "integer"}, "b": {"enum": ["x", "y"]}, "c": {"type": "string", "maxLength": 2},
            "d": {"anyOf": [{"type": "object", "required": ["k"]}, {"type": "null"}]},
            "e": {"type": "string", "pattern": "^a+$"}, "f": {"const": 1}, "g": false,
            "h": {"type": ["null", "number"]}, "i": {"propertyNames": {"maxLength": 3}},
            "j": {"type": "array", "contains": {"const": "z"}}}, "required": ["z~/"]});
        let secret = "hunter2-very-secret";
        let faults = told(
            schema,
            json!({"a": secret, "b": secret, "c": secret, "d": {"x": secret}, "e": secret, "f": secret, "g": secret,
                "h": secret, "i": {secret: secret}, "j": [secret]}),
        );
        for wanted in [
            "/a: must be a whole number",
            "/b: must be one of x, y",
            "/c: must have at most 2 characters",
            "/d/k: is required",
            "/e: must match the pattern ^a+$",
            "/f: must be 1",
            "/g: is not allowed",
            "/h: must be a number or null",
            "/i: has a field name that is not allowed",
            "/z~0~1: is required",
        ] {
            assert!(
                faults.iter().any(|fault| fault == wanted),
                "{wanted}: {faults:#?}"
            );
        }
        assert!(!faults.concat().contains("hunter2"), "{faults:#?}");
    }

    #[test]
    fn references_lead_to_where_a_schema_stands() {
        let tree = json!({"$schema": "x", "$id": "https://example.com/tree", "type": "object",
            "properties": {"next": {"$ref": "#"}, "leaf": {"$ref": "#/$defs/leaf"}}, "$defs": {"leaf": {"type": "integer"}}});
        let whole =
            json!({"type": "object", "properties": {"body": embed(tree, "/properties/body")}});
        let faults = told(whole, json!({"body": {"next": {"next": {"leaf": "no"}}}}));
        assert_eq!(faults, ["/body/next/next/leaf: must be a whole number"]);
    }

    #[test]
    fn what_cannot_be_compiled_is_told() {
        assert!(!is_usable(&json!({"type": "anything"})));
        assert!(!is_usable(&json!({"properties": 1})));
        assert!(!is_usable(&json!("object")));
        assert!(is_usable(&json!(true)) && is_usable(&json!({"example": 1, "nullable": true})));
        for schema in [
            json!({"$ref": "https://example.com/other.json"}),
            json!({"$ref": "#/nowhere"}),
            json!({"pattern": "(?=x)"}),
        ] {
            assert!(compile(schema.as_object().unwrap()).is_none(), "{schema}");
        }
    }
}
