use std::str::FromStr;

use jiff::{
    Timestamp, ToSpan, Zoned,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use super::{calendars::Calendar, state::Location};

/// Reads a time: ISO 8601 with an offset, or a date for its midnight in UTC.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let time = Timestamp::from_str(text).ok();
    time.or_else(|| {
        let date = (text.len() == 10).then(|| Date::from_str(text).ok())??;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

/// A zone by its IANA name; UTC where the machine has no time zone data.
pub(crate) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The starts of the free slots of a calendar, in the location's opening hours on weekdays.
pub(crate) fn free(
    location: &Location,
    calendar: &Calendar,
    from: Timestamp,
    until: Timestamp,
) -> Vec<Timestamp> {
    let zone = zone(&location.timezone);
    let mut date = from.to_zoned(zone.clone()).date();
    let last = until.to_zoned(zone.clone()).date();
    let mut starts = Vec::new();
    while date <= last {
        if !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            starts.extend(day(calendar, date, &zone));
        }
        let Ok(next) = date.tomorrow() else { break };
        date = next;
    }
    starts.retain(|start| {
        let end = calendar.end_of(*start);
        *start >= from && *start <= until && !location.is_busy(&calendar.id, *start, end, None)
    });
    starts
}

fn day(calendar: &Calendar, date: Date, zone: &TimeZone) -> Vec<Timestamp> {
    let (open, close) = calendar.open;
    let at = |hour: i8| -> Option<Zoned> { date.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok() };
    let (Some(open), Some(close)) = (at(open), at(close)) else {
        return Vec::new();
    };
    let close = close.timestamp();
    let mut starts = Vec::new();
    let mut start = open.timestamp();
    while calendar.end_of(start) <= close {
        starts.push(start);
        let Ok(next) = start.checked_add(calendar.slot_minutes.minutes()) else {
            break;
        };
        start = next;
    }
    starts
}
