//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::settings::HELP;

/// Connects GoHighLevel, Aloware, Verity and its texting system, and keeps them equal.
///
/// Without credentials in the environment, everything runs on this machine: simulated providers with people in them, and a
/// database that is gone afterwards. With credentials of GoHighLevel, Aloware and Verity it works with the real ones, on the
/// database of --database or DATABASE_URL.
///
/// It prints its addresses and runs until Ctrl-C or SIGTERM; then it takes no more requests, lets what is at work end, and
/// leaves the rest to the next start.
#[derive(Debug, Parser)]
#[command(version, after_long_help = HELP, after_help = "--help lists the variables of the environment.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) common: Common,
    /// Where to listen; 127.0.0.1:8080 by default, any free port with simulated providers.
    #[arg(long, value_name = "ADDRESS", env = "LISTEN_ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Work with simulated providers, whatever credentials there are.
    #[arg(long, conflicts_with = "live")]
    pub(crate) simulate: bool,
    /// Work with real providers, and fail when a credential is missing.
    #[arg(long)]
    pub(crate) live: bool,
    /// Play events of all sources against the simulated providers, with repeats, forgeries, reordering and faults; wait until
    /// it is quiet, compare every source with its targets, and exit 0 only if they agree.
    #[arg(long, conflicts_with = "live")]
    pub(crate) demo: bool,
    /// With --demo, print one JSON object instead of a story.
    #[arg(long, requires = "demo")]
    pub(crate) json: bool,
    /// With --demo, how many events.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) events: u32,
    /// Which simulated world.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many seconds what is at work may take to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) drain: u64,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Where the state is kept: sqlite:PATH or postgres://….
    #[arg(
        long,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    pub(crate) database: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the page on which an owner of the location allows the marketplace app of GHL_CLIENT_ID.
    ///
    /// The page sends them back to GHL_REDIRECT_URL, where a middleware on the same database must be reached by then. From
    /// there on, calls to GoHighLevel go with the app's tokens. To allow it again replaces them.
    Authorize,
    /// File messages of the past in GoHighLevel's conversations, each once.
    ///
    /// FILE has a JSON object a line: {"id": "…", "phone": "+12065550100", "direction": "inbound" or "outbound",
    /// "text": "…", "at": "2026-01-05T20:58:44Z"}. Every line is checked before the first one is enqueued; a middleware
    /// that runs on the same database files them. To file a file again does nothing.
    Import {
        /// The file; - reads standard input.
        file: PathBuf,
    },
}
