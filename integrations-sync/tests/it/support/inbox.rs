//! A queue and a handler that do what a test tells them.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::webhook::{Event, EventParts};
use integrations_core::{Error, ErrorKind, EventId, Result, TenantId};
use integrations_store::{Lane, SqlxTransaction, Store, StoredIntegration, Transaction};
use integrations_sync::inbox::{Delivery, EventHandler, Inbox, Incoming, LaneQueue};
use sqlx::AssertSqlSafe;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::backend::Backend;

pub fn event(id: &str, payload: impl Into<bytes::Bytes>) -> Event {
    let at = "2026-11-21T08:00:00Z".parse().unwrap();
    let mut parts = EventParts::new("gohighlevel", "ContactCreate", "ed25519", at, payload);
    parts.id = Some(id.to_owned());
    Event::restore(parts)
}

pub fn incoming(of: &StoredIntegration, id: &str) -> Incoming {
    let one = event(id, format!("{{\"id\":\"{id}\"}}"));
    Incoming::new(of.tenant.clone(), of.id, one, id.into())
}

pub fn incoming_in(of: &StoredIntegration, id: &str, order_key: &str) -> Incoming {
    incoming(of, id).order_key(Some(order_key.to_owned()))
}

/// One after the other, in one lane.
pub async fn insert_all(inbox: &Inbox, of: &StoredIntegration, ids: &[&str]) -> Vec<EventId> {
    let mut stored = Vec::new();
    for id in ids {
        let inserted = inbox.store(vec![incoming(of, id)]).await.unwrap();
        stored.push(inserted[0].id());
    }
    stored
}

/// Those that begin so.
pub fn names(all: &[String], beginning: &str) -> Vec<String> {
    let own = all.iter().filter(|name| name.starts_with(beginning));
    own.cloned().collect()
}

/// Polls until it is true.
pub async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Keeps its entries in a table of the same database, as a job queue does.
pub struct Queue {
    schema: String,
    store: Store,
    calls: AtomicUsize,
    fails: AtomicBool,
    refuses: Mutex<Option<String>>,
    waited: Mutex<Duration>,
    gate: Semaphore,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

impl Queue {
    pub async fn new(backend: &Backend) -> Arc<Self> {
        let queue = Self {
            schema: backend.schema.clone(),
            store: backend.another().await,
            calls: AtomicUsize::new(0),
            fails: AtomicBool::new(false),
            refuses: Mutex::default(),
            waited: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        };
        let mut transaction = queue.store.begin("test").await.unwrap();
        for table in ["queue (tenant TEXT, lane TEXT)", "effects (id TEXT)"] {
            let table = format!("CREATE TABLE IF NOT EXISTS {}.{table}", queue.schema);
            run(&mut transaction, &table).await;
        }
        transaction.commit().await.unwrap();
        Arc::new(queue)
    }

    /// How many entries are committed.
    pub async fn committed(&self) -> usize {
        self.count("queue").await
    }

    /// How many effects are committed.
    pub async fn effects(&self) -> usize {
        self.count("effects").await
    }

    async fn count(&self, table: &str) -> usize {
        let mut transaction = self.store.begin("test").await.unwrap();
        let count = format!("SELECT COUNT(*) FROM {}.{table}", self.schema);
        let count = AssertSqlSafe(count);
        let (count,): (i64,) = match transaction.sqlx() {
            SqlxTransaction::Sqlite(inner) => {
                sqlx::query_as(count).fetch_one(&mut **inner).await.unwrap()
            }
            SqlxTransaction::Postgres(inner) => {
                sqlx::query_as(count).fetch_one(&mut **inner).await.unwrap()
            }
            _ => unreachable!(),
        };
        usize::try_from(count).unwrap()
    }

    /// How often somebody added entries.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// Fails for lanes that end so, as something in the batch would.
    pub fn refuses(&self, end: &str) {
        *self.refuses.lock().unwrap() = Some(end.to_owned());
    }

    /// What is in it has waited so long, and nobody has taken it.
    pub fn waits(&self, waited: Duration) {
        *self.waited.lock().unwrap() = waited;
    }

    pub fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn open_gate(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS);
    }
}

#[async_trait]
impl LaneQueue for Queue {
    async fn insert_in(
        &self,
        transaction: &mut Transaction,
        lanes: &[(TenantId, Lane)],
    ) -> Result<()> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let _permit = self.gate.acquire().await.unwrap();
        if self.fails.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Store, "no queue").with_retryable(true));
        }
        for (tenant, lane) in lanes {
            let refuses = self.refuses.lock().unwrap().clone();
            if refuses.is_some_and(|end| lane.as_str().ends_with(&end)) {
                return Err(Error::new(ErrorKind::Other, "not this one"));
            }
            let insert = format!(
                "INSERT INTO {}.queue VALUES ('{tenant}', '{lane}')",
                self.schema
            );
            run(transaction, &insert).await;
        }
        Ok(())
    }

    async fn waited_in(&self, _: &mut Transaction) -> Result<Duration> {
        Ok(*self.waited.lock().unwrap())
    }
}

async fn run(transaction: &mut Transaction, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    match transaction.sqlx() {
        SqlxTransaction::Sqlite(inner) => {
            sqlx::query(sql).execute(&mut **inner).await.unwrap();
        }
        SqlxTransaction::Postgres(inner) => {
            sqlx::query(sql).execute(&mut **inner).await.unwrap();
        }
        _ => unreachable!(),
    }
}

/// What to do with an event.
pub enum Do {
    Return(Result<()>),
    /// Waits for a permit of the gate.
    Wait,
    Hang,
    /// Completes the event with an effect in one transaction, commits, and returns this.
    EffectThen(Result<()>),
    /// The same, and rolls back.
    EffectWithoutCommit,
}

type Plan = Box<dyn Fn(&Delivery) -> Do + Send + Sync>;

pub struct Handler {
    seen: Mutex<Vec<(String, u32, String)>>,
    active: Mutex<HashSet<String>>,
    overlaps: AtomicUsize,
    store: Mutex<Option<Store>>,
    pub gate: Semaphore,
    plan: Plan,
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}

impl Handler {
    pub fn new(plan: impl Fn(&Delivery) -> Do + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::default(),
            active: Mutex::default(),
            overlaps: AtomicUsize::new(0),
            store: Mutex::default(),
            gate: Semaphore::new(0),
            plan: Box::new(plan),
        })
    }

    /// Takes everything.
    pub fn ok() -> Arc<Self> {
        Self::new(|_| Do::Return(Ok(())))
    }

    /// Where its effects go.
    pub fn keeps(&self, store: &Store) {
        *self.store.lock().unwrap() = Some(store.clone());
    }

    /// The provider's ids of the events, in the order of their attempts.
    pub fn names(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|seen| seen.0.clone()).collect()
    }

    pub fn attempts(&self) -> Vec<u32> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|seen| seen.1).collect()
    }

    pub fn payloads(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|seen| seen.2.clone()).collect()
    }

    pub fn active(&self) -> usize {
        self.active.lock().unwrap().len()
    }

    /// How often two events whose ids begin alike were in it at once.
    pub fn overlaps(&self) -> usize {
        self.overlaps.load(Ordering::SeqCst)
    }
}

struct Active<'a>(&'a Handler, String);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.active.lock().unwrap().remove(&self.1);
    }
}

#[async_trait]
impl EventHandler for Handler {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        let id = delivery.event.id().unwrap_or_default().to_owned();
        let lane = id.split('-').next().unwrap_or_default().to_owned();
        let _active = {
            let mut active = self.active.lock().unwrap();
            if !active.insert(lane.clone()) {
                self.overlaps.fetch_add(1, Ordering::SeqCst);
            }
            Active(self, lane)
        };
        let payload = String::from_utf8(delivery.event.payload().to_vec()).unwrap();
        let seen = (id.clone(), delivery.attempt, payload);
        self.seen.lock().unwrap().push(seen);
        let (commits, result) = match (self.plan)(delivery) {
            Do::Return(result) => return result,
            Do::Wait => {
                self.gate.acquire().await.unwrap().forget();
                return Ok(());
            }
            Do::Hang => std::future::pending().await,
            Do::EffectThen(result) => (true, result),
            Do::EffectWithoutCommit => (
                false,
                Err(Error::new(ErrorKind::Server, "before the commit")),
            ),
        };
        let store = self.store.lock().unwrap().clone().unwrap();
        let mut transaction = store.begin("test").await?;
        let insert = format!(
            "INSERT INTO {}.effects VALUES ('{id}')",
            store.schema_name()
        );
        run(&mut transaction, &insert).await;
        delivery.complete_in(&mut transaction).await?;
        if commits {
            transaction.commit().await?;
        }
        result
    }
}
