use std::fmt::{Display, Write};

use url::form_urlencoded;

/// The query string of a call, built pair by pair; pairs without a value are left out.
#[derive(Default, Clone)]
pub struct Query(String);

impl Query {
    /// An empty query.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pair.
    pub fn push(&mut self, name: &str, value: impl Display) -> &mut Self {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = write!(text, "{value}");
        self.push_str(name, &text)
    }

    /// Adds a pair when there is a value.
    pub fn push_option(&mut self, name: &str, value: Option<&impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.push(name, value);
        }
        self
    }

    /// Adds one pair per value.
    pub fn push_each<T: Display>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        for value in values {
            self.push(name, value);
        }
        self
    }

    /// Adds the values as one pair, joined by a comma, when there are any.
    pub fn push_joined<T: Display>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        let mut text = String::new();
        for value in values {
            if !text.is_empty() {
                text.push(',');
            }
            let _ = write!(text, "{value}");
        }
        if !text.is_empty() {
            self.push_str(name, &text);
        }
        self
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The encoded query string, without the `?`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn push_str(&mut self, name: &str, value: &str) -> &mut Self {
        let start = self.0.len();
        let text = std::mem::take(&mut self.0);
        self.0 = form_urlencoded::Serializer::for_suffix(text, 0)
            .append_pair(name, value)
            .finish();
        debug_assert!(self.0.len() > start, "a pair was added");
        self
    }
}

impl std::fmt::Debug for Query {
    /// Shows the length: values may be personal data or secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Query({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_and_leaves_out() {
        let mut query = Query::new();
        query
            .push("query", "a b&c=ü")
            .push_option("limit", Some(&20))
            .push_option("skip", None::<&u32>)
            .push_each("id", ["x", "y"])
            .push_joined("followers", ["u1", "u2"])
            .push_joined("none", std::iter::empty::<&str>());
        assert_eq!(
            query.as_str(),
            "query=a+b%26c%3D%C3%BC&limit=20&id=x&id=y&followers=u1%2Cu2"
        );
    }

    #[test]
    fn debug_hides_values() {
        let mut query = Query::new();
        query.push("email", "jane@example.com");
        assert!(!format!("{query:?}").contains("jane"));
    }
}
