//! One contact: read what is known, decide, carry it out; again when somebody else was faster.

use std::collections::BTreeSet;
use std::time::Duration;

use integrations_core::model::Contact;
use integrations_core::webhook::Object;
use integrations_core::{Error, ErrorKind, Result, Timestamp};
use integrations_store::{Mapping, MappingState, OptOutAddress, Side};
use tokio::time::{Instant, sleep};

use super::base::Base;
use super::candidates::Lookup;
use super::content::{Content, channel_word, hash};
use super::decide::{Decision, Pair, Reason, Seen, decide};
use super::engine::Inner;
use super::matching::{Card, Match};
use super::step::{Action, Question, Step, Synced};
use super::write::Known;

/// So often in a row somebody else may be faster before it is given back to the caller.
const TURNS: u32 = 30;

/// How contacts are worked on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pass {
    /// Nothing is written, neither at the providers nor in the books.
    pub(crate) plan: bool,
    /// An event said so: it may be an echo.
    pub(crate) webhook: bool,
}

impl Pass {
    pub(crate) fn webhook() -> Self {
        Self {
            plan: false,
            webhook: true,
        }
    }

    pub(crate) fn plan() -> Self {
        Self {
            plan: true,
            webhook: false,
        }
    }

    pub(crate) fn run(plan: bool) -> Self {
        Self {
            plan,
            webhook: false,
        }
    }
}

/// A contact to work on, and what is known of it already.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) side: Side,
    pub(crate) id: String,
    /// As a listing showed it.
    pub(crate) given: Option<Contact>,
    /// Its mapping, if somebody looked: `Some(None)` when there is none.
    pub(crate) mapping: Option<Option<Mapping>>,
    /// When the change happened, if an event said so.
    pub(crate) source_time: Option<Timestamp>,
    /// Where to look for the same person on the other side.
    pub(crate) lookup: Lookup,
    /// Whether both sides are compared although this one is as it was.
    pub(crate) thorough: bool,
}

impl Subject {
    pub(crate) fn new(side: Side, id: impl Into<String>) -> Self {
        Self {
            side,
            id: id.into(),
            given: None,
            mapping: None,
            source_time: None,
            lookup: Lookup::Ask,
            thorough: false,
        }
    }

    /// Something else than the two sides has changed.
    pub(crate) fn thorough(mut self) -> Self {
        self.thorough = true;
        self
    }

    pub(crate) fn at(mut self, time: Option<Timestamp>) -> Self {
        self.source_time = time;
        self
    }
}

/// How one attempt ended.
#[derive(Debug)]
pub(crate) enum Turn {
    Done(Synced),
    /// Something moved: look again at once.
    Again,
    /// Somebody works on it: look again soon.
    Busy,
    /// Too early to tell: look again after this.
    Wait(Duration),
}

impl Turn {
    pub(crate) fn nothing() -> Self {
        Self::Done(Synced::default())
    }
}

/// A contact of one side with what it says.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) contact: Contact,
    pub(crate) content: Content,
    /// When it was changed last, by its provider's clock.
    pub(crate) at: Option<Timestamp>,
}

impl Inner {
    /// Works on one contact until nothing is left to do.
    pub(crate) async fn sync(&self, pass: &Pass, mut subject: Subject) -> Result<Synced> {
        let patience = Instant::now() + self.claim() * 2 + Duration::from_secs(10);
        let mut pause = Duration::from_millis(5);
        let mut turns = 0;
        loop {
            // Boxed, like the branches below: the way through a write is long, and a caller may hold many of them.
            match Box::pin(self.turn(pass, &mut subject)).await? {
                Turn::Done(synced) => {
                    if !pass.plan {
                        synced.measure();
                    }
                    return Ok(synced);
                }
                Turn::Again => turns += 1,
                Turn::Busy => {
                    sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
                    pause = (pause * 2).min(Duration::from_millis(400));
                }
                Turn::Wait(wait) => sleep(wait).await,
            }
            if turns > TURNS || Instant::now() > patience {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "somebody else works on this contact; try again later",
                )
                .with_code("busy")
                .with_operation("sync.contact")
                .with_retryable(true));
            }
            (subject.given, subject.mapping) = (None, None);
        }
    }

    async fn turn(&self, pass: &Pass, subject: &mut Subject) -> Result<Turn> {
        let (side, id) = (subject.side, subject.id.clone());
        let mapping = match subject.mapping.take() {
            Some(known) => known,
            None => {
                self.store()
                    .mappings()
                    .find(&self.tenant, &self.name, side, &id)
                    .await?
            }
        };
        if mapping.as_ref().is_some_and(|mapping| mapping.claimed) {
            return Ok(Turn::Busy);
        }
        if let Some(state) = mapping.as_ref().map(|mapping| mapping.state)
            && matches!(
                state,
                MappingState::Held | MappingState::Ignored | MappingState::Unlinked
            )
        {
            let contact = match subject.given.take() {
                None if pass.webhook && self.map.opt_outs() => self.read(side, &id).await?,
                given => given,
            };
            return match (mapping, contact) {
                (Some(mapping), Some(contact)) => {
                    Box::pin(self.apart(pass, mapping, side, &contact)).await
                }
                _ => Ok(Turn::nothing()),
            };
        }
        let given = subject.given.take();
        if let (Some(given), Some(row)) = (&given, &mapping)
            && row.state == MappingState::Linked
            && self.is_settled(side, given, row)?
        {
            return Ok(Turn::nothing());
        }
        let given = given.filter(|given| !is_stale(given, mapping.as_ref(), side));
        let contact = match given {
            Some(contact) => Some(contact),
            None => self.read(side, &id).await?,
        };
        let source = match contact {
            Some(contact) => match self.see(side, contact, subject.source_time) {
                Ok(read) => Some(read),
                Err(error) => {
                    return self.refuse(pass, mapping, side, &id, &error).await;
                }
            },
            None => None,
        };
        match (mapping, source) {
            (None, None) => Ok(Turn::nothing()),
            (Some(mapping), Some(source)) if mapping.state == MappingState::Linked => {
                let base = Base::read(&mapping.base)?;
                if !subject.thorough
                    && base.keep.is_none()
                    && !base.is_empty()
                    && base.unchanged(side, &source.content, self.map.config().clears)
                {
                    let echo = pass.webhook && self.is_echo(side, &id, &source).await?;
                    let steps = Vec::new();
                    return Ok(Turn::Done(Synced { steps, echo }));
                }
                Box::pin(self.pair(pass, mapping, base, subject, Some(source))).await
            }
            (Some(mapping), None) if mapping.state == MappingState::Linked => {
                let base = Base::read(&mapping.base)?;
                Box::pin(self.pair(pass, mapping, base, subject, None)).await
            }
            (Some(mapping), None) => {
                if pass.plan || mapping.state == MappingState::Gone {
                    return Ok(Turn::nothing());
                }
                self.settle(mapping, MappingState::Gone, Synced::default())
                    .await
            }
            (Some(mapping), Some(source)) if mapping.state == MappingState::Creating => {
                Box::pin(self.recover(pass, mapping, side, source)).await
            }
            (Some(mut mapping), Some(source)) if mapping.state == MappingState::Gone => {
                // It is back: somebody restored it.
                *mapping.external_id_mut(side.other()) = None;
                mapping.state = MappingState::Half;
                mapping.base = "{}".to_owned();
                Box::pin(self.unmapped(pass, Some(mapping), subject, source)).await
            }
            (mapping, Some(source)) => {
                Box::pin(self.unmapped(pass, mapping, subject, source)).await
            }
        }
    }

    /// Both sides are known to be one contact.
    async fn pair(
        &self,
        pass: &Pass,
        mapping: Mapping,
        base: Base,
        subject: &Subject,
        source: Option<Read>,
    ) -> Result<Turn> {
        let (side, other) = (subject.side, subject.side.other());
        let Some(other_id) = mapping.external_id(other).map(str::to_owned) else {
            return Err(
                Error::new(ErrorKind::Store, "a linked mapping has one id").with_code("corrupt")
            );
        };
        let _held = self
            .locks
            .hold([place(side, &subject.id), place(other, &other_id)])
            .await;
        let across = match self.read(other, &other_id).await? {
            Some(contact) => match self.see(other, contact, None) {
                Ok(read) => Some(read),
                Err(error) => {
                    return self
                        .refuse(pass, Some(mapping), side, &subject.id, &error)
                        .await;
                }
            },
            None => None,
        };
        let gone = subject.source_time;
        self.resolve_pair(
            pass,
            Known {
                mapping,
                base,
                side,
                source,
                across,
                linked_now: false,
            },
            gone,
        )
        .await
    }

    /// Decides about a pair whose both sides have been read, and carries it out.
    pub(crate) async fn resolve_pair(
        &self,
        pass: &Pass,
        mut known: Known,
        gone: Option<Timestamp>,
    ) -> Result<Turn> {
        let blocked = self
            .blocked(
                [&known.source, &known.across]
                    .into_iter()
                    .flatten()
                    .map(|read| &read.contact),
            )
            .await?;
        let base = std::mem::take(&mut known.base);
        known.base = match known.on(Side::Left).zip(known.on(Side::Right)) {
            Some((left, right)) => base.settled(&left.content, &right.content),
            None => base,
        };
        let seen = |side: Side| match (known.on(side), side == known.side) {
            (Some(read), _) => Seen::Here(&read.content, read.at),
            (None, true) => Seen::Gone(gone),
            (None, false) => Seen::Gone(None),
        };
        let decision = decide(
            &self.map,
            &Pair {
                state: known.mapping.state,
                base: &known.base,
                policy: self.policy(&known.base),
                left: seen(Side::Left),
                right: seen(Side::Right),
                blocked: &blocked,
            },
        );
        Box::pin(self.carry_out(pass, known, decision)).await
    }

    /// Known on one side alone.
    async fn unmapped(
        &self,
        pass: &Pass,
        row: Option<Mapping>,
        subject: &mut Subject,
        source: Read,
    ) -> Result<Turn> {
        let (side, to) = (subject.side, subject.side.other());
        let mapping = row.unwrap_or_else(|| Mapping::new(side, &subject.id));
        let base = Base::read(&mapping.base)?;
        let blocked = self.blocked([&source.contact]).await?;
        let here = Seen::Here(&source.content, source.at);
        let (left, right) = match side {
            Side::Left => (here, Seen::Never),
            Side::Right => (Seen::Never, here),
        };
        let decision = decide(
            &self.map,
            &Pair {
                state: MappingState::Half,
                base: &base,
                policy: self.policy(&base),
                left,
                right,
                blocked: &blocked,
            },
        );
        let merged = match decision {
            Decision::Create(to, _) if !self.map.config().may_be_on(to, &source.contact) => {
                self.note_stops(pass, side, &subject.id, &source.contact)
                    .await?;
                return Ok(Turn::nothing());
            }
            Decision::Create(_, merged) => merged,
            Decision::Nothing(Reason::OneWay | Reason::Equal) => {
                self.note_stops(pass, side, &subject.id, &source.contact)
                    .await?;
                return Ok(Turn::nothing());
            }
            other => {
                return Err(Error::new(
                    ErrorKind::Other,
                    format!("an undecided contact: {other:?}"),
                ));
            }
        };
        // It may be what is being created on this side right now, heard of before its id is known.
        let creating = self
            .store()
            .mappings()
            .find_creating(&self.tenant, &self.name, side, source.content.hash())
            .await?;
        if let Some(row) = creating {
            return match row.external_id(to) {
                _ if row.claimed => Ok(Turn::Busy),
                _ if pass.plan => Ok(Turn::nothing()),
                // Its worker is gone: finding out what became of it comes first.
                Some(id) => {
                    Box::pin(self.sync(pass, Subject::new(to, id))).await?;
                    Ok(Turn::Again)
                }
                None => Ok(Turn::Again),
            };
        }
        let card = Card::of(&source.contact, &self.map.config().match_by);
        let held = self
            .locks
            .hold(card.keys().chain([place(side, &subject.id)]))
            .await;
        let found = if base.alone {
            Match::Nobody
        } else {
            self.same_person(pass, to, &source.contact, &card, &subject.lookup)
                .await?
        };
        if !matches!(found, Match::Nobody | Match::One(_) | Match::Busy) {
            self.note_stops(pass, side, &subject.id, &source.contact)
                .await?;
        }
        let turn = match found {
            Match::Busy => return Ok(Turn::Busy),
            Match::CutOff(_) if pass.plan => return Ok(Turn::nothing()),
            // As above, for what its provider shows in other words than it was sent in, or somebody has changed since.
            Match::CutOff(id) => {
                drop(held);
                Box::pin(self.sync(pass, Subject::new(to, id))).await?;
                return Ok(Turn::Again);
            }
            Match::Nobody => {
                let source = (side, source);
                Box::pin(self.create(pass, mapping, base, source, merged)).await
            }
            Match::One(id) => Box::pin(self.link(pass, mapping, side, source, id)).await,
            Match::Ambiguous(ids) => {
                self.ask(pass, mapping, side, Question::Ambiguous, &ids, &[])
                    .await
            }
            Match::Duplicate(ids) => {
                self.ask(pass, mapping, side, Question::Duplicate, &ids, &[])
                    .await
            }
            Match::Twins(ids) => {
                self.ask(pass, mapping, side, Question::Twin, &ids, &[])
                    .await
            }
        };
        subject.lookup.settle(pass, to, &turn);
        turn
    }

    /// What a contact says, and when it was changed: the provider's word, or the event's.
    pub(crate) fn see(
        &self,
        side: Side,
        contact: Contact,
        source_time: Option<Timestamp>,
    ) -> Result<Read> {
        Ok(Read {
            content: self.map.content(side, &contact)?,
            at: contact.updated_at.or(source_time),
            contact,
        })
    }

    /// Whether a listed contact says what it said when both sides were last equal.
    pub(crate) fn is_settled(&self, side: Side, contact: &Contact, row: &Mapping) -> Result<bool> {
        let Ok(content) = self.map.content(side, contact) else {
            return Ok(false);
        };
        let open = ["\"k\":", "\"i\":"];
        if row.hash(side) == Some(content.hash())
            && !open.iter().any(|mark| row.base.contains(mark))
        {
            return Ok(true);
        }
        let base = Base::read(&row.base)?;
        let clears = self.map.config().clears;
        Ok(base.keep.is_none() && !base.is_empty() && base.unchanged(side, &content, clears))
    }

    fn policy(&self, base: &Base) -> super::config::ConflictPolicy {
        base.keep.map_or(
            self.map.config().conflicts,
            super::config::ConflictPolicy::Prefer,
        )
    }

    async fn is_echo(&self, side: Side, id: &str, source: &Read) -> Result<bool> {
        let last = self
            .store()
            .echoes()
            .find(
                &self.tenant,
                &self.name,
                self.integration(side),
                Object::Contact,
                id,
            )
            .await?;
        // A side that shows more than it is asked to write has another hash: then it is no change either.
        Ok(last.is_some_and(|hash| hash == source.content.hash()))
    }

    /// The channels that somebody else than the two sides forbids for these contacts.
    pub(crate) async fn blocked<'a>(
        &self,
        contacts: impl IntoIterator<Item = &'a Contact>,
    ) -> Result<BTreeSet<String>> {
        let mut blocked = BTreeSet::new();
        if !self.map.opt_outs() {
            return Ok(blocked);
        }
        let addresses: BTreeSet<OptOutAddress> = contacts
            .into_iter()
            .flat_map(|contact| {
                let phones = contact.phones().map(OptOutAddress::from);
                phones.chain(contact.emails().map(OptOutAddress::from))
            })
            .collect();
        if addresses.is_empty() {
            return Ok(blocked);
        }
        let own = Side::ALL.map(|side| self.source(side));
        let said = self
            .store()
            .opt_outs()
            .list_many(&self.tenant, &addresses)
            .await?;
        for word in said {
            if !own.contains(&word.source.name) {
                blocked.insert(channel_word(word.channel.as_ref()).to_owned());
            }
        }
        Ok(blocked)
    }

    /// What a side is called among the sources of opt-outs.
    pub(crate) fn source(&self, side: Side) -> String {
        format!("integration:{}", self.integration(side))
    }

    /// The step of a question, or the question itself.
    pub(crate) fn question(
        mapping: &Mapping,
        side: Side,
        question: Question,
        fields: &[String],
    ) -> Step {
        Step {
            action: Action::Ask(question),
            side: side.other(),
            id: mapping.external_id(side.other()).map(str::to_owned),
            source_id: mapping.external_id(side).map(str::to_owned),
            fields: fields.to_vec(),
        }
    }
}

/// Whether a contact forbids any channel.
pub(crate) fn says_stop(contact: &Contact) -> bool {
    contact.opt_outs.all == Some(true) || contact.opt_outs.channels.values().any(|stop| *stop)
}

/// Whether a listing showed an older state than one that is known already.
fn is_stale(given: &Contact, mapping: Option<&Mapping>, side: Side) -> bool {
    let Some(mapping) = mapping else { return false };
    // It was deleted, maybe after it was listed: whether it is back, only the provider can say.
    if mapping.state == MappingState::Gone {
        return true;
    }
    match (given.updated_at, mapping.changed_at(side)) {
        (Some(given), Some(known)) => given < known,
        (None, _) => mapping.version > 0,
        (Some(_), None) => false,
    }
}

/// A contact of a side, for the locks.
pub(crate) fn place(side: Side, id: &str) -> u64 {
    hash(&[side.as_str(), id])
}
