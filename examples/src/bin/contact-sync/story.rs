//! What a person reads: what is there, how far it is, how it ended. Silent with `--json`.

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use integrations_core::TenantId;
use integrations_store::{MappingState, Store};
use integrations_sync::flow::RunProgress;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::Arguments;
use crate::crms::{persons, shared};
use crate::home::Home;
use crate::report::Report;
use crate::world::{FLOW, World};

#[derive(Clone, Copy)]
pub(crate) struct Story {
    quiet: bool,
}

impl Story {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    pub(crate) fn begin(self, arguments: &Arguments, home: &Home, world: &World) {
        let contacts = u64::from(arguments.contacts);
        self.line("Two CRMs, one list of people");
        self.line(&format!(
            "   at the start: {} contacts a side, {} of them on both; {} requests a second each",
            grouped(contacts),
            grouped(shared(contacts)),
            grouped(u64::from(world.limit))
        ));
        if home.resumed {
            self.line(&format!(
                "   going on with what is in {}: this is start {}",
                home.folder().display(),
                world.left.ghl.starts().len()
            ));
        } else {
            self.line("   kill it whenever you like and start it again: it goes on where it was");
        }
    }

    pub(crate) fn end(self, report: &Report, home: &Home) {
        let contacts = &report.contacts;
        self.line(&format!(
            "   left {}, right {}, linked {}; equal: {}, lost: {}",
            grouped(contacts.left as u64),
            grouped(contacts.right as u64),
            grouped(contacts.linked as u64),
            if report.equal { "yes" } else { "no" },
            report.lost
        ));
        self.line(&format!(
            "   {} writes over {}: {} applied twice, {} without need, {} over a rate limit",
            grouped(report.writes),
            if report.starts == 1 {
                "one start".to_owned()
            } else {
                format!("{} starts", report.starts)
            },
            report.duplicates_applied,
            report.echo_writes,
            report.throttled_errors
        ));
        if let Some(share) = report.limit_used {
            let percent = share * 100.0;
            self.line(&format!(
                "   {percent:.1} % of the limits used while contacts were created"
            ));
        }
        let seconds = Duration::from_millis(report.elapsed_ms).as_secs_f64();
        let verdict = if report.is_good() {
            "Both sides are equal"
        } else {
            "Something went wrong"
        };
        self.line(&format!(
            "\n{verdict}, in {seconds:.1} s. The CRMs are kept in {}; --fresh starts over.",
            home.folder().display()
        ));
    }

    /// Shows how many people are linked, from now on.
    pub(crate) fn follow(self, world: &World) -> Progress {
        let phase = Arc::new(Mutex::new("starting"));
        let task = (!self.quiet).then(|| {
            let followed = Followed {
                store: world.store.clone(),
                tenant: world.tenant.clone(),
                total: persons(u64::from(world.contacts)),
                phase: Arc::clone(&phase),
            };
            tokio::spawn(followed.show(self))
        });
        Progress { phase, task }
    }

    fn line(self, text: &str) {
        if !self.quiet {
            anstream::println!("{text}");
        }
    }
}

/// The progress that is shown.
pub(crate) struct Progress {
    phase: Arc<Mutex<&'static str>>,
    task: Option<JoinHandle<()>>,
}

impl Progress {
    pub(crate) fn watcher(&self) -> impl Fn(&RunProgress) + Send + Sync + 'static {
        let phase = Arc::clone(&self.phase);
        move |progress| {
            *phase.lock().unwrap_or_else(PoisonError::into_inner) = match progress.phase {
                "index" => "listing the right",
                "left" => "from left to right",
                "right" => "from right to left",
                "missing" => "looking for deletions",
                other => other,
            };
        }
    }

    pub(crate) async fn end(self) {
        if let Some(task) = self.task {
            task.abort();
            let _ = task.await;
        }
    }
}

struct Followed {
    store: Store,
    tenant: TenantId,
    total: u64,
    phase: Arc<Mutex<&'static str>>,
}

impl Followed {
    /// A bar on a terminal, now and then a line in a pipe.
    async fn show(self, story: Story) {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            Some(self.total),
            if terminal {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        let bar = Cleared(bar);
        if let Ok(style) = ProgressStyle::with_template("   {bar:30} {pos}/{len} people {msg}") {
            bar.0.set_style(style);
        }
        let mut ticks = interval(Duration::from_millis(500));
        let mut told = Instant::now();
        loop {
            ticks.tick().await;
            // A look that fails is made up for by the next one.
            let Ok(counts) = self.store.mappings().counts(&self.tenant, FLOW).await else {
                continue;
            };
            let linked = counts
                .iter()
                .find(|(state, _)| *state == MappingState::Linked);
            let linked = linked.map_or(0, |(_, count)| *count);
            let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
            bar.0.set_message(phase);
            bar.0.set_position(linked);
            if !terminal && told.elapsed() >= Duration::from_secs(5) {
                told = Instant::now();
                story.line(&format!(
                    "   {} of {} people, {phase}",
                    grouped(linked),
                    grouped(self.total)
                ));
            }
        }
    }
}

/// A bar that is gone when nobody follows any more.
struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// 12345 as 12,345.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
