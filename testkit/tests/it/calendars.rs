use integrations_testkit::{
    SimulatedGhl,
    ghl::{Clock, SCOPES},
};
use serde_json::{Value, json};

use crate::support::{Api, LOCATION, builder};

/// Monday, 2026-06-01, 06:00 in New York.
const NOW: &str = "2026-06-01T10:00:00Z";
const NINE: &str = "2026-06-01T09:00:00-04:00";
const HALF_PAST: &str = "2026-06-01T09:30:00-04:00";

async fn ready() -> (SimulatedGhl, Api, String) {
    let ghl = builder()
        .clock(Clock::fixed(NOW.parse().unwrap()))
        .start()
        .await
        .unwrap();
    let api = Api::new(&ghl, &ghl.issue_private_token(LOCATION, SCOPES));
    let calendar = ghl.calendar_id(LOCATION);
    (ghl, api.with_version("2021-04-15"), calendar)
}

fn ms(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

async fn slots(api: &Api, calendar: &str, from: &str, until: &str) -> Value {
    let (from, until) = (ms(from), ms(until));
    let path = format!("/calendars/{calendar}/free-slots?startDate={from}&endDate={until}");
    api.get(&path).await.expect(200)
}

fn appointment(ghl: &SimulatedGhl, start: &str) -> Value {
    let contact = ghl.seed_contact(LOCATION, json!({"firstName": "Alex"}));
    json!({
        "calendarId": ghl.calendar_id(LOCATION),
        "locationId": LOCATION,
        "contactId": contact,
        "startTime": start,
    })
}

#[tokio::test]
async fn free_slots_are_keyed_by_date_beside_the_trace_id() {
    let (_ghl, api, calendar) = ready().await;
    let found = slots(&api, &calendar, NOW, "2026-06-08T03:59:59Z").await;
    let mut keys: Vec<_> = found.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.pop().as_deref(), Some("traceId"));
    let week = [
        "2026-06-01",
        "2026-06-02",
        "2026-06-03",
        "2026-06-04",
        "2026-06-05",
    ];
    assert_eq!(keys, week, "no weekend");
    let monday = found["2026-06-01"]["slots"].as_array().unwrap();
    assert_eq!((monday.len(), &monday[0]), (16, &json!(NINE)));
    let (from, until) = (ms(NOW), ms("2026-06-02T03:59:59Z"));
    let path = format!(
        "/calendars/{calendar}/free-slots?startDate={from}&endDate={until}&timezone=Europe%2FParis"
    );
    let found = api.get(&path).await.expect(200);
    assert_eq!(found["2026-06-01"]["slots"][0], "2026-06-01T15:00:00+02:00");
}

#[tokio::test]
async fn free_slots_refuse_a_location_text_dates_and_long_ranges() {
    let (_ghl, api, calendar) = ready().await;
    let path = format!("/calendars/{calendar}/free-slots");
    let get = async |query: String| api.get(&format!("{path}?{query}")).await;
    let reply = get(format!("startDate=1&endDate=2&locationId={LOCATION}")).await;
    reply.refused(422, "property locationId should not exist");
    let message = "startDate must be a number conforming to the specified constraints";
    get("startDate=2026-06-01&endDate=2".to_owned())
        .await
        .refused(422, message);
    let long = 32 * 24 * 60 * 60 * 1000_i64;
    let reply = get(format!("startDate=0&endDate={long}")).await;
    reply.refused(400, "Date range cannot be more than 31 days");
    let reply = api
        .get("/calendars/unknown/free-slots?startDate=1&endDate=2")
        .await;
    reply.refused(404, "Calendar not found");
}

#[tokio::test]
async fn an_appointment_takes_its_slot() {
    let (ghl, api, calendar) = ready().await;
    let path = "/calendars/events/appointments";
    let body = appointment(&ghl, HALF_PAST);
    let made = api.post(path, body.clone()).await.expect(200);
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        (&made["startTime"], &made["appointmentStatus"]),
        (&json!(HALF_PAST), &json!("confirmed"))
    );
    assert!(made.get("dateAdded").is_none(), "v3 alone shows dates here");
    let reply = api.post(path, body.clone()).await;
    let refused = reply.refused(400, "The slot you have selected is no longer available.");
    assert_eq!(refused["error"], "Bad Request");
    let found = slots(&api, &calendar, NOW, "2026-06-02T03:59:59Z").await;
    let monday = found["2026-06-01"]["slots"].as_array().unwrap();
    assert!(monday.len() == 15 && !monday.contains(&json!(HALF_PAST)));
    // Neither off the grid nor in the past, unless the caller insists.
    for start in ["2026-06-01T10:10:00-04:00", "2026-05-29T09:00:00-04:00"] {
        let mut body = appointment(&ghl, start);
        assert_eq!(api.post(path, body.clone()).await.status, 400, "{start}");
        body["ignoreFreeSlotValidation"] = json!(true);
        api.post(path, body).await.expect(200);
    }
    let shown = api.get(&format!("{path}/{id}")).await.expect(200);
    assert_eq!(shown["event"]["contactId"], body["contactId"]);
    assert!(shown["event"]["dateAdded"].is_string());
    let change = json!({"appointmentStatus": "cancelled"});
    let changed = api.put(&format!("{path}/{id}"), change).await.expect(200);
    assert_eq!(changed["appointmentStatus"], "cancelled");
    api.post(path, appointment(&ghl, HALF_PAST))
        .await
        .expect(200);
    let reply = api.get(&format!("{path}/unknown")).await;
    reply.refused(404, "Event not found");
    assert_eq!(ghl.appointments(LOCATION).len(), 4);
}

#[tokio::test]
async fn one_of_many_gets_the_slot() {
    let (ghl, api, _) = ready().await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (api, body) = (api.clone(), appointment(&ghl, NINE));
        racing.spawn(async move {
            api.post("/calendars/events/appointments", body)
                .await
                .status
        });
    }
    let mut statuses = racing.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
}

#[tokio::test]
async fn appointments_move_but_not_onto_others() {
    let (ghl, api, _) = ready().await;
    let path = "/calendars/events/appointments";
    let first = api.post(path, appointment(&ghl, NINE)).await.expect(200);
    api.post(path, appointment(&ghl, HALF_PAST))
        .await
        .expect(200);
    let path = format!("{path}/{}", first["id"].as_str().unwrap());
    let reply = api.put(&path, json!({"startTime": HALF_PAST})).await;
    reply.refused(400, "The slot you have selected is no longer available.");
    let body = json!({"startTime": "2026-06-01T11:00:00-04:00"});
    let moved = api.with_version("v3").put(&path, body).await.expect(200);
    assert_eq!(moved["startTime"], "2026-06-01T11:00:00-04:00");
    assert!(moved["dateUpdated"].is_string());
}

#[tokio::test]
async fn blocks_take_slots_too() {
    let (ghl, api, calendar) = ready().await;
    let body = json!({
        "calendarId": calendar,
        "locationId": LOCATION,
        "title": "Lunch",
        "startTime": NINE,
        "endTime": "2026-06-01T17:00:00-04:00",
    });
    let block = api
        .post("/calendars/events/block-slots", body)
        .await
        .expect(201);
    assert_eq!(block["title"], "Lunch");
    let found = slots(&api, &calendar, NOW, "2026-06-02T03:59:59Z").await;
    assert!(found.get("2026-06-01").is_none(), "a full day has no key");
    assert!(ghl.appointments(LOCATION).is_empty());
    let range = format!(
        "startTime={}&endTime={}",
        ms(NOW),
        ms("2026-06-08T00:00:00Z")
    );
    let query = format!("locationId={LOCATION}&calendarId={calendar}&{range}");
    let found = api
        .get(&format!("/calendars/blocked-slots?{query}"))
        .await
        .expect(200);
    assert_eq!(found["events"][0]["id"], block["id"]);
    let path = format!("/calendars/events/{}", block["id"].as_str().unwrap());
    let gone = api.delete(&path, Some(json!({}))).await.expect(201);
    assert_eq!(gone["succeeded"], true);
    api.delete(&path, None)
        .await
        .refused(404, "Event not found");
}

#[tokio::test]
async fn events_are_listed_by_range_and_one_of_three_owners() {
    let (ghl, api, calendar) = ready().await;
    api.post("/calendars/events/appointments", appointment(&ghl, NINE))
        .await
        .expect(200);
    let range = format!(
        "startTime={}&endTime={}",
        ms(NOW),
        ms("2026-06-02T00:00:00Z")
    );
    let path = format!("/calendars/events?locationId={LOCATION}&{range}");
    let reply = api.get(&path).await;
    reply.refused(422, "Either of userId, calendarId or groupId is required");
    let found = api
        .get(&format!("{path}&calendarId={calendar}"))
        .await
        .expect(200);
    assert_eq!(found["events"].as_array().unwrap().len(), 1);
    let user = ghl.user_id(LOCATION);
    let found = api.get(&format!("{path}&userId={user}")).await.expect(200);
    assert_eq!(found["events"][0]["assignedUserId"], user);
    let later = format!(
        "startTime={}&endTime={}",
        ms("2026-06-02T00:00:00Z"),
        ms("2026-06-03T00:00:00Z")
    );
    let path = format!("/calendars/events?locationId={LOCATION}&{later}&calendarId={calendar}");
    assert_eq!(api.get(&path).await.expect(200)["events"], json!([]));
}

#[tokio::test]
async fn calendars_are_listed() {
    let (_ghl, api, calendar) = ready().await;
    let found = api
        .get(&format!("/calendars/?locationId={LOCATION}"))
        .await
        .expect(200);
    assert_eq!(found["calendars"][0]["id"], calendar);
    assert_eq!(
        found["calendars"][0]["appoinmentPerSlot"], 1,
        "spelled like that"
    );
    let shown = api.get(&format!("/calendars/{calendar}")).await.expect(200);
    assert_eq!(shown["calendar"]["slotDuration"], 30);
}
