//! Reads what is there: from the simulators' own state and journals, not from what the middleware says of itself.

use std::collections::{BTreeMap, BTreeSet};

use integrations_core::Result;
use integrations_testkit::fault::FaultKind;
use integrations_testkit::ghl::{Effect as Outcome, WriteRecord};
use serde_json::Value;

use super::act::text_of;
use super::check::{Seen, Send, Write};
use super::model::{Effect, Fields, Model, Place};
use super::plan::Field;
use crate::app::Middleware;
use crate::records::{Kind, Records};
use crate::world::{LOCATION, World};

/// The words that people say stop and start with.
const WORDS: [&str; 2] = ["STOP", "START"];
/// What the simulated Aloware sums a call up with.
const SUMMARY: &str = "Call Summary";
/// A text message, among Aloware's communications.
const ALOWARE_TEXT: u64 = 2;

/// What stands in the systems, in the model's terms.
pub(crate) fn observe(world: &World, model: &Model) -> Seen {
    let mut seen = Seen::default();
    let people = people_of_ghl(world, model);
    contacts_of_ghl(world, model, &mut seen);
    contacts_of_aloware(world, model, &mut seen);
    messages_of_ghl(world, model, &people, &mut seen);
    notes_of_ghl(world, model, &people, &mut seen);
    messages_of_aloware(world, model, &mut seen);
    texts_of_verity(world, model, &mut seen);
    seen
}

/// What the middleware keeps of broadcasts: as good as nothing while the figures are not those that Verity has.
pub(crate) async fn broadcasts(
    middleware: &Middleware,
    model: &Model,
    seen: &mut Seen,
) -> Result<()> {
    let records = Records::new(middleware.store(), middleware.tenant());
    for (id, (event, figures)) in &model.broadcasts {
        let kept: Option<Value> = records.read(Kind::Broadcast, id).await?;
        let kept = kept.unwrap_or_default();
        let number = |name: &str| kept["analytics"][name].as_u64();
        let found = [number("delivered"), number("failed"), number("responses")];
        let wanted = [figures.delivered, figures.failed, figures.responses];
        if found == wanted.map(Some) {
            seen.note(Effect::Broadcast { event: *event });
        }
    }
    Ok(())
}

/// The messages that a fault kept from being sent, without their sender being able to know.
pub(crate) fn undecided(world: &World, model: &Model) -> BTreeSet<usize> {
    let sent: BTreeSet<_> = world
        .verity
        .texts()
        .into_iter()
        .map(|sent| sent.body)
        .collect();
    let struck = world.verity.struck_texts();
    let bodies = struck.iter().filter_map(|body| body["body"].as_str());
    let lost = bodies.filter(|body| !sent.contains(*body));
    lost.filter_map(|body| Some(model.texts.get(body)?.event))
        .collect()
}

/// The people whose enrolment was struck by a fault that leaves open whether it took effect.
pub(crate) fn unsure(world: &World, model: &Model) -> BTreeSet<usize> {
    let told = [
        FaultKind::Pass,
        FaultKind::Delay,
        FaultKind::DelayResponse,
        FaultKind::TooManyRequests,
    ];
    let people = people_of_aloware(world, model);
    let journal = world.aloware.write_journal();
    let struck = journal.iter().filter(|write| {
        let steps = ["sequences.", "power_dialer."];
        let step = steps.iter().any(|step| write.operation.starts_with(step));
        step && write.fault.is_some_and(|fault| !told.contains(&fault))
    });
    struck
        .filter_map(|write| people.get(write.contact.as_ref()?).copied())
        .collect()
}

fn people_of_aloware(world: &World, model: &Model) -> BTreeMap<String, usize> {
    let contacts = world.aloware.contacts();
    let known = contacts.iter().filter_map(|contact| {
        let who = model.with_phone(contact["phone_number"].as_str()?)?;
        Some((contact["id"].to_string(), who))
    });
    known.collect()
}

/// The writes to contacts of both systems, each system's in the order in which they took effect.
pub(crate) fn contact_writes(world: &World, model: &Model) -> Vec<Write> {
    let ghl = (
        Place::Ghl,
        world.ghl.write_journal(),
        people_of_ghl(world, model),
    );
    let aloware = world.aloware.write_journal();
    let aloware = (Place::Aloware, aloware, people_of_aloware(world, model));
    let mut writes = Vec::new();
    for (at, journal, people) in [ghl, aloware] {
        // Tags are put on again when a step after them has to be tried again; what a contact says is not.
        let contacts = journal.iter().filter(|write| {
            write.operation.starts_with("contacts.") && !write.operation.ends_with("Tags")
        });
        writes.extend(contacts.map(|record| write_of(at, record, &people)));
    }
    writes
}

fn write_of(at: Place, record: &WriteRecord, people: &BTreeMap<String, usize>) -> Write {
    let harmless = [FaultKind::Pass, FaultKind::Delay, FaultKind::DelayResponse];
    let contact = record.contact.as_ref();
    Write {
        at,
        who: contact.and_then(|id| people.get(id).copied()),
        fingerprint: record.fingerprint,
        unchanged: record.effect == Outcome::Unchanged,
        answered: record.status.is_some_and(|status| status < 400)
            && record.fault.is_none_or(|fault| harmless.contains(&fault)),
    }
}

fn people_of_ghl(world: &World, model: &Model) -> BTreeMap<String, usize> {
    let contacts = world.ghl.contacts(LOCATION);
    let known = contacts.iter().filter_map(|contact| {
        let who = model.with_phone(contact["phone"].as_str()?)?;
        Some((contact["id"].as_str()?.to_owned(), who))
    });
    known.collect()
}

impl Seen {
    fn note(&mut self, effect: Effect) {
        *self.effects.entry(effect).or_default() += 1;
    }

    fn unexplained(&mut self, at: Place, what: impl Into<String>) {
        let what = what.into();
        self.note(Effect::Unexplained { at, what });
    }
}

fn fields_of(contact: &Value, name: fn(Field) -> &'static str) -> Fields {
    let fields = Field::ALL.into_iter();
    let known = fields.filter_map(|field| Some((field, text_of(&contact[name(field)])?)));
    known.collect()
}

fn contacts_of_ghl(world: &World, model: &Model, seen: &mut Seen) {
    for contact in world.ghl.contacts(LOCATION) {
        let phone = contact["phone"].as_str().unwrap_or_default();
        let Some(who) = model.with_phone(phone) else {
            seen.unexplained(Place::Ghl, "a contact");
            continue;
        };
        let contacts = seen.ghl.entry(who).or_default();
        contacts.push(fields_of(&contact, Field::in_ghl));
        let sms = contact["dndSettings"]["SMS"]["status"].as_str();
        if matches!(sms, Some("active" | "permanent")) || contact["dnd"] == true {
            seen.note(Effect::Blocked { who });
        }
    }
}

fn contacts_of_aloware(world: &World, model: &Model, seen: &mut Seen) {
    for contact in world.aloware.contacts() {
        let phone = contact["phone_number"].as_str().unwrap_or_default();
        let Some(who) = model.with_phone(phone) else {
            seen.unexplained(Place::Aloware, "a contact");
            continue;
        };
        let contacts = seen.aloware.entry(who).or_default();
        contacts.push(fields_of(&contact, Field::in_aloware));
        lines_of_aloware(&contact, who, model, seen);
        for sequence in world.aloware.sequences_of(&contact["id"].to_string()) {
            seen.note(Effect::Sequence { who, sequence });
        }
    }
}

/// The texts of other systems, which stand in a contact's notes: each on a line of its own.
fn lines_of_aloware(contact: &Value, who: usize, model: &Model, seen: &mut Seen) {
    let notes = contact["notes"].as_str().unwrap_or_default();
    for line in notes.lines() {
        let mut texts = model.texts.iter();
        let text =
            texts.find(|(words, text)| text.who == who && line.contains(&format!(": {words} [")));
        match text {
            Some((_, text)) => seen.note(Effect::Message {
                event: text.event,
                at: Place::Aloware,
            }),
            None if WORDS
                .iter()
                .any(|word| line.contains(&format!(": {word} ["))) => {}
            None => seen.unexplained(Place::Aloware, "a line of notes"),
        }
    }
}

fn messages_of_ghl(
    world: &World,
    model: &Model,
    people: &BTreeMap<String, usize>,
    seen: &mut Seen,
) {
    for message in world.ghl.messages(LOCATION) {
        let who = message["contactId"].as_str().and_then(|id| people.get(id));
        let body = message["body"].as_str().unwrap_or_default();
        if message["messageType"] == "TYPE_CALL" {
            let named = message["altId"]
                .as_str()
                .and_then(|id| id.rsplit(':').next());
            match named.and_then(|id| model.calls.get(id)) {
                Some(call) if who == Some(&call.who) => {
                    seen.note(Effect::Call { event: call.event });
                }
                _ => seen.unexplained(Place::Ghl, "a call"),
            }
            continue;
        }
        let Some(text) = model.texts.get(body) else {
            if !WORDS.contains(&body) {
                seen.unexplained(Place::Ghl, format!("a message `{body}`"));
            }
            continue;
        };
        let event = text.event;
        if who != Some(&text.who) {
            seen.unexplained(
                Place::Ghl,
                format!("the message of event {event} at another person"),
            );
            continue;
        }
        let at = Place::Ghl;
        seen.note(Effect::Message { event, at });
        if model.outgoing.contains(&event) {
            match message["status"].as_str() {
                Some("delivered" | "read") => seen.note(Effect::Status {
                    event,
                    arrived: true,
                }),
                Some("failed") => seen.note(Effect::Status {
                    event,
                    arrived: false,
                }),
                _ => {}
            }
        }
    }
}

/// Each names the call that it is about, and is worth nothing while it does not say all that is known of it.
fn notes_of_ghl(world: &World, model: &Model, people: &BTreeMap<String, usize>, seen: &mut Seen) {
    for note in world.ghl.notes(LOCATION) {
        let body = note["body"].as_str().unwrap_or_default();
        let who = note["contactId"].as_str().and_then(|id| people.get(id));
        let mut calls = model.calls.iter();
        let call = calls.find(|(id, call)| body.contains(id.as_str()) && who == Some(&call.who));
        match call {
            Some((_, call)) if call.summary && !body.contains(SUMMARY) => {}
            Some((_, call)) => seen.note(Effect::CallNote { event: call.event }),
            None => seen.unexplained(Place::Ghl, "a note"),
        }
    }
}

fn messages_of_aloware(world: &World, model: &Model, seen: &mut Seen) {
    for message in world.aloware.communications() {
        if message["type"].as_u64() != Some(ALOWARE_TEXT) {
            continue;
        }
        let body = message["body"].as_str().unwrap_or_default();
        match model.texts.get(body) {
            Some(text) => seen.note(Effect::Message {
                event: text.event,
                at: Place::Aloware,
            }),
            None if WORDS.contains(&body) => {}
            None => seen.unexplained(Place::Aloware, format!("a message `{body}`")),
        }
    }
    let people = people_of_aloware(world, model);
    for write in world.aloware.write_journal() {
        let sent = write.operation == "messages.send" && write.effect == Outcome::Created;
        let who = write.contact.as_ref().and_then(|id| people.get(id));
        if let (true, Some(who)) = (sent, who) {
            seen.sends.push(Send {
                who: *who,
                at: write.at,
            });
        }
    }
}

fn texts_of_verity(world: &World, model: &Model, seen: &mut Seen) {
    for sent in world.verity.texts() {
        let who = model.with_phone(&sent.to);
        match (model.texts.get(&sent.body), who) {
            (Some(text), Some(who)) if text.who == who => seen.note(Effect::Message {
                event: text.event,
                at: Place::Verity,
            }),
            _ => seen.unexplained(Place::Verity, format!("a text `{}`", sent.body)),
        }
        if let (true, Some(who)) = (sent.by_api, who) {
            seen.sends.push(Send { who, at: sent.at });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::check::check;
    use crate::demo::model::{Call, Text};

    #[tokio::test]
    async fn what_stands_in_the_simulators_is_seen_and_nothing_else() {
        let world = World::start(5).await.unwrap();
        let mut model = Model::of(&world.people);
        assert_eq!(check(&model, &observe(&world, &model)).why, [""; 0]);

        let contact = |who: usize| world.people[who].ghl.as_deref().unwrap();
        let caller = |who: usize| world.people[who].aloware.as_deref().unwrap();
        world.ghl.write_sms(LOCATION, contact(1), "text 1").unwrap();
        world.verity.write_text(&world.people[2].phone, "text 2");
        world.aloware.write_sms(caller(3), "text 3").unwrap();
        let call = world.aloware.fail_call(caller(4)).unwrap();
        for (event, at) in [(1, Place::Ghl), (2, Place::Verity), (3, Place::Aloware)] {
            let who = event;
            model
                .texts
                .insert(format!("text {event}"), Text { event, who });
            model.expect(Effect::Message { event, at });
        }
        let told = Call {
            event: 4,
            who: 4,
            summary: false,
        };
        model.calls.insert(call, told);
        model.expect(Effect::Call { event: 4 });
        let verdict = check(&model, &observe(&world, &model));
        assert_eq!(verdict.why, ["missing: call of event 4 in GoHighLevel"]);

        // The same text at another person, and one that nobody wrote.
        world.ghl.write_sms(LOCATION, contact(5), "text 1").unwrap();
        world.verity.write_text(&world.people[2].phone, "Forged");
        let verdict = check(&model, &observe(&world, &model));
        assert_eq!(
            (verdict.lost, verdict.unexpected),
            (1, 2),
            "{:?}",
            verdict.why
        );

        // An edit in one system alone.
        let fields = serde_json::json!({"city": "Oslo"});
        world.ghl.edit_contact(LOCATION, contact(6), fields);
        let verdict = check(&model, &observe(&world, &model));
        assert_eq!(verdict.contacts.source - verdict.contacts.mirrored, 1);
    }
}
