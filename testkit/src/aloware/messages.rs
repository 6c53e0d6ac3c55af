use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    STOP_WORDS,
    contacts::phone,
    events::Told,
    operations::{Members, Reply, text},
    state::World,
};
use crate::common::effect::Effect;

/// The number of the account's first line.
const LINE: &str = "+12025550142";

/// Takes a message: what the carrier says of it comes later, by webhook. A contact who did not agree is no reason to refuse.
pub(crate) fn send(world: &mut World, members: &Members) -> Reply {
    let from = text(members, "from").or_else(|| text(members, "line_id"));
    let Some(from) = from else {
        return Reply::field("from", "The from or line id field is required.");
    };
    let Some(to) = text(members, "to").and_then(|text| phone(&text)) else {
        return Reply::field("to", "The to field must be a valid phone number.");
    };
    let Some(message) = text(members, "message") else {
        return Reply::field("message", "The message field is required.");
    };
    let contact = world.contact_with(&to);
    let stopped = contact.is_some_and(|id| {
        let refused = world.has(id, "is_opted_out") || world.has(id, "is_blocked");
        refused || (world.only_authorized && !world.has(id, "text_authorized"))
    });
    world.outbound(contact, &from, &to, &message, stopped);
    Reply::message(202, "Message sent.").wrote(contact, Effect::Created)
}

impl World {
    /// Whether a flag of a contact is set, in either form.
    pub(crate) fn has(&self, contact: u64, flag: &str) -> bool {
        let value = self
            .contacts
            .get(&contact)
            .and_then(|contact| contact.get(flag));
        matches!(value, Some(Value::Bool(true))) || value.and_then(Value::as_i64) == Some(1)
    }

    fn outbound(&mut self, contact: Option<u64>, from: &str, to: &str, text: &str, stopped: bool) {
        let (current, disposition, event) = match stopped {
            true => (19, 7, "OutboundSMS-DispositionInvalid"),
            false => (13, 4, "OutboundSMS-DispositionCompleted"),
        };
        let (id, mut body) = self.communication(contact, 2, 2);
        body.insert("incoming_number".to_owned(), from.into());
        body.insert("lead_number".to_owned(), to.into());
        body.insert("body".to_owned(), text.into());
        body.insert("current_status2".to_owned(), current.into());
        body.insert("disposition_status2".to_owned(), disposition.into());
        let after = Duration::from_secs(2);
        body.insert("updated_at".to_owned(), self.stamp(after).into());
        self.keep(id, &body);
        self.publish(Told::new(event, id, Value::Object(body)).after(after));
    }

    /// Somebody writes to a contact. What is opted out is not sent.
    pub(crate) fn written_sms(&mut self, contact: &str, text: &str) -> Option<String> {
        let id: u64 = contact.parse().ok()?;
        let number = self.contacts.get(&id)?.get("phone_number")?;
        let number = number.as_str()?.to_owned();
        let stopped = self.has(id, "is_opted_out") || self.has(id, "is_blocked");
        self.outbound(Some(id), LINE, &number, text, stopped);
        self.communications.keys().next_back().map(u64::to_string)
    }

    /// A message of a contact. A word that ends messages counts as the whole message alone.
    pub(crate) fn received_sms(&mut self, contact: &str, text: &str) -> Option<String> {
        let contact: u64 = contact.parse().ok()?;
        self.contacts.get(&contact)?;
        let word = text.trim().to_ascii_uppercase();
        let stops = STOP_WORDS.contains(&word.as_str());
        if let Some(contact) = self.contacts.get_mut(&contact)
            && stops
        {
            contact.insert("is_opted_out".to_owned(), 1.into());
        }
        let (id, mut body) = self.communication(Some(contact), 1, 2);
        body.insert("body".to_owned(), text.into());
        body.insert("current_status2".to_owned(), 11.into());
        body.insert("disposition_status2".to_owned(), 4.into());
        self.attach_contact(&mut body, contact);
        self.keep(id, &body);
        self.publish(Told::new(
            "InboundSMS-DispositionCompleted",
            id,
            Value::Object(body),
        ));
        if stops {
            self.tell_contact("Contact-Updated", contact);
        }
        Some(id.to_string())
    }

    pub(crate) fn appointment(&mut self, contact: &str) -> Option<String> {
        let contact: u64 = contact.parse().ok()?;
        self.contacts.get(&contact)?;
        let (id, mut body) = self.communication(Some(contact), 2, 12);
        body.insert("disposition_status2".to_owned(), 11.into());
        self.keep(id, &body);
        self.publish(Told::new("OutboundAppointment", id, Value::Object(body)));
        Some(id.to_string())
    }

    /// A communication that begins: one id space for all kinds.
    pub(crate) fn communication(
        &mut self,
        contact: Option<u64>,
        direction: u8,
        kind: u8,
    ) -> (u64, Map<String, Value>) {
        self.next += 1;
        let id = 900_000_000 + self.next;
        let now = self.stamp(Duration::ZERO);
        let number = contact
            .and_then(|id| self.contacts.get(&id)?.get("phone_number").cloned())
            .unwrap_or_default();
        let body = json!({
            "id": id,
            "contact_id": contact,
            "attempt": 1,
            "direction": direction,
            "type": kind,
            "user_id": null,
            "owner_id": -1,
            "campaign_id": 101,
            "ring_group_id": 11,
            "incoming_number": LINE,
            "lead_number": number,
            "current_status2": 1,
            "disposition_status2": 1,
            "created_at": now,
            "updated_at": now,
        });
        match body {
            Value::Object(body) => (id, body),
            _ => (id, Map::new()),
        }
    }

    pub(crate) fn keep(&mut self, id: u64, body: &Map<String, Value>) {
        self.communications.insert(id, body.clone());
    }

    pub(crate) fn attach_contact(&mut self, body: &mut Map<String, Value>, contact: u64) {
        let contact = self.view(contact);
        body.insert("contact".to_owned(), Value::Object(contact));
    }
}
