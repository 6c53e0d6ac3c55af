//! Logs, on standard error alone: over stdio, standard output is the connection.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Shows what `RUST_LOG` asks for. By default these are warnings, but for the places that the program itself tells of.
pub(super) fn init(told: &[&str]) {
    let wanted = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into());
    let wanted = match std::env::var_os(EnvFilter::DEFAULT_ENV) {
        Some(_) => wanted.from_env_lossy(),
        None => {
            let less: Vec<_> = told.iter().map(|place| format!("{place}=error")).collect();
            wanted.parse_lossy(format!("warn,{}", less.join(",")))
        }
    };
    let shown = wanted.and(filter_fn(may_be_shown));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_filter(shown);
    // Somebody who has set up logs already is content with them.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// Whether a line may be written at all, whatever was asked for: the protocol's crate shows whole messages below
/// warnings, and the HTTP libraries the bytes of requests below `debug`.
fn may_be_shown(of: &Metadata<'_>) -> bool {
    let is_protocol = of.target() == "rmcp" || of.target().starts_with("rmcp::");
    let most = match is_protocol {
        true => Level::WARN,
        false => Level::DEBUG,
    };
    *of.level() <= most
}
