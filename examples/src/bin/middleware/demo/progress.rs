//! What a person sees while it runs: a bar on a terminal, lines in a pipe; both on standard error.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far the demo is.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Lines in place of a bar.
    plain: bool,
    events: usize,
}

impl Progress {
    pub(crate) fn new(events: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = match terminal {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let length = u64::try_from(events).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} events  {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            plain: !terminal,
            events,
        }
    }

    /// So many events have happened.
    pub(crate) fn happened(&self, events: usize) {
        self.bar
            .set_position(u64::try_from(events).unwrap_or(u64::MAX));
        if self.plain && (events.is_multiple_of(50) || events == self.events) {
            anstream::eprintln!("{events} of {} events have happened", self.events);
        }
    }

    /// The middleware still has something to do.
    pub(crate) fn waiting(&self, waited: Duration, on_their_way: u64) {
        let seconds = waited.as_secs();
        self.bar.set_message(format!(
            "waiting until it is quiet: {seconds} s, {on_their_way} webhooks on their way"
        ));
        if self.plain && seconds > 0 && seconds.is_multiple_of(10) {
            anstream::eprintln!(
                "waiting until it is quiet: {seconds} s, {on_their_way} webhooks on their way"
            );
        }
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
