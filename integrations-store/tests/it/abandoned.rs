//! Calls that are given up halfway: by a timeout, by a client that hangs up.

use std::time::Duration;

use integrations_store::{Store, StoreOptions};
use tokio::time::{Instant, sleep, timeout};

use crate::backend::Backend;

/// A connection in a transaction that nobody knows of would take what is written on it next into that transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_begin_leaves_no_transaction_open() {
    let Some(backend) = Backend::postgres().await else {
        return;
    };
    let options = StoreOptions::new()
        .schema(backend.schema())
        .application_name("abandoned")
        .max_connections(1);
    let store = Store::open_with(backend.url(), options).await.unwrap();
    // Given up after each of many waits, so between the question and the answer too.
    for step in 0..200 {
        store.ping().await.unwrap();
        let patience = Duration::from_micros(step * 10);
        let _ = timeout(patience, store.begin("test")).await;
        none_is_open(&backend).await;
    }
}

async fn none_is_open(backend: &Backend) {
    let deadline = Instant::now() + Duration::from_secs(3);
    loop {
        let open = backend
            .texts(
                "SELECT pid::text FROM pg_stat_activity \
                 WHERE application_name = 'abandoned' AND state = 'idle in transaction'",
            )
            .await;
        if open.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "left open: {open:?}");
        sleep(Duration::from_millis(20)).await;
    }
}
