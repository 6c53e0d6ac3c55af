//! What is said about what does not fit: lower-case words that never repeat the value.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use crate::FieldError;

/// Turns one failure into the fields it is about; `unknown` is said of a field that the schema does not name.
pub(crate) fn describe(error: &ValidationError<'_>, unknown: &str, out: &mut Vec<FieldError>) {
    let at = error.instance_path().to_string();
    match error.kind() {
        Kind::Required { property } => {
            let missing = property.as_str().unwrap_or_default();
            out.push(FieldError::new(below(&at, missing), "is required"));
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for extra in unexpected {
                out.push(FieldError::new(below(&at, extra), unknown));
            }
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            // The branch that came closest says more than "none fits".
            match context.iter().min_by_key(|branch| distance(branch)) {
                Some(closest) if !closest.is_empty() => {
                    closest
                        .iter()
                        .for_each(|error| describe(error, unknown, out));
                }
                _ => out.push(FieldError::new(at, "fits none of the allowed forms")),
            }
        }
        kind => out.push(FieldError::new(at, message(error, kind))),
    }
}

/// A child's pointer.
fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Branches of another type are far off: a number is no closer to "a text of three letters" than to null.
fn distance(branch: &[ValidationError<'_>]) -> usize {
    let other_type = |error: &&ValidationError<'_>| matches!(error.kind(), Kind::Type { .. });
    branch.len() + 100 * branch.iter().filter(other_type).count()
}

fn message(error: &ValidationError<'_>, kind: &Kind) -> String {
    match kind {
        Kind::Type { kind } => match kind {
            TypeKind::Single(of) => format!("must be {}", article(&of.to_string())),
            TypeKind::Multiple(of) => {
                let mut names: Vec<String> = of.iter().map(|of| article(&of.to_string())).collect();
                names.sort_by_key(|name| name == "null");
                format!("must be {}", names.join(" or "))
            }
        },
        Kind::Enum { options } => match options.as_ref() {
            Value::Array(options) if options.len() <= 30 => {
                let options: Vec<String> = options.iter().map(plain).collect();
                format!("must be one of {}", options.join(", "))
            }
            _ => "is not one of the allowed values".into(),
        },
        Kind::Constant { expected_value } => format!("must be {}", plain(expected_value)),
        Kind::Format { format } => match format.as_str() {
            "email" | "idn-email" => "must be an e-mail address".into(),
            "uri" | "iri" => "must be a whole address such as https://example.com".into(),
            "date-time" => "must be a time such as 2026-01-31T09:30:00Z".into(),
            "date" => "must be a date such as 2026-01-31".into(),
            "phone" => "must be a phone number such as +12025550123".into(),
            format => format!("must have the form \"{format}\""),
        },
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
        // The library's own words for this one repeat the offending name without masking it.
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

/// A value of the schema, which is no secret.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}
