//! The runtime of one process, put together.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::Result;
use integrations_core::http::HttpContext;
use integrations_core::provider::Providers;
use integrations_core::vault::{KeyRing, Vault};
use integrations_store::{
    DeadSource, IntegrationManager, NewDeadLetter, NewSchedule, ScheduleSpec,
};
use integrations_sync::inbox::{Delivery, EventHandler};
use integrations_sync::jobs::{Handler, Job, JobContext, JobFilter, Jobs, NewJob, Outcome};
use integrations_sync::runtime::{Retention, Runtime};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::backend::{Backend, on_both_engines, tenant};
use crate::support::inbox::{eventually, incoming};

on_both_engines!(
    a_schedule_starts_an_own_kind_of_job_with_a_queue_of_its_own,
    what_follows_from_an_event_names_it,
    a_worker_shows_what_waits_and_forgets_what_is_old,
);

/// A report to be made: work of the application.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Report {
    of: String,
}

impl Job for Report {
    const KIND: &'static str = "report";
    const QUEUE: &'static str = "reports";
}

/// Says of what, and asks for the next one.
struct Reporter(UnboundedSender<String>);

#[async_trait]
impl Handler<Report> for Reporter {
    async fn run(&self, cx: &JobContext, job: Report) -> Result<Outcome> {
        if job.of == "first" {
            let of = "second".to_owned();
            let next = NewJob::new(cx.tenant(), &Report { of })?;
            cx.jobs().insert(&next).await?;
        }
        self.0.send(job.of).unwrap();
        Ok(Outcome::Done)
    }
}

/// Asks for a report about each event.
#[derive(Debug)]
struct Asks(Jobs);

#[async_trait]
impl EventHandler for Asks {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        let of = "first".to_owned();
        let job = NewJob::new(&delivery.tenant, &Report { of })?;
        self.0.insert(&job).await.map(drop)
    }
}

fn manager(backend: &Backend) -> IntegrationManager {
    let vault = Vault::new(KeyRing::generate().unwrap());
    let http = HttpContext::new().unwrap();
    let store = backend.store.clone();
    IntegrationManager::builder(store, vault, Providers::new(), http).build()
}

async fn a_schedule_starts_an_own_kind_of_job_with_a_queue_of_its_own(backend: Backend) {
    let manager = manager(&backend);
    let runtime = Runtime::builder(&manager).unwrap().build().unwrap();
    runtime.migrate().await.unwrap();
    let every = ScheduleSpec::Every(Duration::from_secs(1));
    let schedule =
        NewSchedule::new("hourly", Report::KIND, every).payload(json!({ "of": "today" }));
    let declared = runtime.scheduler().declare(&tenant("a"), &schedule).await;
    declared.unwrap();
    let (done, mut reports) = unbounded_channel();
    let mut running = runtime
        .worker()
        .job::<Report>(Reporter(done))
        .start()
        .unwrap();
    running.ready().await.unwrap();
    let report = tokio::time::timeout(Duration::from_secs(30), reports.recv()).await;
    assert_eq!(report.expect("in 30 s").as_deref(), Some("today"));
    running.stop(Duration::from_secs(10)).await.unwrap();
}

async fn what_follows_from_an_event_names_it(backend: Backend) {
    let manager = manager(&backend);
    let jobs = Jobs::new(&backend.store).unwrap();
    let runtime = Runtime::builder(&manager)
        .unwrap()
        .handler(Asks(jobs.clone()))
        .build()
        .unwrap();
    runtime.migrate().await.unwrap();
    let (done, mut reports) = unbounded_channel();
    let running = runtime
        .worker()
        .job::<Report>(Reporter(done))
        .start()
        .unwrap();
    let made = backend.active(&tenant("a"), "L1").await;
    let stored = runtime.inbox().store(vec![incoming(&made, "e1")]).await;
    let event = stored.unwrap()[0].id().to_string();
    for of in ["first", "second"] {
        let report = tokio::time::timeout(Duration::from_secs(30), reports.recv()).await;
        assert_eq!(report.expect("in 30 s").as_deref(), Some(of));
    }
    let filter = JobFilter::all().kind(Report::KIND);
    let listed = jobs.list(&tenant("a"), &filter).await.unwrap();
    let origins: Vec<_> = listed.iter().map(|job| job.origin.as_deref()).collect();
    assert_eq!(origins, [Some(event.as_str()); 2]);
    running.stop(Duration::from_secs(10)).await.unwrap();
}

/// The metrics of this process as Prometheus reads them; other tests write into them too.
fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
}

async fn a_worker_shows_what_waits_and_forgets_what_is_old(backend: Backend) {
    let metrics = metrics();
    let manager = manager(&backend);
    let runtime = Runtime::builder(&manager)
        .unwrap()
        .retention(Retention::new().dead_letters(Duration::ZERO))
        .build()
        .unwrap();
    runtime.migrate().await.unwrap();
    // Names that no other test has.
    let kind = format!("gauge-{}", backend.store.engine().as_str());
    let job = NewJob::of_kind(&tenant("a"), &kind, &json!({})).unwrap();
    let job = job.queue(kind.clone());
    runtime.jobs().insert(&job).await.unwrap();
    let letters = backend.store.dead_letters();
    let mut transaction = backend.store.begin("test").await.unwrap();
    let mut ids = Vec::new();
    for n in 0..3 {
        let letter = NewDeadLetter::new(DeadSource::Job, n.to_string(), &*kind, &*kind, "made up");
        let added = letters
            .add_in(&mut transaction, &tenant("a"), &letter)
            .await;
        ids.extend(added.unwrap());
    }
    transaction.commit().await.unwrap();
    letters.drop_letter(&tenant("a"), ids[0]).await.unwrap();
    let (done, _reports) = unbounded_channel();
    let running = runtime
        .worker()
        .job::<Report>(Reporter(done))
        .start()
        .unwrap();
    let shows = |line: String| async move {
        eventually(&line, async || metrics.render().contains(&line)).await;
    };
    shows(format!(
        "integrations_jobs{{kind=\"{kind}\",state=\"available\"}} 1\n"
    ))
    .await;
    shows(format!(
        "integrations_dead_letters{{source=\"job\",cause=\"{kind}\"}} 2\n"
    ))
    .await;
    shows(format!(
        "integrations_queue_oldest_seconds{{queue=\"{kind}\"}} "
    ))
    .await;
    eventually("the dropped one is forgotten", async || {
        letters.find(&tenant("a"), ids[0]).await.unwrap().is_none()
    })
    .await;
    assert!(letters.find(&tenant("a"), ids[1]).await.unwrap().is_some());
    running.stop(Duration::from_secs(10)).await.unwrap();
}
