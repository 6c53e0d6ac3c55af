use integrations_core::{object, open_enum};
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

object! {
    /// A calendar of a location.
    pub struct Calendar {
        required {
            /// Its id.
            id: CalendarId = "id",
        }
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The group it is in.
        group_id: Option<String> = "groupId",
        /// Its name.
        name: Option<String> = "name",
        /// Its description.
        description: Option<String> = "description",
        /// Its place in links.
        slug: Option<String> = "slug",
        /// The place of its booking page in links.
        widget_slug: Option<String> = "widgetSlug",
        /// The look of its booking page.
        widget_type: Option<String> = "widgetType",
        /// What it is for.
        calendar_type: Option<CalendarType> = "calendarType",
        /// How appointments are dealt out.
        event_type: Option<CalendarEventType> = "eventType",
        /// Whether it can be booked.
        is_active: Option<bool> = "isActive",
        /// Who takes appointments.
        team_members: Vec<CalendarMember> = "teamMembers",
        /// The title of new appointments, with placeholders.
        event_title: Option<String> = "eventTitle",
        /// The colour of its appointments, as `#rrggbb`.
        event_color: Option<String> = "eventColor",
        /// Where appointments are, in its old form.
        meeting_location: Option<String> = "meetingLocation",
        /// Where appointments are.
        location_configurations: Vec<MeetingLocation> = "locationConfigurations",
        /// How long an appointment takes.
        slot_duration: Option<f64> = "slotDuration",
        /// The unit of that.
        slot_duration_unit: Option<CalendarUnit> = "slotDurationUnit",
        /// How far apart the starts of slots are.
        slot_interval: Option<f64> = "slotInterval",
        /// The unit of that.
        slot_interval_unit: Option<CalendarUnit> = "slotIntervalUnit",
        /// The pause after an appointment.
        slot_buffer: Option<f64> = "slotBuffer",
        /// The unit of that.
        slot_buffer_unit: Option<CalendarUnit> = "slotBufferUnit",
        /// The pause before an appointment.
        pre_buffer: Option<f64> = "preBuffer",
        /// The unit of that.
        pre_buffer_unit: Option<CalendarUnit> = "preBufferUnit",
        /// How many may share a slot.
        appointments_per_slot: Option<i64> = "appoinmentPerSlot",
        /// How many a day holds.
        appointments_per_day: Option<i64> = "appoinmentPerDay",
        /// How long before an appointment it must be booked.
        allow_booking_after: Option<f64> = "allowBookingAfter",
        /// The unit of that.
        allow_booking_after_unit: Option<CalendarUnit> = "allowBookingAfterUnit",
        /// How far ahead may be booked.
        allow_booking_for: Option<f64> = "allowBookingFor",
        /// The unit of that.
        allow_booking_for_unit: Option<CalendarUnit> = "allowBookingForUnit",
        /// When it is open.
        open_hours: Vec<OpenHours> = "openHours",
        /// 1 when only its own availabilities count, 0 when only its open hours do.
        availability_type: Option<i64> = "availabilityType",
        /// Its own availabilities, by date.
        availabilities: Vec<Value> = "availabilities",
        /// Whether appointments may repeat.
        enable_recurring: Option<bool> = "enableRecurring",
        /// How appointments repeat.
        recurring: Value = "recurring",
        /// Whether appointments are confirmed by themselves.
        auto_confirm: Option<bool> = "autoConfirm",
        /// Whether contacts may move appointments.
        allow_reschedule: Option<bool> = "allowReschedule",
        /// Whether contacts may cancel appointments.
        allow_cancellation: Option<bool> = "allowCancellation",
        /// The form that contacts fill.
        form_id: Option<String> = "formId",
        /// Who is told what, and when.
        notifications: Vec<Value> = "notifications",
        /// Notes for the members.
        notes: Option<String> = "notes",
    }
}

object! {
    /// Who takes appointments of a calendar.
    pub struct CalendarMember {
        /// The user.
        user_id: Option<UserId> = "userId",
        /// How much they are preferred, from 0 to 1.
        priority: Option<f64> = "priority",
        /// Whether they are the first.
        is_primary: Option<bool> = "isPrimary",
        /// Where their appointments are.
        location_configurations: Vec<MeetingLocation> = "locationConfigurations",
    }
}

object! {
    /// Where appointments of a calendar are.
    pub struct MeetingLocation {
        /// What it is, for example `zoom_conference` or `physical`.
        kind: Option<String> = "kind",
        /// The address, phone number or link.
        location: Option<String> = "location",
        /// Its id, for appointments that choose one.
        meeting_id: Option<String> = "meetingId",
    }
}

object! {
    /// When a calendar is open.
    pub struct OpenHours {
        /// The days, from 0 for Sunday.
        days_of_the_week: Vec<i64> = "daysOfTheWeek",
        /// The times of these days.
        hours: Vec<OpenHour> = "hours",
    }
}

object! {
    /// From when to when a calendar is open.
    pub struct OpenHour {
        /// The hour it opens.
        open_hour: Option<i64> = "openHour",
        /// The minute it opens.
        open_minute: Option<i64> = "openMinute",
        /// The hour it closes.
        close_hour: Option<i64> = "closeHour",
        /// The minute it closes.
        close_minute: Option<i64> = "closeMinute",
    }
}
