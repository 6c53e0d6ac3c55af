use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use http::{HeaderName, Method};
use integrations_core::http::{
    CallOptions, Full, Idempotency, Multipart, Operation, Pipeline, Priority, Reply, Request,
    StreamReply, expand_path,
};
use integrations_core::paging::{Cursor, Items, Page, Pages};
use integrations_core::{Error, Result};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::endpoint::{RESOURCE, foreign_cursor};
use crate::{Endpoint, Paged, Spec, Version};

const VERSION: HeaderName = HeaderName::from_static("version");

/// A call that is being put together; nothing is sent before [`send`](Self::send).
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call<R> {
    pub(crate) request: R,
    pipeline: Pipeline,
    version: Option<Version>,
    options: CallOptions,
    foreign_cursor: bool,
}

impl<R: Endpoint> Call<R> {
    pub(crate) fn new(pipeline: &Pipeline, version: Option<Version>, request: R) -> Self {
        Self {
            request,
            pipeline: pipeline.clone(),
            version,
            options: CallOptions::default(),
            foreign_cursor: false,
        }
    }

    /// The request as it stands.
    pub fn request(&self) -> &R {
        &self.request
    }

    /// The request, to set fields one by one.
    pub fn request_mut(&mut self) -> &mut R {
        &mut self.request
    }

    /// How long the call may take in all, waiting for the rate limit included.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// How long one attempt may take.
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.options.attempt_timeout = Some(timeout);
        self
    }

    /// How many attempts are made; 1 turns retries off.
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.options.max_attempts = Some(attempts);
        self
    }

    /// Your word that this call may be repeated although it may have arrived, or may not.
    pub fn with_idempotent(mut self, idempotent: bool) -> Self {
        self.options.idempotent = Some(idempotent);
        self
    }

    /// Which call goes first when the rate limit is tight.
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.options.priority = priority;
        self
    }

    /// Speaks another contract than the operation's own.
    pub fn with_version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// Sends the call.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind); [`ApiError`](crate::ApiError) reads the provider's own words from the error.
    pub async fn send(self) -> Result<R::Response> {
        let repeatable = self.is_repeatable();
        let reply = self.reply().await?;
        decode::<R>(&reply, repeatable)
    }

    /// Sends the call and keeps the status, headers, request id and rate limit beside the answer.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_full(self) -> Result<Full<R::Response>> {
        let repeatable = self.is_repeatable();
        let reply = self.reply().await?;
        Ok(Full::new(decode::<R>(&reply, repeatable)?, reply))
    }

    fn is_repeatable(&self) -> bool {
        let idempotency = R::SPEC.operation.idempotency;
        self.options.idempotent.unwrap_or(idempotency.may_repeat())
    }

    async fn reply(self) -> Result<Reply> {
        if self.foreign_cursor {
            return Err(foreign_cursor().with_operation(R::SPEC.operation.name));
        }
        let request = prepare(&self.request, self.version, self.options)?;
        self.pipeline
            .send(request)
            .await
            .map_err(|error| explain(error, &R::SPEC))
    }
}

impl<R: Paged> Call<R> {
    /// Sends the call and returns one page with the cursor of the next.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn page(self) -> Result<Page<R::Item>> {
        let request = self.request.clone();
        Ok(request.page(self.send().await?))
    }

    /// Starts at a cursor that was stored before. One of another operation makes the call fail before it is sent.
    pub fn start_at(mut self, cursor: &Cursor) -> Self {
        self.foreign_cursor = self.request.set_cursor(cursor).is_err();
        self
    }

    /// All pages, as a stream.
    pub fn pages(self) -> Pages<R::Item> {
        Pages::new(None, move |cursor| {
            let call = self.clone();
            match &cursor {
                Some(cursor) => call.start_at(cursor),
                None => call,
            }
            .page()
        })
    }

    /// All items of all pages, as a stream.
    pub fn items(self) -> Items<R::Item> {
        self.pages().items()
    }
}

impl<R: fmt::Debug> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

fn prepare<R: Endpoint>(
    endpoint: &R,
    version: Option<Version>,
    options: CallOptions,
) -> Result<Request> {
    let spec = R::SPEC;
    let path = expand_path(spec.operation.path, &endpoint.path())?;
    let mut request = Request::new(spec.operation, path);
    request.options = options;
    endpoint.query(&mut request.query);
    request.body = endpoint.body(&mut request.headers)?;
    request.header(VERSION, version.unwrap_or(spec.version).as_str())
}

fn decode<R: Endpoint>(reply: &Reply, repeatable: bool) -> Result<R::Response> {
    let spec = R::SPEC;
    match spec.envelope {
        Some(member) if spec.envelope_optional && !holds_object(reply, member) => reply.json(),
        Some(member) => reply.json_member(member),
        None => reply.json(),
    }
    .map_err(|error| {
        // It was answered as a success, but not by what the provider answers: a page of a gateway, half a body.
        error
            .with_provider(crate::PROVIDER)
            .with_operation(spec.operation.name)
            .with_outcome_unknown(!repeatable)
    })
}

/// Whether the answer has this member and it is an object.
fn holds_object(reply: &Reply, member: &str) -> bool {
    reply
        .json_member::<HashMap<String, IgnoredAny>>(member)
        .is_ok()
}

/// Adds to a refusal what the operation needs.
fn explain(error: Error, spec: &Spec) -> Error {
    match error.code() {
        Some("missing_scope") if !spec.scopes.is_empty() => {
            let scopes = spec.scopes.join(", ");
            error.with_message(format!(
                "the token lacks the scope {scopes}: add it to the private integration, or to the app and install it again"
            ))
        }
        _ => error,
    }
}

/// A call of any path, for operations without a method of their own.
///
/// It goes through the same pipeline: credential, rate limit, retries, errors.
#[must_use = "a call does nothing until it is sent"]
pub struct RawCall {
    pipeline: Pipeline,
    version: Version,
    request: Result<Request>,
}

impl RawCall {
    pub(crate) fn new(
        pipeline: &Pipeline,
        version: Option<Version>,
        method: Method,
        path: &str,
    ) -> Self {
        let operation = Operation {
            name: "raw",
            idempotency: Idempotency::of(&method),
            method,
            path: "(raw)",
            limit: Some(RESOURCE),
        };
        let request = match path.split(['?', '#']).next() {
            Some(clean)
                if clean.len() == path.len()
                    && !path.contains(|c: char| c == '\\' || c.is_control())
                    && !path.split('/').any(climbs) =>
            {
                Ok(Request::new(operation, path))
            }
            _ => Err(Error::new(
                integrations_core::ErrorKind::Validation,
                "a raw path has no query, no `.` or `..`, no backslash and no line end: add the query with query()",
            )),
        };
        Self {
            pipeline: pipeline.clone(),
            version: version.unwrap_or(Version::V2021_07_28),
            request,
        }
    }

    /// Adds a pair to the query.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        if let Ok(request) = &mut self.request {
            request.query.push(name, value);
        }
        self
    }

    /// Sets a JSON body.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        Self {
            request: self.request.and_then(|request| request.json(body)),
            ..self
        }
    }

    /// Sets a form body.
    pub fn form<'a>(self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            request: self.request.map(|request| request.form(pairs)),
            ..self
        }
    }

    /// Sets a multipart body.
    pub fn multipart(mut self, form: Multipart) -> Self {
        if let Ok(request) = &mut self.request {
            request.body = form.into_body(&mut request.headers);
        }
        self
    }

    /// Sets a header.
    pub fn header(self, name: HeaderName, value: &str) -> Self {
        Self {
            request: self.request.and_then(|request| request.header(name, value)),
            ..self
        }
    }

    /// Sets the contract; 2021-07-28 by default.
    pub fn with_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// How long the call may take in all.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        if let Ok(request) = &mut self.request {
            request.options.timeout = Some(timeout);
        }
        self
    }

    /// Your word that this call may be repeated although it may have arrived, or may not.
    pub fn with_idempotent(mut self, idempotent: bool) -> Self {
        if let Ok(request) = &mut self.request {
            request.options.idempotent = Some(idempotent);
        }
        self
    }

    /// Sends the call and decodes its JSON.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn send<T: DeserializeOwned>(self) -> Result<T> {
        let reply = self.send_reply().await?;
        reply
            .json()
            .map_err(|error| error.with_provider(crate::PROVIDER).with_operation("raw"))
    }

    /// Sends the call and returns the whole answer undecoded: audio, text, anything.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn send_reply(self) -> Result<Reply> {
        let request = self.request?.header(VERSION, self.version.as_str())?;
        self.pipeline.send(request).await
    }

    /// Sends the call and returns the answer's body as a stream.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn stream(self) -> Result<StreamReply> {
        let request = self.request?.header(VERSION, self.version.as_str())?;
        self.pipeline.stream(request).await
    }
}

/// Whether a URL parser takes this segment for `.` or `..`.
fn climbs(segment: &str) -> bool {
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    dots == "." || dots == ".."
}

impl fmt::Debug for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of the headers and the query nothing: the caller may have put a credential there.
        let request = self.request.as_ref().ok();
        f.debug_struct("RawCall")
            .field("method", &request.map(|request| &request.operation.method))
            .field("path", &request.map(|request| &request.path))
            .field("body", &request.map(|request| &request.body))
            .finish_non_exhaustive()
    }
}
