//! `cargo xtask generate <what> [--check]`.

mod ghl;
#[cfg(feature = "timezone")]
mod timezone;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    /// GoHighLevel's operations: `ghl-client/src/generated` and `ghl-client/COVERAGE.md`.
    Ghl {
        /// The provider's documents: a checkout of GoHighLevel/highlevel-api-docs.
        #[arg(long, value_name = "DIR")]
        spec: PathBuf,
    },
    /// US ZIP codes to time zones, from the crate `zipcodes` (needs `--features timezone`).
    Timezone,
}

/// Runs one generator.
pub(crate) fn run(args: &Args) -> Outcome {
    match &args.what {
        What::Ghl { spec } => {
            let (files, line) = ghl::sources(spec)?;
            let changed = put_all(&files, &["ghl-client/src/generated", "ghl-client/tests/operations/generated"], args.check)?;
            Ok(format!("{line}; {changed}"))
        }
        #[cfg(feature = "timezone")]
        What::Timezone => {
            let files = BTreeMap::from([(timezone::PATH.to_owned(), timezone::source()?)]);
            put_all(&files, &[], args.check)
        }
        #[cfg(not(feature = "timezone"))]
        What::Timezone => Err(
            "built without the ZIP code data; run `cargo run -p xtask --features timezone -- generate timezone`".into(),
        ),
    }
}

/// Writes files of the workspace, or compares them. In the folders, which hold nothing else, files that are not written
/// any more are removed.
fn put_all(files: &BTreeMap<String, String>, folders: &[&str], check: bool) -> Outcome {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut different = Vec::new();
    for (path, source) in files {
        let file = root.join(path);
        if std::fs::read_to_string(&file).is_ok_and(|current| current == *source) {
            continue;
        }
        different.push(path.clone());
        if !check {
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)
                    .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
            }
            std::fs::write(&file, source)
                .map_err(|error| format!("cannot write {path}: {error}"))?;
        }
    }
    for folder in folders {
        for path in rust_files(&root, Path::new(folder))? {
            if !files.contains_key(&path) {
                if !check {
                    std::fs::remove_file(root.join(&path))
                        .map_err(|error| format!("cannot remove {path}: {error}"))?;
                }
                different.push(path);
            }
        }
    }
    match (different.is_empty(), check) {
        (true, _) => Ok(format!("{} files are current", files.len())),
        (false, false) => Ok(format!(
            "wrote {} of {} files",
            different.len(),
            files.len()
        )),
        (false, true) => Err(format!(
            "not current, generate again without --check: {}",
            different.join(", ")
        )),
    }
}

/// The Rust files in a folder of the workspace, by their path in it.
fn rust_files(root: &Path, folder: &Path) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
        return Ok(found);
    };
    for entry in entries {
        let entry = entry.map_err(|error| error.to_string())?;
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            found.extend(rust_files(root, &path)?);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(found)
}
