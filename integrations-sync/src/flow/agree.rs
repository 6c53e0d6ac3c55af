//! What the books learn when both sides are equal again.

use std::collections::BTreeMap;

use integrations_core::Result;
use integrations_core::model::{Channel, Contact};
use integrations_core::webhook::Object;
use integrations_store::{
    Echo, Mapping, MappingState, OptOutAddress, OptOutSource, OptOutWord, PutMapping, Side,
};
use std::time::Duration;

use super::base::{Base, OptBase};
use super::books::Entry;
use super::config::Clears;
use super::content::{ALL, Content, Entry as Value, hash};
use super::engine::Inner;
use super::merge::{Patch, apart};
use super::step::Synced;
use super::sync::{Pass, Read, Turn};
use super::write::overlay;

/// A pair that has just become equal, side by side.
#[derive(Debug)]
pub(crate) struct Agreement {
    pub(crate) mapping: Mapping,
    base: Base,
    clears: Clears,
    asked: bool,
    before: BTreeMap<String, OptBase>,
    echoes: Vec<(Side, Option<i64>)>,
    addresses: Vec<(Side, Vec<OptOutAddress>, Vec<OptOutAddress>)>,
}

impl Agreement {
    pub(crate) fn new(
        inner: &Inner,
        mut mapping: Mapping,
        base: Base,
        opt_outs: BTreeMap<String, OptBase>,
    ) -> Self {
        mapping.state = MappingState::Linked;
        (mapping.creating, mapping.intent_hash) = (None, None);
        let before = base.opt_outs.clone();
        let asked = base.asked;
        let mut base = base;
        (base.asked, base.keep, base.alone) = (false, None, false);
        base.opt_outs = opt_outs;
        base.writes.clear();
        Self {
            mapping,
            base,
            clears: inner.map.config().clears,
            asked,
            before,
            echoes: Vec::new(),
            addresses: Vec::new(),
        }
    }

    /// A side as it was read.
    pub(crate) fn side(&mut self, side: Side, read: &Read) {
        let hash = Some(read.content.hash());
        // Only a change by somebody else ends an echo: until then our last write is known.
        if self.mapping.hash(side) != hash {
            self.echoes.push((side, None));
        }
        self.base.agree(side, &read.content, self.clears);
        self.mapping.agree(side, hash, read.at);
        self.note_addresses(side, &read.contact);
    }

    /// A side as it is after our write: what it answered, and where it answered nothing, what was written.
    pub(crate) fn written(
        &mut self,
        inner: &Inner,
        side: Side,
        before: &Read,
        patch: &Patch,
        answer: Option<Contact>,
    ) -> Result<()> {
        let mut after = inner.expected(side, &before.content, patch);
        let (mut at, mut contact) = (before.at, before.contact.clone());
        if let Some(answer) = answer {
            let shown = inner.map.content(side, &answer)?;
            at = answer.updated_at.or(at);
            contact = answer;
            after = if before.content == Content::default() {
                self.believed(after, shown)
            } else {
                self.believed_of(patch, after, shown)
            };
        }
        let hash = after.hash();
        self.echoes.push((side, Some(hash)));
        self.base.agree(side, &after, self.clears);
        self.mapping.agree(side, Some(hash), at);
        self.note_addresses(side, &contact);
        Ok(())
    }

    /// What an answer to an update says of the fields that were written. Of the others it may show what somebody has
    /// changed since they were read: that is still to be brought to the other side, so it is not agreed on here.
    fn believed_of(&self, patch: &Patch, expected: Content, mut shown: Content) -> Content {
        let mut after = expected;
        for name in patch.fields.keys() {
            match shown.fields.remove(name) {
                Some(entry) => {
                    after.fields.insert(name.clone(), entry);
                }
                None if self.clears == Clears::Propagate => {
                    after.fields.remove(name);
                }
                None => {}
            }
        }
        for name in patch.sets.keys() {
            let Some(mut values) = shown.sets.remove(name) else {
                continue;
            };
            if let Some(written) = after.sets.get(name)
                && written.keys().all(|hash| values.contains_key(hash))
            {
                // It took all of ours as they are: what is there beside them was added meanwhile.
                values.retain(|hash, _| written.contains_key(hash));
            }
            if !values.is_empty() || self.clears == Clears::Propagate {
                after.sets.insert(name.clone(), values);
            }
        }
        for channel in patch.opt_outs.keys() {
            if let Some(blocked) = shown.opt_outs.remove(channel) {
                after.opt_outs.insert(channel.clone(), blocked);
            }
        }
        after
    }

    /// An answer to a creation counts where it says something. Where silence counts too, it counts alone.
    fn believed(&self, expected: Content, shown: Content) -> Content {
        if self.clears == Clears::Propagate {
            return shown;
        }
        let mut after = expected;
        after.fields.extend(shown.fields);
        for (name, values) in shown.sets {
            if !values.is_empty() {
                after.sets.insert(name, values);
            }
        }
        after.opt_outs.extend(shown.opt_outs);
        after
    }

    fn note_addresses(&mut self, side: Side, contact: &Contact) {
        let (phones, emails) = addresses(contact);
        self.addresses.push((side, phones, emails));
    }

    fn entry(self, inner: &Inner) -> Entry {
        let mut entry = Entry::new(&inner.tenant, &inner.name);
        entry.keep_echoes = Duration::from_secs(inner.map.config().echo_ttl);
        for (side, hash) in &self.echoes {
            if let Some(id) = self.mapping.external_id(*side) {
                let integration = inner.integration(*side);
                entry.echoes.push(match hash {
                    Some(hash) => Echo::written(integration, Object::Contact, id, *hash),
                    None => Echo::forgotten(integration, Object::Contact, id),
                });
            }
        }
        for (side, phones, emails) in &self.addresses {
            let Some(id) = self.mapping.external_id(*side) else {
                continue;
            };
            let source = OptOutSource::new(inner.source(*side)).with_subject(id);
            let said = (&self.before, &self.base.opt_outs);
            attribute(&mut entry, *side, &source, said, phones, emails);
        }
        let mut mapping = self.mapping;
        if self.asked {
            entry.withdrawn.push(subject(&mapping));
        }
        mapping.base = self.base.json();
        entry.put = Some(PutMapping::new(mapping));
        entry
    }
}

/// What a side says by itself goes into the register, and out of it when it says so no more.
fn attribute(
    entry: &mut Entry,
    side: Side,
    source: &OptOutSource,
    (before, now): (&BTreeMap<String, OptBase>, &BTreeMap<String, OptBase>),
    phones: &[OptOutAddress],
    emails: &[OptOutAddress],
) {
    for (name, now) in now {
        let channel = channel_of(name);
        if now.own(side) {
            entry.words.extend(stops(channel, source, phones, emails));
        } else if before.get(name).is_some_and(|was| was.own(side)) {
            entry.lifted.push((channel, source.clone()));
        }
    }
}

/// The channel of a word in the stored state; `None` for all of them.
pub(crate) fn channel_of(word: &str) -> Option<Channel> {
    (word != ALL).then(|| Channel::from(word))
}

/// The phone numbers and the e-mail addresses of a contact.
fn addresses(contact: &Contact) -> (Vec<OptOutAddress>, Vec<OptOutAddress>) {
    let phones = contact.phones().map(OptOutAddress::from).collect();
    let emails = contact.emails().map(OptOutAddress::from).collect();
    (phones, emails)
}

/// A STOP of a source for a channel, by each address that the channel goes to.
fn stops(
    channel: Option<Channel>,
    source: &OptOutSource,
    phones: &[OptOutAddress],
    emails: &[OptOutAddress],
) -> Vec<OptOutWord> {
    let none: &[OptOutAddress] = &[];
    let (phones, emails) = match &channel {
        Some(Channel::Email) => (none, emails),
        Some(Channel::Sms | Channel::Call | Channel::WhatsApp) => (phones, none),
        _ => (phones, emails),
    };
    phones
        .iter()
        .chain(emails)
        .map(|address| OptOutWord::stop(address.clone(), channel.clone(), source.clone()))
        .collect()
}

/// What a question about a mapping is about.
pub(crate) fn subject(mapping: &Mapping) -> String {
    format!("contact:{}", mapping.id)
}

impl Inner {
    /// Notes what a side was found to say by itself, before something is written over it.
    pub(crate) fn hear(
        &self,
        entry: &mut Entry,
        side: Side,
        id: &str,
        read: &Read,
        said: (&BTreeMap<String, OptBase>, &BTreeMap<String, OptBase>),
    ) {
        let (phones, emails) = addresses(&read.contact);
        let source = OptOutSource::new(self.source(side)).with_subject(id);
        attribute(entry, side, &source, said, &phones, &emails);
    }

    /// What a side will say when a patch is written to it.
    pub(crate) fn expected(&self, side: Side, before: &Content, patch: &Patch) -> Content {
        overlay(before, patch, |name, value| {
            let rule = self.map.rules().iter().find(|rule| rule.name == name);
            let text = rule.map_or_else(String::new, |rule| rule.field.on(side).normalise(value));
            Value {
                value: value.clone(),
                hash: hash(&[&text]),
            }
        })
    }

    /// Hears the STOP of a contact that is not synced otherwise. That it is taken back is heard from events alone: a
    /// listing shows every contact, and nearly none has anything to take back.
    pub(crate) async fn note_stops(
        &self,
        pass: &Pass,
        side: Side,
        id: &str,
        contact: &Contact,
    ) -> Result<()> {
        if pass.plan || !self.map.opt_outs() {
            return Ok(());
        }
        let (phones, emails) = addresses(contact);
        let source = OptOutSource::new(self.source(side)).with_subject(id);
        let all = contact.opt_outs.all.map(|stop| (None, stop));
        let channels = contact.opt_outs.channels.iter();
        let said = channels.map(|(channel, stop)| (Some(channel.clone()), *stop));
        let mut entry = Entry::new(&self.tenant, &self.name);
        for (channel, stop) in all.into_iter().chain(said) {
            if stop {
                entry
                    .words
                    .extend(stops(channel, &source, &phones, &emails));
            } else if pass.webhook {
                entry.lifted.push((channel, source.clone()));
            }
        }
        if entry.words.is_empty() && entry.lifted.is_empty() {
            return Ok(());
        }
        self.books.write(entry).await.map(drop)
    }

    /// A contact that is not synced otherwise: its STOP is heard, and it is shown that of others.
    pub(crate) async fn apart(
        &self,
        pass: &Pass,
        mut mapping: Mapping,
        side: Side,
        contact: &Contact,
    ) -> Result<Turn> {
        if pass.plan || !self.map.opt_outs() {
            return Ok(Turn::nothing());
        }
        // What cannot be read is a question already.
        let Ok(content) = self.map.content(side, contact) else {
            return Ok(Turn::nothing());
        };
        let mut base = Base::read(&mapping.base)?;
        if mapping.state != MappingState::Held {
            // It is nobody's other half any more.
            let channels = base.opt_outs.values_mut();
            channels.for_each(|channel| *channel = channel.without(side.other()));
        }
        let blocked = self.blocked([contact]).await?;
        let (said, patch) = apart(&self.map, &base, side, &content, &blocked);
        let lifts = pass.webhook && content.opt_outs.values().any(|blocked| !blocked);
        if patch.is_empty() && said == base.opt_outs && !lifts {
            return Ok(Turn::nothing());
        }
        let (phones, emails) = addresses(contact);
        let id = mapping.external_id(side).unwrap_or_default();
        let source = OptOutSource::new(self.source(side)).with_subject(id);
        let heard = || {
            let mut entry = Entry::new(&self.tenant, &self.name);
            for (name, now) in &said {
                let channel = channel_of(name);
                if now.own(side) {
                    entry
                        .words
                        .extend(stops(channel, &source, &phones, &emails));
                } else if content.opt_outs.get(name) == Some(&false) {
                    entry.lifted.push((channel, source.clone()));
                }
            }
            entry
        };
        let mut steps = Vec::new();
        if !patch.is_empty() {
            let mut intent = base.clone();
            intent.opt_outs.clone_from(&said);
            intent.intend(side, &patch);
            mapping.base = intent.json();
            match self.show(heard(), &mut mapping, side, &patch).await? {
                Some(step) => steps.push(step),
                None => return Ok(Turn::Again),
            }
        }
        let mut entry = heard();
        base.opt_outs = said;
        for (name, blocked) in &patch.opt_outs {
            base.opt_outs
                .entry(name.clone())
                .or_default()
                .show(side, *blocked);
        }
        mapping.base = base.json();
        entry.put = Some(PutMapping::new(mapping));
        let synced = Synced { steps, echo: false };
        Ok(if self.put(entry).await? {
            Turn::Done(synced)
        } else {
            Turn::Again
        })
    }

    /// Writes that both sides are equal.
    pub(crate) async fn agree(&self, agreement: Agreement, synced: Synced) -> Result<Turn> {
        let entry = agreement.entry(self);
        Ok(if self.put(entry).await? {
            Turn::Done(synced)
        } else {
            // What was written is there; the next turn finds both equal and says so.
            Turn::Again
        })
    }
}
