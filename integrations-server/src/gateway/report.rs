//! Counts and logs. Nothing in it is a path, a query, a header or a body.

use http::StatusCode;
use tokio::time::Instant;
use tracing::Span;

use super::refusal::Code;

/// By which way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Catalog,
    Envelope,
    Path,
    Other,
}

impl Form {
    fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Envelope => "envelope",
            Self::Path => "path",
            Self::Other => "other",
        }
    }
}

/// What is known of a request so far; reports it at its end, whichever it is.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) form: Form,
    pub(super) span: Span,
    begun: Instant,
    key: String,
    operation: String,
    outcome: Option<(StatusCode, &'static str)>,
}

impl Report {
    pub(super) fn new(form: Form, id: &str) -> Self {
        metrics::gauge!("integrations_gateway_in_flight").increment(1.0);
        Self {
            form,
            span: tracing::info_span!("gateway", form = form.as_str(), id),
            begun: Instant::now(),
            key: String::new(),
            operation: String::new(),
            outcome: None,
        }
    }

    pub(super) fn key(&mut self, name: &str) {
        name.clone_into(&mut self.key);
    }

    pub(super) fn operation(&mut self, name: Option<&str>) {
        name.unwrap_or_default().clone_into(&mut self.operation);
    }

    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// Whether nothing is said yet of how it ended.
    pub(super) fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    pub(super) fn refused(&mut self, code: Code, status: StatusCode) {
        self.outcome = Some((status, code.as_str()));
    }

    pub(super) fn answered(&mut self, status: StatusCode) {
        let code = match status.as_u16() {
            ..300 => "OK",
            300..400 => "HTTP_3XX",
            400..500 => "HTTP_4XX",
            _ => "HTTP_5XX",
        };
        self.outcome = Some((status, code));
    }
}

impl Drop for Report {
    /// Without an outcome nobody waited for one.
    fn drop(&mut self) {
        let (status, code) = match self.outcome {
            Some((status, code)) => (status.as_u16(), code),
            None => (0, "CANCELLED"),
        };
        let form = self.form.as_str();
        let took = self.begun.elapsed();
        metrics::gauge!("integrations_gateway_in_flight").decrement(1.0);
        metrics::counter!("integrations_gateway_requests_total",
            "form" => form, "key" => self.key.clone(), "code" => code)
        .increment(1);
        metrics::histogram!("integrations_gateway_request_seconds", "form" => form).record(took);
        let _entered = self.span.enter();
        tracing::info!(
            key = self.key,
            operation = self.operation,
            status,
            code,
            ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "gateway"
        );
    }
}

/// What the upstream took until its answer began.
pub(super) fn upstream(operation: Option<&str>, begun: Instant) {
    metrics::histogram!("integrations_gateway_upstream_seconds",
        "operation" => operation.unwrap_or_default().to_owned())
    .record(begun.elapsed());
}

/// An endpoint that the catalogue does not have, which is sent all the same.
pub(super) fn unlisted() {
    metrics::counter!("integrations_gateway_unlisted_total").increment(1);
    tracing::warn!("the endpoint is not in the catalogue");
}
