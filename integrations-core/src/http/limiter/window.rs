use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::{Acquire, LimitClass, LimitKey, LimitSignal, Permit, Priority, RateLimiter};
use crate::{Error, ErrorKind, Result};

/// Keys that were not used for this long, and for a span of theirs, are forgotten.
const IDLE: Duration = Duration::from_secs(600);
/// The clocks of two machines run apart by less than this in one span.
const DRIFT: f64 = 0.002;
/// What headers say counts up to here: one wrong answer must not shut a key for days. A class may declare more.
const LONGEST_LEARNED: Duration = Duration::from_secs(60 * 60);
/// No declared span is longer, so that no sum of times overflows.
const LONGEST_SPAN: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// Answers that began within this part of a span are kept as one group, so that memory does not grow with the limit.
const GRAIN: u32 = 1024;
/// One door for each [`Priority`], the least urgent first.
const DOORS: usize = Priority::Urgent as usize + 1;

/// A limiter for one process: a sliding window per key.
///
/// A request occupies its place from the moment it is sent until one span after its answer began. The provider saw it
/// somewhere in between, so no span at the provider ever holds more requests than the limit. What the headers say
/// replaces the declared limit, and requests of others that the headers reveal are counted too.
#[derive(Debug, Clone, Default)]
pub struct WindowLimiter {
    windows: Arc<Mutex<Windows>>,
}

#[derive(Debug, Default)]
struct Windows {
    by_key: HashMap<LimitKey, Arc<Window>>,
    /// With how many keys the idle ones are looked for again.
    sweep_at: usize,
}

#[derive(Debug)]
struct Window {
    state: Mutex<State>,
    /// Woken when a place may have become free.
    freed: Notify,
    /// Who waits, waits here in the order of arrival; who has passed a door goes before those at the doors below.
    doors: [Semaphore; DOORS],
}

#[derive(Debug)]
struct State {
    max: usize,
    per: Duration,
    longest: Duration,
    in_flight: usize,
    /// When the answers of the last span began, oldest first.
    done: VecDeque<Group>,
    /// How many answers those are.
    done_count: usize,
    /// Places that were given up lately, and when: the headers of an answer under way may still count them.
    lately: VecDeque<(Instant, usize)>,
    /// How long requests travel: what headers say was so at most this long ago.
    flight: Duration,
    blocked_until: Option<Instant>,
    /// 429s in a row.
    refusals: u32,
    used_at: Instant,
}

/// Answers that began at about the same time.
#[derive(Debug)]
struct Group {
    first: Instant,
    /// They all count until a span after this one.
    last: Instant,
    count: usize,
}

impl WindowLimiter {
    /// A limiter that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn window(&self, key: &LimitKey, class: LimitClass) -> Arc<Window> {
        let mut windows = lock(&self.windows);
        if let Some(window) = windows.by_key.get(key) {
            return window.clone();
        }
        let now = Instant::now();
        if windows.by_key.len() >= windows.sweep_at {
            // Who holds a permit or waits for one holds the window too.
            windows.by_key.retain(|_, window| {
                Arc::strong_count(window) > 1 || !lock(&window.state).is_idle(now)
            });
            windows.sweep_at = (windows.by_key.len() * 2).max(64);
        }
        let per = class.per.min(LONGEST_SPAN);
        let window = Arc::new(Window {
            state: Mutex::new(State {
                max: class.max.max(1) as usize,
                per,
                longest: per.max(LONGEST_LEARNED),
                in_flight: 0,
                done: VecDeque::new(),
                done_count: 0,
                lately: VecDeque::new(),
                flight: Duration::ZERO,
                blocked_until: None,
                refusals: 0,
                used_at: now,
            }),
            freed: Notify::new(),
            doors: std::array::from_fn(|_| Semaphore::new(1)),
        });
        windows.by_key.insert(key.clone(), window.clone());
        window
    }
}

#[async_trait]
impl RateLimiter for WindowLimiter {
    async fn acquire(&self, ask: Acquire<'_>) -> Result<Permit> {
        let window = self.window(ask.key, ask.class);
        let waited = tokio::time::timeout_at(ask.deadline, window.enter(ask.priority)).await;
        match waited {
            Ok(()) => {
                let sent = Instant::now();
                Ok(Permit::new(move || window.leave(sent)))
            }
            Err(_) => Err(Error::new(
                ErrorKind::RateLimited,
                "no request fits under the provider's rate limit before the call's deadline: \
                 send fewer at once or give the call more time",
            )),
        }
    }

    fn observe(&self, key: &LimitKey, signal: &LimitSignal, refused: bool) {
        let window = lock(&self.windows).by_key.get(key).cloned();
        if let Some(window) = window {
            window.observe(signal, refused);
        }
    }
}

impl Window {
    async fn enter(&self, priority: Priority) {
        let (nobody_waits, level) = (!self.anybody_from(0), priority as usize);
        if nobody_waits && lock(&self.state).take(Instant::now()).is_none() {
            return;
        }
        // However this ends, also by giving up: those at the doors below look again.
        let _tell = Tell(&self.freed);
        // The semaphores are never closed.
        let _turn = self.doors[level].acquire().await;
        loop {
            let freed = self.freed.notified();
            if self.anybody_from(level + 1) {
                freed.await;
                continue;
            }
            let wait = lock(&self.state).take(Instant::now());
            match wait {
                None => return,
                Some(Wait::Until(at)) => {
                    let _ = tokio::time::timeout_at(at, freed).await;
                }
                Some(Wait::Freed) => freed.await,
            }
        }
    }

    /// Whether somebody waits at a door of this level or above.
    fn anybody_from(&self, level: usize) -> bool {
        let mut doors = self.doors.iter().skip(level);
        doors.any(|door| door.available_permits() == 0)
    }

    fn leave(&self, sent: Instant) {
        let now = Instant::now();
        let mut state = lock(&self.state);
        state.in_flight = state.in_flight.saturating_sub(1);
        // The longest of the last few: the headers of each are read a moment later.
        state.flight = now.duration_since(sent).max(state.flight / 2);
        state.add_done(now, 1);
        drop(state);
        self.freed.notify_waiters();
    }

    fn observe(&self, signal: &LimitSignal, refused: bool) {
        let now = Instant::now();
        let mut state = lock(&self.state);
        if let Some(max) = signal.max.filter(|max| *max > 0) {
            state.max = max as usize;
        }
        if let Some(per) = signal.per.filter(|per| !per.is_zero()) {
            state.per = per.min(state.longest);
        }
        state.forget_old(now);
        if let Some(remaining) = signal.remaining {
            // Places that the provider counts and we did not take belong to others who share the budget. It counted
            // while the request travelled, so that what we have given up since is ours too.
            let counted = state.max.saturating_sub(remaining as usize);
            let lately: usize = state.lately.iter().map(|(_, count)| count).sum();
            let others = counted.saturating_sub(state.taken().saturating_add(lately));
            state.add_done(now, others);
        }
        if refused {
            // Without a word from the provider: a tenth of the span, doubled at each refusal in a row.
            let guess = (state.per / 10).saturating_mul(2u32.saturating_pow(state.refusals.min(8)));
            let wait = signal.retry_after.unwrap_or(guess.min(state.per));
            state.refusals = state.refusals.saturating_add(1);
            let until = now + wait.min(state.longest);
            state.blocked_until = state.blocked_until.max(Some(until));
        } else {
            state.refusals = 0;
        }
        drop(state);
        self.freed.notify_waiters();
    }
}

/// Wakes those who wait when it is dropped.
struct Tell<'a>(&'a Notify);

impl Drop for Tell<'_> {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

enum Wait {
    Until(Instant),
    Freed,
}

impl State {
    /// Takes a place, or says what to wait for.
    fn take(&mut self, now: Instant) -> Option<Wait> {
        self.used_at = now;
        if let Some(until) = self.blocked_until {
            if now < until {
                return Some(Wait::Until(until));
            }
            self.blocked_until = None;
        }
        self.forget_old(now);
        if self.taken() < self.max {
            self.in_flight += 1;
            return None;
        }
        // With everything in flight, the next place opens a span after the next answer.
        Some(
            self.done
                .front()
                .map_or(Wait::Freed, |oldest| Wait::Until(oldest.last + self.span())),
        )
    }

    fn taken(&self) -> usize {
        self.in_flight.saturating_add(self.done_count)
    }

    fn add_done(&mut self, now: Instant, count: usize) {
        if count == 0 {
            return;
        }
        self.done_count = self.done_count.saturating_add(count);
        let grain = self.per / GRAIN;
        match self.done.back_mut() {
            Some(group) if now.duration_since(group.first) <= grain => {
                group.count = group.count.saturating_add(count);
                group.last = now;
            }
            _ => self.done.push_back(Group {
                first: now,
                last: now,
                count,
            }),
        }
    }

    fn forget_old(&mut self, now: Instant) {
        let span = self.span();
        while let Some(group) = self.done.front()
            && now.duration_since(group.last) >= span
        {
            self.done_count = self.done_count.saturating_sub(group.count);
            self.lately.push_back((group.last + span, group.count));
            self.done.pop_front();
        }
        let flight = self.flight.min(span);
        while self
            .lately
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > flight)
        {
            self.lately.pop_front();
        }
    }

    fn is_idle(&self, now: Instant) -> bool {
        self.in_flight == 0
            && self.blocked_until.is_none_or(|until| until <= now)
            && now.duration_since(self.used_at) >= IDLE.max(self.span())
    }

    fn span(&self) -> Duration {
        self.per + self.per.mul_f64(DRIFT)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASS: LimitClass = LimitClass {
        name: "test",
        max: 10,
        per: Duration::from_secs(1),
    };

    fn key(subject: &str) -> LimitKey {
        LimitKey::new("test", subject, CLASS.name)
    }

    async fn acquire(limiter: &WindowLimiter, key: &LimitKey, within: Duration) -> Result<Permit> {
        limiter
            .acquire(Acquire::new(key, CLASS, Instant::now() + within))
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn promise_08_no_span_holds_more_than_the_limit_and_the_limit_is_used() {
        let limiter = WindowLimiter::new();
        let key = key("a");
        let started = Instant::now();
        let mut seen = Vec::new();
        for _ in 0..100 {
            let permit = acquire(&limiter, &key, Duration::from_secs(60))
                .await
                .unwrap();
            seen.push(Instant::now());
            drop(permit);
        }
        for pair in seen.windows(CLASS.max as usize + 1) {
            assert!(
                pair[CLASS.max as usize] - pair[0] >= CLASS.per,
                "eleven requests in one span"
            );
        }
        let took = started.elapsed();
        assert!(
            took >= CLASS.per * 9 && took < (CLASS.per * 9).mul_f64(1.05),
            "{took:?} for ten spans"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn promise_08_our_own_places_are_not_taken_for_others() {
        let limiter = WindowLimiter::new();
        let key = key("a");
        let flight = Duration::from_millis(5);
        // Ten at once, answered together.
        let mut permits = Vec::new();
        for _ in 0..CLASS.max {
            permits.push(acquire(&limiter, &key, Duration::ZERO).await.unwrap());
        }
        tokio::time::advance(flight).await;
        permits.clear();
        // The next one arrives while the provider still counts nine of them, and its answer comes when it does not.
        let permit = acquire(&limiter, &key, Duration::from_secs(2)).await;
        tokio::time::advance(flight).await;
        drop(permit.unwrap());
        let signal = LimitSignal {
            remaining: Some(0),
            ..LimitSignal::default()
        };
        limiter.observe(&key, &signal, false);
        for _ in 1..CLASS.max {
            drop(acquire(&limiter, &key, Duration::ZERO).await.unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn slow_requests_keep_their_place_until_a_span_after_the_answer() {
        let limiter = WindowLimiter::new();
        let key = key("a");
        let mut permits = Vec::new();
        for _ in 0..CLASS.max {
            permits.push(
                acquire(&limiter, &key, Duration::from_secs(1))
                    .await
                    .unwrap(),
            );
        }
        assert!(
            acquire(&limiter, &key, Duration::from_secs(30))
                .await
                .is_err(),
            "all places are in flight"
        );
        let answered = Instant::now();
        permits.clear();
        acquire(&limiter, &key, Duration::from_secs(30))
            .await
            .unwrap();
        assert!(answered.elapsed() >= CLASS.per);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_do_not_share_a_budget() {
        let limiter = WindowLimiter::new();
        for _ in 0..CLASS.max {
            drop(acquire(&limiter, &key("a"), Duration::ZERO).await.unwrap());
        }
        assert_eq!(
            acquire(&limiter, &key("a"), Duration::from_millis(10))
                .await
                .unwrap_err()
                .kind(),
            ErrorKind::RateLimited
        );
        acquire(&limiter, &key("b"), Duration::ZERO).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn headers_override_the_declared_limit_and_reveal_others() {
        let limiter = WindowLimiter::new();
        let key = key("a");
        drop(acquire(&limiter, &key, Duration::ZERO).await.unwrap());
        let signal = LimitSignal {
            max: Some(4),
            remaining: Some(1),
            per: Some(Duration::from_secs(5)),
            ..LimitSignal::default()
        };
        limiter.observe(&key, &signal, false);
        drop(acquire(&limiter, &key, Duration::ZERO).await.unwrap());
        let started = Instant::now();
        drop(
            acquire(&limiter, &key, Duration::from_secs(60))
                .await
                .unwrap(),
        );
        assert!(
            started.elapsed() >= Duration::from_secs(5),
            "two of the four places belong to somebody else"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_holds_everybody_back() {
        let limiter = WindowLimiter::new();
        let key = key("a");
        drop(acquire(&limiter, &key, Duration::ZERO).await.unwrap());
        let signal = LimitSignal {
            retry_after: Some(Duration::from_secs(3)),
            ..LimitSignal::default()
        };
        limiter.observe(&key, &signal, true);
        let started = Instant::now();
        drop(
            acquire(&limiter, &key, Duration::from_secs(60))
                .await
                .unwrap(),
        );
        assert!(started.elapsed() >= Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn an_abandoned_wait_takes_no_place() {
        let limiter = WindowLimiter::new();
        let key = key("a");
        for _ in 0..CLASS.max {
            drop(acquire(&limiter, &key, Duration::ZERO).await.unwrap());
        }
        for _ in 0..50 {
            assert!(
                acquire(&limiter, &key, Duration::from_millis(1))
                    .await
                    .is_err()
            );
        }
        tokio::time::advance(CLASS.per * 2).await;
        for _ in 0..CLASS.max {
            drop(acquire(&limiter, &key, Duration::ZERO).await.unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn urgent_requests_go_first() {
        let limiter = WindowLimiter::new();
        let key = key("a");
        for _ in 0..CLASS.max {
            drop(acquire(&limiter, &key, Duration::ZERO).await.unwrap());
        }
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for priority in [
            Priority::Bulk,
            Priority::Bulk,
            Priority::Normal,
            Priority::Urgent,
        ] {
            let (limiter, key, order) = (limiter.clone(), key.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let deadline = Instant::now() + Duration::from_secs(60);
                let mut ask = Acquire::new(&key, CLASS, deadline);
                ask.priority = priority;
                let permit = limiter.acquire(ask).await.unwrap();
                lock(&order).push(priority);
                drop(permit);
            }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(lock(&order)[0], Priority::Urgent);
    }

    #[tokio::test(start_paused = true)]
    async fn a_herd_is_served_in_full() {
        let limiter = WindowLimiter::new();
        let key = key("a");
        let tasks: Vec<_> = (0..55)
            .map(|_| {
                let (limiter, key) = (limiter.clone(), key.clone());
                tokio::spawn(async move {
                    drop(
                        acquire(&limiter, &key, Duration::from_secs(60))
                            .await
                            .unwrap(),
                    );
                })
            })
            .collect();
        let started = Instant::now();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(
            started.elapsed() < Duration::from_millis(5200),
            "{:?}",
            started.elapsed()
        );
    }

    async fn ask(limiter: &WindowLimiter, priority: Priority, within: Duration) -> Result<Permit> {
        let key = key("a");
        let mut ask = Acquire::new(&key, CLASS, Instant::now() + within);
        ask.priority = priority;
        limiter.acquire(ask).await
    }

    async fn fill(limiter: &WindowLimiter) {
        for _ in 0..CLASS.max {
            drop(acquire(limiter, &key("a"), Duration::ZERO).await.unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_urgent_request_that_gives_up_lets_the_others_go_on() {
        let limiter = WindowLimiter::new();
        fill(&limiter).await;
        let urgent = {
            let limiter = limiter.clone();
            tokio::spawn(
                async move { ask(&limiter, Priority::Urgent, Duration::from_millis(10)).await },
            )
        };
        tokio::task::yield_now().await;
        let started = Instant::now();
        ask(&limiter, Priority::Normal, Duration::from_secs(60))
            .await
            .unwrap();
        assert!(started.elapsed() < CLASS.per.mul_f64(1.1));
        assert!(urgent.await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn bulk_work_goes_last() {
        let limiter = WindowLimiter::new();
        fill(&limiter).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for priority in [Priority::Bulk, Priority::Bulk, Priority::Normal] {
            let (limiter, order) = (limiter.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let permit = ask(&limiter, priority, Duration::from_secs(60)).await;
                lock(&order).push(priority);
                drop(permit.unwrap());
            }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(lock(&order)[0], Priority::Normal);
    }

    #[tokio::test(start_paused = true)]
    async fn absurd_headers_do_no_lasting_harm() {
        let limiter = WindowLimiter::new();
        drop(
            ask(&limiter, Priority::Normal, Duration::ZERO)
                .await
                .unwrap(),
        );
        let absurd = LimitSignal {
            max: Some(u32::MAX),
            remaining: Some(0),
            per: Some(Duration::MAX),
            retry_after: Some(Duration::MAX),
            ..LimitSignal::default()
        };
        for refused in [false, true] {
            limiter.observe(&key("a"), &absurd, refused);
        }
        {
            let windows = lock(&limiter.windows);
            let state = lock(&windows.by_key[&key("a")].state);
            assert_eq!(state.done.len(), 1);
        }
        ask(&limiter, Priority::Normal, LONGEST_LEARNED * 2)
            .await
            .unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn memory_does_not_grow_with_the_limit() {
        let limiter = WindowLimiter::new();
        let class = LimitClass {
            max: 1_000_000,
            ..CLASS
        };
        let key = key("a");
        for _ in 0..20_000 {
            let ask = Acquire::new(&key, class, Instant::now());
            drop(limiter.acquire(ask).await.unwrap());
            tokio::time::advance(Duration::from_micros(40)).await;
        }
        let windows = lock(&limiter.windows);
        let state = lock(&windows.by_key[&key].state);
        assert!(
            state.done.len() <= GRAIN as usize + 1,
            "{}",
            state.done.len()
        );
        assert_eq!(state.done_count, 20_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_span_is_not_forgotten() {
        let limiter = WindowLimiter::new();
        let class = LimitClass {
            max: 1,
            per: IDLE * 6,
            ..CLASS
        };
        let long = key("a");
        drop(
            limiter
                .acquire(Acquire::new(&long, class, Instant::now()))
                .await
                .unwrap(),
        );
        tokio::time::advance(IDLE * 2).await;
        for n in 0..100 {
            drop(acquire(&limiter, &key(&n.to_string()), Duration::ZERO).await);
        }
        let again = Acquire::new(&long, class, Instant::now());
        assert!(limiter.acquire(again).await.is_err(), "one an hour");
    }
}
