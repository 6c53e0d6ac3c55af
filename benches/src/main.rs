//! Measuring programs: each prints one JSON object, with its floor measured in the same run.
//!
//! `cargo run --release -p benches -- client --json`

mod client;
mod report;
mod vault;
mod verify;

use clap::{Parser, Subcommand};

/// Counts what the measured code allocates.
#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

#[derive(Parser)]
#[command(about = "Measures the workspace beside a floor in the same run")]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
    /// Print the JSON on one line instead of indented.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Bench {
    /// A call of the typed client over the same call of the raw HTTP library: time and allocations.
    Client {
        /// Calls per round; there are twenty rounds of each, in turns.
        #[arg(long, default_value_t = 1000)]
        calls: u32,
    },
    /// Sealing and opening a secret, beside `openssl speed`.
    Vault,
    /// Verifying webhooks, beside `openssl speed`.
    Verify,
    /// The server of `client`, in a process of its own.
    #[command(hide = true)]
    Serve,
}

fn main() {
    let arguments = Arguments::parse();
    let measured = match arguments.bench {
        Bench::Client { calls } => client::run(calls),
        Bench::Vault => vault::run(),
        Bench::Verify => verify::run(),
        Bench::Serve => return client::serve(),
    };
    report::print(&measured, arguments.json);
}
