use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use http::Method;
use integrations_core::lenient::{self, set_field};
use integrations_core::object;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::ids::{CalendarId, UserId};
use crate::request::request;
use crate::{Spec, Version};

request! {
    /// `GET /calendars/{calendarId}/free-slots`: lists the slots that can be booked.
    pub struct GetFreeSlots -> FreeSlots {
        path {
            /// The calendar.
            calendar_id: CalendarId,
        }
        required {
            /// From this time.
            millis start_date: Timestamp = "startDate",
            /// Until this time, at most 31 days later.
            millis end_date: Timestamp = "endDate",
        }
        optional {
            /// The IANA time zone of the answer's days; the location's without it.
            query timezone: Option<String> = "timezone",
            /// The user whose slots are meant.
            query user_id: Option<UserId> = "userId",
            /// The users whose slots are meant.
            each user_ids: Vec<UserId> = "userIds",
        }
    }
    Spec::new(
        "calendars.free_slots",
        Method::GET,
        "/calendars/{calendarId}/free-slots",
    )
    .version(Version::V2021_04_15)
    .scopes(&["calendars.readonly"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/get-slots")
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
                        let mut day: Option<Day> = None;
                        set_field(&mut day, &mut map)?;
                        let slots = day.unwrap_or_default().slots;
                        free.days
                            .insert(date, slots.into_iter().filter_map(slot).collect());
                    } else if key == "traceId" {
                        set_field(&mut free.trace_id, &mut map)?;
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

object! {
    struct Day {
        slots: Vec<String> = "slots",
    }
}

/// What cannot be read as a time cannot be booked.
fn slot(text: String) -> Option<Slot> {
    let start = lenient::parse_timestamp(&text)?;
    Some(Slot { start, text })
}
