use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    auth::AuthTables,
    calendars::{Calendar, CalendarEvent},
    clock::Clock,
    contacts::table::{ContactTable, SearchDelay},
    conversations::{Conversation, Message},
    disk::Disk,
    ids::Ids,
    journal::{RequestRecord, Stats, WriteRecord},
    limit::Limiter,
    notes::Note,
};

/// All that the simulator knows, behind one lock that is never held over an await.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) base_url: String,
    pub(crate) token_lifetime: Duration,
    pub(crate) search: SearchDelay,
    pub(crate) app_id: String,
    pub(crate) version_id: String,
    pub(crate) auth: AuthTables,
    pub(crate) limiter: Limiter,
    pub(crate) locations: BTreeMap<String, Location>,
    pub(crate) journal: Vec<RequestRecord>,
    /// Where each process's part of the journal begins.
    pub(crate) starts: Vec<usize>,
    pub(crate) disk: Option<Disk>,
    pub(crate) stats: Stats,
    pub(crate) writes: Vec<WriteRecord>,
    /// The changes that no subscription took, deliveries of conversation providers included.
    pub(crate) outbox: VecDeque<Change>,
    pub(crate) subscriptions: Vec<Subscription>,
}

/// A change that GHL would tell its subscribers about.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) kind: &'static str,
    pub(crate) body: Map<String, Value>,
    pub(crate) at: Timestamp,
    /// The conversation provider that is to carry it, for a delivery: those go to the provider's own address alone.
    pub(crate) provider: Option<String>,
}

/// Where a running webhook sender hears of changes.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// The only location it wants to hear of.
    pub(crate) location: Option<String>,
    /// The conversation provider whose deliveries it wants to hear of, and of nothing else.
    pub(crate) provider: Option<String>,
    pub(crate) changes: UnboundedSender<Change>,
    pub(crate) count: Arc<AtomicU64>,
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
    /// The conversation provider that carries text messages unless another one is named.
    pub(crate) sms_provider: Option<String>,
    pub(crate) contacts: ContactTable,
    pub(crate) conversations: BTreeMap<String, Conversation>,
    pub(crate) messages: BTreeMap<String, Message>,
    pub(crate) notes: BTreeMap<String, Note>,
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
        let seed = u64::from_le_bytes(self.ids.bytes());
        self.locations.insert(
            id.to_owned(),
            Location {
                id: id.to_owned(),
                company: company.to_owned(),
                name: format!("Sample Location {number}"),
                timezone: "America/New_York".to_owned(),
                active: true,
                allow_duplicates: false,
                sms_provider: None,
                contacts: ContactTable::new(self.search, seed),
                conversations: BTreeMap::new(),
                messages: BTreeMap::new(),
                notes: BTreeMap::new(),
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
        self.tell(kind, body, None);
    }

    /// Notes a message that a conversation provider is to carry.
    pub(crate) fn ask_provider(&mut self, provider: &str, body: Value) {
        self.tell("ProviderOutboundMessage", body, Some(provider.to_owned()));
    }

    fn tell(&mut self, kind: &'static str, body: Value, provider: Option<String>) {
        let Value::Object(body) = body else { return };
        let at = self.now();
        let change = Change {
            kind,
            body,
            at,
            provider,
        };
        let location = change.body.get("locationId").and_then(Value::as_str);
        let mut taken = false;
        self.subscriptions.retain(|subscription| {
            let wanted = subscription.location.as_deref();
            let elsewhere = wanted.is_some_and(|wanted| Some(wanted) != location);
            if elsewhere || subscription.provider != change.provider {
                return !subscription.changes.is_closed();
            }
            subscription.count.fetch_add(1, Ordering::SeqCst);
            let sent = subscription.changes.send(change.clone()).is_ok();
            taken |= sent;
            sent
        });
        if !taken {
            self.outbox.push_back(change);
        }
    }
}
