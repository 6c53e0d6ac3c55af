//! The file: what can be used of it, and what is said of the rest.

use std::path::Path;
use std::process::ExitCode;

use examples::mcp::plural;
use integrations_core::{Error, Result};
use verity_client::catalog::{CatalogFault, CatalogFile, CatalogOptions, Checked, Effect};

/// Reads what can be used of a file.
pub(crate) fn load(path: &Path) -> Result<Checked> {
    CatalogFile::load_usable(path, &CatalogOptions::default()).map_err(|error| {
        if error.fields().is_empty() {
            return Error::config(format!("{}: {}", path.display(), error.message()))
                .with_source(error);
        }
        let message = format!("{}: {}", path.display(), error.message());
        Error::validation(message, error.fields().to_vec())
    })
}

/// Prints every fault and what there is, for `--check`: 1 when there are faults.
pub(crate) fn report(path: &Path, checked: &Checked) -> ExitCode {
    for fault in &checked.faults {
        anstream::println!("{}", line(path, fault));
    }
    let endpoints = plural(checked.file.endpoints().len(), "usable endpoint");
    let operations = plural(checked.file.operations().len(), "tool");
    let faults = plural(checked.faults.len(), "fault");
    anstream::println!("{}: {faults}, {endpoints}, {operations}", path.display());
    match checked.faults.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Prints every fault to the standard error; an error when there may be none.
pub(crate) fn warn(path: &Path, checked: &Checked, strict: bool) -> Result<()> {
    for fault in &checked.faults {
        anstream::eprintln!("{}", line(path, fault));
    }
    match strict && !checked.faults.is_empty() {
        true => Err(Error::config(format!(
            "the catalogue has {}: mend the file, or leave --strict away to serve the rest of it",
            plural(checked.faults.len(), "fault")
        ))),
        false => Ok(()),
    }
}

/// One fault, as compilers write them.
fn line(path: &Path, fault: &CatalogFault) -> String {
    let leads_to = match fault.effect {
        Effect::LeftOut => " (left out)",
        Effect::Loosened => " (not checked)",
        _ => "",
    };
    format!("{}:{fault}{leads_to}", path.display())
}
