use std::time::Duration;

use futures_util::StreamExt as _;
use http::{HeaderValue, Method, StatusCode, header};
use integrations_core::http::{Body, Outgoing as Request, TransportFailure, standard_limits};
use integrations_core::webhook::schemes::StandardWebhooks;
use integrations_core::{Result, TenantId};
use integrations_store::{Attempt, Claimed, DeliveryId, Next, Outcome, Work};
use tokio::time::Instant;

use super::{EndpointNotice, Outgoing};

/// What is read of an answer, so that the connection can be used again. Nothing of it is kept.
const ANSWER: usize = 16 * 1024;
/// How long its body is waited for.
const LINGER: Duration = Duration::from_secs(1);
/// How long a claim outlasts the attempt.
const MARGIN: Duration = Duration::from_secs(30);
/// How many deliveries [`Outgoing::deliver_due`] attempts at the same time.
const PARALLEL: usize = 32;

/// What [`Outgoing::deliver`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivered {
    /// Nothing is left to do: it arrived, was given up, or is not there any more.
    Done,
    /// To be called again after this time.
    Again(Duration),
}

/// One attempt and what the receiver wants next.
struct Sent {
    attempt: Attempt,
    retry_after: Option<Duration>,
}

impl Outgoing {
    /// Attempts a delivery that is due, writes down how it went, and says whether and when to come back. Any number of
    /// processes may call it for the same delivery: one works.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store): come back after a moment. A receiver that fails is
    /// no error.
    pub async fn deliver(&self, tenant: &TenantId, delivery: DeliveryId) -> Result<Delivered> {
        let endpoints = &self.0.endpoints;
        let lease = self.0.timeout + MARGIN;
        let work = match endpoints.claim(tenant, delivery, lease).await? {
            Claimed::Work(work) => work,
            Claimed::Wait(wait) => return Ok(Delivered::Again(wait)),
            _ => return Ok(Delivered::Done),
        };
        let started = Instant::now();
        let mut sent = self.send(&work).await;
        sent.attempt.took = started.elapsed();
        metrics::counter!("integrations_outgoing_attempts_total",
            "outcome" => sent.attempt.outcome.as_str())
        .increment(1);
        let next = self.next(&work, &sent);
        let finished = endpoints
            .finish(&work, sent.attempt, next, self.0.patience)
            .await?;
        if let Some(state) = finished.stopped {
            tracing::warn!(tenant = %work.tenant, endpoint = %work.endpoint, state = state.as_str(),
                "endpoint of outgoing webhooks disabled");
            if let Some(notifier) = &self.0.notifier {
                let notice = EndpointNotice::new(work.tenant.clone(), work.endpoint, state);
                notifier.notify(notice);
            }
        }
        Ok(match next {
            Next::Again(wait) if finished.stopped.is_none() && finished.ours => {
                Delivered::Again(wait)
            }
            // Somebody else's now: that one comes back.
            _ => Delivered::Done,
        })
    }

    /// Attempts up to `limit` due deliveries of all tenants, some at the same time; how many there were. For programs
    /// without a queue, and to pick up what a queue has lost.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn deliver_due(&self, limit: u32) -> Result<usize> {
        let due = self.0.store.deployment().due_deliveries(limit).await?;
        let found = due.len();
        let mut attempts = futures_util::stream::iter(due)
            .map(|(tenant, delivery)| async move { self.deliver(&tenant, delivery).await })
            .buffer_unordered(PARALLEL);
        let mut failed = None;
        while let Some(done) = attempts.next().await {
            failed = failed.or(done.err());
        }
        match failed {
            None => Ok(found),
            Some(error) => Err(error),
        }
    }

    fn next(&self, work: &Work, sent: &Sent) -> Next {
        match (sent.attempt.outcome, sent.attempt.status) {
            (Outcome::Delivered, _) => Next::Delivered,
            (_, Some(410)) => Next::Gone,
            _ => match self.0.retries.after(work.attempt, sent.retry_after) {
                Some(wait) => Next::Again(wait),
                None => Next::GivenUp,
            },
        }
    }

    async fn send(&self, work: &Work) -> Sent {
        let Some(request) = self.request(work) else {
            return without_answer(Outcome::Unsendable);
        };
        let answer = tokio::time::timeout(self.0.timeout, self.0.transport.send(request));
        match answer.await {
            Err(_) => without_answer(Outcome::Timeout),
            Ok(Err(error)) => without_answer(match error.failure() {
                TransportFailure::Connect => Outcome::Connect,
                TransportFailure::Timeout => Outcome::Timeout,
                TransportFailure::Refused => Outcome::Refused,
                TransportFailure::Build => Outcome::Unsendable,
                _ => Outcome::Broken,
            }),
            Ok(Ok(answer)) => {
                let (head, body) = answer.into_parts();
                // The status counts, whatever becomes of the body: a receiver that stalls there has received.
                drop(tokio::time::timeout(LINGER, body.read(ANSWER)).await);
                let outcome = match head.status.is_success() {
                    true => Outcome::Delivered,
                    false => Outcome::Status,
                };
                let busy = matches!(
                    head.status,
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
                );
                Sent {
                    attempt: Attempt::new(outcome, Some(head.status.as_u16()), Duration::ZERO),
                    retry_after: busy
                        .then(|| standard_limits(&head.headers).retry_after)
                        .flatten(),
                }
            }
        }
    }

    /// Signed now: a repetition has the same id and another time.
    fn request(&self, work: &Work) -> Option<Request> {
        let made = match &work.target {
            Ok((url, secrets)) => {
                let now = self.0.clock.now();
                StandardWebhooks::sign(secrets, &work.message_id, now, &work.payload)
                    .map(|signed| (url, signed))
                    .map_err(|error| error.kind())
            }
            Err(error) => Err(error.kind()),
        };
        let (url, signed) = match made {
            Ok(made) => made,
            Err(kind) => {
                tracing::error!(tenant = %work.tenant, endpoint = %work.endpoint, kind = kind.as_str(),
                    "an outgoing webhook cannot be signed");
                return None;
            }
        };
        let mut request = Request::new(Method::POST, url.clone());
        request.headers = signed;
        request.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        request
            .headers
            .insert(header::USER_AGENT, self.0.user_agent.clone());
        request.body = Body::Bytes(work.payload.clone().into());
        Some(request)
    }
}

fn without_answer(outcome: Outcome) -> Sent {
    Sent {
        attempt: Attempt::new(outcome, None, Duration::ZERO),
        retry_after: None,
    }
}
