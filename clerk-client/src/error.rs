use std::fmt;

use integrations_core::Error;

integrations_core::object! {
    /// One error in Clerk's own words.
    pub struct ApiError {
        /// The machine-readable code, for example `resource_not_found`.
        code: Option<String> = "code",
        /// A short text. It may quote what was sent: do not log it.
        message: Option<String> = "message",
        /// A longer one.
        long_message: Option<String> = "long_message",
    }

    /// The envelope.
    struct Envelope {
        errors: Vec<ApiError> = "errors",
        trace: Option<String> = "clerk_trace_id",
    }
}

/// What Clerk said of a refused call.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ApiErrors {
    /// The errors.
    pub errors: Vec<ApiError>,
    /// Clerk's trace id: quote it to their support.
    pub trace_id: Option<String>,
}

impl ApiErrors {
    /// Clerk's words in this error; `None` when it did not answer with its envelope.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        let read = Self::parse(error.body()?);
        (read != Self::default()).then_some(read)
    }

    pub(crate) fn parse(body: &[u8]) -> Self {
        let envelope: Envelope = serde_json::from_slice(body).unwrap_or_default();
        Self {
            errors: envelope.errors,
            trace_id: envelope.trace,
        }
    }

    /// The code of the first error.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.errors.iter().find_map(|error| error.code.as_deref())
    }
}

impl fmt::Debug for ApiErrors {
    /// Shows the codes: the texts may quote personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<_> = self.errors.iter().map(|error| &error.code).collect();
        f.debug_struct("ApiErrors")
            .field("codes", &codes)
            .field("trace_id", &self.trace_id)
            .finish()
    }
}
