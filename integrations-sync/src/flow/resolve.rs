//! A person's answer to a question.

use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{ConflictId, Mapping, MappingState, PutMapping, Side};

use super::base::Base;
use super::engine::Flow;
use super::step::Synced;
use super::sync::{Pass, Subject};

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// These two are the same person.
    Link {
        /// The contact on the left.
        left: String,
        /// The contact on the right.
        right: String,
    },
    /// Where they differ, this side is right: also when it is the one that deleted the contact.
    Keep(Side),
    /// It is somebody of their own: create the contact on the other side, whoever has the same address there.
    Create,
    /// Leave it alone for good.
    Ignore,
    /// Look again: somebody put it right at the provider.
    Retry,
}

impl Resolution {
    fn word(&self) -> String {
        match self {
            Self::Link { .. } => "link".to_owned(),
            Self::Keep(side) => format!("keep_{side}"),
            Self::Create => "create".to_owned(),
            Self::Ignore => "ignore".to_owned(),
            Self::Retry => "retry".to_owned(),
        }
    }
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::Validation, message).with_operation("sync.resolve")
}

impl Flow {
    /// Answers a question of the manual queue and carries the answer out. The answer is stored first: when carrying it
    /// out fails, the contact's next event or run does it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when this flow has no such question, [`ErrorKind::Conflict`] when it was answered
    /// already or one of the contacts is another's, [`ErrorKind::Validation`] when the answer does not fit the
    /// question; what the providers or the database report.
    pub async fn resolve(
        &self,
        question: ConflictId,
        resolution: &Resolution,
        actor: &str,
    ) -> Result<Synced> {
        let inner = &self.0;
        let found = inner
            .store()
            .conflicts()
            .find(&inner.tenant, question)
            .await?;
        let missing = || Error::new(ErrorKind::NotFound, "this flow has no such question");
        let found = found
            .filter(|found| found.flow == inner.name)
            .ok_or_else(missing)?;
        let id = found.mapping.ok_or_else(missing)?;
        let row = inner
            .store()
            .mappings()
            .get(&inner.tenant, &inner.name, id)
            .await?
            .ok_or_else(missing)?;
        let row = self.answered(row, resolution).await?;
        let mut transaction = inner.store().begin("sync.resolve").await?;
        let written = inner
            .store()
            .mappings()
            .put_in(
                &mut transaction,
                &inner.tenant,
                &inner.name,
                &[PutMapping::new(row.clone())],
            )
            .await
            .map_err(|error| {
                if error.code() == Some("unique") {
                    taken()
                } else {
                    error
                }
            })?;
        if written.is_empty() {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the contact changed meanwhile; look at the question again",
            )
            .with_code("busy")
            .with_retryable(true));
        }
        inner
            .store()
            .conflicts()
            .resolve_in(
                &mut transaction,
                &inner.tenant,
                question,
                &resolution.word(),
                actor,
            )
            .await?;
        transaction.commit().await?;
        if row.state == MappingState::Ignored {
            return Ok(Synced::default());
        }
        let side = Side::ALL
            .into_iter()
            .find(|side| row.external_id(*side).is_some());
        match side.and_then(|side| Some((side, row.external_id(side)?))) {
            Some((side, id)) => inner.sync(&Pass::run(false), Subject::new(side, id)).await,
            None => Ok(Synced::default()),
        }
    }

    /// The row as the answer leaves it.
    async fn answered(&self, mut row: Mapping, resolution: &Resolution) -> Result<Mapping> {
        let whole = row.left_id.is_some() && row.right_id.is_some();
        let mut base = Base::read(&row.base)?;
        base.asked = false;
        (row.flips, row.flips_since, row.last_written) = (0, None, None);
        let resting = if whole {
            MappingState::Linked
        } else {
            MappingState::Half
        };
        match resolution {
            Resolution::Ignore => row.state = MappingState::Ignored,
            Resolution::Retry => row.state = resting,
            Resolution::Create if whole => {
                return Err(invalid("the contact is on both sides already"));
            }
            Resolution::Create => {
                base = Base {
                    alone: true,
                    ..Base::default()
                };
                row.state = resting;
            }
            Resolution::Keep(_) if !whole => {
                return Err(invalid(
                    "only one side is known: link it, create it or ignore it",
                ));
            }
            Resolution::Keep(side) => {
                base = Base {
                    keep: Some(*side),
                    ..Base::default()
                };
                row.state = resting;
            }
            Resolution::Link { left, right } => {
                let is_one = row.left_id.as_deref() == Some(left.as_str())
                    || row.right_id.as_deref() == Some(right.as_str());
                if !is_one {
                    return Err(invalid("neither contact is the one that was asked about"));
                }
                for (side, id) in [(Side::Left, left), (Side::Right, right)] {
                    self.0.vacate(side, id, row.id).await?;
                    *row.external_id_mut(side) = Some(id.clone());
                }
                base = Base::default();
                row.state = MappingState::Linked;
            }
        }
        row.base = base.json();
        Ok(row)
    }
}

fn taken() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "one of the contacts is another's other half already",
    )
    .with_code("taken")
}
