//! What every measurement says beside its figures.

use serde_json::{Value, json};

/// The median of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// Prints a measurement together with the machine and the version.
#[expect(clippy::print_stdout, reason = "printing is what this program is for")]
pub(crate) fn print(measured: &Value, one_line: bool) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let report = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "optimised": !cfg!(debug_assertions),
        "cores": cores,
        "measured": measured,
    });
    if one_line {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
}
