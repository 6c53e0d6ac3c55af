use std::fmt;
use std::future::Future;
use std::pin::Pin;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use oauth2::{HttpRequest, HttpResponse, RequestTokenError, basic::BasicErrorResponse};
use serde_json::{Map, Value};
use url::Url;

use super::answer::Answer;
use super::dialect::TEMPORARILY_REFUSED;
use super::profile::TokenBody;
use super::replica::without_body;
use super::{OAuthClient, OAuthProfile, TokenSet};
use crate::http::{Body, Idempotency, Operation, Request};
use crate::{Error, ErrorKind, Result};

/// A token's answer is a few KiB; a megabyte is somebody else's page.
const MAX_ANSWER: usize = 1024 * 1024;

/// An error on its way through the `oauth2` crate.
#[derive(Debug)]
pub(super) struct Carried(pub(super) Error);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Carried {}

pub(super) type Sent = Result<Answer, RequestTokenError<Carried, BasicErrorResponse>>;

/// What is posted where.
#[derive(Clone, Copy)]
pub(super) struct Call {
    /// For errors, logs and metrics.
    pub(super) name: &'static str,
    pub(super) idempotency: Idempotency,
    /// To the revocation endpoint, whose answer does not matter.
    pub(super) revokes: bool,
}

impl Call {
    pub(super) fn new(name: &'static str, idempotency: Idempotency) -> Self {
        Self {
            name,
            idempotency,
            revokes: false,
        }
    }
}

type Exchange = Pin<Box<dyn Future<Output = Result<HttpResponse, Carried>> + Send>>;

impl OAuthClient {
    /// What the `oauth2` crate sends with: our pipeline.
    pub(super) fn sender(&self, call: Call) -> impl Fn(HttpRequest) -> Exchange {
        let client = self.clone();
        move |request| {
            let client = client.clone();
            Box::pin(async move {
                let (parts, form) = request.into_parts();
                client
                    .post(call, &parts.headers, &form)
                    .await
                    .map_err(Carried)
            })
        }
    }

    /// Posts a form that the `oauth2` crate has built, written as the provider wants it.
    async fn post(&self, call: Call, headers: &HeaderMap, form: &[u8]) -> Result<HttpResponse> {
        let profile = self.profile();
        let (pipeline, url) = match (call.revokes, self.revocation()) {
            (true, Some((pipeline, url))) => (pipeline, url),
            _ => (self.pipeline(), &profile.token_url),
        };
        let reply = pipeline
            .send(request(profile, url, call, headers, form)?)
            .await?;
        // A page instead of JSON keeps its status; JSON under another name is read all the same.
        if !call.revokes && !matches!(reply.body.first(), Some(b'{')) {
            reply.json::<Map<String, Value>>().map_err(|error| {
                error
                    .with_provider(profile.provider)
                    .with_operation(call.name)
            })?;
        }
        // The crate reads any success but 200 as an error.
        let mut response = http::Response::new(reply.body.to_vec());
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Ok(response)
    }

    /// Reads what the `oauth2` crate made of the answer. Its own errors hold the raw answer and end here.
    pub(super) fn finish(&self, sent: Sent, operation: &'static str) -> Result<TokenSet> {
        let profile = self.profile();
        let own = |error: Error| {
            error
                .with_provider(profile.provider)
                .with_operation(operation)
        };
        match sent {
            Ok(answer) => answer.into_tokens(profile, self.clock().now()).map_err(own),
            Err(RequestTokenError::Request(Carried(error))) => Err(scrub(&error)),
            Err(RequestTokenError::Parse(..) | RequestTokenError::ServerResponse(_)) => {
                Err(own(Error::new(
                    ErrorKind::Decode,
                    "the token endpoint's answer is not a JSON object",
                )))
            }
            Err(RequestTokenError::Other(_)) => Err(own(Error::new(
                ErrorKind::Decode,
                "the token endpoint's answer is empty",
            ))),
        }
    }
}

/// A token endpoint's error without its body, which may echo what was sent.
pub(super) fn scrub(error: &Error) -> Error {
    let temporary = error.code() == Some(TEMPORARILY_REFUSED);
    without_body(error).with_retryable(temporary || error.is_retryable())
}

/// A form post to `url`, with the profile's parameter names, body format and headers.
fn request(
    profile: &OAuthProfile,
    url: &Url,
    call: Call,
    headers: &HeaderMap,
    form: &[u8],
) -> Result<Request> {
    let operation = Operation {
        name: call.name,
        method: Method::POST,
        path: if call.revokes {
            "{revoke_url}"
        } else {
            "{token_url}"
        },
        idempotency: call.idempotency,
        limit: None,
    };
    let mut request = Request::new(operation, url.path());
    for (name, value) in url.query_pairs() {
        request.query.push(&name, value);
    }
    request.options.max_response_bytes = Some(MAX_ANSWER);
    if let Some(basic) = headers.get(header::AUTHORIZATION) {
        let mut basic = basic.clone();
        basic.set_sensitive(true);
        request.headers.insert(header::AUTHORIZATION, basic);
    }
    for (name, value) in &profile.token_headers {
        let name = HeaderName::try_from(name)
            .map_err(|_| Error::config("a token header's name is not usable"))?;
        request = request.header(name, value)?;
    }
    let pairs: Vec<_> = url::form_urlencoded::parse(form)
        .map(|(name, value)| (profile.param(&name).to_owned(), value))
        .collect();
    let request_headers = &mut request.headers;
    request.body = match profile.token_body {
        TokenBody::Form => Body::form(
            pairs.iter().map(|(name, value)| (name.as_str(), &**value)),
            request_headers,
        ),
        TokenBody::Json => {
            let object: Map<String, Value> = pairs
                .into_iter()
                .map(|(name, value)| (name, Value::String(value.into_owned())))
                .collect();
            Body::json(&object, request_headers)?
        }
    };
    Ok(request)
}
