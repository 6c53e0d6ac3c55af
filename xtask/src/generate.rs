//! `cargo xtask generate <what> [--check]`.

#[cfg(feature = "timezone")]
mod timezone;

use std::path::PathBuf;

use clap::Subcommand;

use crate::Outcome;

/// Writes generated source files, or checks that they are current.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    /// Writes nothing; fails when a file is not what would be written.
    #[arg(long, global = true)]
    check: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// US ZIP codes to time zones, from the crate `zipcodes` (needs `--features timezone`).
    Timezone,
}

/// Runs one generator.
pub(crate) fn run(args: &Args) -> Outcome {
    match args.what {
        #[cfg(feature = "timezone")]
        What::Timezone => put(timezone::PATH, &timezone::source()?, args.check),
        #[cfg(not(feature = "timezone"))]
        What::Timezone => Err(
            "built without the ZIP code data; run `cargo run -p xtask --features timezone -- generate timezone`".into(),
        ),
    }
}

/// Writes a file of the workspace, or compares it.
#[cfg_attr(
    not(feature = "timezone"),
    expect(dead_code, reason = "no generator is built in")
)]
fn put(path: &str, source: &str, check: bool) -> Outcome {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path);
    if check {
        let current = std::fs::read_to_string(&file)
            .map_err(|error| format!("cannot read {path}: {error}"))?;
        return if current == source {
            Ok(format!("{path} is current"))
        } else {
            Err(format!(
                "{path} is not current; generate it again without --check"
            ))
        };
    }
    std::fs::write(&file, source).map_err(|error| format!("cannot write {path}: {error}"))?;
    Ok(format!("wrote {path}, {} bytes", source.len()))
}
