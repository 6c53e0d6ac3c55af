use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;

use super::{Outgoing, ResponseBody, Transport, TransportError, TransportFailure};

type Answer = Result<http::Response<Bytes>, TransportFailure>;

/// A transport that plays back answers in memory and keeps what was sent: for tests with paused time.
///
/// Cloning shares the answers and the record.
#[derive(Clone, Default)]
pub struct CannedTransport(Arc<Mutex<Canned>>);

#[derive(Default)]
struct Canned {
    answers: VecDeque<(Duration, Answer)>,
    sent: Vec<Outgoing>,
}

impl CannedTransport {
    /// A transport without answers: every request fails to connect.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer with this status and body; bodies that start with `{` or `[` are sent as JSON.
    #[must_use]
    pub fn answer(self, status: u16, body: &str) -> Self {
        self.answer_with(status, &[], body)
    }

    /// Adds an answer with headers.
    ///
    /// # Panics
    /// When the status or a header is not valid.
    #[must_use]
    pub fn answer_with(self, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut response =
            http::Response::builder().status(StatusCode::from_u16(status).expect("a status"));
        if body.starts_with(['{', '[']) {
            response = response.header("content-type", "application/json");
        }
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let response = response
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .expect("valid headers");
        self.lock()
            .answers
            .push_back((Duration::ZERO, Ok(response)));
        self
    }

    /// Adds an attempt that breaks.
    #[must_use]
    pub fn fail(self, failure: TransportFailure) -> Self {
        self.lock()
            .answers
            .push_back((Duration::ZERO, Err(failure)));
        self
    }

    /// Delays the answer that was added last.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        if let Some(last) = self.lock().answers.back_mut() {
            last.0 = delay;
        }
        self
    }

    /// What was sent so far, credentials included.
    #[must_use]
    pub fn sent(&self) -> Vec<Outgoing> {
        self.lock().sent.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Canned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CannedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CannedTransport")
    }
}

#[async_trait]
impl Transport for CannedTransport {
    async fn send(
        &self,
        request: Outgoing,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        let next = {
            let mut canned = self.lock();
            canned.sent.push(request);
            canned.answers.pop_front()
        };
        let Some((delay, answer)) = next else {
            return Err(TransportError::bare(TransportFailure::Connect));
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        answer
            .map(|response| response.map(ResponseBody::from_bytes))
            .map_err(TransportError::bare)
    }
}
