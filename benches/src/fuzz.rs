//! Random and mutated requests through the routes and servers of this workspace, in this process: no sockets, no rest
//! between them.
//!
//! Each execution has a number, and with the seed it is the same request again: `fuzz --seed S --target T --only N`. A
//! finding is a panic, an answer that never comes, or what the target says of an answer, and of all of them at the end.

mod gateway;
mod mcp;
mod mutate;
mod sample;
mod tools;
mod ways;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clap::Args;
use integrations_core::Result;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use mutate::mutated;
use sample::{Got, Job, Sample};

/// An answer takes microseconds here.
const PATIENCE: Duration = Duration::from_secs(10);
/// Findings that are shown of each target; all are counted.
const SHOWN: usize = 20;

#[derive(Args)]
pub(crate) struct Options {
    /// How long to go on, all targets together.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// What the requests are made from; a random one by default.
    #[arg(long)]
    seed: Option<u64>,
    /// Only the execution with this number.
    #[arg(long)]
    only: Option<u64>,
    /// Only targets whose name begins so.
    #[arg(long)]
    target: Option<String>,
}

/// Something to be fuzzed.
///
/// Another set of routes is one of these: good requests to begin with, and what no answer to it may be.
#[async_trait]
trait Target: Send + Sync {
    /// Its name in the report.
    fn name(&self) -> String;

    /// Requests that are answered well.
    fn seeds(&self) -> Vec<Sample>;

    /// Pieces of text that mean something to it.
    fn words(&self) -> &'static [&'static str];

    /// What is done to a sample when it has been changed, such as signing it again.
    fn finish(&self, _sample: &mut Sample, _random: &mut fastrand::Rng) {}

    /// Sends a sample; `None` when it cannot be sent at all.
    fn begin(&self, sample: &Sample, random: &mut fastrand::Rng) -> Option<Job>;

    /// What is wrong with an answer.
    fn judge(&self, sample: &Sample, got: &Got) -> Vec<String>;

    /// What is wrong when all is done.
    async fn settle(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
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

impl Tally {
    fn found(&mut self, finding: String, of: Option<(u64, &Sample, Option<&Got>)>) {
        self.findings += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(json!({
                "finding": finding,
                "number": of.map(|(number, ..)| number),
                "request": of.map(|(_, sample, _)| sample.to_string()),
                "answer": of.and_then(|(.., got)| got).map(ToString::to_string),
            }));
        }
    }
}

/// Fuzzes all targets, each for its share of the time. The second value is the number of findings.
pub(crate) fn run(options: &Options) -> (Value, u64) {
    let failed = |error: String| (json!({ "bench": "fuzz", "error": error }), 1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => match runtime.block_on(all(options)) {
            Ok(done) => done,
            Err(error) => failed(error.to_string()),
        },
        Err(error) => failed(error.to_string()),
    }
}

async fn all(options: &Options) -> Result<(Value, u64)> {
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut targets: Vec<Box<dyn Target>> = vec![
        Box::new(gateway::GatewayTarget::default()),
        Box::new(mcp::HttpTarget::new()?),
        Box::new(mcp::StdioTarget::new()?),
    ];
    let house = Arc::new(webhooks::House::open().await?);
    for way in 0..house.ways() {
        targets.push(Box::new(webhooks::WebhookTarget::new(&house, way)));
    }
    let only = options.target.as_deref();
    targets.retain(|target| only.is_none_or(|only| target.name().starts_with(only)));
    let share =
        Duration::from_secs(options.seconds) / u32::try_from(targets.len().max(1)).unwrap_or(1);
    let mut report = serde_json::Map::new();
    let mut findings = u64::from(targets.is_empty());
    let mut executions = 0;
    for target in &targets {
        let begun = Instant::now();
        let mut tally = fuzz(&**target, seed, options.only, share).await;
        let took = begun.elapsed().as_secs_f64();
        for finding in target.settle().await? {
            tally.found(finding, None);
        }
        findings += tally.findings;
        executions += tally.executions;
        #[expect(clippy::cast_precision_loss, reason = "a count of executions fits")]
        let rate = tally.executions as f64 / took;
        report.insert(
            target.name(),
            json!({
                "executions": tally.executions,
                "executions_per_second": rate.round(),
                "cannot_be_sent": tally.refused_before,
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
        "executions": executions,
        "findings": findings,
        "targets": report,
    });
    Ok((report, findings))
}

async fn fuzz(target: &dyn Target, seed: u64, only: Option<u64>, span: Duration) -> Tally {
    let seeds = target.seeds();
    let mut tally = Tally::default();
    let until = Instant::now() + span;
    let mut number = only.unwrap_or(0);
    loop {
        let mut random =
            fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut sample = mutated(&seeds, target.words(), &mut random);
        target.finish(&mut sample, &mut random);
        tally.executions += 1;
        match target.begin(&sample, &mut random) {
            // What no HTTP library lets through to a router.
            None => tally.refused_before += 1,
            Some(job) => {
                let (got, faults) = match execute(job).await {
                    Ok(got) => {
                        *tally.statuses.entry(got.status).or_default() += 1;
                        let faults = target.judge(&sample, &got);
                        (Some(got), faults)
                    }
                    Err(fault) => (None, vec![fault.to_owned()]),
                };
                for fault in faults {
                    tally.found(fault, Some((number, &sample, got.as_ref())));
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
async fn execute(job: Job) -> Result<Got, &'static str> {
    let task = tokio::spawn(job);
    let stop = task.abort_handle();
    match timeout(PATIENCE, task).await {
        Ok(Ok(got)) => Ok(got),
        Ok(Err(_)) => Err("a panic"),
        Err(_) => {
            stop.abort();
            Err("no answer")
        }
    }
}
