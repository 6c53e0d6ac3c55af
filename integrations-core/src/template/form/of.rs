//! From the fields of a schema.

use serde_json::{Map, Value};

use super::{Condition, FieldKind, FormField, FormModel, SelectOption};
use crate::template::fields::{Field, Fields};
use crate::template::pointer;

type Words = Map<String, Value>;

impl FormModel {
    pub(in crate::template) fn of(fields: &Fields) -> Self {
        Self {
            fields: fields.iter().map(field).collect(),
        }
    }
}

fn field(field: &Field) -> FormField {
    let words = &field.words;
    let options = options(words);
    FormField {
        label: text(words, "title").unwrap_or_else(|| in_words(&field.name)),
        help: text(words, "description"),
        group: field.group.clone(),
        kind: kind(field, !options.is_empty()),
        required: field.required,
        secret: field.secret,
        default: words
            .get("default")
            .filter(|default| !default.is_null())
            .cloned(),
        placeholder: text(words, "x-placeholder").or_else(|| {
            match words.get("examples")?.get(0)? {
                Value::String(example) => Some(example.clone()),
                example => Some(example.to_string()),
            }
        }),
        pattern: text(words, "pattern"),
        minimum: words.get("minimum").and_then(Value::as_f64),
        maximum: words.get("maximum").and_then(Value::as_f64),
        min_length: words.get("minLength").and_then(Value::as_u64),
        max_length: words.get("maxLength").and_then(Value::as_u64),
        visible_when: conditions(&field.pointer, words),
        env: field.env.clone(),
        pointer: field.pointer.clone(),
        options,
    }
}

fn text(words: &Words, name: &str) -> Option<String> {
    words.get(name)?.as_str().map(str::to_owned)
}

fn kind(field: &Field, has_options: bool) -> FieldKind {
    let words = &field.words;
    if field.secret {
        return FieldKind::Password;
    }
    if has_options {
        return FieldKind::Select;
    }
    match kind_of(words) {
        Some("boolean") => FieldKind::Checkbox,
        Some("integer" | "number") => FieldKind::Number,
        Some("string") => match words.get("format").and_then(Value::as_str) {
            Some("uri" | "iri" | "uri-reference" | "url") => FieldKind::Url,
            Some("email" | "idn-email") => FieldKind::Email,
            _ if words.get("x-multiline") == Some(&Value::Bool(true)) => FieldKind::Textarea,
            _ if words.contains_key("contentMediaType") => FieldKind::Textarea,
            _ => FieldKind::Text,
        },
        Some("array") => match words
            .get("items")
            .and_then(Value::as_object)
            .and_then(kind_of)
        {
            Some("string") => FieldKind::List,
            _ => FieldKind::Json,
        },
        _ => FieldKind::Json,
    }
}

/// The one type besides null.
fn kind_of(words: &Words) -> Option<&str> {
    match words.get("type")? {
        Value::String(of) => Some(of),
        Value::Array(of) => {
            let mut real = of
                .iter()
                .filter_map(Value::as_str)
                .filter(|of| *of != "null");
            real.next().filter(|_| real.next().is_none())
        }
        _ => None,
    }
}

/// From `enum`, or from `oneOf` whose branches are single values with a title.
fn options(words: &Words) -> Vec<SelectOption> {
    if let Some(Value::Array(values)) = words.get("enum") {
        return values
            .iter()
            .filter(|value| !value.is_null())
            .map(|value| option(value, None))
            .collect();
    }
    let Some(Value::Array(branches)) = words.get("oneOf").or_else(|| words.get("anyOf")) else {
        return Vec::new();
    };
    let mut options = Vec::new();
    for branch in branches
        .iter()
        .filter(|branch| branch.get("type").is_none_or(|of| of != "null"))
    {
        match (branch.get("const"), branch.get("enum")) {
            (Some(value), _) => {
                options.push(option(value, branch.get("title").and_then(Value::as_str)));
            }
            (None, Some(Value::Array(values))) => {
                options.extend(values.iter().map(|value| option(value, None)));
            }
            _ => return Vec::new(),
        }
    }
    options
}

fn option(value: &Value, title: Option<&str>) -> SelectOption {
    let label = match (title, value) {
        (Some(title), _) => title.into(),
        (None, Value::String(text)) => in_words(text),
        (None, value) => value.to_string(),
    };
    SelectOption {
        value: value.clone(),
        label,
    }
}

/// `{"authMode": "oauth"}` or `{"authMode": ["oauth", "token"]}`: the name of a sibling, or a JSON pointer.
fn conditions(at: &str, words: &Words) -> Vec<Condition> {
    let Some(Value::Object(conditions)) = words.get("x-visible-when") else {
        return Vec::new();
    };
    let parent = at.rsplit_once('/').map_or("", |(parent, _)| parent);
    conditions
        .iter()
        .map(|(name, values)| Condition {
            pointer: if name.starts_with('/') {
                name.clone()
            } else {
                pointer::push(parent, name)
            },
            any_of: match values {
                Value::Array(values) => values.clone(),
                value => vec![value.clone()],
            },
        })
        .collect()
}

/// `locationId` as `Location ID`.
fn in_words(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut lower_before = false;
    for c in name.chars() {
        if matches!(c, '_' | '-' | ' ' | '.') {
            words.push(String::new());
        } else {
            if words.is_empty() || (c.is_uppercase() && lower_before) {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        lower_before = c.is_lowercase() || c.is_ascii_digit();
    }
    let words = words
        .iter()
        .filter(|word| !word.is_empty())
        .enumerate()
        .map(|(at, word)| match word.as_str() {
            "id" | "url" | "api" | "uri" | "ip" | "sms" | "crm" => word.to_uppercase(),
            "oauth" => "OAuth".into(),
            _ if at == 0 => {
                let mut chars = word.chars();
                chars.next().map_or_else(String::new, |first| {
                    first.to_uppercase().chain(chars).collect()
                })
            }
            _ => word.clone(),
        });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn names_in_words() {
        for (name, words) in [
            ("locationId", "Location ID"),
            ("apiKey", "API key"),
            ("base_url", "Base URL"),
            ("oauthClientId", "OAuth client ID"),
            ("APIVersion", "Apiversion"),
            ("", ""),
        ] {
            assert_eq!(in_words(name), words, "{name}");
        }
    }
}
