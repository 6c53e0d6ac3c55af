use integrations_core::{lenient, open_enum};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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

/// An appointment or a blocked slot.
///
/// Every operation tells another part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CalendarEvent {
    /// Its id; for one of a series, the id of the instance.
    pub id: EventId,
    /// The calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_id: Option<CalendarId>,
    /// The location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// The contact; none for a blocked slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<ContactId>,
    /// The calendar's group.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub group_id: Option<String>,
    /// Its title.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub title: Option<String>,
    /// Its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment_status: Option<AppointmentStatus>,
    /// The user it is with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_user_id: Option<UserId>,
    /// All users it is with.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub users: Vec<UserId>,
    /// When it starts.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub start_time: Option<Timestamp>,
    /// When it ends.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub end_time: Option<Timestamp>,
    /// Where it is: an address or a link.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub address: Option<String>,
    /// What kind of place that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting_location_type: Option<MeetingLocationType>,
    /// Notes.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub notes: Option<String>,
    /// Its description.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub description: Option<String>,
    /// Whether it repeats.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_recurring: Option<bool>,
    /// How it repeats, as an RFC 5545 rule.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub rrule: Option<String>,
    /// The series it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_event_id: Option<EventId>,
    /// The rooms and equipment it takes.
    #[serde(
        default,
        deserialize_with = "crate::common::texts",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub assigned_resources: Vec<String>,
    /// Who created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<EventCreator>,
    /// When it was created.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_added: Option<Timestamp>,
    /// When it was changed last.
    #[serde(
        default,
        deserialize_with = "lenient::timestamp_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_updated: Option<Timestamp>,
}

/// Who created an appointment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventCreator {
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// What they created it with.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub source: Option<String>,
}

/// The appointments and blocked slots of a span of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CalendarEvents {
    /// The events.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub events: Vec<CalendarEvent>,
}
