use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// A condition of a contact search.
///
/// Fields are named as in [`Contact`](super::Contact) on the wire (`email`, `dateAdded`, `tags`), custom fields as
/// `customFields.<id>`.
///
/// ```
/// use ghl_client::contacts::Filter;
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
        operator: &'static str,
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

    fn test(field: impl Into<String>, operator: &'static str, value: Option<Value>) -> Self {
        Self(Kind::Test {
            field: field.into(),
            operator,
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
