//! A demo that proves something: events of all four sources, with repeats, forgeries, reordering and faults, and then a
//! comparison of what should be with what is there.

mod act;
mod check;
mod forge;
mod model;
mod observe;
mod plan;
mod progress;
mod report;
mod weather;

use std::time::Duration;

use integrations_core::{Error, IntegrationId, Result, TenantId};
use integrations_testkit::plan::Dice;
use tokio::time::{Instant, sleep};

pub(crate) use report::Report;

use crate::app::Middleware;
use crate::hub::FLOW;
use crate::world::{Addresses, Mail, World};
use act::Stage;
use plan::Plan;
use progress::Progress;

/// How long the middleware may take until it is quiet.
const QUIET: Duration = Duration::from_secs(180);
/// How often it is looked at, and how often nothing may have changed before it counts as quiet.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: u32 = 4;
/// How long its end may take.
const END: Duration = Duration::from_secs(20);
/// One forgery for so many events.
const FORGERIES: usize = 8;

/// What a demo is started with.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Where the middleware keeps its state; `None`: a file that is gone afterwards.
    pub(crate) database: Option<String>,
    pub(crate) seed: u64,
    pub(crate) events: usize,
}

/// Drives a middleware with simulated providers, and reports what became of it. Progress goes to standard error.
///
/// # Errors
/// When the middleware or a simulator does not start, or the database cannot be read. What went wrong with the events is
/// no error, and stands in the report.
pub(crate) async fn run(options: &Options) -> Result<Report> {
    let started = Instant::now();
    let world = World::start(options.seed).await?;
    let folder = tempfile::tempdir()
        .map_err(|error| Error::config("no temporary folder").with_source(error))?;
    let own = format!("sqlite:{}", folder.path().join("middleware.db").display());
    let database = options.database.as_deref().unwrap_or(&own);
    let mut settings = world.settings(database)?;
    // What an earlier demo left in the database is not this one's.
    let id = IntegrationId::new().as_uuid().simple().to_string();
    settings.tenant = TenantId::new(format!("demo-{id}"))?;
    let middleware = Middleware::start(settings).await?;

    let plan = Plan::new(options.seed, options.events, &world.people);
    world.attach_with(&middleware, weather::on_the_way(options.seed));
    let mail = world.mail().ok_or_else(|| {
        Error::config("the simulated providers are not attached to the middleware")
    })?;
    let progress = Progress::new(options.events);
    // The first run links who was in both systems before; what happens from then on is told by webhooks.
    wait_until_quiet(&world, &mail, &middleware, &progress).await?;
    weather::break_providers(&world, options.seed);
    let mut stage = Stage::new(&world, &mail);
    let addresses = Addresses::of(&middleware);
    let mut dice = Dice::new(options.seed ^ 0x0066_6f72_6765);
    let forgeries = options.events / FORGERIES;
    let (played, forged) = tokio::join!(
        stage.play(&plan, &progress),
        forge::forge(&world, &addresses, forgeries, &mut dice),
    );
    played?;
    let forged = forged?;
    let quiet = wait_until_quiet(&world, &mail, &middleware, &progress).await?;
    progress.end();

    stage.model.undecided = observe::undecided(&world, &stage.model);
    stage.model.unsure = observe::unsure(&world, &stage.model);
    let mut seen = observe::observe(&world, &stage.model);
    observe::broadcasts(&middleware, &stage.model, &mut seen).await?;
    let echoes = check::echoes(&observe::contact_writes(&world, &stage.model));
    let letters = middleware.store().dead_letters();
    let letters = letters.counts(middleware.tenant()).await?;
    let questions = middleware.store().conflicts();
    let questions = questions.counts(middleware.tenant(), FLOW).await?;
    let about = ["message_unknown", "enrolment_unknown"];
    let asked = questions
        .iter()
        .filter(|(kind, _)| about.contains(&kind.as_str()));
    let mail_stats = mail.stats();
    let mut events = report::Events::of(&stage.counts, forged);
    events.webhooks = mail_stats.changes;
    events.repeated = mail_stats.copies;
    events.given_up = mail_stats.given_up;
    let mut report = Report {
        seed: options.seed,
        database: match database.starts_with("postgres") {
            true => "postgres",
            false => "sqlite",
        },
        events,
        contacts: report::Mirror::default(),
        twins: 0,
        messages: report::Mirror::default(),
        calls: report::Mirror::default(),
        duplicates_applied: 0,
        lost: 0,
        unexpected: 0,
        echo_writes: echoes.len() as u64,
        stop_violations: 0,
        dead_letters: letters.iter().map(|letters| letters.count).sum(),
        undecided: 0,
        asked: asked.map(|(_, count)| count).sum(),
        quiet,
        faults: weather::struck(&world),
        elapsed_ms: 0,
        why: echoes.iter().map(check::Write::words).collect(),
    };
    report.judge(check::check(&stage.model, &seen));
    middleware.stop(END).await?;
    report.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

/// Whether nothing was left to do before the time was up: no webhook on its way, nothing to do in the database, and nobody
/// who asks the providers anything.
async fn wait_until_quiet(
    world: &World,
    mail: &Mail,
    middleware: &Middleware,
    progress: &Progress,
) -> Result<bool> {
    let started = Instant::now();
    let (mut before, mut same) = (0, 0);
    let mut told = Duration::ZERO;
    while started.elapsed() < QUIET {
        let requests = world.ghl.stats().requests
            + world.aloware.stats().requests
            + world.verity.stats().requests;
        let still = mail.is_settled().await && middleware.is_quiet().await?;
        same = match still && requests == before {
            true => same + 1,
            false => 0,
        };
        if same >= LOOKS {
            return Ok(true);
        }
        before = requests;
        if started.elapsed() >= told {
            progress.waiting(started.elapsed(), mail.stats().pending);
            told += Duration::from_secs(1);
        }
        sleep(LOOK).await;
    }
    Ok(false)
}
