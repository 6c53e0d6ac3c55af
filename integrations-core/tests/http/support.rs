//! What the tests share.

use std::time::Duration;

use http::Method;
use integrations_core::http::{
    CannedTransport, Dialect, HttpContext, Idempotency, LimitClass, Operation, Pipeline,
    PipelineBuilder, Request, RetryPolicy, Transport,
};
use integrations_core::{Clock, Timestamp};
use jiff::SignedDuration;
use tokio::time::Instant;

/// A clock that follows the runtime's time, which a test can pause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuntimeClock {
    started: Instant,
    at: Timestamp,
}

impl RuntimeClock {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            at: "2026-11-21T12:00:00Z".parse().unwrap(),
        }
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.at + SignedDuration::try_from(self.started.elapsed()).unwrap()
    }
}

/// A provider without peculiarities.
#[derive(Debug)]
pub(crate) struct Plain;

impl Dialect for Plain {
    fn provider(&self) -> &'static str {
        "plain"
    }
}

pub(crate) const CLASS: LimitClass = LimitClass {
    name: "burst",
    max: 1000,
    per: Duration::from_secs(10),
};

pub(crate) fn operation(method: Method, idempotency: Idempotency) -> Operation {
    Operation {
        name: "things.do",
        method,
        path: "/things/{id}",
        idempotency,
        limit: Some(CLASS),
    }
}

pub(crate) fn get() -> Request {
    Request::new(operation(Method::GET, Idempotency::Safe), "/things/1")
}

/// A write that is not idempotent.
pub(crate) fn post() -> Request {
    Request::new(operation(Method::POST, Idempotency::Unsafe), "/things/1")
}

pub(crate) fn context(transport: impl Transport + 'static) -> HttpContext {
    HttpContext::builder()
        .transport(transport)
        .clock(RuntimeClock::start())
        .build()
        .unwrap()
}

pub(crate) fn builder(transport: &CannedTransport) -> PipelineBuilder {
    let base = "https://api.plain.example/v1".parse().unwrap();
    Pipeline::builder(&context(transport.clone()), Plain, base)
}

pub(crate) fn pipeline(transport: &CannedTransport) -> Pipeline {
    builder(transport).build().unwrap()
}

pub(crate) fn policy(change: impl FnOnce(&mut RetryPolicy)) -> RetryPolicy {
    let mut policy = RetryPolicy::DEFAULT;
    change(&mut policy);
    policy
}

/// Everything that a log line or an error report could show of an error.
pub(crate) fn everything(error: &(dyn std::error::Error + 'static)) -> String {
    let mut all = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        all.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    all
}
