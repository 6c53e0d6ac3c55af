//! What a sync did, or would do.

use integrations_store::{RunCounts, Side};
use serde::Serialize;

/// Why a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Question {
    /// Both sides changed the same fields.
    Fields,
    /// One side deleted what the other changed.
    EditedAndDeleted,
    /// The other side has somebody with one address in common and another that differs.
    Twin,
    /// The other side has several who could be the same person.
    Ambiguous,
    /// The same person is on one side twice.
    Duplicate,
    /// The sides keep overwriting each other.
    Flapping,
    /// A creation was cut off, and nobody can find out whether it happened.
    Unresolved,
    /// The provider, or a transform, refused the contact.
    Refused,
}

impl Question {
    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::EditedAndDeleted => "edited_and_deleted",
            Self::Twin => "twin",
            Self::Ambiguous => "ambiguous",
            Self::Duplicate => "duplicate",
            Self::Flapping => "flapping",
            Self::Unresolved => "unresolved",
            Self::Refused => "refused",
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Created.
    Create,
    /// Changed.
    Update,
    /// Deleted.
    Delete,
    /// Found to be the same as one of the other side; nothing is written for it.
    Link,
    /// Left alone from now on; nothing is written.
    Unlink,
    /// A person is asked; nothing is written.
    Ask(Question),
}

impl Action {
    /// The lowercase word: `create`, `ask`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Link => "link",
            Self::Unlink => "unlink",
            Self::Ask(_) => "ask",
        }
    }
}

/// One thing that a sync did, or, planned, would do.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Step {
    /// What.
    pub action: Action,
    /// On which side.
    pub side: Side,
    /// The contact that is written; `None` for one that is created.
    pub id: Option<String>,
    /// The contact of the other side.
    pub source_id: Option<String>,
    /// The names of the fields that are written.
    pub fields: Vec<String>,
}

impl Step {
    /// Whether the provider is written to.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(
            self.action,
            Action::Create | Action::Update | Action::Delete
        )
    }
}

/// What became of one contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Synced {
    /// What was done, or would be; empty: nothing was to do.
    pub steps: Vec<Step>,
    /// Whether it was a write of ours that came back.
    pub echo: bool,
}

impl Synced {
    pub(crate) fn one(step: Step) -> Self {
        Self {
            steps: vec![step],
            echo: false,
        }
    }

    /// Counts what was done: `integrations_sync_steps_total` by action and side, `integrations_sync_echoes_total`.
    pub(crate) fn measure(&self) {
        for step in &self.steps {
            let action = step.action.as_str();
            metrics::counter!("integrations_sync_steps_total", "action" => action, "side" => step.side.as_str())
                .increment(1);
        }
        if self.echo {
            metrics::counter!("integrations_sync_echoes_total").increment(1);
        }
    }

    /// As the log of runs counts it.
    #[must_use]
    pub fn counts(&self) -> RunCounts {
        let mut counts = RunCounts::default();
        for step in &self.steps {
            match step.action {
                Action::Create => counts.created += 1,
                Action::Update => counts.updated += 1,
                Action::Delete => counts.deleted += 1,
                Action::Link => counts.linked += 1,
                Action::Ask(Question::Refused) => counts.failed += 1,
                Action::Ask(_) => counts.conflicts += 1,
                Action::Unlink => {}
            }
        }
        if self.steps.is_empty() {
            counts.skipped += 1;
        }
        counts
    }
}
