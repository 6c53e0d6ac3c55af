use http::Method;
use integrations_core::object;
use jiff::Timestamp;

use super::{Calendar, CalendarEvent, CalendarEvents};
use crate::ids::{CalendarId, LocationId, UserId};
use crate::request::request;
use crate::{LocationIn, Spec, Version};

request! {
    /// `GET /calendars/`: lists the calendars of a location, all at once.
    pub struct ListCalendars -> CalendarList {
        required {
            /// The location.
            query location_id: LocationId = "locationId",
        }
        optional {
            /// The group they are in.
            query group_id: Option<String> = "groupId",
            /// Whether those that cannot be booked are shown; they are by default.
            query show_drafted: Option<bool> = "showDrafted",
        }
    }
    Spec::new("calendars.list", Method::GET, "/calendars/")
        .version(Version::V2021_04_15)
        .location(LocationIn::Query)
        .scopes(&["calendars.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/get-calendars")
}

object! {
    /// The calendars of a location.
    pub struct CalendarList {
        /// The calendars.
        calendars: Vec<Calendar> = "calendars",
    }
}

request! {
    /// `GET /calendars/events`: lists the appointments of a span of time, all at once.
    ///
    /// The provider wants one of the calendar, the user and the group.
    pub struct ListEvents -> CalendarEvents {
        required {
            /// The location.
            query location_id: LocationId = "locationId",
            /// From this time.
            millis start_time: Timestamp = "startTime",
            /// Until this time.
            millis end_time: Timestamp = "endTime",
        }
        optional {
            /// The calendar.
            query calendar_id: Option<CalendarId> = "calendarId",
            /// The user they are with.
            query user_id: Option<UserId> = "userId",
            /// The group of calendars.
            query group_id: Option<String> = "groupId",
        }
    }
    Spec::new("calendars.events.list", Method::GET, "/calendars/events")
        .version(Version::V2021_04_15)
        .location(LocationIn::Query)
        .scopes(&["calendars/events.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/get-calendar-events")
}

request! {
    /// `POST /calendars/events/block-slots`: blocks a span of time.
    ///
    /// The provider wants the calendar or the user, and not both.
    pub struct CreateBlockSlot -> CalendarEvent {
        required {
            /// The location.
            body location_id: LocationId = "locationId",
            /// When it starts.
            body start_time: Timestamp = "startTime",
            /// When it ends.
            body end_time: Timestamp = "endTime",
        }
        optional {
            /// The calendar to block.
            body calendar_id: Option<CalendarId> = "calendarId",
            /// The user to block.
            body assigned_user_id: Option<UserId> = "assignedUserId",
            /// What it is called.
            body title: Option<String> = "title",
        }
    }
    Spec::new(
        "calendars.block_slots.create",
        Method::POST,
        "/calendars/events/block-slots",
    )
    .version(Version::V2021_04_15)
    .location(LocationIn::Body)
    .scopes(&["calendars/events.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/create-block-slot")
}
