//! What has to be in the systems when everything is done, written down while it happens.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::plan::{Field, Source};
use crate::world::{Figures, Person};

/// A system in which something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    Ghl,
    Aloware,
    Verity,
}

/// Something that is there once, or should be. Events by their number, people by their index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// The text of a message stands in a system.
    Message { event: usize, at: Place },
    /// GoHighLevel says of a message whether it arrived.
    Status { event: usize, arrived: bool },
    /// A call stands in the conversation with a person.
    Call { event: usize },
    /// A note says what became of a call.
    CallNote { event: usize },
    /// GoHighLevel lets nobody text a person.
    Blocked { who: usize },
    /// A person is in a sequence of Aloware.
    Sequence { who: usize, sequence: String },
    /// The middleware has the numbers of a broadcast.
    Broadcast { event: usize },
    /// What no event explains.
    Unexplained { at: Place, what: String },
}

/// What a contact is to say, field by field.
pub(crate) type Fields = BTreeMap<Field, String>;

/// For how long a person was to be left alone: from when the middleware had acknowledged a stop until it was taken back
/// where it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silence {
    pub(crate) who: usize,
    pub(crate) source: Source,
    pub(crate) from: Timestamp,
    pub(crate) until: Option<Timestamp>,
}

/// The message of an event, and the person who wrote it or was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) event: usize,
    pub(crate) who: usize,
}

/// The call of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) event: usize,
    pub(crate) who: usize,
    /// Whether the systems say more of it later, in a summary.
    pub(crate) summary: bool,
}

/// What is expected in the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    /// Everybody who is, or should be, in both systems.
    pub(crate) people: Vec<Person>,
    /// What GoHighLevel is to say of each.
    pub(crate) in_ghl: Vec<Fields>,
    /// What Aloware is to say of each: the same, but for twins, who are left as they are.
    pub(crate) in_aloware: Vec<Fields>,
    pub(crate) effects: BTreeSet<Effect>,
    /// Messages that were on their way when a stop came: sent or not, but one of the two, and GoHighLevel says which.
    pub(crate) races: BTreeSet<usize>,
    /// Messages whose sending a fault struck before it took effect: they must not be sent again, since nobody can know that
    /// they did not go, and a person has to be asked.
    pub(crate) undecided: BTreeSet<usize>,
    /// People whose enrolment a fault left open: they are in a sequence or not, and a person has to be asked.
    pub(crate) unsure: BTreeSet<usize>,
    /// Whom an agent disposed while they wanted no messages: when they take that back before it is carried out, they are in
    /// a sequence or not.
    pub(crate) disposed: BTreeSet<usize>,
    pub(crate) silences: Vec<Silence>,
    /// The messages by their text.
    pub(crate) texts: BTreeMap<String, Text>,
    /// The messages that GoHighLevel is to be told the end of.
    pub(crate) outgoing: BTreeSet<usize>,
    /// People who took a stop back. A message to them goes out or is refused, by when that was heard; that it was heard in
    /// the end, GoHighLevel shows.
    pub(crate) thawed: BTreeSet<usize>,
    /// People whose number cannot be reached.
    pub(crate) unreachable: BTreeSet<usize>,
    /// The calls by Aloware's id.
    pub(crate) calls: BTreeMap<String, Call>,
    /// The broadcasts by Verity's id, and their numbers.
    pub(crate) broadcasts: BTreeMap<String, (usize, Figures)>,
    /// The sequences that people are to be in.
    pub(crate) sequences: BTreeMap<usize, String>,
}

impl Model {
    /// Of people who are equal everywhere.
    pub(crate) fn of(people: &[Person]) -> Self {
        let mut model = Self::default();
        for person in people {
            model.add(person.clone());
        }
        model
    }

    /// Somebody new.
    pub(crate) fn add(&mut self, person: Person) {
        self.in_ghl.push(fields_of(&person));
        self.in_aloware
            .push(fields_of(person.twin.as_deref().unwrap_or(&person)));
        self.people.push(person);
    }

    /// Somebody changed a field in a system.
    pub(crate) fn change(&mut self, who: usize, in_ghl: bool, field: Field, value: &str) {
        let stays = self.is_twin(who);
        let sides = [
            (!stays || in_ghl, &mut self.in_ghl),
            (!stays || !in_ghl, &mut self.in_aloware),
        ];
        for (changes, side) in sides {
            if let Some(fields) = side.get_mut(who).filter(|_| changes) {
                fields.insert(field, value.to_owned());
            }
        }
    }

    /// Whether Aloware has somebody else under this person's number.
    pub(crate) fn is_twin(&self, who: usize) -> bool {
        self.people
            .get(who)
            .is_some_and(|person| person.twin.is_some())
    }

    pub(crate) fn expect(&mut self, effect: Effect) {
        self.effects.insert(effect);
    }

    /// Whether a person is to be left alone now.
    pub(crate) fn is_silent(&self, who: usize) -> bool {
        let mut all = self.silences.iter();
        all.any(|silence| silence.who == who && silence.until.is_none())
    }

    /// Whether texts to them are blocked in the end, and who is in which sequence.
    pub(crate) fn close(&mut self) {
        for who in 0..self.people.len() {
            if self.is_silent(who) {
                self.effects.insert(Effect::Blocked { who });
            }
        }
        for (who, sequence) in &self.sequences {
            let (who, sequence) = (*who, sequence.clone());
            self.effects.insert(Effect::Sequence { who, sequence });
        }
    }

    /// The index of the person with a phone number.
    pub(crate) fn with_phone(&self, phone: &str) -> Option<usize> {
        self.people.iter().position(|person| person.phone == phone)
    }
}

fn fields_of(person: &Person) -> Fields {
    Fields::from([
        (Field::First, person.first.clone()),
        (Field::Last, person.last.clone()),
        (Field::Email, person.email.clone()),
        (Field::City, person.city.clone()),
    ])
}
