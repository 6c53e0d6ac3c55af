//! A catalogue of operations served to models by a program of its own: options, logs, stdio and HTTP.

mod http;
mod logs;
mod options;
mod show;

use std::process::ExitCode;
use std::sync::Arc;

use integrations_core::catalog::Catalog;
use integrations_core::{Error, Result};
use integrations_mcp::McpServer;

pub use self::options::{Options, variable};
pub use self::show::{fault, list, plural};

/// The environment variable with the keys of HTTP callers.
pub const KEYS: &str = "MCP_API_KEY";

/// What the help of every such program ends with.
pub const HELP: &str = "\
Filters:
  A pattern is the name of a tool, in which * stands for any characters and ? for one, or the first words of names:
  `contacts` means contacts and contacts_*. Several are separated by commas, or given one by one. A pattern that names
  no tool is an error. --list shows what is left.

HTTP:
  MCP_API_KEY      keys of callers, separated by commas, 16 characters each at least: they send one of them as
                   Authorization: Bearer …. Without it --http takes an address of this machine alone.
  The server answers at /mcp, and prints its whole address on standard output. Requests have to name this machine as
  their host, or one of --host. Ctrl-C and SIGTERM end it.

Over stdio, standard output carries messages and nothing else. What there is to say stands on standard error:
RUST_LOG=info shows each call, without arguments and answers. The program ends when its standard input does.

Exit codes: 0 ended as it should, 1 failed, 2 not used as it is meant.";

/// Runs a program of this sort to its end. What the crates at `told` warn of it says in its own way.
pub fn run<F>(name: &str, told: &[&str], work: impl FnOnce() -> F) -> ExitCode
where
    F: Future<Output = Result<ExitCode>>,
{
    logs::init(told);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(work());
            // Standard input is read by a thread that nothing interrupts.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(Error::config("no runtime").with_source(error)),
    };
    result.unwrap_or_else(|error| {
        anstream::eprintln!("{name}: {}", fault(&error));
        ExitCode::FAILURE
    })
}

/// Prints the tools that the options leave.
///
/// # Errors
/// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) when a catalogue cannot be offered so: as [`serve`].
pub fn print_list(catalog: Arc<dyn Catalog>, options: &Options) -> Result<()> {
    let text = list(catalog.operations(), &options.filter());
    McpServer::builder(catalog)
        .filter(options.filter())
        .build()?;
    anstream::print!("{text}");
    Ok(())
}

/// Serves a catalogue the way that the options say, until the caller has gone or somebody ends the program.
///
/// # Errors
/// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) for options that fit neither each other nor the
/// catalogue, [`ErrorKind::Io`](integrations_core::ErrorKind::Io) when the streams or the address cannot be used.
pub async fn serve(
    name: &str,
    instructions: &str,
    catalog: Arc<dyn Catalog>,
    options: &Options,
) -> Result<()> {
    let server = McpServer::builder(catalog)
        .name(name, env!("CARGO_PKG_VERSION"))
        .instructions(instructions)
        .filter(options.filter())
        .page_size(options.page_size.into())
        .timeout(options.timeout)
        .concurrency(options.concurrency.into())
        .build()?;
    match options.http {
        None => server.serve_stdio().await,
        Some(address) => http::serve(&server, address, options).await,
    }
}
