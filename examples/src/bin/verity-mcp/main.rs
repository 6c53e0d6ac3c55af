//! Verity's catalogue as tools for models: a server of the Model Context Protocol over stdio or HTTP.

mod catalogue;
mod connect;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use examples::mcp;
use integrations_core::Result;
use verity_client::Client;
use verity_client::catalog::VerityCatalog;

const NAME: &str = "verity-mcp";

const INSTRUCTIONS: &str = "\
These tools call Verity, a capital-management platform: calls and their agents, communications (broadcasts, contacts), text \
messages. A tool's name says domain, resource and action. A text message cannot be taken back. When an error says that the \
outcome is unknown, look before you repeat the call.";

const ENVIRONMENT: &str = "\
Environment:
  VERITY_CATALOG_PATH  the catalogue, when --catalog does not say
  VERITY_BASE_URL      where Verity answers, when --base-url does not say
  VERITY_API_KEY       the service key, which sends text messages
  CLERK_SECRET_KEY     mints session tokens, for everything else, of the user that --clerk-user or --clerk-session names:
                       tools can do what that user may do
  CLERK_API_URL        another address of Clerk's Backend API
  One credential is needed; with one alone, that one is sent with every call. A session token that Verity refuses is
  renewed, and the call sent once more. There are no options for secrets: other users of the machine see those.";

/// Serves Verity's catalogue of endpoints to models, as tools of the Model Context Protocol.
///
/// Over stdio the program that wants the tools starts this one; with --http this one waits for callers. Every endpoint
/// and method of the catalogue is a tool. Arguments are checked before anything is sent, and no value leaves its segment
/// of the path.
///
/// A catalogue with faults is served without what is wrong in it; each fault stands on standard error, with its line,
/// its place and what it leads to.
#[derive(Debug, Parser)]
#[command(name = NAME, version, after_help = format!("{ENVIRONMENT}\n\n{}", mcp::HELP))]
struct Arguments {
    /// The file that Verity's own program writes.
    #[arg(long, value_name = "FILE", env = "VERITY_CATALOG_PATH")]
    catalog: PathBuf,
    /// Refuse a catalogue with faults.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    verity: connect::Verity,
    #[command(flatten)]
    mcp: mcp::Options,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    mcp::run(NAME, &["verity_client::catalog"], || run(arguments))
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let checked = catalogue::load(&arguments.catalog)?;
    if arguments.mcp.check {
        return Ok(catalogue::report(&arguments.catalog, &checked));
    }
    catalogue::warn(&arguments.catalog, &checked, arguments.strict)?;
    let file = Arc::from(checked);
    if arguments.mcp.list {
        let client = Client::builder().without_token().build()?;
        let catalog = Arc::new(VerityCatalog::new(&client, file));
        mcp::print_list(catalog, &arguments.mcp)?;
        return Ok(ExitCode::SUCCESS);
    }
    let client = arguments.verity.connect(arguments.mcp.timeout)?;
    let catalog = Arc::new(VerityCatalog::new(&client, file));
    mcp::serve(NAME, INSTRUCTIONS, catalog, &arguments.mcp).await?;
    Ok(ExitCode::SUCCESS)
}
