//! Compares what is there with what should be. Pure, so that a test can show that it would notice.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::model::{Effect, Fields, Model, Place, Silence};
use super::plan::Field;

/// What was found in the systems.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// Each effect, and how often it is there.
    pub(crate) effects: BTreeMap<Effect, u64>,
    /// The contacts of each person, by index: more than one is one too many.
    pub(crate) ghl: BTreeMap<usize, Vec<Fields>>,
    pub(crate) aloware: BTreeMap<usize, Vec<Fields>>,
    /// Messages that the middleware sent to people.
    pub(crate) sends: Vec<Send>,
}

/// A message that was sent to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Send {
    pub(crate) who: usize,
    pub(crate) at: Timestamp,
}

/// A write to a contact, in the order in which they took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) at: Place,
    /// Whose contact it is.
    pub(crate) who: Option<usize>,
    /// Equal for requests that are equal byte for byte.
    pub(crate) fingerprint: u64,
    /// Whether it was accepted and everything was as before.
    pub(crate) unchanged: bool,
    /// Whether its sender was told how it ended.
    pub(crate) answered: bool,
}

impl Write {
    /// What is wrong with it, when it is an echo.
    pub(crate) fn words(&self) -> String {
        let place = self.at.name();
        match self.who {
            Some(who) => {
                format!("a write to person {who} in {place} said what stood there already")
            }
            None => format!("a write in {place} said what stood there already"),
        }
    }
}

/// How many there are, and how many of them stand where they should.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) source: u64,
    pub(crate) mirrored: u64,
}

/// What the comparison says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Twins are not among them.
    pub(crate) contacts: Share,
    /// People who have somebody else's contact under their number in the other system.
    pub(crate) twins: u64,
    pub(crate) messages: Share,
    pub(crate) calls: Share,
    /// Effects that are there more often than once.
    pub(crate) duplicates: u64,
    /// Effects that are missing.
    pub(crate) lost: u64,
    /// Effects that nothing explains, or that should not be any more.
    pub(crate) unexpected: u64,
    /// What may not be tried again, and did not come to be.
    pub(crate) undecided: u64,
    pub(crate) stop_violations: u64,
    /// What is wrong, in words.
    pub(crate) why: Vec<String>,
}

/// The comparison.
pub(crate) fn check(model: &Model, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    let expected = settled(model, seen);
    let mut whole: BTreeMap<usize, bool> = BTreeMap::new();
    for effect in &expected {
        let count = seen.effects.get(effect).copied().unwrap_or(0);
        match count {
            0 => verdict.miss(1, format!("missing: {}", words(effect))),
            1 => {}
            more => verdict.double(more - 1, format!("{more} times: {}", words(effect))),
        }
        if let Effect::Message { event, .. } | Effect::Status { event, .. } = effect {
            *whole.entry(*event).or_insert(true) &= count == 1;
        }
        if let Effect::Call { .. } = effect {
            verdict.calls.source += 1;
            verdict.calls.mirrored += u64::from(count == 1);
        }
    }
    for (effect, count) in &seen.effects {
        if !expected.contains(effect) && !is_open(model, effect) {
            verdict.unexpected += count;
            let words = words(effect);
            verdict.why.push(format!("not expected: {words}"));
        }
    }
    verdict.undecided = undecided(model, seen);
    verdict.messages.source = whole.len() as u64;
    verdict.messages.mirrored = whole.values().filter(|whole| **whole).count() as u64;
    for who in 0..model.people.len() {
        verdict.person(model, seen, who);
    }
    for send in violations(&model.silences, &seen.sends) {
        verdict.stop_violations += 1;
        let words = format!(
            "person {} was sent a message after their stop was acknowledged",
            send.who
        );
        verdict.why.push(words);
    }
    verdict
}

/// What is expected, now that it is known how the races ended and what could not be known.
fn settled(model: &Model, seen: &Seen) -> BTreeSet<Effect> {
    let mut expected = model.effects.clone();
    for event in model.races.iter().copied() {
        let text = Effect::Message {
            event,
            at: Place::Verity,
        };
        let status = |arrived| Effect::Status { event, arrived };
        expected.remove(&text);
        expected.remove(&status(true));
        expected.remove(&status(false));
        let sent = seen.effects.contains_key(&text);
        if sent {
            expected.insert(text);
        }
        // What was sent can have arrived or not; what was not sent has not.
        let arrived = sent && seen.effects.contains_key(&status(true));
        expected.insert(status(arrived));
    }
    for event in model.undecided.iter().copied() {
        let at = Place::Verity;
        expected.remove(&Effect::Message { event, at });
        let arrived = true;
        if expected.remove(&Effect::Status { event, arrived }) {
            let arrived = false;
            expected.insert(Effect::Status { event, arrived });
        }
    }
    expected.retain(|effect| !is_open(model, effect));
    expected
}

/// What a fault left open, and what then was not done: of these a person has to be asked.
fn undecided(model: &Model, seen: &Seen) -> u64 {
    let sequences = |of: usize, effects: &mut dyn Iterator<Item = &Effect>| -> BTreeSet<String> {
        let own = effects.filter_map(|effect| match effect {
            Effect::Sequence { who, sequence } if *who == of => Some(sequence.clone()),
            _ => None,
        });
        own.collect()
    };
    let unsure = model.unsure.iter().filter(|who| {
        let wanted = sequences(**who, &mut model.effects.iter());
        wanted != sequences(**who, &mut seen.effects.keys())
    });
    (model.undecided.len() + unsure.count()) as u64
}

/// Whether an effect may be there or not.
fn is_open(model: &Model, effect: &Effect) -> bool {
    let late = |who: &usize| model.disposed.contains(who) && model.thawed.contains(who);
    let open = |who: &usize| model.unsure.contains(who) || late(who);
    matches!(effect, Effect::Sequence { who, .. } if open(who))
}

impl Verdict {
    fn miss(&mut self, count: u64, why: String) {
        self.lost += count;
        self.why.push(why);
    }

    fn double(&mut self, count: u64, why: String) {
        self.duplicates += count;
        self.why.push(why);
    }

    /// A person is mirrored when there is one contact of theirs in each system, and both say what they should. Twins are
    /// to say what they said.
    fn person(&mut self, model: &Model, seen: &Seen, who: usize) {
        let mut equal = true;
        for (place, side, wanted) in [
            (Place::Ghl, &seen.ghl, &model.in_ghl),
            (Place::Aloware, &seen.aloware, &model.in_aloware),
        ] {
            let contacts = side.get(&who).map_or(&[][..], Vec::as_slice);
            let Some(contact) = contacts.first() else {
                self.miss(1, format!("missing: person {who} in {}", place.name()));
                equal = false;
                continue;
            };
            if let Some(more @ 1..) = contacts.len().checked_sub(1) {
                let times = more + 1;
                let why = format!("{times} times: person {who} in {}", place.name());
                self.double(more as u64, why);
                equal = false;
            }
            for field in Field::ALL {
                let wanted = wanted.get(who).and_then(|fields| fields.get(&field));
                if contact.get(&field) != wanted {
                    let name = place.name();
                    self.miss(
                        1,
                        format!("{field:?} of person {who} is not up to date in {name}"),
                    );
                    equal = false;
                }
            }
        }
        match model.is_twin(who) {
            true => self.twins += 1,
            false => {
                self.contacts.source += 1;
                self.contacts.mirrored += u64::from(equal);
            }
        }
    }
}

/// The messages that were sent to people who were to be left alone.
pub(crate) fn violations<'s>(
    silences: &'s [Silence],
    sends: &'s [Send],
) -> impl Iterator<Item = &'s Send> {
    sends.iter().filter(|send| {
        silences.iter().any(|silence| {
            let lifted = silence.until.is_some_and(|until| send.at >= until);
            silence.who == send.who && send.at > silence.from && !lifted
        })
    })
}

/// The writes to contacts whose content already stood there. One that repeats a write whose answer was lost is none: its
/// sender could not know.
pub(crate) fn echoes(writes: &[Write]) -> Vec<Write> {
    let mut unanswered: HashMap<(Place, u64), bool> = HashMap::new();
    let mut echoes = Vec::new();
    for write in writes {
        let key = (write.at, write.fingerprint);
        let excused = unanswered.get(&key) == Some(&true);
        if write.unchanged && !excused {
            echoes.push(*write);
        }
        unanswered.insert(key, !write.answered);
    }
    echoes
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ghl => "GoHighLevel",
            Self::Aloware => "Aloware",
            Self::Verity => "Verity",
        }
    }
}

fn words(effect: &Effect) -> String {
    match effect {
        Effect::Message { event, at } => format!("message of event {event} in {}", at.name()),
        Effect::Status { event, arrived } => {
            let status = if *arrived { "delivered" } else { "failed" };
            format!("status `{status}` of event {event}'s message in GoHighLevel")
        }
        Effect::Call { event } => format!("call of event {event} in GoHighLevel"),
        Effect::CallNote { event } => {
            format!("note of all that is known of event {event}'s call in GoHighLevel")
        }
        Effect::Blocked { who } => format!("GoHighLevel blocks texts to person {who}"),
        Effect::Sequence { who, sequence } => {
            format!("person {who} is in sequence {sequence} of Aloware")
        }
        Effect::Broadcast { event } => format!("broadcast of event {event}"),
        Effect::Unexplained { at, what } => format!("{what} in {}", at.name()),
    }
}

#[cfg(test)]
mod tests;
