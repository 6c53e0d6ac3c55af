use std::fmt;
use std::time::Duration;

use http::Method;
use integrations_core::http::{Idempotency, Operation, Reply, Request};
use integrations_core::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::write;
use crate::client::Client;
use crate::endpoint::Members;

/// A call of any path, for operations without a method of their own: the same token, retries and errors.
#[must_use = "a call does nothing until it is sent"]
pub struct RawCall {
    client: Client,
    request: Result<Request>,
    members: Members,
}

impl RawCall {
    pub(crate) fn new(client: &Client, method: Method, path: &str) -> Self {
        let harmless = !path
            .contains(|c: char| matches!(c, '?' | '#' | '\\' | '%') || c.is_control())
            && !path.split('/').any(|segment| matches!(segment, "." | ".."));
        let request = harmless
            .then(|| request(method, path))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Validation,
                    "a raw path has no query, no `.` or `..`, no escape and no line end: add what it says with member()",
                )
                .with_provider(crate::PROVIDER)
            });
        Self::of(client, request)
    }

    /// A call of a path whose parameters are filled in and encoded.
    #[cfg(feature = "unconfirmed")]
    pub(crate) fn encoded(client: &Client, method: Method, path: &str) -> Self {
        Self::of(client, Ok(request(method, path)))
    }

    fn of(client: &Client, request: Result<Request>) -> Self {
        Self {
            client: client.clone(),
            request,
            members: Members::default(),
        }
    }

    /// Adds a pair to the query of a GET, a member to the body of everything else.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.more(name.into(), value.into());
        self
    }

    /// How long the call may take in all.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        if let Ok(request) = &mut self.request {
            request.options.timeout = Some(timeout);
        }
        self
    }

    /// Sends the call and decodes its JSON.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind); a page of HTML, which unknown paths answer with a 200, is
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) with the code `unexpected_html`.
    pub async fn send<T: DeserializeOwned>(self) -> Result<T> {
        let reply = self.send_reply().await?;
        reply
            .json()
            .map_err(|error| error.with_provider(crate::PROVIDER).with_operation("raw"))
    }

    /// Sends the call and returns the whole answer undecoded.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_reply(self) -> Result<Reply> {
        let mut request = self.request?;
        let members = self.members.finish("raw")?;
        write(&mut request, &members)?;
        let repeatable = request.operation.idempotency.may_repeat();
        self.client.send(request, repeatable).await
    }
}

fn request(method: Method, path: &str) -> Request {
    let operation = Operation {
        name: "raw",
        idempotency: Idempotency::of(&method),
        method,
        path: "(raw)",
        limit: None,
    };
    Request::new(operation, path)
}

impl fmt::Debug for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCall")
            .field(
                "path",
                &self.request.as_ref().ok().map(|request| &request.path),
            )
            .field("members", &self.members)
            .finish_non_exhaustive()
    }
}
