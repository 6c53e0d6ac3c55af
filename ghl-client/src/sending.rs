use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::TryStreamExt;
use http::{HeaderValue, header};
use integrations_core::http::{Body, Idempotency, Pipeline, Reply, Request, StreamReply};
use integrations_core::{Error, ErrorKind, Result};
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::Spec;

/// A call that is ready to leave: see [`Answer`](crate::Answer).
#[derive(Debug)]
pub struct Sending {
    pipeline: Pipeline,
    request: Request,
    reading: Reading,
    /// What the request's own body failed with: a file that cannot be opened, a stream that was sent already.
    fault: BodyFault,
}

/// How an answer is to be read: what outlives the request.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub(crate) operation: &'static str,
    scopes: &'static [&'static str],
    envelope: Option<&'static str>,
    envelope_optional: bool,
    repeatable: bool,
    /// Whether the operation asks for something and changes nothing.
    reads: bool,
}

type BodyFault = Arc<Mutex<Option<io::Error>>>;

impl Sending {
    pub(crate) fn new(
        pipeline: &Pipeline,
        request: Request,
        spec: &Spec,
        repeatable: bool,
    ) -> Self {
        let reading = Reading {
            operation: spec.operation.name,
            scopes: spec.scopes,
            envelope: spec.envelope,
            envelope_optional: spec.envelope_optional,
            repeatable,
            reads: spec.operation.idempotency == Idempotency::Safe,
        };
        Self::of(pipeline, request, reading)
    }

    /// A call of an operation that is not in the crate.
    pub(crate) fn raw(pipeline: &Pipeline, request: Request) -> Self {
        let idempotency = request.operation.idempotency;
        let own = request.options.idempotent;
        let reading = Reading {
            operation: request.operation.name,
            scopes: &[],
            envelope: None,
            envelope_optional: false,
            repeatable: own.unwrap_or(idempotency.may_repeat()),
            reads: false,
        };
        Self::of(pipeline, request, reading)
    }

    fn of(pipeline: &Pipeline, mut request: Request, reading: Reading) -> Self {
        let fault = BodyFault::default();
        request.body = watched(request.body, &fault);
        Self {
            pipeline: pipeline.clone(),
            request,
            reading,
            fault,
        }
    }

    /// Sends it and reads the whole answer.
    pub(crate) async fn reply(self) -> Result<(Reply, Reading)> {
        let sent = self.pipeline.send(self.request).await;
        match sent {
            Ok(reply) => Ok((reply, self.reading)),
            Err(error) => Err(self.reading.explain(error, &self.fault)),
        }
    }

    /// Sends it and leaves the answer's body unread.
    pub(crate) async fn stream(mut self) -> Result<(StreamReply, Reading)> {
        let accept = self.request.headers.entry(header::ACCEPT);
        accept.or_insert(HeaderValue::from_static("*/*"));
        let sent = self.pipeline.stream(self.request).await;
        match sent {
            Ok(reply) => Ok((reply, self.reading)),
            Err(error) => Err(self.reading.explain(error, &self.fault)),
        }
    }
}

impl Reading {
    /// Decodes an answer, out of its envelope if it has one.
    pub(crate) fn json<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T> {
        if reply.body.trim_ascii().is_empty() {
            return self.nothing(reply);
        }
        match self.envelope {
            Some(member) if self.envelope_optional && !holds_object(reply, member) => reply.json(),
            Some(member) => reply.json_member(member),
            None => reply.json(),
        }
        .map_err(|error| self.unreadable(error))
    }

    /// What an answer without a body is: to a change, that it was done; to a question, no answer.
    fn nothing<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T> {
        if self.reads {
            let error = Error::new(
                ErrorKind::Decode,
                "the answer is empty, and something was asked for",
            );
            return Err(self.unreadable(error.with_status(reply.status)));
        }
        reply.json().or_else(|error| {
            let empty = serde_json::from_slice(b"{}");
            empty.map_err(|_| self.unreadable(error))
        })
    }

    /// It was answered as a success, but not by what the provider answers: a page of a gateway, half a body.
    pub(crate) fn unreadable(&self, error: Error) -> Error {
        error
            .with_provider(crate::PROVIDER)
            .with_operation(self.operation)
            .with_outcome_unknown(!self.repeatable)
    }

    /// Adds to a refusal what the operation needs, and to a broken call what its own body lacked.
    fn explain(&self, error: Error, fault: &BodyFault) -> Error {
        let failed = fault.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(failed) = failed {
            return body_failed(failed)
                .with_provider(crate::PROVIDER)
                .with_operation(self.operation)
                .with_attempts(error.attempts());
        }
        match error.code() {
            Some("missing_scope") if !self.scopes.is_empty() => {
                let scopes = self.scopes.join(", ");
                error.with_message(format!(
                    "the token lacks the scope {scopes}: add it to the private integration, or to the app and install it again"
                ))
            }
            _ => error,
        }
    }
}

/// Whether the answer has this member and it is an object.
fn holds_object(reply: &Reply, member: &str) -> bool {
    reply
        .json_member::<HashMap<String, IgnoredAny>>(member)
        .is_ok()
}

/// The same body, which keeps the error that it breaks with: a transport may say no more than that something broke.
fn watched(body: Body, fault: &BodyFault) -> Body {
    let Body::Stream { open, length } = body else {
        return body;
    };
    let fault = fault.clone();
    Body::stream(length, move || {
        let fault = fault.clone();
        // What broke an earlier attempt did not break this one.
        *fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Box::pin(open().map_err(move |error| {
            let kind = error.kind();
            *fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            io::Error::new(kind, "the body of the request broke")
        }))
    })
}

/// The error of a body: our own if it is one, for example of a file that is missing.
fn body_failed(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::new(
            ErrorKind::Validation,
            "what was to be sent could not be read to its end: nothing complete arrived",
        )
        .with_source(error),
    }
}
