//! The fields that a schema names, in the order of the form.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{normalise, pointer, walk};
use crate::{Error, FieldError, Result};

const MAX_FIELDS: usize = 256;

/// One field that holds a value, not further fields.
pub(super) struct Field {
    pub(super) pointer: String,
    pub(super) name: String,
    /// Title of the object around it.
    pub(super) group: Option<String>,
    /// The schema, with its reference followed and "or null" taken away.
    pub(super) words: Map<String, Value>,
    pub(super) required: bool,
    pub(super) secret: bool,
    pub(super) env: Option<String>,
    order: Vec<(i64, bool, String)>,
}

/// Everything that a schema names.
pub(super) struct Fields {
    list: Vec<Field>,
    groups: BTreeSet<String>,
}

impl Fields {
    pub(super) fn get(&self, pointer: &str) -> Option<&Field> {
        self.list.iter().find(|field| field.pointer == pointer)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Field> {
        self.list.iter()
    }

    pub(super) fn env(&self) -> BTreeMap<String, String> {
        let named = self.list.iter();
        named
            .filter_map(|field| Some((field.pointer.clone(), field.env.clone()?)))
            .collect()
    }

    pub(super) fn declared(&self) -> BTreeSet<String> {
        let fields = self.list.iter().map(|field| &field.pointer);
        fields.chain(&self.groups).cloned().collect()
    }

    pub(super) fn secrets(&self) -> BTreeSet<String> {
        let secrets = self.list.iter().filter(|field| field.secret);
        secrets.map(|field| field.pointer.clone()).collect()
    }
}

/// The fields of a schema that was surveyed, so that following references ends.
pub(super) fn of(schema: &Value, env: &BTreeMap<String, String>) -> Result<Fields> {
    let mut fields = Fields {
        list: Vec::new(),
        groups: BTreeSet::new(),
    };
    let top = Place {
        at: String::new(),
        group: None,
        order: Vec::new(),
        required: true,
    };
    fields.object(schema, &effective(schema, schema), &top);
    if fields.list.len() > MAX_FIELDS {
        return Err(Error::validation(
            "this template cannot be used",
            vec![FieldError::new(
                "/configSchema",
                format!("names too many fields: at most {MAX_FIELDS}"),
            )],
        ));
    }
    for field in &mut fields.list {
        let spoken = field
            .words
            .get("x-env")
            .and_then(Value::as_str)
            .map(str::to_owned);
        field.env = env.get(&field.pointer).cloned().or(spoken);
    }
    fields.list.sort_by(|a, b| a.order.cmp(&b.order));
    Ok(fields)
}

/// The object that fields are being read of.
struct Place {
    at: String,
    group: Option<String>,
    order: Vec<(i64, bool, String)>,
    /// Whether what the object requires is required of every config.
    required: bool,
}

impl Fields {
    fn object(&mut self, root: &Value, words: &Map<String, Value>, place: &Place) {
        let required: BTreeSet<&str> = match words.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => BTreeSet::new(),
        };
        if let Some(Value::Object(properties)) = words.get("properties") {
            for (name, schema) in properties {
                self.property(root, name, schema, required.contains(name.as_str()), place);
            }
        }
        let words = Value::Object(words.clone());
        walk::each(&words, "", |keyword, _, branch| {
            let always = match keyword {
                "allOf" => place.required,
                "anyOf" | "oneOf" | "then" | "else" | "dependentSchemas" => false,
                _ => return,
            };
            let place = Place {
                at: place.at.clone(),
                group: place.group.clone(),
                order: place.order.clone(),
                required: always,
            };
            self.object(root, &effective(root, branch), &place);
        });
    }

    fn property(&mut self, root: &Value, name: &str, schema: &Value, listed: bool, place: &Place) {
        let required = listed && place.required;
        let at = pointer::push(&place.at, name);
        let words = effective(root, schema);
        let rank = words
            .get("x-order")
            .and_then(Value::as_i64)
            .unwrap_or(i64::MAX);
        let mut order = place.order.clone();
        order.push((rank, !listed, name.into()));
        if normalise::names_fields(root, schema, 0) {
            self.groups.insert(at.clone());
            let title = words.get("title").and_then(Value::as_str);
            let place = Place {
                at,
                group: Some(title.unwrap_or(name).into()),
                order,
                required,
            };
            self.object(root, &words, &place);
            return;
        }
        let secret = holds_secret(root, schema);
        if let Some(known) = self.list.iter_mut().find(|field| field.pointer == at) {
            known.secret |= secret;
            known.required |= required;
            return;
        }
        // Beyond the limit nothing is read; `of` refuses the whole.
        if self.list.len() <= MAX_FIELDS {
            self.list.push(Field {
                pointer: at,
                name: name.into(),
                group: place.group.clone(),
                words,
                required,
                secret,
                env: None,
                order,
            });
        }
    }
}

/// A schema with its reference followed, and the one branch of "this or null" taken in.
pub(super) fn effective(root: &Value, schema: &Value) -> Map<String, Value> {
    let mut words =
        walk::target(root, schema).map_or_else(Map::new, |target| effective(root, target));
    let Value::Object(own) = schema else {
        return words;
    };
    let mut taken = None;
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let Some(Value::Array(branches)) = own.get(keyword) else {
            continue;
        };
        let mut real = branches
            .iter()
            .filter(|branch| branch.get("type").is_none_or(|of| of != "null"));
        if let (Some(only), None) = (real.next(), real.next())
            && only.get("if").is_none()
        {
            words.extend(effective(root, only));
            taken = Some(keyword);
        }
    }
    let own = own
        .iter()
        .filter(|(word, _)| *word != "$ref" && Some(word.as_str()) != taken);
    words.extend(own.map(|(word, value)| (word.clone(), value.clone())));
    words
}

fn holds_secret(root: &Value, schema: &Value) -> bool {
    let mut found = walk::is_secret(schema)
        || walk::target(root, schema).is_some_and(|to| holds_secret(root, to));
    walk::each(schema, "", |keyword, _, inner| {
        found |= walk::IN_PLACE.contains(&keyword) && holds_secret(root, inner);
    });
    found
}
