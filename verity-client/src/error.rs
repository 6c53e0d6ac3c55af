use std::fmt;

use integrations_core::Error;
use serde_json::Value;

/// An error in Verity's own words. Its shapes are not documented: a text under `error` or `message`, or an object under
/// `error` with `message` and `code`.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// What it says. It may quote what was sent: do not log it.
    pub message: Option<String>,
    /// The machine-readable code.
    pub code: Option<String>,
}

impl ApiError {
    /// Verity's words in this error; `None` when it did not answer with any.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        let api = Self::parse(error.body()?);
        (api != Self::default()).then_some(api)
    }

    pub(crate) fn parse(body: &[u8]) -> Self {
        let Ok(Value::Object(envelope)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let inner = envelope.get("error");
        let nested = |name: &str| inner.and_then(|inner| text(inner.get(name)));
        Self {
            message: text(inner)
                .or_else(|| nested("message"))
                .or_else(|| text(envelope.get("message"))),
            code: nested("code").or_else(|| text(envelope.get("code"))),
        }
    }
}

impl fmt::Debug for ApiError {
    /// Shows the message as its length: it may quote personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.message.as_deref().map_or(0, str::len);
        f.debug_struct("ApiError")
            .field("message", &format_args!("{length} bytes"))
            .field("code", &self.code)
            .finish()
    }
}
