use std::cmp::Reverse;

use serde_json::{Value, json};

use super::{
    clock::iso_ms,
    error::Refusal,
    route::{Call, Operation, Reply},
    schema::{Field, Kind, opt, req},
    state::{Location, World},
};

pub(crate) use super::messages::Message;

const SEARCH: &[Field] = &[
    req("locationId", Kind::Text),
    opt("contactId", Kind::Text),
    opt("assignedTo", Kind::Text),
    opt("followers", Kind::Text),
    opt("mentions", Kind::Text),
    opt("query", Kind::Text),
    opt("sort", Kind::OneOf(&["asc", "desc"])),
    opt("startAfterDate", Kind::Any),
    opt("id", Kind::Text),
    opt("limit", Kind::Number),
    opt("lastMessageType", Kind::Text),
    opt("lastMessageAction", Kind::OneOf(&["automated", "manual"])),
    opt(
        "lastMessageDirection",
        Kind::OneOf(&["inbound", "outbound"]),
    ),
    opt(
        "status",
        Kind::OneOf(&["all", "read", "unread", "starred", "recents"]),
    ),
    opt("sortBy", Kind::Text),
    opt("sortScoreProfile", Kind::Text),
    opt("scoreProfile", Kind::Text),
    opt("scoreProfileMin", Kind::Number),
    opt("scoreProfileMax", Kind::Number),
    opt("startDate", Kind::Number),
    opt("endDate", Kind::Number),
];
const CREATE: &[Field] = &[req("locationId", Kind::Text), req("contactId", Kind::Text)];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::get(
        "conversations.search",
        "/conversations/search",
        "conversations.readonly",
        search,
    )
    .query(SEARCH),
    // Refuses `locationId` in the query: it belongs in the body.
    Operation::send(
        "POST",
        "conversations.create",
        "/conversations/",
        "conversations.write",
        CREATE,
        create,
    )
    .query(&[]),
    Operation::get(
        "conversations.get",
        "/conversations/{conversationId}",
        "conversations.readonly",
        get,
    ),
];

/// One thread with one contact.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    pub(crate) contact: String,
    pub(crate) added: i64,
    pub(crate) updated: i64,
    pub(crate) unread: u32,
    pub(crate) last_message: Option<String>,
}

impl World {
    /// A new, empty conversation.
    pub(crate) fn new_conversation(&mut self, location: &str, contact: &str) -> String {
        let now = self.now_ms();
        let id = self.ids.entity();
        let conversation = Conversation {
            id: id.clone(),
            contact: contact.to_owned(),
            added: now,
            updated: now,
            unread: 0,
            last_message: None,
        };
        if let Some(location) = self.locations.get_mut(location) {
            location.conversations.insert(id.clone(), conversation);
        }
        id
    }
}

impl Location {
    pub(crate) fn conversation_of(&self, contact: &str) -> Option<&Conversation> {
        self.conversations
            .values()
            .find(|conversation| conversation.contact == contact)
    }
}

impl Conversation {
    fn view(&self, location: &Location) -> Value {
        let contact = location.contacts.get(&self.contact);
        let text = |name| contact.and_then(|contact| contact.text(name)).unwrap_or("");
        let name = contact
            .map(|contact| contact.full_name())
            .unwrap_or_default();
        let message = self.message(location);
        json!({
            "id": self.id,
            "contactId": self.contact,
            "locationId": location.id,
            "lastMessageBody": message.map_or("", |message| message.body.as_str()),
            "lastMessageType": message.map_or("TYPE_SMS", |message| message.channel.kind()),
            "lastMessageDirection": message.map(|message| message.direction()),
            // A number here, while messages carry text.
            "lastMessageDate": self.updated,
            "dateAdded": self.added,
            "dateUpdated": self.updated,
            "type": "TYPE_PHONE",
            "unreadCount": self.unread,
            "fullName": name,
            "contactName": name,
            "email": text("email"),
            "phone": text("phone"),
        })
    }

    fn message<'l>(&self, location: &'l Location) -> Option<&'l Message> {
        location.messages.get(self.last_message.as_ref()?)
    }
}

fn create(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (location_id, contact) = (call.location(), call.text("contactId").unwrap_or(""));
    let location = world.locations.get(location_id);
    let location = location.ok_or_else(Refusal::other_location)?;
    if location.contacts.get(contact).is_none() {
        let message = format!("Contact with id {contact} not found");
        return Err(Refusal::bad_request(message));
    }
    if let Some(known) = location.conversation_of(contact) {
        let refusal = Refusal::bad_request("Conversation already exists");
        return Err(refusal.with("conversationId", json!(known.id)));
    }
    let now = iso_ms(world.now_ms());
    let id = world.new_conversation(location_id, contact);
    Reply::created(json!({
        "success": true,
        "conversation": {
            "id": id,
            "dateAdded": now,
            "dateUpdated": now,
            "lastMessageDate": now,
            "deleted": false,
            "contactId": contact,
            "locationId": location_id,
        },
    }))
}

fn get(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let id = call.param("conversationId");
    let (location, conversation) = find(world, call, id)?;
    Reply::ok(json!({
        "id": conversation.id,
        "contactId": conversation.contact,
        "locationId": location,
        "deleted": false,
        "inbox": true,
        // A number here, text in the search.
        "type": 1,
        "unreadCount": conversation.unread,
        "starred": false,
    }))
}

/// The location and the conversation of an id, checked.
pub(crate) fn find(
    world: &World,
    call: &Call,
    id: &str,
) -> Result<(String, Conversation), Refusal> {
    let found = world.locations.values().find_map(|location| {
        let conversation = location.conversations.get(id)?;
        Some((location.id.clone(), conversation.clone()))
    });
    let found = found.ok_or_else(|| Refusal::not_found("Conversation not found"))?;
    call.check(world, &found.0)?;
    Ok(found)
}

fn search(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location = world.locations.get(call.location());
    let location = location.ok_or_else(Refusal::other_location)?;
    let query = call.query("query").map(str::to_lowercase);
    let direction = call.query("lastMessageDirection");
    let mut found: Vec<_> = location
        .conversations
        .values()
        .filter(|c| call.query("contactId").is_none_or(|id| id == c.contact))
        .filter(|c| call.query("id").is_none_or(|id| id == c.id))
        .filter(|c| match call.query("status") {
            Some("unread") => c.unread > 0,
            Some("read") => c.unread == 0,
            Some("starred") => false,
            _ => true,
        })
        .filter(|c| {
            let message = c.message(location);
            let kind = call.query("lastMessageType");
            kind.is_none_or(|kind| message.is_some_and(|m| m.channel.kind() == kind))
                && direction.is_none_or(|way| message.is_some_and(|m| m.direction() == way))
        })
        .filter(|c| {
            call.number("startDate")
                .is_none_or(|start| c.added >= start)
        })
        .filter(|c| call.number("endDate").is_none_or(|end| c.added <= end))
        .filter(|c| {
            let view = c.view(location);
            query.as_ref().is_none_or(|query| {
                ["fullName", "email", "phone", "lastMessageBody"]
                    .iter()
                    .any(|name| {
                        view[*name]
                            .as_str()
                            .unwrap_or("")
                            .to_lowercase()
                            .contains(query)
                    })
            })
        })
        .collect();
    let total = found.len();
    let ascending = call.query("sort") == Some("asc");
    if ascending {
        found.sort_by_key(|c| (c.updated, c.id.clone()));
    } else {
        found.sort_by_key(|c| (Reverse(c.updated), c.id.clone()));
    }
    // Only the date is compared: rows that share the last row's date are lost, as with GHL.
    if let Some(after) = call.number("startAfterDate") {
        found.retain(|c| {
            if ascending {
                c.updated > after
            } else {
                c.updated < after
            }
        });
    }
    let limit = call.number("limit").unwrap_or(20).clamp(1, 100);
    found.truncate(usize::try_from(limit).unwrap_or(20));
    let rows: Vec<_> = found.iter().map(|c| c.view(location)).collect();
    Reply::ok(json!({"conversations": rows, "total": total}))
}
