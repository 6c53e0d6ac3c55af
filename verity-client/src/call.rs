use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderName, Method};
use integrations_core::http::{
    CallOptions, Idempotency, Operation, Query, Reply, Request, StreamReply,
};
use integrations_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::{Client, operation};
use crate::endpoint::{path_of, sends_message};

/// A call of any endpoint: see [`Client::request`].
#[must_use = "nothing is sent before `send`"]
pub struct RawCall<'a> {
    client: &'a Client,
    operation: Operation,
    endpoint: String,
    parameters: BTreeMap<String, String>,
    query: Query,
    headers: Vec<(HeaderName, String)>,
    body: Option<Result<Vec<u8>>>,
    options: CallOptions,
}

impl<'a> RawCall<'a> {
    pub(crate) fn new(client: &'a Client, method: Method, endpoint: &str) -> Self {
        let idempotency = Idempotency::of(&method);
        let operation = operation("verity.request", method, "/api/{endpoint}", idempotency);
        Self::of(client, operation, endpoint)
    }

    pub(crate) fn of(client: &'a Client, operation: Operation, endpoint: &str) -> Self {
        Self {
            client,
            operation,
            endpoint: endpoint.to_owned(),
            parameters: BTreeMap::new(),
            query: Query::new(),
            headers: Vec::new(),
            body: None,
            options: CallOptions::default(),
        }
    }

    /// Fills a placeholder of the endpoint, as one encoded segment.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    #[cfg(feature = "catalog")]
    pub(crate) fn parameters(mut self, values: BTreeMap<String, String>) -> Self {
        self.parameters = values;
        self
    }

    /// Adds a pair to the query.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.query.push(name, value);
        self
    }

    /// Adds a pair to the query when there is a value.
    pub fn query_option(mut self, name: &str, value: Option<impl fmt::Display>) -> Self {
        self.query.push_option(name, value.as_ref());
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the JSON body.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        self.body = Some(serde_json::to_vec(body).map_err(|error| {
            Error::new(ErrorKind::Validation, "the body cannot be written as JSON")
                .with_provider(crate::PROVIDER)
                .with_source(error)
        }));
        self
    }

    integrations_core::call_options!(options);

    fn request(self) -> Result<Request> {
        let path = path_of(&self.client.conversions, &self.endpoint, &self.parameters)?;
        let mut request = Request::new(self.operation, path);
        request.query = self.query;
        for (name, value) in self.headers {
            request = request.header(name, &value)?;
        }
        if let Some(body) = self.body {
            request.body = integrations_core::http::Body::json_text(body?, &mut request.headers);
        }
        request.options = self.options;
        Ok(request)
    }

    /// The request, unless it is a message to somebody who wants none: whatever way it goes.
    async fn allowed(self) -> Result<Request> {
        let client = self.client;
        let request = self.request()?;
        if sends_message(&request.path) {
            client.texting().may_send(&request.body).await?;
        }
        Ok(request)
    }

    /// Sends it and decodes the answer.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] for an endpoint or parameters that make no path; what Verity's answer means. For a text
    /// message those of [`Texting::send`](crate::texting::Texting::send) too.
    pub async fn send<T: DeserializeOwned>(self) -> Result<T> {
        self.send_full().await?.json()
    }

    /// Sends it and hands over the answer as it came.
    ///
    /// # Errors
    /// As [`send`](Self::send), but for an answer that does not fit.
    pub async fn send_full(self) -> Result<Reply> {
        let client = self.client;
        let request = self.allowed().await?;
        client.pipeline_to(&request.path).send(request).await
    }

    /// Sends it and hands over the body of the answer unread.
    ///
    /// # Errors
    /// As [`send_full`](Self::send_full).
    pub async fn stream(self) -> Result<StreamReply> {
        let client = self.client;
        let request = self.allowed().await?;
        client.pipeline_to(&request.path).stream(request).await
    }
}

impl fmt::Debug for RawCall<'_> {
    /// Shows the names of the parameters: a value may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCall")
            .field("method", &self.operation.method)
            .field("endpoint", &self.endpoint)
            .field("parameters", &self.parameters.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
