use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::{body::SimBody, serve::Cut};
use crate::fault::{Fault, bomb};

const HTML: &str = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>\
                    <body><h1>Checking your browser</h1></body></html>";

/// What a simulator answers, before any fault spoils it.
#[derive(Debug)]
pub(crate) struct Honest {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// The body of a 429 in the provider's words.
    pub(crate) throttled: &'static str,
}

/// The response, as the fault leaves it.
pub(crate) fn spoil(answer: &Honest, fault: Option<&Fault>, cut: Arc<Cut>) -> Response<SimBody> {
    match fault {
        Some(Fault::TooManyRequests { retry_after }) => {
            let mut response = json(
                StatusCode::TOO_MANY_REQUESTS,
                Bytes::from_static(answer.throttled.as_bytes()),
            );
            limits(&mut response, answer);
            if let Some(wait) = retry_after {
                let seconds = wait.as_millis().div_ceil(1000).to_string();
                set(&mut response, "retry-after", &seconds);
            }
            response
        }
        Some(Fault::ServerError(status) | Fault::ServerErrorAfterEffect(status)) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            plain(status, status.canonical_reason().unwrap_or("error"))
        }
        Some(Fault::HtmlOnOk) => {
            let mut response = plain(StatusCode::OK, HTML);
            set(&mut response, "content-type", "text/html; charset=utf-8");
            response
        }
        Some(Fault::Redirect(target)) => {
            let mut response = plain(StatusCode::TEMPORARY_REDIRECT, "");
            set(&mut response, "location", target);
            response
        }
        Some(Fault::GzipBomb(size)) => {
            let mut response = json(StatusCode::OK, Bytes::from(bomb::zeros(*size)));
            set(&mut response, "content-encoding", "gzip");
            response
        }
        Some(Fault::EmptyBody) => {
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
            json(status, Bytes::new())
        }
        Some(Fault::NoContent) => {
            let mut response = plain(StatusCode::NO_CONTENT, "");
            response.headers_mut().remove(header::CONTENT_TYPE);
            limits(&mut response, answer);
            response
        }
        Some(Fault::TruncatedBody) => {
            let mut response = honest(answer);
            let whole = std::mem::take(response.body_mut()).into_bytes();
            set(&mut response, "content-length", &whole.len().to_string());
            *response.body_mut() = SimBody::truncated(whole.slice(..whole.len() / 2), cut);
            response
        }
        _ => honest(answer),
    }
}

fn honest(answer: &Honest) -> Response<SimBody> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = json(status, answer.body.clone());
    set(&mut response, "content-type", answer.content_type);
    limits(&mut response, answer);
    response
}

fn limits(response: &mut Response<SimBody>, answer: &Honest) {
    for (name, value) in &answer.headers {
        set(response, name, value);
    }
}

fn json(status: StatusCode, body: Bytes) -> Response<SimBody> {
    let mut response = Response::new(SimBody::full(body));
    *response.status_mut() = status;
    set(
        &mut response,
        "content-type",
        "application/json; charset=utf-8",
    );
    response
}

pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<SimBody> {
    let mut response = json(status, Bytes::from_static(text.as_bytes()));
    set(&mut response, "content-type", "text/plain; charset=utf-8");
    response
}

fn set(response: &mut Response<SimBody>, name: &str, value: &str) {
    let name = http::HeaderName::try_from(name);
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}
