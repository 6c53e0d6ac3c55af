pub(crate) mod model;
pub(crate) mod table;
mod validate;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use self::model::{Contact, normalized_phone};
use super::{
    error::Refusal,
    journal::Effect,
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
    ) -> Option<Arc<Contact>> {
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

    /// Changes a contact and tells the subscribers, whether or not anything is different then.
    pub(crate) fn change_contact(
        &mut self,
        before: Contact,
        now: i64,
        change: impl FnOnce(&mut Contact),
    ) -> (Arc<Contact>, Effect) {
        let mut contact = before.clone();
        change(&mut contact);
        contact.updated = now;
        let contact = match self.locations.get_mut(&contact.location) {
            Some(location) => location.contacts.put(contact),
            None => Arc::new(contact),
        };
        for kind in Contact::events(&before, &contact) {
            let event = match kind {
                "ContactDndUpdate" => contact.dnd_event(),
                _ => contact.event(),
            };
            self.publish(kind, event);
        }
        let effect = Contact::effect(&before, &contact);
        (contact, effect)
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
    let reply = Reply::created(json!({"contact": view}))?;
    Ok(reply.wrote(&contact.id, Effect::Created))
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
    let (contact, effect) = world.change_contact(contact, now, |contact| contact.apply(&call.body));
    let mut body = succeeded(call);
    body["contact"] = contact.view(call.named_version);
    Ok(Reply::ok(body)?.wrote(&contact.id, effect))
}

fn upsert(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    validate::contact(call)?;
    let now = world.now_ms();
    let location = named_location(world, call)?;
    let always_new = location.allow_duplicates
        && call.body.get("createNewIfDuplicateAllowed") == Some(&Value::Bool(true));
    let found = matching(location, &call.body, None).filter(|_| !always_new);
    let mut fields = call.body.clone();
    if let Some((found, "email")) = found
        && refuse_duplicate(location, &fields, Some(&found.id)).is_err()
    {
        // Another contact has the phone: GHL ignores the second of the two keys.
        fields.remove("phone");
    }
    let found = found.map(|(contact, _)| contact.clone());
    let is_new = found.is_none();
    let (contact, effect) = match found {
        Some(contact) => world.change_contact(contact, now, |contact| contact.apply(&fields)),
        None => {
            let contact = world.insert_contact(call.location(), &call.body, None);
            let contact = contact.ok_or_else(Refusal::other_location)?;
            world.publish("ContactCreate", contact.event());
            (contact, Effect::Created)
        }
    };
    let mut body = succeeded(call);
    body["new"] = json!(is_new);
    body["contact"] = contact.view(call.named_version);
    Ok(Reply::ok(body)?.wrote(&contact.id, effect))
}

fn delete(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (location, contact) = open(world, call)?;
    location.contacts.remove(&contact.id);
    world.publish("ContactDelete", contact.event());
    let reply = Reply::ok(succeeded(call))?;
    Ok(reply.wrote(&contact.id, Effect::Deleted))
}

fn add_tags(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (contact, effect) = retag(world, call, |contact, tags| {
        contact.add_tags(tags.iter().map(String::as_str));
    })?;
    let reply = Reply::created(json!({"tags": contact.tags}))?;
    Ok(reply.wrote(&contact.id, effect))
}

fn remove_tags(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (contact, effect) = retag(world, call, |contact, tags| {
        contact.tags.retain(|tag| !tags.contains(tag));
    })?;
    let reply = Reply::ok(json!({"tags": contact.tags}))?;
    Ok(reply.wrote(&contact.id, effect))
}

fn retag(
    world: &mut World,
    call: &Call,
    change: impl FnOnce(&mut Contact, &[String]),
) -> Result<(Arc<Contact>, Effect), Refusal> {
    let now = world.now_ms();
    let (location, before) = open(world, call)?;
    let tags = call.body.get("tags").and_then(Value::as_array);
    let tags = tags.into_iter().flatten().filter_map(Value::as_str);
    let tags: Vec<_> = tags.map(|tag| tag.trim().to_lowercase()).collect();
    let mut contact = before.clone();
    change(&mut contact, &tags);
    contact.updated = now;
    let contact = location.contacts.put(contact);
    world.publish("ContactTagUpdate", contact.event());
    let effect = Contact::effect(&before, &contact);
    Ok((contact, effect))
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
