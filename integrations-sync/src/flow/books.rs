//! The bookkeeping of all flows of a process: entries that come at the same time share a transaction.
//!
//! While one transaction commits, further entries queue up, and the next one takes them all. So a lone entry waits for
//! nobody, and at 500 writes a second the disk is asked a few dozen times.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use integrations_core::model::Channel;
use integrations_core::{Error, ErrorKind, Result, TenantId};
use integrations_store::{
    Echo, MappingId, NewConflict, OptOutSource, OptOutWord, PutMapping, RunCounts, RunId, Store,
    Transaction,
};
use tokio::sync::oneshot;

/// At most so many entries in one transaction.
const BATCH: usize = 512;
/// A transaction that was in another's way is tried again so often.
const TRIES: u32 = 5;

/// The bookkeeping of all flows of a process. Clones share it.
#[derive(Debug, Clone)]
pub struct Books(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Whether somebody is committing, and will look again.
    busy: bool,
}

#[derive(Debug)]
struct Waiting {
    entry: Entry,
    answer: oneshot::Sender<Result<Receipt>>,
}

/// What belongs together: written in one transaction, or not at all.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) tenant: TenantId,
    pub(crate) flow: String,
    pub(crate) put: Option<PutMapping>,
    pub(crate) echoes: Vec<Echo>,
    pub(crate) keep_echoes: Duration,
    pub(crate) conflicts: Vec<NewConflict>,
    pub(crate) withdrawn: Vec<String>,
    pub(crate) words: Vec<OptOutWord>,
    pub(crate) lifted: Vec<(Option<Channel>, OptOutSource)>,
    pub(crate) cursor: Option<(String, String)>,
    pub(crate) run: Option<Checkpoint>,
}

/// How far a run is.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) id: RunId,
    pub(crate) phase: &'static str,
    pub(crate) expected: Option<u64>,
    pub(crate) counts: RunCounts,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Receipt {
    /// Whether it was written; `false`: somebody else changed the mapping first, and nothing of it was.
    pub(crate) written: bool,
    /// Whether a person asked the run to end.
    pub(crate) cancelled: bool,
}

impl Entry {
    pub(crate) fn new(tenant: &TenantId, flow: &str) -> Self {
        Self {
            tenant: tenant.clone(),
            flow: flow.to_owned(),
            put: None,
            echoes: Vec::new(),
            keep_echoes: Duration::ZERO,
            conflicts: Vec::new(),
            withdrawn: Vec::new(),
            words: Vec::new(),
            lifted: Vec::new(),
            cursor: None,
            run: None,
        }
    }
}

impl Books {
    /// The books of a store. Make one for all flows of a process.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        Self(Arc::new(Shared {
            store: store.clone(),
            queue: Mutex::default(),
        }))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// Writes an entry and comes back when it is committed. A caller that goes away does not undo it.
    pub(crate) async fn write(&self, entry: Entry) -> Result<Receipt> {
        let (answer, receipt) = oneshot::channel();
        let first = {
            let mut queue = self.0.lock();
            queue.waiting.push(Waiting { entry, answer });
            !mem::replace(&mut queue.busy, true)
        };
        if first {
            // A task of its own, so that others' entries do not hang on this caller.
            tokio::spawn(drain(Arc::clone(&self.0)));
        }
        receipt.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Store, "the bookkeeping was cut off")
                .with_code("cut_off")
                .with_retryable(true))
        })
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn drain(shared: Arc<Shared>) {
    loop {
        let batch = {
            let mut queue = shared.lock();
            if queue.waiting.is_empty() {
                queue.busy = false;
                return;
            }
            let take = queue.waiting.len().min(BATCH);
            queue.waiting.drain(..take).collect::<Vec<_>>()
        };
        settle(&shared.store, batch).await;
    }
}

/// Commits a batch; when one entry spoils it, each on its own.
async fn settle(store: &Store, batch: Vec<Waiting>) {
    let (entries, answers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|one| (one.entry, one.answer)).unzip();
    match retried(store, &entries).await {
        Ok(receipts) => {
            for (answer, receipt) in answers.into_iter().zip(receipts) {
                let _ = answer.send(Ok(receipt));
            }
        }
        Err(error) if entries.len() == 1 || error.is_retryable() || error.is_outcome_unknown() => {
            for answer in answers {
                let _ = answer.send(Err(again(&error)));
            }
        }
        Err(_) => {
            for (entry, answer) in entries.into_iter().zip(answers) {
                let result = retried(store, std::slice::from_ref(&entry)).await;
                let _ = answer
                    .send(result.map(|receipts| receipts.first().copied().unwrap_or_default()));
            }
        }
    }
}

/// The same error for each of those who wait: what was not written, or may have been, is looked at again.
fn again(error: &Error) -> Error {
    let copy = Error::new(error.kind(), error.message().to_owned())
        .with_operation("sync.books")
        .with_retryable(error.is_retryable() || error.is_outcome_unknown());
    match error.code() {
        Some(code) => copy.with_code(code),
        None => copy,
    }
}

async fn retried(store: &Store, entries: &[Entry]) -> Result<Vec<Receipt>> {
    let mut tries = 1;
    loop {
        match commit(store, entries).await {
            // Only what certainly did not happen: a second try of a commit would find its own rows.
            Err(error) if error.code() == Some("busy") && tries < TRIES => {
                tries += 1;
                let wait = fastrand::u64(5..25) * u64::from(tries);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            result => return result,
        }
    }
}

async fn commit(store: &Store, entries: &[Entry]) -> Result<Vec<Receipt>> {
    let mut groups: Vec<((&TenantId, &str), Vec<usize>)> = Vec::new();
    let mut at = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let key = (&entry.tenant, entry.flow.as_str());
        let group = *at.entry(key).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(index);
    }
    let mut receipts = vec![Receipt::default(); entries.len()];
    metrics::histogram!("integrations_sync_batch_entries")
        .record(u32::try_from(entries.len()).map_or(f64::MAX, f64::from));
    let mut transaction = store.begin("sync.books").await?;
    for ((tenant, flow), members) in groups {
        write_group(
            store,
            &mut transaction,
            (tenant, flow),
            entries,
            &members,
            &mut receipts,
        )
        .await?;
    }
    transaction.commit().await?;
    Ok(receipts)
}

async fn write_group(
    store: &Store,
    transaction: &mut Transaction,
    (tenant, flow): (&TenantId, &str),
    entries: &[Entry],
    members: &[usize],
    receipts: &mut [Receipt],
) -> Result<()> {
    let members = || members.iter().map(|index| (*index, &entries[*index]));
    let puts: Vec<PutMapping> = members()
        .filter_map(|(_, entry)| entry.put.clone())
        .collect();
    let written = store
        .mappings()
        .put_in(transaction, tenant, flow, &puts)
        .await?;
    let stands = |entry: &Entry| {
        let id = entry.put.as_ref().map(|put| put.mapping.id);
        id.is_none_or(|id: MappingId| written.contains(&id))
    };
    let (mut echoes, mut conflicts, mut withdrawn, mut words) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut keep = Duration::ZERO;
    for (index, entry) in members().filter(|(_, entry)| stands(entry)) {
        receipts[index].written = true;
        echoes.extend(entry.echoes.iter().cloned());
        keep = keep.max(entry.keep_echoes);
        conflicts.extend(entry.conflicts.iter().cloned());
        withdrawn.extend(entry.withdrawn.iter().cloned());
        words.extend(entry.words.iter().cloned());
        for (channel, source) in &entry.lifted {
            store
                .opt_outs()
                .lift_all_in(transaction, tenant, channel.as_ref(), source)
                .await?;
        }
    }
    store
        .echoes()
        .record_in(transaction, tenant, flow, &echoes, keep)
        .await?;
    let questions = store.conflicts();
    questions
        .withdraw_in(transaction, tenant, flow, &withdrawn)
        .await?;
    questions
        .raise_in(transaction, tenant, flow, &conflicts)
        .await?;
    store
        .opt_outs()
        .note_in(transaction, tenant, &words)
        .await?;
    for (index, entry) in members().filter(|(_, entry)| stands(entry)) {
        if let Some((name, position)) = &entry.cursor {
            store
                .cursors()
                .save_in(transaction, tenant, flow, name, position)
                .await?;
        }
        if let Some(run) = &entry.run {
            receipts[index].cancelled = store
                .runs()
                .checkpoint_in(
                    transaction,
                    tenant,
                    run.id,
                    run.phase,
                    run.expected,
                    &run.counts,
                )
                .await?;
        }
    }
    Ok(())
}
