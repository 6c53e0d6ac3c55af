//! Jobs: our facade against the bare engine on the same database: enqueuing, running, and how soon a job is picked up.
//!
//! Both are set to the same cooldown and poll interval, and take turns in each round, on a fresh database each time.

mod bare;
mod facade;

use std::path::PathBuf;
use std::time::Duration;

use integrations_core::Result;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::report::median;

/// Jobs that 16 tasks enqueue one by one.
pub(super) const SINGLE: u32 = 800;
pub(super) const TASKS: u32 = 16;
/// Jobs that are enqueued in batches, and then all of them run.
pub(super) const BULK: u32 = 6_000;
pub(super) const BATCH: u32 = 500;
/// Jobs that are enqueued one after the other while a runner has nothing else to do.
pub(super) const PICKUPS: u32 = 120;
pub(super) const WORKERS: usize = 32;
pub(super) const COOLDOWN: Duration = Duration::from_millis(5);
const ROUNDS: usize = 3;

/// What one contender did in one round.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Figures {
    pub(super) enqueue_single: f64,
    pub(super) enqueue_batch: f64,
    pub(super) process: f64,
    pub(super) pickup_p50_ms: f64,
    pub(super) pickup_p99_ms: f64,
}

/// A database of one round.
pub(super) struct Place {
    pub(super) url: String,
    pub(super) schema: String,
    pub(super) poll: Duration,
    directory: Option<PathBuf>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            // A directory that stays in the temporary files harms nobody.
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// Measures both contenders on both engines; PostgreSQL only where it is installed.
pub(crate) fn run() -> Value {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let measured = match runtime {
        Ok(runtime) => runtime.block_on(measure()),
        Err(error) => return json!({ "bench": "jobs", "error": error.to_string() }),
    };
    match measured {
        Ok(engines) => json!({
            "bench": "jobs",
            "jobs": { "single": SINGLE, "batch": BULK, "pickups": PICKUPS },
            "workers": WORKERS,
            "engines": engines,
        }),
        Err(error) => json!({ "bench": "jobs", "error": error.to_string() }),
    }
}

async fn measure() -> Result<Map<String, Value>> {
    let mut engines = Map::new();
    engines.insert("sqlite".to_owned(), rounds(sqlite).await?);
    if integrations_testkit::postgres::server().is_some() {
        engines.insert("postgres".to_owned(), rounds(postgres).await?);
    }
    Ok(engines)
}

async fn rounds(place: fn(&str) -> Option<Place>) -> Result<Value> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        if let Some(place) = place(&format!("facade_{round}")) {
            ours.push(facade::round(&place).await?);
        }
        if let Some(place) = place(&format!("bare_{round}")) {
            theirs.push(bare::round(&place).await?);
        }
    }
    Ok(compared(&ours, &theirs))
}

/// One of the figures of a round.
type Figure = fn(&Figures) -> f64;

fn compared(ours: &[Figures], theirs: &[Figures]) -> Value {
    let figures: [(&str, Figure); 5] = [
        ("enqueue_single_per_second", |one| one.enqueue_single),
        ("enqueue_batch_per_second", |one| one.enqueue_batch),
        ("process_per_second", |one| one.process),
        ("pickup_p50_ms", |one| one.pickup_p50_ms),
        ("pickup_p99_ms", |one| one.pickup_p99_ms),
    ];
    let mut report = Map::new();
    for (name, figure) in figures {
        let ours = median(ours.iter().map(figure).collect());
        let theirs = median(theirs.iter().map(figure).collect());
        report.insert(
            name.to_owned(),
            json!({
                "facade": rounded(ours),
                "bare": rounded(theirs),
                "ratio": rounded(ours / theirs),
            }),
        );
    }
    Value::Object(report)
}

fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

fn sqlite(name: &str) -> Option<Place> {
    let directory =
        std::env::temp_dir().join(format!("integrations-jobs-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&directory).ok()?;
    Some(Place {
        url: format!("sqlite://{}", directory.join("jobs.db").display()),
        schema: "main".to_owned(),
        poll: Duration::from_millis(50),
        directory: Some(directory),
    })
}

fn postgres(name: &str) -> Option<Place> {
    let server = integrations_testkit::postgres::server()?;
    Some(Place {
        url: server.url(),
        schema: format!("jobs_{name}"),
        poll: Duration::from_millis(200),
        directory: None,
    })
}

/// So many of something a second.
pub(super) fn rate(count: u32, began: Instant) -> f64 {
    f64::from(count) / began.elapsed().as_secs_f64()
}

/// Before the next pickup: different each time, or every job would come right after a poll.
pub(super) fn pause(at: u32) -> Duration {
    Duration::from_millis(5) + Duration::from_millis(3) * (at % 17)
}

/// The figure below which this share of them lies.
pub(super) fn percentile(figures: &mut [Duration], share: usize) -> f64 {
    figures.sort();
    let at = (figures.len() * share / 100).min(figures.len().saturating_sub(1));
    figures
        .get(at)
        .map_or(f64::NAN, |figure| figure.as_secs_f64() * 1_000.0)
}
