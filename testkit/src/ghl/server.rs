use std::{
    convert::Infallible,
    future::{Future as _, pending, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

use super::{
    body::SimBody,
    journal::RequestRecord,
    pipeline::{Answer, Arrival},
    state::World,
};
use crate::fault::{Fault, FaultPlan, bomb};

const LARGEST_BODY: usize = 16 << 20;
const HTML: &str = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>\
                    <body><h1>Checking your browser</h1></body></html>";

/// What the handle and the server have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    faults: Mutex<FaultPlan>,
}

impl Shared {
    pub(crate) fn new(world: World, faults: FaultPlan) -> Self {
        Self {
            world: Mutex::new(world),
            faults: Mutex::new(faults),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cuts a connection from within one of its requests.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    asked: Notify,
    reset: AtomicBool,
}

impl Cut {
    /// Sends a TCP reset.
    fn reset(&self) {
        self.reset.store(true, Ordering::SeqCst);
        self.asked.notify_one();
    }

    /// Ends the connection in an orderly way, in the middle of what it was sending.
    pub(crate) fn close(&self) {
        self.asked.notify_one();
    }
}

/// Accepts until told to stop.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>, stop: Arc<Notify>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A failed accept is the peer's failure.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(Arc::clone(&shared), stream));
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            () = stop.notified() => break,
        }
    }
    connections.shutdown().await;
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    // Without this, small answers wait for the peer's acknowledgement.
    let _ = stream.set_nodelay(true);
    let cut = Arc::new(Cut::default());
    let service = {
        let cut = Arc::clone(&cut);
        service_fn(move |request| {
            let exchange = exchange(Arc::clone(&shared), Arc::clone(&cut), request);
            async move { Ok::<_, Infallible>(exchange.await) }
        })
    };
    let mut connection = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    // The connection goes first, so that what it has to say is sent before it is cut.
    let finished = {
        let drive = poll_fn(|cx| Pin::new(&mut connection).poll(cx));
        tokio::select! {
            biased;
            _ = drive => true,
            () = cut.asked.notified() => false,
        }
    };
    if !finished {
        let stream = connection.into_parts().io.into_inner();
        if cut.reset.load(Ordering::SeqCst) {
            // Closing with a linger time of zero sends a reset.
            let _ = stream.set_zero_linger();
        }
    }
}

async fn exchange(
    shared: Arc<Shared>,
    cut: Arc<Cut>,
    request: Request<Incoming>,
) -> Response<SimBody> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large");
    };
    let arrival = Arrival {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    let fault = shared.faults().decide(&arrival.method, &arrival.path);
    let sequence = begin(&mut shared.world(), &arrival, fault.as_ref());
    match &fault {
        Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
        Some(Fault::ResetBefore) => return never(&cut).await,
        _ => {}
    }
    let held = fault.as_ref().is_some_and(Fault::prevents_effect);
    let answer = {
        let mut world = shared.world();
        let answer = world.serve(&arrival, held);
        if let Some(record) = world.journal.get_mut(sequence) {
            record.operation = answer.operation;
            record.token = answer.token;
            record.location.clone_from(&answer.location);
            record.applied = answer.applied;
        }
        answer
    };
    match &fault {
        Some(Fault::ResetAfter) => return never(&cut).await,
        Some(Fault::DelayResponse(time)) => tokio::time::sleep(*time).await,
        _ => {}
    }
    let response = spoil(&answer, fault.as_ref(), cut);
    if let Some(record) = shared.world().journal.get_mut(sequence) {
        record.status = Some(response.status().as_u16());
    }
    response
}

/// Resets the connection and waits for the end.
async fn never(cut: &Cut) -> Response<SimBody> {
    cut.reset();
    pending().await
}

fn begin(world: &mut World, arrival: &Arrival, fault: Option<&Fault>) -> usize {
    let sequence = world.journal.len();
    let record = RequestRecord {
        sequence,
        at: world.now(),
        method: arrival.method.clone(),
        path: arrival.path.clone(),
        query: arrival.query.clone(),
        version: arrival.version().map(str::to_owned),
        operation: None,
        token: super::journal::TokenClass::None,
        location: None,
        status: None,
        applied: false,
        fault: fault.map(Fault::kind),
    };
    world.journal.push(record);
    world.stats.requests += 1;
    world.stats.faults += u64::from(fault.is_some());
    sequence
}

/// The response, as the fault leaves it.
fn spoil(answer: &Answer, fault: Option<&Fault>, cut: Arc<Cut>) -> Response<SimBody> {
    match fault {
        Some(Fault::TooManyRequests { retry_after }) => {
            let text = r#"{"statusCode":429,"message":"Too Many Requests"}"#;
            let mut response = json(StatusCode::TOO_MANY_REQUESTS, Bytes::from(text));
            limits(&mut response, answer);
            if let Some(wait) = retry_after {
                let seconds = wait.as_millis().div_ceil(1000).to_string();
                set(&mut response, "retry-after", &seconds);
            }
            response
        }
        Some(Fault::ServerError(status) | Fault::ServerErrorAfterEffect(status)) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            plain(status, status.canonical_reason().unwrap_or("error"))
        }
        Some(Fault::HtmlOnOk) => {
            let mut response = plain(StatusCode::OK, HTML);
            set(&mut response, "content-type", "text/html; charset=utf-8");
            response
        }
        Some(Fault::Redirect(target)) => {
            let mut response = plain(StatusCode::TEMPORARY_REDIRECT, "");
            set(&mut response, "location", target);
            response
        }
        Some(Fault::GzipBomb(size)) => {
            let mut response = json(StatusCode::OK, Bytes::from(bomb::zeros(*size)));
            set(&mut response, "content-encoding", "gzip");
            response
        }
        Some(Fault::EmptyBody) => {
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
            json(status, Bytes::new())
        }
        Some(Fault::NoContent) => {
            let mut response = plain(StatusCode::NO_CONTENT, "");
            response.headers_mut().remove(header::CONTENT_TYPE);
            limits(&mut response, answer);
            response
        }
        Some(Fault::TruncatedBody) => {
            let mut response = honest(answer);
            let whole = std::mem::take(response.body_mut()).into_bytes();
            set(&mut response, "content-length", &whole.len().to_string());
            *response.body_mut() = SimBody::truncated(whole.slice(..whole.len() / 2), cut);
            response
        }
        _ => honest(answer),
    }
}

fn honest(answer: &Answer) -> Response<SimBody> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let body = match &answer.body {
        Value::Null => Bytes::new(),
        body => Bytes::from(body.to_string()),
    };
    let mut response = json(status, body);
    limits(&mut response, answer);
    response
}

fn limits(response: &mut Response<SimBody>, answer: &Answer) {
    for (name, value) in &answer.headers {
        set(response, name, value);
    }
}

fn json(status: StatusCode, body: Bytes) -> Response<SimBody> {
    let mut response = Response::new(SimBody::full(body));
    *response.status_mut() = status;
    set(
        &mut response,
        "content-type",
        "application/json; charset=utf-8",
    );
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<SimBody> {
    let mut response = json(status, Bytes::from_static(text.as_bytes()));
    set(&mut response, "content-type", "text/plain; charset=utf-8");
    response
}

fn set(response: &mut Response<SimBody>, name: &str, value: &str) {
    let name = http::HeaderName::try_from(name);
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}
