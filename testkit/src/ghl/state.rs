use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    auth::AuthTables,
    calendars::{Calendar, CalendarEvent},
    clock::Clock,
    contacts::table::ContactTable,
    conversations::{Conversation, Message},
    ids::Ids,
    journal::{RequestRecord, Stats},
    limit::Limiter,
};

/// All that the simulator knows, behind one lock that is never held over an await.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) base_url: String,
    pub(crate) token_lifetime: Duration,
    pub(crate) search_lag: Duration,
    pub(crate) app_id: String,
    pub(crate) version_id: String,
    pub(crate) auth: AuthTables,
    pub(crate) limiter: Limiter,
    pub(crate) locations: BTreeMap<String, Location>,
    pub(crate) journal: Vec<RequestRecord>,
    pub(crate) stats: Stats,
    pub(crate) outbox: VecDeque<Change>,
}

/// A change that GHL would tell its subscribers about.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) kind: &'static str,
    pub(crate) body: Map<String, Value>,
}

/// One sub-account.
#[derive(Debug)]
pub(crate) struct Location {
    pub(crate) id: String,
    pub(crate) company: String,
    pub(crate) name: String,
    pub(crate) timezone: String,
    pub(crate) active: bool,
    pub(crate) allow_duplicates: bool,
    pub(crate) contacts: ContactTable,
    pub(crate) conversations: BTreeMap<String, Conversation>,
    pub(crate) messages: BTreeMap<String, Message>,
    pub(crate) calendars: BTreeMap<String, Calendar>,
    pub(crate) events: BTreeMap<String, CalendarEvent>,
    pub(crate) users: Vec<User>,
}

/// One person who may log in.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) role: String,
}

impl World {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// Adds a location with one calendar and one user, unless it exists.
    pub(crate) fn add_location(&mut self, id: &str, company: &str) {
        if self.locations.contains_key(id) {
            return;
        }
        let number = self.locations.len() + 1;
        let user = User {
            id: self.ids.entity(),
            first_name: "Robin".to_owned(),
            last_name: format!("Sample{number}"),
            email: format!("robin{number}@example.com"),
            phone: format!("+1212555{:04}", 100 + number % 100),
            role: "admin".to_owned(),
        };
        let calendar = Calendar {
            id: self.ids.entity(),
            name: "Discovery call".to_owned(),
            slot_minutes: 30,
            open: (9, 17),
        };
        self.locations.insert(
            id.to_owned(),
            Location {
                id: id.to_owned(),
                company: company.to_owned(),
                name: format!("Sample Location {number}"),
                timezone: "America/New_York".to_owned(),
                active: true,
                allow_duplicates: false,
                contacts: ContactTable::new(self.search_lag),
                conversations: BTreeMap::new(),
                messages: BTreeMap::new(),
                calendars: BTreeMap::from([(calendar.id.clone(), calendar)]),
                events: BTreeMap::new(),
                users: vec![user],
            },
        );
    }

    /// The location that holds something.
    pub(crate) fn location_with(&self, holds: impl Fn(&Location) -> bool) -> Option<&str> {
        self.locations
            .values()
            .find(|location| holds(location))
            .map(|location| location.id.as_str())
    }

    /// Notes a change for the subscribers.
    pub(crate) fn publish(&mut self, kind: &'static str, body: Value) {
        if let Value::Object(body) = body {
            self.outbox.push_back(Change { kind, body });
        }
    }
}
