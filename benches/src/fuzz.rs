//! Random and mutated requests through the routers of this workspace, in this process: no sockets, no rest between them.
//!
//! Each execution has a number, and with the seed it is the same request again: `fuzz --seed S --only N`. A finding is a
//! panic, an answer that never comes, or what the target says of an answer.

mod gateway;
mod mutate;
mod sample;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use clap::Args;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use tower::ServiceExt as _;

use mutate::mutated;
use sample::{Got, Sample};

/// An answer takes microseconds here.
const PATIENCE: Duration = Duration::from_secs(5);
/// Findings that are shown; all are counted.
const SHOWN: usize = 20;

#[derive(Args)]
pub(crate) struct Options {
    /// How long to go on.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// What the requests are made from; a random one by default.
    #[arg(long)]
    seed: Option<u64>,
    /// Only the execution with this number.
    #[arg(long)]
    only: Option<u64>,
    /// Only this target.
    #[arg(long)]
    target: Option<String>,
}

/// Routes to be fuzzed.
///
/// Another set of routes is one of these: its router, good requests to begin with, and what no answer of it may be.
trait Target {
    /// Its name in the report.
    fn name(&self) -> &'static str;

    /// The routes. They are made once, and see all requests.
    fn router(&self) -> Router;

    /// Requests that are answered well.
    fn seeds(&self) -> Vec<Sample>;

    /// Pieces of text that mean something to it.
    fn words(&self) -> &'static [&'static str];

    /// What is wrong with an answer.
    fn judge(&self, sample: &Sample, got: &Got) -> Vec<String>;
}

/// What a target showed.
#[derive(Default)]
struct Tally {
    executions: u64,
    refused_before: u64,
    statuses: BTreeMap<u16, u64>,
    findings: u64,
    shown: Vec<Value>,
}

/// Fuzzes all targets, each for its share of the time. The second value is the number of findings.
pub(crate) fn run(options: &Options) -> (Value, u64) {
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return (json!({ "bench": "fuzz", "error": error.to_string() }), 1),
    };
    let targets: Vec<Box<dyn Target>> = vec![Box::new(gateway::GatewayTarget::default())];
    let wanted = |target: &dyn Target| {
        let only = options.target.as_deref();
        only.is_none_or(|only| only == target.name())
    };
    let targets: Vec<_> = targets.into_iter().filter(|one| wanted(&**one)).collect();
    let share =
        Duration::from_secs(options.seconds) / u32::try_from(targets.len().max(1)).unwrap_or(1);
    let mut report = serde_json::Map::new();
    let mut findings = u64::from(targets.is_empty());
    for target in &targets {
        let begun = Instant::now();
        let tally = runtime.block_on(fuzz(&**target, seed, options.only, share));
        findings += tally.findings;
        let took = begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a count of executions fits")]
        let rate = tally.executions as f64 / took;
        report.insert(
            target.name().to_owned(),
            json!({
                "executions": tally.executions,
                "executions_per_second": rate.round(),
                "no_http_at_all": tally.refused_before,
                "statuses": tally.statuses,
                "findings": tally.findings,
                "shown": tally.shown,
            }),
        );
    }
    let report = json!({
        "bench": "fuzz",
        "seed": seed.to_string(),
        "seconds": options.seconds,
        "targets": report,
    });
    (report, findings)
}

async fn fuzz(target: &dyn Target, seed: u64, only: Option<u64>, span: Duration) -> Tally {
    let (router, seeds) = (target.router(), target.seeds());
    let mut tally = Tally::default();
    let until = Instant::now() + span;
    let mut number = only.unwrap_or(0);
    loop {
        let mut random =
            fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let sample = mutated(&seeds, target.words(), &mut random);
        tally.executions += 1;
        match sample.request(&mut random) {
            // What no HTTP library lets through to a router.
            None => tally.refused_before += 1,
            Some(request) => {
                let faults = match execute(&router, request).await {
                    Ok(got) => {
                        *tally.statuses.entry(got.status).or_default() += 1;
                        target.judge(&sample, &got)
                    }
                    Err(fault) => vec![fault.to_owned()],
                };
                for fault in faults {
                    tally.findings += 1;
                    if tally.shown.len() < SHOWN {
                        tally.shown.push(json!({
                            "number": number, "finding": fault, "request": sample.to_string(),
                        }));
                    }
                }
            }
        }
        number += 1;
        if only.is_some() || Instant::now() >= until {
            return tally;
        }
    }
}

/// In a task of its own, so that a panic costs one execution.
async fn execute(
    router: &Router,
    request: http::Request<axum::body::Body>,
) -> Result<Got, &'static str> {
    let answered = tokio::spawn({
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request).await;
            Got::read(response).await
        }
    });
    match timeout(PATIENCE, answered).await {
        Ok(Ok(got)) => Ok(got),
        Ok(Err(_)) => Err("a panic"),
        Err(_) => Err("no answer"),
    }
}
