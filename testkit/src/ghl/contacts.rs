pub(crate) mod model;
pub(crate) mod table;
mod validate;

use serde_json::{Map, Value, json};

use self::model::{Contact, normalized_phone};
use super::{
    error::Refusal,
    route::{Call, Operation, Reply},
    schema::{Field, Kind, opt, req},
    state::{Location, World},
};

const READ: &str = "contacts.readonly";
const WRITE: &str = "contacts.write";

const UPDATE: &[Field] = &[
    opt("firstName", Kind::Text),
    opt("lastName", Kind::Text),
    opt("name", Kind::Text),
    opt("email", Kind::Email),
    opt("phone", Kind::Text),
    opt("address1", Kind::Text),
    opt("city", Kind::Text),
    opt("state", Kind::Text),
    opt("postalCode", Kind::Text),
    opt("website", Kind::Text),
    opt("timezone", Kind::Text),
    opt("dnd", Kind::Flag),
    opt("dndSettings", Kind::Map),
    opt("inboundDndSettings", Kind::Map),
    opt("tags", Kind::Texts),
    opt("customFields", Kind::List),
    opt("source", Kind::Text),
    opt("dateOfBirth", Kind::Any),
    opt("country", Kind::Text),
    opt("assignedTo", Kind::Text),
];
/// Creation takes three more than an update, and upsert one more than creation.
const CREATE_COUNT: usize = UPDATE.len() + 3;
const CREATE: &[Field] = &extended::<CREATE_COUNT>(
    UPDATE,
    &[
        req("locationId", Kind::Text),
        opt("gender", Kind::Text),
        opt("companyName", Kind::Text),
    ],
);
const UPSERT: &[Field] =
    &extended::<{ CREATE_COUNT + 1 }>(CREATE, &[opt("createNewIfDuplicateAllowed", Kind::Flag)]);
const TAGS: &[Field] = &[req("tags", Kind::Texts)];
const DUPLICATE: &[Field] = &[
    req("locationId", Kind::Text),
    opt("number", Kind::Text),
    opt("email", Kind::Text),
];

const fn extended<const N: usize>(base: &[Field], more: &[Field]) -> [Field; N] {
    let mut all = [base[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < base.len() {
            base[at]
        } else {
            more[at - base.len()]
        };
        at += 1;
    }
    all
}

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::get(
        "contacts.duplicate",
        "/contacts/search/duplicate",
        READ,
        duplicate,
    )
    .query(DUPLICATE),
    Operation::send(
        "POST",
        "contacts.upsert",
        "/contacts/upsert",
        WRITE,
        UPSERT,
        upsert,
    ),
    Operation::send(
        "POST",
        "contacts.create",
        "/contacts/",
        WRITE,
        CREATE,
        create,
    ),
    Operation::send(
        "POST",
        "contacts.addTags",
        "/contacts/{contactId}/tags",
        WRITE,
        TAGS,
        add_tags,
    ),
    Operation::send(
        "DELETE",
        "contacts.removeTags",
        "/contacts/{contactId}/tags",
        WRITE,
        TAGS,
        remove_tags,
    ),
    Operation::get("contacts.get", "/contacts/{contactId}", READ, get),
    Operation::send(
        "PUT",
        "contacts.update",
        "/contacts/{contactId}",
        WRITE,
        UPDATE,
        update,
    ),
    Operation {
        body: None,
        ..Operation::send(
            "DELETE",
            "contacts.delete",
            "/contacts/{contactId}",
            WRITE,
            &[],
            delete,
        )
    },
];

impl World {
    /// Stores a new contact.
    pub(crate) fn insert_contact(
        &mut self,
        location: &str,
        body: &Map<String, Value>,
        added: Option<i64>,
    ) -> Option<std::sync::Arc<Contact>> {
        let added = added.unwrap_or_else(|| self.now_ms());
        let id = self.ids.entity();
        let table = &mut self.locations.get_mut(location)?.contacts;
        let mut contact = Contact {
            id,
            location: location.to_owned(),
            added,
            updated: added,
            fields: Map::new(),
            tags: Vec::new(),
            custom: Map::new(),
            dnd: Map::new(),
        };
        contact.apply(body);
        Some(table.put(contact))
    }
}

/// The location of a contact that the caller may touch.
fn locate(world: &World, call: &Call, id: &str) -> Result<String, Refusal> {
    let found = world.location_with(|location| location.contacts.get(id).is_some());
    // GHL answers 400, not 404.
    let found = found
        .ok_or_else(|| Refusal::bad_request(format!("Contact with id {id} not found")))?
        .to_owned();
    call.check(world, &found)?;
    Ok(found)
}

/// The same, with write access to its location and the contact itself.
fn open<'w>(world: &'w mut World, call: &Call) -> Result<(&'w mut Location, Contact), Refusal> {
    let id = call.param("contactId");
    let location = locate(world, call, id)?;
    let gone = || Refusal::bad_request(format!("Contact with id {id} not found"));
    let location = world.locations.get_mut(&location).ok_or_else(gone)?;
    let contact = location.contacts.get(id).ok_or_else(gone)?;
    let contact = Contact::clone(contact);
    Ok((location, contact))
}

/// Refuses a second contact with the same email or phone, where the location forbids that.
fn refuse_duplicate(
    location: &Location,
    body: &Map<String, Value>,
    except: Option<&str>,
) -> Result<(), Refusal> {
    match matching(location, body, except) {
        Some((found, field)) if !location.allow_duplicates => {
            let message = "This location does not allow duplicated contacts.";
            Err(Refusal::plain(400, message).with(
                "meta",
                json!({
                    "contactId": found.id,
                    "contactName": found.full_name(),
                    "matchingField": field,
                }),
            ))
        }
        _ => Ok(()),
    }
}

fn matching<'l>(
    location: &'l Location,
    body: &Map<String, Value>,
    except: Option<&str>,
) -> Option<(&'l Contact, &'static str)> {
    let text = |name| body.get(name).and_then(Value::as_str);
    let phone = text("phone").map(normalized_phone);
    let found = location
        .contacts
        .duplicate(text("email"), phone.as_deref(), except);
    found.map(|(contact, field)| (contact.as_ref(), field))
}

fn named_location<'w>(world: &'w World, call: &Call) -> Result<&'w Location, Refusal> {
    let found = world.locations.get(call.location());
    found.ok_or_else(Refusal::other_location)
}

fn create(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    validate::contact(call)?;
    refuse_duplicate(named_location(world, call)?, &call.body, None)?;
    let contact = world.insert_contact(call.location(), &call.body, None);
    let contact = contact.ok_or_else(Refusal::other_location)?;
    world.publish("ContactCreate", contact.event());
    let mut view = contact.view(call.named_version);
    if let Some(view) = view.as_object_mut() {
        // This one answer has no `name`.
        view.remove("name");
        view.insert("deleted".to_owned(), json!(false));
    }
    Reply::created(json!({"contact": view}))
}

fn get(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (_, contact) = open(world, call)?;
    Reply::ok(json!({"contact": contact.view(call.named_version)}))
}

fn update(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    validate::contact(call)?;
    let now = world.now_ms();
    let (location, contact) = open(world, call)?;
    refuse_duplicate(location, &call.body, Some(&contact.id))?;
    let view = change(world, contact, now, &call.body, call.named_version);
    let mut body = succeeded(call);
    body["contact"] = view;
    Reply::ok(body)
}

/// Applies a body to an existing contact and tells the subscribers.
fn change(
    world: &mut World,
    mut contact: Contact,
    now: i64,
    body: &Map<String, Value>,
    named_version: bool,
) -> Value {
    contact.apply(body);
    contact.updated = now;
    let (view, event) = (contact.view(named_version), contact.event());
    if let Some(location) = world.locations.get_mut(&contact.location) {
        location.contacts.put(contact);
    }
    world.publish("ContactUpdate", event);
    view
}

fn upsert(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    validate::contact(call)?;
    let now = world.now_ms();
    let location = named_location(world, call)?;
    let always_new = location.allow_duplicates
        && call.body.get("createNewIfDuplicateAllowed") == Some(&Value::Bool(true));
    let found = matching(location, &call.body, None).filter(|_| !always_new);
    let found = found.map(|(contact, _)| contact.clone());
    let is_new = found.is_none();
    let view = match found {
        Some(contact) => change(world, contact, now, &call.body, call.named_version),
        None => {
            let contact = world.insert_contact(call.location(), &call.body, None);
            let contact = contact.ok_or_else(Refusal::other_location)?;
            world.publish("ContactCreate", contact.event());
            contact.view(call.named_version)
        }
    };
    let mut body = succeeded(call);
    body["new"] = json!(is_new);
    body["contact"] = view;
    Reply::ok(body)
}

fn delete(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (location, contact) = open(world, call)?;
    location.contacts.remove(&contact.id);
    world.publish("ContactDelete", contact.event());
    Reply::ok(succeeded(call))
}

fn add_tags(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let contact = retag(world, call, |contact, tags| {
        contact.add_tags(tags.iter().map(String::as_str));
    })?;
    Reply::created(json!({"tags": contact.tags}))
}

fn remove_tags(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let contact = retag(world, call, |contact, tags| {
        contact.tags.retain(|tag| !tags.contains(tag));
    })?;
    Reply::ok(json!({"tags": contact.tags}))
}

fn retag(
    world: &mut World,
    call: &Call,
    change: impl FnOnce(&mut Contact, &[String]),
) -> Result<Contact, Refusal> {
    let now = world.now_ms();
    let (location, mut contact) = open(world, call)?;
    let tags = call.body.get("tags").and_then(Value::as_array);
    let tags = tags.into_iter().flatten().filter_map(Value::as_str);
    let tags: Vec<_> = tags.map(|tag| tag.trim().to_lowercase()).collect();
    change(&mut contact, &tags);
    contact.updated = now;
    location.contacts.put(contact.clone());
    world.publish("ContactTagUpdate", contact.event());
    Ok(contact)
}

fn duplicate(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location = named_location(world, call)?;
    let phone = call.query("number").map(normalized_phone);
    let found = location
        .contacts
        .duplicate(call.query("email"), phone.as_deref(), None);
    let view = found.map(|(contact, _)| contact.view(call.named_version));
    Reply::ok(json!({"contact": view}))
}

/// `succeded` is the wire's spelling; v3 has both.
pub(crate) fn succeeded(call: &Call) -> Value {
    let mut body = json!({"succeded": true});
    if call.named_version {
        body["succeeded"] = json!(true);
    }
    body
}
