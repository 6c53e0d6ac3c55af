//! Notes about contacts.

use serde_json::{Value, json};

use super::{
    clock::iso_ms,
    contacts::succeeded,
    error::Refusal,
    route::{Call, Operation, Reply},
    schema::{Field, Kind, opt, req},
    state::{Location, World},
};

const READ: &str = "contacts.readonly";
const WRITE: &str = "contacts.write";

const CREATE: &[Field] = &[
    req("body", Kind::Text),
    opt("userId", Kind::Text),
    opt("title", Kind::Text),
    opt("color", Kind::Text),
    opt("pinned", Kind::Flag),
];
const UPDATE: &[Field] = &[
    opt("body", Kind::Text),
    opt("userId", Kind::Text),
    opt("title", Kind::Text),
    opt("color", Kind::Text),
    opt("pinned", Kind::Flag),
];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::get("notes.list", "/contacts/{contactId}/notes", READ, list),
    Operation::send(
        "POST",
        "notes.create",
        "/contacts/{contactId}/notes",
        WRITE,
        CREATE,
        create,
    ),
    Operation::get("notes.get", "/contacts/{contactId}/notes/{id}", READ, get),
    Operation::send(
        "PUT",
        "notes.update",
        "/contacts/{contactId}/notes/{id}",
        WRITE,
        UPDATE,
        update,
    ),
    Operation {
        body: None,
        ..Operation::send(
            "DELETE",
            "notes.delete",
            "/contacts/{contactId}/notes/{id}",
            WRITE,
            &[],
            delete,
        )
    },
];

/// One note.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) id: String,
    contact: String,
    body: String,
    title: Option<String>,
    user: Option<String>,
    pub(crate) added: i64,
}

impl Note {
    pub(crate) fn view(&self) -> Value {
        json!({
            "id": self.id,
            "contactId": self.contact,
            "body": self.body,
            "title": self.title,
            "userId": self.user,
            "dateAdded": iso_ms(self.added),
        })
    }

    fn event(&self, location: &str) -> Value {
        json!({
            "locationId": location,
            "id": self.id,
            "body": self.body,
            "contactId": self.contact,
            "dateAdded": iso_ms(self.added),
        })
    }
}

/// Where the contact of a call is, checked.
fn open<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Location, Refusal> {
    let contact = call.param("contactId");
    let missing = || Refusal::bad_request(format!("Contact with id {contact} not found"));
    let id = world.location_with(|location| location.contacts.get(contact).is_some());
    let id = id.ok_or_else(missing)?.to_owned();
    call.check(world, &id)?;
    world.locations.get_mut(&id).ok_or_else(missing)
}

/// A note of the call's contact.
fn find<'a>(location: &'a mut Location, call: &Call) -> Result<&'a mut Note, Refusal> {
    let note = location.notes.get_mut(call.param("id"));
    note.filter(|note| note.contact == call.param("contactId"))
        .ok_or_else(|| Refusal::not_found("Note not found"))
}

fn list(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location = open(world, call)?;
    let contact = call.param("contactId");
    let mut notes: Vec<_> = location
        .notes
        .values()
        .filter(|note| note.contact == contact)
        .collect();
    notes.sort_by(|a, b| (b.added, &b.id).cmp(&(a.added, &a.id)));
    let views: Vec<_> = notes.into_iter().map(Note::view).collect();
    Reply::ok(json!({"notes": views}))
}

fn create(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (id, added) = (world.ids.entity(), world.now_ms());
    let text = |name: &str| call.text(name).map(str::to_owned);
    let location = open(world, call)?;
    let note = Note {
        id: id.clone(),
        contact: call.param("contactId").to_owned(),
        body: text("body").unwrap_or_default(),
        title: text("title"),
        user: text("userId"),
        added,
    };
    location.notes.insert(id, note.clone());
    let event = note.event(&location.id);
    world.publish("NoteCreate", event);
    Reply::created(json!({"note": note.view()}))
}

fn get(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let note = find(open(world, call)?, call)?;
    Reply::ok(json!({"note": note.view()}))
}

fn update(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location = open(world, call)?;
    let home = location.id.clone();
    let note = find(location, call)?;
    if let Some(body) = call.text("body") {
        body.clone_into(&mut note.body);
    }
    if let Some(title) = call.text("title") {
        note.title = Some(title.to_owned());
    }
    let (view, event) = (note.view(), note.event(&home));
    world.publish("NoteUpdate", event);
    Reply::ok(json!({"note": view}))
}

fn delete(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location = open(world, call)?;
    let home = location.id.clone();
    let event = find(location, call)?.event(&home);
    location.notes.remove(call.param("id"));
    world.publish("NoteDelete", event);
    Reply::ok(succeeded(call))
}
