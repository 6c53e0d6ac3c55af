//! What a demo found.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::check::{Share, Verdict};
use super::forge::Forged;
use super::plan::Source;

/// So many of the things that are wrong are told of.
const TOLD: usize = 20;

/// What happened, and whether every source and target agree. All figures are counted in the simulated providers and the
/// database; none is the middleware's own.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    /// `sqlite` or `postgres`.
    pub(crate) database: &'static str,
    pub(crate) events: Events,
    pub(crate) contacts: Mirror,
    /// People with the same number and another address in each system, who are left to a person.
    pub(crate) twins: u64,
    pub(crate) messages: Mirror,
    pub(crate) calls: Mirror,
    pub(crate) duplicates_applied: u64,
    pub(crate) lost: u64,
    pub(crate) unexpected: u64,
    pub(crate) echo_writes: u64,
    pub(crate) stop_violations: u64,
    pub(crate) dead_letters: u64,
    /// Texts and enrolments that may not be tried again, since a fault left open whether they took effect.
    pub(crate) undecided: u64,
    /// Questions to a person about such things.
    pub(crate) asked: u64,
    /// Whether nothing was left to do before the time was up.
    pub(crate) quiet: bool,
    pub(crate) faults: Faults,
    pub(crate) elapsed_ms: u64,
    /// What is wrong; empty when nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) why: Vec<String>,
}

/// What happened at the sources.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Events {
    pub(crate) planned: u64,
    pub(crate) ghl: u64,
    pub(crate) aloware: u64,
    pub(crate) texting: u64,
    pub(crate) broadcasts: u64,
    /// Webhooks that these led to, those about the middleware's own writes included.
    pub(crate) webhooks: u64,
    /// Further deliveries of the same webhooks.
    pub(crate) repeated: u64,
    /// Deliveries that their sender gave up, since the middleware did not take them.
    pub(crate) given_up: u64,
    /// Webhooks that nobody sent.
    pub(crate) forged: u64,
    /// How many of those were refused.
    pub(crate) refused: u64,
}

/// How many there are, and how many stand wherever they should.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Mirror {
    pub(crate) source: u64,
    pub(crate) mirrored: u64,
}

/// Requests of the middleware that the providers answered badly, late or not at all.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Faults {
    pub(crate) ghl: u64,
    pub(crate) aloware: u64,
    pub(crate) verity: u64,
}

impl From<Share> for Mirror {
    fn from(share: Share) -> Self {
        Self {
            source: share.source,
            mirrored: share.mirrored,
        }
    }
}

impl Events {
    pub(crate) fn of(counts: &BTreeMap<Source, u64>, forged: Forged) -> Self {
        let of = |source| counts.get(&source).copied().unwrap_or(0);
        Self {
            planned: counts.values().sum(),
            ghl: of(Source::Ghl),
            aloware: of(Source::Aloware),
            texting: of(Source::Texting),
            broadcasts: of(Source::Broadcast),
            forged: forged.sent,
            refused: forged.refused,
            ..Self::default()
        }
    }
}

impl Report {
    /// Takes over what the comparison says.
    pub(crate) fn judge(&mut self, verdict: Verdict) {
        self.contacts = verdict.contacts.into();
        self.twins = verdict.twins;
        self.messages = verdict.messages.into();
        self.calls = verdict.calls.into();
        self.duplicates_applied = verdict.duplicates;
        self.lost = verdict.lost;
        self.unexpected = verdict.unexpected;
        self.undecided = verdict.undecided;
        self.stop_violations = verdict.stop_violations;
        self.why.extend(verdict.why);
        if self.events.refused < self.events.forged {
            let believed = self.events.forged - self.events.refused;
            self.why
                .push(format!("{believed} forgeries were not refused"));
        }
        if self.events.given_up > 0 {
            let given_up = self.events.given_up;
            self.why.push(format!(
                "{given_up} webhooks were not taken, and their sender gave up"
            ));
        }
        if self.asked < self.undecided {
            self.why
                .push("nobody was asked about something that may have happened".to_owned());
        }
        if !self.quiet {
            self.why
                .push("there was still something to do when the time was up".to_owned());
        }
        let more = self.why.len().saturating_sub(TOLD);
        self.why.truncate(TOLD);
        if more > 0 {
            self.why.push(format!("and {more} more"));
        }
    }

    /// Whether every source and target agree.
    pub(crate) fn is_good(&self) -> bool {
        let shares = [self.contacts, self.messages, self.calls];
        let counts = [
            self.duplicates_applied,
            self.lost,
            self.unexpected,
            self.echo_writes,
            self.stop_violations,
        ];
        self.quiet
            && self.asked >= self.undecided
            && self.events.refused == self.events.forged
            && shares.iter().all(|share| share.source == share.mirrored)
            && counts.iter().all(|count| *count == 0)
    }

    /// One object on one line.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = &self.events;
        let faults = &self.faults;
        let mut row = |name: &str, text: String| writeln!(f, "  {name:<20} {text}");
        row(
            "events",
            format!(
                "{}: {} GoHighLevel, {} Aloware, {} texting, {} broadcasts",
                events.planned, events.ghl, events.aloware, events.texting, events.broadcasts
            ),
        )?;
        row(
            "webhooks",
            format!(
                "{}, {} of them once more; {} forged, {} refused",
                events.webhooks, events.repeated, events.forged, events.refused
            ),
        )?;
        row(
            "faults",
            format!(
                "{} by GoHighLevel, {} by Aloware, {} by Verity",
                faults.ghl, faults.aloware, faults.verity
            ),
        )?;
        for (name, mirror) in [
            ("contacts", self.contacts),
            ("messages", self.messages),
            ("calls", self.calls),
        ] {
            let Mirror { source, mirrored } = mirror;
            row(
                name,
                format!("{mirrored} of {source} stand where they should"),
            )?;
        }
        for (name, count) in [
            ("applied twice", self.duplicates_applied),
            ("lost", self.lost),
            ("unexpected", self.unexpected),
            ("echo writes", self.echo_writes),
            ("sent after a stop", self.stop_violations),
            ("dead letters", self.dead_letters),
            ("asked a person", self.asked),
        ] {
            row(name, count.to_string())?;
        }
        for why in &self.why {
            writeln!(f, "  ! {why}")?;
        }
        let verdict = match self.is_good() {
            true => "Every source and target agree",
            false => "Something went wrong",
        };
        let tenths = self.elapsed_ms.div_ceil(100);
        let (seconds, tenth) = (tenths / 10, tenths % 10);
        write!(
            f,
            "{verdict}, in {seconds}.{tenth} s (seed {}, {}).",
            self.seed, self.database
        )
    }
}
