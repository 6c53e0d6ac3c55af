use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use http::Method;
use integrations_core::http::Query;
use integrations_core::lenient;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::endpoint::setters;
use crate::ids::{CalendarId, UserId};
use crate::{Endpoint, Spec, Version};

/// `GET /calendars/{calendarId}/free-slots`: lists the slots that can be booked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetFreeSlots {
    /// The calendar.
    pub calendar_id: CalendarId,
    /// From this time.
    pub start_date: Timestamp,
    /// Until this time, at most 31 days later.
    pub end_date: Timestamp,
    /// The IANA time zone of the answer's days; the location's without it.
    pub timezone: Option<String>,
    /// The user whose slots are meant.
    pub user_id: Option<UserId>,
    /// The users whose slots are meant.
    pub user_ids: Vec<UserId>,
}

impl GetFreeSlots {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(
        calendar_id: impl Into<CalendarId>,
        start_date: Timestamp,
        end_date: Timestamp,
    ) -> Self {
        Self {
            calendar_id: calendar_id.into(),
            start_date,
            end_date,
            timezone: None,
            user_id: None,
            user_ids: Vec::new(),
        }
    }
}

setters!(GetFreeSlots {
    timezone: String,
    user_id: UserId,
    user_ids: Vec<UserId>,
});

impl Endpoint for GetFreeSlots {
    const SPEC: Spec = Spec::new(
        "calendars.free_slots",
        Method::GET,
        "/calendars/{calendarId}/free-slots",
    )
    .version(Version::V2021_04_15)
    .scopes(&["calendars.readonly"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/get-slots");
    type Response = FreeSlots;

    fn path(&self) -> Vec<&str> {
        vec![self.calendar_id.as_str()]
    }

    fn query(&self, query: &mut Query) {
        query
            .push("startDate", self.start_date.as_millisecond())
            .push("endDate", self.end_date.as_millisecond())
            .push_option("timezone", self.timezone.as_ref())
            .push_option("userId", self.user_id.as_ref())
            .push_each("userIds", &self.user_ids);
    }
}

/// The slots that can be booked, by day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct FreeSlots {
    /// The slots of each day that has any, in order; days are those of the time zone that was asked for.
    pub days: BTreeMap<Date, Vec<Slot>>,
    /// The provider's trace id: quote it to their support.
    pub trace_id: Option<String>,
}

impl FreeSlots {
    /// All slots, from the first day to the last.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.days.values().flatten()
    }
}

/// The start of a slot that can be booked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Slot {
    /// When it starts.
    pub start: Timestamp,
    /// The same as the provider writes it, with the offset of the time zone that was asked for.
    pub text: String,
}

impl<'de> Deserialize<'de> for FreeSlots {
    /// Reads an object of dates, among which stands the trace id.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Days;

        impl<'de> Visitor<'de> for Days {
            type Value = FreeSlots;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of dates")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FreeSlots, A::Error> {
                let mut free = FreeSlots::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    if let Ok(date) = key.parse::<Date>() {
                        let day: Option<Day> = map.next_value()?;
                        let slots = day.map(|day| day.slots).unwrap_or_default();
                        free.days
                            .insert(date, slots.into_iter().filter_map(slot).collect());
                    } else if key == "traceId" {
                        free.trace_id = map.next_value::<Trace>()?.0;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(free)
            }
        }

        deserializer.deserialize_map(Days)
    }
}

#[derive(Deserialize)]
struct Day {
    #[serde(default, deserialize_with = "crate::common::texts")]
    slots: Vec<String>,
}

#[derive(Deserialize)]
struct Trace(#[serde(deserialize_with = "lenient::string_option")] Option<String>);

/// What cannot be read as a time cannot be booked.
fn slot(text: String) -> Option<Slot> {
    let start = lenient::parse_timestamp(&text)?;
    Some(Slot { start, text })
}
