use http::{HeaderMap, Method};
use integrations_core::Result;
use integrations_core::http::Body;
use jiff::Timestamp;
use serde::Serialize;

use super::{AppointmentStatus, CalendarEvent, MeetingLocationType};
use crate::endpoint::setters;
use crate::ids::{CalendarId, ContactId, EventId, LocationId, UserId};
use crate::{Endpoint, LocationIn, Spec, Version};

/// `GET /calendars/events/appointments/{eventId}`: reads an appointment.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetAppointment {
    /// The appointment; the series of a repeated one is its `master_event_id`.
    pub event_id: EventId,
}

impl GetAppointment {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(event_id: impl Into<EventId>) -> Self {
        Self {
            event_id: event_id.into(),
        }
    }
}

impl Endpoint for GetAppointment {
    const SPEC: Spec = Spec::new(
        "calendars.appointments.get",
        Method::GET,
        "/calendars/events/appointments/{eventId}",
    )
    .version(Version::V2021_04_15)
    .envelope("event")
    .scopes(&["calendars/events.readonly"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/get-appointment");
    type Response = CalendarEvent;

    fn path(&self) -> Vec<&str> {
        vec![self.event_id.as_str()]
    }
}

/// `POST /calendars/events/appointments`: creates an appointment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreateAppointment {
    /// The location.
    pub location_id: LocationId,
    /// The calendar.
    pub calendar_id: CalendarId,
    /// The contact.
    pub contact_id: ContactId,
    /// When it starts: a free slot of the calendar, unless that is not checked.
    pub start_time: Timestamp,
    /// When it ends; after the calendar's duration without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appointment_status: Option<AppointmentStatus>,
    /// The user it is with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_user_id: Option<UserId>,
    /// Its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it is: an address or a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What kind of place that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_location_type: Option<MeetingLocationType>,
    /// One of the calendar's places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_location_id: Option<String>,
    /// Whether the place given here wins over the calendar's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_location_config: Option<bool>,
    /// Whether it may be sooner or later than the calendar allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_date_range: Option<bool>,
    /// Whether it may be where no slot is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_free_slot_validation: Option<bool>,
    /// Whether automations run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_notify: Option<bool>,
    /// How it repeats, as an RFC 5545 rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rrule: Option<String>,
}

impl CreateAppointment {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(
        location_id: impl Into<LocationId>,
        calendar_id: impl Into<CalendarId>,
        contact_id: impl Into<ContactId>,
        start_time: Timestamp,
    ) -> Self {
        Self {
            location_id: location_id.into(),
            calendar_id: calendar_id.into(),
            contact_id: contact_id.into(),
            start_time,
            end_time: None,
            title: None,
            appointment_status: None,
            assigned_user_id: None,
            description: None,
            address: None,
            meeting_location_type: None,
            meeting_location_id: None,
            override_location_config: None,
            ignore_date_range: None,
            ignore_free_slot_validation: None,
            to_notify: None,
            rrule: None,
        }
    }
}

setters!(CreateAppointment {
    end_time: Timestamp,
    title: String,
    appointment_status: AppointmentStatus,
    assigned_user_id: UserId,
    description: String,
    address: String,
    meeting_location_type: MeetingLocationType,
    meeting_location_id: String,
    override_location_config: bool,
    ignore_date_range: bool,
    ignore_free_slot_validation: bool,
    to_notify: bool,
    rrule: String,
});

impl Endpoint for CreateAppointment {
    const SPEC: Spec = Spec::new(
        "calendars.appointments.create",
        Method::POST,
        "/calendars/events/appointments",
    )
    .version(Version::V2021_04_15)
    .location(LocationIn::Body)
    .scopes(&["calendars/events.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/create-appointment");
    type Response = CalendarEvent;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}

/// `PUT /calendars/events/appointments/{eventId}`: changes the fields that are set.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UpdateAppointment {
    /// The appointment; the series of a repeated one is its `master_event_id`.
    #[serde(skip)]
    pub event_id: EventId,
    /// The calendar to move it to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar_id: Option<CalendarId>,
    /// When it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appointment_status: Option<AppointmentStatus>,
    /// The user it is with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_user_id: Option<UserId>,
    /// Its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it is: an address or a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What kind of place that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_location_type: Option<MeetingLocationType>,
    /// One of the calendar's places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_location_id: Option<String>,
    /// Whether the place given here wins over the calendar's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_location_config: Option<bool>,
    /// Whether it may be sooner or later than the calendar allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_date_range: Option<bool>,
    /// Whether it may be where no slot is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_free_slot_validation: Option<bool>,
    /// Whether automations run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_notify: Option<bool>,
    /// How it repeats, as an RFC 5545 rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rrule: Option<String>,
}

impl UpdateAppointment {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(event_id: impl Into<EventId>) -> Self {
        Self {
            event_id: event_id.into(),
            calendar_id: None,
            start_time: None,
            end_time: None,
            title: None,
            appointment_status: None,
            assigned_user_id: None,
            description: None,
            address: None,
            meeting_location_type: None,
            meeting_location_id: None,
            override_location_config: None,
            ignore_date_range: None,
            ignore_free_slot_validation: None,
            to_notify: None,
            rrule: None,
        }
    }
}

setters!(UpdateAppointment {
    calendar_id: CalendarId,
    start_time: Timestamp,
    end_time: Timestamp,
    title: String,
    appointment_status: AppointmentStatus,
    assigned_user_id: UserId,
    description: String,
    address: String,
    meeting_location_type: MeetingLocationType,
    meeting_location_id: String,
    override_location_config: bool,
    ignore_date_range: bool,
    ignore_free_slot_validation: bool,
    to_notify: bool,
    rrule: String,
});

impl Endpoint for UpdateAppointment {
    const SPEC: Spec = Spec::new(
        "calendars.appointments.update",
        Method::PUT,
        "/calendars/events/appointments/{eventId}",
    )
    .version(Version::V2021_04_15)
    .scopes(&["calendars/events.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/edit-appointment");
    type Response = CalendarEvent;

    fn path(&self) -> Vec<&str> {
        vec![self.event_id.as_str()]
    }

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}
