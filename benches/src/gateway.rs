//! The gateway over a bare reverse proxy: the same calls through both, in turns, to the same system behind them.
//!
//! Callers, gateway, proxy and the system behind them share this process and its cores. Both forward with the same HTTP
//! library, so that the difference is what the gateway does: key, rate limit, catalogue, user's token, headers, envelope.

mod caller;
mod system;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use integrations_core::{Error, ErrorKind, Result};
use integrations_server::Gateway;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::report::median;
use caller::Load;
pub(crate) use system::ANSWER;
use system::System;

const ROUNDS: usize = 5;
const SPAN: Duration = Duration::from_secs(2);
/// Of the measurement of throughput: each sends its next call when the last one was answered.
const CALLERS: usize = 32;
/// Of the measurement of latency: calls a second, far below what either can do.
const RATE: u32 = 400;
const KEY: &str = "bench-key";
const TOKEN: &str = "bench-token";

/// What a call looks like to each of the three.
struct Way {
    name: &'static str,
    address: SocketAddr,
    request: String,
}

pub(crate) fn run() -> Value {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let measured = match runtime {
        Ok(runtime) => runtime.block_on(measure()),
        Err(error) => return json!({ "bench": "gateway", "error": error.to_string() }),
    };
    measured.unwrap_or_else(|error| json!({ "bench": "gateway", "error": error.to_string() }))
}

async fn measure() -> Result<Value> {
    let behind = serve(system::router()).await?;
    let bare = serve(
        Router::new()
            .fallback(forward)
            .with_state(Forwarder::new(behind)?),
    )
    .await?;
    let gateway = Gateway::builder(Arc::new(System::new(behind)?))
        .key("bench", KEY)
        .rate_limit(1_000_000_000, Duration::from_secs(1))
        .build()?;
    let gateway = serve(gateway.at("/api/verity")).await?;

    let get = |path: &str, extra: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\n{extra}\r\n")
    };
    let envelope = json!({
        "endpoint": "/api/calls/agents/[id]", "method": "GET", "params": {"id": "a1"}, "query": {"page": "1"},
        "headers": {"Authorization": format!("Bearer {TOKEN}"), "Accept": "application/json"},
    })
    .to_string();
    let ways = [
        Way {
            name: "bare_proxy",
            address: bare,
            request: get("/api/calls/agents/a1?page=1", ""),
        },
        Way {
            name: "pass_through",
            address: gateway,
            request: get(
                "/api/verity/calls/agents/a1?page=1",
                &format!("x-api-key: {KEY}\r\nauthorization: Bearer {TOKEN}\r\n"),
            ),
        },
        Way {
            name: "envelope",
            address: gateway,
            request: format!(
                "POST /api/verity HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {KEY}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{envelope}",
                envelope.len()
            ),
        },
    ];
    for way in &ways {
        Load::closed(way.address, &way.request, CALLERS, SPAN / 4).await?;
    }
    let mut fast = [const { Vec::new() }; 3];
    let mut paced: [Vec<(f64, f64)>; 3] = [const { Vec::new() }; 3];
    // In turns, so that a busy machine slows all.
    for _ in 0..ROUNDS {
        for (at, way) in ways.iter().enumerate() {
            let load = Load::closed(way.address, &way.request, CALLERS, SPAN).await?;
            fast[at].push(load.rate());
            let load = Load::paced(way.address, &way.request, RATE, SPAN).await?;
            paced[at].push((load.percentile(500), load.percentile(990)));
        }
    }
    let floor_fast = fast[0].clone();
    let floor_paced = paced[0].clone();
    let mut report = serde_json::Map::new();
    for ((way, fast), paced) in ways.iter().zip(fast).zip(paced) {
        let ratios = fast
            .iter()
            .zip(&floor_fast)
            .map(|(ours, floor)| ours / floor);
        let added = |which: fn(&(f64, f64)) -> f64| {
            let pairs = paced.iter().zip(&floor_paced);
            median(
                pairs
                    .map(|(ours, floor)| which(ours) - which(floor))
                    .collect(),
            )
        };
        report.insert(
            way.name.to_owned(),
            json!({
                "requests_per_second": median(fast.clone()).round(),
                "of_bare_proxy": rounded(median(ratios.collect())),
                "p50_ms": rounded(median(paced.iter().map(|one| one.0).collect())),
                "p99_ms": rounded(median(paced.iter().map(|one| one.1).collect())),
                "added_p50_ms": rounded(added(|one| one.0)),
                "added_p99_ms": rounded(added(|one| one.1)),
            }),
        );
    }
    Ok(json!({
        "bench": "gateway",
        "floor": "axum and the same HTTP library, headers and body forwarded as they are",
        "callers": CALLERS,
        "paced_requests_per_second": RATE,
        "rounds": ROUNDS,
        "answer_bytes": ANSWER.len(),
        "ways": report,
    }))
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Serves a router at an address of its own.
pub(crate) async fn serve(router: Router) -> Result<SocketAddr> {
    let failed =
        |error: std::io::Error| Error::new(ErrorKind::Io, "no free port").with_source(error);
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |socket| {
        // Without it a measurement is one of the kernel's patience.
        let _ = socket.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// The floor: what any reverse proxy has to do.
#[derive(Clone)]
struct Forwarder {
    client: reqwest::Client,
    base: Arc<str>,
}

impl Forwarder {
    fn new(behind: SocketAddr) -> Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the raw library is the floor of this measurement"
        )]
        let client = reqwest::Client::builder()
            .tcp_nodelay(true)
            .no_proxy()
            .build();
        let client = client.map_err(|error| Error::config("no client").with_source(error))?;
        Ok(Self {
            client,
            base: format!("http://{behind}").into(),
        })
    }
}

async fn forward(State(forwarder): State<Forwarder>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut outgoing = forwarder
        .client
        .request(parts.method, format!("{}{path}", forwarder.base))
        .headers(parts.headers);
    if !axum::body::HttpBody::is_end_stream(&body) {
        outgoing = outgoing.body(reqwest::Body::wrap_stream(body.into_data_stream()));
    }
    match outgoing.send().await {
        Ok(mut answer) => {
            let headers = std::mem::take(answer.headers_mut());
            let mut response = Response::new(Body::empty());
            *response.status_mut() = answer.status();
            *response.headers_mut() = headers;
            *response.body_mut() = Body::from_stream(answer.bytes_stream());
            response
        }
        Err(_) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        }
    }
}
