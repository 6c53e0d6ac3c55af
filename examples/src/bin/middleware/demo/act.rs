//! Lets the events of a plan happen, and writes down what they have to lead to.

use std::collections::BTreeMap;
use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result};
use integrations_testkit::ghl::WebhookSender;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::model::{Call, Effect, Model, Place, Silence, Text};
use super::plan::{CallEnd, Field, Plan, Source, Step, What};
use super::progress::Progress;
use crate::world::{LOCATION, Mail, Person, SEQUENCES, VERITY_NUMBER, World};

/// How long an opt-out may take to be acknowledged.
const ACKNOWLEDGED: Duration = Duration::from_secs(20);
/// One person in so many has a number that cannot be reached.
const UNREACHABLE: usize = 8;

/// Everything that happens in a demo.
pub(crate) struct Stage<'w> {
    world: &'w World,
    mail: &'w Mail,
    pub(crate) model: Model,
    /// How many events there were of each source.
    pub(crate) counts: BTreeMap<Source, u64>,
    /// What is kept up front because GoHighLevel blocks texts to the person itself.
    pub(crate) refused_by_ghl: u64,
}

impl<'w> Stage<'w> {
    pub(crate) fn new(world: &'w World, mail: &'w Mail) -> Self {
        let mut model = Model::of(&world.people);
        for (who, person) in world.people.iter().enumerate() {
            if who % UNREACHABLE == UNREACHABLE - 1 {
                world.verity.set_unreachable(&person.phone);
                model.unreachable.insert(who);
            }
        }
        Self {
            world,
            mail,
            model,
            counts: BTreeMap::new(),
            refused_by_ghl: 0,
        }
    }

    /// Lets all of it happen.
    ///
    /// # Errors
    /// When an opt-out is not acknowledged in time, or a simulator does not know what the plan names.
    pub(crate) async fn play(&mut self, plan: &Plan, progress: &Progress) -> Result<()> {
        for person in &plan.added {
            // Their fields are there before they are, so that an index is an index.
            self.model.add(person.clone());
        }
        for step in &plan.steps {
            sleep(step.pause).await;
            tracing::debug!(event = step.number, what = ?step.what, "happens");
            self.act(step).await?;
            *self.counts.entry(step.what.source()).or_default() += 1;
            progress.happened(step.number);
        }
        self.model.close();
        Ok(())
    }

    async fn act(&mut self, step: &Step) -> Result<()> {
        let event = step.number;
        match &step.what {
            What::Edit {
                in_ghl,
                who,
                field,
                value,
            } => self.edit(*in_ghl, *who, *field, value),
            What::Add { in_ghl, who } => self.add(*in_ghl, *who),
            What::Write { source, who, text } => self.write(event, *source, *who, text),
            What::Answer { source, who, text } => self.answer(event, *source, *who, text),
            What::Call { who, end } => self.call(event, *who, *end),
            What::Dispose { who, words } => self.dispose(*who, words),
            What::Stop { source, who } => self.stop(*source, *who).await,
            What::Start { source, who } => self.start(*source, *who).await,
            What::Announce { completed } => {
                let (id, figures) = self.world.broadcast(event, *completed);
                self.model.broadcasts.insert(id, (event, figures));
                self.model.expect(Effect::Broadcast { event });
                Ok(())
            }
        }
    }

    fn person(&self, who: usize) -> Result<&Person> {
        self.model.people.get(who).ok_or_else(unknown)
    }

    fn in_ghl(&self, who: usize) -> Result<&str> {
        self.person(who)?.ghl.as_deref().ok_or_else(unknown)
    }

    fn in_aloware(&self, who: usize) -> Result<&str> {
        self.person(who)?.aloware.as_deref().ok_or_else(unknown)
    }

    fn edit(&mut self, in_ghl: bool, who: usize, field: Field, value: &str) -> Result<()> {
        let done = match in_ghl {
            true => {
                let fields = json!({ field.in_ghl(): value });
                let id = self.in_ghl(who)?;
                self.world.ghl.edit_contact(LOCATION, id, fields)
            }
            false => {
                let fields = json!({ field.in_aloware(): value });
                self.world
                    .aloware
                    .edit_contact(self.in_aloware(who)?, fields)
            }
        };
        self.model.change(who, in_ghl, field, value);
        known(done)
    }

    fn add(&mut self, in_ghl: bool, who: usize) -> Result<()> {
        let person = self.person(who)?;
        match in_ghl {
            true => {
                self.world.ghl.add_contact(LOCATION, person.in_ghl());
            }
            false => {
                self.world.aloware.add_contact(person.in_aloware());
            }
        }
        Ok(())
    }

    /// A user of a system writes to a contact: the others hear of it, and from GoHighLevel it goes out through Verity.
    fn write(&mut self, event: usize, source: Source, who: usize, text: &str) -> Result<()> {
        let silent = self.model.is_silent(who);
        match source {
            Source::Ghl => {
                let contact = self.in_ghl(who)?;
                if self.world.ghl.write_sms(LOCATION, contact, text).is_none() {
                    // It knows already that this person said stop.
                    self.refused_by_ghl += 1;
                    return Ok(());
                }
                self.says(event, who, text, &[Place::Ghl]);
                if !silent {
                    self.says(event, who, text, &[Place::Verity]);
                }
                let arrived = !silent && !self.model.unreachable.contains(&who);
                self.model.expect(Effect::Status { event, arrived });
                self.model.outgoing.insert(event);
                if !silent && self.model.thawed.contains(&who) {
                    self.model.races.insert(event);
                }
            }
            Source::Aloware => {
                let contact = self.in_aloware(who)?;
                let written = self.world.aloware.write_sms(contact, text);
                known(written.is_some())?;
                self.says(event, who, text, &[Place::Aloware, Place::Ghl]);
            }
            Source::Texting | Source::Broadcast => {
                let phone = self.person(who)?.phone.clone();
                self.world.verity.write_text(&phone, text);
                // Aloware has no messages but its own: it is told in a note.
                self.says(
                    event,
                    who,
                    text,
                    &[Place::Verity, Place::Ghl, Place::Aloware],
                );
            }
        }
        Ok(())
    }

    /// A contact writes to one of the systems: GoHighLevel hears of it.
    fn answer(&mut self, event: usize, source: Source, who: usize, text: &str) -> Result<()> {
        self.receive(source, who, text)?;
        // As a message of its own, or in a note.
        self.says(event, who, text, &[Place::Aloware, Place::Ghl]);
        Ok(())
    }

    fn receive(&self, source: Source, who: usize, text: &str) -> Result<()> {
        let done = match source {
            Source::Ghl => {
                let contact = self.in_ghl(who)?;
                self.world
                    .ghl
                    .receive_sms(LOCATION, contact, text)
                    .is_some()
            }
            Source::Aloware => {
                let contact = self.in_aloware(who)?;
                self.world.aloware.receive_sms(contact, text).is_some()
            }
            Source::Texting | Source::Broadcast => {
                let phone = &self.person(who)?.phone;
                self.world.verity.receive_text(phone, VERITY_NUMBER, text);
                true
            }
        };
        known(done)
    }

    fn says(&mut self, event: usize, who: usize, text: &str, places: &[Place]) {
        self.model
            .texts
            .insert(text.to_owned(), Text { event, who });
        for at in places.iter().copied() {
            self.model.expect(Effect::Message { event, at });
        }
    }

    fn call(&mut self, event: usize, who: usize, end: CallEnd) -> Result<()> {
        let contact = self.in_aloware(who)?;
        let call = match end {
            CallEnd::Completed => self.world.aloware.complete_call(contact),
            CallEnd::Failed => self.world.aloware.fail_call(contact),
            CallEnd::Missed => self.world.aloware.miss_call(contact),
        };
        let call = call.ok_or_else(unknown)?;
        let summary = end == CallEnd::Completed;
        let told = Call {
            event,
            who,
            summary,
        };
        self.model.calls.insert(call, told);
        self.model.expect(Effect::Call { event });
        self.model.expect(Effect::CallNote { event });
        Ok(())
    }

    /// Who said stop is put into no sequence; words that lead to none leave everything as it is.
    fn dispose(&mut self, who: usize, words: &str) -> Result<()> {
        let done = self
            .world
            .aloware
            .dispose_contact(self.in_aloware(who)?, words);
        let sequence = SEQUENCES.iter().find(|(status, _)| *status == words);
        if let Some((_, sequence)) = sequence {
            match self.model.is_silent(who) {
                true => {
                    self.model.disposed.insert(who);
                }
                false => {
                    self.model.sequences.insert(who, (*sequence).to_owned());
                }
            }
        }
        known(done)
    }

    /// Somebody says stop. It counts from when the middleware has acknowledged it.
    async fn stop(&mut self, source: Source, who: usize) -> Result<()> {
        let waiting = self.under_way(who)?;
        self.model.races.extend(waiting);
        self.receive(source, who, "STOP")?;
        self.acknowledged(source).await?;
        // What was on its way until now may have gone out as well.
        let waiting = self.under_way(who)?;
        self.model.races.extend(waiting);
        self.model.silences.push(Silence {
            who,
            source,
            from: self.now(),
            until: None,
        });
        Ok(())
    }

    /// Somebody takes it back, where it was said. Aloware has no word for that: an agent does it.
    async fn start(&mut self, source: Source, who: usize) -> Result<()> {
        // What was refused so far is told so later; what waits may go out by then.
        let waiting = self.under_way(who)?;
        self.model.races.extend(waiting);
        let now = self.now();
        self.model.thawed.insert(who);
        match source {
            Source::Aloware => {
                let contact = self.in_aloware(who)?;
                let lifted = json!({ "is_opted_out": 0 });
                known(self.world.aloware.edit_contact(contact, lifted))?;
            }
            _ => self.receive(source, who, "START")?,
        }
        for silence in &mut self.model.silences {
            if silence.who == who && silence.source == source && silence.until.is_none() {
                silence.until = Some(now);
            }
        }
        self.acknowledged(source).await
    }

    async fn acknowledged(&self, source: Source) -> Result<()> {
        let sender: &WebhookSender = match source {
            Source::Ghl => &self.mail.ghl,
            Source::Aloware => &self.mail.aloware,
            Source::Texting | Source::Broadcast => &self.mail.texting,
        };
        match sender.settled(ACKNOWLEDGED).await {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::Timeout,
                "the middleware did not acknowledge an opt-out in time",
            )),
        }
    }

    /// The messages to a person that GoHighLevel still calls pending.
    fn under_way(&self, who: usize) -> Result<Vec<usize>> {
        let contact = self.in_ghl(who)?;
        let messages = self.world.ghl.messages(LOCATION);
        let waiting = messages
            .iter()
            .filter(|message| message["contactId"] == contact && message["status"] == "pending");
        let events = waiting.filter_map(|message| {
            let text = message["body"].as_str()?;
            let event = self.model.texts.get(text)?.event;
            self.model.outgoing.contains(&event).then_some(event)
        });
        Ok(events.collect())
    }

    fn now(&self) -> jiff::Timestamp {
        self.world.verity.clock().now()
    }
}

fn unknown() -> Error {
    Error::new(
        ErrorKind::Other,
        "the plan names somebody whom a simulator does not know",
    )
}

fn known(done: bool) -> Result<()> {
    done.then_some(()).ok_or_else(unknown)
}

/// Whether a value of a contact is there: absent and empty are the same.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    let text = value.as_str().map(str::trim);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}
