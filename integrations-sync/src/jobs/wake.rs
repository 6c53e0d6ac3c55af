//! Telling runners that there is work.
//!
//! A notification is sent after the commit, in a statement of its own: PostgreSQL lets only one transaction with a
//! notification commit at a time, which would make every enqueuing commit wait for the one before.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use integrations_core::Result;
use integrations_store::{SqlxPool, sqlx_error};
use riverqueue::sqlx;

use super::Jobs;
use super::client::Shared;

/// Runners look at most this often, so more notifications would say nothing.
const PAUSE: Duration = Duration::from_millis(2);

/// The queues to tell of, and whether somebody is about to.
#[derive(Default)]
pub(super) struct Waking(Mutex<(BTreeSet<String>, bool)>);

impl Jobs {
    /// Tells the runners of every process that a queue has new jobs, soon and without waiting: after a commit of
    /// [`insert_in`](Self::insert_in). Without it they find the jobs at their next poll.
    pub fn wake(&self, queue: &str) {
        if !self.0.notifies {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        {
            let mut state = self
                .0
                .waking
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if !state.0.contains(queue) {
                state.0.insert(queue.to_owned());
            }
            if std::mem::replace(&mut state.1, true) {
                return;
            }
        }
        let shared = Arc::clone(&self.0);
        runtime.spawn(async move {
            loop {
                let queues = {
                    let mut state = shared
                        .waking
                        .0
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    let queues = std::mem::take(&mut state.0);
                    if queues.is_empty() {
                        state.1 = false;
                        return;
                    }
                    queues
                };
                if let Err(error) = notify(&shared, queues).await {
                    // They poll too.
                    tracing::debug!(%error, "job runners could not be woken");
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
}

async fn notify(shared: &Shared, queues: BTreeSet<String>) -> Result<()> {
    let Some(SqlxPool::Postgres(pool)) = &shared.sessions else {
        return Ok(());
    };
    let payloads: Vec<String> = queues
        .iter()
        .map(|queue| serde_json::json!({ "queue": queue }).to_string())
        .collect();
    let channel = format!(
        "{}.{}",
        shared.store.schema_name(),
        riverqueue::protocol::NOTIFICATION_TOPIC_INSERT
    );
    sqlx::query(shared.statements.wake.postgres())
        .bind(channel)
        .bind(payloads)
        .execute(pool)
        .await
        .map_err(|source| sqlx_error("jobs.wake", source))?;
    Ok(())
}
