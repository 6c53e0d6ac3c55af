//! The locations whose tokens were asked for.

use std::collections::HashMap;

use integrations_core::oauth::DerivedTokens;
use jiff::Timestamp;

use crate::ids::LocationId;

/// So many are held before it is looked which of them are needed.
const FIRST_SWEEP: usize = 64;

/// Ids come from webhooks, and not each is one of a location that has the app: what nobody needs does not stay.
#[derive(Default)]
pub(super) struct Locations {
    entries: HashMap<LocationId, Entry>,
    sweep_at: usize,
    /// When the company, or one of its locations, installed the app last.
    installed: Option<Timestamp>,
}

struct Entry {
    tokens: DerivedTokens,
    installed: Option<Timestamp>,
}

impl Locations {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The tokens that all callers share; `make` makes them for the first.
    pub(super) fn tokens(
        &mut self,
        id: &LocationId,
        make: impl FnOnce() -> DerivedTokens,
    ) -> DerivedTokens {
        if let Some(entry) = self.entries.get(id) {
            return entry.tokens.clone();
        }
        if self.entries.len() >= self.sweep_at.max(FIRST_SWEEP) {
            self.sweep();
        }
        let tokens = make();
        let entry = Entry {
            tokens: tokens.clone(),
            installed: None,
        };
        self.entries.insert(id.clone(), entry);
        tokens
    }

    pub(super) fn all(&self) -> Vec<DerivedTokens> {
        let entries = self.entries.values();
        entries.map(|entry| entry.tokens.clone()).collect()
    }

    /// Forgets what nobody needs, until as many again have come.
    pub(super) fn sweep(&mut self) {
        // A token that somebody holds has to stay: a second one beside it would exchange a second time.
        self.entries.retain(|_, entry| !entry.tokens.is_unused());
        self.sweep_at = self.entries.len() * 2;
    }

    /// Forgets a location, unless somebody holds its tokens.
    pub(super) fn remove(&mut self, id: &LocationId) {
        let entry = self.entries.get(id);
        if entry.is_some_and(|entry| entry.tokens.is_unused()) {
            self.entries.remove(id);
        }
    }

    /// When the location installed the app last, or anyone in the company.
    pub(super) fn installed(&self, id: Option<&LocationId>) -> Option<Timestamp> {
        match id {
            Some(id) => self.entries.get(id)?.installed,
            None => self.installed,
        }
    }

    pub(super) fn set_installed(&mut self, id: Option<&LocationId>, at: Timestamp) {
        self.installed = self.installed.max(Some(at));
        if let Some(entry) = id.and_then(|id| self.entries.get_mut(id)) {
            entry.installed = entry.installed.max(Some(at));
        }
    }
}
