use http::Method;

use super::LimitClass;

/// Whether sending a call twice has the effect of sending it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Idempotency {
    /// It changes nothing.
    Safe,
    /// Twice is once.
    Idempotent,
    /// Twice is once when both carry the same `Idempotency-Key`; the pipeline adds one per call.
    Keyed,
    /// Twice is twice: never repeated after it may have arrived.
    Unsafe,
}

impl Idempotency {
    /// The default of HTTP for a method.
    #[must_use]
    pub fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE => Self::Safe,
            Method::PUT | Method::DELETE => Self::Idempotent,
            _ => Self::Unsafe,
        }
    }

    /// Whether an attempt may be repeated although an earlier one may have arrived.
    #[must_use]
    pub fn may_repeat(self) -> bool {
        !matches!(self, Self::Unsafe)
    }
}

/// What is known of one operation of a provider, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "built as a constant by every endpoint"
)]
pub struct Operation {
    /// Resource and verb, for example `contacts.update`: in errors, logs and metrics.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// The path below the base URL with its parameters in braces, for example `/contacts/{contactId}`.
    pub path: &'static str,
    /// Whether it may be repeated.
    pub idempotency: Idempotency,
    /// The rate limit that it counts against; `None` when it counts against none.
    pub limit: Option<LimitClass>,
}
