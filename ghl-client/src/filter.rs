use std::borrow::Cow;

use integrations_core::Result as CoreResult;
use integrations_core::paging::Cursor;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::endpoint::foreign_cursor;

/// A condition of a search: of contacts, opportunities or the records of an object.
///
/// Fields are named as the provider's search names them: of contacts as on the wire (`email`, `dateAdded`, `tags`), of
/// opportunities with underscores (`pipeline_id`, `date_added`). Custom fields are `customFields.<id>`. A text to compare
/// with has 75 characters at most.
///
/// ```
/// use ghl_client::Filter;
/// let filter = Filter::any([
///     Filter::eq("email", "jane@example.com"),
///     Filter::all([Filter::contains("tags", "vip"), Filter::exists("phone")]),
/// ]);
/// let json = serde_json::to_value(&filter).unwrap();
/// assert_eq!(json["group"], "OR");
/// assert_eq!(json["filters"][0]["operator"], "eq");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Test {
        field: String,
        operator: Cow<'static, str>,
        value: Option<Value>,
    },
    Group {
        group: &'static str,
        filters: Vec<Filter>,
    },
}

impl Filter {
    /// The field has this value.
    pub fn eq(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::test(field, "eq", Some(value.into()))
    }

    /// The field has another value.
    pub fn not_eq(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::test(field, "not_eq", Some(value.into()))
    }

    /// The text holds this text, or the list this element.
    pub fn contains(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::test(field, "contains", Some(value.into()))
    }

    /// The text does not hold this text, or the list not this element.
    pub fn not_contains(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::test(field, "not_contains", Some(value.into()))
    }

    /// The field has a value.
    pub fn exists(field: impl Into<String>) -> Self {
        Self::test(field, "exists", None)
    }

    /// The field has no value.
    pub fn not_exists(field: impl Into<String>) -> Self {
        Self::test(field, "not_exists", None)
    }

    /// The number or time lies in the range.
    pub fn range(field: impl Into<String>, range: Range) -> Self {
        Self::test(field, "range", Some(json!(range)))
    }

    /// The field has one of these values.
    pub fn one_of(
        field: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Self {
        let field = field.into();
        Self::any(values.into_iter().map(|value| Self::eq(&field, value)))
    }

    /// A comparison by an operator that this crate does not name; without a value where the operator takes none.
    pub fn with_operator(
        field: impl Into<String>,
        operator: impl Into<String>,
        value: Option<Value>,
    ) -> Self {
        Self::test(field, operator.into(), value)
    }

    /// All of them hold.
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self(Kind::Group {
            group: "AND",
            filters: filters.into_iter().collect(),
        })
    }

    /// At least one of them holds.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self(Kind::Group {
            group: "OR",
            filters: filters.into_iter().collect(),
        })
    }

    fn test(
        field: impl Into<String>,
        operator: impl Into<Cow<'static, str>>,
        value: Option<Value>,
    ) -> Self {
        Self(Kind::Test {
            field: field.into(),
            operator: operator.into(),
            value,
        })
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Test<'a> {
            field: &'a str,
            operator: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            value: Option<&'a Value>,
        }
        #[derive(Serialize)]
        struct Group<'a> {
            group: &'a str,
            filters: &'a [Filter],
        }
        match &self.0 {
            Kind::Test {
                field,
                operator,
                value,
            } => Test {
                field,
                operator,
                value: value.as_ref(),
            }
            .serialize(serializer),
            Kind::Group { group, filters } => Group { group, filters }.serialize(serializer),
        }
    }
}

/// A range of numbers, or of times in milliseconds since 1970 or RFC 3339. Open on the sides that are not set.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Range {
    #[serde(skip_serializing_if = "Option::is_none")]
    gte: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gt: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lte: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lt: Option<Value>,
}

impl Range {
    /// No bounds yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From this value on.
    #[must_use]
    pub fn at_least(mut self, value: impl Into<Value>) -> Self {
        self.gte = Some(value.into());
        self
    }

    /// Above this value.
    #[must_use]
    pub fn above(mut self, value: impl Into<Value>) -> Self {
        self.gt = Some(value.into());
        self
    }

    /// Up to this value.
    #[must_use]
    pub fn at_most(mut self, value: impl Into<Value>) -> Self {
        self.lte = Some(value.into());
        self
    }

    /// Below this value.
    #[must_use]
    pub fn below(mut self, value: impl Into<Value>) -> Self {
        self.lt = Some(value.into());
        self
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sort {
    field: String,
    direction: &'static str,
}

impl Sort {
    /// Smallest or oldest first.
    pub fn ascending(field: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            direction: "asc",
        }
    }

    /// Largest or newest first.
    pub fn descending(field: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            direction: "desc",
        }
    }
}

/// Where a page of a search starts.
pub(crate) enum Start {
    /// Behind the object that has this.
    After(Vec<Value>),
    /// By number, which leads no further than 10,000 objects.
    Page(u32),
}

impl Start {
    pub(crate) fn of(cursor: &Cursor) -> CoreResult<Self> {
        match serde_json::from_str(cursor.as_str()) {
            Ok(Value::Array(after)) if !after.is_empty() => Ok(Self::After(after)),
            Ok(Value::Number(page)) => page
                .as_u64()
                .and_then(|page| u32::try_from(page).ok())
                .filter(|page| *page > 0)
                .map(Self::Page)
                .ok_or_else(foreign_cursor),
            _ => Err(foreign_cursor()),
        }
    }

    /// The cursor behind an object; of this page when the object does not say where to go on.
    pub(crate) fn behind(search_after: &[Value], page: u32) -> Cursor {
        Cursor::new(if search_after.is_empty() {
            page.to_string()
        } else {
            Value::Array(search_after.to_vec()).to_string()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_as_it_is_sent() {
        let range = Range::new().at_least(1).at_most(2);
        let table = [
            (
                Filter::eq("a", 1),
                json!({"field": "a", "operator": "eq", "value": 1}),
            ),
            (
                Filter::not_eq("a", true),
                json!({"field": "a", "operator": "not_eq", "value": true}),
            ),
            (
                Filter::contains("a", "x"),
                json!({"field": "a", "operator": "contains", "value": "x"}),
            ),
            (
                Filter::not_contains("a", "x"),
                json!({"field": "a", "operator": "not_contains", "value": "x"}),
            ),
            (
                Filter::exists("a"),
                json!({"field": "a", "operator": "exists"}),
            ),
            (
                Filter::not_exists("a"),
                json!({"field": "a", "operator": "not_exists"}),
            ),
            (
                Filter::range("a", range),
                json!({"field": "a", "operator": "range", "value": {"gte": 1, "lte": 2}}),
            ),
            (
                Filter::range("a", Range::new().above(1).below(2)),
                json!({"field": "a", "operator": "range", "value": {"gt": 1, "lt": 2}}),
            ),
            (
                Filter::with_operator("a", "near", Some(json!([1]))),
                json!({"field": "a", "operator": "near", "value": [1]}),
            ),
            (
                Filter::all([Filter::exists("a"), Filter::any([Filter::exists("b")])]),
                json!({"group": "AND", "filters": [
                    {"field": "a", "operator": "exists"},
                    {"group": "OR", "filters": [{"field": "b", "operator": "exists"}]}
                ]}),
            ),
        ];
        for (filter, expected) in table {
            assert_eq!(json!(filter), expected);
        }
        let one = Filter::one_of("a", ["x", "y"]);
        assert_eq!(
            one,
            Filter::any([Filter::eq("a", "x"), Filter::eq("a", "y")])
        );
    }
}
