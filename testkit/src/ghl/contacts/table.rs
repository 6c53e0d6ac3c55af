use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::model::Contact;

/// How far the search lags behind writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SearchDelay {
    pub(crate) lag: Duration,
    /// The most that a single write takes longer.
    pub(crate) jitter: Duration,
}

/// The contacts of one location, and the search index that lags behind them.
#[derive(Debug)]
pub(crate) struct ContactTable {
    rows: BTreeMap<String, Arc<Contact>>,
    keys: Keys,
    index: Index,
    /// What the search does not see yet, by when it will.
    pending: BTreeMap<(Instant, u64), Write>,
    writes: u64,
    delay: SearchDelay,
    rng: fastrand::Rng,
    /// What was written since somebody asked, when anybody asks.
    changes: Option<Vec<Write>>,
    /// Whether everything was indexed at once since somebody asked.
    settled: bool,
    /// How long ago the writes happened that come now: not at all, but when they are replayed.
    age: Duration,
}

/// An id, and the contact that it has then; none if it is deleted.
pub(crate) type Write = (String, Option<Arc<Contact>>);

/// What a search sees.
#[derive(Debug, Default)]
pub(crate) struct Index {
    rows: BTreeMap<String, Arc<Contact>>,
    keys: Keys,
    /// The number of the write that was indexed last, so that a late one does not undo a later one.
    versions: HashMap<String, u64>,
    pub(crate) added: Dates,
    pub(crate) updated: Dates,
}

/// Contacts by a date; the id breaks ties in both directions.
#[derive(Debug, Default)]
pub(crate) struct Dates {
    ascending: BTreeSet<(i64, String)>,
    descending: BTreeSet<(Reverse<i64>, String)>,
}

impl ContactTable {
    pub(crate) fn new(delay: SearchDelay, seed: u64) -> Self {
        Self {
            rows: BTreeMap::new(),
            keys: Keys::default(),
            index: Index::default(),
            pending: BTreeMap::new(),
            writes: 0,
            delay,
            rng: fastrand::Rng::with_seed(seed),
            changes: None,
            settled: false,
            age: Duration::ZERO,
        }
    }

    /// From now on, writes are kept for [`take_changes`](Self::take_changes).
    pub(crate) fn record_changes(&mut self) {
        self.changes = Some(Vec::new());
    }

    /// The writes since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<Write> {
        self.changes
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Contact>> {
        self.rows.get(id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Contact>> {
        self.rows.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Writes a contact, new or changed.
    pub(crate) fn put(&mut self, contact: Contact) -> Arc<Contact> {
        let contact = Arc::new(contact);
        let id = contact.id.clone();
        if let Some(old) = self.rows.insert(id.clone(), Arc::clone(&contact)) {
            self.keys.remove(&old);
        }
        self.keys.insert(&contact);
        self.later(id, Some(Arc::clone(&contact)));
        contact
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Arc<Contact>> {
        let old = self.rows.remove(id)?;
        self.keys.remove(&old);
        self.later(id.to_owned(), None);
        Some(old)
    }

    fn later(&mut self, id: String, contact: Option<Arc<Contact>>) {
        if let Some(changes) = &mut self.changes {
            changes.push((id.clone(), contact.clone()));
        }
        self.writes += 1;
        let longer = self.delay.jitter.mul_f64(self.rng.f64());
        let due = Instant::now() + (self.delay.lag + longer).saturating_sub(self.age);
        self.pending.insert((due, self.writes), (id, contact));
    }

    /// Whether [`settle`](Self::settle) was called since the last call.
    pub(crate) fn take_settled(&mut self) -> bool {
        std::mem::take(&mut self.settled)
    }

    /// What is written from now on was written so long ago.
    pub(crate) fn set_age(&mut self, age: Duration) {
        self.age = age;
    }

    /// The contact with this email or this phone, and which of the two matched.
    pub(crate) fn duplicate(
        &self,
        email: Option<&str>,
        phone: Option<&str>,
        except: Option<&str>,
    ) -> Option<(&Arc<Contact>, &'static str)> {
        let candidates = [
            ("email", email.map(email_key)),
            ("phone", phone.map(phone_key)),
        ];
        candidates.into_iter().find_map(|(field, key)| {
            let ids = self.keys.of(&key?);
            let id = ids.iter().find(|id| Some(id.as_str()) != except)?;
            Some((self.rows.get(id)?, field))
        })
    }

    /// The contacts that share an email or a phone.
    pub(crate) fn twins(&self) -> Vec<Vec<String>> {
        let shared = self.keys.0.values().filter(|ids| ids.len() > 1);
        let mut twins: Vec<_> = shared.cloned().collect();
        twins.iter_mut().for_each(|ids| ids.sort_unstable());
        twins.sort_unstable();
        twins.dedup();
        twins
    }

    /// What a search sees: everything older than the lag.
    pub(crate) fn searchable(&mut self) -> &Index {
        let now = Instant::now();
        while let Some(entry) = self.pending.first_entry()
            && entry.key().0 <= now
        {
            let ((_, write), (id, contact)) = entry.remove_entry();
            self.index.take(write, id, contact);
        }
        &self.index
    }

    /// Indexes everything at once.
    pub(crate) fn settle(&mut self) {
        self.settled = true;
        for ((_, write), (id, contact)) in std::mem::take(&mut self.pending) {
            self.index.take(write, id, contact);
        }
    }
}

impl Index {
    fn take(&mut self, write: u64, id: String, contact: Option<Arc<Contact>>) {
        let version = self.versions.entry(id.clone()).or_default();
        if *version > write {
            return;
        }
        *version = write;
        if let Some(old) = self.rows.remove(&id) {
            self.keys.remove(&old);
            self.added.remove(old.added, &id);
            self.updated.remove(old.updated, &id);
        }
        if let Some(contact) = contact {
            self.keys.insert(&contact);
            self.added.insert(contact.added, &id);
            self.updated.insert(contact.updated, &id);
            self.rows.insert(id, contact);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Contact>> {
        self.rows.get(id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Contact>> {
        self.rows.values()
    }

    /// Those whose email is this, whatever the case.
    pub(crate) fn by_email(&self, email: &str) -> &[String] {
        self.keys.of(&email_key(email))
    }

    /// Those whose phone is exactly this.
    pub(crate) fn by_phone(&self, phone: &str) -> &[String] {
        self.keys.of(&phone_key(phone))
    }
}

impl Dates {
    fn insert(&mut self, date: i64, id: &str) {
        self.ascending.insert((date, id.to_owned()));
        self.descending.insert((Reverse(date), id.to_owned()));
    }

    fn remove(&mut self, date: i64, id: &str) {
        self.ascending.remove(&(date, id.to_owned()));
        self.descending.remove(&(Reverse(date), id.to_owned()));
    }

    /// How many there are from one date to another, both included.
    pub(crate) fn count(&self, from: i64, to: i64) -> usize {
        if from > to {
            return 0;
        }
        let from = (from, String::new());
        let range = self.ascending.range(from..);
        range.take_while(|(date, _)| *date <= to).count()
    }

    /// Those from `from` to `to`, oldest first, behind a date and id.
    pub(crate) fn oldest_first(
        &self,
        from: i64,
        to: i64,
        after: Option<(i64, &str)>,
    ) -> impl Iterator<Item = &str> {
        let start = (from, String::new());
        let start = after.map_or(start.clone(), |(date, id)| (date, id.to_owned()).max(start));
        let rows = self.ascending.range(start..);
        rows.skip_while(move |(date, id)| Some((*date, id.as_str())) == after)
            .take_while(move |(date, _)| *date <= to)
            .map(|(_, id)| id.as_str())
    }

    /// The same, newest first; ids ascend here too.
    pub(crate) fn newest_first(
        &self,
        from: i64,
        to: i64,
        after: Option<(i64, &str)>,
    ) -> impl Iterator<Item = &str> {
        let start = (Reverse(to), String::new());
        let start = after.map_or(start.clone(), |(date, id)| {
            (Reverse(date), id.to_owned()).max(start)
        });
        let rows = self.descending.range(start..);
        rows.skip_while(move |(date, id)| Some((date.0, id.as_str())) == after)
            .take_while(move |(date, _)| date.0 >= from)
            .map(|(_, id)| id.as_str())
    }
}

/// Contacts by email and phone.
#[derive(Debug, Default)]
struct Keys(HashMap<String, Vec<String>>);

impl Keys {
    fn insert(&mut self, contact: &Contact) {
        for key in keys(contact) {
            self.0.entry(key).or_default().push(contact.id.clone());
        }
    }

    fn remove(&mut self, contact: &Contact) {
        for key in keys(contact) {
            if let Some(ids) = self.0.get_mut(&key) {
                ids.retain(|id| *id != contact.id);
                if ids.is_empty() {
                    self.0.remove(&key);
                }
            }
        }
    }

    fn of(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }
}

fn email_key(email: &str) -> String {
    format!("e:{}", email.to_lowercase())
}

fn phone_key(phone: &str) -> String {
    format!("p:{phone}")
}

fn keys(contact: &Contact) -> impl Iterator<Item = String> {
    let email = contact.text("email").map(email_key);
    let phone = contact.text("phone").map(phone_key);
    email.into_iter().chain(phone)
}
