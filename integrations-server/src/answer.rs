//! From an HTTP request to [`RawRequest`], and from a [`Reply`] to an HTTP answer.

use std::error::Error as StdError;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{OriginalUri, Path, Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use integrations_core::IntegrationId;
use integrations_core::webhook::{Outcome, RawRequest, Rejection, Reply};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::Webhooks;
use crate::report::report;

/// By name, because the application may nest the router under parameters of its own.
#[derive(Deserialize)]
pub(crate) struct Names {
    provider: String,
    integration: Option<String>,
}

pub(crate) async fn answer(
    State(webhooks): State<Webhooks>,
    names: Result<Path<Names>, PathRejection>,
    request: Request,
) -> Response {
    let reply = match names {
        Ok(Path(names)) => webhooks.answer(names, request).await,
        Err(_) => None,
    };
    respond(reply.unwrap_or_else(|| Reply::status(StatusCode::NOT_FOUND)))
}

/// The same at a path that names neither.
pub(crate) async fn answer_for(
    webhooks: &Webhooks,
    provider: String,
    request: Request,
) -> Response {
    let names = Names {
        provider,
        integration: None,
    };
    let reply = webhooks.answer(names, request).await;
    respond(reply.unwrap_or_else(|| Reply::status(StatusCode::NOT_FOUND)))
}

impl Webhooks {
    /// `None`: nothing is here.
    async fn answer(&self, names: Names, request: Request) -> Option<Reply> {
        let provider = Arc::clone(self.provider(&names.provider).ok()?);
        let source = provider.webhooks()?;
        let integration = match names.integration {
            None => None,
            Some(id) => Some(id.parse::<IntegrationId>().ok()?),
        };
        let (raw, room) = match self.read(request).await {
            Ok(read) => read,
            Err(outcome) => {
                report(provider.template().slug(), outcome, false, &[], 0);
                return Some(source.reply(outcome));
            }
        };
        // In a task of its own: whoever hangs up does not stop it half way, and a panic in a provider's code costs one
        // answer and not the connection.
        let task = tokio::spawn({
            let (webhooks, provider) = (self.clone(), Arc::clone(&provider));
            async move {
                let received = webhooks.receive_from(&*provider, integration, &raw).await;
                drop(room);
                received
            }
            .in_current_span()
        });
        match task.await {
            Ok(received) => received.map(|received| received.reply),
            Err(_) => {
                tracing::error!(provider = provider.template().slug(), "webhook panicked");
                Some(source.reply(Outcome::Busy))
            }
        }
    }

    /// Reads the body up to the limit. What cannot be taken in any case is refused before reading.
    async fn read(&self, request: Request) -> Result<(RawRequest, OwnedSemaphorePermit), Outcome> {
        let (parts, body) = request.into_parts();
        if ![Method::POST, Method::GET, Method::HEAD].contains(&parts.method) {
            return Err(Outcome::Rejected(Rejection::MethodNotAllowed));
        }
        let (most, bytes) = self.header_limits();
        let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
        if parts.headers.len() > most || parts.headers.iter().map(size).sum::<usize>() > bytes {
            return Err(Outcome::Rejected(Rejection::TooLarge));
        }
        let announced = parts
            .headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > self.body_limit() as u64) {
            return Err(Outcome::Rejected(Rejection::TooLarge));
        }
        // What is not announced may be as large as the limit.
        let needed = announced.and_then(|length| usize::try_from(length).ok());
        let room = self.room(needed.unwrap_or(self.body_limit()));
        let room = room.ok_or(Outcome::Busy)?;
        let body = self.read_body(body).await?;
        let url = self.url(&parts);
        let raw = RawRequest::new(parts.method, url, parts.headers, body);
        Ok((raw, room))
    }

    async fn read_body(&self, body: Body) -> Result<Bytes, Outcome> {
        let read = Limited::new(body, self.body_limit()).collect();
        match timeout(self.read_timeout(), read).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if is_too_large(&*error) => Err(Outcome::Rejected(Rejection::TooLarge)),
            Ok(Err(_)) => Err(Outcome::Rejected(Rejection::MalformedPayload)),
            Err(_) => Err(Outcome::Busy),
        }
    }

    /// The URL as the provider called it. Nesting strips its prefix from `parts.uri`.
    fn url(&self, parts: &Parts) -> String {
        let original = parts.extensions.get::<OriginalUri>();
        let (public, uri) = match self.public_url() {
            Some(public) => (public, &parts.uri),
            None => ("", original.map_or(&parts.uri, |original| &original.0)),
        };
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        format!("{public}{path}")
    }
}

/// The limit may be ours or that of a layer around us.
fn is_too_large(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    false
}

fn respond(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    response.headers_mut().extend(reply.headers);
    if reply.status == StatusCode::METHOD_NOT_ALLOWED {
        let headers = response.headers_mut();
        headers
            .entry(header::ALLOW)
            .or_insert(HeaderValue::from_static("POST"));
    }
    response
}
