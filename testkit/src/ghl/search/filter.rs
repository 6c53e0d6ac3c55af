use serde_json::Value;

use super::sort::{Field, Key};
use crate::ghl::contacts::{model::Contact, table::Index};

/// A compiled `filters` array.
#[derive(Debug)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Test(Field, Operator),
}

#[derive(Debug)]
pub(super) enum Operator {
    Eq(Vec<Key>),
    NotEq(Vec<Key>),
    Contains(String),
    NotContains(String),
    Exists,
    NotExists,
    Range(Vec<(Bound, Key)>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Bound {
    Gte,
    Lte,
    Gt,
    Lt,
}

impl Filter {
    /// The filters of the top level must all match.
    pub(super) fn all(filters: Option<&Vec<Value>>, problems: &mut Vec<String>) -> Self {
        Self::All(Self::many(filters, "filters", problems))
    }

    fn many(filters: Option<&Vec<Value>>, path: &str, problems: &mut Vec<String>) -> Vec<Self> {
        let mut parsed = Vec::new();
        for (at, filter) in filters.into_iter().flatten().enumerate() {
            let path = format!("{path}.{at}");
            match Self::one(filter, &path, problems) {
                Ok(filter) => parsed.push(filter),
                Err(problem) => problems.push(problem),
            }
        }
        parsed
    }

    fn one(filter: &Value, path: &str, problems: &mut Vec<String>) -> Result<Self, String> {
        if let Some(group) = filter.get("group") {
            let children = filter.get("filters").and_then(Value::as_array);
            if children.is_none() {
                return Err(format!("{path}.filters must be an array"));
            }
            let children = Self::many(children, &format!("{path}.filters"), problems);
            return match group.as_str() {
                Some("AND") => Ok(Self::All(children)),
                Some("OR") => Ok(Self::Any(children)),
                _ => Err(format!(
                    "{path}.group must be one of the following values: AND, OR"
                )),
            };
        }
        let name = filter.get("field").and_then(Value::as_str);
        let name = name.ok_or_else(|| format!("{path}.field must be a string"))?;
        let field = Field::parse(name).ok_or_else(|| format!("{path}.field {name} is invalid"))?;
        let operator = filter.get("operator").and_then(Value::as_str).unwrap_or("");
        let value = filter.get("value").filter(|value| !value.is_null());
        let needed = || value.ok_or_else(|| format!("{path}.value should not be empty"));
        let text = || {
            let text = needed()?.as_str().map(str::to_lowercase);
            text.ok_or_else(|| format!("{path}.value must be a string"))
        };
        let operator = match operator {
            "eq" => Operator::Eq(keys(&field, needed()?)),
            "not_eq" => Operator::NotEq(keys(&field, needed()?)),
            "contains" => Operator::Contains(text()?),
            "not_contains" => Operator::NotContains(text()?),
            "exists" => Operator::Exists,
            "not_exists" => Operator::NotExists,
            "range" => Operator::Range(
                bounds(&field, needed()?)
                    .ok_or_else(|| format!("{path}.value must hold gte, lte, gt or lt"))?,
            ),
            _ => {
                return Err(format!(
                    "{path}.operator must be one of the following values: eq, not_eq, contains, \
                     not_contains, exists, not_exists, range"
                ));
            }
        };
        Ok(Self::Test(field, operator))
    }

    /// The ids of all that can match, where an index knows them; more than match, or twice.
    pub(super) fn candidates(&self, index: &Index) -> Option<Vec<String>> {
        match self {
            Self::All(filters) => filters.iter().find_map(|filter| filter.candidates(index)),
            Self::Any(filters) => {
                let all = filters.iter().map(|filter| filter.candidates(index));
                Some(all.collect::<Option<Vec<_>>>()?.concat())
            }
            Self::Test(Field::Plain(name), Operator::Eq(wanted)) => {
                let of = |wanted: &Key| match (*name, wanted) {
                    ("email", Key::Text(email)) => Some(index.by_email(email).to_vec()),
                    ("phone", Key::Text(phone)) => Some(index.by_phone(phone).to_vec()),
                    _ => None,
                };
                Some(wanted.iter().map(of).collect::<Option<Vec<_>>>()?.concat())
            }
            Self::Test(..) => None,
        }
    }

    /// The one range of milliseconds that this filter asks of a date, both ends included.
    pub(super) fn dates(&self, date: &Field) -> Option<(i64, i64)> {
        match self {
            Self::All(filters) => match filters.as_slice() {
                [] => Some((i64::MIN, i64::MAX)),
                [one] => one.dates(date),
                _ => None,
            },
            Self::Test(field, Operator::Range(bounds)) if field == date => {
                let (mut from, mut to) = (i64::MIN, i64::MAX);
                for (bound, limit) in bounds {
                    let limit = limit.whole()?;
                    match bound {
                        Bound::Gte => from = from.max(limit),
                        Bound::Gt => from = from.max(limit.saturating_add(1)),
                        Bound::Lte => to = to.min(limit),
                        Bound::Lt => to = to.min(limit.saturating_sub(1)),
                    }
                }
                Some((from, to))
            }
            _ => None,
        }
    }

    pub(super) fn accepts(&self, contact: &Contact) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.accepts(contact)),
            Self::Any(filters) => filters.iter().any(|filter| filter.accepts(contact)),
            Self::Test(field, operator) => operator.accepts(&field.values(contact)),
        }
    }
}

impl Operator {
    fn accepts(&self, values: &[Key]) -> bool {
        let contains = |part: &str| {
            values
                .iter()
                .any(|value| matches!(value, Key::Text(text) if text.contains(part)))
        };
        match self {
            Self::Eq(wanted) => values.iter().any(|value| wanted.contains(value)),
            Self::NotEq(wanted) => !values.iter().any(|value| wanted.contains(value)),
            Self::Contains(part) => contains(part),
            Self::NotContains(part) => !contains(part),
            Self::Exists => !values.is_empty(),
            Self::NotExists => values.is_empty(),
            Self::Range(bounds) => values.iter().any(|value| {
                bounds.iter().all(|(bound, limit)| match bound {
                    Bound::Gte => value >= limit,
                    Bound::Lte => value <= limit,
                    Bound::Gt => value > limit,
                    Bound::Lt => value < limit,
                })
            }),
        }
    }
}

fn keys(field: &Field, value: &Value) -> Vec<Key> {
    match value {
        Value::Array(values) => values.iter().filter_map(|v| field.key(v)).collect(),
        value => field.key(value).into_iter().collect(),
    }
}

fn bounds(field: &Field, value: &Value) -> Option<Vec<(Bound, Key)>> {
    let mut bounds = Vec::new();
    for (name, value) in value.as_object()? {
        let bound = match name.as_str() {
            "gte" => Bound::Gte,
            "lte" => Bound::Lte,
            "gt" => Bound::Gt,
            "lt" => Bound::Lt,
            _ => return None,
        };
        bounds.push((bound, field.key(value)?));
    }
    (!bounds.is_empty()).then_some(bounds)
}
