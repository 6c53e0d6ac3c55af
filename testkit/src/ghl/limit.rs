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

/// The sliding window and the daily quota, per [`Key`].
#[derive(Debug)]
pub(crate) struct Limiter {
    pub(crate) max: usize,
    pub(crate) window: Duration,
    pub(crate) daily: u64,
    pub(crate) retry_after: bool,
    buckets: HashMap<Key, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    accepted: VecDeque<Instant>,
    arrivals: VecDeque<Instant>,
    day: Instant,
    used: u64,
    peak: usize,
}

/// The limiter's answer to one request.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    remaining: usize,
    daily_remaining: u64,
    wait: Duration,
}

impl Limiter {
    pub(crate) fn new(max: usize, window: Duration, daily: u64, retry_after: bool) -> Self {
        Self {
            max,
            window,
            daily,
            retry_after,
            buckets: HashMap::new(),
        }
    }

    /// Counts one arrival. A refused request uses nothing of the budget, but it is an arrival.
    pub(crate) fn arrive(&mut self, key: &Key) -> Verdict {
        let now = Instant::now();
        let (max, window, daily) = (self.max, self.window, self.daily);
        let bucket = self.buckets.entry(key.clone()).or_insert_with(|| Bucket {
            accepted: VecDeque::new(),
            arrivals: VecDeque::new(),
            day: now,
            used: 0,
            peak: 0,
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
        let allowed = bucket.accepted.len() < max && bucket.used < daily;
        let wait = if bucket.used >= daily {
            DAY - (now - bucket.day)
        } else {
            let oldest = bucket.accepted.front();
            oldest.map_or(Duration::ZERO, |t| window - (now - *t))
        };
        if allowed {
            bucket.accepted.push_back(now);
            bucket.used += 1;
        }
        Verdict {
            allowed,
            remaining: max.saturating_sub(bucket.accepted.len()),
            daily_remaining: daily.saturating_sub(bucket.used),
            wait,
        }
    }

    /// The most requests that any budget saw within one window, refused ones included.
    pub(crate) fn peak(&self) -> usize {
        self.buckets.values().map(|b| b.peak).max().unwrap_or(0)
    }

    /// Forgets all that was counted.
    pub(crate) fn reset(&mut self) {
        self.buckets.clear();
    }

    /// The five headers of every response. Without a verdict (nobody was identified, so no budget
    /// was touched) they show an untouched budget.
    pub(crate) fn headers(&self, verdict: Option<&Verdict>) -> Vec<(&'static str, String)> {
        let remaining = verdict.map_or(self.max, |v| v.remaining);
        let daily_remaining = verdict.map_or(self.daily, |v| v.daily_remaining);
        let mut headers = vec![
            ("x-ratelimit-limit-daily", self.daily.to_string()),
            ("x-ratelimit-daily-remaining", daily_remaining.to_string()),
            (
                "x-ratelimit-interval-milliseconds",
                self.window.as_millis().to_string(),
            ),
            ("x-ratelimit-max", self.max.to_string()),
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
}
