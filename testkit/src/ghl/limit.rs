use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What shares one budget: an app on one location or company, or all private tokens of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) app: String,
    pub(crate) resource: String,
}

/// Requests per window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) max: usize,
    pub(crate) window: Duration,
}

/// The sliding window and the daily quota, per [`Key`].
#[derive(Debug)]
pub(crate) struct Limiter {
    rate: Rate,
    /// Resources with a rate of their own.
    own: HashMap<String, Rate>,
    daily: u64,
    retry_after: bool,
    buckets: HashMap<Key, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    accepted: VecDeque<Instant>,
    arrivals: VecDeque<Instant>,
    day: Instant,
    used: u64,
    peak: usize,
    total: u64,
    refused: u64,
    first: Instant,
    last: Instant,
}

/// The limiter's answer to one request.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    rate: Rate,
    remaining: usize,
    daily_remaining: u64,
    wait: Duration,
}

/// What was used of the budgets of one location or company, since the start or the last
/// [`reset_stats`](super::SimulatedGhl::reset_stats).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateUsage {
    /// Requests per window.
    pub max: usize,
    /// The window.
    pub window: Duration,
    /// How many budgets there are: one per app, and one for all private tokens.
    pub budgets: usize,
    /// Requests that were let through.
    pub accepted: u64,
    /// Requests that came over the limit and were refused with 429.
    pub violations: u64,
    /// The most requests that one budget saw in any window, refused ones included.
    pub peak: usize,
    /// From the first request that was let through to the last.
    pub span: Duration,
}

impl RateUsage {
    /// The share of the budget that was used, from 0 to 1: what was let through, over what a sliding window lets
    /// through in that span (a full window at its start, and at its rate from then on).
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of counts that are small"
    )]
    pub fn share(&self) -> f64 {
        let windows = 1.0 + self.span.as_secs_f64() / self.window.as_secs_f64();
        let allowed = (self.max * self.budgets) as f64 * windows;
        if allowed > 0.0 {
            self.accepted as f64 / allowed
        } else {
            0.0
        }
    }
}

impl Limiter {
    pub(crate) fn new(max: usize, window: Duration, daily: u64, retry_after: bool) -> Self {
        Self {
            rate: Rate { max, window },
            own: HashMap::new(),
            daily,
            retry_after,
            buckets: HashMap::new(),
        }
    }

    /// Gives a location or company a rate of its own.
    pub(crate) fn set_rate(&mut self, resource: &str, rate: Rate) {
        self.own.insert(resource.to_owned(), rate);
    }

    fn rate(&self, resource: &str) -> Rate {
        self.own.get(resource).copied().unwrap_or(self.rate)
    }

    /// Counts one arrival. A refused request uses nothing of the budget, but it is an arrival.
    pub(crate) fn arrive(&mut self, key: &Key) -> Verdict {
        self.count(key, Instant::now(), None)
    }

    /// Counts one arrival of an earlier process, some time ago, with the verdict that it got.
    pub(crate) fn replay(&mut self, key: &Key, allowed: bool, age: Duration) {
        // A machine that has just started has no such moment; then it is out of every window.
        let now = Instant::now();
        let at = now.checked_sub(age);
        let at = at.or_else(|| now.checked_sub(self.rate(&key.resource).window));
        self.count(key, at.unwrap_or(now), Some(allowed));
    }

    fn count(&mut self, key: &Key, now: Instant, known: Option<bool>) -> Verdict {
        let rate = self.rate(&key.resource);
        let (Rate { max, window }, daily) = (rate, self.daily);
        let bucket = self.buckets.entry(key.clone()).or_insert_with(|| Bucket {
            accepted: VecDeque::new(),
            arrivals: VecDeque::new(),
            day: now,
            used: 0,
            peak: 0,
            total: 0,
            refused: 0,
            first: now,
            last: now,
        });
        for times in [&mut bucket.accepted, &mut bucket.arrivals] {
            while times.front().is_some_and(|t| now - *t >= window) {
                times.pop_front();
            }
        }
        if now - bucket.day >= DAY {
            bucket.day = now;
            bucket.used = 0;
        }
        bucket.arrivals.push_back(now);
        bucket.peak = bucket.peak.max(bucket.arrivals.len());
        let room = bucket.accepted.len() < max && bucket.used < daily;
        let allowed = known.unwrap_or(room);
        let wait = if bucket.used >= daily {
            DAY - (now - bucket.day)
        } else {
            let oldest = bucket.accepted.front();
            oldest.map_or(Duration::ZERO, |t| window - (now - *t))
        };
        if allowed {
            bucket.accepted.push_back(now);
            bucket.used += 1;
            bucket.first = if bucket.total == 0 { now } else { bucket.first };
            bucket.last = now;
            bucket.total += 1;
        } else {
            bucket.refused += 1;
        }
        Verdict {
            allowed,
            rate,
            remaining: max.saturating_sub(bucket.accepted.len()),
            daily_remaining: daily.saturating_sub(bucket.used),
            wait,
        }
    }

    /// The most requests that any budget saw within one window, refused ones included.
    pub(crate) fn peak(&self) -> usize {
        self.buckets.values().map(|b| b.peak).max().unwrap_or(0)
    }

    /// How many requests came over a limit.
    pub(crate) fn violations(&self) -> u64 {
        self.buckets.values().map(|b| b.refused).sum()
    }

    /// What was used of a location's or company's budgets.
    pub(crate) fn usage(&self, resource: &str) -> RateUsage {
        let Rate { max, window } = self.rate(resource);
        let mine = || {
            let mine = self
                .buckets
                .iter()
                .filter(|(key, _)| key.resource == resource);
            mine.map(|(_, bucket)| bucket)
        };
        let first = mine().filter(|b| b.total > 0).map(|b| b.first).min();
        let last = mine().filter(|b| b.total > 0).map(|b| b.last).max();
        let span = first.zip(last).map(|(first, last)| last - first);
        RateUsage {
            max,
            window,
            budgets: mine().count(),
            accepted: mine().map(|b| b.total).sum(),
            violations: mine().map(|b| b.refused).sum(),
            peak: mine().map(|b| b.peak).max().unwrap_or(0),
            span: span.unwrap_or_default(),
        }
    }

    /// Forgets all that was counted.
    pub(crate) fn reset(&mut self) {
        self.buckets.clear();
    }

    /// The five headers of every response. Without a verdict (nobody was identified, so no budget
    /// was touched) they show an untouched budget.
    pub(crate) fn headers(&self, verdict: Option<&Verdict>) -> Vec<(&'static str, String)> {
        let rate = verdict.map_or(self.rate, |v| v.rate);
        let remaining = verdict.map_or(rate.max, |v| v.remaining);
        let daily_remaining = verdict.map_or(self.daily, |v| v.daily_remaining);
        let mut headers = vec![
            ("x-ratelimit-limit-daily", self.daily.to_string()),
            ("x-ratelimit-daily-remaining", daily_remaining.to_string()),
            (
                "x-ratelimit-interval-milliseconds",
                rate.window.as_millis().to_string(),
            ),
            ("x-ratelimit-max", rate.max.to_string()),
            ("x-ratelimit-remaining", remaining.to_string()),
        ];
        if let Some(refused) = verdict.filter(|v| !v.allowed && self.retry_after) {
            let seconds = refused.wait.as_millis().div_ceil(1000).max(1);
            headers.push(("retry-after", seconds.to_string()));
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            app: "app".to_owned(),
            resource: "location".to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_window_slides() {
        let mut limiter = Limiter::new(2, Duration::from_secs(10), 100, true);
        assert!(limiter.arrive(&key()).allowed);
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(limiter.arrive(&key()).allowed);
        let refused = limiter.arrive(&key());
        assert!(!refused.allowed);
        let headers = limiter.headers(Some(&refused));
        assert!(headers.contains(&("retry-after", "4".to_owned())));
        // Only the first has left: a fixed window would have forgotten both.
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(limiter.arrive(&key()).allowed);
        assert!(!limiter.arrive(&key()).allowed);
        assert_eq!(limiter.peak(), 4, "the refused arrivals count");
    }

    #[tokio::test(start_paused = true)]
    async fn the_day_ends() {
        let mut limiter = Limiter::new(10, Duration::from_secs(1), 2, true);
        assert!(limiter.arrive(&key()).allowed);
        assert!(limiter.arrive(&key()).allowed);
        let refused = limiter.arrive(&key());
        assert!(!refused.allowed);
        assert!(
            limiter
                .headers(Some(&refused))
                .contains(&("x-ratelimit-daily-remaining", "0".to_owned()))
        );
        tokio::time::advance(DAY).await;
        assert!(limiter.arrive(&key()).allowed);
    }

    #[tokio::test(start_paused = true)]
    async fn usage_is_measured_against_what_the_window_allows() {
        let mut limiter = Limiter::new(100, Duration::from_secs(10), 1000, false);
        let rate = Rate {
            max: 2,
            window: Duration::from_secs(10),
        };
        limiter.set_rate("location", rate);
        assert_eq!(limiter.usage("location").share(), 0.0);
        for _ in 0..2 {
            assert!(limiter.arrive(&key()).allowed);
            assert!(limiter.arrive(&key()).allowed);
            let refused = limiter.arrive(&key());
            assert!(!refused.allowed);
            assert!(
                limiter
                    .headers(Some(&refused))
                    .contains(&("x-ratelimit-max", "2".to_owned()))
            );
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        let usage = limiter.usage("location");
        assert_eq!(
            (usage.accepted, usage.violations, usage.span.as_secs()),
            (4, 2, 10)
        );
        assert!((usage.share() - 1.0).abs() < 1e-9, "{usage:?}");
        assert_eq!(limiter.violations(), 2);
        limiter.reset();
        assert_eq!(limiter.violations(), 0);
    }
}
