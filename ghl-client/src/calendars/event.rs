use integrations_core::{object, open_enum};
use jiff::Timestamp;

use crate::ids::{CalendarId, ContactId, EventId, LocationId, UserId};

open_enum! {
    /// The state of an appointment.
    pub enum AppointmentStatus {
        /// To be confirmed.
        New = "new",
        /// Confirmed.
        Confirmed = "confirmed",
        /// Cancelled.
        Cancelled = "cancelled",
        /// The contact came.
        Showed = "showed",
        /// The contact did not come.
        NoShow = "noshow",
        /// Not valid.
        Invalid = "invalid",
        /// Running.
        Active = "active",
        /// Over.
        Completed = "completed",
    }

    /// Where an appointment is.
    pub enum MeetingLocationType {
        /// Somewhere else.
        Custom = "custom",
        /// Zoom.
        Zoom = "zoom",
        /// Google Meet.
        GoogleMeet = "gmeet",
        /// On the phone.
        Phone = "phone",
        /// At an address.
        Address = "address",
        /// Microsoft Teams.
        MicrosoftTeams = "ms_teams",
        /// Google, in its newer form.
        Google = "google",
    }
}

object! {
    /// An appointment or a blocked slot.
    ///
    /// Every operation tells another part of it.
    pub struct CalendarEvent {
        required {
            /// Its id; for one of a series, the id of the instance.
            id: EventId = "id",
        }
        /// The calendar.
        calendar_id: Option<CalendarId> = "calendarId",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The contact; none for a blocked slot.
        contact_id: Option<ContactId> = "contactId",
        /// The calendar's group.
        group_id: Option<String> = "groupId",
        /// Its title.
        title: Option<String> = "title",
        /// Its state.
        appointment_status: Option<AppointmentStatus> = "appointmentStatus",
        /// The user it is with.
        assigned_user_id: Option<UserId> = "assignedUserId",
        /// All users it is with.
        users: Vec<UserId> = "users",
        /// When it starts.
        start_time: Option<Timestamp> = "startTime",
        /// When it ends.
        end_time: Option<Timestamp> = "endTime",
        /// Where it is: an address or a link.
        address: Option<String> = "address",
        /// What kind of place that is.
        meeting_location_type: Option<MeetingLocationType> = "meetingLocationType",
        /// Notes.
        notes: Option<String> = "notes",
        /// Its description.
        description: Option<String> = "description",
        /// Whether it repeats.
        is_recurring: Option<bool> = "isRecurring",
        /// How it repeats, as an RFC 5545 rule.
        rrule: Option<String> = "rrule",
        /// The series it belongs to.
        master_event_id: Option<EventId> = "masterEventId",
        /// The rooms and equipment it takes.
        assigned_resources: Vec<String> = "assignedResources",
        /// Who created it.
        created_by: Option<EventCreator> = "createdBy",
        /// When it was created.
        date_added: Option<Timestamp> = "dateAdded",
        /// When it was changed last.
        date_updated: Option<Timestamp> = "dateUpdated",
    }
}

object! {
    /// Who created an appointment.
    pub struct EventCreator {
        /// The user.
        user_id: Option<UserId> = "userId",
        /// What they created it with.
        source: Option<String> = "source",
    }
}

object! {
    /// The appointments and blocked slots of a span of time.
    pub struct CalendarEvents {
        /// The events.
        events: Vec<CalendarEvent> = "events",
    }
}
