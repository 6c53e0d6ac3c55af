//! What outlives the process: a file that every change is appended to before anybody is answered, and that is read at
//! the next start.
//!
//! One line for each time that the world was held, so that what belongs together (a contact, the record of the write,
//! the arrival at the rate limiter) is kept together or not at all. A line that a kill cut off is as if the process had
//! been killed a moment before it.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    auth::{Caller, Token},
    clock::machine_time,
    contacts::model::Contact,
    journal::{Effect, RequestRecord, TokenClass, WriteRecord},
    limit::Key,
    route,
    state::World,
};

/// The file, and what it was not told yet.
#[derive(Debug)]
pub(crate) struct Disk {
    file: File,
    /// The state of the ids that it knows.
    ids: u64,
    exchanges: Vec<Exchange>,
    tokens: BTreeSet<String>,
}

/// A request that was served.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) sequence: usize,
    pub(crate) status: u16,
    pub(crate) held: bool,
    /// The budget that it arrived at, and whether there was room.
    pub(crate) budget: Option<(Key, bool)>,
}

impl World {
    /// Takes up what the file says, and writes to it from now on.
    pub(crate) fn journal_to(&mut self, path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n');
        let whole = whole.map_or(0, |end| end + 1);
        let now = machine_time();
        for (at, line) in text[..whole].split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let told = serde_json::from_slice::<Value>(line).ok();
            told.and_then(|line| self.replay(&line, now))
                .ok_or_else(|| {
                    let why = format!("{}: line {} is not understood", path.display(), at + 1);
                    io::Error::new(io::ErrorKind::InvalidData, why)
                })?;
        }
        if whole < text.len() {
            file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
        }
        self.starts.push(self.journal.len());
        for location in self.locations.values_mut() {
            location.contacts.set_age(Duration::ZERO);
            location.contacts.take_settled();
            location.contacts.record_changes();
        }
        file.write_all(format!("{}\n", json!({ "start": true })).as_bytes())?;
        self.disk = Some(Disk {
            file,
            ids: self.ids.state(),
            exchanges: Vec::new(),
            tokens: BTreeSet::new(),
        });
        Ok(())
    }

    /// Notes a request for the file.
    pub(crate) fn keep_exchange(&mut self, exchange: Exchange) {
        if let Some(disk) = &mut self.disk {
            disk.exchanges.push(exchange);
        }
    }

    /// Notes a token that was issued, revoked or restored for the file.
    pub(crate) fn keep_token(&mut self, token: &str) {
        if let Some(disk) = &mut self.disk {
            disk.tokens.insert(token.to_owned());
        }
    }

    /// Appends what is new.
    ///
    /// # Panics
    ///
    /// If that fails: whoever waits for an answer must not get one.
    pub(crate) fn persist(&mut self) {
        let Some(mut disk) = self.disk.take() else {
            return;
        };
        if let Some(line) = self.line(&mut disk) {
            let written = disk.file.write_all(line.as_bytes());
            written.expect("the simulator's journal can be written");
        }
        self.disk = Some(disk);
    }

    fn line(&mut self, disk: &mut Disk) -> Option<String> {
        let (mut contacts, mut settled) = (Vec::new(), Vec::new());
        for location in self.locations.values_mut() {
            for (id, contact) in location.contacts.take_changes() {
                contacts.push(match contact {
                    Some(contact) => contact_line(&contact),
                    None => json!({ "location": location.id, "id": id }),
                });
            }
            if location.contacts.take_settled() {
                settled.push(json!(location.id));
            }
        }
        let ids = self.ids.state();
        let quiet = contacts.is_empty()
            && settled.is_empty()
            && disk.exchanges.is_empty()
            && disk.tokens.is_empty();
        if quiet && ids == disk.ids {
            return None;
        }
        disk.ids = ids;
        let mut line = Map::new();
        line.insert("t".into(), json!(machine_time().as_millisecond()));
        line.insert("ids".into(), json!(ids));
        if !contacts.is_empty() {
            line.insert("contacts".into(), Value::Array(contacts));
        }
        if !settled.is_empty() {
            line.insert("settled".into(), Value::Array(settled));
        }
        let exchanges: Vec<Value> = std::mem::take(&mut disk.exchanges)
            .iter()
            .filter_map(|exchange| self.exchange_line(exchange))
            .collect();
        if !exchanges.is_empty() {
            line.insert("exchanges".into(), Value::Array(exchanges));
        }
        let tokens: Vec<Value> = std::mem::take(&mut disk.tokens)
            .iter()
            .filter_map(|token| Some(token_line(token, self.auth.tokens.get(token)?)))
            .collect();
        if !tokens.is_empty() {
            line.insert("tokens".into(), Value::Array(tokens));
        }
        let mut line = Value::Object(line).to_string();
        line.push('\n');
        Some(line)
    }

    fn exchange_line(&self, exchange: &Exchange) -> Option<Value> {
        let record = self.journal.get(exchange.sequence)?;
        let mut line = json!({
            "at": record.at.as_millisecond(),
            "method": record.method,
            "path": record.path,
            "query": record.query,
            "version": record.version,
            "operation": record.operation,
            "token": word_of(&CLASSES, record.token),
            "location": record.location,
            "status": exchange.status,
            "held": exchange.held,
            "fault": record.fault.is_some(),
            "applied": record.applied,
        });
        if let Some((key, allowed)) = &exchange.budget {
            line["budget"] = json!([key.app, key.resource, allowed]);
        }
        if let Some(write) = record.write.and_then(|at| self.writes.get(at)) {
            line["write"] = json!([
                write.contact,
                word_of(&EFFECTS, write.effect),
                write.fingerprint
            ]);
        }
        Some(line)
    }

    /// Takes up one line; `None` when it makes no sense.
    fn replay(&mut self, line: &Value, now: Timestamp) -> Option<()> {
        if line.get("start").is_some() {
            self.starts.push(self.journal.len());
            return Some(());
        }
        self.ids.restore(line["ids"].as_u64()?);
        let written = Timestamp::from_millisecond(line["t"].as_i64()?).ok()?;
        let age = Duration::try_from(now.duration_since(written)).unwrap_or_default();
        let list = |name: &str| {
            line.get(name)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        for row in list("contacts") {
            let place = self.locations.get_mut(row["location"].as_str()?)?;
            place.contacts.set_age(age);
            match read_contact(row)? {
                Ok(contact) => drop(place.contacts.put(contact)),
                Err(gone) => drop(place.contacts.remove(gone)),
            }
        }
        for location in list("settled") {
            self.locations
                .get_mut(location.as_str()?)?
                .contacts
                .settle();
        }
        for token in list("tokens") {
            let (name, token) = read_token(token)?;
            self.auth.tokens.insert(name, token);
        }
        for exchange in list("exchanges") {
            self.replay_exchange(exchange, age)?;
        }
        Some(())
    }

    fn replay_exchange(&mut self, line: &Value, age: Duration) -> Option<()> {
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| line.get(name) == Some(&Value::Bool(true));
        let status = u16::try_from(line["status"].as_u64()?).ok()?;
        let operation = line["operation"].as_str().and_then(route::named);
        let at = Timestamp::from_millisecond(line["at"].as_i64()?).ok()?;
        let sequence = self.journal.len();
        let mut record = RequestRecord {
            sequence,
            at,
            method: text("method")?,
            path: text("path")?,
            query: text("query")?,
            version: text("version"),
            operation: operation.map(|operation| operation.name),
            token: meaning(&CLASSES, line["token"].as_str()?)?,
            location: text("location"),
            status: Some(status),
            applied: flag("applied"),
            fault: None,
            write: None,
        };
        let throttled = line.get("budget").is_some_and(|budget| budget[2] == false);
        if let Some(budget) = line.get("budget") {
            let key = Key {
                app: budget[0].as_str()?.to_owned(),
                resource: budget[1].as_str()?.to_owned(),
            };
            self.limiter.replay(&key, !throttled, age);
        }
        let held = flag("held");
        self.stats.requests += 1;
        self.stats.faults += u64::from(flag("fault"));
        self.stats.throttled += u64::from(throttled && !held);
        self.stats.refused += u64::from(matches!(status, 401 | 403) && !held);
        if let Some(operation) = operation.filter(|_| record.applied) {
            let counts = if operation.writes() {
                &mut self.stats.writes
            } else {
                &mut self.stats.reads
            };
            *counts.entry(operation.name).or_default() += 1;
        }
        if let Some(write) = line.get("write") {
            record.write = Some(self.writes.len());
            self.writes.push(WriteRecord {
                sequence,
                at,
                operation: record.operation.unwrap_or_default(),
                location: record.location.clone(),
                contact: write[0].as_str().map(str::to_owned),
                status: Some(status),
                effect: meaning(&EFFECTS, write[1].as_str()?)?,
                fingerprint: write[2].as_u64()?,
                fault: None,
            });
        }
        self.journal.push(record);
        Some(())
    }
}

const EFFECTS: [(&str, Effect); 5] = [
    ("none", Effect::None),
    ("created", Effect::Created),
    ("changed", Effect::Changed),
    ("unchanged", Effect::Unchanged),
    ("deleted", Effect::Deleted),
];

const CLASSES: [(&str, TokenClass); 5] = [
    ("none", TokenClass::None),
    ("private_location", TokenClass::PrivateLocation),
    ("private_agency", TokenClass::PrivateAgency),
    ("oauth_location", TokenClass::OAuthLocation),
    ("oauth_company", TokenClass::OAuthCompany),
];

fn word_of<T: PartialEq>(words: &[(&'static str, T)], meaning: T) -> &'static str {
    let found = words.iter().find(|(_, known)| *known == meaning);
    found.map_or("none", |(word, _)| word)
}

fn meaning<T: Copy>(words: &[(&'static str, T)], word: &str) -> Option<T> {
    let found = words.iter().find(|(known, _)| *known == word);
    found.map(|(_, meaning)| *meaning)
}

fn contact_line(contact: &Arc<Contact>) -> Value {
    json!({
        "id": contact.id,
        "location": contact.location,
        "added": contact.added,
        "updated": contact.updated,
        "fields": contact.fields,
        "tags": contact.tags,
        "custom": contact.custom,
        "dnd": contact.dnd,
    })
}

/// A contact as it was written, or the id of one that was deleted.
fn read_contact(row: &Value) -> Option<Result<Contact, &str>> {
    let id = row["id"].as_str()?;
    if row.get("fields").is_none() {
        return Some(Err(id));
    }
    let map = |name: &str| row[name].as_object().cloned();
    let tags = row["tags"].as_array()?.iter();
    Some(Ok(Contact {
        id: id.to_owned(),
        location: row["location"].as_str()?.to_owned(),
        added: row["added"].as_i64()?,
        updated: row["updated"].as_i64()?,
        fields: map("fields")?,
        tags: tags
            .map(|tag| tag.as_str().map(str::to_owned))
            .collect::<Option<_>>()?,
        custom: map("custom")?,
        dnd: map("dnd")?,
    }))
}

fn token_line(name: &str, token: &Token) -> Value {
    json!({
        "name": name,
        "class": word_of(&CLASSES, token.caller.class),
        "company": token.caller.company,
        "location": token.caller.location,
        "scopes": token.caller.scopes,
        "revoked": token.revoked,
    })
}

fn read_token(line: &Value) -> Option<(String, Token)> {
    let scopes = line["scopes"].as_array()?.iter();
    let token = Token {
        caller: Caller {
            class: meaning(&CLASSES, line["class"].as_str()?)?,
            company: line["company"].as_str()?.to_owned(),
            location: line["location"].as_str().map(str::to_owned),
            scopes: scopes
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            client_id: None,
        },
        expires: None,
        revoked: line["revoked"].as_bool()?,
    };
    Some((line["name"].as_str()?.to_owned(), token))
}
