//! Which web pages may call.

use std::time::Duration;

use http::{HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::builder::Settings;
use super::headers::REQUEST_ID;
use super::keys::API_KEY;

/// How long a browser may remember the answer.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Answers preflights and names the origin in answers; `None` when no page may call.
pub(super) fn layer(settings: &Settings) -> Option<CorsLayer> {
    if settings.origins.is_empty() {
        return None;
    }
    let mut sent = vec![header::AUTHORIZATION, API_KEY, REQUEST_ID];
    sent.extend(settings.sent.iter().cloned());
    let mut shown = vec![REQUEST_ID, header::RETRY_AFTER];
    shown.extend(settings.shown.iter().cloned());
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(settings.origins.iter().cloned()))
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers(sent)
        .expose_headers(shown)
        .max_age(MAX_AGE);
    Some(layer)
}

/// An origin as browsers send it: scheme, host and port, nothing behind them.
pub(super) fn origin(text: &str) -> Option<HeaderValue> {
    let url = url::Url::parse(text).ok()?;
    let plain = url.origin().ascii_serialization();
    (matches!(url.scheme(), "http" | "https") && plain == text)
        .then(|| HeaderValue::from_str(text).ok())
        .flatten()
}
