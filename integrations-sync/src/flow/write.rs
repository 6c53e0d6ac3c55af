//! Carrying a decision out. Before each call that changes something at a provider, the books say so in a committed
//! row; after it, they say how it ended. So whoever comes after a crash knows where to look.

use std::collections::BTreeMap;
use std::future::Future;

use integrations_core::model::Contact;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{Mapping, MappingState, PutMapping, Side};
use tokio::time::{Instant, sleep_until};

use super::agree::Agreement;
use super::base::Base;
use super::books::Entry;
use super::config::MatchKey;
use super::content::Content;
use super::decide::{Ask, Decision};
use super::engine::Inner;
use super::matching::{Card, Match, choose};
use super::merge::{Merge, Patch};
use super::step::{Action, Question, Step, Synced};
use super::sync::{Pass, Read, Turn};

/// The code of a call that was given up because its row was no longer held.
const CLAIM_LOST: &str = "claim_lost";

/// A row that nobody else works on, and how long that is certain.
#[derive(Debug)]
struct Claim {
    until: Instant,
}

/// A pair whose both sides have been read.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) mapping: Mapping,
    pub(crate) base: Base,
    /// Where the work began.
    pub(crate) side: Side,
    pub(crate) source: Option<Read>,
    pub(crate) across: Option<Read>,
    /// Whether the pair was found just now.
    pub(crate) linked_now: bool,
}

impl Known {
    pub(crate) fn on(&self, side: Side) -> Option<&Read> {
        if side == self.side {
            self.source.as_ref()
        } else {
            self.across.as_ref()
        }
    }

    fn take(&mut self, side: Side) -> Option<Read> {
        if side == self.side {
            self.source.take()
        } else {
            self.across.take()
        }
    }
}

impl Inner {
    pub(crate) async fn carry_out(
        &self,
        pass: &Pass,
        mut known: Known,
        decision: Decision,
    ) -> Result<Turn> {
        let side = known.side;
        match decision {
            Decision::Nothing(_) => Ok(Turn::nothing()),
            Decision::Adopt(merged) => self.adopt(pass, known, merged).await,
            Decision::Write(merged) => Box::pin(self.write(pass, known, merged)).await,
            Decision::Create(to, merged) => {
                // An edit beats a deletion: it is created again where it was deleted.
                let Some(source) = known.take(to.other()) else {
                    return Ok(Turn::Again);
                };
                let mut mapping = known.mapping;
                *mapping.external_id_mut(to) = None;
                mapping.state = MappingState::Half;
                let source = (to.other(), source);
                Box::pin(self.create(pass, mapping, known.base, source, merged)).await
            }
            // Only rows that say so are being created, and those are not read as pairs.
            Decision::Recover(_) => Ok(Turn::Again),
            Decision::Delete(on) => self.delete_row(pass, known.mapping, on).await,
            Decision::Unlink => {
                let step = Step {
                    action: Action::Unlink,
                    side: side.other(),
                    id: known.mapping.external_id(side.other()).map(str::to_owned),
                    source_id: known.mapping.external_id(side).map(str::to_owned),
                    fields: Vec::new(),
                };
                if pass.plan {
                    return Ok(Turn::Done(Synced::one(step)));
                }
                self.settle(known.mapping, MappingState::Unlinked, Synced::one(step))
                    .await
            }
            Decision::Halve(gone) => {
                if pass.plan {
                    return Ok(Turn::nothing());
                }
                let survivor = gone.other();
                let mut base = Base::default();
                if let Some(read) = known.on(survivor) {
                    base.agree(survivor, &read.content, self.map.config().clears);
                }
                known.mapping.base = base.json();
                *known.mapping.external_id_mut(gone) = None;
                self.settle(known.mapping, MappingState::Half, Synced::default())
                    .await
            }
            Decision::Forget => {
                if pass.plan {
                    return Ok(Turn::nothing());
                }
                self.settle(known.mapping, MappingState::Gone, Synced::default())
                    .await
            }
            Decision::Ask(Ask::Fields(fields)) => {
                self.ask(pass, known.mapping, side, Question::Fields, &[], &fields)
                    .await
            }
            Decision::Ask(Ask::EditedAndDeleted) => {
                let question = Question::EditedAndDeleted;
                self.ask(pass, known.mapping, side, question, &[], &[])
                    .await
            }
        }
    }

    /// Both are equal in what matters: the books learn what they say now.
    async fn adopt(&self, pass: &Pass, known: Known, merged: Merge) -> Result<Turn> {
        let synced = match link_step(&known) {
            Some(step) => Synced::one(step),
            None => Synced::default(),
        };
        if pass.plan {
            return Ok(Turn::Done(synced));
        }
        let mut agreement = Agreement::new(self, known.mapping, known.base, merged.opt_outs);
        for side in Side::ALL {
            let read = if side == known.side {
                &known.source
            } else {
                &known.across
            };
            if let Some(read) = read {
                agreement.side(side, read);
            }
        }
        self.agree(agreement, synced).await
    }

    async fn write(&self, pass: &Pass, mut known: Known, merged: Merge) -> Result<Turn> {
        let mut steps: Vec<Step> = link_step(&known).into_iter().collect();
        for side in Side::ALL {
            if !merged.patch(side).is_empty() {
                steps.push(Step {
                    action: Action::Update,
                    side,
                    id: known.mapping.external_id(side).map(str::to_owned),
                    source_id: known.mapping.external_id(side.other()).map(str::to_owned),
                    fields: merged.patch(side).names(),
                });
            }
        }
        let mut mapping = known.mapping.clone();
        if !known.linked_now && self.flips(&mut mapping, &merged) {
            let side = known.side;
            return self
                .ask(pass, mapping, side, Question::Flapping, &[], &[])
                .await;
        }
        if pass.plan {
            return Ok(Turn::Done(Synced { steps, echo: false }));
        }
        let mut fields = known.base.clone();
        for side in Side::ALL {
            if let (Some(own), Some(across)) = (known.on(side), known.on(side.other())) {
                let patch = merged.patch(side);
                let expected = self.expected(side, &own.content, patch);
                fields.intend_fields(side, patch, &expected, &across.content);
            }
        }
        // What the sides were found to say now is known with the claim: what is written may hide it.
        let mut entry = Entry::new(&self.tenant, &self.name);
        for side in Side::ALL {
            if let (Some(id), Some(read)) = (mapping.external_id(side), known.on(side)) {
                let said = (&known.base.opt_outs, &merged.opt_outs);
                self.hear(&mut entry, side, id, read, said);
            }
        }
        fields.opt_outs.clone_from(&merged.opt_outs);
        let mut intent = fields.clone();
        for side in Side::ALL {
            intent.intend(side, merged.patch(side));
        }
        mapping.base = intent.json();
        let Some(mut claim) = self.claim_with(entry, &mut mapping).await? else {
            return Ok(Turn::Again);
        };
        let mut agreement = Agreement::new(
            self,
            mapping.clone(),
            known.base.clone(),
            merged.opt_outs.clone(),
        );
        for side in Side::ALL {
            let Some(read) = known.take(side) else {
                return Ok(Turn::Again);
            };
            let patch = merged.patch(side);
            if patch.is_empty() {
                agreement.side(side, &read);
                continue;
            }
            match self.update(&mut claim, &mut mapping, side, patch).await {
                Ok(answer) => agreement.written(self, side, &read, patch, answer)?,
                Err(error) => {
                    if !may_have_happened(&error) {
                        // What shows a STOP by then said so itself.
                        let mut intent = fields;
                        let written = Side::ALL.into_iter().take_while(|done| *done != side);
                        written.for_each(|done| intent.intend(done, merged.patch(done)));
                        mapping.base = intent.json();
                    }
                    return self.after_update(pass, mapping, known.side, error).await;
                }
            }
        }
        agreement.mapping.version = mapping.version;
        self.agree(agreement, Synced { steps, echo: false }).await
    }

    /// Writes one side's patch. What a provider removes by another call than the update is removed by that.
    async fn update(
        &self,
        claim: &mut Claim,
        mapping: &mut Mapping,
        side: Side,
        patch: &Patch,
    ) -> Result<Option<Contact>> {
        let Some(id) = mapping.external_id(side).map(str::to_owned) else {
            return Err(
                Error::new(ErrorKind::Store, "a linked mapping has one id").with_code("corrupt")
            );
        };
        let contact = self.map.contact(side, patch)?;
        let api = self.contacts(side)?;
        let emptied: Vec<String> = patch
            .sets
            .values()
            .filter(|set| set.now.is_empty())
            .flat_map(|set| set.removed.iter().cloned())
            .collect();
        let call = async {
            // An update without tags leaves them alone: the last ones are taken off one by one.
            if !emptied.is_empty() {
                api.remove_tags(&id.as_str().into(), &emptied).await?;
            }
            if contact == Contact::new() {
                return Ok(None);
            }
            api.update(&id.as_str().into(), &contact).await.map(Some)
        };
        self.hold(claim, mapping, call).await
    }

    /// Writes a patch to a contact that is not synced otherwise; `None`: somebody else works on it, or it is gone.
    pub(crate) async fn show(
        &self,
        heard: Entry,
        mapping: &mut Mapping,
        side: Side,
        patch: &Patch,
    ) -> Result<Option<Step>> {
        let Some(mut claim) = self.claim_with(heard, mapping).await? else {
            return Ok(None);
        };
        match self.update(&mut claim, mapping, side, patch).await {
            Ok(_) => Ok(Some(Step {
                action: Action::Update,
                side,
                id: mapping.external_id(side).map(str::to_owned),
                source_id: None,
                fields: patch.names(),
            })),
            Err(error) => {
                self.release(mapping.clone()).await?;
                match error.kind() {
                    ErrorKind::NotFound => Ok(None),
                    _ => Err(harmless(error)),
                }
            }
        }
    }

    async fn after_update(
        &self,
        pass: &Pass,
        mapping: Mapping,
        side: Side,
        error: Error,
    ) -> Result<Turn> {
        if error.code() == Some(CLAIM_LOST) {
            return Ok(Turn::Busy);
        }
        if error.kind() == ErrorKind::NotFound {
            // Deleted since it was read: what that means is decided anew.
            self.release(mapping).await?;
            return Ok(Turn::Again);
        }
        if is_refusal(&error) {
            let id = mapping.external_id(side).unwrap_or_default().to_owned();
            return self.refuse(pass, Some(mapping), side, &id, &error).await;
        }
        self.release(mapping).await?;
        Err(harmless(error))
    }

    pub(crate) async fn create(
        &self,
        pass: &Pass,
        mut mapping: Mapping,
        base: Base,
        (side, source): (Side, Read),
        merged: Merge,
    ) -> Result<Turn> {
        let to = side.other();
        let patch = merged.patch(to);
        let mut step = Step {
            action: Action::Create,
            side: to,
            id: None,
            source_id: mapping.external_id(side).map(str::to_owned),
            fields: patch.names(),
        };
        // Somebody else's STOP is shown by the source too.
        let back = merged.patch(side);
        let back_step = (!back.is_empty()).then(|| Step {
            action: Action::Update,
            side,
            id: step.source_id.clone(),
            source_id: None,
            fields: back.names(),
        });
        if pass.plan {
            let steps = std::iter::once(step).chain(back_step).collect();
            return Ok(Turn::Done(Synced { steps, echo: false }));
        }
        let source_id = step.source_id.clone().unwrap_or_default();
        let contact = match self.map.contact(to, patch) {
            Ok(contact) => contact,
            Err(error) => {
                return self
                    .refuse(pass, Some(mapping), side, &source_id, &error)
                    .await;
            }
        };
        mapping.state = MappingState::Creating;
        mapping.creating = Some(to);
        mapping.intent_hash = Some(self.map.content(to, &contact)?.hash());
        let mut intent = base.clone();
        intent.intend(to, patch);
        intent.intend(side, back);
        mapping.base = intent.json();
        // From here on nobody creates this contact before it is known what became of it.
        let Some(mut claim) = self.claim_row(&mut mapping).await? else {
            return Ok(Turn::Again);
        };
        let api = self.contacts(to)?;
        let created = match self
            .hold(&mut claim, &mut mapping, api.create(&contact))
            .await
        {
            Ok(created) => created,
            Err(error) => {
                return self.after_create(pass, mapping, side, &source, error).await;
            }
        };
        let Some(id) = created.id.as_ref().map(|id| id.as_str().to_owned()) else {
            // It is there, and the answer does not say where.
            self.release(mapping).await?;
            return Ok(Turn::Busy);
        };
        *mapping.external_id_mut(to) = Some(id.clone());
        step.id = Some(id);
        let shown_back = if back.is_empty() {
            Ok(None)
        } else {
            self.update(&mut claim, &mut mapping, side, back).await
        };
        let fresh = Base {
            asked: base.asked,
            ..Base::default()
        };
        let mut agreement = Agreement::new(self, mapping, fresh, merged.opt_outs.clone());
        let mut failed = None;
        match shown_back {
            Ok(answer) if back_step.is_some() => {
                agreement.written(self, side, &source, back, answer)?;
            }
            Ok(_) => agreement.side(side, &source),
            // Not agreed on, so that the next look at it tries again.
            Err(error) => failed = Some(error),
        }
        let before = Read {
            contact: Contact::new(),
            content: Content::default(),
            at: None,
        };
        agreement.written(self, to, &before, patch, Some(created))?;
        let steps = std::iter::once(step).chain(back_step).collect();
        let turn = self.agree(agreement, Synced { steps, echo: false }).await?;
        match failed {
            Some(error) if !is_refusal(&error) && error.kind() != ErrorKind::NotFound => {
                Err(harmless(error))
            }
            _ => Ok(turn),
        }
    }

    async fn after_create(
        &self,
        pass: &Pass,
        mut mapping: Mapping,
        side: Side,
        source: &Read,
        error: Error,
    ) -> Result<Turn> {
        let source_id = mapping.external_id(side).unwrap_or_default().to_owned();
        if may_have_happened(&error) {
            // The row stays as it is, and the next turn finds out.
            self.release(mapping).await?;
            return Ok(Turn::Busy);
        }
        let (to, conflict) = (side.other(), error.kind() == ErrorKind::Conflict);
        (mapping.state, mapping.creating, mapping.intent_hash) = (MappingState::Half, None, None);
        if conflict {
            // The provider has somebody like that. If exactly one is free, it is the same person.
            let keys = [MatchKey::Email, MatchKey::Phone];
            let card = Card::of(&source.contact, &keys);
            let found = self.search(to, &source.contact, &keys).await?;
            let standing = self.standing(to, found.unwrap_or_default()).await?;
            let (question, ids) = match choose(&card, &standing) {
                Match::One(id) => {
                    let source = source.clone();
                    return Box::pin(self.link(pass, mapping, side, source, id)).await;
                }
                Match::Busy | Match::CutOff(_) => {
                    self.release(mapping).await?;
                    return Ok(Turn::Busy);
                }
                Match::Ambiguous(ids) => (Question::Ambiguous, ids),
                Match::Duplicate(ids) => (Question::Duplicate, ids),
                Match::Twins(ids) => (Question::Twin, ids),
                Match::Nobody => (Question::Refused, Vec::new()),
            };
            if question != Question::Refused {
                return self.ask(pass, mapping, side, question, &ids, &[]).await;
            }
        }
        if conflict || is_refusal(&error) {
            return self
                .refuse(pass, Some(mapping), side, &source_id, &error)
                .await;
        }
        self.release(mapping).await?;
        Err(error)
    }

    pub(crate) async fn delete_row(
        &self,
        pass: &Pass,
        mut mapping: Mapping,
        on: Side,
    ) -> Result<Turn> {
        let Some(id) = mapping.external_id(on).map(str::to_owned) else {
            return Ok(Turn::Again);
        };
        let step = Step {
            action: Action::Delete,
            side: on,
            id: Some(id.clone()),
            source_id: mapping.external_id(on.other()).map(str::to_owned),
            fields: Vec::new(),
        };
        if pass.plan {
            return Ok(Turn::Done(Synced::one(step)));
        }
        let Some(mut claim) = self.claim_row(&mut mapping).await? else {
            return Ok(Turn::Again);
        };
        let api = self.contacts(on)?;
        match self
            .hold(&mut claim, &mut mapping, api.delete(&id.as_str().into()))
            .await
        {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let source = on.other();
                return self.after_update(pass, mapping, source, error).await;
            }
        }
        self.settle(mapping, MappingState::Gone, Synced::one(step))
            .await
    }

    /// Runs a call for as long as the row is held, and holds it for as long as the call takes.
    ///
    /// A call may wait long before it is sent: for the provider's limit, or because this process was stopped. When the
    /// row is no longer held, somebody else may write by then, and so the call is given up.
    async fn hold<T>(
        &self,
        claim: &mut Claim,
        mapping: &mut Mapping,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut call = std::pin::pin!(call);
        let mut renew_at = claim.until - self.claim() * 2 / 3;
        loop {
            tokio::select! {
                // The end first: a process that was stopped finds it before it goes on.
                biased;
                () = sleep_until(claim.until) => return Err(claim_lost()),
                result = &mut call => return result,
                () = sleep_until(renew_at) => {}
            }
            let mut result = None;
            let renewed = {
                let mut renewal = std::pin::pin!(self.claim_row(mapping));
                loop {
                    tokio::select! {
                        biased;
                        () = sleep_until(claim.until), if result.is_none() => return Err(claim_lost()),
                        ended = &mut call, if result.is_none() => result = Some(ended),
                        // With a result in hand as well: what is written next needs the row's version.
                        renewed = &mut renewal => break renewed,
                    }
                }
            };
            match (renewed, result) {
                (Ok(Some(renewed)), None) => {
                    *claim = renewed;
                    renew_at = claim.until - self.claim() * 2 / 3;
                }
                (Ok(None), None) => return Err(claim_lost()),
                (Err(_), None) => renew_at = Instant::now() + self.claim() / 10,
                (renewed, Some(result)) => {
                    if let Ok(Some(renewed)) = renewed {
                        *claim = renewed;
                    }
                    return result;
                }
            }
        }
    }

    /// Takes or keeps the row; `None`: somebody else changed it.
    async fn claim_row(&self, mapping: &mut Mapping) -> Result<Option<Claim>> {
        self.claim_with(Entry::new(&self.tenant, &self.name), mapping)
            .await
    }

    /// The same, with what is to be known from then on.
    async fn claim_with(&self, mut entry: Entry, mapping: &mut Mapping) -> Result<Option<Claim>> {
        // By the database's clock it ends later: it begins there when this arrives.
        let until = Instant::now() + self.claim();
        entry.put = Some(PutMapping::new(mapping.clone()).claimed(self.claim()));
        if !self.put(entry).await? {
            return Ok(None);
        }
        mapping.version += 1;
        Ok(Some(Claim { until }))
    }

    /// Gives the row back as it is.
    pub(crate) async fn release(&self, mapping: Mapping) -> Result<()> {
        let mut entry = Entry::new(&self.tenant, &self.name);
        entry.put = Some(PutMapping::new(mapping));
        self.put(entry).await.map(drop)
    }

    /// Writes an entry; `false` when somebody else was faster, or has one of the contacts.
    pub(crate) async fn put(&self, entry: Entry) -> Result<bool> {
        match self.books.write(entry).await {
            Ok(receipt) => Ok(receipt.written),
            Err(error) if error.code() == Some("unique") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The row's last word.
    pub(crate) async fn settle(
        &self,
        mut mapping: Mapping,
        state: MappingState,
        synced: Synced,
    ) -> Result<Turn> {
        mapping.state = state;
        (mapping.creating, mapping.intent_hash) = (None, None);
        let mut entry = Entry::new(&self.tenant, &self.name);
        for side in Side::ALL {
            if let Some(id) = mapping.external_id(side) {
                entry.echoes.push(integrations_store::Echo::forgotten(
                    self.integration(side),
                    integrations_core::webhook::Object::Contact,
                    id,
                ));
            }
        }
        entry.put = Some(PutMapping::new(mapping));
        Ok(if self.put(entry).await? {
            Turn::Done(synced)
        } else {
            Turn::Again
        })
    }

    /// Counts how often the sides took turns; whether it is too often.
    fn flips(&self, mapping: &mut Mapping, merged: &Merge) -> bool {
        let side = match (merged.left.is_empty(), merged.right.is_empty()) {
            (true, false) => Side::Right,
            (false, true) => Side::Left,
            _ => return false,
        };
        let config = self.map.config();
        let now = self.clock.now();
        let turned = mapping.last_written.is_some_and(|last| last != side);
        mapping.last_written = Some(side);
        if !turned {
            return false;
        }
        let window =
            jiff::SignedDuration::from_secs(config.flip_window.try_into().unwrap_or(i64::MAX));
        match mapping.flips_since {
            Some(since) if now.duration_since(since) <= window => mapping.flips += 1,
            _ => (mapping.flips, mapping.flips_since) = (1, Some(now)),
        }
        mapping.flips > config.max_flips
    }
}

fn link_step(known: &Known) -> Option<Step> {
    let side = known.side;
    known.linked_now.then(|| Step {
        action: Action::Link,
        side: side.other(),
        id: known.mapping.external_id(side.other()).map(str::to_owned),
        source_id: known.mapping.external_id(side).map(str::to_owned),
        fields: Vec::new(),
    })
}

fn claim_lost() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the contact's row was not held until the provider answered",
    )
    .with_code(CLAIM_LOST)
    .with_operation("sync.contact")
    .with_outcome_unknown(true)
}

/// The error of an update or a deletion: to ask for the same once more does no harm, whether it happened or not.
fn harmless(error: Error) -> Error {
    if error.is_outcome_unknown() {
        error.with_outcome_unknown(false).with_retryable(true)
    } else {
        error
    }
}

/// Whether a creation may have happened although it is an error.
fn may_have_happened(error: &Error) -> bool {
    error.is_outcome_unknown()
        || matches!(
            error.kind(),
            ErrorKind::Timeout | ErrorKind::Io | ErrorKind::Server | ErrorKind::Decode
        )
}

/// Whether the contact was refused, and not the caller or the moment.
pub(crate) fn is_refusal(error: &Error) -> bool {
    !error.is_retryable()
        && !error.is_outcome_unknown()
        && matches!(
            error.kind(),
            ErrorKind::Validation | ErrorKind::Conflict | ErrorKind::Other
        )
}

/// What a patch says over what was there.
pub(crate) fn overlay(
    before: &Content,
    patch: &Patch,
    entry: impl Fn(&str, &serde_json::Value) -> super::content::Entry,
) -> Content {
    let mut after = before.clone();
    for (name, value) in &patch.fields {
        match value {
            Some(value) => {
                after.fields.insert(name.clone(), entry(name, value));
            }
            None => {
                after.fields.remove(name);
            }
        }
    }
    for (name, set) in &patch.sets {
        let now: BTreeMap<u64, String> = set.now.clone();
        after.sets.insert(name.clone(), now);
    }
    for (channel, blocked) in &patch.opt_outs {
        after.opt_outs.insert(channel.clone(), *blocked);
    }
    after
}
