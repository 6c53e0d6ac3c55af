use std::collections::{BTreeMap, HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use integrations_core::{Error, IntegrationId, Result, TenantId};
use tokio::sync::futures::OwnedNotified;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::attempt::{Ended, Held, attempt};
use super::{Drained, Settings};

/// Events of one integration are handled one after the other.
type Lane = (TenantId, IntegrationId);

/// One run of an inbox: claims what is due, hands it out, keeps the leases of what waits.
pub(super) struct Dispatch<'a> {
    settings: &'a Arc<Settings>,
    stop: Option<&'a mut watch::Receiver<bool>>,
    waiting: BTreeMap<Lane, VecDeque<Held>>,
    running: JoinSet<Result<Ended>>,
    lanes: HashMap<Id, Lane>,
    arrived: Pin<Box<OwnedNotified>>,
    poll: Interval,
    beat: Interval,
    /// Whether more may be due than was claimed.
    more: bool,
    /// Whether nothing new is begun.
    ending: bool,
    drained: Drained,
    error: Option<Error>,
}

impl<'a> Dispatch<'a> {
    pub(super) fn new(
        settings: &'a Arc<Settings>,
        stop: Option<&'a mut watch::Receiver<bool>>,
    ) -> Self {
        let every = |period| {
            let mut interval = interval_at(Instant::now() + period, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        };
        Self {
            ending: stop.as_ref().is_some_and(|stop| *stop.borrow()),
            stop,
            waiting: BTreeMap::new(),
            running: JoinSet::new(),
            lanes: HashMap::new(),
            arrived: Box::pin(Arc::clone(&settings.arrived).notified_owned()),
            poll: every(settings.poll),
            beat: every(settings.lease / 3),
            more: true,
            drained: Drained::default(),
            error: None,
            settings,
        }
    }

    /// Until nothing is due, or the inbox is stopped, or the store fails.
    pub(super) async fn run(mut self) -> Result<Drained> {
        loop {
            self.claim().await;
            if self.running.is_empty() {
                break;
            }
            self.step().await;
            // What came in since the last look is due too.
            self.more |= self.running.is_empty();
        }
        self.put_back().await;
        self.error.map_or(Ok(self.drained), Err)
    }

    async fn claim(&mut self) {
        while self.more && !self.ending && self.has_room() {
            let limit = self.settings.batch.saturating_sub(self.queued()).max(1);
            let since = Instant::now();
            let deployment = self.settings.store.deployment();
            match deployment
                .claim_due_events(limit, self.settings.lease)
                .await
            {
                Ok(claimed) => {
                    self.more = claimed.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
                    for claimed in claimed {
                        let lane = (claimed.tenant.clone(), claimed.integration);
                        let held = Held { claimed, since };
                        self.waiting.entry(lane).or_default().push_back(held);
                    }
                    self.begin();
                }
                Err(error) => self.end(error),
            }
        }
    }

    /// A slot is free, and no backlog of a few integrations is in its way.
    fn has_room(&self) -> bool {
        self.running.len() < self.settings.concurrency && self.queued() <= self.settings.batch / 2
    }

    fn queued(&self) -> u32 {
        let queued = self.waiting.values().map(VecDeque::len).sum::<usize>();
        u32::try_from(queued).unwrap_or(u32::MAX)
    }

    /// Begins with the oldest events of integrations that have none in hand.
    fn begin(&mut self) {
        while !self.ending && self.running.len() < self.settings.concurrency {
            let idle = self
                .waiting
                .iter()
                .filter(|(lane, _)| !self.lanes.values().any(|busy| busy == *lane))
                .filter_map(|(lane, queue)| Some((queue.front()?.claimed.id, lane)))
                .min()
                .map(|(_, lane)| lane.clone());
            let Some(lane) = idle else { return };
            let Some(queue) = self.waiting.get_mut(&lane) else {
                return;
            };
            let held = queue.pop_front();
            if queue.is_empty() {
                self.waiting.remove(&lane);
            }
            if let Some(held) = held {
                let task = self.running.spawn(attempt(Arc::clone(self.settings), held));
                self.lanes.insert(task.id(), lane);
            }
        }
    }

    /// Waits until something happens.
    async fn step(&mut self) {
        tokio::select! {
            Some(ended) = self.running.join_next_with_id() => self.ended(ended),
            () = self.arrived.as_mut() => {
                self.arrived = Box::pin(Arc::clone(&self.settings.arrived).notified_owned());
                self.more = true;
            }
            _ = self.poll.tick() => self.more = true,
            _ = self.beat.tick() => self.keep().await,
            () = stopped(&mut self.stop), if !self.ending => self.ending = true,
        }
        self.begin();
    }

    fn ended(&mut self, ended: Result<(Id, Result<Ended>), JoinError>) {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        self.lanes.remove(&id);
        match ended.map(|(_, ended)| ended) {
            Ok(Ok(Ended::Done)) => self.drained.done += 1,
            Ok(Ok(Ended::Retried)) => self.drained.retried += 1,
            Ok(Ok(Ended::Failed)) => self.drained.failed += 1,
            // A task that was cut off by the end of the runtime: its lease brings the event back.
            Ok(Ok(Ended::Lost)) | Err(_) => {}
            Ok(Err(error)) => self.end(error),
        }
    }

    /// Hands out nothing more: what cannot be recorded would be done again.
    fn end(&mut self, error: Error) {
        self.ending = true;
        self.error.get_or_insert(error);
    }

    /// Keeps the leases of what waits; what somebody else has is theirs.
    async fn keep(&mut self) {
        for queue in self.waiting.values_mut() {
            let mut kept = VecDeque::with_capacity(queue.len());
            while let Some(mut held) = queue.pop_front() {
                if held.extend(self.settings).await {
                    kept.push_back(held);
                }
            }
            *queue = kept;
        }
        self.waiting.retain(|_, queue| !queue.is_empty());
    }

    /// Gives back what was not begun, so that it is due at once.
    async fn put_back(&mut self) {
        let events = self.settings.store.events();
        for held in std::mem::take(&mut self.waiting).into_values().flatten() {
            if let Err(error) = events.release(&held.claimed).await {
                tracing::debug!(event = %held.claimed.id, code = error.code(), "event not put back");
            }
        }
    }
}

/// Until the inbox is to stop; for ever when nobody can stop it any more.
pub(super) async fn stopped(stop: &mut Option<&mut watch::Receiver<bool>>) {
    if let Some(stop) = stop
        && stop.wait_for(|stop| *stop).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}
