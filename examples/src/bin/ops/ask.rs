//! Asking before many rows are changed.

use std::io::{BufRead as _, IsTerminal as _};

use integrations_core::Result;

use crate::usage;

/// Whether to go on: one row needs no question, nor does `--yes`; without a terminal there is nobody to ask.
pub(crate) fn may(what: &str, rows: u64, yes: bool) -> Result<bool> {
    if rows <= 1 || yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(usage(format!(
            "this would {what}: say --yes, or look first with --dry-run"
        )));
    }
    anstream::eprint!("{what}? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    let agreed = read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes");
    if !agreed {
        anstream::eprintln!("nothing was done");
    }
    Ok(agreed)
}
