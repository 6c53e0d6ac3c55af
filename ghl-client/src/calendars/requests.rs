use http::{HeaderMap, Method};
use integrations_core::http::{Body, Query};
use integrations_core::{Result, lenient};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Calendar, CalendarEvent, CalendarEvents};
use crate::endpoint::setters;
use crate::ids::{CalendarId, LocationId, UserId};
use crate::{Endpoint, LocationIn, Spec, Version};

/// `GET /calendars/`: lists the calendars of a location, all at once.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListCalendars {
    /// The location.
    pub location_id: LocationId,
    /// The group they are in.
    pub group_id: Option<String>,
    /// Whether those that cannot be booked are shown; they are by default.
    pub show_drafted: Option<bool>,
}

impl ListCalendars {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(location_id: impl Into<LocationId>) -> Self {
        Self {
            location_id: location_id.into(),
            group_id: None,
            show_drafted: None,
        }
    }
}

setters!(ListCalendars {
    group_id: String,
    show_drafted: bool,
});

impl Endpoint for ListCalendars {
    const SPEC: Spec = Spec::new("calendars.list", Method::GET, "/calendars/")
        .version(Version::V2021_04_15)
        .location(LocationIn::Query)
        .scopes(&["calendars.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/get-calendars");
    type Response = CalendarList;

    fn query(&self, query: &mut Query) {
        query
            .push("locationId", &self.location_id)
            .push_option("groupId", self.group_id.as_ref())
            .push_option("showDrafted", self.show_drafted.as_ref());
    }
}

/// The calendars of a location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CalendarList {
    /// The calendars.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub calendars: Vec<Calendar>,
}

/// `GET /calendars/events`: lists the appointments of a span of time, all at once.
///
/// The provider wants one of the calendar, the user and the group.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListEvents {
    /// The location.
    pub location_id: LocationId,
    /// From this time.
    pub start_time: Timestamp,
    /// Until this time.
    pub end_time: Timestamp,
    /// The calendar.
    pub calendar_id: Option<CalendarId>,
    /// The user they are with.
    pub user_id: Option<UserId>,
    /// The group of calendars.
    pub group_id: Option<String>,
}

impl ListEvents {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(
        location_id: impl Into<LocationId>,
        start_time: Timestamp,
        end_time: Timestamp,
    ) -> Self {
        Self {
            location_id: location_id.into(),
            start_time,
            end_time,
            calendar_id: None,
            user_id: None,
            group_id: None,
        }
    }
}

setters!(ListEvents {
    calendar_id: CalendarId,
    user_id: UserId,
    group_id: String,
});

impl Endpoint for ListEvents {
    const SPEC: Spec = Spec::new("calendars.events.list", Method::GET, "/calendars/events")
        .version(Version::V2021_04_15)
        .location(LocationIn::Query)
        .scopes(&["calendars/events.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/get-calendar-events");
    type Response = CalendarEvents;

    fn query(&self, query: &mut Query) {
        query
            .push("locationId", &self.location_id)
            .push("startTime", self.start_time.as_millisecond())
            .push("endTime", self.end_time.as_millisecond())
            .push_option("calendarId", self.calendar_id.as_ref())
            .push_option("userId", self.user_id.as_ref())
            .push_option("groupId", self.group_id.as_ref());
    }
}

/// `POST /calendars/events/block-slots`: blocks a span of time.
///
/// The provider wants the calendar or the user, and not both.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreateBlockSlot {
    /// The location.
    pub location_id: LocationId,
    /// When it starts.
    pub start_time: Timestamp,
    /// When it ends.
    pub end_time: Timestamp,
    /// The calendar to block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar_id: Option<CalendarId>,
    /// The user to block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_user_id: Option<UserId>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl CreateBlockSlot {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(
        location_id: impl Into<LocationId>,
        start_time: Timestamp,
        end_time: Timestamp,
    ) -> Self {
        Self {
            location_id: location_id.into(),
            start_time,
            end_time,
            calendar_id: None,
            assigned_user_id: None,
            title: None,
        }
    }
}

setters!(CreateBlockSlot {
    calendar_id: CalendarId,
    assigned_user_id: UserId,
    title: String,
});

impl Endpoint for CreateBlockSlot {
    const SPEC: Spec = Spec::new(
        "calendars.block_slots.create",
        Method::POST,
        "/calendars/events/block-slots",
    )
    .version(Version::V2021_04_15)
    .location(LocationIn::Body)
    .scopes(&["calendars/events.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/create-block-slot");
    type Response = CalendarEvent;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}
