use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    ContactWrites, RateUsage, RequestRecord, SimulatedGhl, Stats, WriteRecord, journal::repeated,
    state::Location,
};

/// What a test looks at.
impl SimulatedGhl {
    /// The journal of all requests, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.world().journal.clone()
    }

    /// Where in [`requests`](Self::requests) each process's part begins: one place without a
    /// [journal](super::Builder::journal), and with it one for each start.
    #[must_use]
    pub fn starts(&self) -> Vec<usize> {
        self.shared.world().starts.clone()
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let world = self.shared.world();
        let mut stats = world.stats.clone();
        stats.max_in_window = world.limiter.peak();
        stats.limit_violations = world.limiter.violations();
        stats
    }

    /// Starts the counters, the journal and the rate-limit windows anew.
    pub fn reset_stats(&self) {
        let mut world = self.shared.world();
        world.stats = Stats::default();
        world.journal.clear();
        world.starts = vec![0];
        world.writes.clear();
        world.limiter.reset();
    }

    /// How often an operation took effect, for example `contacts.create`.
    #[must_use]
    pub fn writes(&self, operation: &str) -> u64 {
        let world = self.shared.world();
        world.stats.writes.get(operation).copied().unwrap_or(0)
    }

    /// How often anything took effect. Token requests are not counted.
    #[must_use]
    pub fn total_writes(&self) -> u64 {
        self.shared.world().stats.writes.values().sum()
    }

    /// How many reads were answered.
    #[must_use]
    pub fn total_reads(&self) -> u64 {
        self.shared.world().stats.reads.values().sum()
    }

    /// The journal of all requests that may change something, in the order in which they took effect.
    #[must_use]
    pub fn write_journal(&self) -> Vec<WriteRecord> {
        self.shared.world().writes.clone()
    }

    /// The writes that repeat an earlier one byte for byte and were obeyed again: a second creation of
    /// the same thing, or a write that changed nothing because it had been made before. A write that
    /// is repeated after another one undid it is not among them.
    #[must_use]
    pub fn applied_twice(&self) -> Vec<WriteRecord> {
        repeated(&self.shared.world().writes)
    }

    /// How often each contact was written through the API. Contacts that only people changed are not
    /// in it.
    #[must_use]
    pub fn contact_writes(&self) -> BTreeMap<String, ContactWrites> {
        let world = self.shared.world();
        let mut counts: BTreeMap<String, ContactWrites> = BTreeMap::new();
        for write in &world.writes {
            if let Some(contact) = write.contact.as_ref() {
                counts.entry(contact.clone()).or_default().count(write);
            }
        }
        counts
    }

    /// The contacts of a location that share an email or a phone, as groups of ids. A location without
    /// "Allow Duplicate Contact" has none through the API.
    #[must_use]
    pub fn twins(&self, location: &str) -> Vec<Vec<String>> {
        self.look(location, |location| location.contacts.twins())
    }

    /// How many requests came over a rate limit since the start, or since
    /// [`reset_stats`](Self::reset_stats).
    #[must_use]
    pub fn limit_violations(&self) -> u64 {
        self.shared.world().limiter.violations()
    }

    /// What was used of the rate limit of a location or company.
    #[must_use]
    pub fn rate_usage(&self, resource: &str) -> RateUsage {
        self.shared.world().limiter.usage(resource)
    }

    /// All contacts of a location, as the API shows them, ordered by id. Sees every write at once,
    /// unlike the search.
    #[must_use]
    pub fn contacts(&self, location: &str) -> Vec<Value> {
        self.look(location, |location| {
            let contacts = location.contacts.all();
            contacts.map(|contact| contact.view(false)).collect()
        })
    }

    /// How many contacts a location has.
    #[must_use]
    pub fn contact_count(&self, location: &str) -> usize {
        self.look(location, |location| location.contacts.len())
    }

    /// One contact, as the API shows it.
    #[must_use]
    pub fn contact(&self, location: &str, id: &str) -> Option<Value> {
        self.look(location, |location| {
            location.contacts.get(id).map(|contact| contact.view(false))
        })
    }

    /// All messages of a location, oldest first, with the `altId` that no answer of the API shows.
    #[must_use]
    pub fn messages(&self, location: &str) -> Vec<Value> {
        self.look(location, |location| {
            let mut messages: Vec<_> = location.messages.values().collect();
            messages.sort_by(|a, b| (a.added, &a.id).cmp(&(b.added, &b.id)));
            let views = messages.iter().map(|message| {
                let mut view = message.view(&location.id);
                if let Some(id) = &message.alt_id {
                    view["altId"] = json!(id);
                }
                view
            });
            views.collect()
        })
    }

    /// All notes about a location's contacts, as the API shows them, oldest first.
    #[must_use]
    pub fn notes(&self, location: &str) -> Vec<Value> {
        self.look(location, |location| {
            let mut notes: Vec<_> = location.notes.values().collect();
            notes.sort_by(|a, b| (a.added, &a.id).cmp(&(b.added, &b.id)));
            notes.into_iter().map(|note| note.view()).collect()
        })
    }

    /// All conversations of a location, as `{id, contactId}`.
    #[must_use]
    pub fn conversations(&self, location: &str) -> Vec<Value> {
        self.look(location, |location| {
            let conversations = location.conversations.values();
            conversations
                .map(|c| json!({"id": c.id, "contactId": c.contact, "unreadCount": c.unread}))
                .collect()
        })
    }

    /// All appointments of a location, blocks excluded, ordered by id.
    #[must_use]
    pub fn appointments(&self, location: &str) -> Vec<Value> {
        self.look(location, |location| {
            let events = location.events.values().filter(|event| !event.is_block());
            events.map(|event| event.view(&location.id)).collect()
        })
    }

    /// The id of a location's calendar.
    #[must_use]
    pub fn calendar_id(&self, location: &str) -> String {
        self.look(location, |location| {
            location.calendars.keys().next().cloned()
        })
        .unwrap_or_default()
    }

    /// The id of a location's user.
    #[must_use]
    pub fn user_id(&self, location: &str) -> String {
        self.look(location, |location| {
            location.users.first().map(|user| user.id.clone())
        })
        .unwrap_or_default()
    }

    /// Lets the search see everything at once, whatever its lag.
    pub fn settle_search(&self) {
        for location in self.shared.world().locations.values_mut() {
            location.contacts.settle();
        }
    }

    fn look<T: Default>(&self, location: &str, look: impl FnOnce(&Location) -> T) -> T {
        let world = self.shared.world();
        world.locations.get(location).map(look).unwrap_or_default()
    }
}
