use std::fmt;

use integrations_core::Error;
use serde_json::{Map, Value};

/// An error in GoHighLevel's own words, read from either generation of envelopes.
///
/// ```no_run
/// # async fn demo(location: ghl_client::Location) {
/// if let Err(error) = location.contacts().create().email("jane@example.com").send().await {
///     let api = ghl_client::ApiError::of(&error);
///     let existing = api.as_ref().and_then(|api| api.meta.get("contactId"));
/// }
/// # }
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ApiError {
    /// The messages. They may quote what was sent: do not log them.
    pub messages: Vec<String>,
    /// The machine-readable code, in the newer envelopes.
    pub code: Option<String>,
    /// What the provider advises, in the newer envelopes.
    pub resolution: Option<String>,
    /// The provider's trace id: quote it to their support.
    pub trace_id: Option<String>,
    /// Details, for example the contact that matches a duplicate; and what else stands beside the message.
    pub meta: Map<String, Value>,
}

impl ApiError {
    /// The provider's words in this error; `None` when the provider did not answer with an envelope.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        let api = Self::parse(error.body()?);
        (api != Self::default()).then_some(api)
    }

    /// Reads an envelope; what is not there or has the wrong type is left out.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let Ok(Value::Object(mut envelope)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let mut api = Self {
            trace_id: text(envelope.remove("traceId")),
            ..Self::default()
        };
        match envelope.remove("error") {
            Some(Value::Object(mut inner)) => {
                api.code = text(inner.remove("code"));
                api.resolution = text(inner.remove("resolution"));
                api.messages.extend(texts(inner.remove("message")));
                if let Some(Value::Object(details)) = inner.remove("details") {
                    api.meta = details;
                }
            }
            // The dated envelope repeats the status here; the token endpoint puts the OAuth code.
            Some(Value::String(error)) if envelope.contains_key("error_description") => {
                api.code = Some(error);
            }
            _ => {}
        }
        api.messages.extend(texts(envelope.remove("message")));
        api.messages
            .extend(texts(envelope.remove("error_description")));
        if let Some(Value::Object(meta)) = envelope.remove("meta") {
            api.meta = meta;
        }
        // Some errors have their details beside the message, for example the conversation that exists already.
        for known in ["statusCode", "status", "name", "success"] {
            envelope.remove(known);
        }
        if !api.messages.is_empty() {
            for (name, detail) in envelope {
                api.meta.entry(name).or_insert(detail);
            }
        }
        api
    }
}

fn text(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// A message is a string, or a list of strings.
fn texts(value: Option<Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list
            .into_iter()
            .filter_map(|value| text(Some(value)))
            .collect(),
        other => text(other).into_iter().collect(),
    }
}

impl fmt::Debug for ApiError {
    /// Shows the messages as a count: they may quote personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("messages", &self.messages.len())
            .field("code", &self.code)
            .field("trace_id", &self.trace_id)
            .field("meta", &self.meta.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
