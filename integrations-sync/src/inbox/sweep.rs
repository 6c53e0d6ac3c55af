//! What no job comes for.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use integrations_core::{Error, Result, TenantId};
use integrations_store::{Attributable, Lane, NewEvent};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::incoming::{Incoming, Ready};
use super::{Inbox, seal};

/// How many events that were kept aside are stored in one transaction.
const MATCHED: u32 = 100;
/// How often to look for events whose integration appeared while they arrived.
const ANYHOW: Duration = Duration::from_secs(30);
/// How often to forget what is old.
const PURGE: Duration = Duration::from_secs(60 * 60);

/// What a sweep found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Swept {
    /// Lanes that got a job.
    pub lanes: u64,
    /// Events that had matched no integration and do now.
    pub attributed: u64,
}

/// When to look for integrations of events that were kept aside.
#[derive(Default)]
pub(super) struct Attribution {
    again: AtomicBool,
    generation: AtomicI64,
    last: Mutex<Option<Instant>>,
}

impl Attribution {
    pub(super) fn look_again(&self) {
        self.again.store(true, Ordering::SeqCst);
    }

    /// Whether it is time, given the generation of the integrations now.
    fn is_due(&self, generation: i64) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let again = self.again.swap(false, Ordering::SeqCst);
        let changed = self.generation.swap(generation, Ordering::SeqCst) != generation;
        let due = again || changed || last.is_none_or(|last| last.elapsed() > ANYHOW);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

impl Inbox {
    /// Asks for a job for each lane that has work and that nobody works on, and stores events that had matched no
    /// integration for the integrations that have appeared since. Any number of processes may do it at any time.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn sweep(&self) -> Result<Swept> {
        let mut swept = Swept::default();
        let deployment = self.shared().store.deployment();
        if self.0.attribution.is_due(deployment.generation().await?) {
            let done = self.attribute(&mut swept.attributed).await;
            if done.is_err() {
                self.0.attribution.look_again();
            }
            done?;
        }
        let limit = self.shared().settings.sweep_batch;
        loop {
            let mut transaction = self.shared().store.begin("inbox.sweep").await?;
            // A job that is given now waits about as long as those that wait already; whoever took it and did not
            // begin within a lease is dead.
            let waited = self.shared().queue.waited_in(&mut transaction).await?;
            let again = waited * 2 + self.shared().settings.lease;
            let lanes = deployment
                .sweep_lanes_in(&mut transaction, limit, again)
                .await?;
            if !lanes.is_empty() {
                self.shared()
                    .queue
                    .insert_in(&mut transaction, &lanes)
                    .await?;
            }
            transaction.commit().await?;
            let found = lanes.len() as u64;
            if found > 0 {
                self.shared().queue.wake();
            }
            swept.lanes += found;
            if found < u64::from(limit) {
                return Ok(swept);
            }
        }
    }

    async fn attribute(&self, attributed: &mut u64) -> Result<()> {
        let store = &self.shared().store;
        loop {
            let mut transaction = store.begin("inbox.attribute").await?;
            let matched = store
                .deployment()
                .take_matched_in(&mut transaction, MATCHED)
                .await?;
            if matched.is_empty() {
                return Ok(());
            }
            let mut ready = Vec::with_capacity(matched.len());
            for one in matched {
                ready.push(self.attributed(one).await?);
            }
            let requests: Vec<[NewEvent<'_>; 1]> =
                ready.iter().map(|one| [one.new_event()]).collect();
            let requests: Vec<&[NewEvent<'_>]> =
                requests.iter().map(<[NewEvent<'_>; 1]>::as_slice).collect();
            let results = store
                .events()
                .insert_in(&mut transaction, &requests)
                .await?;
            let mut lanes: Vec<(TenantId, Lane)> = Vec::new();
            for (one, result) in ready.iter().zip(results) {
                // An integration that was deleted just now wants nothing any more.
                let Ok(inserted) = result else { continue };
                for inserted in inserted.iter().filter(|inserted| !inserted.is_duplicate()) {
                    *attributed += 1;
                    if inserted.is_due() {
                        lanes.push((one.tenant.clone(), one.lane.clone()));
                    }
                }
            }
            lanes.sort_unstable();
            lanes.dedup();
            if !lanes.is_empty() {
                self.shared()
                    .queue
                    .insert_in(&mut transaction, &lanes)
                    .await?;
            }
            transaction.commit().await?;
            self.shared().queue.wake();
        }
    }

    /// The same event as the integration's own, sealed for its tenant when it was sealed for nobody.
    async fn attributed(&self, one: Attributable) -> Result<Ready> {
        let mut event = one.event;
        if one.sealed {
            let record = seal::unmatched(one.id);
            let vault = self.shared().vault()?;
            let opened = seal::open(vault, &seal::nobody()?, &record, event.payload()).await?;
            event = event.with_payload(opened);
        }
        let incoming = Incoming::new(one.tenant, one.integration, event, one.dedupe_key)
            .order_key(one.order_key)
            .sensitive(one.sealed);
        self.ready(incoming).await
    }

    /// Sweeps in the background, every `interval`, until the handle is stopped or dropped; once a second is usual. Once
    /// an hour it [purges](Self::purge).
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start_sweeper(&self, every: Duration) -> Sweeper {
        let (stop, mut stopped) = watch::channel(false);
        let inbox = self.clone();
        let task = tokio::spawn(async move {
            let mut ticks = interval(every.max(Duration::from_millis(1)));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut purged: Option<Instant> = None;
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    _ = stopped.wait_for(|stop| *stop) => return,
                }
                if let Err(error) = inbox.sweep().await {
                    warn(&error, "inbox not swept");
                }
                if purged.is_none_or(|last| last.elapsed() > PURGE) {
                    purged = Some(Instant::now());
                    if let Err(error) = inbox.purge().await {
                        warn(&error, "inbox not purged");
                    }
                }
            }
        });
        Sweeper { stop, task }
    }
}

fn warn(error: &Error, message: &'static str) {
    tracing::error!(
        kind = error.kind().as_str(),
        code = error.code(),
        "{message}"
    );
}

/// A sweeper in the background.
#[derive(Debug)]
#[must_use = "dropped, it stops"]
pub struct Sweeper {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sweeper {
    /// Stops after the sweep that runs.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.task).await;
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}
