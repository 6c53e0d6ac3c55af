//! How far a listing by time of change has been read: no row is lost between rows that changed at the same moment, or
//! when one appears late.

use std::collections::BTreeSet;
use std::time::Duration;

use integrations_core::Timestamp;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// So many ids at one moment are remembered; more are read again, which costs time and changes nothing.
const MAX_TIES: usize = 2_000;

/// A cursor: everything that changed before `at` has been read, and of what changed at that moment, `ties`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Position {
    pub(crate) at: Option<Timestamp>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) ties: BTreeSet<String>,
}

impl Position {
    /// From when to list: at the moment itself, since more rows may have it, and some time before, since rows may
    /// appear late.
    pub(crate) fn since(&self, lookback: Duration) -> Option<Timestamp> {
        let back = SignedDuration::try_from(lookback).ok()?;
        Some(self.at?.checked_sub(back).unwrap_or(Timestamp::MIN))
    }

    /// Whether a row was read already, for sure: it has the cursor's moment and is remembered.
    pub(crate) fn has(&self, id: &str, at: Option<Timestamp>) -> bool {
        at.is_some() && at == self.at && self.ties.contains(id)
    }

    /// Notes a row that has been read, worked on and stored. Never moves back.
    pub(crate) fn advance(&mut self, id: &str, at: Timestamp) {
        match self.at {
            Some(now) if now > at => return,
            Some(now) if now == at => {}
            _ => {
                self.at = Some(at);
                self.ties.clear();
            }
        }
        if self.ties.len() < MAX_TIES {
            self.ties.insert(id.to_owned());
        }
    }
}

/// Follows one listing: how far a cursor may move while rows of it are still in work, failed, or out of order.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The newest row so far.
    newest: Option<Timestamp>,
    /// Whether each row was at least as new as the one before.
    ordered: bool,
    /// The oldest row that is not done: the cursor stays before it.
    barrier: Option<Timestamp>,
    done: Position,
    /// Rows that are done while the listing may yet show older ones.
    pending: Vec<(String, Timestamp)>,
}

impl Progress {
    pub(crate) fn new(from: Position) -> Self {
        Self {
            newest: None,
            ordered: true,
            barrier: None,
            done: from,
            pending: Vec::new(),
        }
    }

    /// Where the cursor is.
    pub(crate) fn saved(&self) -> &Position {
        &self.done
    }

    /// A row was listed.
    pub(crate) fn saw(&mut self, at: Option<Timestamp>) {
        match (at, self.newest) {
            // A row without a time says nothing of the order: wait for the end.
            (None, _) => self.ordered = false,
            (Some(at), Some(newest)) if at < newest => self.ordered = false,
            (Some(at), _) => self.newest = Some(at),
        }
    }

    /// A row was worked on and stored.
    pub(crate) fn stored(&mut self, id: &str, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.pending.push((id.to_owned(), at));
        }
    }

    /// A row could not be worked on: it has to be read again.
    pub(crate) fn failed(&mut self, at: Option<Timestamp>) {
        let at = at.unwrap_or(Timestamp::MIN);
        self.barrier = Some(self.barrier.map_or(at, |barrier| barrier.min(at)));
    }

    /// Every row listed so far is stored or failed: where the cursor may be.
    pub(crate) fn page_done(&mut self) -> &Position {
        if self.ordered {
            self.settle(Timestamp::MAX);
        }
        &self.done
    }

    /// The listing has ended; it began at `started`, by our clock, and what changed since may be missing from it.
    pub(crate) fn listing_done(&mut self, started: Timestamp) -> &Position {
        let limit = if self.ordered {
            Timestamp::MAX
        } else {
            started
        };
        self.settle(limit);
        &self.done
    }

    fn settle(&mut self, limit: Timestamp) {
        let mut rows = std::mem::take(&mut self.pending);
        rows.sort_by_key(|(_, at)| *at);
        for (id, at) in rows {
            if self.barrier.is_none_or(|barrier| at < barrier) {
                if at <= limit {
                    self.done.advance(&id, at);
                } else if self.done.at.is_none_or(|now| now < limit) {
                    self.done.at = Some(limit);
                    self.done.ties.clear();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
