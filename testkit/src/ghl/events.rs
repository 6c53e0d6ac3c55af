use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    calendars::{self, CalendarEvent},
    error::Refusal,
    route::{Call, Operation, Reply},
    schema::{Field, Kind, opt, req},
    slots::{self, instant},
    state::World,
};

const READ: &str = "calendars/events.readonly";
const WRITE: &str = "calendars/events.write";
const STATUS: Kind = Kind::OneOf(&[
    "new",
    "confirmed",
    "cancelled",
    "showed",
    "noshow",
    "invalid",
]);
const MEETING: Kind = Kind::OneOf(&[
    "custom", "zoom", "gmeet", "phone", "address", "ms_teams", "google",
]);
const LIST: &[Field] = &[
    req("locationId", Kind::Text),
    req("startTime", Kind::Number),
    req("endTime", Kind::Number),
    opt("userId", Kind::Text),
    opt("calendarId", Kind::Text),
    opt("groupId", Kind::Text),
];
const CREATE: &[Field] = &[
    req("calendarId", Kind::Text),
    req("locationId", Kind::Text),
    req("contactId", Kind::Text),
    req("startTime", Kind::Time),
    opt("endTime", Kind::Time),
    opt("title", Kind::Text),
    opt("meetingLocationType", MEETING),
    opt("meetingLocationId", Kind::Text),
    opt("overrideLocationConfig", Kind::Flag),
    opt("appointmentStatus", STATUS),
    opt("assignedUserId", Kind::Text),
    opt("description", Kind::Text),
    opt("address", Kind::Text),
    opt("ignoreDateRange", Kind::Flag),
    opt("toNotify", Kind::Flag),
    opt("ignoreFreeSlotValidation", Kind::Flag),
    opt("rrule", Kind::Text),
];
const UPDATE: &[Field] = &[
    opt("calendarId", Kind::Text),
    opt("startTime", Kind::Time),
    opt("endTime", Kind::Time),
    opt("title", Kind::Text),
    opt("meetingLocationType", MEETING),
    opt("meetingLocationId", Kind::Text),
    opt("overrideLocationConfig", Kind::Flag),
    opt("appointmentStatus", STATUS),
    opt("assignedUserId", Kind::Text),
    opt("description", Kind::Text),
    opt("address", Kind::Text),
    opt("ignoreDateRange", Kind::Flag),
    opt("toNotify", Kind::Flag),
    opt("ignoreFreeSlotValidation", Kind::Flag),
    opt("rrule", Kind::Text),
];
const BLOCK: &[Field] = &[
    req("calendarId", Kind::Text),
    req("locationId", Kind::Text),
    opt("startTime", Kind::Time),
    opt("endTime", Kind::Time),
    opt("title", Kind::Text),
    opt("assignedUserId", Kind::Text),
];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::get("events.list", "/calendars/events", READ, list).query(LIST),
    Operation::get(
        "events.blockedSlots",
        "/calendars/blocked-slots",
        READ,
        blocked,
    )
    .query(LIST),
    Operation::send(
        "POST",
        "appointments.create",
        "/calendars/events/appointments",
        WRITE,
        CREATE,
        create,
    ),
    Operation::send(
        "POST",
        "blockSlots.create",
        "/calendars/events/block-slots",
        WRITE,
        BLOCK,
        create_block,
    ),
    Operation::get(
        "appointments.get",
        "/calendars/events/appointments/{eventId}",
        READ,
        get,
    ),
    Operation::send(
        "PUT",
        "appointments.update",
        "/calendars/events/appointments/{eventId}",
        WRITE,
        UPDATE,
        update,
    ),
    Operation::send(
        "DELETE",
        "events.delete",
        "/calendars/events/{eventId}",
        WRITE,
        &[],
        delete,
    ),
];

/// The fields that an event keeps as they were sent.
const KEPT: [&str; 8] = [
    "title",
    "meetingLocationType",
    "meetingLocationId",
    "assignedUserId",
    "description",
    "address",
    "rrule",
    "isRecurring",
];

fn locate(world: &World, call: &Call) -> Result<String, Refusal> {
    let id = call.param("eventId");
    let found = world.location_with(|location| location.events.contains_key(id));
    let found = found
        .ok_or_else(|| Refusal::not_found("Event not found"))?
        .to_owned();
    call.check(world, &found)?;
    Ok(found)
}

fn time(call: &Call, name: &str) -> Option<Timestamp> {
    call.text(name).and_then(instant)
}

fn flag(call: &Call, name: &str) -> bool {
    call.body.get(name) == Some(&Value::Bool(true))
}

fn keep(event: &mut CalendarEvent, body: &Map<String, Value>) {
    for name in KEPT {
        if let Some(value) = body.get(name) {
            event.fields.insert(name.to_owned(), value.clone());
        }
    }
}

/// One of several racing requests wins: the check and the insertion are one step.
fn create(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let calendar_id = call.text("calendarId").unwrap_or("");
    let (location_id, calendar) = calendars::find(world, call, calendar_id)?;
    let contact = call.text("contactId").unwrap_or("");
    let location = world.locations.get(&location_id);
    let location = location.ok_or_else(Refusal::other_location)?;
    if location.contacts.get(contact).is_none() {
        let message = format!("Contact with id {contact} not found");
        return Err(Refusal::bad_request(message));
    }
    let Some(start) = time(call, "startTime") else {
        return Err(Refusal::bad_request("Invalid startTime"));
    };
    let end = time(call, "endTime").unwrap_or_else(|| calendar.end_of(start));
    if !flag(call, "ignoreFreeSlotValidation") {
        let free = slots::free(location, &calendar, start, start).contains(&start);
        if !free || start < world.now() || location.is_busy(&calendar.id, start, end, None) {
            return Err(taken());
        }
    }
    let mut body = call.body.clone();
    let user = location.users.first().map(|user| user.id.clone());
    body.entry("assignedUserId").or_insert_with(|| json!(user));
    body.entry("title").or_insert_with(|| json!(calendar.name));
    body.entry("isRecurring").or_insert(json!(false));
    let mut event = event(world, call, &calendar.id, start, end);
    event.contact = Some(contact.to_owned());
    keep(&mut event, &body);
    let status = call.text("appointmentStatus").unwrap_or("confirmed");
    status.clone_into(&mut event.status);
    let view = insert(world, &location_id, event, "AppointmentCreate");
    Reply::ok(flat(view, call.named_version))
}

fn taken() -> Refusal {
    Refusal::bad_request("The slot you have selected is no longer available.")
}

fn event(
    world: &mut World,
    call: &Call,
    calendar: &str,
    start: Timestamp,
    end: Timestamp,
) -> CalendarEvent {
    let now = world.now_ms();
    let text = |name, time: Timestamp| {
        call.text(name)
            .map_or_else(|| time.to_string(), str::to_owned)
    };
    CalendarEvent {
        id: world.ids.entity(),
        calendar: calendar.to_owned(),
        contact: None,
        start,
        end,
        start_text: text("startTime", start),
        end_text: text("endTime", end),
        status: "confirmed".to_owned(),
        added: now,
        updated: now,
        fields: Map::new(),
    }
}

fn insert(world: &mut World, location: &str, event: CalendarEvent, kind: &'static str) -> Value {
    let view = event.view(location);
    let is_block = event.is_block();
    if let Some(location) = world.locations.get_mut(location) {
        location.events.insert(event.id.clone(), event);
    }
    if !is_block {
        world.publish(kind, json!({"locationId": location, "appointment": view}));
    }
    view
}

/// The flat shape of create and update; only v3 shows the dates.
fn flat(mut view: Value, named_version: bool) -> Value {
    if let Some(view) = view.as_object_mut() {
        view.remove("users");
        if !named_version {
            view.remove("dateAdded");
            view.remove("dateUpdated");
        }
    }
    view
}

fn create_block(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let id = call.text("calendarId").unwrap_or("");
    let (location, calendar) = calendars::find(world, call, id)?;
    let (Some(start), Some(end)) = (time(call, "startTime"), time(call, "endTime")) else {
        return Err(Refusal::bad_request("startTime and endTime are required"));
    };
    if end <= start {
        return Err(Refusal::bad_request("endTime must be after startTime"));
    }
    let mut block = event(world, call, &calendar.id, start, end);
    keep(&mut block, &call.body);
    block.fields.entry("title").or_insert(json!("Blocked"));
    let view = insert(world, &location, block, "");
    let names = [
        "id",
        "locationId",
        "title",
        "startTime",
        "endTime",
        "calendarId",
    ];
    let shown = names.map(|name| (name.to_owned(), view[name].clone()));
    let mut body = Map::from_iter(shown);
    if let Some(user) = call.body.get("assignedUserId") {
        body.insert("assignedUserId".to_owned(), user.clone());
    }
    Reply::created(Value::Object(body))
}

fn get(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location = locate(world, call)?;
    let event = world.locations.get(&location);
    let event = event.and_then(|location| location.events.get(call.param("eventId")));
    let event = event.ok_or_else(|| Refusal::not_found("Event not found"))?;
    let mut view = event.view(&location);
    if call.named_version {
        view["deleted"] = json!(false);
    }
    Reply::ok(json!({"event": view}))
}

fn update(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location_id = locate(world, call)?;
    let now = world.now_ms();
    let location = world.locations.get(&location_id);
    let location = location.ok_or_else(Refusal::other_location)?;
    let event = location.events.get(call.param("eventId"));
    let mut event = event
        .ok_or_else(|| Refusal::not_found("Event not found"))?
        .clone();
    if let Some(calendar) = call.text("calendarId") {
        event.calendar = calendars::find(world, call, calendar)?.1.id;
    }
    if let Some(start) = time(call, "startTime") {
        let length = event.start.duration_until(event.end);
        let end = time(call, "endTime").or_else(|| start.checked_add(length).ok());
        event.end = end.unwrap_or(start);
        event.start = start;
        call.text("startTime")
            .unwrap_or("")
            .clone_into(&mut event.start_text);
        let end_text = call.text("endTime").map(str::to_owned);
        event.end_text = end_text.unwrap_or_else(|| event.end.to_string());
        let busy = location.is_busy(&event.calendar, event.start, event.end, Some(&event.id));
        if busy && !flag(call, "ignoreFreeSlotValidation") {
            return Err(taken());
        }
    }
    keep(&mut event, &call.body);
    if let Some(status) = call.text("appointmentStatus") {
        status.clone_into(&mut event.status);
    }
    event.updated = now;
    let view = insert(world, &location_id, event, "AppointmentUpdate");
    Reply::ok(flat(view, call.named_version))
}

fn delete(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location_id = locate(world, call)?;
    let location = world.locations.get_mut(&location_id);
    let removed = location.and_then(|location| location.events.remove(call.param("eventId")));
    if let Some(event) = removed.filter(|event| !event.is_block()) {
        let view = event.view(&location_id);
        let body = json!({"locationId": location_id, "appointment": view});
        world.publish("AppointmentDelete", body);
    }
    Reply::created(json!({"succeeded": true}))
}

fn list(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    within(world, call, false)
}

fn blocked(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    within(world, call, true)
}

fn within(world: &World, call: &Call, blocks: bool) -> Result<Reply, Refusal> {
    let (user, calendar) = (call.query("userId"), call.query("calendarId"));
    if user.is_none() && calendar.is_none() && call.query("groupId").is_none() {
        let message = "Either of userId, calendarId or groupId is required";
        return Err(Refusal::unprocessable(&[message.to_owned()]));
    }
    let time = |name| Timestamp::from_millisecond(call.number(name)?).ok();
    let (Some(from), Some(until)) = (time("startTime"), time("endTime")) else {
        return Err(Refusal::bad_request("Invalid time range"));
    };
    let location = world.locations.get(call.location());
    let location = location.ok_or_else(Refusal::other_location)?;
    let assigned = |event: &CalendarEvent| event.fields.get("assignedUserId").cloned();
    let mut found: Vec<_> = location
        .events
        .values()
        .filter(|event| event.is_block() == blocks && event.start < until && from < event.end)
        .filter(|event| calendar.is_none_or(|id| id == event.calendar))
        .filter(|event| user.is_none_or(|id| assigned(event) == Some(json!(id))))
        .collect();
    found.sort_by_key(|event| event.start);
    let events: Vec<_> = found.iter().map(|event| event.view(&location.id)).collect();
    Reply::ok(json!({"events": events}))
}
