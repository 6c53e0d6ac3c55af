//! GoHighLevel's operations as tools for models: a server of the Model Context Protocol over stdio or HTTP.

mod granted;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use examples::mcp;
use ghl_client::{Client, GhlCatalog, TokenClasses};
use integrations_core::catalog::Catalog;
use integrations_core::{Error, Result};

use granted::Granted;

const NAME: &str = "ghl-mcp";

const INSTRUCTIONS: &str = "\
These tools call GoHighLevel, a CRM: contacts, conversations, calendars, opportunities and more. A tool's name begins with \
its group. Each tool says which scopes its token needs. Messages that were sent cannot be taken back. When an error says \
that the outcome is unknown, look before you repeat the call.";

const ENVIRONMENT: &str = "\
Environment:
  GHL_API_KEY         private integration token (pit-…)
  GHL_LOCATION_TOKEN  instead of it: the access token of a location that authorized a marketplace app; it ends after a day
  GHL_LOCATION_ID     the location, when --location does not say
  GHL_SCOPES          the scopes of the token, when --scopes does not say
  GHL_BASE_URL        another address of the API, when --base-url does not say
  There are no options for secrets: other users of the machine see those.

Scopes:
  With --scopes, tools whose scopes the token lacks are left out; without, all are offered, and the provider refuses
  what the token may not do. --check prints the scopes that the tools which are offered need.";

/// Serves GoHighLevel's operations to models, as tools of the Model Context Protocol.
///
/// Over stdio the program that wants the tools starts this one; with --http this one waits for callers. Every operation
/// of the provider's documents is a tool, uploads apart. Arguments are checked before anything is sent, calls wait for
/// the rate limit, and what may not be repeated is not.
///
/// With a location, tools need not name it and cannot name another. Models do better with few tools: --allow
/// contacts,calendars offers two groups.
#[derive(Debug, Parser)]
#[command(name = NAME, version, after_help = format!("{ENVIRONMENT}\n\n{}", mcp::HELP))]
struct Arguments {
    /// The location that all tools work on.
    #[arg(long, value_name = "ID", env = "GHL_LOCATION_ID")]
    location: Option<String>,
    /// The scopes of the token, with commas or blanks between them.
    #[arg(long, value_name = "SCOPES", env = "GHL_SCOPES")]
    scopes: Option<String>,
    /// Offer the operations of the contract v3, the provider's newest, instead of the dated ones.
    #[arg(long)]
    v3: bool,
    /// Where the API answers.
    #[arg(long, value_name = "URL", env = "GHL_BASE_URL", default_value = ghl_client::DEFAULT_BASE_URL)]
    base_url: String,
    /// Take a base URL with http:// that is not on this machine. The token then travels in clear.
    #[arg(long)]
    plain_http: bool,
    #[command(flatten)]
    mcp: mcp::Options,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    mcp::run(NAME, &[], || run(arguments))
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let scopes = arguments.scopes.as_deref().map(words);
    // A variable that is there and says nothing says nothing.
    let scopes = scopes.filter(|scopes| !scopes.is_empty());
    let looks = arguments.mcp.list || arguments.mcp.check;
    let client = arguments.client(scopes.as_ref(), looks)?;
    let catalog = Granted::new(arguments.catalog(&client), scopes.as_ref());
    if arguments.mcp.list {
        mcp::print_list(Arc::new(catalog), &arguments.mcp)?;
    } else if arguments.mcp.check {
        arguments.report(&catalog);
    } else {
        mcp::serve(NAME, INSTRUCTIONS, Arc::new(catalog), &arguments.mcp).await?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn client(&self, scopes: Option<&BTreeSet<String>>, looks: bool) -> Result<Client> {
        let mut builder = Client::builder()
            .base_url(self.base_url.trim())
            .timeout(self.mcp.timeout)
            .user_agent(concat!("ghl-mcp/", env!("CARGO_PKG_VERSION")))
            .allow_plain_http(self.plain_http);
        if let Some(scopes) = scopes {
            builder = builder.granted_scopes(scopes);
        }
        if looks {
            return builder.without_token().build();
        }
        let tokens = ["GHL_API_KEY", "GHL_LOCATION_TOKEN"].map(mcp::variable);
        match tokens {
            [Some(token), None] => builder.private_token(token),
            [None, Some(token)] => builder
                .private_token(token)
                .token_class(TokenClasses::LOCATION_OAUTH),
            [None, None] => {
                return Err(Error::config(
                    "no token: set GHL_API_KEY to a private integration token, or GHL_LOCATION_TOKEN to a location's access token",
                ));
            }
            [Some(_), Some(_)] => {
                return Err(Error::config(
                    "GHL_API_KEY and GHL_LOCATION_TOKEN are both set: which of them is meant?",
                ));
            }
        }
        .build()
    }

    fn catalog(&self, client: &Client) -> GhlCatalog {
        let catalog = match self.v3 {
            true => client.catalog_v3(),
            false => client.catalog(),
        };
        let location = self.location.as_deref().map(str::trim);
        match location.filter(|location| !location.is_empty()) {
            Some(location) => catalog.for_location(location),
            None => catalog,
        }
    }

    /// What the tools that are offered need.
    fn report(&self, catalog: &Granted) {
        let filter = self.mcp.filter();
        let operations = catalog.operations().iter();
        let offered: Vec<_> = operations.filter(|one| filter.admits(one)).collect();
        let scopes: BTreeSet<_> = offered.iter().flat_map(|one| &one.scopes).collect();
        for scope in &scopes {
            anstream::println!("{scope}");
        }
        let unsaid = offered.iter().filter(|one| one.scopes.is_empty()).count();
        anstream::println!(
            "{}, {}; {} left out for want of scopes; the scopes of {unsaid} are not known",
            mcp::plural(offered.len(), "tool"),
            mcp::plural(scopes.len(), "scope"),
            catalog.left_out(),
        );
    }
}

fn words(text: &str) -> BTreeSet<String> {
    text.split([',', ' ', '\t', '\n'])
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect()
}
