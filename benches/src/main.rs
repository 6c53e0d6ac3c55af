//! Measuring programs: each prints one JSON object, with its floor measured in the same run.
//!
//! `cargo run --release -p benches -- client --json`

mod client;
mod fuzz;
mod gateway;
mod ingest;
mod jobs;
mod mcp;
mod refresh;
mod report;
mod sync;
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
    /// Random and mutated requests through all routes and servers, in this process; ends with 1 when there are findings.
    Fuzz(fuzz::Options),
    /// Calls through the gateway over the same calls through a bare reverse proxy: throughput and latency.
    Gateway,
    /// Webhooks over HTTP until they are verified, deduplicated and durable, over the same rows inserted raw.
    Ingest {
        /// Events that were stored before.
        #[arg(long, default_value_t = 0)]
        stored: u32,
    },
    /// Durable jobs over the bare job engine: enqueuing, running, and how soon a job is picked up.
    Jobs,
    /// The list of 500 tools and a call of one, over a pair of streams and over HTTP, over an echo and the bare client.
    Mcp,
    /// An expired token in many processes: refreshes, lost tokens, and how long calls wait.
    Refresh {
        /// Processes that share the connection.
        #[arg(long, default_value_t = 8)]
        processes: u32,
        /// Calls of each at once.
        #[arg(long, default_value_t = 32)]
        calls: u32,
        /// How often the token expires.
        #[arg(long, default_value_t = 5)]
        rounds: u32,
    },
    /// A two-way flow of several processes against a provider's limit: contacts per second, and how much of it is used.
    Sync {
        /// Processes that share the work and the limit; one run for each number.
        #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4])]
        processes: Vec<u32>,
        /// Requests per second that the provider allows each of the two locations. It must be one that the machine can
        /// reach: else the machine is measured.
        #[arg(long, default_value_t = 150)]
        limit: u32,
        /// How long each run is measured.
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// Sealing and opening a secret, beside `openssl speed`.
    Vault,
    /// Verifying webhooks, beside `openssl speed`.
    Verify,
    /// The server of `client`, in a process of its own.
    #[command(hide = true)]
    Serve,
    /// One of the processes of `refresh`.
    #[command(hide = true)]
    RefreshWorker,
    /// One of the processes of `sync`.
    #[command(hide = true)]
    SyncWorker,
}

fn main() {
    let arguments = Arguments::parse();
    let measured = match arguments.bench {
        Bench::Client { calls } => client::run(calls),
        Bench::Fuzz(options) => {
            let (measured, findings) = fuzz::run(&options);
            report::print(&measured, arguments.json);
            std::process::exit(i32::from(findings > 0));
        }
        Bench::Gateway => gateway::run(),
        Bench::Ingest { stored } => ingest::run(stored),
        Bench::Jobs => jobs::run(),
        Bench::Mcp => mcp::run(),
        Bench::Refresh {
            processes,
            calls,
            rounds,
        } => refresh::run(processes, calls, rounds),
        Bench::Sync {
            processes,
            limit,
            seconds,
        } => sync::run(&processes, limit, seconds),
        Bench::Vault => vault::run(),
        Bench::Verify => verify::run(),
        Bench::Serve => return client::serve(),
        Bench::RefreshWorker => return refresh::worker(),
        Bench::SyncWorker => return sync::work(),
    };
    report::print(&measured, arguments.json);
}
