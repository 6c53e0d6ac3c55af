//! What it costs to adopt a crate: the seconds of a clean check, and the crates that it compiles.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Outcome;

/// A package, the features to check it with, and what to call that.
const CHECKED: [(&str, &[&str], &str); 9] = [
    (
        "integrations-core",
        &["--no-default-features"],
        "no default features",
    ),
    ("integrations-core", &[], "default"),
    ("integrations-core", &["--all-features"], "all features"),
    (
        "ghl-client",
        &["--no-default-features"],
        "no default features",
    ),
    ("ghl-client", &[], "default"),
    ("ghl-client", &["--features", "full,v3"], "full,v3"),
    ("ghl-client", &["--features", "provider"], "provider"),
    ("integrations-store", &[], "default"),
    ("integrations-server", &[], "default"),
];

/// Options of `cost`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

/// Checks each package in an empty target folder.
pub(crate) fn run(args: &Args) -> Outcome {
    let mut rows = Vec::new();
    for (package, features, label) in CHECKED {
        let crates = count(package, features)?;
        let took = check(package, features)?;
        rows.push((package, label, crates, took));
    }
    if args.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(package, label, crates, took)| {
                serde_json::json!({
                    "package": package, "features": label, "crates": crates, "seconds": took.as_secs_f64()
                })
            })
            .collect();
        return Ok(serde_json::json!({ "cost": rows }).to_string());
    }
    let mut table = format!(
        "{:<22} {:<22} {:>7} {:>8}",
        "package", "features", "crates", "seconds"
    );
    for (package, label, crates, took) in rows {
        table.push_str(&format!(
            "\n{package:<22} {label:<22} {crates:>7} {:>8.1}",
            took.as_secs_f64()
        ));
    }
    Ok(table)
}

/// The crates that a check compiles, the package itself included; build scripts' own dependencies count.
fn count(package: &str, features: &[&str]) -> Result<usize, String> {
    let tree = Command::new("cargo")
        .args([
            "tree",
            "--package",
            package,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--no-dedupe",
        ])
        .args(features)
        .output()
        .map_err(|error| format!("cargo tree does not run: {error}"))?;
    if !tree.status.success() {
        return Err(String::from_utf8_lossy(&tree.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&tree.stdout);
    let crates: BTreeSet<_> = text
        .lines()
        .filter_map(|line| Some(line.split(" (").next()?.trim()))
        .filter(|line| !line.is_empty())
        .collect();
    Ok(crates.len())
}

fn check(package: &str, features: &[&str]) -> Result<Duration, String> {
    let folder = std::env::temp_dir().join(format!("xtask-cost-{}", std::process::id()));
    #[expect(
        clippy::disallowed_methods,
        reason = "a stopwatch for a person, in a program without a runtime"
    )]
    let started = std::time::Instant::now();
    let status = Command::new("cargo")
        .args(["check", "--quiet", "--package", package])
        .args(features)
        .env("CARGO_TARGET_DIR", &folder)
        .env("CARGO_INCREMENTAL", "0")
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("cargo check does not run: {error}"))?;
    let took = started.elapsed();
    // The folder is ours and named after this process.
    let _ = std::fs::remove_dir_all(&folder);
    if status.success() {
        Ok(took)
    } else {
        Err(format!("{package} does not compile"))
    }
}
