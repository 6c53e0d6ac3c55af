//! 8, across processes: clients of several processes, each with connections and a limiter of its own over one database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ghl_client::Client;
use integrations_core::http::HttpContext;
use integrations_store::{Store, StoreOptions};
use integrations_sync::budget::SharedLimiter;
use integrations_testkit::SimulatedGhl;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::ghl::{self, LOCATION};

const MAX: usize = 100;
const WINDOW: Duration = Duration::from_secs(1);
const PROCESSES: usize = 4;

struct Process {
    limiter: SharedLimiter,
    client: Client,
    store: Store,
}

impl Process {
    async fn start(url: &str, ghl: &SimulatedGhl, token: &str) -> Self {
        let options = StoreOptions::new().durable(false);
        let store = Store::open_with(url, options).await.expect("a database");
        store.migrate().await.expect("the schema");
        let limiter = SharedLimiter::new(&store);
        let context = HttpContext::builder().limiter(limiter.clone()).build();
        let client = Client::builder()
            .private_token(token.to_owned())
            .base_url(ghl.base_url())
            .context(&context.expect("TLS"))
            .build()
            .expect("a client");
        Self {
            limiter,
            client,
            store,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_08_processes_that_share_a_budget_get_no_429() {
    let ghl = ghl::start(ghl::builder().rate_limit(MAX, WINDOW)).await;
    let token = ghl::token(&ghl, LOCATION);
    let contact = ghl.seed_contacts(LOCATION, 1).remove(0);
    let folder = TempDir::new().expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("budget.db").display());
    let mut processes = Vec::new();
    for _ in 0..PROCESSES {
        processes.push(Process::start(&url, &ghl, &token).await);
    }
    // The provider allows more than the client declares: its first answer says so, to one of them.
    let first = processes[0].client.location(LOCATION);
    let read = first.contacts().get(contact.as_str()).send().await;
    read.expect("a contact");
    let calls = MAX as u64 * 6;
    let left = Arc::new(AtomicU64::new(calls));
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for process in &processes {
        for _ in 0..8 {
            let (location, left) = (process.client.location(LOCATION), Arc::clone(&left));
            let contact = contact.clone();
            tasks.spawn(async move {
                let take = |left: u64| left.checked_sub(1);
                while left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
                    .is_ok()
                {
                    let read = location.contacts().get(contact.as_str()).send().await;
                    read.expect("a contact");
                }
            });
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    let took = started.elapsed();
    let stats = ghl.stats();
    assert_eq!(stats.throttled, 0, "not one 429");
    assert!(stats.max_in_window <= MAX, "{}", stats.max_in_window);
    assert_eq!(stats.requests, calls + 1);
    // The first window's go at once. A busy machine may waste another; how much is used is measured in paused time.
    assert!(took >= WINDOW * 4, "{took:?}: more than the limit");
    assert!(took <= WINDOW * 8, "{took:?}: far less than the limit");
    for process in processes {
        process.limiter.close().await;
        process.store.close().await;
    }
}
