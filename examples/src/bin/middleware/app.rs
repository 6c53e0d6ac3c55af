//! The middleware of one process: its routes, its flows, and how it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use integrations_core::http::HttpContext;
use integrations_core::status::Status;
use integrations_core::{Error, IntegrationId, Result, TenantId};
use integrations_store::{
    IntegrationManager, RunKind, RunStatus, ScheduleSpec, Side, Store, StoreOptions,
};
use integrations_sync::budget::SharedLimiter;
use integrations_sync::flow::{ConflictPolicy, Field, FlowConfig, MatchKey};
use integrations_sync::inbox::LaneJob;
use integrations_sync::jobs::{Job as _, JobState, Jobs, NewJob};
use integrations_sync::runtime::{RunJob, Running, Runtime, run_schedule};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use crate::connect::{self, Connected};
use crate::consent::Listener;
use crate::handler::Handler;
use crate::hub::{FLOW, Hub};
use crate::jobs;
use crate::routes::{self, Metrics};
use crate::settings::{Pace, Settings};

/// How often to look whether the app has been allowed, here or in another process.
const LOOK: Duration = Duration::from_millis(500);

/// Who works on events and jobs.
#[derive(Debug)]
enum Working {
    Now(Running),
    /// Nobody before GoHighLevel is connected: until then everything that comes is kept.
    Later(JoinHandle<Result<Option<Running>>>),
}

/// A middleware that is at work until it is stopped.
#[derive(Debug)]
pub(crate) struct Middleware {
    address: SocketAddr,
    runtime: Runtime,
    tenant: TenantId,
    working: Working,
    limiter: SharedLimiter,
    stop: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    upkeep: JoinHandle<()>,
}

impl Middleware {
    /// Opens the database, brings its tables up to date, connects the providers, declares the flows, and listens.
    ///
    /// # Errors
    /// Of kind `Config` when a setting is unusable, `Store` when the database is, and whatever a provider says of its
    /// credential.
    pub(crate) async fn start(settings: Settings) -> Result<Self> {
        let metrics = Metrics::install()?;
        let options = StoreOptions::new().application_name("middleware");
        let store = Store::open_with(settings.database.expose_secret(), options).await?;
        store.migrate().await?;
        let jobs = Jobs::new(&store)?;
        jobs.migrate().await?;

        // One limiter for all calls of all processes on this database.
        let limiter = SharedLimiter::new(&store);
        let http = HttpContext::builder().limiter(limiter.clone()).build()?;
        let manager = connect::manager(&settings, &store, &http)?;
        let Connected { ids, authorized } = connect::integrations(&manager, &settings).await?;
        let hub = connect::hub(&settings, &store, &manager, &jobs, ids).await?;
        hub.records.migrate().await?;
        let hub = Arc::new(hub);

        let pace = settings.pace;
        let listener = Listener(Arc::clone(&hub));
        let runtime = Runtime::builder_with(&manager, jobs)
            .handler(Handler(Arc::clone(&hub)))
            .inbox(|inbox| {
                inbox
                    .first_retry(pace.first_retry)
                    .lease(pace.lease)
                    .at_arrival(listener)
            })
            .build()?;
        let router = routes::router(&settings, &runtime, &hub, &metrics)?;

        let listener = TcpListener::bind(settings.listen).await;
        let listener = listener.map_err(|error| {
            Error::config(format!("cannot listen on {}: {error}", settings.listen))
                .with_source(error)
        })?;
        let address = listener.local_addr().map_err(|error| {
            Error::config("the address that is listened on is not known").with_source(error)
        })?;
        let (stop, stopped) = watch::channel(false);
        let work = work(runtime.clone(), hub);
        let working = match authorized {
            true => Working::Now(work.await?),
            false => Working::Later(tokio::spawn(later(
                runtime.manager().clone(),
                settings.tenant.clone(),
                ids.ghl,
                stopped.clone(),
                work,
            ))),
        };
        let server = tokio::spawn(serve(listener, router, stopped));
        Ok(Self {
            address,
            tenant: settings.tenant,
            runtime,
            working,
            limiter,
            stop,
            server,
            upkeep: tokio::spawn(metrics.upkeep()),
        })
    }

    /// The address of one of its routes: `/api/webhooks/ghl`.
    pub(crate) fn url(&self, path: &str) -> Url {
        let host = match self.address.ip() {
            ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
            ip => ip.to_string(),
        };
        let text = format!("http://{host}:{}{path}", self.address.port());
        Url::parse(&text).unwrap_or_else(|_| unreachable!("{text} is a URL"))
    }

    pub(crate) fn store(&self) -> &Store {
        self.runtime.manager().store()
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Whether nothing is left to do: no event waits or is worked on, no job waits, is due or runs, no step of a flow is
    /// left. Asks the database, so that it is true of the whole deployment.
    pub(crate) async fn is_quiet(&self) -> Result<bool> {
        let waiting = self.store().deployment().waiting_events().await?;
        if waiting.pending + waiting.processing + waiting.kept > 0 {
            return Ok(false);
        }
        let jobs = self.runtime.jobs().totals().await?;
        let open = |state: JobState| {
            !matches!(
                state,
                JobState::Completed | JobState::Cancelled | JobState::Discarded
            )
        };
        // A lane's job is over when its events are: that of a dead process may be called running for a while.
        Ok(!jobs
            .iter()
            .any(|jobs| jobs.kind != LaneJob::KIND && open(jobs.state) && jobs.count > 0))
    }

    /// Stops: takes no more requests, lets what is at work end within `limit`, and gives the rest back.
    pub(crate) async fn stop(self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        // Nobody listens any more when the server is gone.
        let _ = self.stop.send(true);
        let abort = self.server.abort_handle();
        let served = match timeout_at(end, self.server).await {
            Ok(Ok(served)) => served
                .map_err(|error| Error::config("the server ended in an error").with_source(error)),
            Ok(Err(_)) => Err(Error::config("the server panicked")),
            // Somebody holds a connection open and asks nothing.
            Err(_) => {
                abort.abort();
                Ok(())
            }
        };
        let rest = end.saturating_duration_since(Instant::now());
        let running = match self.working {
            Working::Now(running) => Ok(Some(running)),
            Working::Later(waiting) => waiting
                .await
                .unwrap_or_else(|_| Err(Error::config("what waited for GoHighLevel panicked"))),
        };
        let stopped = match running {
            Ok(Some(running)) => running.stop(rest).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        self.upkeep.abort();
        self.limiter.close().await;
        self.runtime.manager().store().close().await;
        served.and(stopped)
    }
}

/// Declares the flows and starts to work on events and jobs.
async fn work(runtime: Runtime, hub: Arc<Hub>) -> Result<Running> {
    declare(&runtime, &hub).await?;
    hub.first_run().await?;
    let mut running = jobs::add(runtime.worker(), &hub)
        .rescue_after(hub.pace.lease)
        .start()?;
    running.ready().await?;
    Ok(running)
}

/// Begins with `work` when GoHighLevel is connected; not at all when it is told to stop first.
async fn later(
    manager: IntegrationManager,
    tenant: TenantId,
    ghl: IntegrationId,
    mut stopped: watch::Receiver<bool>,
    work: impl Future<Output = Result<Running>>,
) -> Result<Option<Running>> {
    loop {
        match manager.get(&tenant, ghl).await {
            Ok(view) if view.status == Status::Active => break,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "whether GoHighLevel is connected is not known"),
        }
        tokio::select! {
            // The sender is gone when the middleware is.
            _ = stopped.wait_for(|stop| *stop) => return Ok(None),
            () = sleep(LOOK) => {}
        }
    }
    let working = work.await;
    if let Err(error) = &working {
        tracing::error!(%error, "GoHighLevel is connected, and the work cannot begin: start the middleware again");
    }
    working.map(Some)
}

async fn serve(
    listener: TcpListener,
    router: axum::Router,
    mut stopped: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let stopped = async move {
        // The sender is gone when the middleware is.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .await
}

/// Declares the flow of contacts, and its nightly run.
async fn declare(runtime: &Runtime, hub: &Hub) -> Result<()> {
    let ids = hub.ids;
    let config = contacts(hub.pace);
    runtime
        .flows()
        .declare(&hub.tenant, FLOW, ids.ghl, ids.aloware, config)
        .await?;
    // What webhooks lost is found at night; without changes that is a listing of GoHighLevel and nothing else.
    let nightly = ScheduleSpec::Cron {
        expression: "0 3 * * *".to_owned(),
        time_zone: "UTC".to_owned(),
    };
    let nightly = run_schedule("contacts-nightly", FLOW, RunKind::Reconcile, nightly);
    let scheduler = runtime.scheduler();
    scheduler.declare(&hub.tenant, &nightly).await.map(drop)
}

impl Hub {
    /// Has the flow of contacts look through what was there before, once. A run that was cut off goes on where it was.
    async fn first_run(&self) -> Result<()> {
        let runs = self.store().runs();
        let runs = runs.list(&self.tenant, Some(FLOW), None, 500).await?;
        if !runs.iter().any(|run| run.status == RunStatus::Done) {
            let job = RunJob {
                flow: FLOW.to_owned(),
                kind: RunKind::Full,
                started_by: "first start".to_owned(),
            };
            // Not unique: the one of a process that died is called running for a while.
            let job = NewJob::new(&self.tenant, &job)?;
            self.jobs.insert(&job).await?;
        }
        Ok(())
    }
}

/// GoHighLevel on the left, which decides; Aloware on the right, which knows people by their phone number. Tags stay where they
/// are: Aloware can add them with a contact, and cannot take one off.
fn contacts(pace: Pace) -> FlowConfig {
    let unshared = [
        Field::Tags,
        Field::OtherEmails,
        Field::OtherPhones,
        Field::JobTitle,
        // The parts of the name say it, and each provider puts them together in its own way.
        Field::Name,
        Field::Source,
    ];
    unshared
        .iter()
        .fold(FlowConfig::new(), FlowConfig::without_field)
        .with_conflicts(ConflictPolicy::Prefer(Side::Left))
        .with_required(Side::Right, MatchKey::Phone)
        .with_search_lag(pace.search_lag)
        .with_claim(pace.lease)
}
