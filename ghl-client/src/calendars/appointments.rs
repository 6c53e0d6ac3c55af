use http::Method;
use jiff::Timestamp;

use super::{AppointmentStatus, CalendarEvent, MeetingLocationType};
use crate::ids::{CalendarId, ContactId, EventId, LocationId, UserId};
use crate::request::request;
use crate::{LocationIn, Spec, Version};

request! {
    /// `GET /calendars/events/appointments/{eventId}`: reads an appointment.
    pub struct GetAppointment -> CalendarEvent {
        path {
            /// The appointment; the series of a repeated one is its `master_event_id`.
            event_id: EventId,
        }
    }
    Spec::new(
        "calendars.appointments.get",
        Method::GET,
        "/calendars/events/appointments/{eventId}",
    )
    .version(Version::V2021_04_15)
    .envelope("event")
    .scopes(&["calendars/events.readonly"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/get-appointment")
}

request! {
    /// `POST /calendars/events/appointments`: creates an appointment.
    pub struct CreateAppointment -> CalendarEvent {
        required {
            /// The location.
            body location_id: LocationId = "locationId",
            /// The calendar.
            body calendar_id: CalendarId = "calendarId",
            /// The contact.
            body contact_id: ContactId = "contactId",
            /// When it starts: a free slot of the calendar, unless that is not checked.
            body start_time: Timestamp = "startTime",
        }
        optional {
            /// When it ends; after the calendar's duration without it.
            body end_time: Option<Timestamp> = "endTime",
            /// Its title.
            body title: Option<String> = "title",
            /// Its state.
            body appointment_status: Option<AppointmentStatus> = "appointmentStatus",
            /// The user it is with.
            body assigned_user_id: Option<UserId> = "assignedUserId",
            /// Its description.
            body description: Option<String> = "description",
            /// Where it is: an address or a link.
            body address: Option<String> = "address",
            /// What kind of place that is.
            body meeting_location_type: Option<MeetingLocationType> = "meetingLocationType",
            /// One of the calendar's places.
            body meeting_location_id: Option<String> = "meetingLocationId",
            /// Whether the place given here wins over the calendar's.
            body override_location_config: Option<bool> = "overrideLocationConfig",
            /// Whether it may be sooner or later than the calendar allows.
            body ignore_date_range: Option<bool> = "ignoreDateRange",
            /// Whether it may be where no slot is free.
            body ignore_free_slot_validation: Option<bool> = "ignoreFreeSlotValidation",
            /// Whether automations run.
            body to_notify: Option<bool> = "toNotify",
            /// How it repeats, as an RFC 5545 rule.
            body rrule: Option<String> = "rrule",
        }
    }
    Spec::new(
        "calendars.appointments.create",
        Method::POST,
        "/calendars/events/appointments",
    )
    .version(Version::V2021_04_15)
    .location(LocationIn::Body)
    .scopes(&["calendars/events.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/create-appointment")
}

request! {
    /// `PUT /calendars/events/appointments/{eventId}`: changes the fields that are set.
    pub struct UpdateAppointment -> CalendarEvent {
        path {
            /// The appointment; the series of a repeated one is its `master_event_id`.
            event_id: EventId,
        }
        optional {
            /// The calendar to move it to.
            body calendar_id: Option<CalendarId> = "calendarId",
            /// When it starts.
            body start_time: Option<Timestamp> = "startTime",
            /// When it ends.
            body end_time: Option<Timestamp> = "endTime",
            /// Its title.
            body title: Option<String> = "title",
            /// Its state.
            body appointment_status: Option<AppointmentStatus> = "appointmentStatus",
            /// The user it is with.
            body assigned_user_id: Option<UserId> = "assignedUserId",
            /// Its description.
            body description: Option<String> = "description",
            /// Where it is: an address or a link.
            body address: Option<String> = "address",
            /// What kind of place that is.
            body meeting_location_type: Option<MeetingLocationType> = "meetingLocationType",
            /// One of the calendar's places.
            body meeting_location_id: Option<String> = "meetingLocationId",
            /// Whether the place given here wins over the calendar's.
            body override_location_config: Option<bool> = "overrideLocationConfig",
            /// Whether it may be sooner or later than the calendar allows.
            body ignore_date_range: Option<bool> = "ignoreDateRange",
            /// Whether it may be where no slot is free.
            body ignore_free_slot_validation: Option<bool> = "ignoreFreeSlotValidation",
            /// Whether automations run.
            body to_notify: Option<bool> = "toNotify",
            /// How it repeats, as an RFC 5545 rule.
            body rrule: Option<String> = "rrule",
        }
    }
    Spec::new(
        "calendars.appointments.update",
        Method::PUT,
        "/calendars/events/appointments/{eventId}",
    )
    .version(Version::V2021_04_15)
    .scopes(&["calendars/events.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/calendars/edit-appointment")
}
