use std::collections::BTreeMap;
use std::fmt;

use integrations_core::Error;
use serde_json::Value;

/// An error in Aloware's own words, read from any of its three envelopes.
///
/// ```no_run
/// # async fn demo(client: aloware_client::Client) {
/// use aloware_client::calls::{Agent, Callee, Line};
///
/// let call = client.calls().two_legged(Agent::user("42"), Callee::phone("+12025550177"), Line::id("101"));
/// if let Err(error) = call.send().await {
///     let api = aloware_client::ApiError::of(&error);
///     let about_the_user = api.as_ref().and_then(|api| api.errors.get("user"));
/// }
/// # }
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The message. It may quote what was sent: do not log it.
    pub message: Option<String>,
    /// What is wrong with which field.
    pub errors: BTreeMap<String, Vec<String>>,
}

impl ApiError {
    /// The provider's words in this error; `None` when the provider did not answer with an envelope.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        let api = Self::parse(error.body()?);
        (api != Self::default()).then_some(api)
    }

    /// Reads `{"error": "…"}`, else `{"message": "…"}`, and beside either `{"errors": {"field": ["…"]}}`.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let Ok(Value::Object(mut envelope)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let errors = match envelope.remove("errors") {
            Some(Value::Object(errors)) => errors
                .into_iter()
                .map(|(field, said)| (field, texts(said)))
                .filter(|(_, said)| !said.is_empty())
                .collect(),
            _ => BTreeMap::new(),
        };
        let mut message = |name: &str| {
            let said = envelope.remove(name).map(texts)?;
            said.into_iter().next().filter(|text| !text.is_empty())
        };
        Self {
            message: message("error").or_else(|| message("message")),
            errors,
        }
    }

    /// Whether any of it says this, whatever the case.
    pub(crate) fn says(&self, needle: &str) -> bool {
        let all = self.message.iter().chain(self.errors.values().flatten());
        let mut all = all.map(|text| text.to_ascii_lowercase());
        all.any(|text| text.contains(needle))
    }
}

/// A text, or a list of texts.
fn texts(value: Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list
            .into_iter()
            .filter_map(|one| match one {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

impl fmt::Debug for ApiError {
    /// Shows the names of the fields: messages may quote personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("message", &self.message.is_some())
            .field("errors", &self.errors.keys().collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_envelopes_in_their_order() {
        let parse = |body: &str| ApiError::parse(body.as_bytes());
        assert_eq!(
            parse(r#"{"error":"a","message":"b"}"#).message.as_deref(),
            Some("a")
        );
        assert_eq!(parse(r#"{"message":"b"}"#).message.as_deref(), Some("b"));
        let fields = parse(r#"{"message":"b","errors":{"user":["c"],"line":"d","x":5}}"#);
        assert_eq!(fields.errors.len(), 2);
        assert!(fields.says("c") && fields.says("D".to_lowercase().as_str()));
        for other in [
            "<!DOCTYPE html>",
            "",
            "[]",
            r#"{"error":{}}"#,
            r#"{"errors":[]}"#,
        ] {
            assert_eq!(parse(other), ApiError::default(), "{other}");
        }
    }
}
