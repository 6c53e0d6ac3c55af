use ghl_client::calendars::{AppointmentStatus, MeetingLocationType};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::NONE;
use crate::support::Cases;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) async fn add(cases: &mut Cases) {
    calendars(cases).await;
    events(cases).await;
    appointments(cases).await;
}

async fn calendars(cases: &mut Cases) {
    let location = cases.location();
    let list = json!({"calendars": [{
        "id": "cal1", "locationId": "loc1", "groupId": "gro1", "name": "Talks", "description": "", "slug": "talks",
        "widgetSlug": "talks", "widgetType": "classic", "calendarType": "round_robin",
        "eventType": "RoundRobin_OptimizeForAvailability", "isActive": true, "eventTitle": "{{contact.name}}",
        "eventColor": "#039be5", "meetingLocation": "Room 1",
        "locationConfigurations": [{"kind": "physical", "location": "Room 1", "meetingId": "custom_0"}],
        "teamMembers": [{"userId": "use1", "priority": 0.5, "isPrimary": true, "locationConfigurations": []}],
        "slotDuration": 30, "slotDurationUnit": "mins", "slotInterval": 30, "slotIntervalUnit": "mins",
        "slotBuffer": 5, "slotBufferUnit": "mins", "preBuffer": 5, "preBufferUnit": "mins",
        "appoinmentPerSlot": 1, "appoinmentPerDay": 8, "allowBookingAfter": 4, "allowBookingAfterUnit": "hours",
        "allowBookingFor": 30, "allowBookingForUnit": "days", "availabilityType": 0, "availabilities": [{"date": "x"}],
        "openHours": [{"daysOfTheWeek": [1, 2], "hours": [{"openHour": 9, "openMinute": 0, "closeHour": 17,
                       "closeMinute": 30}]}],
        "enableRecurring": false, "recurring": {"freq": "DAILY"}, "autoConfirm": true, "allowReschedule": true,
        "allowCancellation": false, "formId": "for1", "notifications": [{"type": "email"}], "notes": "Bring cake."
    }]});
    cases
        .required(
            location.calendars().list(),
            "GET /calendars/?locationId=loc1",
            NONE,
            &list,
        )
        .await;
    cases
        .full(
            location
                .calendars()
                .list()
                .group_id("gro1")
                .show_drafted(false),
            "GET /calendars/?locationId=loc1&groupId=gro1&showDrafted=false",
            NONE,
            &list,
        )
        .await;

    let free = json!({
        "2026-01-05": {"slots": ["2026-01-05T10:00:00-05:00", "2026-01-05T11:00:00-05:00"]},
        "2026-01-06": {"slots": ["2026-01-06T10:00:00-05:00"]},
        "traceId": "tra1"
    });
    let (start, end) = (at("2026-01-02T12:00:00Z"), at("2026-01-09T12:00:00Z"));
    cases
        .required(
            location.calendars().free_slots("cal1", start, end),
            "GET /calendars/cal1/free-slots?startDate=1767355200000&endDate=1767960000000",
            NONE,
            &free,
        )
        .await;
    cases
        .full(
            location
                .calendars()
                .free_slots("cal1", start, end)
                .timezone("America/New_York")
                .user_id("use1")
                .user_ids(["use1", "use2"]),
            "GET /calendars/cal1/free-slots?startDate=1767355200000&endDate=1767960000000\
             &timezone=America%2FNew_York&userId=use1&userIds=use1&userIds=use2",
            NONE,
            &free,
        )
        .await;
}

fn event() -> Value {
    json!({
        "id": "eve1", "address": "https://meet.example.com/x", "title": "Talk", "calendarId": "cal1",
        "locationId": "loc1", "contactId": "cnt1", "groupId": "gro1", "appointmentStatus": "confirmed",
        "assignedUserId": "use1", "users": ["use1"], "notes": "n", "description": "d", "isRecurring": true,
        "rrule": "RRULE:FREQ=DAILY", "startTime": "2026-01-05T10:00:00-05:00",
        "endTime": "2026-01-05T10:30:00-05:00", "dateAdded": "2026-01-02T12:00:00Z",
        "dateUpdated": "2026-01-02T12:00:00Z", "assignedResources": ["res1"],
        "createdBy": {"userId": "use1", "source": "calendar_page"}, "masterEventId": "eve0"
    })
}

async fn events(cases: &mut Cases) {
    let location = cases.location();
    let (start, end) = (at("2026-01-02T12:00:00Z"), at("2026-01-09T12:00:00Z"));
    let list = json!({"events": [event()]});
    cases
        .required(
            location.calendars().events(start, end),
            "GET /calendars/events?locationId=loc1&startTime=1767355200000&endTime=1767960000000",
            NONE,
            &list,
        )
        .await;
    cases
        .full(
            location
                .calendars()
                .events(start, end)
                .calendar_id("cal1")
                .user_id("use1")
                .group_id("gro1"),
            "GET /calendars/events?locationId=loc1&startTime=1767355200000&endTime=1767960000000\
             &calendarId=cal1&userId=use1&groupId=gro1",
            NONE,
            &list,
        )
        .await;

    let block = json!({
        "id": "eve2", "locationId": "loc1", "title": "Away", "startTime": "2026-01-02T12:00:00Z",
        "endTime": "2026-01-09T12:00:00Z", "calendarId": "cal1", "assignedUserId": "use1"
    });
    let path = "POST /calendars/events/block-slots";
    cases
        .required(
            location.calendars().block_slot(start, end),
            path,
            json!({"locationId": "loc1", "startTime": "2026-01-02T12:00:00Z", "endTime": "2026-01-09T12:00:00Z"}),
            &block,
        )
        .await;
    cases
        .full(
            location
                .calendars()
                .block_slot(start, end)
                .calendar_id("cal1")
                .assigned_user_id("use1")
                .title("Away"),
            path,
            json!({"locationId": "loc1", "startTime": "2026-01-02T12:00:00Z", "endTime": "2026-01-09T12:00:00Z",
                   "calendarId": "cal1", "assignedUserId": "use1", "title": "Away"}),
            &block,
        )
        .await;
}

async fn appointments(cases: &mut Cases) {
    let location = cases.location();
    let calendars = location.calendars();
    let (start, end) = (at("2026-01-05T15:00:00Z"), at("2026-01-05T15:30:00Z"));
    cases
        .only(
            calendars.get_appointment("eve1"),
            "GET /calendars/events/appointments/eve1",
            NONE,
            &json!({"event": event()}),
        )
        .await;

    let written = json!({
        "id": "eve1", "calendarId": "cal1", "locationId": "loc1", "contactId": "cnt1",
        "startTime": "2026-01-05T10:00:00-05:00", "endTime": "2026-01-05T10:30:00-05:00", "title": "Talk",
        "meetingLocationType": "default", "appointmentStatus": "confirmed", "assignedUserId": "use1",
        "address": "Zoom", "isRecurring": false, "rrule": ""
    });
    cases
        .required(
            calendars.create_appointment("cal1", "cnt1", start),
            "POST /calendars/events/appointments",
            json!({"locationId": "loc1", "calendarId": "cal1", "contactId": "cnt1",
                   "startTime": "2026-01-05T15:00:00Z"}),
            &written,
        )
        .await;
    let set = json!({
        "startTime": "2026-01-05T15:00:00Z", "endTime": "2026-01-05T15:30:00Z", "title": "Talk",
        "appointmentStatus": "confirmed", "assignedUserId": "use1", "description": "First", "address": "Zoom",
        "meetingLocationType": "zoom", "meetingLocationId": "custom_0", "overrideLocationConfig": true,
        "ignoreDateRange": true, "ignoreFreeSlotValidation": true, "toNotify": false, "rrule": "RRULE:FREQ=DAILY",
        "calendarId": "cal1"
    });
    let mut body = set.clone();
    body["locationId"] = "loc1".into();
    body["contactId"] = "cnt1".into();
    cases
        .full(
            calendars
                .create_appointment("cal1", "cnt1", start)
                .end_time(end)
                .title("Talk")
                .appointment_status(AppointmentStatus::Confirmed)
                .assigned_user_id("use1")
                .description("First")
                .address("Zoom")
                .meeting_location_type(MeetingLocationType::Zoom)
                .meeting_location_id("custom_0")
                .override_location_config(true)
                .ignore_date_range(true)
                .ignore_free_slot_validation(true)
                .to_notify(false)
                .rrule("RRULE:FREQ=DAILY"),
            "POST /calendars/events/appointments",
            body,
            &written,
        )
        .await;

    let path = "PUT /calendars/events/appointments/eve1";
    cases
        .required(
            calendars.update_appointment("eve1"),
            path,
            json!({}),
            &written,
        )
        .await;
    cases
        .full(
            calendars
                .update_appointment("eve1")
                .calendar_id("cal1")
                .start_time(start)
                .end_time(end)
                .title("Talk")
                .appointment_status(AppointmentStatus::Confirmed)
                .assigned_user_id("use1")
                .description("First")
                .address("Zoom")
                .meeting_location_type(MeetingLocationType::Zoom)
                .meeting_location_id("custom_0")
                .override_location_config(true)
                .ignore_date_range(true)
                .ignore_free_slot_validation(true)
                .to_notify(false)
                .rrule("RRULE:FREQ=DAILY"),
            path,
            set,
            &written,
        )
        .await;
}
