//! From texts, as an HTML form or the environment holds them, to JSON.

use serde_json::{Map, Value};

use super::{FieldKind, FormField, FormModel};
use crate::template::pointer;

impl FormModel {
    /// Turns filled-in texts, by JSON pointer, into a config or an update to be validated.
    ///
    /// Numbers, checkboxes, lists and choices become values of their type; what cannot be read stays text, so that
    /// validation names the field. An empty text is `null`, which removes an optional field; an empty secret is kept
    /// empty, which leaves the stored one. Texts for pointers that the form does not know are passed on, to be refused.
    pub fn read<K: AsRef<str>, V: AsRef<str>>(
        &self,
        texts: impl IntoIterator<Item = (K, V)>,
    ) -> Value {
        let mut config = Map::new();
        for (at, text) in texts {
            let at = pointer::from_name(at.as_ref().into());
            let value = match self.field(&at) {
                Some(field) => read(field, text.as_ref()),
                None => Value::from(text.as_ref()),
            };
            pointer::insert(&mut config, &at, value);
        }
        Value::Object(config)
    }
}

fn read(field: &FormField, text: &str) -> Value {
    if field.kind == FieldKind::Password {
        return Value::from(text);
    }
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Value::Null;
    }
    match field.kind {
        FieldKind::Number => number(trimmed).unwrap_or_else(|| text.into()),
        FieldKind::Checkbox => match trimmed.to_ascii_lowercase().as_str() {
            "on" | "true" | "1" | "yes" => true.into(),
            "off" | "false" | "0" | "no" => false.into(),
            _ => text.into(),
        },
        FieldKind::Select => {
            let shown = |value: &Value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            };
            let chosen = field
                .options
                .iter()
                .find(|option| shown(&option.value) == trimmed);
            chosen.map_or_else(|| text.into(), |option| option.value.clone())
        }
        FieldKind::List => {
            let lines = trimmed
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty());
            lines.map(Value::from).collect()
        }
        FieldKind::Json => serde_json::from_str(trimmed).unwrap_or_else(|_| text.into()),
        FieldKind::Url | FieldKind::Email => trimmed.into(),
        FieldKind::Text | FieldKind::Textarea | FieldKind::Password => text.into(),
    }
}

fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let float: f64 = text.parse().ok()?;
    serde_json::Number::from_f64(float).map(Value::Number)
}
