//! Ingest: webhooks over HTTP until they are verified, deduplicated and on the disk with their jobs, over the same rows
//! inserted raw with the same durability and batching.
//!
//! Senders and router share this process and its cores; the floor has neither HTTP nor signatures. At the end what has
//! been stored is worked on by a handler that does nothing: what claiming and completing an event costs.

mod floor;
pub(crate) mod provider;
mod sender;

use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use integrations_core::provider::Providers;
use integrations_core::status::Event as Move;
use integrations_core::webhook::Secrets;
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId};
use integrations_server::{SecretSource, Webhooks};
use integrations_store::{NewIntegration, Store, StoreOptions, Transaction, Transition};
use integrations_sync::inbox::{Delivery, EventHandler, Inbox, Lane, LaneQueue};
use integrations_sync::jobs::Jobs;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use provider::{ACCOUNT, Bench, CONTACTS, SECRET, SLUG};
use sender::Load;

const SENDERS: [usize; 3] = [1, 16, 256];
/// Lanes that are worked on at once, as by one process.
const WORKERS: usize = 16;
const SPAN: Duration = Duration::from_secs(3);
/// Of the measurement at a fixed rate.
const RATE: u32 = 500;

/// Counts the commits, and with them the batches.
#[derive(Debug, Clone)]
struct Counted(Jobs, Arc<AtomicU64>);

#[async_trait]
impl LaneQueue for Counted {
    async fn insert_in(
        &self,
        transaction: &mut Transaction,
        lanes: &[(TenantId, Lane)],
    ) -> Result<()> {
        self.1.fetch_add(1, Ordering::Relaxed);
        LaneQueue::insert_in(&self.0, transaction, lanes).await
    }

    async fn waited_in(&self, transaction: &mut Transaction) -> Result<Duration> {
        LaneQueue::waited_in(&self.0, transaction).await
    }
}

/// Counts what it is given.
#[derive(Debug, Clone, Default)]
struct Handled(Arc<AtomicU64>);

#[async_trait]
impl EventHandler for Handled {
    async fn handle(&self, _: &Delivery) -> Result<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[derive(Debug)]
struct OneSecret;

#[async_trait]
impl SecretSource for OneSecret {
    async fn webhook_secrets(&self, _: &TenantId, _: IntegrationId) -> Result<Secrets> {
        Ok(Secrets::one(SECRET))
    }
}

/// A database with a router in front of it.
pub(super) struct Place {
    pub(super) store: Store,
    pub(super) integration: IntegrationId,
    commits: Arc<AtomicU64>,
    inbox: Inbox,
    handled: Handled,
    address: std::net::SocketAddr,
    directory: Option<PathBuf>,
    url: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            // A directory that stays in the temporary files harms nobody.
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// Measures both engines, with so many events stored before; PostgreSQL only where it is installed.
pub(crate) fn run(stored: u32) -> Value {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let measured = match runtime {
        Ok(runtime) => runtime.block_on(measure(stored)),
        Err(error) => return json!({ "bench": "ingest", "error": error.to_string() }),
    };
    match measured {
        Ok(engines) => json!({
            "bench": "ingest",
            "stored_before": stored,
            "payload_bytes": provider::body(0).len(),
            "engines": engines,
            "rss_mb": rss_mb(),
        }),
        Err(error) => json!({ "bench": "ingest", "error": error.to_string() }),
    }
}

async fn measure(stored: u32) -> Result<Map<String, Value>> {
    let mut engines = Map::new();
    engines.insert("sqlite".to_owned(), engine(sqlite().await?, stored).await?);
    if let Some(server) = integrations_testkit::postgres::server() {
        let place = Place::open(&server.url(), "ingest", None).await?;
        engines.insert("postgres".to_owned(), engine(place, stored).await?);
    }
    Ok(engines)
}

async fn engine(place: Place, stored: u32) -> Result<Value> {
    floor::fill(&place, stored).await?;
    let mut report = Map::new();
    let mut next = 0;
    for senders in SENDERS {
        let commits = place.commits.load(Ordering::Relaxed);
        let load = Load::closed(place.address, senders, SPAN, &mut next).await?;
        let commits = place.commits.load(Ordering::Relaxed) - commits;
        let batch = load.events / commits.max(1);
        // The floor gets the batches that we had.
        let floor = floor::insert(&place, batch.max(1), SPAN / 2).await?;
        let rate = load.rate();
        report.insert(
            format!("senders_{senders}"),
            json!({
                "events_per_second": rounded(rate),
                "p50_ms": rounded(load.percentile(50)),
                "p99_ms": rounded(load.percentile(99)),
                "events_per_commit": batch,
                "floor_events_per_second": rounded(floor),
                "ratio": rounded(rate / floor),
                "failed": load.failed,
            }),
        );
    }
    let load = Load::paced(place.address, RATE, SPAN, &mut next).await?;
    report.insert(
        format!("paced_{RATE}_per_second"),
        json!({
            "events_per_second": rounded(load.rate()),
            "p50_ms": rounded(load.percentile(50)),
            "p99_ms": rounded(load.percentile(99)),
            "failed": load.failed,
        }),
    );
    floor::vacuum(&place).await?;
    let handled = place.work(SPAN).await?;
    report.insert(
        "worked_on".to_owned(),
        json!({ "events_per_second": rounded(handled) }),
    );
    Ok(Value::Object(report))
}

impl Place {
    /// Events a second that a handler is given and that are completed, in the order of their lanes.
    async fn work(&self, span: Duration) -> Result<f64> {
        let began = Instant::now();
        let tenant = TenantId::new("acme")?;
        let lane = |number| Lane::from(format!("{}/contact-{number}", self.integration));
        let mut working = stream::iter((0..CONTACTS).map(lane))
            .map(|lane| {
                let tenant = &tenant;
                async move { self.inbox.work_lane(tenant, &lane, pending()).await }
            })
            .buffer_unordered(WORKERS);
        let all = async {
            while let Some(worked) = working.next().await {
                worked?;
            }
            Ok::<_, Error>(())
        };
        // Cut off where it is: nothing is measured after it.
        tokio::time::timeout(span, all).await.unwrap_or(Ok(()))?;
        let handled = u32::try_from(self.handled.0.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        Ok(f64::from(handled) / began.elapsed().as_secs_f64())
    }

    async fn open(url: &str, schema: &str, directory: Option<PathBuf>) -> Result<Self> {
        let store = Store::open_with(url, StoreOptions::new().schema(schema)).await?;
        store.migrate().await?;
        let jobs = Jobs::new(&store)?;
        jobs.migrate().await?;
        let tenant = TenantId::new("acme")?;
        let integration = IntegrationId::new();
        let integrations = store.integrations();
        let new = NewIntegration::new(integration, SLUG, SLUG, "Main", json!({}));
        let made = integrations
            .create(&tenant, &new.external_key(ACCOUNT), "bench")
            .await?;
        let proved = Transition::new(Move::Succeeded, "bench").proves(made.version);
        integrations
            .transition(&tenant, integration, &proved)
            .await?;
        let commits = Arc::new(AtomicU64::new(0));
        let handled = Handled::default();
        let inbox = Inbox::builder(&store, Counted(jobs, Arc::clone(&commits)))
            .handler(handled.clone())
            .build();
        let providers = Providers::new().with(Bench::new()?);
        let webhooks = Webhooks::builder(&inbox, &providers, OneSecret).build();
        let broken = |error: std::io::Error| {
            Error::new(ErrorKind::Io, "the router is not served").with_source(error)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(broken)?;
        let address = listener.local_addr().map_err(broken)?;
        let router = webhooks.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            store,
            integration,
            commits,
            inbox,
            handled,
            address,
            directory,
            url: url.to_owned(),
        })
    }
}

async fn sqlite() -> Result<Place> {
    let name = format!("integrations-ingest-{}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory)
        .map_err(|error| Error::new(ErrorKind::Io, "no directory").with_source(error))?;
    let url = format!("sqlite://{}", directory.join("ingest.db").display());
    Place::open(&url, "main", Some(directory)).await
}

fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// The memory of this process: router, senders and embedded database.
fn rss_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}
