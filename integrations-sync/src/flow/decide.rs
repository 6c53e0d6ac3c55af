//! What is to become of one pair: a pure function of what is known of it.
//!
//! | left | right | how the pair stands | decision |
//! |---|---|---|---|
//! | – | – | held, ignored, unlinked | nothing: a person or a policy said so |
//! | here | never there | half | create on the right, if the flow writes there and the left changed since |
//! | here | never there | creating | find out whether it was created, else create |
//! | here | here | linked | merge; write what differs, or ask |
//! | here | gone | linked | the delete policy: delete, unlink, halve; an edit against a deletion is a conflict |
//! | gone | gone | any | forget |
//!
//! And the same with left and right exchanged.

use std::collections::BTreeSet;

use integrations_core::Timestamp;
use integrations_store::{MappingState, Side};

use super::base::Base;
use super::config::{ConflictPolicy, DeletePolicy};
use super::content::Content;
use super::map::FieldMap;
use super::merge::{Merge, merge};

/// What is known of a contact on one side.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen<'a> {
    /// The pair has no contact on this side.
    Never,
    /// It had one, and the provider has it no more; when it was deleted, if that is known.
    Gone(Option<Timestamp>),
    /// This is what it says, and when it was changed last, if the provider says so.
    Here(&'a Content, Option<Timestamp>),
}

/// A pair as it is found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) state: MappingState,
    pub(crate) base: &'a Base,
    /// Who wins: the flow's policy, or what a person decided for this pair.
    pub(crate) policy: ConflictPolicy,
    pub(crate) left: Seen<'a>,
    pub(crate) right: Seen<'a>,
    /// Channels that other sources than the two sides forbid.
    pub(crate) blocked: &'a BTreeSet<String>,
}

/// Why nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Both say what they said when they were last equal, or the same.
    Equal,
    /// A person is to decide first.
    Waits,
    /// It is left alone.
    Alone,
    /// The flow does not go that way.
    OneWay,
}

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Both sides changed these fields.
    Fields(Vec<String>),
    /// One side deleted what the other changed.
    EditedAndDeleted,
}

/// What is to become of a pair.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decision {
    /// Nothing is written.
    Nothing(Reason),
    /// Both are equal in what matters: remember what they say now.
    Adopt(Merge),
    /// Write to one side or both.
    Write(Merge),
    /// Create it on this side; what is written there.
    Create(Side, Merge),
    /// Find out whether it was created on this side.
    Recover(Side),
    /// Delete it on this side.
    Delete(Side),
    /// Leave the rest alone from now on.
    Unlink,
    /// Forget the id on this side, and wait for the next change.
    Halve(Side),
    /// Nothing is left of it.
    Forget,
    /// A person decides.
    Ask(Ask),
}

/// Who wins where both sides changed something; `None`: a person decides.
pub(crate) fn winner(
    policy: ConflictPolicy,
    left: Option<Timestamp>,
    right: Option<Timestamp>,
) -> Option<Side> {
    match policy {
        ConflictPolicy::Prefer(side) => Some(side),
        ConflictPolicy::Ask => None,
        ConflictPolicy::LastWriteWins => Some(match (left, right) {
            (Some(left), Some(right)) if right > left => Side::Right,
            (None, Some(_)) => Side::Right,
            _ => Side::Left,
        }),
    }
}

/// Decides.
pub(crate) fn decide(map: &FieldMap, pair: &Pair<'_>) -> Decision {
    match pair.state {
        MappingState::Held => return Decision::Nothing(Reason::Waits),
        MappingState::Ignored | MappingState::Unlinked => {
            return Decision::Nothing(Reason::Alone);
        }
        _ => {}
    }
    match (pair.left, pair.right) {
        (Seen::Here(left, left_at), Seen::Here(right, right_at)) => {
            both(map, pair, (left, left_at), (right, right_at))
        }
        (Seen::Here(content, _), Seen::Never) => alone(map, pair, Side::Left, content),
        (Seen::Never, Seen::Here(content, _)) => alone(map, pair, Side::Right, content),
        (Seen::Here(content, at), Seen::Gone(gone)) => {
            survivor(map, pair, Side::Left, (content, at), gone)
        }
        (Seen::Gone(gone), Seen::Here(content, at)) => {
            survivor(map, pair, Side::Right, (content, at), gone)
        }
        (Seen::Gone(_) | Seen::Never, Seen::Gone(_) | Seen::Never) => Decision::Forget,
    }
}

fn both(
    map: &FieldMap,
    pair: &Pair<'_>,
    (left, left_at): (&Content, Option<Timestamp>),
    (right, right_at): (&Content, Option<Timestamp>),
) -> Decision {
    let winner = winner(pair.policy, left_at, right_at);
    let merged = merge(map, pair.base, left, right, winner, pair.blocked);
    if !merged.conflicts.is_empty() {
        return Decision::Ask(Ask::Fields(merged.conflicts));
    }
    if !merged.left.is_empty() || !merged.right.is_empty() {
        return Decision::Write(merged);
    }
    let clears = map.config().clears;
    let known = pair.state == MappingState::Linked
        && !pair.base.is_empty()
        && pair.base.unchanged(Side::Left, left, clears)
        && pair.base.unchanged(Side::Right, right, clears);
    if known {
        Decision::Nothing(Reason::Equal)
    } else {
        Decision::Adopt(merged)
    }
}

/// Known on `side` alone.
fn alone(map: &FieldMap, pair: &Pair<'_>, side: Side, content: &Content) -> Decision {
    let to = side.other();
    if pair.state == MappingState::Creating {
        return Decision::Recover(to);
    }
    if !map.config().way.writes(to) {
        return Decision::Nothing(Reason::OneWay);
    }
    // What was left when the other side deleted it: only a change brings it back there.
    if !pair.base.is_empty() && pair.base.unchanged(side, content, map.config().clears) {
        return Decision::Nothing(Reason::Equal);
    }
    create(map, pair, side, content)
}

fn create(map: &FieldMap, pair: &Pair<'_>, side: Side, content: &Content) -> Decision {
    let (nothing, fresh) = (Content::default(), Base::default());
    let (left, right) = match side {
        Side::Left => (content, &nothing),
        Side::Right => (&nothing, content),
    };
    let merged = merge(map, &fresh, left, right, Some(side), pair.blocked);
    Decision::Create(side.other(), merged)
}

/// `side` still has it, the other deleted it.
fn survivor(
    map: &FieldMap,
    pair: &Pair<'_>,
    side: Side,
    (content, at): (&Content, Option<Timestamp>),
    gone: Option<Timestamp>,
) -> Decision {
    let (config, from) = (map.config(), side.other());
    if !config.way.writes(side) {
        // A mirror lost its copy: a policy that ignores this lets the next change create it again.
        return match config.deletes {
            DeletePolicy::Ignore => Decision::Halve(from),
            _ => Decision::Unlink,
        };
    }
    match config.deletes {
        DeletePolicy::Unlink => Decision::Unlink,
        DeletePolicy::Ignore => Decision::Halve(from),
        DeletePolicy::Propagate if pair.base.unchanged(side, content, config.clears) => {
            Decision::Delete(side)
        }
        DeletePolicy::Propagate => {
            let deletes = match pair.policy {
                ConflictPolicy::Ask => return Decision::Ask(Ask::EditedAndDeleted),
                ConflictPolicy::Prefer(winner) => winner == from,
                // Without both times the edit is kept: it can be deleted later, but not brought back.
                ConflictPolicy::LastWriteWins => {
                    matches!((gone, at), (Some(gone), Some(at)) if gone > at)
                }
            };
            if deletes {
                Decision::Delete(side)
            } else if config.way.writes(from) {
                create(map, pair, side, content)
            } else {
                Decision::Unlink
            }
        }
    }
}

#[cfg(test)]
mod tests;
