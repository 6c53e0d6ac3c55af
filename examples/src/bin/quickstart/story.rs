//! What a person reads: steps, findings, progress. Silent with `--json`.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::Report;

pub(crate) struct Story {
    quiet: bool,
}

impl Story {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    pub(crate) fn step(&self, number: u32, title: &str) {
        self.line(&format!("\n{number}. {title}"));
    }

    pub(crate) fn say(&self, text: impl AsRef<str>) {
        self.line(&format!("   {}", text.as_ref()));
    }

    /// A bar on a terminal, nothing in a pipe: there the result's line says as much.
    pub(crate) fn progress(&self, total: u64, unit: &str) -> ProgressBar {
        let bar = ProgressBar::new(total);
        if self.quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = format!("   {{bar:30}} {{pos}}/{{len}} {unit} {{msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar
    }

    pub(crate) fn end(&self, report: &Report) {
        let seconds = std::time::Duration::from_millis(report.elapsed_ms).as_secs_f64();
        let verdict = if report.is_good() {
            "Everything went as it should"
        } else {
            "Something went wrong"
        };
        self.line(&format!(
            "\n{verdict}, in {seconds:.1} s. Run it with --json for the figures alone."
        ));
    }

    fn line(&self, text: &str) {
        if !self.quiet {
            anstream::println!("{text}");
        }
    }
}
