//! The three ways in.

use axum::extract::{OriginalUri, Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use integrations_core::catalog::{Route, UpstreamCall};
use integrations_core::http::{Body as Outgoing, Query};
use serde_json::json;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;

use super::answer::{self, Meta, Whole};
use super::body::{Fault, Upload, announced, collect, download};
use super::envelope::Envelope;
use super::headers::{REQUEST_ID, is_doubled, pass, request_id};
use super::keys::{TokenPlace, bearer};
use super::proxy::{of_answer, of_caller};
use super::refusal::{Code, METHODS, Refusal, bare};
use super::report::{self, Form, Report};
use super::{Gateway, path as paths};

const NOSNIFF: (header::HeaderName, HeaderValue) = (
    header::X_CONTENT_TYPE_OPTIONS,
    HeaderValue::from_static("nosniff"),
);

pub(super) async fn root(State(gateway): State<Gateway>, request: Request) -> Response {
    let form = match *request.method() {
        Method::GET | Method::HEAD => Form::Catalog,
        Method::POST => Form::Envelope,
        _ => Form::Other,
    };
    gateway.serve(form, request).await
}

pub(super) async fn path(State(gateway): State<Gateway>, request: Request) -> Response {
    gateway.serve(Form::Path, request).await
}

pub(super) async fn nowhere(State(gateway): State<Gateway>, request: Request) -> Response {
    gateway.serve(Form::Other, request).await
}

impl Gateway {
    async fn serve(&self, form: Form, request: Request) -> Response {
        let id = request_id(request.headers());
        let mut report = Report::new(form, &id);
        let span = report.span.clone();
        let mut response = self
            .answer(request, &id, &mut report)
            .instrument(span)
            .await;
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID, id);
        }
        headers.insert(NOSNIFF.0, NOSNIFF.1);
        response
    }

    async fn answer(&self, request: Request, id: &str, report: &mut Report) -> Response {
        let passes = report.form == Form::Path;
        let answered = match self.admitted(&request, report) {
            Err(refusal) => Err(refusal),
            Ok(_) if is_doubled(request.headers()) => {
                let message = "A header is there twice";
                Err(Refusal::new(Code::InvalidRequest, message))
            }
            Ok(place) => match report.form {
                Form::Catalog => self.catalog(&request),
                // Boxed: it is the largest by far, and rare beside the calls that are passed through.
                Form::Envelope => Box::pin(self.envelope(request, id, report)).await,
                Form::Path => Box::pin(self.pass(request, place, id, report)).await,
                Form::Other => other(&request),
            },
        };
        let refusal = match answered {
            Ok(response) => {
                if report.is_open() {
                    report.answered(response.status());
                }
                return response;
            }
            Err(refusal) => refusal,
        };
        let code = refusal.code;
        let mut response = refusal.into_response(self.settings().production, None);
        if passes && code == Code::ProxyError {
            // The envelope's 500 is a word of its own; here HTTP's own word for it is free.
            *response.status_mut() = StatusCode::BAD_GATEWAY;
        }
        report.refused(code, response.status());
        response
    }

    /// The key, and what its holder may send.
    fn admitted(&self, request: &Request, report: &mut Report) -> Result<TokenPlace, Refusal> {
        let admitted = self.keys().admit(request.headers());
        let (holder, place) = admitted.ok_or_else(Refusal::unauthorized)?;
        report.key(&holder.name);
        match holder.bucket.map_or(Ok(()), |bucket| bucket.take()) {
            Ok(()) => Ok(place),
            Err(wait) => Err(Refusal::rate_limited(wait)),
        }
    }

    fn catalog(&self, request: &Request) -> Result<Response, Refusal> {
        let catalog = self.upstream().document().ok_or_else(|| {
            Refusal::new(Code::CatalogUnavailable, "API catalog is not available")
        })?;
        let here = request.extensions().get::<OriginalUri>();
        let here = here.map_or(request.uri().path(), |uri| uri.0.path());
        let response = answer::data(&json!({
            "catalog": catalog,
            "gateway": {
                "endpoint": here,
                "method": "POST",
                "description": self.settings().description,
            },
        }));
        if *request.method() != Method::HEAD {
            return Ok(response);
        }
        let mut head = bare(response.status());
        *head.headers_mut() = response.headers().clone();
        Ok(head)
    }

    async fn envelope(
        &self,
        request: Request,
        id: &str,
        report: &mut Report,
    ) -> Result<Response, Refusal> {
        let settings = self.settings();
        let (parts, body) = request.into_parts();
        if !answer::is_json(parts.headers.get(header::CONTENT_TYPE)) {
            let message = "The body must be sent as application/json";
            return Err(Refusal::new(Code::UnsupportedMediaType, message));
        }
        if parts.headers.contains_key(header::CONTENT_ENCODING) {
            let message = "The body must not be compressed";
            return Err(Refusal::new(Code::UnsupportedMediaType, message));
        }
        let limit = settings.envelope_limit;
        if announced(&parts.headers).is_some_and(|length| length > limit as u64) {
            return Err(of_caller(Fault::TooLarge));
        }
        let read = collect(body.into_data_stream(), limit, &self.0.memory);
        let read = timeout(settings.read_timeout, read).await;
        let bytes = read.unwrap_or(Err(Fault::TooSlow)).map_err(of_caller)?;
        let envelope = Envelope::read(&bytes, &settings.prefix)?;
        drop(bytes);
        let route = self.route(
            &envelope.method,
            &envelope.endpoint,
            &envelope.parameters,
            report,
        )?;
        self.check(&route, &envelope)?;
        let token = self.allow(&route, envelope.token.as_deref()).await?;
        let (endpoint, method) = (envelope.endpoint, envelope.method.clone());
        let mut call = UpstreamCall::new(envelope.method, route);
        let mut query = Query::new();
        for (name, value) in &envelope.query {
            query.push(name, value);
        }
        call.query = (!query.is_empty()).then(|| query.as_str().to_owned());
        call.headers = self.sent(&envelope.headers, id);
        call.headers.remove(header::CONTENT_TYPE);
        call.headers.remove(header::CONTENT_ENCODING);
        if let Some(body) = envelope.body {
            call.body = Outgoing::json_text(body, &mut call.headers);
        }
        call.token = token;
        let begun = Instant::now();
        let answer = self.whole(call, begun).await;
        let production = settings.production;
        let meta = |status: StatusCode| Meta {
            endpoint: &endpoint,
            method: method.as_str(),
            status: status.as_u16(),
            duration: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            timestamp: self.0.clock.now().to_string(),
        };
        let secrets = envelope.token.as_deref();
        let wrapped = answer.and_then(|whole| {
            let mut response = whole.wrap(&meta(whole.status), production, secrets.as_slice())?;
            if let Some(wait) = &whole.retry_after {
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, wait.clone());
            }
            report.answered(whole.status);
            Ok(response)
        });
        Ok(wrapped.unwrap_or_else(|refusal| {
            let (code, status) = (refusal.code, refusal.code.status());
            report.refused(code, status);
            refusal.into_response(production, Some(&meta(status)))
        }))
    }

    /// Whether a call fits what the catalogue says of it.
    fn check(&self, route: &Route, envelope: &Envelope) -> Result<(), Refusal> {
        if route.operation.is_none() {
            return Ok(());
        }
        let body = envelope
            .body
            .as_ref()
            .map(|body| serde_json::from_slice(body));
        let body = body.transpose().map_err(|_| {
            let message = "The body is nested too deeply";
            Refusal::new(Code::InvalidRequest, message)
        })?;
        self.upstream()
            .check(route, &envelope.query, body.as_ref())
            .map_err(|error| Refusal::of_input(&error))
    }

    /// Sends a call and reads its answer, both in time.
    async fn whole(&self, call: UpstreamCall, begun: Instant) -> Result<Whole, Refusal> {
        let settings = self.settings();
        let until = begun + settings.timeout;
        let operation = call.route.operation.clone();
        let sent = timeout_at(until, self.upstream().send(call)).await;
        report::upstream(operation.as_deref(), begun);
        let answer = sent
            .map_err(|_| Refusal::upstream_timeout())?
            .map_err(|error| refused_by(&error))?;
        let chunks = answer.body.into_stream();
        let read = collect(chunks, settings.envelope_limit, &self.0.memory);
        let read = timeout_at(until, read).await;
        Ok(Whole {
            status: answer.status,
            is_json: answer::is_json(answer.headers.get(header::CONTENT_TYPE)),
            retry_after: answer.headers.get(header::RETRY_AFTER).cloned(),
            body: read.unwrap_or(Err(Fault::TooSlow)).map_err(of_answer)?,
        })
    }

    async fn pass(
        &self,
        request: Request,
        place: TokenPlace,
        id: &str,
        report: &mut Report,
    ) -> Result<Response, Refusal> {
        let settings = self.settings();
        let (parts, body) = request.into_parts();
        // They show what was sent, and open a tunnel.
        if parts.method == Method::TRACE || parts.method == Method::CONNECT {
            let message = "This method does not pass";
            return Err(Refusal::new(Code::MethodNotAllowed, message));
        }
        let endpoint = self.endpoint(parts.uri.path())?;
        // What HEAD says is what GET would say, and who may not have the one may not have the other.
        let known = match parts.method {
            Method::HEAD => &Method::GET,
            ref method => method,
        };
        let route = self.route(known, &endpoint, &Default::default(), report)?;
        let query = parts.uri.query().filter(|query| !query.is_empty());
        let (body, upload) =
            Upload::new(body, settings.stream_limit, settings.idle_timeout).map_err(of_caller)?;
        if route.operation.is_some() && matches!(body, Outgoing::Empty) {
            // A body that is passed through is not read, and a call that has one cannot be judged as a whole.
            let query: Vec<_> = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
            self.upstream()
                .check(&route, &query, None)
                .map_err(|error| Refusal::of_input(&error))?;
        }
        let token = token(&parts, place)?;
        let token = self.allow(&route, token).await?;
        let is_head = parts.method == Method::HEAD;
        let mut call = UpstreamCall::new(parts.method, route);
        call.query = query.map(str::to_owned);
        call.headers = self.sent(&parts.headers, id);
        call.body = body;
        call.token = token;
        let (operation, begun) = (call.route.operation.clone(), report.begun());
        let sent = upload
            .answered(settings.timeout, self.upstream().send(call))
            .await;
        report::upstream(operation.as_deref(), begun);
        let answer = match (sent, upload.fault()) {
            (Some(Ok(answer)), _) => answer,
            // The caller's fault, whatever the upstream made of it.
            (_, Some(fault)) => return Err(of_caller(fault)),
            (Some(Err(error)), None) => return Err(refused_by(&error)),
            (None, None) => return Err(Refusal::upstream_timeout()),
        };
        if answer.status.is_informational() {
            return Err(Refusal::proxy_error("The upstream wants another protocol"));
        }
        let mut response = if is_head {
            bare(answer.status)
        } else {
            let mut response = Response::new(download(answer.body, settings.idle_timeout));
            *response.status_mut() = answer.status;
            response
        };
        *response.headers_mut() = pass(&answer.headers, &settings.shown);
        Ok(response)
    }

    /// What a path below the gateway's own means, with the prefix of all endpoints.
    fn endpoint(&self, path: &str) -> Result<String, Refusal> {
        let prefix = &self.settings().prefix;
        let has_it = path
            .strip_prefix(prefix.as_str())
            .is_some_and(|rest| rest.starts_with('/'));
        let endpoint = if has_it {
            path.to_owned()
        } else {
            format!("{prefix}{path}")
        };
        match paths::is_endpoint(&endpoint) {
            true => Ok(endpoint),
            false => Err(Refusal::new(
                Code::InvalidEndpoint,
                "Endpoint is not a plain path",
            )),
        }
    }

    /// What the upstream is told of a caller's headers.
    fn sent(&self, headers: &HeaderMap, id: &str) -> HeaderMap {
        let mut sent = pass(headers, &self.settings().sent);
        if let Ok(id) = HeaderValue::from_str(id) {
            sent.insert(REQUEST_ID, id);
        }
        sent
    }
}

/// The user's token in a request that is passed through.
fn token(parts: &Parts, place: TokenPlace) -> Result<Option<&str>, Refusal> {
    if place == TokenPlace::Nowhere {
        return Ok(None);
    }
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => bearer(value.as_bytes())
            .and_then(|token| std::str::from_utf8(token).ok())
            .map(Some)
            .ok_or_else(Refusal::invalid_token),
        _ => Err(Refusal::invalid_token()),
    }
}

/// A call that the upstream did not get answered, for the log and for the caller.
fn refused_by(error: &integrations_core::Error) -> Refusal {
    tracing::error!(
        kind = error.kind().as_str(),
        code = error.code(),
        "the upstream did not answer"
    );
    match error.kind() {
        integrations_core::ErrorKind::Validation => Refusal::of_input(error),
        _ => Refusal::of_upstream(error),
    }
}

/// What is neither a call nor the catalogue.
fn other(request: &Request) -> Result<Response, Refusal> {
    if !matches!(request.uri().path(), "" | "/") {
        return Err(Refusal::new(Code::NotFound, "Nothing is here"));
    }
    if *request.method() != Method::OPTIONS {
        return Err(Refusal::new(Code::MethodNotAllowed, "Use POST or GET"));
    }
    let mut response = bare(StatusCode::NO_CONTENT);
    response.headers_mut().insert(header::ALLOW, METHODS);
    Ok(response)
}
