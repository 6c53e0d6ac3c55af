//! The middleware of one company, made of this workspace's crates: GoHighLevel, Aloware, Verity with its texting system and
//! broadcasts, and a gateway in front of Verity, on embedded SQLite or PostgreSQL.

mod app;
mod args;
mod connect;
mod consent;
mod demo;
mod filing;
mod handler;
mod hub;
mod import;
mod jobs;
mod people;
mod records;
mod routes;
mod sending;
mod settings;
mod world;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use integrations_core::http::HttpContext;
use integrations_core::phone::Region;
use integrations_core::{Error, Result, TenantId};
use integrations_store::{Store, StoreOptions};
use tracing_subscriber::EnvFilter;

use app::Middleware;
use args::{Arguments, Command};
use settings::{CREDENTIALS, Settings};
use world::World;

/// What is logged when RUST_LOG does not say.
const LOGGED: &str = "warn";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(Error::config("no runtime").with_source(error)),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("middleware: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is well.
async fn run(arguments: Arguments) -> Result<bool> {
    if let Some(Command::Import { file }) = &arguments.command {
        let database = arguments.common.database.as_deref().ok_or_else(|| {
            Error::config("name the database of the middleware with --database or DATABASE_URL")
        })?;
        let count = import::run(database, &tenant()?, region()?, file).await?;
        anstream::println!("{count} messages are in the queue of the running middleware");
        return Ok(true);
    }
    if let Some(Command::Authorize) = &arguments.command {
        authorize(live_settings(&arguments)?).await?;
        return Ok(true);
    }
    if arguments.demo {
        let options = demo::Options {
            database: arguments.common.database.clone(),
            seed: arguments.seed,
            events: usize::try_from(arguments.events).unwrap_or(usize::MAX),
        };
        let report = demo::run(&options).await?;
        if arguments.json {
            anstream::println!("{}", report.to_json());
        } else {
            anstream::println!("{report}");
        }
        return Ok(report.is_good());
    }
    let credentials = CREDENTIALS.iter().any(|name| variable(name).is_some());
    if arguments.live || (credentials && !arguments.simulate) {
        live(&arguments).await?;
    } else {
        simulated(&arguments).await?;
    }
    Ok(true)
}

fn live_settings(arguments: &Arguments) -> Result<Settings> {
    Settings::from_lookup(|name| match name {
        "DATABASE_URL" => arguments.common.database.clone().or_else(|| variable(name)),
        _ => variable(name),
    })
}

/// Prints where an owner of the location allows the app.
async fn authorize(settings: Settings) -> Result<()> {
    let options = StoreOptions::new().application_name("middleware authorize");
    let store = Store::open_with(settings.database.expose_secret(), options).await?;
    store.migrate().await?;
    let http = HttpContext::builder().build()?;
    let manager = connect::manager(&settings, &store, &http)?;
    let page = connect::authorization(&manager, &settings).await;
    store.close().await;
    anstream::println!("{}", page?);
    anstream::eprintln!(
        "Open this page once, within ten minutes, as an owner of the location; the middleware must be running by then."
    );
    Ok(())
}

/// With real providers.
async fn live(arguments: &Arguments) -> Result<()> {
    let mut settings = live_settings(arguments)?;
    if let Some(listen) = arguments.listen {
        settings.listen = listen;
    }
    let middleware = Middleware::start(settings).await?;
    addresses(&middleware);
    until_stopped(middleware, arguments).await
}

/// With simulated ones, in a database of its own unless one is named.
async fn simulated(arguments: &Arguments) -> Result<()> {
    let world = World::start(arguments.seed).await?;
    let folder = tempfile::tempdir()
        .map_err(|error| Error::config("no temporary folder").with_source(error))?;
    let own = format!("sqlite:{}", folder.path().join("middleware.db").display());
    let database = arguments.common.database.as_deref().unwrap_or(&own);
    let mut settings = world.settings(database)?;
    if let Some(listen) = arguments.listen {
        settings.listen = listen;
    }
    let middleware = Middleware::start(settings).await?;
    world.attach(&middleware);
    addresses(&middleware);
    anstream::println!("gateway key        {}", world.gateway_key());
    anstream::println!("simulated          GoHighLevel {}", world.ghl.base_url());
    anstream::println!(
        "                   Aloware     {}",
        world.aloware.base_url()
    );
    anstream::println!("                   Verity      {}", world.verity.base_url());
    anstream::println!("                   Clerk       {}", world.clerk.api_url());
    anstream::println!(
        "It runs until Ctrl-C. --demo plays events against it and checks what became of them."
    );
    until_stopped(middleware, arguments).await
}

/// Where it is reached.
fn addresses(middleware: &Middleware) {
    anstream::println!("middleware listens on {}", middleware.url("/"));
    for (what, path) in [
        ("GoHighLevel", "/api/webhooks/ghl"),
        ("its deliveries", "/api/webhooks/ghl/provider-delivery"),
        ("Aloware", "/api/webhooks/aloware"),
        ("texting", "/api/webhooks/texting"),
        ("broadcasts", "/api/webhooks/broadcast"),
        ("any other", "/api/webhooks/{provider}/{integration}"),
        ("gateway", "/api/verity"),
        ("health", "/health"),
        ("readiness", "/ready"),
        ("metrics", "/metrics"),
    ] {
        anstream::println!("{what:<18} {path}");
    }
}

async fn until_stopped(middleware: Middleware, arguments: &Arguments) -> Result<()> {
    asked_to_stop().await?;
    anstream::eprintln!("middleware: stopping; once more ends it at once");
    let limit = Duration::from_secs(arguments.drain);
    tokio::select! {
        stopped = middleware.stop(limit) => stopped?,
        again = asked_to_stop() => {
            again?;
            return Err(Error::config("ended before all was given back: the next start takes it up as after a crash"));
        }
    }
    anstream::println!("middleware stopped");
    Ok(())
}

/// Waits for Ctrl-C or SIGTERM.
async fn asked_to_stop() -> Result<()> {
    let failed =
        |error: std::io::Error| Error::config("signals cannot be heard").with_source(error);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut end = signal(SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed.map_err(failed),
            _ = end.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await.map_err(failed)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
}

fn tenant() -> Result<TenantId> {
    TenantId::new(
        variable("MIDDLEWARE_TENANT")
            .as_deref()
            .unwrap_or(settings::TENANT),
    )
}

fn region() -> Result<Region> {
    variable("MIDDLEWARE_REGION").map_or(Ok(Region::US), |region| Region::new(&region))
}
