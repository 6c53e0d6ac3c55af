//! The one task of a limiter that speaks with the database.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{Granted, Report};
use tokio::time::{Instant, timeout, timeout_at};

use super::key::Key;
use super::{Inner, lock};

/// So many keys report in one transaction.
const BATCH: usize = 64;
/// How often to look when somebody here lacks places.
const SOON: Duration = Duration::from_millis(20);
/// Keys that were not used for this long are forgotten.
const IDLE: Duration = Duration::from_secs(600);

pub(super) async fn run(inner: Arc<Inner>) {
    let mut look_at = Instant::now();
    loop {
        if inner.closing.load(Ordering::Acquire) {
            return close(&inner).await;
        }
        let now = Instant::now();
        let all = now >= look_at;
        if all {
            // Before the reports, so that they know the newest.
            look(&inner).await;
        }
        let keys = match all {
            true => inner.all_keys(),
            false => inner.dirty_keys(),
        };
        report(&inner, &keys, false).await;
        if all {
            look_at = now + pace(&inner, &keys);
        } else if keys.iter().any(|key| key.lacks()) {
            look_at = look_at.min(Instant::now() + SOON);
        }
        // Asleep until somebody wants something, when there is nothing to hold and nothing to wait for.
        let alive = keys.iter().any(|key| key.is_alive()) || !all;
        drop(keys);
        if all {
            inner.forget_idle();
        }
        match alive {
            true => drop(timeout_at(look_at, inner.wake.notified()).await),
            false => inner.wake.notified().await,
        }
    }
}

fn pace(inner: &Inner, keys: &[Arc<Key>]) -> Duration {
    match keys.iter().any(|key| key.lacks()) {
        true => inner.options.look.min(SOON),
        false => inner.options.look,
    }
}

/// What others changed, and what they lack.
async fn look(inner: &Inner) {
    let keys = inner.all_keys();
    if !keys.iter().any(|key| key.is_alive()) {
        return;
    }
    // Who cannot look keeps what it has, until its lease ends.
    let wanted = timeout(inner.options.lease, inner.store.wanted()).await;
    let Ok(Ok(wanted)) = wanted else { return };
    for stored in wanted {
        if let Some(key) = keys.iter().find(|key| stored.is_of(&key.key)) {
            key.seen(stored.budget, stored.now);
        }
    }
}

async fn report(inner: &Inner, keys: &[Arc<Key>], closing: bool) {
    let due: Vec<(&Arc<Key>, Report)> = keys
        .iter()
        .filter_map(|key| Some((key, key.report(&inner.options, closing)?)))
        .collect();
    for batch in due.chunks(BATCH) {
        let reports: Vec<Report> = batch.iter().map(|(_, report)| report.clone()).collect();
        match exchange(inner, &reports).await {
            Ok(answers) => {
                for ((key, _), granted) in batch.iter().zip(answers) {
                    key.answered(granted, &inner.options);
                }
            }
            // One that the database refuses must not fail its neighbours.
            Err(error) if !error.is_retryable() && batch.len() > 1 => {
                for (key, report) in batch {
                    match exchange(inner, std::slice::from_ref(report)).await {
                        Ok(mut answers) => {
                            if let Some(granted) = answers.pop() {
                                key.answered(granted, &inner.options);
                            }
                        }
                        Err(error) => key.failed(&error),
                    }
                }
            }
            Err(error) => {
                for (key, _) in batch {
                    key.failed(&error);
                }
            }
        }
    }
}

async fn exchange(inner: &Inner, reports: &[Report]) -> Result<Vec<Granted>> {
    let answered = timeout(inner.options.lease, inner.store.exchange(reports)).await;
    let result = answered.unwrap_or_else(|_| {
        Err(
            Error::new(ErrorKind::Store, "the database did not answer in time")
                .with_retryable(true),
        )
    });
    metrics::counter!("integrations_budget_exchanges_total").increment(1);
    if let Err(error) = &result {
        metrics::counter!("integrations_budget_failures_total").increment(1);
        tracing::warn!(%error, keys = reports.len(), "rate budgets could not be exchanged");
    }
    result
}

/// Gives everything back, if the database can be reached before the places come back by themselves.
async fn close(inner: &Inner) {
    let keys = inner.all_keys();
    for key in &keys {
        key.close();
    }
    let until = Instant::now() + inner.options.lease;
    loop {
        report(inner, &keys, true).await;
        let left = keys.iter().any(|key| key.owes());
        if !left || Instant::now() >= until {
            return;
        }
        tokio::time::sleep(SOON).await;
    }
}

impl Inner {
    fn all_keys(&self) -> Vec<Arc<Key>> {
        self.dirty_keys();
        lock(&self.keys).values().cloned().collect()
    }

    fn dirty_keys(&self) -> Vec<Arc<Key>> {
        let keys = std::mem::take(&mut *lock(&self.dirty));
        for key in &keys {
            key.dirty.store(false, Ordering::Release);
        }
        keys
    }

    /// Who holds a permit, waits for one or is on the list holds the key or its places too.
    fn forget_idle(&self) {
        lock(&self.keys).retain(|_, key| {
            Arc::strong_count(key) > 1 || Arc::strong_count(&key.places) > 1 || !key.is_idle(IDLE)
        });
    }
}
