//! CRMs in memory: they count writes, tell of changes, and fail when told to.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::email::EmailAddress;
use integrations_core::model::{Channel, Contact, Conversation, ExternalId, Message, OptOuts};
use integrations_core::paging::{Cursor, Page, Pages};
use integrations_core::phone::PhoneNumber;
use integrations_core::provider::{ConnectionReport, ContactApi, Integration, MessageApi, Sent};
use integrations_core::webhook::{Change, Object};
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, Timestamp};
use integrations_store::Store;
use integrations_sync::flow::{Books, End, Flow, FlowConfig};
use serde_json::json;
use tokio::sync::Notify;

use crate::backend::{Backend, tenant};

/// Both CRMs' clock: every change has a later moment than the one before.
static CLOCK: AtomicI64 = AtomicI64::new(1_700_000_000_000_000);

fn tick() -> Timestamp {
    Timestamp::from_microsecond(CLOCK.fetch_add(1_000, Ordering::Relaxed)).unwrap()
}

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before anything happened.
    Before,
    /// After it happened: the answer is lost.
    After,
}

/// A write by the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub call: &'static str,
    pub id: String,
}

type Edit = Box<dyn Fn(&mut Contact) + Send + Sync>;

struct Shared {
    name: &'static str,
    state: Mutex<State>,
    calls: AtomicU64,
    next_id: AtomicU64,
    latency: Mutex<Duration>,
    finds: AtomicBool,
    lists: AtomicBool,
    unique: AtomicBool,
    /// What it keeps of what it is given.
    keeps: Mutex<Option<Edit>>,
    halted: Notify,
    resumed: Notify,
    /// The channels whose opt-outs it can be told; all unless there is a list.
    channels: Mutex<Option<Vec<Channel>>>,
}

#[derive(Default)]
struct State {
    contacts: BTreeMap<String, Contact>,
    writes: Vec<Write>,
    changes: VecDeque<(Change, Timestamp)>,
    fail: VecDeque<(&'static str, When, Error)>,
    halt: Option<(u64, When)>,
    stuck: Option<&'static str>,
    paused: bool,
    page: usize,
}

/// A CRM with contacts.
#[derive(Clone)]
pub struct Crm(Arc<Shared>);

impl fmt::Debug for Crm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Crm {
    pub fn new(name: &'static str) -> Self {
        Self(Arc::new(Shared {
            name,
            state: Mutex::new(State {
                page: 100,
                ..State::default()
            }),
            calls: AtomicU64::new(0),
            next_id: AtomicU64::new(1),
            latency: Mutex::new(Duration::ZERO),
            finds: AtomicBool::new(true),
            lists: AtomicBool::new(true),
            unique: AtomicBool::new(false),
            keeps: Mutex::new(None),
            halted: Notify::new(),
            resumed: Notify::new(),
            channels: Mutex::new(None),
        }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    pub fn latency(&self, latency: Duration) {
        *self.0.latency.lock().unwrap() = latency;
    }

    pub fn page_size(&self, page: usize) {
        self.state().page = page;
    }

    /// Whether it can be searched.
    pub fn finds(&self, finds: bool) {
        self.0.finds.store(finds, Ordering::Relaxed);
    }

    /// Of no other channel's opt-out it can be told.
    pub fn takes_opt_outs_of(&self, channels: &[Channel]) {
        *self.0.channels.lock().unwrap() = Some(channels.to_vec());
    }

    /// Whether it can be listed.
    pub fn lists(&self, lists: bool) {
        self.0.lists.store(lists, Ordering::Relaxed);
    }

    /// Whether it refuses a second contact with the same e-mail address or phone number.
    pub fn unique(&self, unique: bool) {
        self.0.unique.store(unique, Ordering::Relaxed);
    }

    /// Changes what it is given before it keeps it.
    pub fn keeps(&self, edit: impl Fn(&mut Contact) + Send + Sync + 'static) {
        *self.0.keeps.lock().unwrap() = Some(Box::new(edit));
    }

    /// The next call of this name fails.
    pub fn fail(&self, call: &'static str, when: When, error: Error) {
        self.state().fail.push_back((call, when, error));
    }

    /// The n-th call from now never comes back: its process was killed meanwhile.
    pub fn halt(&self, at: u64, when: When) {
        self.state().halt = Some((self.0.calls.load(Ordering::SeqCst) + at, when));
    }

    /// The next call of this name waits, and is never sent.
    pub fn stick(&self, call: &'static str) {
        self.state().stuck = Some(call);
    }

    /// The next page that is listed is on its way until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.state().paused = true;
    }

    pub fn resume(&self) {
        self.0.resumed.notify_one();
    }

    pub fn unhalt(&self) {
        self.state().halt = None;
    }

    /// Comes back when a call was halted or paused, or is stuck.
    pub async fn halted(&self) {
        self.0.halted.notified().await;
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// Writes by the API so far.
    pub fn writes(&self) -> Vec<Write> {
        self.state().writes.clone()
    }

    pub fn count(&self, call: &str) -> usize {
        let state = self.state();
        state
            .writes
            .iter()
            .filter(|write| write.call == call)
            .count()
    }

    pub fn contacts(&self) -> Vec<Contact> {
        self.state().contacts.values().cloned().collect()
    }

    pub fn get(&self, id: &str) -> Option<Contact> {
        self.state().contacts.get(id).cloned()
    }

    pub fn ids(&self) -> Vec<String> {
        self.state().contacts.keys().cloned().collect()
    }

    /// What it told since the last call, in order.
    pub fn changes(&self) -> Vec<(Change, Timestamp)> {
        self.state().changes.drain(..).collect()
    }

    /// A person of this CRM adds a contact.
    pub fn add(&self, contact: Contact) -> String {
        let id = self.new_id();
        self.put(&id, contact);
        id
    }

    fn new_id(&self) -> String {
        format!(
            "{}{}",
            self.0.name,
            self.0.next_id.fetch_add(1, Ordering::Relaxed)
        )
    }

    fn put(&self, id: &str, mut contact: Contact) {
        contact.id = Some(id.into());
        let now = tick();
        contact.updated_at = Some(now);
        let mut state = self.state();
        state.contacts.insert(id.to_owned(), contact);
        state
            .changes
            .push_back((Change::upserted(Object::Contact, id), now));
    }

    /// A person of this CRM changes a contact.
    pub fn edit(&self, id: &str, edit: impl FnOnce(&mut Contact)) {
        let mut contact = self.get(id).unwrap();
        edit(&mut contact);
        self.put(id, contact);
    }

    /// A person of this CRM deletes a contact.
    pub fn remove(&self, id: &str) {
        let mut state = self.state();
        state.contacts.remove(id).unwrap();
        let now = tick();
        state
            .changes
            .push_back((Change::deleted(Object::Contact, id), now));
    }

    async fn call(&self, call: &'static str) -> Result<Option<Error>> {
        let number = self.0.calls.fetch_add(1, Ordering::SeqCst);
        let latency = *self.0.latency.lock().unwrap();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let (halt, stuck, failure) = {
            let mut state = self.state();
            let stuck = state.stuck.take_if(|name| *name == call).is_some();
            let at = state.fail.iter().position(|(name, ..)| *name == call);
            (state.halt, stuck, at.and_then(|at| state.fail.remove(at)))
        };
        if stuck || matches!(halt, Some((at, When::Before)) if number >= at) {
            self.0.halted.notify_one();
            std::future::pending::<()>().await;
        }
        match failure {
            Some((_, When::Before, error)) => Err(error),
            Some((_, When::After, error)) => Ok(Some(error)),
            None => Ok(None),
        }
    }

    async fn answer<T>(&self, late: Option<Error>, value: T) -> Result<T> {
        let halt = self.state().halt;
        if matches!(halt, Some((at, When::After)) if self.calls() > at) {
            self.0.halted.notify_one();
            std::future::pending::<()>().await;
        }
        match late {
            Some(error) => Err(error),
            None => Ok(value),
        }
    }

    fn wrote(&self, call: &'static str, id: &str) {
        let id = id.to_owned();
        self.state().writes.push(Write { call, id });
    }

    fn kept(&self, mut contact: Contact) -> Contact {
        if let Some(keeps) = &*self.0.keeps.lock().unwrap() {
            keeps(&mut contact);
        }
        contact
    }

    fn twin(&self, contact: &Contact) -> bool {
        self.0.unique.load(Ordering::Relaxed)
            && self.state().contacts.values().any(|other| {
                (other.email.is_some() && other.email == contact.email)
                    || (other.phone.is_some() && other.phone == contact.phone)
            })
    }
}

fn missing() -> Error {
    Error::new(ErrorKind::NotFound, "there is no such contact")
}

#[async_trait]
impl Integration for Crm {
    async fn test_connection(&self) -> Result<ConnectionReport> {
        Ok(ConnectionReport::new(Duration::ZERO))
    }

    fn contacts(&self) -> Option<&dyn ContactApi> {
        Some(self)
    }

    fn messages(&self) -> Option<&dyn MessageApi> {
        Some(self)
    }
}

#[async_trait]
impl MessageApi for Crm {
    async fn send(&self, message: &Message) -> Result<Sent> {
        let late = self.call("send").await?;
        let id = self.new_id();
        let contact = message.contact.as_ref().ok_or_else(missing)?;
        self.wrote("send", contact.as_str());
        self.answer(late, Sent::new(id)).await
    }

    fn list(&self, _: &ExternalId<Conversation>) -> Pages<Message> {
        Pages::new(None, |_| async { Ok(Page::new(Vec::new(), None)) })
    }
}

#[async_trait]
impl ContactApi for Crm {
    async fn get(&self, id: &ExternalId<Contact>) -> Result<Contact> {
        let late = self.call("get").await?;
        let found = Crm::get(self, id.as_str()).ok_or_else(missing)?;
        self.answer(late, found).await
    }

    fn lists(&self) -> bool {
        self.0.lists.load(Ordering::Relaxed)
    }

    fn list(&self, since: Option<Timestamp>) -> Pages<Contact> {
        assert!(
            ContactApi::lists(self),
            "it was said that this does not work"
        );
        let crm = self.clone();
        Pages::new(None, move |cursor: Option<Cursor>| {
            let crm = crm.clone();
            async move {
                let late = crm.call("list").await?;
                let page = {
                    let state = crm.state();
                    let mut all: Vec<&Contact> = state
                        .contacts
                        .values()
                        .filter(|contact| {
                            since.is_none_or(|since| contact.updated_at >= Some(since))
                        })
                        .collect();
                    if since.is_some() {
                        all.sort_by_key(|contact| (contact.updated_at, contact.id.clone()));
                    }
                    let total = all.len() as u64;
                    let from: usize = cursor.map_or(0, |cursor| cursor.as_str().parse().unwrap());
                    let items: Vec<Contact> = all
                        .into_iter()
                        .skip(from)
                        .take(state.page)
                        .cloned()
                        .collect();
                    let next = (from + items.len() < usize::try_from(total).unwrap())
                        .then(|| Cursor::new((from + items.len()).to_string()));
                    Page::new(items, next).with_total(Some(total))
                };
                let paused = std::mem::take(&mut crm.state().paused);
                if paused {
                    crm.0.halted.notify_one();
                    crm.0.resumed.notified().await;
                }
                crm.answer(late, page).await
            }
        })
    }

    async fn create(&self, contact: &Contact) -> Result<Contact> {
        let late = self.call("create").await?;
        if self.twin(contact) {
            return Err(Error::new(ErrorKind::Conflict, "somebody has this address"));
        }
        let id = self.new_id();
        self.put(&id, self.kept(contact.clone()));
        self.wrote("create", &id);
        let created = Crm::get(self, &id).ok_or_else(missing)?;
        self.answer(late, created).await
    }

    async fn update(&self, id: &ExternalId<Contact>, contact: &Contact) -> Result<Contact> {
        let late = self.call("update").await?;
        let mut stored = Crm::get(self, id.as_str()).ok_or_else(missing)?;
        overlay(&mut stored, contact);
        self.put(id.as_str(), self.kept(stored));
        self.wrote("update", id.as_str());
        let updated = Crm::get(self, id.as_str()).ok_or_else(missing)?;
        self.answer(late, updated).await
    }

    fn writes_opt_out(&self, channel: Option<&Channel>, _: bool) -> bool {
        let channels = self.0.channels.lock().unwrap();
        channels
            .as_ref()
            .is_none_or(|known| channel.is_some_and(|one| known.contains(one)))
    }

    async fn upsert(&self, contact: &Contact) -> Result<Contact> {
        self.create(contact).await
    }

    async fn find(
        &self,
        email: Option<&EmailAddress>,
        phone: Option<&PhoneNumber>,
    ) -> Result<Vec<Contact>> {
        if !self.0.finds.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Config, "no search").with_code("unsupported"));
        }
        let late = self.call("find").await?;
        let found = self
            .contacts()
            .into_iter()
            .filter(|contact| {
                let by_email = email.is_some_and(|email| {
                    contact
                        .emails()
                        .any(|own| own.normalized() == email.normalized())
                });
                let by_phone = phone.is_some_and(|phone| contact.phones().any(|own| own == phone));
                by_email || by_phone
            })
            .collect();
        self.answer(late, found).await
    }

    async fn delete(&self, id: &ExternalId<Contact>) -> Result<()> {
        let late = self.call("delete").await?;
        if Crm::get(self, id.as_str()).is_none() {
            return Err(missing());
        }
        self.remove(id.as_str());
        self.wrote("delete", id.as_str());
        self.answer(late, ()).await
    }

    async fn add_tags(&self, id: &ExternalId<Contact>, tags: &[String]) -> Result<()> {
        let late = self.call("add_tags").await?;
        self.edit(id.as_str(), |contact| contact.tags.extend_from_slice(tags));
        self.wrote("add_tags", id.as_str());
        self.answer(late, ()).await
    }

    async fn remove_tags(&self, id: &ExternalId<Contact>, tags: &[String]) -> Result<()> {
        let late = self.call("remove_tags").await?;
        self.edit(id.as_str(), |contact| {
            contact.tags.retain(|tag| !tags.contains(tag));
        });
        self.wrote("remove_tags", id.as_str());
        self.answer(late, ()).await
    }
}

/// What is set replaces what was there; an empty text empties it.
fn overlay(stored: &mut Contact, patch: &Contact) {
    let mut all = serde_json::to_value(&*stored).unwrap();
    let mut new = serde_json::to_value(patch).unwrap();
    let new = new.as_object_mut().unwrap();
    for key in ["optOuts", "extra", "address", "id", "updatedAt"] {
        if let (Some(part), false) = (new.remove(key), matches!(key, "id" | "updatedAt")) {
            let target = all
                .as_object_mut()
                .unwrap()
                .entry(key)
                .or_insert_with(|| json!({}));
            merge(target, part);
        }
    }
    merge(&mut all, serde_json::Value::Object(new.clone()));
    *stored = serde_json::from_value(all).unwrap();
}

fn merge(target: &mut serde_json::Value, part: serde_json::Value) {
    match (target, part) {
        (serde_json::Value::Object(target), serde_json::Value::Object(part)) => {
            for (key, value) in part {
                if value == json!("") {
                    target.remove(&key);
                } else if value.is_object() {
                    merge(target.entry(key).or_insert_with(|| json!({})), value);
                } else {
                    target.insert(key, value);
                }
            }
        }
        (target, part) => *target = part,
    }
}

/// Two CRMs, a store and a flow between them.
pub struct Pair {
    pub left: Crm,
    pub right: Crm,
    pub tenant: TenantId,
    pub store: Store,
    pub books: Books,
    pub flow: Flow,
    pub ids: [IntegrationId; 2],
}

pub const FLOW: &str = "crm";

/// A config that does not wait in tests.
pub fn quick() -> FlowConfig {
    FlowConfig::new()
        .with_search_lag(Duration::ZERO)
        .with_claim(Duration::from_millis(300))
}

impl Pair {
    pub async fn new(backend: &Backend, config: FlowConfig) -> Self {
        let tenant = tenant("acme");
        let left = backend.active(&tenant, "left").await.id;
        let right = backend.active(&tenant, "right").await.id;
        Self::on(&backend.store, [left, right], config).await
    }

    /// On integrations that are there.
    pub async fn on(store: &Store, ids: [IntegrationId; 2], config: FlowConfig) -> Self {
        let tenant = tenant("acme");
        let (left, right) = (Crm::new("l"), Crm::new("r"));
        let books = Books::new(store);
        let flow = flow(&books, &tenant, &ids, &left, &right)
            .config(config)
            .save()
            .await
            .unwrap();
        Self {
            left,
            right,
            tenant,
            store: store.clone(),
            books,
            flow,
            ids,
        }
    }

    /// The same flow as another process would have it.
    pub fn again(&self, store: &Store, config: FlowConfig) -> Flow {
        let books = Books::new(store);
        flow(&books, &self.tenant, &self.ids, &self.left, &self.right)
            .config(config)
            .build()
            .unwrap()
    }

    /// Tells the flow of everything that happened, until nothing more does; how many events there were.
    pub async fn deliver(&self) -> usize {
        let mut events = 0;
        for _ in 0..100 {
            let mut quiet = true;
            for (crm, integration) in [(&self.left, self.ids[0]), (&self.right, self.ids[1])] {
                for (change, at) in crm.changes() {
                    quiet = false;
                    events += 1;
                    self.flow
                        .handle_changes(&self.tenant, integration, &[change], Some(at))
                        .await
                        .unwrap();
                }
            }
            if quiet {
                return events;
            }
        }
        panic!("the sides never come to rest");
    }

    /// What a contact is without ids and times, for comparing sides.
    pub fn plain(contact: &Contact) -> String {
        let mut contact = contact.clone();
        contact.id = None;
        contact.updated_at = None;
        contact.tags = contact.tags.iter().map(|tag| tag.to_lowercase()).collect();
        contact.tags.sort();
        contact.tags.dedup();
        let said = std::mem::take(&mut contact.opt_outs);
        let mut kept = OptOuts::new();
        for (channel, blocked) in said.channels {
            // Silence and "may be contacted" are shown alike.
            if blocked {
                kept.set(channel, true);
            }
        }
        kept.all = said.all.filter(|all| *all);
        contact.opt_outs = kept;
        serde_json::to_string(&contact).unwrap()
    }

    pub fn sides(&self) -> [Vec<String>; 2] {
        [&self.left, &self.right].map(|crm| {
            let mut all: Vec<String> = crm.contacts().iter().map(Self::plain).collect();
            all.sort();
            all
        })
    }

    #[track_caller]
    pub fn assert_equal(&self) {
        let [left, right] = self.sides();
        let only = |a: &[String], b: &[String]| -> Vec<String> {
            a.iter()
                .filter(|one| !b.contains(one))
                .take(3)
                .cloned()
                .collect()
        };
        assert_eq!(only(&left, &right), only(&right, &left), "left and right");
        assert_eq!(left.len(), right.len());
    }

    pub fn api_writes(&self) -> usize {
        self.left.writes().len() + self.right.writes().len()
    }

    pub async fn questions(&self) -> Vec<String> {
        let open = self
            .store
            .conflicts()
            .list(&self.tenant, FLOW, true, None, 500)
            .await
            .unwrap();
        open.into_iter().map(|one| one.kind).collect()
    }
}

fn flow(
    books: &Books,
    tenant: &TenantId,
    ids: &[IntegrationId; 2],
    left: &Crm,
    right: &Crm,
) -> integrations_sync::flow::FlowBuilder {
    Flow::builder(
        books,
        tenant,
        FLOW,
        End::new(ids[0], Arc::new(left.clone())),
        End::new(ids[1], Arc::new(right.clone())),
    )
}

/// A made-up person.
pub fn person(n: u32) -> Contact {
    Contact::new()
        .with_first_name(format!("First{n}"))
        .with_last_name(format!("Last{n}"))
        .with_email(EmailAddress::parse(format!("p{n}@example.com")).unwrap())
        .with_phone(PhoneNumber::from_e164(format!("+1202555{:04}", 100 + n)).unwrap())
}
