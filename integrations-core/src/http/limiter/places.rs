use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::line::{Line, Slot};
use super::{Acquire, LEVELS, LimitSignal, Permit, Priority};

/// The clocks of two machines run apart by less than this in one span.
const DRIFT: f64 = 0.002;
/// What headers say counts up to here: one wrong answer must not shut a key for days. A class may declare more.
pub(super) const LONGEST_LEARNED: Duration = Duration::from_secs(60 * 60);
/// No declared span is longer, so that no sum of times overflows.
const LONGEST_SPAN: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// Answers that began within this part of a span are kept as one group, so that memory does not grow with the limit.
pub(super) const GRAIN: u32 = 1024;
/// A request that was given up without an answer is taken for one that is answered so much later.
const ABANDONED: Duration = Duration::from_secs(1);
/// Requests that are spread fill this part of the span.
const PACE: f64 = 0.9;

/// The places under one limit that this process may use: what a [`RateLimiter`](super::RateLimiter) is built from.
///
/// A request occupies a place from the moment it is sent until one span after its answer began. The provider saw it
/// somewhere in between, so each place puts at most one request into any span at the provider, and n places at most n.
/// A limiter for one process keeps all places of a key here; one for many moves them between the processes with
/// [`give`](Self::give) and [`take_back`](Self::take_back), which carry along when a place may be used again.
///
/// Who waits is served by priority, and within one priority each tenant in turn.
#[derive(Debug)]
pub struct Places(Mutex<State>);

/// How the places of a key are used right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Demand {
    /// Places in all.
    pub places: usize,
    /// Those that a request may take now.
    pub free: usize,
    /// Requests under way.
    pub in_flight: usize,
    /// Places in use by requests of this process, by [`Priority`]: under way, or answered less than a span ago.
    pub used: [usize; LEVELS],
    /// Requests that wait, by [`Priority`].
    pub waiting: [usize; LEVELS],
    /// How many tenants wait.
    pub tenants: usize,
    /// For how long nobody took a place or asked for one.
    pub idle: Duration,
}

/// Places that are given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Returned {
    /// How many.
    pub count: usize,
    /// When the answers of their last requests began; `None` when that is more than a span ago.
    pub answered: Option<Instant>,
}

#[derive(Debug)]
struct State {
    places: usize,
    per: Duration,
    longest: Duration,
    in_flight: [usize; LEVELS],
    /// When the answers of the last span began, oldest first.
    done: VecDeque<Group>,
    /// How many answers those are.
    done_count: usize,
    /// How many of them answered requests of this process.
    done_own: [usize; LEVELS],
    /// Places that were given up lately, and when: the headers of an answer under way may still count them.
    lately: VecDeque<(Instant, usize)>,
    /// How long requests travel, for headers of which nobody says when their request left.
    flight: Duration,
    blocked_until: Option<Instant>,
    usable_until: Option<Instant>,
    /// Which levels are spread over the span, for the sake of others elsewhere.
    paced: [bool; LEVELS],
    /// When the next request of such a level may go.
    pace_at: Instant,
    /// 429s in a row.
    refusals: u32,
    used_at: Instant,
    line: Line,
    /// Counts how often all places were forgotten. Never 0.
    epoch: u64,
}

/// Answers that began at about the same time.
#[derive(Debug)]
struct Group {
    first: Instant,
    /// They all count until a span after this one.
    last: Instant,
    count: usize,
    /// Those of requests of this process.
    own: [usize; LEVELS],
}

enum Wait {
    Until(Instant),
    Freed,
}

impl Places {
    /// So many places, all free.
    #[must_use]
    pub fn new(count: usize, per: Duration) -> Self {
        let (per, now) = (per.min(LONGEST_SPAN), Instant::now());
        Self(Mutex::new(State {
            places: count,
            per,
            longest: per.max(LONGEST_LEARNED),
            in_flight: [0; LEVELS],
            done: VecDeque::new(),
            done_count: 0,
            done_own: [0; LEVELS],
            lately: VecDeque::new(),
            flight: Duration::ZERO,
            blocked_until: None,
            usable_until: None,
            paced: [false; LEVELS],
            pace_at: now,
            refusals: 0,
            used_at: now,
            line: Line::default(),
            epoch: 1,
        }))
    }

    /// A permit at once, when a place is free and nobody waits.
    #[must_use]
    pub fn try_enter(self: &Arc<Self>, priority: Priority) -> Option<Permit> {
        let now = Instant::now();
        let mut state = self.lock();
        if !state.line.is_empty() || state.take(now, priority).is_some() {
            return None;
        }
        let epoch = state.epoch;
        drop(state);
        Some(self.permit(now, epoch, priority))
    }

    /// Waits for a place; `None` when there is none before the deadline.
    pub async fn enter(self: &Arc<Self>, ask: &Acquire<'_>) -> Option<Permit> {
        if let Some(permit) = self.try_enter(ask.priority) {
            return Some(permit);
        }
        let mut waiting = Waiting {
            slot: self.lock().line.join(ask.priority, ask.tenant.cloned()),
            places: self,
            taken: false,
        };
        let epoch = tokio::time::timeout_at(ask.deadline, self.served(&waiting.slot)).await;
        let epoch = epoch.ok()?;
        waiting.taken = true;
        drop(waiting);
        Some(self.permit(Instant::now(), epoch, ask.priority))
    }

    fn permit(self: &Arc<Self>, sent: Instant, epoch: u64, priority: Priority) -> Permit {
        let places = Arc::clone(self);
        Permit::new(move |answered| places.leave(sent, epoch, priority, answered))
    }

    async fn served(&self, slot: &Arc<Slot>) -> u64 {
        loop {
            let notified = slot.notify.notified();
            let look_again = {
                let mut state = self.lock();
                let at = state.serve(Instant::now());
                if let Some(epoch) = slot.served() {
                    return epoch;
                }
                at.filter(|_| state.line.keeps_time(slot))
            };
            match look_again {
                Some(at) => drop(tokio::time::timeout_at(at, notified).await),
                None => notified.await,
            }
        }
    }

    fn leave(&self, sent: Instant, epoch: u64, priority: Priority, answered: bool) {
        let now = Instant::now();
        let end = match answered {
            true => now,
            false => now + ABANDONED,
        };
        let mut state = self.lock();
        // The longest of the last few: the headers of each are read a moment later.
        state.flight = now.duration_since(sent).max(state.flight / 2);
        if epoch != state.epoch {
            return;
        }
        let flying = &mut state.in_flight[priority as usize];
        *flying = flying.saturating_sub(1);
        let nobody_knew_when = state.done.is_empty();
        state.add_done(end, 1, Some(priority));
        if nobody_knew_when {
            state.line.tell();
        }
    }

    /// Learns from an answer what others use and how long to stay away; until when, if it says so. Its limit and span
    /// are for the limiter to judge: [`resize`](Self::resize), [`set_span`](Self::set_span).
    pub fn observe(&self, signal: &LimitSignal, refused: bool) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.lock();
        state.forget_old(now);
        if let Some(remaining) = signal.remaining {
            // Places that were free here all the time since the request left are free at the provider too, unless
            // others who share the budget took them.
            let left = signal
                .sent
                .or_else(|| now.checked_sub(state.flight))
                .unwrap_or(now);
            let lately = state.lately.iter().filter(|(at, _)| *at >= left);
            let lately: usize = lately.map(|(_, count)| count).sum();
            let free = state.free().saturating_sub(lately);
            state.add_done(now, free.saturating_sub(remaining as usize), None);
        }
        if !refused {
            state.refusals = 0;
            return None;
        }
        // Without a word from the provider: a tenth of the span, doubled at each refusal in a row.
        let guess = (state.per / 10).saturating_mul(2u32.saturating_pow(state.refusals.min(8)));
        let wait = signal.retry_after.unwrap_or(guess.min(state.per));
        state.refusals = state.refusals.saturating_add(1);
        let until = now + wait.min(state.longest);
        state.blocked_until = state.blocked_until.max(Some(until));
        state.line.tell();
        Some(until)
    }

    /// Lets nobody in until then, or longer when it is blocked for longer already.
    pub fn block(&self, until: Instant) {
        let mut state = self.lock();
        state.blocked_until = state.blocked_until.max(Some(until));
    }

    /// From then on nobody is let in, until this is called again: the places are borrowed, and go back.
    pub fn use_until(&self, until: Instant) {
        let mut state = self.lock();
        state.usable_until = Some(until);
        state.serve(Instant::now());
        state.line.tell();
    }

    /// Sets which levels are spread over the span, the least urgent first. All places used at once are free again at
    /// once, a span later, and whoever comes in between waits for that; spread, one is free every now and then, and
    /// none is used less often. Requests are always spread while more urgent ones are about in this process.
    pub fn pace(&self, levels: [bool; LEVELS]) {
        let mut state = self.lock();
        if state.paced != levels {
            state.paced = levels;
            state.line.tell();
        }
    }

    /// Sets how many places there are.
    pub fn resize(&self, places: usize) {
        let mut state = self.lock();
        state.places = places;
        state.serve(Instant::now());
        state.line.tell();
    }

    /// Sets the length of the span, up to an hour or the declared span.
    pub fn set_span(&self, per: Duration) {
        let mut state = self.lock();
        let per = per.min(state.longest);
        if per != state.per && !per.is_zero() {
            state.per = per;
            state.line.tell();
        }
    }

    /// Adds places that nobody may use before `wait` is over.
    pub fn give(&self, count: usize, wait: Duration) {
        let now = Instant::now();
        let mut state = self.lock();
        state.forget_old(now);
        state.places = state.places.saturating_add(count);
        match (now + wait).checked_sub(state.span()) {
            Some(last) if !wait.is_zero() => state.add_foreign(last, count),
            // Free a moment ago, perhaps: an answer under way may still count them.
            _ => state.lately.push_back((now, count)),
        }
        state.serve(now);
        state.line.tell();
    }

    /// Takes up to so many places away, those first that are free the soonest. Those under way stay, as do those whose
    /// requests were given up a moment ago.
    #[must_use]
    pub fn take_back(&self, count: usize) -> Vec<Returned> {
        let now = Instant::now();
        let mut state = self.lock();
        state.forget_old(now);
        let mut left = count;
        let mut taken = Vec::new();
        let free = state.free().min(left);
        if free > 0 {
            left -= free;
            taken.push(Returned {
                count: free,
                answered: None,
            });
        }
        while left > 0
            && let Some(group) = state.done.front_mut()
            && group.last <= now
        {
            let (part, own) = group.remove(left);
            let answered = Some(group.last);
            if group.count == 0 {
                state.done.pop_front();
            }
            subtract(&mut state.done_own, own);
            state.done_count = state.done_count.saturating_sub(part);
            left -= part;
            taken.push(Returned {
                count: part,
                answered,
            });
        }
        state.places = state.places.saturating_sub(count - left);
        taken
    }

    /// Forgets all places; requests under way count nowhere any more. Who waits goes on waiting.
    pub fn forget(&self) {
        let mut state = self.lock();
        state.places = 0;
        state.in_flight = [0; LEVELS];
        state.done.clear();
        state.done_count = 0;
        state.done_own = [0; LEVELS];
        state.lately.clear();
        state.epoch += 1;
    }

    /// How the places are used right now.
    #[must_use]
    pub fn demand(&self) -> Demand {
        let now = Instant::now();
        let mut state = self.lock();
        state.forget_old(now);
        let mut used = state.in_flight;
        add(&mut used, state.done_own);
        Demand {
            places: state.places,
            free: state.free(),
            in_flight: state.flying(),
            used,
            waiting: state.line.waiting(),
            tenants: state.line.tenants(),
            idle: now.duration_since(state.used_at),
        }
    }

    /// Whether nothing would be lost if this were forgotten after having been idle for so long.
    pub(super) fn is_idle(&self, idle: Duration) -> bool {
        let now = Instant::now();
        let state = self.lock();
        state.flying() == 0
            && state.blocked_until.is_none_or(|until| until <= now)
            && now.duration_since(state.used_at) >= idle.max(state.span())
    }

    #[cfg(test)]
    pub(super) fn groups(&self) -> (usize, usize) {
        let state = self.lock();
        (state.done.len(), state.done_count)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits: however that ends, also by giving up, nothing is left behind.
struct Waiting<'a> {
    places: &'a Places,
    slot: Arc<Slot>,
    taken: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.places.lock();
        if !self.taken && self.slot.served() == Some(state.epoch) {
            let flying = &mut state.in_flight[self.slot.priority as usize];
            *flying = flying.saturating_sub(1);
            state.serve(Instant::now());
        }
        state.line.leave(&self.slot);
    }
}

impl State {
    /// Takes a place, or says what to wait for.
    fn take(&mut self, now: Instant, priority: Priority) -> Option<Wait> {
        self.used_at = now;
        if self.usable_until.is_some_and(|until| now >= until) {
            return Some(Wait::Freed);
        }
        if let Some(until) = self.blocked_until {
            if now < until {
                return Some(Wait::Until(until));
            }
            self.blocked_until = None;
        }
        self.forget_old(now);
        if self.taken() < self.places {
            if self.is_paced(priority) {
                if now < self.pace_at {
                    return Some(Wait::Until(self.pace_at));
                }
                self.advance_pace(now);
            }
            self.in_flight[priority as usize] += 1;
            return None;
        }
        // With everything in flight, the next place opens a span after the next answer.
        Some(
            self.done
                .front()
                .map_or(Wait::Freed, |oldest| Wait::Until(oldest.last + self.span())),
        )
    }

    fn is_paced(&self, priority: Priority) -> bool {
        let above = priority as usize + 1..LEVELS;
        let waiting = self.line.waiting();
        self.paced[priority as usize]
            || above
                .into_iter()
                .any(|level| self.in_flight[level] + self.done_own[level] + waiting[level] > 0)
    }

    /// Somewhat faster than the places cool, so that none is idle for it; a timer that was late is made up for.
    fn advance_pace(&mut self, now: Instant) {
        let places = u32::try_from(self.places).unwrap_or(u32::MAX).max(1);
        let step = self.per.mul_f64(PACE) / places;
        let late = now.checked_sub(self.per / 64).unwrap_or(now);
        self.pace_at = self.pace_at.max(late) + step;
    }

    /// Hands out what is free; when to look again.
    fn serve(&mut self, now: Instant) -> Option<Instant> {
        while let Some(priority) = self.line.first().map(|slot| slot.priority) {
            match self.take(now, priority) {
                None => self.line.serve_first(self.epoch),
                Some(Wait::Until(at)) => return Some(at),
                Some(Wait::Freed) => return None,
            }
        }
        None
    }

    fn flying(&self) -> usize {
        self.in_flight.iter().sum()
    }

    fn taken(&self) -> usize {
        self.flying().saturating_add(self.done_count)
    }

    fn free(&self) -> usize {
        self.places.saturating_sub(self.taken())
    }

    /// Answers that began now; of others when there is no priority.
    fn add_done(&mut self, now: Instant, count: usize, priority: Option<Priority>) {
        if count == 0 {
            return;
        }
        self.done_count = self.done_count.saturating_add(count);
        let grain = self.per / GRAIN;
        let mut own = [0; LEVELS];
        if let Some(priority) = priority {
            own[priority as usize] = count;
        }
        add(&mut self.done_own, own);
        // Behind it may be some that were given up.
        let at = self.done.partition_point(|group| group.first <= now);
        let before = at.checked_sub(1).and_then(|at| self.done.get_mut(at));
        match before {
            Some(group) if now.duration_since(group.first) <= grain => group.add(now, count, own),
            _ => self.insert(now, count, own),
        }
    }

    fn insert(&mut self, last: Instant, count: usize, own: [usize; LEVELS]) {
        let at = self.done.partition_point(|group| group.last <= last);
        let group = Group {
            first: last,
            last,
            count,
            own,
        };
        self.done.insert(at, group);
    }

    /// Places of others, whose last answers began then.
    fn add_foreign(&mut self, last: Instant, count: usize) {
        self.done_count = self.done_count.saturating_add(count);
        self.insert(last, count, [0; LEVELS]);
    }

    fn forget_old(&mut self, now: Instant) {
        let span = self.span();
        while let Some(group) = self.done.front()
            && now.duration_since(group.last) >= span
        {
            self.done_count = self.done_count.saturating_sub(group.count);
            subtract(&mut self.done_own, group.own);
            self.lately.push_back((group.last + span, group.count));
            self.done.pop_front();
        }
        while self
            .lately
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > span)
        {
            self.lately.pop_front();
        }
    }

    fn span(&self) -> Duration {
        self.per + self.per.mul_f64(DRIFT)
    }
}

impl Group {
    fn add(&mut self, now: Instant, count: usize, own: [usize; LEVELS]) {
        self.count = self.count.saturating_add(count);
        self.last = self.last.max(now);
        add(&mut self.own, own);
    }

    /// Takes up to so many out; how many it were, and how many of them our own.
    fn remove(&mut self, count: usize) -> (usize, [usize; LEVELS]) {
        let part = self.count.min(count);
        self.count -= part;
        // The least urgent first, and never more of our own than there are.
        let mut surplus = self.own.iter().sum::<usize>().saturating_sub(self.count);
        let mut removed = [0; LEVELS];
        for (own, removed) in self.own.iter_mut().zip(&mut removed) {
            *removed = surplus.min(*own);
            *own -= *removed;
            surplus -= *removed;
        }
        (part, removed)
    }
}

fn add(sums: &mut [usize; LEVELS], counts: [usize; LEVELS]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum = sum.saturating_add(count);
    }
}

fn subtract(sums: &mut [usize; LEVELS], counts: [usize; LEVELS]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum = sum.saturating_sub(count);
    }
}
