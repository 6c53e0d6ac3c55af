use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use super::{
    clock::iso_ms,
    error::Refusal,
    route::{Call, Operation, Reply},
    schema::{Field, Kind, opt, req},
    slots,
    state::{Location, World},
};

const READ: &str = "calendars.readonly";
const LIST: &[Field] = &[
    req("locationId", Kind::Text),
    opt("groupId", Kind::Text),
    opt("showDrafted", Kind::Flag),
];
/// `locationId` is not among them: it is refused.
const SLOTS: &[Field] = &[
    req("startDate", Kind::Number),
    req("endDate", Kind::Number),
    opt("timezone", Kind::Text),
    opt("userId", Kind::Text),
    opt("userIds", Kind::Texts),
];
const LONGEST_RANGE: i64 = 31 * 24 * 60 * 60 * 1000;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::get("calendars.list", "/calendars/", READ, list).query(LIST),
    Operation::get(
        "calendars.freeSlots",
        "/calendars/{calendarId}/free-slots",
        READ,
        free_slots,
    )
    .query(SLOTS),
    Operation::get("calendars.get", "/calendars/{calendarId}", READ, get),
];

/// A calendar: slots of equal length within opening hours, Monday to Friday.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) slot_minutes: i64,
    pub(crate) open: (i8, i8),
}

/// An appointment, or a block if it has no contact.
#[derive(Debug, Clone)]
pub(crate) struct CalendarEvent {
    pub(crate) id: String,
    pub(crate) calendar: String,
    pub(crate) contact: Option<String>,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    /// As sent, so that the offset survives.
    pub(crate) start_text: String,
    pub(crate) end_text: String,
    pub(crate) status: String,
    pub(crate) added: i64,
    pub(crate) updated: i64,
    pub(crate) fields: Map<String, Value>,
}

impl Calendar {
    pub(crate) fn end_of(&self, start: Timestamp) -> Timestamp {
        let end = start.checked_add(self.slot_minutes.minutes());
        end.unwrap_or(Timestamp::MAX)
    }

    fn view(&self, location: &Location) -> Value {
        let members = location.users.iter().map(|user| {
            json!({
                "userId": user.id,
                "priority": 0.5,
                "isPrimary": true,
                "locationConfigurations": [],
            })
        });
        json!({
            "id": self.id,
            "locationId": location.id,
            "name": self.name,
            "slug": self.name.to_lowercase().replace(' ', "-"),
            "description": "",
            "isActive": true,
            "calendarType": "round_robin",
            "eventType": "RoundRobin_OptimizeForAvailability",
            "eventTitle": "{{contact.name}}",
            "eventColor": "#039be5",
            "slotDuration": self.slot_minutes,
            "slotDurationUnit": "mins",
            "slotInterval": self.slot_minutes,
            "slotIntervalUnit": "mins",
            // Spelled like this on the wire.
            "appoinmentPerSlot": 1,
            "openHours": [{
                "daysOfTheWeek": [1, 2, 3, 4, 5],
                "hours": [{
                    "openHour": self.open.0,
                    "openMinute": 0,
                    "closeHour": self.open.1,
                    "closeMinute": 0,
                }],
            }],
            "autoConfirm": true,
            "teamMembers": members.collect::<Vec<_>>(),
        })
    }
}

impl CalendarEvent {
    pub(crate) fn is_block(&self) -> bool {
        self.contact.is_none()
    }

    /// The event as lists and webhooks show it.
    pub(crate) fn view(&self, location: &str) -> Value {
        let mut view = self.fields.clone();
        let user = view.get("assignedUserId").cloned().unwrap_or(Value::Null);
        let users: Vec<_> = user.as_str().into_iter().collect();
        let more = json!({
            "id": self.id,
            "calendarId": self.calendar,
            "locationId": location,
            "contactId": self.contact,
            "appointmentStatus": self.status,
            "users": users,
            "startTime": self.start_text,
            "endTime": self.end_text,
            "dateAdded": iso_ms(self.added),
            "dateUpdated": iso_ms(self.updated),
        });
        if let Value::Object(more) = more {
            view.extend(more);
        }
        Value::Object(view)
    }
}

impl Location {
    /// Whether an appointment or a block takes any of this time.
    pub(crate) fn is_busy(
        &self,
        calendar: &str,
        start: Timestamp,
        end: Timestamp,
        except: Option<&str>,
    ) -> bool {
        self.events.values().any(|event| {
            event.calendar == calendar
                && Some(event.id.as_str()) != except
                && event.start < end
                && start < event.end
                && !matches!(event.status.as_str(), "cancelled" | "noshow" | "invalid")
        })
    }
}

/// The location and the calendar of a path, checked.
pub(crate) fn find(world: &World, call: &Call, id: &str) -> Result<(String, Calendar), Refusal> {
    let found = world
        .locations
        .values()
        .find_map(|location| Some((location.id.clone(), location.calendars.get(id)?.clone())));
    let found = found.ok_or_else(|| Refusal::not_found("Calendar not found"))?;
    call.check(world, &found.0)?;
    Ok(found)
}

fn list(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location = world.locations.get(call.location());
    let location = location.ok_or_else(Refusal::other_location)?;
    let calendars = location.calendars.values();
    let calendars: Vec<_> = calendars.map(|calendar| calendar.view(location)).collect();
    Reply::ok(json!({"calendars": calendars}))
}

fn get(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (location, calendar) = find(world, call, call.param("calendarId"))?;
    let location = world.locations.get(&location);
    let location = location.ok_or_else(Refusal::other_location)?;
    Reply::ok(json!({"calendar": calendar.view(location)}))
}

/// The answer is keyed by date, and `traceId` stands among the dates.
fn free_slots(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (location, calendar) = find(world, call, call.param("calendarId"))?;
    let (start, end) = (call.number("startDate"), call.number("endDate"));
    let time = |ms: Option<i64>| Timestamp::from_millisecond(ms?).ok();
    let (Some(start), Some(end)) = (time(start), time(end)) else {
        return Err(Refusal::bad_request("Invalid date range"));
    };
    let length = end.as_millisecond() - start.as_millisecond();
    if !(0..=LONGEST_RANGE).contains(&length) {
        let message = "Date range cannot be more than 31 days";
        return Err(Refusal::bad_request(message));
    }
    let location = world.locations.get(&location);
    let location = location.ok_or_else(Refusal::other_location)?;
    let zone = slots::zone(call.query("timezone").unwrap_or(&location.timezone));
    let mut days = Map::new();
    for slot in slots::free(location, &calendar, start.max(world.now()), end) {
        let slot = slot.to_zoned(zone.clone());
        let day = days
            .entry(slot.date().to_string())
            .or_insert_with(|| json!({"slots": []}));
        if let Some(slots) = day["slots"].as_array_mut() {
            slots.push(json!(slot.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()));
        }
    }
    Reply::ok(Value::Object(days))
}
