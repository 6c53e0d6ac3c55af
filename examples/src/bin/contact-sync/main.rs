//! Two CRMs with thousands of contacts each are made equal, under both rate limits, on a machine that may die at any
//! moment: two simulated GoHighLevel locations, real HTTP on this machine, a database.

mod check;
mod crms;
mod home;
mod report;
mod story;
mod usage;
mod world;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use integrations_core::{Error, Result};
use integrations_store::RunKind;
use tokio::time::{Instant, sleep};

use home::Home;
use report::Report;
use story::Story;
use world::World;

/// Makes the contacts of two CRMs equal, both ways, and survives being killed at any moment.
///
/// Two simulated GoHighLevel locations run inside this program and are called over real HTTP. Each has its own contacts,
/// 30 % of the people are in both, under the same e-mail address or phone number. A full sync links those and creates
/// the others on the side that lacks them, as fast as the rate limits allow.
///
/// Kill it at any moment (kill -9) and start it again with the same arguments: it goes on where it was, and at the end
/// both sides are equal, nobody is lost and nothing was written twice. Nothing leaves this machine, no account is
/// needed.
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Beside the database lie the simulated CRMs, since they have to survive a kill too: in contact-sync.db.crms for the
default, in contact-sync-<number>.crms in the current folder for a PostgreSQL database. --crms chooses another folder.

Figures of --json, of the whole life since --fresh, however often the program was killed:
  contacts            how many each side has at the end, and how many pairs are linked
  equal               every contact is linked, and the mapped fields of each pair are equal
  lost                contacts of either side without a partner
  duplicates_applied  requests that were obeyed twice, and people who are on one side twice
  echo_writes         accepted writes that changed nothing, or wrote to a contact again without need
  throttled_errors    requests that came over a rate limit
  limit_used          used share of the limit while contacts were being created, in whole seconds; null when it took
                      less than one
  writes              writes that the CRMs accepted
  elapsed_ms          how long this process took

The exit code is 0 when the sides are equal and none of the counters of trouble counted.

Examples:
  contact-sync                                       10,000 contacts a side, 500 requests per second and CRM
  contact-sync --contacts 200 --fresh                a small one, from the start
  contact-sync --database postgres://localhost/test  over PostgreSQL

RUST_LOG=debug shows what is logged, on standard error."
)]
struct Arguments {
    /// Where mappings, cursors and credentials are stored: sqlite:PATH or postgres://….
    #[arg(long, value_name = "URL", default_value = "sqlite:contact-sync.db")]
    database: String,
    /// The folder of the two simulated CRMs and of the key that seals their credentials.
    #[arg(long, value_name = "FOLDER")]
    crms: Option<std::path::PathBuf>,
    /// Contacts of each side at the start; 30 % of them are on both.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=500_000))]
    contacts: u32,
    /// Requests per second that each CRM allows.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// Which people there are.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print one JSON object at the end instead of the story.
    #[arg(long)]
    json: bool,
    /// Forget an earlier sync and start over with new CRMs.
    #[arg(long)]
    fresh: bool,
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
            anstream::eprintln!("contact-sync: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<Report> {
    let story = Story::new(arguments.json);
    let started = Instant::now();
    let home = Home::open(arguments)?;
    let world = World::start(arguments, &home).await?;
    story.begin(arguments, &home, &world);
    let progress = story.follow(&world);
    let result = sync(&world, &progress).await;
    progress.end().await;
    result?;
    let checked = check::check(&world).await?;
    let elapsed = started.elapsed();
    let report = Report::new(&world, checked, elapsed);
    story.end(&report, &home);
    world.stop().await;
    Ok(report)
}

/// A full run, again when something was away for a moment.
async fn sync(world: &World, progress: &story::Progress) -> Result<()> {
    const TRIES: u32 = 5;
    let mut tries = 1;
    loop {
        let watcher = progress.watcher();
        let run = world.flow.run(RunKind::Full).on_progress(watcher);
        match run.execute().await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_retryable() && tries < TRIES => {
                tracing::warn!(%error, "the run is begun again");
                sleep(Duration::from_secs(1)).await;
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
