//! Finding out who is who: linking, recovering a creation that was cut off, merges at the provider, and questions.

use std::time::Duration;

use integrations_core::{Error, Result, Timestamp};
use integrations_store::{Mapping, MappingState, NewConflict, PutMapping, Side};

use super::agree::subject;
use super::base::Base;
use super::books::Entry;
use super::config::{DeletePolicy, MatchKey};
use super::engine::Inner;
use super::matching::{Card, Match, choose};
use super::step::{Action, Question, Step, Synced};
use super::sync::{Pass, Read, Subject, Turn, place};
use super::write::Known;

impl Inner {
    /// A contact of `side` and one of the other side are the same person.
    pub(crate) async fn link(
        &self,
        pass: &Pass,
        mut mapping: Mapping,
        side: Side,
        source: Read,
        id: String,
    ) -> Result<Turn> {
        let to = side.other();
        let Some(contact) = self.read(to, &id).await? else {
            // Found a moment ago, and gone now.
            return Ok(Turn::Busy);
        };
        let across = match self.see(to, contact, None) {
            Ok(read) => read,
            Err(error) => {
                let source_id = mapping.external_id(side).unwrap_or_default().to_owned();
                return self
                    .refuse(pass, Some(mapping), side, &source_id, &error)
                    .await;
            }
        };
        if !pass.plan {
            self.vacate(to, &id, mapping.id).await?;
        }
        *mapping.external_id_mut(to) = Some(id);
        mapping.state = MappingState::Linked;
        (mapping.creating, mapping.intent_hash) = (None, None);
        // Of a creation that was cut off.
        let base = Base::read(&mapping.base)?.intended();
        mapping.base = base.json();
        let known = Known {
            mapping,
            base,
            side,
            source: Some(source),
            across: Some(across),
            linked_now: true,
        };
        self.resolve_pair(pass, known, None).await
    }

    /// A contact that waited alone on its side is found: its own row makes room.
    pub(crate) async fn vacate(
        &self,
        side: Side,
        id: &str,
        for_row: integrations_store::MappingId,
    ) -> Result<()> {
        let row = self
            .store()
            .mappings()
            .find(&self.tenant, &self.name, side, id)
            .await?;
        let alone = row.filter(|row| {
            row.id != for_row && row.external_id(side.other()).is_none() && !row.claimed
        });
        let Some(mut row) = alone else { return Ok(()) };
        *row.external_id_mut(side) = Some(format!("~{}", row.id));
        row.state = MappingState::Gone;
        let mut entry = Entry::new(&self.tenant, &self.name);
        entry.withdrawn.push(subject(&row));
        entry.put = Some(PutMapping::new(row));
        self.put(entry).await.map(drop)
    }

    /// A creation on the other side was begun, and nobody knows how it ended.
    pub(crate) async fn recover(
        &self,
        pass: &Pass,
        mut mapping: Mapping,
        side: Side,
        source: Read,
    ) -> Result<Turn> {
        if mapping.creating != Some(side.other()) {
            return Err(Error::new(
                integrations_core::ErrorKind::Store,
                "a mapping creates on the side that it comes from",
            )
            .with_code("corrupt"));
        }
        let lag = Duration::from_millis(self.map.config().search_lag);
        if let Some(rest) = mapping.intent_age.and_then(|age| lag.checked_sub(age))
            && !rest.is_zero()
        {
            return Ok(Turn::Wait(rest));
        }
        let to = side.other();
        let keys = [MatchKey::Email, MatchKey::Phone];
        let card = Card::of(&source.contact, &keys);
        let _held = self
            .locks
            .hold(
                card.keys()
                    .chain([place(side, &mapping_id(&mapping, side))]),
            )
            .await;
        let found = if card.is_empty() {
            None
        } else {
            self.search(to, &source.contact, &keys).await?
        };
        let Some(found) = found else {
            return self
                .ask(pass, mapping, side, Question::Unresolved, &[], &[])
                .await;
        };
        let standing = self.standing(to, found).await?;
        match choose(&card, &standing) {
            Match::One(id) => Box::pin(self.link(pass, mapping, side, source, id)).await,
            Match::Busy | Match::CutOff(_) => Ok(Turn::Busy),
            Match::Nobody => {
                // It did not happen: begin anew, with a time of its own.
                (mapping.state, mapping.creating, mapping.intent_hash) =
                    (MappingState::Half, None, None);
                if pass.plan {
                    let step = Step {
                        action: Action::Create,
                        side: to,
                        id: None,
                        source_id: mapping.external_id(side).map(str::to_owned),
                        fields: Vec::new(),
                    };
                    return Ok(Turn::Done(Synced::one(step)));
                }
                self.release(mapping).await?;
                Ok(Turn::Again)
            }
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
        }
    }

    /// The provider made one contact of two.
    pub(crate) async fn merged(
        &self,
        side: Side,
        loser: &str,
        winner: &str,
        time: Option<Timestamp>,
    ) -> Result<Synced> {
        let pass = Pass::webhook();
        let mappings = self.store().mappings();
        let find = |id: String| {
            let mappings = mappings.clone();
            async move { mappings.find(&self.tenant, &self.name, side, &id).await }
        };
        let old = find(loser.to_owned()).await?;
        if self.read(side, loser).await?.is_some() {
            // Not merged after all, or undone.
            let mut synced = self.sync(&pass, Subject::new(side, loser).at(time)).await?;
            let more = self
                .sync(&pass, Subject::new(side, winner).at(time))
                .await?;
            synced.steps.extend(more.steps);
            return Ok(synced);
        }
        if let Some(mut row) = old.clone()
            && find(winner.to_owned()).await?.is_none()
        {
            // The survivor takes the place of the one that went.
            *row.external_id_mut(side) = Some(winner.to_owned());
            if row.claimed {
                return Err(Error::new(
                    integrations_core::ErrorKind::Conflict,
                    "somebody else works on this contact; try again later",
                )
                .with_code("busy")
                .with_retryable(true));
            }
            self.release(row).await?;
            return self.sync(&pass, Subject::new(side, winner).at(time)).await;
        }
        let mut synced = self
            .sync(&pass, Subject::new(side, winner).at(time))
            .await?;
        let Some(row) = find(loser.to_owned()).await? else {
            return Ok(synced);
        };
        // What the loser was on the other side is a leftover now.
        let config = self.map.config();
        let to = side.other();
        let linked = row.state == MappingState::Linked && row.external_id(to).is_some();
        if linked && config.deletes == DeletePolicy::Propagate && config.way.writes(to) {
            match self.delete_row(&pass, row, to).await? {
                Turn::Done(more) => synced.steps.extend(more.steps),
                _ => {
                    let more = self.sync(&pass, Subject::new(side, loser).at(time)).await?;
                    synced.steps.extend(more.steps);
                }
            }
        } else if linked {
            self.settle(row, MappingState::Unlinked, Synced::default())
                .await?;
        }
        Ok(synced)
    }

    /// Asks a person, and leaves the contact alone until the answer.
    pub(crate) async fn ask(
        &self,
        pass: &Pass,
        mut mapping: Mapping,
        side: Side,
        question: Question,
        candidates: &[String],
        fields: &[String],
    ) -> Result<Turn> {
        let step = Self::question(&mapping, side, question, fields);
        if pass.plan {
            return Ok(Turn::Done(Synced::one(step)));
        }
        mapping.state = MappingState::Held;
        (mapping.creating, mapping.intent_hash) = (None, None);
        let details = serde_json::json!({ "candidates": candidates, "fields": fields });
        self.raise(mapping, question, &details, step).await
    }

    /// A provider or a transform refused a contact: a person is told, and the next change tries again.
    pub(crate) async fn refuse(
        &self,
        pass: &Pass,
        mapping: Option<Mapping>,
        side: Side,
        id: &str,
        error: &Error,
    ) -> Result<Turn> {
        let mut mapping = mapping.unwrap_or_else(|| Mapping::new(side, id));
        let step = Self::question(&mapping, side, Question::Refused, &[]);
        if pass.plan {
            return Ok(Turn::Done(Synced::one(step)));
        }
        let mut base = Base::read(&mapping.base)?;
        base.asked = true;
        mapping.base = base.json();
        let fields: Vec<&str> = error
            .fields()
            .iter()
            .map(|field| field.path.as_str())
            .collect();
        let details = serde_json::json!({
            "kind": error.kind().as_str(),
            "code": error.code(),
            "message": error.message(),
            "fields": fields,
        });
        self.raise(mapping, Question::Refused, &details, step).await
    }

    /// The same for a contact of a run.
    pub(crate) async fn refuse_one(
        &self,
        pass: &Pass,
        side: Side,
        id: &str,
        error: &Error,
    ) -> Result<Synced> {
        let row = self
            .store()
            .mappings()
            .find(&self.tenant, &self.name, side, id)
            .await?;
        match self.refuse(pass, row, side, id, error).await? {
            Turn::Done(synced) => Ok(synced),
            _ => Err(Error::new(
                integrations_core::ErrorKind::Conflict,
                "somebody else works on this contact; try again later",
            )
            .with_code("busy")
            .with_retryable(true)),
        }
    }

    async fn raise(
        &self,
        mapping: Mapping,
        question: Question,
        details: &serde_json::Value,
        step: Step,
    ) -> Result<Turn> {
        let mut conflict = NewConflict::new(question.as_str(), subject(&mapping));
        conflict.mapping = Some(mapping.id);
        conflict.left_id.clone_from(&mapping.left_id);
        conflict.right_id.clone_from(&mapping.right_id);
        conflict.details = details.to_string();
        let mut entry = Entry::new(&self.tenant, &self.name);
        entry.conflicts.push(conflict);
        entry.put = Some(PutMapping::new(mapping));
        Ok(if self.put(entry).await? {
            Turn::Done(Synced::one(step))
        } else {
            Turn::Again
        })
    }
}

fn mapping_id(mapping: &Mapping, side: Side) -> String {
    mapping.external_id(side).unwrap_or_default().to_owned()
}
