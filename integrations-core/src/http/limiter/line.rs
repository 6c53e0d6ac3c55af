//! Who waits for a place, and who is next: the urgent first, and on one level each tenant in turn.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use super::{LEVELS, Priority};
use crate::TenantId;

/// One who waits.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) priority: Priority,
    tenant: Option<TenantId>,
    number: u64,
    /// In which epoch it got a place; 0 while it waits.
    served: AtomicU64,
    pub(super) notify: Notify,
}

impl Slot {
    /// The epoch in which it got its place.
    pub(super) fn served(&self) -> Option<u64> {
        match self.served.load(Ordering::Acquire) {
            0 => None,
            epoch => Some(epoch),
        }
    }
}

/// All who wait for one key.
#[derive(Debug, Default)]
pub(super) struct Line {
    levels: [Level; LEVELS],
    next_number: u64,
    /// The one who watches the time for all, so that one timer runs and not one for each.
    keeper: Option<Arc<Slot>>,
}

#[derive(Debug, Default)]
struct Level {
    /// Whose turn it is; who has nobody waiting is not in it.
    turns: VecDeque<Option<TenantId>>,
    queues: HashMap<Option<TenantId>, BTreeMap<u64, Arc<Slot>>>,
    waiting: usize,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.levels.iter().all(|level| level.waiting == 0)
    }

    /// How many wait on each level.
    pub(super) fn waiting(&self) -> [usize; LEVELS] {
        std::array::from_fn(|level| self.levels[level].waiting)
    }

    /// How many tenants wait, counted once a level.
    pub(super) fn tenants(&self) -> usize {
        self.levels.iter().map(|level| level.turns.len()).sum()
    }

    pub(super) fn join(&mut self, priority: Priority, tenant: Option<TenantId>) -> Arc<Slot> {
        let number = self.next_number;
        self.next_number += 1;
        let slot = Arc::new(Slot {
            priority,
            tenant,
            number,
            served: AtomicU64::new(0),
            notify: Notify::new(),
        });
        let level = &mut self.levels[priority as usize];
        let queue = level.queues.entry(slot.tenant.clone()).or_default();
        if queue.is_empty() {
            level.turns.push_back(slot.tenant.clone());
        }
        queue.insert(number, Arc::clone(&slot));
        level.waiting += 1;
        // The next one, so that who is served first also goes on first.
        if self.first().is_some_and(|first| Arc::ptr_eq(first, &slot)) || self.keeper.is_none() {
            self.tell();
            self.keeper = Some(Arc::clone(&slot));
        }
        slot
    }

    /// Who is next.
    pub(super) fn first(&self) -> Option<&Arc<Slot>> {
        let level = self.levels.iter().rev().find(|level| level.waiting > 0)?;
        let queue = level.queues.get(level.turns.front()?)?;
        queue.first_key_value().map(|(_, slot)| slot)
    }

    /// Tells the next one that it has a place.
    pub(super) fn serve_first(&mut self, epoch: u64) {
        let Some(slot) = self.first().cloned() else {
            return;
        };
        let level = &mut self.levels[slot.priority as usize];
        level.turns.pop_front();
        if level.drop_slot(&slot) {
            level.turns.push_back(slot.tenant.clone());
        }
        slot.served.store(epoch, Ordering::Release);
        slot.notify.notify_one();
    }

    /// Takes one out that gives up, or has been served. Another watches the time when it did.
    pub(super) fn leave(&mut self, slot: &Arc<Slot>) {
        if slot.served().is_none() {
            let level = &mut self.levels[slot.priority as usize];
            if !level.drop_slot(slot) {
                level.turns.retain(|tenant| *tenant != slot.tenant);
            }
        }
        if self.keeps_time(slot) {
            self.keeper = self.first().cloned();
            self.tell();
        }
    }

    pub(super) fn keeps_time(&self, slot: &Arc<Slot>) -> bool {
        let keeper = self.keeper.as_ref();
        keeper.is_some_and(|keeper| Arc::ptr_eq(keeper, slot))
    }

    /// Makes the one who watches the time look again.
    pub(super) fn tell(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.notify.notify_one();
        }
    }
}

impl Level {
    /// Whether others of the same tenant wait still.
    fn drop_slot(&mut self, slot: &Arc<Slot>) -> bool {
        let Some(queue) = self.queues.get_mut(&slot.tenant) else {
            return false;
        };
        if queue.remove(&slot.number).is_some() {
            self.waiting -= 1;
        }
        let more = !queue.is_empty();
        if !more {
            self.queues.remove(&slot.tenant);
        }
        more
    }
}
