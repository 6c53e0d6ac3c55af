use serde_json::{Map, Value, json};

use super::{
    SimulatedGhl,
    contacts::model::Contact,
    state::{Location, World},
};

/// Words that block further messages, and words that allow them again.
const STOP: [&str; 6] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"];
const START: [&str; 2] = ["START", "UNSTOP"];

/// What people do in the CRM, past the API.
impl SimulatedGhl {
    /// A person creates a contact. The fields are those of an API creation, without `locationId`.
    /// Duplicates are not refused. Subscribers are told by a `ContactCreate`.
    ///
    /// # Panics
    ///
    /// If there is no such location.
    pub fn add_contact(&self, location: &str, fields: Value) -> String {
        let mut world = self.shared.world();
        let contact = world.insert_contact(location, &object(fields), None);
        let contact = contact.unwrap_or_else(|| panic!("no location `{location}` was added"));
        world.publish("ContactCreate", contact.event());
        contact.id.clone()
    }

    /// A person changes a contact. The fields are those of an API update. Returns whether there is
    /// such a contact. Subscribers are told as by an update through the API: of tags by a
    /// `ContactTagUpdate`, of channels by a `ContactDndUpdate`, of the rest by a `ContactUpdate`.
    pub fn edit_contact(&self, location: &str, id: &str, fields: Value) -> bool {
        self.edit_contacts(location, [id], fields) == 1
    }

    /// A person changes several contacts in one go: all get the same `dateUpdated`. Returns how
    /// many there are.
    pub fn edit_contacts<'i>(
        &self,
        location: &str,
        ids: impl IntoIterator<Item = &'i str>,
        fields: Value,
    ) -> usize {
        let mut world = self.shared.world();
        let fields = object(fields);
        let now = world.now_ms();
        ids.into_iter()
            .filter(|id| {
                let contact = world.contact_of(location, id);
                let contact = contact.map(|contact| {
                    world.change_contact(contact, now, |contact| contact.apply(&fields))
                });
                contact.is_some()
            })
            .count()
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

    /// A person merges two contacts: `from` is gone, and `into` takes over its conversations and
    /// tags, and what it did not have itself. Returns whether there are both.
    ///
    /// GHL has no event for that: subscribers are told that one was changed and the other deleted,
    /// and nothing ties the two together.
    pub fn merge_contacts(&self, location: &str, from: &str, into: &str) -> bool {
        let mut world = self.shared.world();
        let now = world.now_ms();
        let pair = world.contact_of(location, from);
        let pair = pair.zip(world.contact_of(location, into));
        let Some((gone, kept)) = pair.filter(|_| from != into) else {
            return false;
        };
        if let Some(place) = world.locations.get_mut(location) {
            place.contacts.remove(from);
            place.hand_over(from, into);
        }
        world.change_contact(kept, now, |kept| kept.absorb(&gone));
        world.publish("ContactDelete", gone.event());
        true
    }

    /// A user writes a text message to a contact. Returns the message's id, or `None` when there is no such contact, or
    /// the channel is blocked. Subscribers are told by an `OutboundMessage`, and the
    /// [conversation provider](Self::set_sms_provider) of the location is asked to carry it. It stays `pending` until
    /// that one says otherwise.
    pub fn write_sms(&self, location: &str, contact: &str, text: &str) -> Option<String> {
        self.shared.world().write_sms(location, contact, text)
    }

    /// A contact sends a text message. Returns the message's id. Subscribers are told by an
    /// `InboundMessage`.
    ///
    /// The usual words (`STOP`, `UNSUBSCRIBE`, …) block the channel, `START` opens it again, each
    /// with a `ContactDndUpdate`.
    pub fn receive_sms(&self, location: &str, contact: &str, text: &str) -> Option<String> {
        let mut world = self.shared.world();
        let id = world.receive_sms(location, contact, text)?;
        let word = text.trim().to_uppercase();
        let status = match word.as_str() {
            word if STOP.contains(&word) => "active",
            word if START.contains(&word) => "inactive",
            _ => return Some(id),
        };
        let now = world.now_ms();
        if let Some(contact) = world.contact_of(location, contact) {
            world.change_contact(contact, now, |contact| {
                let setting = json!({"status": status, "message": word, "code": "101"});
                contact.dnd.insert("sms".to_owned(), setting);
            });
        }
        Some(id)
    }
}

impl World {
    fn contact_of(&self, location: &str, id: &str) -> Option<Contact> {
        let contact = self.locations.get(location)?.contacts.get(id)?;
        Some(Contact::clone(contact))
    }
}

impl Location {
    /// Gives one contact's conversations and messages to another.
    fn hand_over(&mut self, from: &str, into: &str) {
        let conversations = self.conversations.values_mut().map(|c| &mut c.contact);
        let messages = self.messages.values_mut().map(|m| &mut m.contact);
        for contact in conversations.chain(messages).filter(|c| *c == from) {
            into.clone_into(contact);
        }
    }
}

fn object(fields: Value) -> Map<String, Value> {
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
