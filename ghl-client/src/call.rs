use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};
use integrations_core::http::{
    CallOptions, Full, Idempotency, Multipart, NoAuth, Operation, Pipeline, Priority, Reply,
    Request, StreamReply, expand_path,
};
use integrations_core::paging::{Cursor, Items, Page, Pages};
use integrations_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::access::Known;
use crate::answer::{Answer, WholeAnswer};
use crate::endpoint::{RESOURCE, foreign_cursor};
use crate::more::More;
use crate::repeats::{Repeat, Repeats};
use crate::sending::Sending;
use crate::{Download, Endpoint, Paged, Pagination, TokenClasses, Version};

/// The header that says which contract a call speaks.
pub(crate) const VERSION: HeaderName = HeaderName::from_static("version");

/// A call that is being put together; nothing is sent before [`send`](Self::send).
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call<R> {
    pub(crate) request: R,
    pipeline: Pipeline,
    version: Option<Version>,
    known: Known,
    options: CallOptions,
    more: More,
    foreign_cursor: bool,
}

impl<R: Endpoint> Call<R> {
    pub(crate) fn new(
        pipeline: &Pipeline,
        version: Option<Version>,
        known: &Known,
        request: R,
    ) -> Self {
        Self {
            request,
            pipeline: pipeline.clone(),
            version,
            known: known.clone(),
            options: CallOptions::default(),
            more: More::default(),
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

    integrations_core::call_options!(options);

    /// One of many calls that nobody waits for.
    pub(crate) fn in_background(mut self, priority: Priority, timeout: Duration) -> Self {
        self.options.priority = priority;
        let timeout = R::SPEC.timeout.map_or(timeout, |own| own.max(timeout));
        self.options.timeout.get_or_insert(timeout);
        self
    }

    /// Adds a member to the JSON body, or replaces it: null clears a field, an empty list empties it, and what the
    /// provider takes since this version was made can be sent.
    ///
    /// ```no_run
    /// # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
    /// let call = location.contacts().update("contact-id").city("Oslo");
    /// call.with_member("tags", Vec::<String>::new()).with_member("newField", 1).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn with_member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.more.member(name.into(), value.into());
        self
    }

    /// Adds a pair to the query.
    pub fn with_query(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.more.pair(name.into(), value.to_string());
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
        R::Response::receive(self.sending().await?).await
    }

    /// Sends the call and keeps the status, headers, request id and rate limit beside the answer.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_full(self) -> Result<Full<R::Response>>
    where
        R::Response: WholeAnswer,
    {
        let (reply, reading) = self.sending().await?.reply().await?;
        let answer = R::Response::read(&reply, reading)?;
        Ok(Full::new(answer, reply))
    }

    async fn sending(self) -> Result<Sending> {
        let spec = R::SPEC;
        if self.foreign_cursor {
            return Err(foreign_cursor().with_operation(spec.operation.name));
        }
        self.known.allows(&spec).await?;
        let idempotency = spec.operation.idempotency;
        let repeatable = self.options.idempotent.unwrap_or(idempotency.may_repeat());
        let mut options = self.options;
        options.timeout = options.timeout.or(spec.timeout);
        options.attempt_timeout = options.attempt_timeout.or(spec.timeout);
        let request = prepare(&self.request, self.version, options, self.more)?;
        let pipeline = match spec.tokens {
            // A token must not go where none is asked for.
            TokenClasses::NONE => {
                let subject = self.pipeline.subject().clone();
                self.pipeline.with_auth(Arc::new(NoAuth), subject)
            }
            _ => self.pipeline,
        };
        Ok(Sending::new(&pipeline, request, &spec, repeatable))
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

    /// All pages, as a stream. It ends when the provider gives the last page again, and with an error when it gives the
    /// first one again: then it does not page.
    pub fn pages(self) -> Pages<R::Item> {
        let seen = Arc::new(Repeats::default());
        Pages::new(None, move |cursor| {
            let call = self.clone();
            let call = match &cursor {
                Some(cursor) => call.start_at(cursor),
                None => call,
            };
            call.next_page(Arc::clone(&seen))
        })
    }

    async fn next_page(self, seen: Arc<Repeats>) -> Result<Page<R::Item>> {
        let request = self.request.clone();
        let (reply, reading) = self.sending().await?.reply().await?;
        let page = request.page(R::Response::read(&reply, reading)?);
        // Where the provider names the next page, a name that comes again ends the stream.
        let counts = matches!(
            R::SPEC.pagination,
            Pagination::Skip | Pagination::Offset | Pagination::Page
        );
        match seen.look(&reply.body) {
            _ if page.items.is_empty() || !counts => Ok(page),
            Repeat::No => Ok(page),
            Repeat::Last => Ok(Page::new(Vec::new(), None).with_total(page.total)),
            Repeat::First => Err(Error::new(
                ErrorKind::Server,
                "the provider gave the first page again: it does not page, or not by this parameter",
            )
            .with_provider(crate::PROVIDER)
            .with_operation(R::SPEC.operation.name)),
        }
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
    more: More,
) -> Result<Request> {
    let spec = R::SPEC;
    let path = expand_path(spec.operation.path, &endpoint.path())?;
    let mut request = Request::new(spec.operation, path);
    request.options = options;
    endpoint.query(&mut request.query);
    request.body = endpoint.body(&mut request.headers)?;
    more.add_to(&mut request)
        .map_err(|error| error.with_operation(R::SPEC.operation.name))?;
    request.header(VERSION, version.unwrap_or(spec.version).as_str())
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
                ErrorKind::Validation,
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
        Ok(self.sending()?.reply().await?.0)
    }

    /// Sends the call and returns the file that it answers. A page of HTML is an error; [`stream`](Self::stream) hands
    /// over that too.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn download(self) -> Result<Download> {
        Download::receive(self.sending()?).await
    }

    /// Sends the call and returns the answer's body as a stream.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn stream(self) -> Result<StreamReply> {
        Ok(self.sending()?.stream().await?.0)
    }

    fn sending(self) -> Result<Sending> {
        let request = self.request?.header(VERSION, self.version.as_str())?;
        Ok(Sending::raw(&self.pipeline, request))
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
