use serde_json::{Map, Value};

/// What a property must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    Email,
    Number,
    Flag,
    Texts,
    List,
    Map,
    Any,
    Time,
    OneOf(&'static [&'static str]),
}

/// One property of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    kind: Kind,
    pub(crate) required: bool,
}

pub(crate) const fn req(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
    }
}

pub(crate) const fn opt(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
    }
}

/// Checks a body as a validator does that whitelists properties and forbids all others.
pub(crate) fn check_body(fields: &[Field], body: &Map<String, Value>) -> Vec<String> {
    let mut problems = unknown(fields, body.keys().map(String::as_str));
    for field in fields {
        match body.get(field.name) {
            // A null counts as absent for an optional property.
            None | Some(Value::Null) => problems.extend(field.missing()),
            Some(value) => problems.extend(field.check(value)),
        }
    }
    problems
}

/// The same for query parameters, which are all text on the wire.
pub(crate) fn check_query(fields: &[Field], query: &[(String, String)]) -> Vec<String> {
    let mut problems = unknown(fields, query.iter().map(|(name, _)| name.as_str()));
    for field in fields {
        let value = query.iter().find(|(name, _)| name == field.name);
        match value {
            None => problems.extend(field.missing()),
            Some((_, text)) => problems.extend(field.check(&field.typed(text))),
        }
    }
    problems
}

fn unknown<'a>(fields: &[Field], names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = Vec::new();
    for name in names {
        if fields.iter().all(|field| field.name != name) && !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen.iter()
        .map(|name| format!("property {name} should not exist"))
        .collect()
}

impl Field {
    fn missing(&self) -> Vec<String> {
        if !self.required {
            return Vec::new();
        }
        let mut problems = vec![format!("{} should not be empty", self.name)];
        problems.extend(self.check(&Value::Null));
        problems
    }

    /// Reads query text as the property's type; text that does not fit stays text and fails.
    fn typed(&self, text: &str) -> Value {
        let plain = || Value::String(text.to_owned());
        match self.kind {
            Kind::Number => serde_json::from_str::<serde_json::Number>(text)
                .map_or_else(|_| plain(), Value::Number),
            Kind::Flag => text.parse().map_or_else(|_| plain(), Value::Bool),
            Kind::Texts => Value::Array(vec![plain()]),
            _ => plain(),
        }
    }

    fn check(&self, value: &Value) -> Option<String> {
        let name = self.name;
        let problem = match self.kind {
            Kind::Text if value.is_string() => return self.filled(value),
            Kind::Text => "must be a string".to_owned(),
            Kind::Email if value.as_str().is_some_and(is_email) => return None,
            Kind::Email => "must be an email".to_owned(),
            Kind::Number if value.is_number() => return None,
            Kind::Number => "must be a number conforming to the specified constraints".to_owned(),
            Kind::Flag if value.is_boolean() => return None,
            Kind::Flag => "must be a boolean value".to_owned(),
            Kind::Texts => match value.as_array() {
                None => "must be an array".to_owned(),
                Some(items) if items.iter().all(Value::is_string) => return None,
                Some(_) => return Some(format!("each value in {name} must be a string")),
            },
            Kind::List if value.is_array() => return None,
            Kind::List => "must be an array".to_owned(),
            Kind::Map if value.is_object() => return None,
            Kind::Map => "must be an object".to_owned(),
            Kind::Any => return None,
            Kind::Time if value.as_str().is_some_and(is_time) => return None,
            Kind::Time => "must be a valid ISO 8601 date string".to_owned(),
            Kind::OneOf(all) if value.as_str().is_some_and(|v| all.contains(&v)) => return None,
            Kind::OneOf(all) => {
                format!("must be one of the following values: {}", all.join(", "))
            }
        };
        Some(format!("{name} {problem}"))
    }

    fn filled(&self, value: &Value) -> Option<String> {
        (self.required && value == "").then(|| format!("{} should not be empty", self.name))
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && host.split('.').count() > 1
            && host.split('.').all(|label| !label.is_empty())
            && !text.contains(char::is_whitespace)
            && !host.contains('@')
    })
}

fn is_time(text: &str) -> bool {
    super::slots::instant(text).is_some()
}
