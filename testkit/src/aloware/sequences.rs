use serde_json::Value;

use super::{
    contacts::phone,
    operations::{Members, Reply, flag, text},
    state::World,
};
use crate::common::effect::Effect;

const SOURCES: [&str; 6] = [
    "phone_number",
    "aloware",
    "hubspot",
    "zoho",
    "guesty",
    "pipedrive",
];

/// The contact that a request names, by its source.
fn contact(world: &World, members: &Members) -> Result<u64, Reply> {
    let source = text(members, "source").unwrap_or_default();
    if !SOURCES.contains(&source.as_str()) {
        return Err(Reply::error(400, "The selected source is invalid."));
    }
    let found = if source == "phone_number" {
        let number = text(members, "phone_number").and_then(|text| phone(&text));
        number.and_then(|number| world.contact_with(&number))
    } else {
        let id = text(members, "id");
        let id = id.ok_or_else(|| Reply::error(400, "The id field is required."))?;
        let own = id.parse::<u64>().ok().filter(|_| source == "aloware");
        let foreign = |contact: &serde_json::Map<String, Value>| {
            let ids = contact.get("external_ids");
            ids.and_then(|ids| ids.get(&source)?.as_str()) == Some(&id)
        };
        let foreign = world.contacts.iter().find(|(_, contact)| foreign(contact));
        own.or(foreign.map(|(id, _)| *id))
    };
    found
        .filter(|id| world.contacts.contains_key(id))
        .ok_or_else(|| Reply::error(400, "Contact not found."))
}

pub(crate) fn enroll(world: &mut World, members: &Members) -> Reply {
    let contact = match contact(world, members) {
        Ok(contact) => contact,
        Err(reply) => return reply,
    };
    let sequence = text(members, "sequence_id").filter(|id| id.parse::<u64>().is_ok());
    let Some(sequence) = sequence else {
        return Reply::error(400, "The selected sequence id is invalid.");
    };
    if world.has(contact, "is_blocked") {
        return Reply::error(400, "The contact can not be enrolled.");
    }
    let enrolled = world.enrolled.entry(contact).or_default();
    if !enrolled.is_empty() && flag(members, "force_enroll") != Some(true) {
        return Reply::error(400, "Contact is already enrolled in a sequence.");
    }
    let effect = match enrolled.insert(sequence) {
        true => Effect::Changed,
        false => Effect::Unchanged,
    };
    Reply::message(200, "Contact is successfully enrolled in the sequence.")
        .wrote(Some(contact), effect)
}

/// From every sequence: there is no other way.
pub(crate) fn disenroll(world: &mut World, members: &Members) -> Reply {
    match contact(world, members) {
        Ok(contact) => {
            let was = world.enrolled.remove(&contact).unwrap_or_default();
            let effect = if was.is_empty() {
                Effect::Unchanged
            } else {
                Effect::Changed
            };
            Reply::message(200, "Contact is successfully disenrolled from sequences.")
                .wrote(Some(contact), effect)
        }
        Err(reply) => reply,
    }
}
