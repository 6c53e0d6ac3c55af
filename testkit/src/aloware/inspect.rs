use std::collections::BTreeSet;

use serde_json::Value;

use super::{RequestRecord, SimulatedAloware, Stats, WriteRecord};
use crate::common::effect::repeated;

/// What a test looks at.
impl SimulatedAloware {
    /// The journal of all requests, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.world().journal.clone()
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.world().stats.clone()
    }

    /// How often an operation took effect, for example `messages.send`.
    #[must_use]
    pub fn writes(&self, operation: &str) -> u64 {
        let world = self.shared.world();
        world.stats.writes.get(operation).copied().unwrap_or(0)
    }

    /// How often anything took effect.
    #[must_use]
    pub fn total_writes(&self) -> u64 {
        self.shared.world().stats.writes.values().sum()
    }

    /// The journal of all requests that may change something, in the order in which they took effect.
    #[must_use]
    pub fn write_journal(&self) -> Vec<WriteRecord> {
        self.shared.world().writes.clone()
    }

    /// The writes that repeat an earlier one byte for byte and were obeyed again.
    #[must_use]
    pub fn applied_twice(&self) -> Vec<WriteRecord> {
        repeated(&self.shared.world().writes)
    }

    /// All contacts, ordered by id, with the types that they should have.
    #[must_use]
    pub fn contacts(&self) -> Vec<Value> {
        let world = self.shared.world();
        world
            .contacts
            .values()
            .cloned()
            .map(Value::Object)
            .collect()
    }

    /// One contact.
    #[must_use]
    pub fn contact(&self, id: &str) -> Option<Value> {
        let world = self.shared.world();
        let contact = world.contacts.get(&id.parse().ok()?)?;
        Some(Value::Object(contact.clone()))
    }

    /// All calls, messages and appointments, ordered by id.
    #[must_use]
    pub fn communications(&self) -> Vec<Value> {
        let world = self.shared.world();
        let all = world.communications.values().cloned();
        all.map(Value::Object).collect()
    }

    /// The contacts of a list of the power dialer; there are `31` and `32`.
    #[must_use]
    pub fn list(&self, id: &str) -> Vec<String> {
        let world = self.shared.world();
        let list = world.lists.get(id).into_iter().flatten();
        list.map(ToString::to_string).collect()
    }

    /// The sequences that a contact is in.
    #[must_use]
    pub fn sequences_of(&self, contact: &str) -> BTreeSet<String> {
        let world = self.shared.world();
        let id = contact.parse().unwrap_or_default();
        world.enrolled.get(&id).cloned().unwrap_or_default()
    }
}
