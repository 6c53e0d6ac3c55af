use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use integrations_mcp::Filter;

/// How a catalogue is offered, whatever catalogue it is.
#[derive(Debug, Args)]
pub struct Options {
    /// Offer only these tools; all of them by default.
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub allow: Vec<String>,
    /// Leave these tools out, whatever --allow says.
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub deny: Vec<String>,
    /// Offer only tools that change nothing.
    #[arg(long)]
    pub read_only: bool,
    /// Tools in one page of the list.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub page_size: u16,
    /// How long a call may take in all, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub timeout: Duration,
    /// Calls that run at the same time; the others wait.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    pub concurrency: u16,
    /// Serve over HTTP at this address, 127.0.0.1:8080 for example (port 0: any free one), instead of stdio.
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
    /// A host by which requests may name this server, `mcp.example.com` for example, instead of this machine's.
    #[arg(long, value_name = "HOST", value_delimiter = ',', requires = "http")]
    pub host: Vec<String>,
    /// A web page whose scripts may call, `https://app.example.com:443` for example.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', requires = "http")]
    pub origin: Vec<String>,
    /// Print the tools that would be offered, and end. Needs no credential.
    #[arg(long)]
    pub list: bool,
    /// Print what is to be said of the catalogue, and end: with 1 when something is wrong. Needs no credential.
    #[arg(long, conflicts_with = "list")]
    pub check: bool,
}

impl Options {
    /// Which operations are offered.
    #[must_use]
    pub fn filter(&self) -> Filter {
        let filter = Filter::new().read_only(self.read_only);
        let filter = self.allow.iter().fold(filter, Filter::allow);
        self.deny.iter().fold(filter, Filter::deny)
    }
}

/// A variable of the environment that is there and not empty.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    const LONGEST: f64 = 3600.0;
    let seconds: f64 = text.parse().map_err(|_| "is no number".to_owned())?;
    match seconds > 0.0 && seconds <= LONGEST {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => Err(format!("must be more than 0 and at most {LONGEST}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use http::Method;
    use integrations_core::catalog::CatalogOperation;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        options: Options,
    }

    fn read(arguments: &[&str]) -> Result<Options, clap::error::ErrorKind> {
        let arguments = std::iter::once("program").chain(arguments.iter().copied());
        Program::try_parse_from(arguments)
            .map(|program| program.options)
            .map_err(|error| error.kind())
    }

    #[test]
    fn filters_come_one_by_one_or_with_commas() {
        let filter = read(&[
            "--allow",
            "contacts,calls",
            "--allow",
            "x_*",
            "--deny",
            "*_delete",
        ]);
        let filter = filter.unwrap().filter();
        for (name, admitted) in [
            ("contacts_get", true),
            ("calls", true),
            ("x_y", true),
            ("contacts_delete", false),
            ("users_get", false),
        ] {
            let operation = CatalogOperation::new(name, Method::GET, "/");
            assert_eq!(filter.admits(&operation), admitted, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        use clap::error::ErrorKind::{ArgumentConflict, MissingRequiredArgument, ValueValidation};
        for (arguments, kind) in [
            (&["--timeout", "0"][..], ValueValidation),
            (&["--timeout", "-1"], ValueValidation),
            (&["--timeout", "NaN"], ValueValidation),
            (&["--timeout", "inf"], ValueValidation),
            (&["--timeout", "3601"], ValueValidation),
            (&["--page-size", "0"], ValueValidation),
            (&["--concurrency", "0"], ValueValidation),
            (&["--http", "localhost"], ValueValidation),
            (&["--host", "mcp.example.com"], MissingRequiredArgument),
            (&["--list", "--check"], ArgumentConflict),
        ] {
            let kinds = read(arguments).map(|_| ()).unwrap_err();
            assert!(
                kinds == kind
                    || kind == ValueValidation && kinds == clap::error::ErrorKind::UnknownArgument,
                "{arguments:?}: {kinds:?}"
            );
        }
        let half = read(&["--timeout", "0.5"]).unwrap();
        assert_eq!(half.timeout, Duration::from_millis(500));
    }
}
