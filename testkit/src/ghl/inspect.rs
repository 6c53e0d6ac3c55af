use serde_json::{Map, Value, json};

use super::{RequestRecord, SimulatedGhl, Stats, contacts::model::Contact, state::Location};

/// What a test looks at.
impl SimulatedGhl {
    /// The journal of all requests, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.world().journal.clone()
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let world = self.shared.world();
        let mut stats = world.stats.clone();
        stats.max_in_window = world.limiter.peak();
        stats
    }

    /// Starts the counters, the journal and the rate-limit windows anew.
    pub fn reset_stats(&self) {
        let mut world = self.shared.world();
        world.stats = Stats::default();
        world.journal.clear();
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

    /// All contacts of a location, as the API shows them, ordered by id. Sees every write at once,
    /// unlike the search.
    #[must_use]
    pub fn contacts(&self, location: &str) -> Vec<Value> {
        self.look(location, |location| {
            let contacts = location.contacts.all();
            contacts.map(|contact| contact.view(false)).collect()
        })
    }

    /// One contact, as the API shows it.
    #[must_use]
    pub fn contact(&self, location: &str, id: &str) -> Option<Value> {
        self.look(location, |location| {
            location.contacts.get(id).map(|contact| contact.view(false))
        })
    }

    /// All messages of a location, oldest first.
    #[must_use]
    pub fn messages(&self, location: &str) -> Vec<Value> {
        self.look(location, |location| {
            let mut messages: Vec<_> = location.messages.values().collect();
            messages.sort_by(|a, b| (a.added, &a.id).cmp(&(b.added, &b.id)));
            let id = &location.id;
            messages.iter().map(|message| message.view(id)).collect()
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

/// What people do in the CRM, past the API.
impl SimulatedGhl {
    /// A person changes a contact. The fields are those of an API update. Returns whether there is
    /// such a contact. Subscribers are told by a `ContactUpdate`.
    pub fn edit_contact(&self, location: &str, id: &str, fields: Value) -> bool {
        let mut world = self.shared.world();
        let now = world.now_ms();
        let fields: Map<_, _> = fields.as_object().cloned().unwrap_or_default();
        let place = world.locations.get_mut(location);
        let event = place.and_then(|place| {
            let mut contact = Contact::clone(place.contacts.get(id)?);
            contact.apply(&fields);
            contact.updated = now;
            Some(place.contacts.put(contact).event())
        });
        let found = event.is_some();
        if let Some(event) = event {
            world.publish("ContactUpdate", event);
        }
        found
    }

    /// A person deletes a contact. Subscribers are told by a `ContactDelete`.
    pub fn delete_contact(&self, location: &str, id: &str) -> bool {
        let mut world = self.shared.world();
        let place = world.locations.get_mut(location);
        let removed = place.and_then(|place| place.contacts.remove(id));
        if let Some(contact) = &removed {
            world.publish("ContactDelete", contact.event());
        }
        removed.is_some()
    }

    /// A contact sends a text message. Returns the message's id. Subscribers are told by an
    /// `InboundMessage`.
    pub fn receive_sms(&self, location: &str, contact: &str, text: &str) -> Option<String> {
        let mut world = self.shared.world();
        world.receive_sms(location, contact, text)
    }
}
