//! What can be asked.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use integrations_core::{IntegrationId, TenantId, Timestamp};
use integrations_store::RunKind;

use crate::when;

/// Operates a deployment of integrations: shows what is in its database, and mends it.
///
/// Commands that only read open the database read-only and never change its tables; they work with a role that may only
/// SELECT and with a read-only file. No command prints a secret. Personal data and payloads are shown by `show … --payload`
/// and by nothing else.
#[derive(Debug, Parser)]
#[command(
    name = "ops",
    version,
    after_help = "\
Examples:
  ops status                                       what there is, and what needs a person
  ops list dead-letters --cause validation         work that was given up for this reason
  ops show event 0198c1f2-… --payload              one event with what the provider sent
  ops replay --dead-letter 0198c1f2-…              do it again
  ops replay --cause timeout --dry-run             how many would be done again
  ops replay --events --since 2h --kind ContactCreate
                                                   events that failed in the last two hours
  ops drift --flow crm                             what two systems have drifted apart
  ops run --flow crm --kind reconcile              have it healed by the deployment's workers
  ops pause --queue flows                          nobody starts another run
  ops --keys keys.txt rotate-keys                  wrap everything with the first key of the file

Output:
  Tables for people. With --json: one JSON object per line for `list`, one JSON document for every other command.
  Errors are one line on standard error. RUST_LOG=debug shows what is logged, there too.

Exit codes:
  0 done, 1 failed or something is wrong (a broken audit trail, a key that is missing), 2 not used as it is meant.

Keys:
  --keys FILE, or INTEGRATIONS_KEYS, INTEGRATIONS_KEY or INTEGRATIONS_KEYS_FILE as the deployment has them. Needed for
  sealed payloads, for the addresses of endpoints, and by `drift`, `resolve` and `rotate-keys`.

Providers:
  `drift` and `resolve` call the flow's; GHL_BASE_URL, ALOWARE_BASE_URL and VERITY_BASE_URL name other addresses of them."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The database: sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE.
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite://integrations.db",
        global = true,
        value_name = "URL"
    )]
    pub(crate) database: String,
    /// PostgreSQL: the schema of the tables.
    #[arg(
        long,
        default_value = "integrations",
        global = true,
        value_name = "NAME"
    )]
    pub(crate) schema: String,
    /// PostgreSQL behind pgbouncer in transaction mode.
    #[arg(long, global = true)]
    pub(crate) transaction_pooling: bool,
    /// Whose rows; not needed when there is one tenant.
    #[arg(long, global = true, value_name = "NAME", value_parser = tenant)]
    pub(crate) tenant: Option<TenantId>,
    /// Counts over all tenants (`status`), or every tenant's trail (`verify-audit`).
    #[arg(long, global = true, conflicts_with = "tenant")]
    pub(crate) all_tenants: bool,
    /// The file with the encryption keys, one `id:base64` a line, the active one first.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// Machine-readable output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::new(text).map_err(|error| error.message().to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One page: events, jobs, dead letters, flows, endpoints, schedules.
    Status,
    /// Rows of one sort, oldest first (runs: newest first), a page at a time.
    List(List),
    /// One row with all that is known of it.
    Show(Show),
    /// Does work again: a dead letter, all of a cause, or events.
    Replay(Replay),
    /// Closes dead letters whose work nobody will do.
    Drop(Drop),
    /// What a reconcile of a flow would do now. Reads both systems, writes nothing.
    Drift(Drift),
    /// Enqueues a run of a flow; the deployment's workers do it.
    Run(Run),
    /// Stops a queue, a flow or a schedule.
    Pause(Pausable),
    /// Lets it go on.
    Resume(Pausable),
    /// Answers a question of a flow, and carries the answer out.
    Resolve(Resolve),
    /// Wraps everything that is sealed with the active key. Can be stopped and called again at any time.
    RotateKeys,
    /// Checks the audit trail's hash chain.
    VerifyAudit,
    /// Makes the tables, or brings them up to date.
    Migrate,
    /// Forgets what is finished and has been kept for long enough, of all tenants.
    Purge(Purge),
}

impl Command {
    /// Whether the database may be opened read-only.
    pub(crate) fn reads(&self) -> bool {
        match self {
            Self::Status | Self::List(_) | Self::Show(_) | Self::VerifyAudit => true,
            Self::Replay(replay) => replay.dry_run,
            Self::Drop(drop) => drop.dry_run,
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    Integrations,
    Events,
    Jobs,
    DeadLetters,
    Runs,
    Conflicts,
    Flows,
    Endpoints,
    Deliveries,
    Schedules,
    /// Needs --address.
    OptOuts,
    Audit,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    pub(crate) sort: Sort,
    /// Where they stand: `failed` for events, `retryable` for jobs, `open` for dead letters and conflicts…
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// The exact kind: `ContactCreate`, `flow.run`.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// Why dead letters were given up: `validation`, `timeout`, `panic`…
    #[arg(long)]
    pub(crate) cause: Option<String>,
    /// Of this integration.
    #[arg(long, value_name = "ID")]
    pub(crate) integration: Option<IntegrationId>,
    /// Of this flow.
    #[arg(long, value_name = "NAME")]
    pub(crate) flow: Option<String>,
    /// To this endpoint.
    #[arg(long, value_name = "ID")]
    pub(crate) endpoint: Option<integrations_store::EndpointId>,
    /// Of this phone number (+4930…) or e-mail address.
    #[arg(long)]
    pub(crate) address: Option<String>,
    /// From this time on: 2026-11-21T08:00:00Z, or so long ago: 30m, 2h, 7d.
    #[arg(long, value_parser = when::parse)]
    pub(crate) since: Option<Timestamp>,
    /// Before this time, in the same forms.
    #[arg(long, value_parser = when::parse)]
    pub(crate) until: Option<Timestamp>,
    /// The page after this one: the last id of the page before.
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
    /// At most this many rows.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) limit: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum One {
    Integration,
    Event,
    Job,
    DeadLetter,
    Run,
    Conflict,
    Flow,
    Endpoint,
    Delivery,
    Schedule,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    pub(crate) sort: One,
    /// Its id; the name of a flow or schedule.
    pub(crate) id: String,
    /// Also the payload: what a provider sent, a job's arguments. It may hold personal data; sealed ones need the keys.
    #[arg(long)]
    pub(crate) payload: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["dead_letter", "cause", "event", "events"]))]
#[command(group = clap::ArgGroup::new("filter").multiple(true))]
pub(crate) struct Replay {
    /// This dead letter.
    #[arg(long, value_name = "ID")]
    pub(crate) dead_letter: Option<integrations_store::DeadLetterId>,
    /// All open dead letters that were given up for this reason.
    #[arg(long)]
    pub(crate) cause: Option<String>,
    /// This event, whatever became of it.
    #[arg(long, value_name = "ID")]
    pub(crate) event: Option<integrations_core::EventId>,
    /// All events that the filters below find; those that failed unless --status says otherwise.
    #[arg(long, requires = "filter")]
    pub(crate) events: bool,
    /// Of this kind of event or job.
    #[arg(long, group = "filter")]
    pub(crate) kind: Option<String>,
    /// Of this integration.
    #[arg(long, value_name = "ID", group = "filter")]
    pub(crate) integration: Option<IntegrationId>,
    /// Events that stand here: failed, done or pending.
    #[arg(long, requires = "events", group = "filter")]
    pub(crate) status: Option<String>,
    /// From this time on: 2026-11-21T08:00:00Z, or so long ago: 30m, 2h, 7d.
    #[arg(long, value_parser = when::parse, group = "filter")]
    pub(crate) since: Option<Timestamp>,
    /// Before this time.
    #[arg(long, value_parser = when::parse, group = "filter")]
    pub(crate) until: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) care: Care,
}

/// What keeps a person from a mistake.
#[derive(Debug, Args)]
pub(crate) struct Care {
    /// Say how many there are, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask, however many there are.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

impl std::ops::Deref for Replay {
    type Target = Care;

    fn deref(&self) -> &Care {
        &self.care
    }
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["dead_letter", "cause"]))]
pub(crate) struct Drop {
    /// This dead letter.
    #[arg(long, value_name = "ID")]
    pub(crate) dead_letter: Option<integrations_store::DeadLetterId>,
    /// All open dead letters that were given up for this reason.
    #[arg(long)]
    pub(crate) cause: Option<String>,
    /// Of this kind of event or job.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// From this time on.
    #[arg(long, value_parser = when::parse)]
    pub(crate) since: Option<Timestamp>,
    /// Before this time.
    #[arg(long, value_parser = when::parse)]
    pub(crate) until: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) care: Care,
}

impl std::ops::Deref for Drop {
    type Target = Care;

    fn deref(&self) -> &Care {
        &self.care
    }
}

#[derive(Debug, Args)]
pub(crate) struct Drift {
    /// The flow's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) flow: String,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The flow's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) flow: String,
    /// What changed, everything, or everything to heal what was lost.
    #[arg(long, value_enum, default_value = "incremental")]
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Incremental,
    Full,
    Reconcile,
}

impl From<Kind> for RunKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Incremental => Self::Incremental,
            Kind::Full => Self::Full,
            Kind::Reconcile => Self::Reconcile,
        }
    }
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Pausable {
    /// Of all tenants and processes; known everywhere within two seconds.
    #[arg(long, value_name = "NAME")]
    pub(crate) queue: Option<String>,
    /// What it misses is found by the run that follows.
    #[arg(long, value_name = "NAME")]
    pub(crate) flow: Option<String>,
    /// A schedule.
    #[arg(long, value_name = "NAME")]
    pub(crate) schedule: Option<String>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("answer").required(true)
    .args(["link", "keep_left", "keep_right", "create", "ignore", "retry"]))]
pub(crate) struct Resolve {
    /// The conflict's id.
    pub(crate) conflict: integrations_store::ConflictId,
    /// The two are the same person.
    #[arg(long)]
    pub(crate) link: bool,
    /// With --link: the contact on the left, when the conflict names none or several.
    #[arg(long, value_name = "ID", requires = "link")]
    pub(crate) left: Option<String>,
    /// With --link: the contact on the right.
    #[arg(long, value_name = "ID", requires = "link")]
    pub(crate) right: Option<String>,
    /// Where they differ, the left side is right: also when it is the one that deleted the contact.
    #[arg(long)]
    pub(crate) keep_left: bool,
    /// The same for the right side.
    #[arg(long)]
    pub(crate) keep_right: bool,
    /// It is somebody of their own: create the contact on the other side.
    #[arg(long)]
    pub(crate) create: bool,
    /// Leave it alone for good.
    #[arg(long)]
    pub(crate) ignore: bool,
    /// Look again: somebody put it right at the provider.
    #[arg(long)]
    pub(crate) retry: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Purge {
    /// Keep handled events so long; with them goes the memory of what was delivered before.
    #[arg(long, default_value = "30d", value_parser = when::span)]
    pub(crate) events: Duration,
    /// Keep events that were given up so long.
    #[arg(long, default_value = "90d", value_parser = when::span)]
    pub(crate) failed_events: Duration,
    /// Keep outgoing messages so long.
    #[arg(long, default_value = "30d", value_parser = when::span)]
    pub(crate) messages: Duration,
    /// Keep dead letters so long after they were replayed or dropped.
    #[arg(long, default_value = "90d", value_parser = when::span)]
    pub(crate) dead_letters: Duration,
    /// Keep the log of runs so long.
    #[arg(long, default_value = "90d", value_parser = when::span)]
    pub(crate) runs: Duration,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}
