use integrations_core::{lenient, open_enum};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{CalendarId, LocationId, UserId};

open_enum! {
    /// What a calendar is for.
    pub enum CalendarType {
        /// Appointments are dealt out among its members.
        RoundRobin = "round_robin",
        /// Appointments with the location.
        Event = "event",
        /// Several contacts at one time.
        ClassBooking = "class_booking",
        /// Appointments with all members at once.
        Collective = "collective",
        /// Services, with staff and rooms.
        ServiceBooking = "service_booking",
        /// One member's own.
        Personal = "personal",
    }

    /// How appointments are dealt out.
    pub enum CalendarEventType {
        /// To whom has time soonest.
        Availability = "RoundRobin_OptimizeForAvailability",
        /// To whom has fewest.
        EqualDistribution = "RoundRobin_OptimizeForEqualDistribution",
    }

    /// A unit of time in a calendar's settings.
    pub enum CalendarUnit {
        /// Minutes.
        Minutes = "mins",
        /// Hours.
        Hours = "hours",
        /// Days.
        Days = "days",
        /// Weeks.
        Weeks = "weeks",
        /// Months.
        Months = "months",
    }
}

/// A calendar of a location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// The location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// The group it is in.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub group_id: Option<String>,
    /// Its name.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// Its description.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub description: Option<String>,
    /// Its place in links.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub slug: Option<String>,
    /// The place of its booking page in links.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub widget_slug: Option<String>,
    /// The look of its booking page.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub widget_type: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_type: Option<CalendarType>,
    /// How appointments are dealt out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<CalendarEventType>,
    /// Whether it can be booked.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_active: Option<bool>,
    /// Who takes appointments.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub team_members: Vec<CalendarMember>,
    /// The title of new appointments, with placeholders.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub event_title: Option<String>,
    /// The colour of its appointments, as `#rrggbb`.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub event_color: Option<String>,
    /// Where appointments are, in its old form.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub meeting_location: Option<String>,
    /// Where appointments are.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub location_configurations: Vec<MeetingLocation>,
    /// How long an appointment takes.
    #[serde(
        default,
        deserialize_with = "lenient::f64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub slot_duration: Option<f64>,
    /// The unit of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_duration_unit: Option<CalendarUnit>,
    /// How far apart the starts of slots are.
    #[serde(
        default,
        deserialize_with = "lenient::f64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub slot_interval: Option<f64>,
    /// The unit of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_interval_unit: Option<CalendarUnit>,
    /// The pause after an appointment.
    #[serde(
        default,
        deserialize_with = "lenient::f64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub slot_buffer: Option<f64>,
    /// The unit of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_buffer_unit: Option<CalendarUnit>,
    /// The pause before an appointment.
    #[serde(
        default,
        deserialize_with = "lenient::f64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub pre_buffer: Option<f64>,
    /// The unit of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_buffer_unit: Option<CalendarUnit>,
    /// How many may share a slot.
    #[serde(
        rename = "appoinmentPerSlot",
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub appointments_per_slot: Option<i64>,
    /// How many a day holds.
    #[serde(
        rename = "appoinmentPerDay",
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub appointments_per_day: Option<i64>,
    /// How long before an appointment it must be booked.
    #[serde(
        default,
        deserialize_with = "lenient::f64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub allow_booking_after: Option<f64>,
    /// The unit of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_booking_after_unit: Option<CalendarUnit>,
    /// How far ahead may be booked.
    #[serde(
        default,
        deserialize_with = "lenient::f64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub allow_booking_for: Option<f64>,
    /// The unit of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_booking_for_unit: Option<CalendarUnit>,
    /// When it is open.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub open_hours: Vec<OpenHours>,
    /// 1 when only its own availabilities count, 0 when only its open hours do.
    #[serde(
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub availability_type: Option<i64>,
    /// Its own availabilities, by date.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub availabilities: Vec<Value>,
    /// Whether appointments may repeat.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub enable_recurring: Option<bool>,
    /// How appointments repeat.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub recurring: Value,
    /// Whether appointments are confirmed by themselves.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub auto_confirm: Option<bool>,
    /// Whether contacts may move appointments.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub allow_reschedule: Option<bool>,
    /// Whether contacts may cancel appointments.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub allow_cancellation: Option<bool>,
    /// The form that contacts fill.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub form_id: Option<String>,
    /// Who is told what, and when.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub notifications: Vec<Value>,
    /// Notes for the members.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub notes: Option<String>,
}

/// Who takes appointments of a calendar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CalendarMember {
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// How much they are preferred, from 0 to 1.
    #[serde(
        default,
        deserialize_with = "lenient::f64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub priority: Option<f64>,
    /// Whether they are the first.
    #[serde(
        default,
        deserialize_with = "lenient::bool_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_primary: Option<bool>,
    /// Where their appointments are.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub location_configurations: Vec<MeetingLocation>,
}

/// Where appointments of a calendar are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MeetingLocation {
    /// What it is, for example `zoom_conference` or `physical`.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub kind: Option<String>,
    /// The address, phone number or link.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub location: Option<String>,
    /// Its id, for appointments that choose one.
    #[serde(
        default,
        deserialize_with = "lenient::string_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub meeting_id: Option<String>,
}

/// When a calendar is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OpenHours {
    /// The days, from 0 for Sunday.
    #[serde(
        default,
        deserialize_with = "crate::common::numbers",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub days_of_the_week: Vec<i64>,
    /// The times of these days.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub hours: Vec<OpenHour>,
}

/// From when to when a calendar is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OpenHour {
    /// The hour it opens.
    #[serde(
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub open_hour: Option<i64>,
    /// The minute it opens.
    #[serde(
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub open_minute: Option<i64>,
    /// The hour it closes.
    #[serde(
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub close_hour: Option<i64>,
    /// The minute it closes.
    #[serde(
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub close_minute: Option<i64>,
}
