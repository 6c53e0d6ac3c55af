//! Group commit: what came at the same time shares a transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use integrations_core::{Error, Result, TenantId};
use integrations_store::{Inserted, Lane, NewEvent};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use super::incoming::{Ready, ReadyUnmatched};
use super::{Inbox, Shared};

/// One request that waits for its commit.
pub(super) struct Waiting {
    pub(super) work: Work,
    pub(super) answer: oneshot::Sender<Result<Vec<Inserted>>>,
    pub(super) _permits: Permits,
}

pub(super) enum Work {
    Events(Vec<Ready>),
    Unmatched(Vec<ReadyUnmatched>),
}

/// Its room in the queue, given back with the answer.
pub(super) struct Permits {
    pub(super) _room: OwnedSemaphorePermit,
    pub(super) _bytes: OwnedSemaphorePermit,
}

impl Work {
    fn len(&self) -> usize {
        match self {
            Self::Events(events) => events.len(),
            Self::Unmatched(events) => events.len(),
        }
    }
}

impl Inbox {
    /// The way to the committer, which the first call starts.
    pub(super) fn committer(&self) -> &UnboundedSender<Waiting> {
        self.0.committer.get_or_init(|| {
            // Bounded by the permits that everything in it holds.
            let (sender, receiver) = unbounded_channel();
            tokio::spawn(run(Arc::clone(self.shared()), receiver));
            sender
        })
    }
}

/// Until the last inbox is gone.
async fn run(shared: Arc<Shared>, mut arrived: UnboundedReceiver<Waiting>) {
    let turns = Arc::new(Semaphore::new(shared.settings.committers));
    let mut before = 1;
    loop {
        // First the turn: what arrives meanwhile shares the next commit.
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else {
            return;
        };
        let Some(first) = arrived.recv().await else {
            return;
        };
        let batch = fill(&shared, &mut arrived, first, before).await;
        before = batch.len();
        let shared = Arc::clone(&shared);
        // A panic costs the callers of one batch their answer.
        tokio::spawn(async move {
            commit(&shared, batch).await;
            drop(turn);
        });
    }
}

/// Everything that has arrived, and what arrives within the wait when the batch before was larger.
async fn fill(
    shared: &Shared,
    arrived: &mut UnboundedReceiver<Waiting>,
    first: Waiting,
    before: usize,
) -> Vec<Waiting> {
    let until = Instant::now() + shared.settings.linger;
    let mut events = first.work.len();
    let mut batch = vec![first];
    while events < shared.settings.batch {
        let next = match arrived.try_recv() {
            Ok(next) => Some(next),
            Err(_) if batch.len() < before => {
                timeout_at(until, arrived.recv()).await.unwrap_or_default()
            }
            Err(_) => None,
        };
        let Some(next) = next else { break };
        events += next.work.len();
        batch.push(next);
    }
    batch
}

/// Commits a batch and answers its callers. A batch that fails for what is in it is halved until the bad one is alone.
async fn commit(shared: &Shared, batch: Vec<Waiting>) {
    let mut left = vec![batch];
    while let Some(batch) = left.pop() {
        let error = match attempt(shared, &batch).await {
            Ok(results) => {
                for (waiting, result) in batch.into_iter().zip(results) {
                    // Whoever hung up does not want to know.
                    let _ = waiting.answer.send(result);
                }
                continue;
            }
            Err(error) => error,
        };
        if batch.len() > 1 && is_own(&error) {
            let mut batch = batch;
            let half = batch.split_off(batch.len() / 2);
            left.extend([half, batch]);
            continue;
        }
        tracing::error!(
            kind = error.kind().as_str(),
            code = error.code(),
            requests = batch.len(),
            "events not stored"
        );
        for waiting in batch {
            let _ = waiting.answer.send(Err(same(&error)));
        }
    }
}

async fn attempt(shared: &Shared, batch: &[Waiting]) -> Result<Vec<Result<Vec<Inserted>>>> {
    let started = Instant::now();
    let requests: Vec<Vec<NewEvent<'_>>> = batch
        .iter()
        .map(|waiting| match &waiting.work {
            Work::Events(events) => events.iter().map(Ready::new_event).collect(),
            Work::Unmatched(_) => Vec::new(),
        })
        .collect();
    let requests: Vec<&[NewEvent<'_>]> = requests.iter().map(Vec::as_slice).collect();
    let unmatched: Vec<_> = batch
        .iter()
        .filter_map(|waiting| match &waiting.work {
            Work::Events(_) => None,
            Work::Unmatched(events) => Some(events),
        })
        .flatten()
        .map(ReadyUnmatched::new_unmatched)
        .collect();
    let mut transaction = shared.store.begin("inbox.store").await?;
    let events = shared.store.events();
    let results = events.insert_in(&mut transaction, &requests).await?;
    if let Some(arrival) = &shared.arrival {
        for (event, inserted) in stored(batch, &results) {
            if !inserted.is_duplicate() {
                arrival
                    .arrived(
                        &mut transaction,
                        &event.tenant,
                        event.integration(),
                        event.event(),
                    )
                    .await?;
            }
        }
    }
    let lanes = lanes(batch, &results);
    if !lanes.is_empty() {
        shared.queue.insert_in(&mut transaction, &lanes).await?;
    }
    if !unmatched.is_empty() {
        let limits = shared.settings.unmatched;
        let deployment = shared.store.deployment();
        let kept = deployment.keep_unmatched_in(&mut transaction, &unmatched, limits);
        let kept = kept.await?;
        metrics::counter!("integrations_unmatched_events_total").increment(kept);
    }
    transaction.commit().await?;
    if !lanes.is_empty() {
        shared.queue.wake();
    }
    metrics::histogram!("integrations_inbox_commit_seconds").record(started.elapsed());
    metrics::histogram!("integrations_inbox_commit_requests").record(len(batch.len()));
    Ok(results)
}

/// The lanes of what is new and due.
fn lanes(batch: &[Waiting], results: &[Result<Vec<Inserted>>]) -> Vec<(TenantId, Lane)> {
    let due = stored(batch, results).filter(|(_, inserted)| inserted.is_due());
    let lanes: BTreeSet<_> = due
        .map(|(event, _)| (event.tenant.clone(), event.lane.clone()))
        .collect();
    lanes.into_iter().collect()
}

/// The events that are there now, and what was found of each.
fn stored<'a>(
    batch: &'a [Waiting],
    results: &'a [Result<Vec<Inserted>>],
) -> impl Iterator<Item = (&'a Ready, &'a Inserted)> {
    let requests = batch.iter().zip(results);
    requests
        .filter_map(|(waiting, result)| match (&waiting.work, result) {
            (Work::Events(events), Ok(inserted)) => Some(events.iter().zip(inserted)),
            _ => None,
        })
        .flatten()
}

/// Whether something in the batch is the reason, and not the database's state.
fn is_own(error: &Error) -> bool {
    match error.code() {
        Some("busy") => true,
        Some("closed" | "read_only" | "permission" | "schema" | "auth" | "no_database") => false,
        _ => !error.is_retryable() && !error.is_outcome_unknown(),
    }
}

/// One error for several callers.
fn same(error: &Error) -> Error {
    let copy = Error::new(error.kind(), error.message().to_owned())
        .with_retryable(error.is_retryable())
        .with_outcome_unknown(error.is_outcome_unknown())
        .with_fields(error.fields().to_vec());
    match error.code() {
        Some(code) => copy.with_code(code),
        None => copy,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a batch has thousands of requests at most"
)]
fn len(requests: usize) -> f64 {
    requests as f64
}
