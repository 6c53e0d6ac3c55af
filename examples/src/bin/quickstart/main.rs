//! One tenant's whole life with an integration, on embedded SQLite, over real HTTP on this machine, against a simulated
//! GoHighLevel: no account, no server, no network.

mod connect;
mod create;
mod leads;
mod live;
mod marketplace;
mod push;
mod recover;
mod report;
mod story;
mod trail;
mod webhooks;
mod world;

use std::process::ExitCode;

use clap::Parser;
use integrations_core::Error;
use tokio::time::Instant;

use report::Report;
use story::Story;
use world::World;

/// Takes one tenant through the whole life of an integration with GoHighLevel.
///
/// Without options everything runs on this machine: a simulated GoHighLevel, an embedded SQLite file in a temporary
/// folder, real HTTP in between. Two databases and every line that is logged are searched for secrets at the end.
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Environment, read with --live only:
  GHL_API_KEY      private integration token (pit-…) with contacts.readonly and locations.readonly
  GHL_LOCATION_ID  id of the location
  GHL_BASE_URL     another address of the API; https://services.leadconnectorhq.com by default

RUST_LOG=debug shows what is logged, on standard error."
)]
struct Arguments {
    /// Print one JSON object at the end instead of the story.
    #[arg(long)]
    json: bool,
    /// Test the connection and read contacts at the real API, with the environment's credentials. Changes nothing.
    #[arg(long)]
    live: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(&arguments)),
        Err(error) => Err(Error::config("no runtime").with_source(error)),
    };
    match result {
        Ok(report) => {
            if arguments.json {
                anstream::println!("{}", report.to_json());
            }
            if report.is_good() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            anstream::eprintln!("quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> integrations_core::Result<Report> {
    let story = Story::new(arguments.json);
    if arguments.live {
        return live::run(&story).await;
    }
    let started = Instant::now();
    let mut world = World::start().await?;
    let mut report = Report::default();

    let integration = create::run(&story, &world).await?;
    connect::run(&story, &world, integration).await?;
    webhooks::run(&story, &mut world, &mut report).await?;
    push::run(&story, &world, integration, &mut report).await?;
    recover::run(&story, &world, integration, &mut report).await?;
    marketplace::run(&story, &world, &mut report).await?;
    trail::run(&story, &world, integration, &mut report).await?;

    report.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    story.end(&report);
    world.stop().await;
    Ok(report)
}
