use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, header};
use tokio::time::Instant;
use tracing::Instrument;
use url::Url;

use super::{
    Acquire, Authorizer, Credential, Dialect, HttpContext, Idempotency, LimitKey, LimitSignal,
    NoAuth, Outgoing, Permit, RawReply, Reply, Request, ResponseBody, RetryBudget, RetryPolicy,
    StreamReply, TransportFailure, later,
};
use crate::error::Tame;
use crate::{Error, ErrorKind, Result};

const MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;
/// An error answer that is longer is left unread: its status says enough.
const MAX_ERROR_RESPONSE_BYTES: usize = 1024 * 1024;
const USER_AGENT: &str = concat!("integrations-rust/", env!("CARGO_PKG_VERSION"));
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The way of every call of one client. Cheap to clone; a clone with another [`Authorizer`] shares everything else.
#[derive(Debug, Clone)]
pub struct Pipeline {
    shared: Arc<Shared>,
    auth: Arc<dyn Authorizer>,
    subject: Arc<str>,
}

#[derive(Debug)]
struct Shared {
    context: HttpContext,
    dialect: Arc<dyn Dialect>,
    base: Url,
    base_text: String,
    retry: RetryPolicy,
    budget: Arc<RetryBudget>,
    user_agent: HeaderValue,
}

/// Builds a [`Pipeline`].
#[derive(Debug)]
#[must_use]
pub struct PipelineBuilder {
    context: HttpContext,
    dialect: Arc<dyn Dialect>,
    base: Url,
    retry: RetryPolicy,
    auth: Arc<dyn Authorizer>,
    subject: Arc<str>,
    user_agent: Option<String>,
    allow_http: bool,
}

impl PipelineBuilder {
    /// Sends this credential.
    pub fn auth(mut self, auth: impl Authorizer + 'static) -> Self {
        self.auth = Arc::new(auth);
        self
    }

    /// When calls are tried again and how long they may take.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Whose rate limit the calls count against: an account or location id, never a secret.
    pub fn subject(mut self, subject: impl Into<Arc<str>>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Put before our own `User-Agent`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Allows a base URL with `http://` that is not on this machine. The credential then travels in clear.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// The pipeline.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the base URL is not `https` (or `http` on this machine), has a user, a query or a
    /// fragment, or the user agent has characters that no header may carry.
    pub fn build(self) -> Result<Pipeline> {
        let base = self.base;
        let local = base.host().is_some_and(|host| match host {
            url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            url::Host::Ipv4(ip) => ip.is_loopback(),
            url::Host::Ipv6(ip) => ip.is_loopback(),
        });
        match base.scheme() {
            "https" => {}
            "http" if local || self.allow_http => {}
            "http" => {
                return Err(Error::config(
                    "the base URL is http: a credential would travel in clear; use https, or allow plain http for this client",
                ));
            }
            _ => return Err(Error::config("the base URL must start with https://")),
        }
        if base.host_str().is_none()
            || !base.username().is_empty()
            || base.password().is_some()
            || base.query().is_some()
            || base.fragment().is_some()
        {
            return Err(Error::config(
                "the base URL must be a host and a path, without user, query or fragment",
            ));
        }
        let user_agent = match self.user_agent {
            Some(own) => HeaderValue::try_from(format!("{own} {USER_AGENT}")).map_err(|_| {
                Error::config("the user agent has characters that no header may carry")
            })?,
            None => HeaderValue::from_static(USER_AGENT),
        };
        let base_text = base.as_str().trim_end_matches('/').to_owned();
        let budget = self.context.budget(base.host_str().unwrap_or_default());
        Ok(Pipeline {
            shared: Arc::new(Shared {
                budget,
                context: self.context,
                dialect: self.dialect,
                base,
                base_text,
                retry: self.retry,
                user_agent,
            }),
            auth: self.auth,
            subject: self.subject,
        })
    }
}

impl Pipeline {
    /// A pipeline to `base`, without a credential.
    pub fn builder(
        context: &HttpContext,
        dialect: impl Dialect + 'static,
        base: Url,
    ) -> PipelineBuilder {
        PipelineBuilder {
            context: context.clone(),
            dialect: Arc::new(dialect),
            base,
            retry: RetryPolicy::DEFAULT,
            auth: Arc::new(NoAuth),
            subject: Arc::from(""),
            user_agent: None,
            allow_http: false,
        }
    }

    /// The same pipeline with another credential and subject: connections, limits and budgets stay shared.
    #[must_use]
    pub fn with_auth(&self, auth: Arc<dyn Authorizer>, subject: impl Into<Arc<str>>) -> Self {
        Self {
            shared: self.shared.clone(),
            auth,
            subject: subject.into(),
        }
    }

    /// The same pipeline, counted against another subject's rate limit.
    #[must_use]
    pub fn with_subject(&self, subject: impl Into<Arc<str>>) -> Self {
        Self {
            subject: subject.into(),
            ..self.clone()
        }
    }

    /// Whose rate limit the calls count against.
    #[must_use]
    pub fn subject(&self) -> &Arc<str> {
        &self.subject
    }

    /// What the clients of this process share.
    #[must_use]
    pub fn context(&self) -> &HttpContext {
        &self.shared.context
    }

    /// The provider's slug.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        self.shared.dialect.provider()
    }

    /// Where calls go.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.shared.base
    }

    /// Sends a call and reads the whole answer.
    ///
    /// # Errors
    /// By what went wrong: see [`ErrorKind`]. An error of a call that is not idempotent and may have arrived says so
    /// with [`Error::is_outcome_unknown`]. So does the [`ErrorKind::NotFound`] of a deletion that was sent again after an
    /// attempt that may have arrived: that one may have deleted it.
    pub async fn send(&self, request: Request) -> Result<Reply> {
        let span = self.span(&request);
        self.call(request, true)
            .instrument(span)
            .await
            .map(|answer| Reply {
                status: answer.status,
                headers: answer.headers,
                body: answer.read,
                request_id: answer.request_id,
                attempts: answer.attempts,
                limits: answer.limits,
                uncertain: answer.uncertain,
            })
    }

    /// Sends a call and hands over the answer's body unread, for downloads.
    ///
    /// The call's timeout ends with the headers; each chunk may then take as long as an attempt.
    ///
    /// # Errors
    /// As [`send`](Self::send). Once the headers are there, a broken or stalled body is an error of the stream.
    pub async fn stream(&self, request: Request) -> Result<StreamReply> {
        let span = self.span(&request);
        self.call(request, false)
            .instrument(span)
            .await
            .map(|answer| StreamReply {
                status: answer.status,
                headers: answer.headers,
                body: answer
                    .unread
                    .unwrap_or_else(|| ResponseBody::from_bytes(answer.read)),
                request_id: answer.request_id,
                attempts: answer.attempts,
            })
    }

    fn span(&self, request: &Request) -> tracing::Span {
        tracing::debug_span!(
            "http.call",
            provider = self.provider(),
            operation = request.operation.name,
            method = %request.operation.method,
            path = request.operation.path,
        )
    }

    async fn call(&self, request: Request, read: bool) -> Result<Answer> {
        let started = Instant::now();
        let name = request.operation.name;
        let result = match Call::new(self, &request, read, started) {
            Ok(call) => call.run().await,
            Err(error) => Err(error.with_provider(self.provider()).with_operation(name)),
        };
        let outcome = match &result {
            Ok(_) => "ok",
            Err(error) => error.kind().as_str(),
        };
        let provider = self.provider();
        metrics::counter!("integrations_http_calls_total", "provider" => provider, "operation" => name, "outcome" => outcome)
            .increment(1);
        metrics::histogram!("integrations_http_call_seconds", "provider" => provider, "operation" => name)
            .record(started.elapsed().as_secs_f64());
        result
    }
}

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    read: bytes::Bytes,
    unread: Option<ResponseBody>,
    request_id: Option<String>,
    attempts: u32,
    limits: LimitSignal,
    uncertain: bool,
}

/// One call on its way.
struct Call<'a> {
    pipeline: &'a Pipeline,
    request: &'a Request,
    read: bool,
    url: Url,
    key: Option<(LimitKey, super::LimitClass)>,
    repeatable: bool,
    deadline: Instant,
    attempt_timeout: Duration,
    max_attempts: u32,
    attempts: u32,
    waits: u32,
    renewed: bool,
    idempotency_key: Option<HeaderValue>,
}

/// The permit of a request under way: however it ends, also by being dropped, without an answer it may arrive still.
struct Flight(Option<Permit>);

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(permit) = self.0.take() {
            permit.abandon();
        }
    }
}

/// How an attempt ended.
enum Attempt {
    Done(Box<Answer>),
    Failed {
        error: Error,
        arrived: Arrived,
        credential: Credential,
        refused: Option<HeaderValue>,
    },
}

/// Whether the provider may have acted on an attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrived {
    No,
    Maybe,
}

impl<'a> Call<'a> {
    fn new(
        pipeline: &'a Pipeline,
        request: &'a Request,
        read: bool,
        started: Instant,
    ) -> Result<Self> {
        let shared = &pipeline.shared;
        let retry = &shared.retry;
        let options = &request.options;
        let mut text = String::with_capacity(
            shared.base_text.len() + request.path.len() + request.query.as_str().len() + 1,
        );
        text.push_str(&shared.base_text);
        if !request.path.starts_with('/') {
            text.push('/');
        }
        text.push_str(&request.path);
        if !request.query.is_empty() {
            text.push('?');
            text.push_str(request.query.as_str());
        }
        let url = Url::parse(&text)
            .map_err(|_| Error::new(ErrorKind::Validation, "the path does not make a URL"))?;
        // The path cannot name another host, because it is appended; this holds it to that.
        let base = &shared.base;
        if (url.scheme(), url.host_str(), url.port_or_known_default())
            != (base.scheme(), base.host_str(), base.port_or_known_default())
        {
            return Err(Error::new(
                ErrorKind::Validation,
                "the path leads to a host that is not the base URL's",
            ));
        }
        let keyed = options.idempotency_key.is_some()
            || request.operation.idempotency == Idempotency::Keyed;
        let idempotency_key = match &options.idempotency_key {
            Some(key) => Some(HeaderValue::from_str(key).map_err(|_| {
                Error::new(
                    ErrorKind::Validation,
                    "the idempotency key has characters that no header may carry",
                )
            })?),
            None if keyed => HeaderValue::try_from(uuid::Uuid::now_v7().to_string()).ok(),
            None => None,
        };
        let subject = || {
            request
                .subject
                .clone()
                .unwrap_or_else(|| pipeline.subject.clone())
        };
        Ok(Self {
            key: request.operation.limit.map(|class| {
                (
                    LimitKey::new(pipeline.provider(), subject(), class.name),
                    class,
                )
            }),
            repeatable: options
                .idempotent
                .unwrap_or(keyed || request.operation.idempotency.may_repeat()),
            deadline: later(started, options.timeout.unwrap_or(retry.timeout)),
            attempt_timeout: options.attempt_timeout.unwrap_or(retry.attempt_timeout),
            max_attempts: options.max_attempts.unwrap_or(retry.max_attempts).max(1),
            attempts: 0,
            waits: 0,
            renewed: false,
            idempotency_key,
            pipeline,
            request,
            read,
            url,
        })
    }

    async fn run(mut self) -> Result<Answer> {
        let shared = &self.pipeline.shared;
        shared.budget.deposit(shared.retry.budget);
        let mut before: Option<Error> = None;
        let mut may_be_done = false;
        loop {
            let attempt = match self.attempt().await {
                Ok(attempt) => attempt,
                Err(error) => {
                    // No permit in time for another attempt: the provider's own refusal says more.
                    let before = before.filter(|_| error.kind() == ErrorKind::RateLimited);
                    return Err(self.finish(before.unwrap_or(error)));
                }
            };
            let (error, arrived, credential, refused) = match attempt {
                Attempt::Done(answer) => return Ok(*answer),
                Attempt::Failed {
                    error,
                    arrived,
                    credential,
                    refused,
                } => (error, arrived, credential, refused),
            };
            let again = self.request.body.is_repeatable();
            if credential == Credential::Expired && !self.renewed && again {
                self.renewed = true;
                if let Some(refused) = refused {
                    let renewal = self.pipeline.auth.renew(Some(&refused));
                    let renewed = self.in_time(renewal).await;
                    if renewed.map_err(|error| self.finish(error))? {
                        continue;
                    }
                }
            }
            let unknown = arrived == Arrived::Maybe && !self.repeatable;
            let error = match may_be_done && error.kind() == ErrorKind::NotFound {
                true => perhaps_deleted(error),
                false => error.with_outcome_unknown(unknown),
            };
            may_be_done |=
                arrived == Arrived::Maybe && self.request.operation.method == Method::DELETE;
            match self.wait_before_retry(&error) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(self.finish(error)),
            }
            before = Some(error);
        }
    }

    /// How long to wait before another attempt; `None` to give up.
    fn wait_before_retry(&mut self, error: &Error) -> Option<Duration> {
        let shared = &self.pipeline.shared;
        if !error.is_retryable() || !self.request.body.is_repeatable() {
            return None;
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if error.kind() == ErrorKind::RateLimited {
            // Refused unprocessed, so every method may come again. The limiter knows the wait already.
            self.waits += 1;
            let wait = error.retry_after().unwrap_or_default();
            return (self.waits <= shared.retry.max_rate_limit_waits && wait < left).then_some(
                match self.key {
                    Some(_) => Duration::ZERO,
                    None => wait.max(shared.retry.backoff(self.waits)),
                },
            );
        }
        if self.attempts >= self.max_attempts || !shared.budget.withdraw() {
            return None;
        }
        let wait = error
            .retry_after()
            .unwrap_or_else(|| shared.retry.backoff(self.attempts));
        (wait < left).then_some(wait)
    }

    /// Adds what every error of a call carries.
    fn finish(&self, error: Error) -> Error {
        let retried = self.attempts > 1 || self.waits > 0;
        let exhausted = retried && error.is_retryable();
        error
            .with_provider(self.pipeline.provider())
            .with_operation(self.request.operation.name)
            .with_attempts(self.attempts)
            .with_exhausted(exhausted)
    }

    async fn attempt(&mut self) -> Result<Attempt> {
        // The credential before the permit: getting it may itself need a permit of the same limit. It outlasts the
        // wait, because tokens are renewed well ahead of their end.
        let outgoing = self.outgoing().await?;
        let permit = self.permit().await?;
        self.attempts += 1;
        let started = Instant::now();
        let until = later(started, self.attempt_timeout).min(self.deadline);
        let span = tracing::debug_span!("http.attempt", attempt = self.attempts);
        // Kept for the one case that needs it: a refused credential.
        let kept = outgoing.headers.get(header::AUTHORIZATION).cloned();
        let outcome = self
            .exchange(outgoing, permit, until)
            .instrument(span.clone())
            .await;
        let _entered = span.enter();
        let elapsed = started.elapsed();
        match outcome {
            Ok(answer) => {
                self.log(elapsed, Some(answer.status), answer.request_id.as_deref());
                Ok(self.judge(answer, kept))
            }
            Err((error, arrived)) => {
                self.log(elapsed, error.status(), None);
                Ok(Attempt::Failed {
                    error,
                    arrived,
                    credential: Credential::Unaffected,
                    refused: None,
                })
            }
        }
    }

    async fn permit(&self) -> Result<Permit> {
        let Some((key, class)) = &self.key else {
            return Ok(Permit::unlimited());
        };
        let mut ask = Acquire::new(key, *class, self.deadline);
        ask.priority = self.request.options.priority;
        let context = &self.pipeline.shared.context;
        ask.tenant = context.tenant();
        context.limiter().acquire(ask).await
    }

    async fn outgoing(&self) -> Result<Outgoing> {
        let mut outgoing = Outgoing::new(self.request.operation.method.clone(), self.url.clone());
        outgoing.headers.reserve(self.request.headers.len() + 5);
        for (name, value) in &self.request.headers {
            outgoing.headers.append(name, value.clone());
        }
        outgoing
            .headers
            .insert(header::USER_AGENT, self.pipeline.shared.user_agent.clone());
        if !outgoing.headers.contains_key(header::ACCEPT) {
            outgoing
                .headers
                .insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        }
        if let Some(key) = &self.idempotency_key {
            outgoing.headers.insert(IDEMPOTENCY_KEY, key.clone());
        }
        outgoing.body = self.request.body.clone();
        let credential = self.pipeline.auth.authorize(&mut outgoing);
        self.in_time(credential).await?;
        let (before, after) = (&self.url, &outgoing.url);
        if (before.scheme(), before.host_str(), before.port())
            != (after.scheme(), after.host_str(), after.port())
        {
            return Err(Error::config(
                "the credential was about to leave for a host that is not configured",
            ));
        }
        Ok(outgoing)
    }

    /// A credential that is slow to get must not outlast the call.
    async fn in_time<T>(&self, credential: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::time::timeout_at(self.deadline, credential)
            .await
            .unwrap_or_else(|_| {
                Err(Error::new(
                    ErrorKind::Timeout,
                    "no credential before the call's deadline: give the call more time or try later",
                ))
            })
    }

    /// One exchange: headers, then the body unless it is handed over unread.
    async fn exchange(
        &self,
        outgoing: Outgoing,
        permit: Permit,
        until: Instant,
    ) -> Result<Answer, (Error, Arrived)> {
        let context = &self.pipeline.shared.context;
        let left = Instant::now();
        let mut flight = Flight(Some(permit));
        let sent = tokio::time::timeout_at(until, context.transport().send(outgoing)).await;
        if matches!(sent, Ok(Ok(_))) {
            flight.0 = None;
        }
        drop(flight);
        let sent = sent.map_err(|_| (out_of_time(), Arrived::Maybe))?;
        let response = sent.map_err(|error| {
            let arrived = match error.failure() {
                TransportFailure::Build | TransportFailure::Connect | TransportFailure::Refused => {
                    Arrived::No
                }
                TransportFailure::Timeout | TransportFailure::Broken => Arrived::Maybe,
            };
            (Error::from(error), arrived)
        })?;
        let (parts, body) = response.into_parts();
        let dialect = &self.pipeline.shared.dialect;
        let mut limits = dialect.limits(&parts.headers);
        limits.sent = Some(left);
        if let Some((key, _)) = &self.key {
            context
                .limiter()
                .observe(key, &limits, parts.status == StatusCode::TOO_MANY_REQUESTS);
        }
        let request_id = dialect
            .request_id(&parts.headers)
            .map(|id| Tame::id(&id).to_string());
        let mut answer = Answer {
            status: parts.status,
            headers: parts.headers,
            read: bytes::Bytes::new(),
            unread: None,
            request_id,
            attempts: self.attempts,
            limits,
            uncertain: !self.repeatable,
        };
        if !self.read && answer.status.is_success() {
            answer.unread = Some(body.with_idle_timeout(self.attempt_timeout));
            return Ok(answer);
        }
        let limit = match answer.status.is_success() {
            true => self
                .request
                .options
                .max_response_bytes
                .unwrap_or(MAX_RESPONSE_BYTES),
            false => MAX_ERROR_RESPONSE_BYTES,
        };
        let read = tokio::time::timeout_at(until, body.read(limit)).await;
        match read.unwrap_or_else(|_| Err(out_of_time())) {
            Ok(bytes) => answer.read = bytes,
            // An error status says enough without its body.
            Err(_) if !answer.status.is_success() => {}
            Err(error) => return Err((error.with_status(answer.status), Arrived::Maybe)),
        }
        Ok(answer)
    }

    /// Tells success from failure.
    fn judge(&self, answer: Answer, sent: Option<HeaderValue>) -> Attempt {
        let dialect = &self.pipeline.shared.dialect;
        let raw = RawReply::new(answer.status, &answer.headers, &answer.read);
        let fault = if answer.status.is_redirection() {
            return Attempt::Failed {
                error: redirected(&answer, &self.url),
                // "See other" is what a write answers that was carried out.
                arrived: match answer.status {
                    StatusCode::SEE_OTHER => Arrived::Maybe,
                    _ => Arrived::No,
                },
                credential: Credential::Unaffected,
                refused: None,
            };
        } else if answer.status.is_success() {
            match dialect.fault_in_success(raw) {
                Some(fault) => fault,
                None => return Attempt::Done(Box::new(answer)),
            }
        } else {
            dialect.fault(raw)
        };
        let credential = fault.credential;
        let arrived = match fault.kind {
            ErrorKind::RateLimited => Arrived::No,
            ErrorKind::Server | ErrorKind::Timeout => Arrived::Maybe,
            // A 4xx refuses, whatever for.
            ErrorKind::Other if answer.status.is_client_error() => Arrived::No,
            ErrorKind::Other => Arrived::Maybe,
            _ if answer.status.is_server_error() => Arrived::Maybe,
            _ => Arrived::No,
        };
        // What the headers and the status do not say, the limiter hears here.
        if let Some((key, _)) = &self.key
            && fault.kind == ErrorKind::RateLimited
            && (fault.retry_after.is_some() || answer.status != StatusCode::TOO_MANY_REQUESTS)
        {
            let signal = LimitSignal {
                retry_after: fault.retry_after.or(answer.limits.retry_after),
                ..LimitSignal::default()
            };
            let limiter = self.pipeline.shared.context.limiter();
            limiter.observe(key, &signal, true);
        }
        let mut error = fault.into_error().with_status(answer.status);
        if error.request_id().is_none()
            && let Some(id) = answer.request_id
        {
            error = error.with_request_id(id);
        }
        if let (None, Some(wait)) = (error.retry_after(), answer.limits.retry_after) {
            error = error.with_retry_after(wait);
        }
        if answer.status == StatusCode::TOO_MANY_REQUESTS
            && answer.limits.daily_remaining == Some(0)
        {
            error = error.with_retryable(false).with_code("daily_limit");
        }
        if !answer.read.is_empty() {
            error = error.with_body(answer.read);
        }
        Attempt::Failed {
            error,
            arrived,
            credential,
            refused: sent,
        }
    }

    fn log(&self, elapsed: Duration, status: Option<StatusCode>, request_id: Option<&str>) {
        let provider = self.pipeline.provider();
        let operation = self.request.operation.name;
        let class = match status {
            Some(status) => ["1xx", "2xx", "3xx", "4xx", "5xx"]
                [usize::from(status.as_u16() / 100).clamp(1, 5) - 1],
            None => "none",
        };
        metrics::counter!("integrations_http_attempts_total", "provider" => provider, "operation" => operation, "status" => class)
            .increment(1);
        tracing::debug!(
            provider,
            operation,
            attempt = self.attempts,
            status = status.map(|status| status.as_u16()),
            elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            request_id,
            "http attempt"
        );
    }
}

fn out_of_time() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "no complete answer in time: raise the timeout or try later",
    )
}

/// What a deletion that comes again does not find, it may have deleted itself.
fn perhaps_deleted(error: Error) -> Error {
    let hint = "an attempt before this answer may have deleted it";
    let message = match error.message() {
        "" => hint.to_owned(),
        own => format!("{own}; {hint}"),
    };
    error.with_message(message).with_outcome_unknown(true)
}

fn redirected(answer: &Answer, from: &Url) -> Error {
    let target = answer
        .headers
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok());
    let host = target
        .and_then(|target| from.join(target).ok())
        .and_then(|url| url.host_str().map(str::to_owned));
    let message = match host {
        Some(host) if Some(host.as_str()) == from.host_str() => {
            "the provider redirects to another path on the same host: correct the base URL or the path".to_owned()
        }
        Some(host) => format!("the provider redirects to {}: redirects are not followed, so that no credential goes there", Tame::id(&host)),
        None => "the provider redirects without a usable target".to_owned(),
    };
    Error::new(ErrorKind::Redirect, message).with_status(answer.status)
}
