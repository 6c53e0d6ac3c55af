use std::fmt;

use http::Method;
use integrations_core::http::{Body, CallOptions, Full, Reply, Request, expand_path};
use integrations_core::{Error, Result};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::dialect::UNEXPECTED_HTML;
use crate::endpoint::{Answer, Endpoint, Members};
use crate::members::to_query;

/// A call that is being put together; nothing is sent before [`send`](Self::send).
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call<R> {
    pub(crate) request: R,
    pub(crate) client: Client,
    pub(crate) options: CallOptions,
    more: Vec<(String, Value)>,
}

impl<R: Endpoint> Call<R> {
    pub(crate) fn new(client: &Client, request: R) -> Self {
        Self {
            request,
            client: client.clone(),
            options: CallOptions::default(),
            more: Vec::new(),
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

    /// Adds what this version has no setter for, or replaces what it writes in another way.
    pub fn with_member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.more.push((name.into(), value.into()));
        self
    }

    /// Sends the call.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind); [`ApiError`](crate::ApiError) reads the provider's own words from the error.
    pub async fn send(self) -> Result<R::Response> {
        let repeatable = self.repeatable();
        match self.reply().await {
            Ok(reply) => read::<R>(&reply, repeatable),
            Err(error) => R::Response::refused(error),
        }
    }

    /// Sends the call and keeps the status and headers beside the answer.
    ///
    /// # Errors
    /// As [`send`](Self::send), and for every refusal.
    pub async fn send_full(self) -> Result<Full<R::Response>> {
        let repeatable = self.repeatable();
        let reply = self.reply().await?;
        Ok(Full::new(read::<R>(&reply, repeatable)?, reply))
    }

    fn repeatable(&self) -> bool {
        let own = R::SPEC.operation.idempotency.may_repeat();
        self.options.idempotent.unwrap_or(own)
    }

    async fn reply(self) -> Result<Reply> {
        let repeatable = self.repeatable();
        let spec = R::SPEC;
        let mut members = Members::default();
        self.request.members(&mut members);
        for (name, value) in self.more {
            members.more(name, value);
        }
        let members = members.finish(spec.operation.name)?;
        let path = expand_path(spec.operation.path, &self.request.path())?;
        let mut request = Request::new(spec.operation, path);
        request.options = self.options;
        write(&mut request, &members)?;
        self.client.send(request, repeatable).await
    }
}

/// Puts the members where the method has them.
pub(crate) fn write(request: &mut Request, members: &Map<String, Value>) -> Result<()> {
    if request.operation.method == Method::GET {
        to_query(members, &mut request.query);
    } else {
        request.body = Body::json(members, &mut request.headers)?;
    }
    Ok(())
}

fn read<R: Endpoint>(reply: &Reply, repeatable: bool) -> Result<R::Response> {
    R::Response::read(reply, R::SPEC.envelope).map_err(|error| {
        error
            .with_provider(crate::PROVIDER)
            .with_operation(R::SPEC.operation.name)
            .with_outcome_unknown(!repeatable)
    })
}

/// A page instead of an answer says nothing of what became of a write.
pub(crate) fn uncertain(error: Error, repeatable: bool) -> Error {
    match error.code() {
        Some(UNEXPECTED_HTML) if !repeatable => error.with_outcome_unknown(true),
        _ => error,
    }
}

impl<R: fmt::Debug> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
