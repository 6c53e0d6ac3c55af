//! What happens in a demo, from a seed: the same events in the same order on every machine.

use std::collections::BTreeMap;
use std::time::Duration;

use integrations_testkit::plan::Dice;

use crate::world::{Person, SEQUENCES};

/// Where an event happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Ghl,
    Aloware,
    Texting,
    Broadcast,
}

/// A field of a contact that people change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    First,
    Last,
    Email,
    City,
    Company,
}

impl Field {
    pub(crate) const ALL: [Self; 5] = [
        Self::First,
        Self::Last,
        Self::Email,
        Self::City,
        Self::Company,
    ];

    pub(crate) fn in_ghl(self) -> &'static str {
        match self {
            Self::First => "firstName",
            Self::Last => "lastName",
            Self::Email => "email",
            Self::City => "city",
            Self::Company => "companyName",
        }
    }

    pub(crate) fn in_aloware(self) -> &'static str {
        match self {
            Self::First => "first_name",
            Self::Last => "last_name",
            Self::Email => "email",
            Self::City => "city",
            Self::Company => "company_name",
        }
    }

    /// A field of a contact is changed in one system only, since which of two changes at once wins is a matter of policy
    /// and not of loss; and GoHighLevel takes a company's name with a new contact alone.
    fn is_changed_in_ghl(self, person: usize) -> bool {
        self == Self::Company || (self as usize + person).is_multiple_of(2)
    }

    /// A value that was never there before.
    fn value(self, event: usize) -> String {
        match self {
            Self::First => format!("First{event}"),
            Self::Last => format!("Last{event}"),
            Self::Email => format!("person{event}@example.com"),
            Self::City => format!("City {event}"),
            Self::Company => format!("Company {event}"),
        }
    }
}

/// What a person, or a broadcast, does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Somebody changes a contact in GoHighLevel.
    EditInGhl,
    AddInGhl,
    /// A user of GoHighLevel writes to a contact.
    WriteInGhl,
    EditInAloware,
    AddInAloware,
    CompleteCall,
    FailCall,
    MissCall,
    /// An agent notes how it stands with a contact.
    Dispose,
    /// An agent writes to a contact in Aloware.
    WriteInAloware,
    /// A contact writes to the number in Aloware.
    AnswerInAloware,
    /// A contact writes to the number in Verity.
    AnswerInVerity,
    WriteInVerity,
    /// A contact wants no more messages, and says so to one of the systems.
    Stop,
    /// A contact who did so takes it back, where it was said.
    Start,
    AnnounceBroadcast,
}

/// Of every hundred events, so many are of this kind; the first of each kind come before.
const SHARES: [(Kind, usize); 16] = [
    (Kind::EditInGhl, 13),
    (Kind::AddInGhl, 3),
    (Kind::WriteInGhl, 15),
    (Kind::EditInAloware, 10),
    (Kind::AddInAloware, 3),
    (Kind::CompleteCall, 5),
    (Kind::FailCall, 2),
    (Kind::MissCall, 3),
    (Kind::Dispose, 4),
    (Kind::WriteInAloware, 4),
    (Kind::AnswerInAloware, 6),
    (Kind::AnswerInVerity, 12),
    (Kind::WriteInVerity, 8),
    (Kind::Stop, 4),
    (Kind::Start, 3),
    (Kind::AnnounceBroadcast, 5),
];

/// One event of the plan; people by their index, those who are added by the demo after those who were there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// From 1 on.
    pub(crate) number: usize,
    pub(crate) what: What,
    /// How long nothing happens before it.
    pub(crate) pause: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Edit {
        in_ghl: bool,
        who: usize,
        field: Field,
        value: String,
    },
    Add {
        in_ghl: bool,
        who: usize,
    },
    /// A user of a system writes to a contact.
    Write {
        source: Source,
        who: usize,
        text: String,
    },
    /// A contact writes.
    Answer {
        source: Source,
        who: usize,
        text: String,
    },
    Call {
        who: usize,
        end: CallEnd,
    },
    Dispose {
        who: usize,
        words: &'static str,
    },
    Stop {
        source: Source,
        who: usize,
    },
    Start {
        source: Source,
        who: usize,
    },
    Announce {
        completed: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallEnd {
    Completed,
    Failed,
    Missed,
}

impl What {
    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Edit { in_ghl, .. } | Self::Add { in_ghl, .. } => match in_ghl {
                true => Source::Ghl,
                false => Source::Aloware,
            },
            Self::Write { source, .. }
            | Self::Answer { source, .. }
            | Self::Stop { source, .. }
            | Self::Start { source, .. } => *source,
            Self::Call { .. } | Self::Dispose { .. } => Source::Aloware,
            Self::Announce { .. } => Source::Broadcast,
        }
    }
}

/// The events of a demo, and who is added in it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// The people who are added, in the order of their indexes after those who were there.
    pub(crate) added: Vec<Person>,
}

impl Plan {
    /// So many events among these people.
    pub(crate) fn new(seed: u64, events: usize, people: &[Person]) -> Self {
        let mut dice = Dice::new(seed.wrapping_add(0x706c_616e));
        let mut kinds: Vec<_> = SHARES.iter().map(|(kind, _)| *kind).collect();
        while kinds.len() < events {
            kinds.push(drawn(&mut dice));
        }
        kinds.truncate(events);
        for at in (1..kinds.len()).rev() {
            kinds.swap(at, dice.below(at + 1));
        }
        let mut draft = Draft {
            dice,
            settled: people.len(),
            added: Vec::new(),
            stopped: BTreeMap::new(),
        };
        let steps = kinds.into_iter().enumerate().map(|(at, kind)| {
            let number = at + 1;
            let pause = draft.dice.within(0, 20);
            let what = draft.what(kind, number);
            Step {
                number,
                what,
                pause,
            }
        });
        Self {
            steps: steps.collect(),
            added: draft.added,
        }
    }
}

fn drawn(dice: &mut Dice) -> Kind {
    let mut left = dice.below(SHARES.iter().map(|(_, share)| share).sum());
    for (kind, share) in SHARES {
        match left.checked_sub(share) {
            Some(rest) => left = rest,
            None => return kind,
        }
    }
    Kind::EditInGhl
}

/// Whether a person is one of those who say stop and start.
fn is_fickle(who: usize) -> bool {
    who.is_multiple_of(3)
}

struct Draft {
    dice: Dice,
    /// How many people were there before.
    settled: usize,
    added: Vec<Person>,
    /// Who wants no more messages, and where that was said.
    stopped: BTreeMap<usize, Source>,
}

impl Draft {
    fn what(&mut self, kind: Kind, number: usize) -> What {
        let write = |source, who| What::Write {
            source,
            who,
            text: format!("Message {number} for you"),
        };
        let answer = |source, who| What::Answer {
            source,
            who,
            text: format!("Answer {number} from me"),
        };
        match kind {
            Kind::EditInGhl => self.edit(true, number),
            Kind::EditInAloware => self.edit(false, number),
            Kind::AddInGhl => self.add(true),
            Kind::AddInAloware => self.add(false),
            Kind::WriteInGhl => {
                // Often to somebody to whom nothing may be sent.
                let who = match self.dice.one_in(3) {
                    true => self.one_of(self.stopped.keys().copied().collect()),
                    false => None,
                };
                let who = who.unwrap_or_else(|| self.anybody());
                write(Source::Ghl, who)
            }
            Kind::WriteInAloware => write(Source::Aloware, self.reachable()),
            Kind::WriteInVerity => write(Source::Texting, self.reachable()),
            Kind::AnswerInAloware => answer(Source::Aloware, self.anybody()),
            Kind::AnswerInVerity => answer(Source::Texting, self.anybody()),
            Kind::CompleteCall => self.call(CallEnd::Completed),
            Kind::FailCall => self.call(CallEnd::Failed),
            Kind::MissCall => self.call(CallEnd::Missed),
            Kind::Dispose => {
                let words = match self.dice.below(3) {
                    // No sequence belongs to it.
                    0 => "Not now",
                    at => SEQUENCES[at - 1].0,
                };
                // Whoever stops or starts meanwhile could end in a sequence or not.
                let who = match self.dice.one_in(3) {
                    true => self.one_of(self.stopped.keys().copied().collect()),
                    false => None,
                };
                let who = who.unwrap_or_else(|| self.among(|who| !is_fickle(who)));
                What::Dispose { who, words }
            }
            Kind::Stop => {
                let sources = [
                    Source::Texting,
                    Source::Texting,
                    Source::Aloware,
                    Source::Ghl,
                ];
                let source = sources[self.dice.below(sources.len())];
                let stopped = self.stopped.clone();
                let who = self.among(|who| is_fickle(who) && !stopped.contains_key(&who));
                if self.stopped.contains_key(&who) {
                    return answer(Source::Texting, who);
                }
                self.stopped.insert(who, source);
                What::Stop { source, who }
            }
            Kind::Start => {
                let who = self.one_of(self.stopped.keys().copied().collect());
                let stopped = who.and_then(|who| Some((who, self.stopped.remove(&who)?)));
                match stopped {
                    Some((who, source)) => What::Start { source, who },
                    None => answer(Source::Texting, self.anybody()),
                }
            }
            Kind::AnnounceBroadcast => What::Announce {
                completed: self.dice.one_in(2),
            },
        }
    }

    fn anybody(&mut self) -> usize {
        self.dice.below(self.settled)
    }

    /// Somebody who said stop nowhere.
    fn reachable(&mut self) -> usize {
        let stopped = self.stopped.clone();
        self.among(|who| !stopped.contains_key(&who))
    }

    /// Somebody of whom this is true, or anybody when there is nobody.
    fn among(&mut self, wanted: impl Fn(usize) -> bool) -> usize {
        let from = self.anybody();
        let mut all = (from..self.settled).chain(0..from);
        all.find(|who| wanted(*who)).unwrap_or(from)
    }

    fn one_of(&mut self, all: Vec<usize>) -> Option<usize> {
        match all.len() {
            0 => None,
            count => all.get(self.dice.below(count)).copied(),
        }
    }

    fn edit(&mut self, in_ghl: bool, number: usize) -> What {
        let who = self.anybody();
        let own = Field::ALL.map(|field| (field, field.is_changed_in_ghl(who) == in_ghl));
        let own: Vec<_> = own.iter().filter(|(_, own)| *own).collect();
        let field = own[self.dice.below(own.len())].0;
        What::Edit {
            in_ghl,
            who,
            field,
            value: field.value(number),
        }
    }

    fn add(&mut self, in_ghl: bool) -> What {
        let who = self.settled + self.added.len();
        let person = Person::made_up(who, &mut self.dice);
        self.added.push(person);
        What::Add { in_ghl, who }
    }

    fn call(&mut self, end: CallEnd) -> What {
        let who = self.anybody();
        What::Call { who, end }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn people() -> Vec<Person> {
        let mut dice = Dice::new(1);
        (0..24).map(|at| Person::made_up(at, &mut dice)).collect()
    }

    #[test]
    fn a_seed_is_a_plan_and_another_seed_another_one() {
        let people = people();
        let plan = |seed| Plan::new(seed, 200, &people).steps;
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
        assert_eq!(plan(3).len(), 200);
        assert_eq!(Plan::new(1, 5, &people).steps.len(), 5);
    }

    #[test]
    fn all_four_sources_are_in_it_and_a_start_follows_its_stop() {
        let people = people();
        for seed in 1..30 {
            let plan = Plan::new(seed, 200, &people);
            let sources: BTreeSet<_> = plan.steps.iter().map(|step| step.what.source()).collect();
            assert_eq!(sources.len(), 4, "seed {seed}");
            let mut stopped = BTreeMap::new();
            let mut blocked = 0;
            for step in &plan.steps {
                match &step.what {
                    What::Stop { source, who } => {
                        assert_eq!(stopped.insert(*who, *source), None, "seed {seed}");
                    }
                    What::Start { source, who } => {
                        assert_eq!(stopped.remove(who), Some(*source), "seed {seed}");
                    }
                    What::Write { source, who, .. } if stopped.contains_key(who) => {
                        assert_eq!(*source, Source::Ghl, "seed {seed}");
                        blocked += 1;
                    }
                    _ => {}
                }
            }
            assert!(blocked > 0, "seed {seed} never writes to who said stop");
        }
    }

    #[test]
    fn a_field_is_changed_in_one_system_only() {
        let people = people();
        let mut owners = BTreeMap::new();
        for seed in 1..20 {
            for step in Plan::new(seed, 200, &people).steps {
                if let What::Edit {
                    in_ghl, who, field, ..
                } = step.what
                {
                    assert_eq!(*owners.entry((who, field)).or_insert(in_ghl), in_ghl);
                }
            }
        }
        assert!(owners.values().any(|in_ghl| *in_ghl) && owners.values().any(|in_ghl| !in_ghl));
    }

    #[test]
    fn who_is_added_has_a_number_of_their_own() {
        let people = people();
        let plan = Plan::new(4, 300, &people);
        assert!(!plan.added.is_empty());
        let all = people.iter().chain(&plan.added);
        let numbers: BTreeSet<_> = all.map(|person| person.phone.clone()).collect();
        assert_eq!(numbers.len(), people.len() + plan.added.len());
    }
}
