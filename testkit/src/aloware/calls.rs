use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    contacts::phone,
    events::Told,
    operations::{Members, Reply, text},
    state::World,
    users::USERS,
};
use crate::common::effect::Effect;

const NOBODY: &str =
    "Oops! Looks like we can not find any available inbox users. Please try again later.";

/// Rings an agent and then a contact. A refused one is no call, and nobody is told of it.
pub(crate) fn two_legged(world: &mut World, members: &Members) -> Reply {
    let user = text(members, "user_id");
    if user.is_none() && text(members, "ring_group_id").is_none() {
        return Reply::field("user_id", "The user id or ring group id field is required.");
    }
    let number = text(members, "contact_phone_number").and_then(|text| phone(&text));
    let contact = text(members, "contact_id").and_then(|id| id.parse::<u64>().ok());
    if number.is_none() && contact.is_none() {
        return Reply::field("contact_phone_number", "The contact field is required.");
    }
    if text(members, "line_phone_number").is_none() && text(members, "line_id").is_none() {
        return Reply::field("line_id", "The line field is required.");
    }
    let contact = contact.or_else(|| world.contact_with(number.as_deref().unwrap_or_default()));
    let Some(contact) = contact.filter(|id| world.contacts.contains_key(id)) else {
        return Reply::field("contact_id", "The selected contact is invalid.");
    };
    let known = user.is_none_or(|user| USERS.iter().any(|(id, ..)| id.to_string() == user));
    if !world.users_available || !known {
        return Reply::field("user", NOBODY);
    }
    world.completed_call(&contact.to_string());
    Reply::message(202, "Two legged call established.").wrote(Some(contact), Effect::Created)
}

fn put(body: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        body.extend(more);
    }
}

impl World {
    /// The six deliveries of a completed call, at the moments that were measured.
    pub(crate) fn completed_call(&mut self, contact: &str) -> Option<String> {
        let (contact, id, mut body) = self.call_begins(contact, 2, "OutboundPhoneCall")?;
        let ended = Duration::from_millis(70_400);
        put(
            &mut body,
            json!({
                "user_id": 42,
                "owner_id": 42,
                "current_status": "completed",
                "current_status2": 9,
                "disposition_status": "completed",
                "disposition_status2": 4,
                // What the provider sets by itself can be wrong.
                "call_disposition": "No Answer",
                "call_disposition_id": 31,
                "wait_time": 2,
                "talk_time": 63,
                "duration": 66,
                "customer_leg_status": 6,
                "has_recording": true,
                "direct_recording_url": format!("https://example.com/static/recording/{id}"),
                "updated_at": self.stamp(ended),
            }),
        );
        self.keep(id, &body);
        self.tell(
            "OutboundPhoneCall-DispositionCompleted",
            id,
            &body,
            Some(contact),
            ended,
        );
        let saved = Duration::from_millis(74_400);
        body.insert("updated_at".to_owned(), self.stamp(saved).into());
        self.tell("Recording-Saved", id, &without_contact(&body), None, saved);
        let disposed = Duration::from_secs(77);
        body.insert("updated_at".to_owned(), self.stamp(disposed).into());
        self.tell("Call-Disposed", id, &without_contact(&body), None, disposed);
        let summarized = Duration::from_millis(118_634);
        let at = self.stamp(summarized);
        let transcription = json!({
            "id": self.next,
            "transcription_id": uuid::Builder::from_u128(id.into()).into_uuid().to_string(),
            "driver": "assembly_ai",
            "communication_id": id,
            "user_id": 42,
            "company_id": 5001,
            "status": "completed",
            "summary_status": "completed",
            "summary_created_at": at,
            "created_at": at,
            "updated_at": at,
        });
        let summary = json!({
            "summary": "### Call Summary\n\nTest.",
            "json_summary": {},
            "transcription": transcription,
            "contact": {"id": contact},
            "communication": {"id": id},
        });
        self.publish(Told::new("transcription.call.summarized", id, summary).after(summarized));
        let saved = json!({
            "parsed_transcription": [],
            "transcription": {"id": self.next},
            "contact": {"id": contact},
            "communication": {"id": id},
            "summary": "",
        });
        let moment = Duration::from_millis(118_651);
        self.publish(Told::new("transcription.open_search.saved", id, saved).after(moment));
        Some(id.to_string())
    }

    pub(crate) fn failed_call(&mut self, contact: &str) -> Option<String> {
        let (contact, id, mut body) = self.call_begins(contact, 2, "OutboundPhoneCall")?;
        let ended = Duration::from_secs(4);
        put(
            &mut body,
            json!({
                "current_status": "completed",
                "current_status2": 9,
                "disposition_status": "failed",
                "disposition_status2": 5,
                "talk_time": 0,
                "duration": 0,
                "updated_at": self.stamp(ended),
            }),
        );
        self.keep(id, &body);
        let event = "OutboundPhoneCall-DispositionFailed";
        self.tell(event, id, &body, Some(contact), ended);
        Some(id.to_string())
    }

    pub(crate) fn missed_call(&mut self, contact: &str) -> Option<String> {
        let (contact, id, mut body) = self.call_begins(contact, 1, "InboundPhoneCall")?;
        let ended = Duration::from_secs(20);
        put(
            &mut body,
            json!({
                "current_status": "completed",
                "current_status2": 9,
                "disposition_status": "missed",
                "disposition_status2": 3,
                "talk_time": 0,
                "wait_time": 15,
                "updated_at": self.stamp(ended),
            }),
        );
        self.keep(id, &body);
        let event = "InboundPhoneCall-DispositionMissed";
        self.tell(event, id, &body, Some(contact), ended);
        let disposed = Duration::from_secs(24);
        body.insert("updated_at".to_owned(), self.stamp(disposed).into());
        self.tell("Call-Disposed", id, &without_contact(&body), None, disposed);
        Some(id.to_string())
    }

    pub(crate) fn disposed_again(&mut self, call: &str, words: &str) -> bool {
        let Ok(id) = call.parse::<u64>() else {
            return false;
        };
        let Some(mut body) = self.communications.get(&id).cloned() else {
            return false;
        };
        let later = Duration::from_secs(300);
        body.insert("call_disposition".to_owned(), words.into());
        body.insert("updated_at".to_owned(), self.stamp(later).into());
        self.keep(id, &body);
        self.tell(
            "Call-Disposed",
            id,
            &without_contact(&body),
            None,
            Duration::ZERO,
        );
        true
    }

    fn call_begins(
        &mut self,
        contact: &str,
        direction: u8,
        event: &'static str,
    ) -> Option<(u64, u64, Map<String, Value>)> {
        let contact: u64 = contact.parse().ok()?;
        self.contacts.get(&contact)?;
        let (id, mut body) = self.communication(Some(contact), direction, 1);
        put(
            &mut body,
            json!({
                "wait_time": 0,
                "talk_time": 0,
                "duration": 0,
                "customer_leg_status": null,
                "has_recording": false,
                "has_transcription": false,
            }),
        );
        self.keep(id, &body);
        self.tell(event, id, &body, Some(contact), Duration::ZERO);
        Some((contact, id, body))
    }

    /// Tells of a call as it is, in the types of the moment.
    fn tell(
        &mut self,
        event: &'static str,
        id: u64,
        body: &Map<String, Value>,
        contact: Option<u64>,
        after: Duration,
    ) {
        let mut body = body.clone();
        super::loose::loosen(&mut body, &mut self.rng);
        if let Some(contact) = contact {
            self.attach_contact(&mut body, contact);
        }
        self.publish(Told::new(event, id, Value::Object(body)).after(after));
    }
}

/// Some events of a call do not say whose it was.
fn without_contact(body: &Map<String, Value>) -> Map<String, Value> {
    let mut body = body.clone();
    body.remove("contact_id");
    body
}
