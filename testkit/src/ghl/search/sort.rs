use std::{cmp::Ordering, sync::Arc};

use serde_json::{Value, json};

use crate::ghl::{contacts::model::Contact, slots::instant};

/// A field that filters and sorts may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Added,
    Updated,
    Tags,
    Name,
    Plain(&'static str),
    Lower(&'static str),
    Custom(String),
}

/// One value of a field, in its order.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(super) enum Key {
    Missing,
    Number(f64),
    Text(String),
}

impl Key {
    /// The number as a time in milliseconds.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "within the range in which whole numbers are exact"
    )]
    pub(super) fn whole(&self) -> Option<i64> {
        match self {
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Some(*number as i64)
            }
            _ => None,
        }
    }
}

impl Field {
    pub(super) fn parse(name: &str) -> Option<Self> {
        if let Some(id) = name.strip_prefix("customFields.") {
            return Some(Self::Custom(id.to_owned()));
        }
        Some(match name {
            "id" => Self::Id,
            "dateAdded" => Self::Added,
            "dateUpdated" => Self::Updated,
            "tags" => Self::Tags,
            "contactName" | "fullNameLowerCase" => Self::Name,
            "firstNameLowerCase" => Self::Lower("firstName"),
            "lastNameLowerCase" => Self::Lower("lastName"),
            "businessName" | "companyName" => Self::Plain("companyName"),
            "address" => Self::Plain("address1"),
            "email" => Self::Plain("email"),
            "phone" => Self::Plain("phone"),
            "city" => Self::Plain("city"),
            "state" => Self::Plain("state"),
            "country" => Self::Plain("country"),
            "postalCode" => Self::Plain("postalCode"),
            "website" => Self::Plain("website"),
            "source" => Self::Plain("source"),
            "timezone" => Self::Plain("timezone"),
            "assignedTo" => Self::Plain("assignedTo"),
            "dnd" => Self::Plain("dnd"),
            "dateOfBirth" => Self::Plain("dateOfBirth"),
            _ => return None,
        })
    }

    /// A request's value in this field's type. Dates may be milliseconds or ISO text.
    pub(super) fn key(&self, value: &Value) -> Option<Key> {
        match (self, value) {
            (Self::Added | Self::Updated, Value::String(text)) => {
                let number = text.parse().ok();
                let number =
                    number.or_else(|| instant(text).map(|t| number_of(t.as_millisecond())));
                number.map(Key::Number)
            }
            (_, Value::String(text)) => Some(Key::Text(text.to_lowercase())),
            (_, Value::Number(number)) => number.as_f64().map(Key::Number),
            (_, Value::Bool(flag)) => Some(Key::Text(flag.to_string())),
            (_, Value::Null) => Some(Key::Missing),
            _ => None,
        }
    }

    /// A contact's values: none if it has no such field, several for tags.
    pub(super) fn values(&self, contact: &Contact) -> Vec<Key> {
        let one = |value: Option<&Value>| {
            let key = value.and_then(|value| self.key(value));
            key.into_iter().filter(|key| *key != Key::Missing).collect()
        };
        match self {
            Self::Id => vec![Key::Text(contact.id.to_lowercase())],
            Self::Added => vec![Key::Number(number_of(contact.added))],
            Self::Updated => vec![Key::Number(number_of(contact.updated))],
            Self::Tags => contact.tags.iter().cloned().map(Key::Text).collect(),
            Self::Name => vec![Key::Text(contact.full_name().to_lowercase())],
            Self::Plain("dnd") => {
                let dnd = contact.fields.get("dnd").and_then(Value::as_bool);
                vec![Key::Text(dnd.unwrap_or(false).to_string())]
            }
            Self::Plain(name) | Self::Lower(name) => one(contact.fields.get(*name)),
            Self::Custom(id) => match contact.custom.get(id) {
                Some(Value::Array(values)) => values.iter().filter_map(|v| self.key(v)).collect(),
                value => one(value),
            },
        }
    }
}

/// A compiled `sort` array; the id breaks ties.
#[derive(Debug)]
pub(super) struct Sort(Vec<(Field, bool)>);

/// A contact with its sort values.
#[derive(Debug)]
pub(super) struct Row<'c> {
    pub(super) contact: &'c Contact,
    keys: Vec<Key>,
}

/// Where a page ended: sort values and id.
#[derive(Debug)]
pub(super) struct Cursor {
    keys: Vec<Key>,
    id: String,
}

impl Sort {
    pub(super) fn parse(sort: Option<&Vec<Value>>, problems: &mut Vec<String>) -> Self {
        let mut fields = Vec::new();
        for (at, sort) in sort.into_iter().flatten().enumerate() {
            let name = sort.get("field").and_then(Value::as_str).unwrap_or("");
            let descending = match sort.get("direction").and_then(Value::as_str) {
                Some("asc") => false,
                Some("desc") => true,
                _ => {
                    problems.push(format!(
                        "sort.{at}.direction must be one of the following values: asc, desc"
                    ));
                    false
                }
            };
            match Field::parse(name) {
                Some(Field::Tags) | None => {
                    problems.push(format!("sort.{at}.field {name} is invalid"));
                }
                Some(field) => fields.push((field, descending)),
            }
        }
        if fields.is_empty() {
            fields.push((Field::Added, true));
        }
        Self(fields)
    }

    /// The date that alone is sorted by, and whether the newest comes first.
    pub(super) fn date(&self) -> Option<(&Field, bool)> {
        match self.0.as_slice() {
            [(field @ (Field::Added | Field::Updated), descending)] => Some((field, *descending)),
            _ => None,
        }
    }

    pub(super) fn row<'c>(&self, contact: &'c Contact) -> Row<'c> {
        let values = |field: &Field| field.values(contact).pop().unwrap_or(Key::Missing);
        Row {
            contact,
            keys: self.0.iter().map(|(field, _)| values(field)).collect(),
        }
    }

    pub(super) fn order<'c>(&self, contacts: Vec<&'c Arc<Contact>>) -> Vec<Row<'c>> {
        let rows = contacts.into_iter().map(|contact| self.row(contact));
        let mut rows: Vec<_> = rows.collect();
        rows.sort_unstable_by(|a, b| {
            self.compare(&a.keys, &b.keys)
                .then_with(|| a.contact.id.cmp(&b.contact.id))
        });
        rows
    }

    fn compare(&self, a: &[Key], b: &[Key]) -> Ordering {
        let mut pairs = self.0.iter().zip(a.iter().zip(b));
        let different = pairs.find_map(|((_, descending), (a, b))| {
            let order = a.partial_cmp(b).unwrap_or(Ordering::Equal);
            let order = if *descending { order.reverse() } else { order };
            (order != Ordering::Equal).then_some(order)
        });
        different.unwrap_or(Ordering::Equal)
    }

    /// Reads a `searchAfter` array; it must come from a search with the same sort.
    pub(super) fn cursor(&self, after: &[Value]) -> Option<Cursor> {
        let (id, keys) = after.split_last()?;
        if keys.len() != self.0.len() {
            return None;
        }
        let keys = self
            .0
            .iter()
            .zip(keys)
            .map(|((field, _), value)| field.key(value));
        Some(Cursor {
            keys: keys.collect::<Option<_>>()?,
            id: id.as_str()?.to_owned(),
        })
    }

    pub(super) fn is_after(&self, row: &Row<'_>, cursor: &Cursor) -> bool {
        let order = self.compare(&row.keys, &cursor.keys);
        order.then_with(|| row.contact.id.cmp(&cursor.id)) == Ordering::Greater
    }
}

impl Cursor {
    /// The date and id, for a sort by one date.
    pub(super) fn date(&self) -> Option<(i64, &str)> {
        Some((self.keys.first()?.whole()?, self.id.as_str()))
    }
}

impl Row<'_> {
    /// The `searchAfter` array of this hit.
    pub(super) fn after(&self) -> Value {
        let mut after: Vec<Value> = self
            .keys
            .iter()
            .map(|key| match key {
                Key::Missing => Value::Null,
                Key::Number(number) => whole(*number),
                Key::Text(text) => json!(text),
            })
            .collect();
        after.push(json!(self.contact.id));
        Value::Array(after)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since the epoch stay exact for 285,000 years"
)]
fn number_of(milliseconds: i64) -> f64 {
    milliseconds as f64
}

/// Times are written as integers again.
fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        let text = format!("{number:.0}");
        return text.parse::<i64>().map_or(Value::Null, |n| json!(n));
    }
    json!(number)
}
