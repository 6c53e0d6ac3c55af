//! A catalogue of 500 operations as an MCP server: the list of its tools and one call, over a pair of streams and over
//! HTTP, each beside its floor in the same run.
//!
//! The floor of a list is an echo: the same request read as JSON, and the bytes of the same answer written back. The floor
//! of a call is the same operation called by the client itself, to the same system behind it. All of them share this
//! process and its cores; each is asked one after the other, in turns.

mod floor;
mod peer;
mod system;

use std::sync::Arc;

use axum::Router;
use integrations_core::catalog::{Arguments, Catalog};
use integrations_core::{Error, ErrorKind, Result};
use integrations_mcp::{HttpOptions, McpServer};
use serde_json::{Map, Value, json};
use tokio::time::{Duration, Instant};
use verity_client::catalog::VerityCatalog;

use crate::gateway::serve;
use peer::{Http, Peer, Pipe};

const TOOLS: usize = 500;
const ROUNDS: usize = 5;
/// Of each thing that is measured in each round.
const CALLS: usize = 400;
const PAGE: usize = 100;

pub(crate) fn run() -> Value {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let measured = match runtime {
        Ok(runtime) => runtime.block_on(measure()),
        Err(error) => return json!({ "bench": "mcp", "error": error.to_string() }),
    };
    measured.unwrap_or_else(|error| json!({ "bench": "mcp", "error": error.to_string() }))
}

/// What the answers took.
#[derive(Default)]
struct Taken(Vec<Duration>);

impl Taken {
    fn percentile(&self, share: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let at = (sorted.len() * share / 1000).min(last);
        sorted
            .get(at)
            .map_or(f64::NAN, |taken| taken.as_secs_f64() * 1e6)
    }
}

async fn measure() -> Result<Value> {
    let begun = Instant::now();
    let client = system::client().await?;
    let file = Arc::new(system::catalogue(TOOLS)?);
    let read = begun.elapsed();
    let catalog = Arc::new(VerityCatalog::new(&client, file));
    let begun = Instant::now();
    let server = McpServer::builder(Arc::clone(&catalog) as Arc<dyn Catalog>)
        .page_size(PAGE)
        .build()?;
    let whole = McpServer::builder(Arc::clone(&catalog) as Arc<dyn Catalog>)
        .page_size(TOOLS)
        .build()?;
    let built = begun.elapsed() / 2;

    let tool = &catalog.operations()[TOOLS / 2];
    let mut arguments = Arguments::default();
    arguments.path.insert("id".to_owned(), "a1".to_owned());
    arguments.query.push(("page".to_owned(), "1".to_owned()));
    let page = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool.name, "arguments": {"id": "a1", "page": 1}}});

    let options = || HttpOptions::default().sessions(false).json(true);
    let routes = Router::new()
        .route_service("/page", server.http(options()))
        .route_service("/whole", whole.http(options()));
    let http = serve(routes).await?;
    let mut ours: Vec<(&str, Box<dyn Peer>, &Value)> = vec![
        (
            "list_page",
            Box::new(Pipe::begin(server.clone()).await?),
            &page,
        ),
        (
            "list_all",
            Box::new(Pipe::begin(whole.clone()).await?),
            &page,
        ),
        ("call", Box::new(Pipe::begin(server.clone()).await?), &call),
        (
            "list_page",
            Box::new(Http::connect(http, "/page").await?),
            &page,
        ),
        (
            "list_all",
            Box::new(Http::connect(http, "/whole").await?),
            &page,
        ),
        ("call", Box::new(Http::connect(http, "/page").await?), &call),
    ];
    let mut floors: Vec<Box<dyn Peer>> = Vec::new();
    let mut sizes = Vec::new();
    for (at, (name, peer, request)) in ours.iter_mut().enumerate() {
        let answer = peer.ask(request).await?;
        check(name, &answer)?;
        sizes.push(answer.to_string().len());
        let over_http = at >= 3;
        floors.push(match (*name, over_http) {
            ("call", _) => Box::new(floor::Direct::new(&catalog, tool, &arguments)),
            (_, false) => Box::new(floor::echo_over_pipe(&answer)),
            (_, true) => Box::new(floor::echo_over_http(&answer).await?),
        });
    }

    let mut taken: Vec<(Taken, Taken)> = ours.iter().map(|_| Default::default()).collect();
    // In turns, so that a busy machine slows all.
    for round in 0..=ROUNDS {
        for ((floor, (_, peer, request)), taken) in floors.iter_mut().zip(&mut ours).zip(&mut taken)
        {
            let floor = asked(&mut **floor, request).await?;
            let own = asked(&mut **peer, request).await?;
            // The first round warms everything up.
            if round > 0 {
                taken.0.0.extend(floor);
                taken.1.0.extend(own);
            }
        }
    }
    let mut report = [Map::new(), Map::new()];
    for (at, ((name, ..), (floor, own))) in ours.iter().zip(&taken).enumerate() {
        let of = |share: usize| (own.percentile(share), floor.percentile(share));
        let ((p50, floor_p50), (p99, floor_p99)) = (of(500), of(990));
        report[at / 3].insert(
            (*name).to_owned(),
            json!({
                "p50_us": p50.round(), "p99_us": p99.round(),
                "floor_p50_us": floor_p50.round(), "floor_p99_us": floor_p99.round(),
                "ratio_p50": rounded(p50 / floor_p50), "ratio_p99": rounded(p99 / floor_p99),
                "added_p50_us": (p50 - floor_p50).round(),
                "answer_bytes": sizes[at],
            }),
        );
    }
    let [pipe, http] = report;
    Ok(json!({
        "bench": "mcp",
        "floor": "of lists, an echo of the same bytes; of calls, the same call by the client itself",
        "tools": TOOLS,
        "page_size": PAGE,
        "calls": ROUNDS * CALLS,
        "catalogue_read_ms": rounded(read.as_secs_f64() * 1000.0),
        "server_built_ms": rounded(built.as_secs_f64() * 1000.0),
        "streams": pipe,
        "http": http,
    }))
}

async fn asked(peer: &mut dyn Peer, request: &Value) -> Result<Vec<Duration>> {
    let mut taken = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let begun = Instant::now();
        peer.ask_raw(request).await?;
        taken.push(begun.elapsed());
    }
    Ok(taken)
}

/// A measurement of refusals would be a fast one.
fn check(name: &str, answer: &Value) -> Result<()> {
    let result = &answer["result"];
    let tools = result["tools"].as_array().map(Vec::len);
    let good = match name {
        "list_page" => tools == Some(PAGE),
        "list_all" => tools == Some(TOOLS),
        _ => result["structuredContent"]["calls"].is_array(),
    };
    match good {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Other,
            format!("{name} was not answered as it should: {answer:.300}"),
        )),
    }
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
