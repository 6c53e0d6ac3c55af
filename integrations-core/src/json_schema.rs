//! JSON Schema (2020-12), compiled once: what does not fit is told by its place, in words that never repeat a value.
//!
//! ```
//! use integrations_core::json_schema::Schema;
//! use serde_json::json;
//!
//! let schema = Schema::compile(&json!({
//!     "type": "object",
//!     "properties": { "age": { "type": "integer" } },
//!     "required": ["name"],
//!     "additionalProperties": false,
//! }))?;
//! let faults = schema.faults(&json!({ "age": "hunter2", "x": 1 }), "is not known");
//! let told: Vec<_> = faults.iter().map(|fault| format!("{} {}", fault.path, fault.message)).collect();
//! assert_eq!(told, ["/age must be a whole number", "/x is not known", "/name is required"]);
//! # Ok::<(), integrations_core::Error>(())
//! ```

mod messages;

use std::fmt;

use jsonschema::{Draft, PatternOptions, ValidationOptions, Validator};
use serde_json::Value;

pub(crate) use self::messages::describe;
use crate::{Error, FieldError, Result};

/// More faults of one value are not looked for.
const MOST: usize = 200;

/// A schema that values can be held against.
pub struct Schema(Validator);

impl Schema {
    /// Compiles a schema. Patterns run in linear time; formats are not checked; nothing is fetched.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) when it is none, refers to what is not in it, or has a
    /// pattern that cannot be run in linear time.
    pub fn compile(schema: &Value) -> Result<Self> {
        match options().should_validate_formats(false).build(schema) {
            Ok(validator) => Ok(Self(validator)),
            Err(error) => {
                let mut faults = Vec::new();
                describe(&error, UNKNOWN, &mut faults);
                Err(Error::validation("the schema cannot be used", faults))
            }
        }
    }

    /// What keeps a value from being a schema; empty when it is one. What it refers to is not looked at.
    #[must_use]
    pub fn check(schema: &Value) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
            describe(&error, UNKNOWN, &mut faults);
        }
        faults
    }

    /// Every fault of a value, 200 at most; `unknown` is what is said of a member that the schema does not let in.
    #[must_use]
    pub fn faults(&self, value: &Value, unknown: &str) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if self.0.is_valid(value) {
            return faults;
        }
        for error in self.0.iter_errors(value) {
            describe(&error, unknown, &mut faults);
            if faults.len() >= MOST {
                faults.truncate(MOST);
                break;
            }
        }
        faults
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}

const UNKNOWN: &str = "is not known here";

/// What holds for every schema that somebody else wrote.
pub(crate) fn options() -> ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(
            PatternOptions::regex()
                .size_limit(1 << 20)
                .dfa_size_limit(1 << 20),
        )
        .offline()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(schema: &Value, value: &Value) -> Vec<String> {
        let faults = Schema::compile(schema).unwrap().faults(value, "is unknown");
        faults
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
            &schema,
            &json!({"a": secret, "b": secret, "c": secret, "d": {"x": secret}, "e": secret, "f": secret, "g": secret,
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
    fn many_faults_are_bounded() {
        let schema = json!({"items": {"type": "string"}});
        let many: Vec<_> = (0..1000).collect();
        assert_eq!(told(&schema, &json!(many)).len(), MOST);
    }

    #[test]
    fn what_cannot_be_compiled_is_told() {
        for schema in [
            json!({"$ref": "https://example.com/other.json"}),
            json!({"$ref": "#/nowhere"}),
            json!({"pattern": "(?=x)"}),
            json!({"type": "whatever"}),
        ] {
            assert!(Schema::compile(&schema).is_err(), "{schema}");
        }
        for bad in [
            json!({"type": "any"}),
            json!({"properties": 1}),
            json!("object"),
        ] {
            assert!(!Schema::check(&bad).is_empty(), "{bad}");
        }
        for good in [json!(true), json!({"example": 1, "nullable": true})] {
            assert_eq!(Schema::check(&good), [], "{good}");
        }
        assert_eq!(
            Schema::check(&json!({"properties": {"a": {"type": 7}}}))[0].path,
            "/properties/a/type"
        );
    }
}
