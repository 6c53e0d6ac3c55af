use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::{Acquire, LimitClass, LimitKey, LimitSignal, Permit, Priority, RateLimiter};
use crate::{Error, ErrorKind, Result};

/// Keys that were not used for this long are forgotten.
const IDLE: Duration = Duration::from_secs(600);
/// The clocks of two machines run apart by less than this in one span.
const DRIFT: f64 = 0.002;

/// A limiter for one process: a sliding window per key.
///
/// A request occupies its place from the moment it is sent until one span after its answer began. The provider saw it
/// somewhere in between, so no span at the provider ever holds more requests than the limit. What the headers say
/// replaces the declared limit, and requests of others that the headers reveal are counted too.
#[derive(Debug, Clone, Default)]
pub struct WindowLimiter {
    windows: Arc<Mutex<HashMap<LimitKey, Arc<Window>>>>,
}

#[derive(Debug)]
struct Window {
    state: Mutex<State>,
    /// Woken when a place may have become free.
    freed: Notify,
    /// Who waits, waits here in the order of arrival; urgent requests have a door of their own.
    turnstile: Semaphore,
    urgent: Semaphore,
}

#[derive(Debug)]
struct State {
    max: usize,
    per: Duration,
    in_flight: usize,
    /// When the answers of the last span began, oldest first.
    done: VecDeque<Instant>,
    blocked_until: Option<Instant>,
    /// 429s in a row.
    refusals: u32,
    used_at: Instant,
}

impl WindowLimiter {
    /// A limiter that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn window(&self, key: &LimitKey, class: LimitClass) -> Arc<Window> {
        let mut windows = lock(&self.windows);
        if let Some(window) = windows.get(key) {
            return window.clone();
        }
        let now = Instant::now();
        windows.retain(|_, window| {
            let state = lock(&window.state);
            state.in_flight > 0 || now.duration_since(state.used_at) < IDLE
        });
        let window = Arc::new(Window {
            state: Mutex::new(State {
                max: class.max.max(1) as usize,
                per: class.per,
                in_flight: 0,
                done: VecDeque::new(),
                blocked_until: None,
                refusals: 0,
                used_at: now,
            }),
            freed: Notify::new(),
            turnstile: Semaphore::new(1),
            urgent: Semaphore::new(1),
        });
        windows.insert(key.clone(), window.clone());
        window
    }
}

#[async_trait]
impl RateLimiter for WindowLimiter {
    async fn acquire(&self, ask: Acquire<'_>) -> Result<Permit> {
        let window = self.window(ask.key, ask.class);
        let waited = tokio::time::timeout_at(ask.deadline, window.enter(ask.priority)).await;
        match waited {
            Ok(()) => Ok(Permit::new(move || window.leave())),
            Err(_) => Err(Error::new(
                ErrorKind::RateLimited,
                "no request fits under the provider's rate limit before the call's deadline: \
                 send fewer at once or give the call more time",
            )),
        }
    }

    fn observe(&self, key: &LimitKey, signal: &LimitSignal, refused: bool) {
        let window = lock(&self.windows).get(key).cloned();
        if let Some(window) = window {
            window.observe(signal, refused);
        }
    }
}

impl Window {
    async fn enter(&self, priority: Priority) {
        let urgent = priority == Priority::Urgent;
        let nobody_waits =
            self.turnstile.available_permits() > 0 && self.urgent.available_permits() > 0;
        if nobody_waits && lock(&self.state).take(Instant::now()).is_none() {
            return;
        }
        let door = if urgent {
            &self.urgent
        } else {
            &self.turnstile
        };
        // The semaphores are never closed.
        let turn = door.acquire().await;
        loop {
            let freed = self.freed.notified();
            if !urgent && self.urgent.available_permits() == 0 {
                freed.await;
                continue;
            }
            let wait = lock(&self.state).take(Instant::now());
            match wait {
                None => break,
                Some(Wait::Until(at)) => {
                    let _ = tokio::time::timeout_at(at, freed).await;
                }
                Some(Wait::Freed) => freed.await,
            }
        }
        drop(turn);
        if urgent {
            self.freed.notify_waiters();
        }
    }

    fn leave(&self) {
        let mut state = lock(&self.state);
        state.in_flight = state.in_flight.saturating_sub(1);
        state.done.push_back(Instant::now());
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
            state.per = per;
        }
        state.forget_old(now);
        if let Some(remaining) = signal.remaining {
            // Places that the provider counts and we did not take belong to others who share the budget.
            let counted = state.max.saturating_sub(remaining as usize);
            let ours = state.in_flight + state.done.len();
            for _ in ours..counted {
                state.done.push_back(now);
            }
        }
        if refused {
            // Without a word from the provider: a tenth of the span, doubled at each refusal in a row.
            let guess = (state.per / 10) * 2u32.saturating_pow(state.refusals.min(8));
            let wait = signal.retry_after.unwrap_or(guess.min(state.per));
            state.refusals += 1;
            state.blocked_until = state.blocked_until.max(Some(now + wait));
        } else {
            state.refusals = 0;
        }
        drop(state);
        self.freed.notify_waiters();
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
        if self.in_flight + self.done.len() < self.max {
            self.in_flight += 1;
            return None;
        }
        // With everything in flight, the next place opens a span after the next answer.
        Some(
            self.done
                .front()
                .map_or(Wait::Freed, |oldest| Wait::Until(*oldest + self.span())),
        )
    }

    fn forget_old(&mut self, now: Instant) {
        let span = self.span();
        while self
            .done
            .front()
            .is_some_and(|at| now.duration_since(*at) >= span)
        {
            self.done.pop_front();
        }
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
}
