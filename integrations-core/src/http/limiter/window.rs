use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{Acquire, LimitClass, LimitKey, LimitSignal, Permit, Places, RateLimiter, no_room};
use crate::Result;

/// Keys that were not used for this long, and for a span of theirs, are forgotten.
const IDLE: Duration = Duration::from_secs(600);

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
    by_key: HashMap<LimitKey, Arc<Places>>,
    /// With how many keys the idle ones are looked for again.
    sweep_at: usize,
}

impl WindowLimiter {
    /// A limiter that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn window(&self, key: &LimitKey, class: LimitClass) -> Arc<Places> {
        let mut windows = lock(&self.windows);
        if let Some(window) = windows.by_key.get(key) {
            return window.clone();
        }
        if windows.by_key.len() >= windows.sweep_at {
            // Who holds a permit or waits for one holds the window too.
            windows
                .by_key
                .retain(|_, window| Arc::strong_count(window) > 1 || !window.is_idle(IDLE));
            windows.sweep_at = (windows.by_key.len() * 2).max(64);
        }
        let window = Arc::new(Places::new(class.max.max(1) as usize, class.per));
        windows.by_key.insert(key.clone(), window.clone());
        window
    }
}

#[async_trait]
impl RateLimiter for WindowLimiter {
    async fn acquire(&self, ask: Acquire<'_>) -> Result<Permit> {
        let window = self.window(ask.key, ask.class);
        window.enter(&ask).await.ok_or_else(no_room)
    }

    fn observe(&self, key: &LimitKey, signal: &LimitSignal, refused: bool) {
        let window = lock(&self.windows).by_key.get(key).cloned();
        let Some(window) = window else { return };
        if let Some(per) = signal.per {
            window.set_span(per);
        }
        if let Some(max) = signal.max.filter(|max| *max > 0) {
            window.resize(max as usize);
        }
        window.observe(signal, refused);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::super::Priority;
    use super::super::places::{GRAIN, LONGEST_LEARNED};
    use super::*;
    use crate::{ErrorKind, TenantId};

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
    async fn promise_08_nor_when_the_machine_is_too_busy_to_read_an_answer() {
        let limiter = WindowLimiter::new();
        let key = key("a");
        for _ in 0..CLASS.max {
            drop(acquire(&limiter, &key, Duration::ZERO).await.unwrap());
        }
        // Sent while the provider still counts the ten; its answer is quick, and read when they are long forgotten.
        tokio::time::advance(CLASS.per.mul_f64(0.999)).await;
        let sent = Instant::now();
        tokio::time::advance(CLASS.per.mul_f64(0.01)).await;
        let permit = acquire(&limiter, &key, Duration::ZERO).await.unwrap();
        drop(permit);
        tokio::time::advance(CLASS.per / 2).await;
        drop(acquire(&limiter, &key, Duration::ZERO).await.unwrap());
        let signal = LimitSignal {
            remaining: Some(0),
            sent: Some(sent),
            ..LimitSignal::default()
        };
        limiter.observe(&key, &signal, false);
        for _ in 2..CLASS.max {
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
            assert_eq!(windows.by_key[&key("a")].groups().0, 1);
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
        let (groups, answers) = windows.by_key[&key].groups();
        assert!(groups <= GRAIN as usize + 1, "{groups}");
        assert_eq!(answers, 20_000);
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

    #[tokio::test(start_paused = true)]
    async fn tenants_are_served_in_turn() {
        let limiter = WindowLimiter::new();
        fill(&limiter).await;
        let order = Arc::new(Mutex::new(String::new()));
        let mut tasks = Vec::new();
        for tenant in ["a", "a", "a", "a", "a", "b", "c", "b"] {
            let (limiter, order) = (limiter.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let (key, whose) = (key("a"), TenantId::new(tenant).unwrap());
                let deadline = Instant::now() + Duration::from_secs(60);
                let mut ask = Acquire::new(&key, CLASS, deadline);
                ask.tenant = Some(&whose);
                let permit = limiter.acquire(ask).await.unwrap();
                lock(&order).push_str(tenant);
                drop(permit);
            }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*lock(&order), "abcabaaa");
    }

    #[tokio::test(start_paused = true)]
    async fn who_watches_the_time_may_give_up() {
        let limiter = WindowLimiter::new();
        fill(&limiter).await;
        let patient = {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                ask(&limiter, Priority::Normal, Duration::from_secs(60)).await
            })
        };
        let started = Instant::now();
        let first = ask(&limiter, Priority::Normal, CLASS.per / 2).await;
        assert!(first.is_err());
        patient.await.unwrap().unwrap();
        assert!(started.elapsed() < CLASS.per.mul_f64(1.1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_came_too_late_goes_to_the_next() {
        let limiter = WindowLimiter::new();
        fill(&limiter).await;
        let waits = |limiter: &WindowLimiter| {
            let limiter = limiter.clone();
            tokio::spawn(async move { ask(&limiter, Priority::Normal, CLASS.per * 5).await })
        };
        let (one, two) = (waits(&limiter), waits(&limiter));
        tokio::task::yield_now().await;
        tokio::time::advance(CLASS.per * 2).await;
        // Served, perhaps, but not polled since.
        one.abort();
        two.await.unwrap().unwrap();
        for _ in 1..CLASS.max {
            drop(
                ask(&limiter, Priority::Normal, Duration::ZERO)
                    .await
                    .unwrap(),
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn promise_08_what_was_given_up_may_arrive_still() {
        let limiter = WindowLimiter::new();
        for _ in 0..CLASS.max {
            let permit = ask(&limiter, Priority::Normal, Duration::ZERO).await;
            permit.unwrap().abandon();
        }
        let given_up = Instant::now();
        let permit = ask(&limiter, Priority::Normal, CLASS.per * 5).await;
        assert!(given_up.elapsed() >= CLASS.per + Duration::from_secs(1));
        // An answer among those that were given up is still counted from when it came.
        drop(permit);
        tokio::time::advance(CLASS.per.mul_f64(1.01)).await;
        for _ in 0..CLASS.max {
            drop(
                ask(&limiter, Priority::Normal, Duration::ZERO)
                    .await
                    .unwrap(),
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn places_that_move_take_their_time_along() {
        let places = Arc::new(Places::new(5, CLASS.per));
        let [answered, given_up, _flying] =
            std::array::from_fn(|_| places.try_enter(Priority::Urgent).unwrap());
        drop(answered);
        given_up.abandon();
        tokio::time::advance(CLASS.per / 4).await;
        let demand = places.demand();
        assert_eq!((demand.free, demand.in_flight, demand.used[2]), (2, 1, 3));
        let back = places.take_back(5);
        let counts: Vec<_> = back.iter().map(|one| one.count).collect();
        assert_eq!(counts, [2, 1], "the two others may be on their way");
        let age = back[1].answered.unwrap().elapsed();
        assert_eq!((back[0].answered, age), (None, CLASS.per / 4));
        let other = Arc::new(Places::new(0, CLASS.per));
        other.give(1, CLASS.per - age);
        assert!(other.try_enter(Priority::Urgent).is_none());
        tokio::time::advance(CLASS.per - age).await;
        assert!(other.try_enter(Priority::Urgent).is_some());
        assert_eq!(places.demand().places, 2);
        // What is borrowed is not used for longer than it was lent.
        places.forget();
        places.give(1, Duration::ZERO);
        places.use_until(Instant::now());
        assert!(places.try_enter(Priority::Urgent).is_none());
        places.use_until(Instant::now() + CLASS.per);
        assert!(places.try_enter(Priority::Urgent).is_some());
    }
}
