//! Appointments: made, changed, deleted.

use jiff::Timestamp;

use crate::calendars::AppointmentStatus;
use crate::ids::{CalendarId, ContactId, EventId, LocationId, UserId};

integrations_core::object! {
    /// An appointment was made, changed or deleted.
    pub struct AppointmentEvent {
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The appointment.
        appointment: Option<Appointment> = "appointment",
    }

    /// An appointment, as webhooks tell it.
    pub struct Appointment {
        /// Its id.
        id: Option<EventId> = "id",
        /// The calendar.
        calendar_id: Option<CalendarId> = "calendarId",
        /// The calendar's group.
        group_id: Option<String> = "groupId",
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// Its title.
        title: Option<String> = "title",
        /// Its state.
        appointment_status: Option<AppointmentStatus> = "appointmentStatus",
        /// The user it is with.
        assigned_user_id: Option<UserId> = "assignedUserId",
        /// All users it is with.
        users: Vec<UserId> = "users",
        /// Where it is: an address or a link.
        address: Option<String> = "address",
        /// Notes.
        notes: Option<String> = "notes",
        /// How it was made, for example `booking_widget`.
        source: Option<String> = "source",
        /// When it starts.
        start_time: Option<Timestamp> = "startTime",
        /// When it ends.
        end_time: Option<Timestamp> = "endTime",
        /// When it was made.
        date_added: Option<Timestamp> = "dateAdded",
        /// When it was changed last.
        date_updated: Option<Timestamp> = "dateUpdated",
    }
}
