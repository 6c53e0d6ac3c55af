use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    events::Told,
    loose::loosen,
    operations::{Members, Reply, flag, text},
    state::World,
};
use crate::common::effect::Effect;

/// What the form has that becomes a field of the contact.
const FIELDS: [&str; 18] = [
    "name",
    "first_name",
    "last_name",
    "email",
    "company_name",
    "date_of_birth",
    "timezone",
    "address",
    "city",
    "state",
    "zipcode",
    "country",
    "website",
    "lead_source",
    "notes",
    "csf1",
    "csf2",
    "disposition_status_id",
];

/// A number in E.164 form, from that or from how it is dialled in the United States.
pub(crate) fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let strange = text
        .chars()
        .any(|c| !c.is_ascii_digit() && !matches!(c, '+' | '-' | ' ' | '(' | ')' | '.'));
    match (text.starts_with('+'), digits.len()) {
        _ if strange => None,
        (true, 8..=15) => Some(format!("+{digits}")),
        (false, 10) => Some(format!("+1{digits}")),
        (false, 11) if digits.starts_with('1') => Some(format!("+{digits}")),
        _ => None,
    }
}

/// The contact with a phone number.
pub(crate) fn find(world: &mut World, members: &Members) -> Reply {
    let Some(number) = text(members, "phone_number").and_then(|text| phone(&text)) else {
        return Reply::error(400, "Phone number is empty or invalid.");
    };
    match world.contact_with(&number) {
        Some(id) => {
            let contact = world.view(id);
            Reply::new(200, Value::Object(contact))
        }
        None => Reply::error(404, "Contact not found."),
    }
}

/// Creates or updates. The answer says nothing of the contact, not even its id.
pub(crate) fn upsert(world: &mut World, members: &Members) -> Reply {
    let Some(number) = text(members, "phone_number").and_then(|text| phone(&text)) else {
        return Reply::error(400, "Phone number is empty or invalid.");
    };
    if let Some(id) = world.contact_with(&number) {
        if flag(members, "force_update") != Some(true) {
            return Reply::message(409, "Contact already exists");
        }
        let before = world.contacts.get(&id).cloned();
        world.write(id, members);
        let same = before.as_ref().map(plain) == world.contacts.get(&id).map(plain);
        world.tell_contact("Contact-Updated", id);
        let effect = if same {
            Effect::Unchanged
        } else {
            Effect::Changed
        };
        return Reply::message(200, "Contact updated.").wrote(Some(id), effect);
    }
    let id = world.new_contact(&number, "api");
    world.write(id, members);
    world.tell_contact("Contact-Created", id);
    Reply::message(201, "Contact created.").wrote(Some(id), Effect::Created)
}

/// Without the time of the last write.
fn plain(contact: &Map<String, Value>) -> Map<String, Value> {
    let mut contact = contact.clone();
    contact.remove("updated_at");
    contact
}

impl World {
    pub(crate) fn contact_with(&self, number: &str) -> Option<u64> {
        let has = |contact: &Map<String, Value>| {
            contact.get("phone_number").and_then(Value::as_str) == Some(number)
        };
        let mut all = self.contacts.iter();
        all.find(|(_, contact)| has(contact)).map(|(id, _)| *id)
    }

    /// A contact as this answer happens to write it.
    pub(crate) fn view(&mut self, id: u64) -> Map<String, Value> {
        let mut contact = self.contacts.get(&id).cloned().unwrap_or_default();
        loosen(&mut contact, &mut self.rng);
        contact
    }

    fn new_contact(&mut self, number: &str, source: &str) -> u64 {
        let id = 7_000_001 + self.contacts.len() as u64;
        let now = self.stamp(Duration::ZERO);
        let contact = json!({
            "id": id,
            "phone_number": number,
            "is_dnc": false,
            "is_blocked": false,
            "is_opted_out": 0,
            "text_authorized": 0,
            "text_authorized_at": null,
            "lrn_type": 1,
            "user_id": null,
            "owner_id": -1,
            "intake_source": source,
            "nb_communications": 0,
            "tags": [],
            "created_at": now,
            "updated_at": now,
        });
        if let Value::Object(contact) = contact {
            self.contacts.insert(id, contact);
        }
        id
    }

    /// What a form says, as far as it says it.
    fn write(&mut self, id: u64, members: &Members) {
        let now = self.stamp(Duration::ZERO);
        let lists = text(members, "list_ids").unwrap_or_default();
        for list in lists.split(',').map(str::trim) {
            if let Some(list) = self.lists.get_mut(list)
                && !list.contains(&id)
            {
                list.push(id);
            }
        }
        if let Some(sequence) = text(members, "sequence_id") {
            self.enrolled.entry(id).or_default().insert(sequence);
        }
        let Some(contact) = self.contacts.get_mut(&id) else {
            return;
        };
        for name in FIELDS {
            if let Some(value) = members.get(name).filter(|value| !value.is_null()) {
                contact.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(user) = text(members, "user_id").and_then(|user| user.parse::<u64>().ok()) {
            contact.insert("user_id".to_owned(), user.into());
        }
        if let Some(dnc) = flag(members, "is_dnc") {
            contact.insert("is_dnc".to_owned(), dnc.into());
        }
        if let Some(tags) = text(members, "tags") {
            let tags: Vec<Value> = tags
                .split(',')
                .map(|tag| json!({"name": tag.trim()}))
                .collect();
            contact.insert("tags".to_owned(), tags.into());
        }
        contact.insert("updated_at".to_owned(), now.into());
    }

    pub(crate) fn tell_contact(&mut self, event: &'static str, id: u64) {
        let contact = self.view(id);
        self.publish(Told::new(event, id, Value::Object(contact)));
    }

    pub(crate) fn seed_contact(&mut self, fields: Value) -> String {
        let Value::Object(fields) = fields else {
            return String::new();
        };
        let number = text(&fields, "phone_number").and_then(|text| phone(&text));
        let number = number.unwrap_or_else(|| {
            let at = self.contacts.len();
            format!("+1202555{:04}", 100 + at % 100)
        });
        let id = self.new_contact(&number, "manual");
        self.write(id, &fields);
        let known = [
            "phone_number",
            "list_ids",
            "sequence_id",
            "user_id",
            "is_dnc",
            "tags",
        ];
        if let Some(contact) = self.contacts.get_mut(&id) {
            for (name, value) in fields {
                if !known.contains(&name.as_str()) {
                    contact.insert(name, value);
                }
            }
        }
        id.to_string()
    }

    /// Somebody enters a contact; the subscribers hear of it.
    pub(crate) fn add_contact(&mut self, fields: Value) -> String {
        let id = self.seed_contact(fields);
        if let Ok(id) = id.parse() {
            self.tell_contact("Contact-Created", id);
        }
        id
    }

    /// Somebody says how it stands with a contact, in the account's own words.
    pub(crate) fn dispose_contact(&mut self, id: &str, words: &str) -> bool {
        let now = self.stamp(Duration::ZERO);
        let Ok(id) = id.parse::<u64>() else {
            return false;
        };
        let Some(contact) = self.contacts.get_mut(&id) else {
            return false;
        };
        // Ids of the account's own: the same for the same words.
        let number = words.bytes().fold(0_u64, |sum, byte| sum + u64::from(byte));
        contact.insert("disposition_status".to_owned(), words.into());
        contact.insert("disposition_status_id".to_owned(), number.into());
        contact.insert("updated_at".to_owned(), now.into());
        self.tell_contact("Contact-Disposed", id);
        true
    }

    pub(crate) fn made_up_contact(&mut self, at: usize) -> String {
        self.seed_contact(json!({
            "phone_number": format!("+1{}555{:04}", 200 + at / 100, 100 + at % 100),
            "first_name": "Alex",
            "last_name": format!("Sample{at}"),
            "email": format!("alex{at}@example.com"),
            "age_range": "30-40",
        }))
    }

    /// Past the API; the subscribers hear of it.
    pub(crate) fn edit_contact(&mut self, id: &str, fields: Value) -> bool {
        let now = self.stamp(Duration::ZERO);
        let (Ok(id), Value::Object(fields)) = (id.parse::<u64>(), fields) else {
            return false;
        };
        let Some(contact) = self.contacts.get_mut(&id) else {
            return false;
        };
        let dnc = fields.contains_key("is_dnc");
        contact.extend(fields);
        contact.insert("updated_at".to_owned(), now.into());
        let event = if dnc {
            "Contact-DNC-Updated"
        } else {
            "Contact-Updated"
        };
        self.tell_contact(event, id);
        true
    }
}
