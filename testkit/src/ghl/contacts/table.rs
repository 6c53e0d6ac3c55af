use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::model::Contact;

/// The contacts of one location, and the search index that lags behind them.
#[derive(Debug)]
pub(crate) struct ContactTable {
    rows: BTreeMap<String, Arc<Contact>>,
    keys: HashMap<String, Vec<String>>,
    index: BTreeMap<String, Arc<Contact>>,
    pending: VecDeque<(Instant, String, Option<Arc<Contact>>)>,
    lag: Duration,
}

impl ContactTable {
    pub(crate) fn new(lag: Duration) -> Self {
        Self {
            rows: BTreeMap::new(),
            keys: HashMap::new(),
            index: BTreeMap::new(),
            pending: VecDeque::new(),
            lag,
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Contact>> {
        self.rows.get(id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Contact>> {
        self.rows.values()
    }

    /// Writes a contact, new or changed.
    pub(crate) fn put(&mut self, contact: Contact) -> Arc<Contact> {
        let contact = Arc::new(contact);
        let id = contact.id.clone();
        let old = self.rows.insert(id.clone(), Arc::clone(&contact));
        self.forget_keys(&id, old.as_deref());
        for key in keys(&contact) {
            self.keys.entry(key).or_default().push(id.clone());
        }
        self.pending
            .push_back((Instant::now(), id, Some(Arc::clone(&contact))));
        contact
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Arc<Contact>> {
        let old = self.rows.remove(id)?;
        self.forget_keys(id, Some(&old));
        self.pending
            .push_back((Instant::now(), id.to_owned(), None));
        Some(old)
    }

    fn forget_keys(&mut self, id: &str, old: Option<&Contact>) {
        for key in old.into_iter().flat_map(keys) {
            if let Some(ids) = self.keys.get_mut(&key) {
                ids.retain(|other| other != id);
            }
        }
    }

    /// The contact with this email or this phone, and which of the two matched.
    pub(crate) fn duplicate(
        &self,
        email: Option<&str>,
        phone: Option<&str>,
        except: Option<&str>,
    ) -> Option<(&Arc<Contact>, &'static str)> {
        let candidates = [
            (
                "email",
                email.map(|email| format!("e:{}", email.to_lowercase())),
            ),
            ("phone", phone.map(|phone| format!("p:{phone}"))),
        ];
        candidates.into_iter().find_map(|(field, key)| {
            let ids = self.keys.get(&key?)?;
            let id = ids.iter().find(|id| Some(id.as_str()) != except)?;
            Some((self.rows.get(id)?, field))
        })
    }

    /// What a search sees: everything older than the lag.
    pub(crate) fn searchable(&mut self) -> &BTreeMap<String, Arc<Contact>> {
        let now = Instant::now();
        while self
            .pending
            .front()
            .is_some_and(|(at, _, _)| now - *at >= self.lag)
        {
            self.index_next();
        }
        &self.index
    }

    /// Indexes everything at once.
    pub(crate) fn settle(&mut self) {
        while !self.pending.is_empty() {
            self.index_next();
        }
    }

    fn index_next(&mut self) {
        match self.pending.pop_front() {
            Some((_, id, Some(contact))) => {
                self.index.insert(id, contact);
            }
            Some((_, id, None)) => {
                self.index.remove(&id);
            }
            None => {}
        }
    }
}

fn keys(contact: &Contact) -> impl Iterator<Item = String> {
    let email = contact
        .text("email")
        .map(|e| format!("e:{}", e.to_lowercase()));
    let phone = contact.text("phone").map(|p| format!("p:{p}"));
    email.into_iter().chain(phone)
}
