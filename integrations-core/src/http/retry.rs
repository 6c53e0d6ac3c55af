use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// When a call is tried again.
///
/// Only failures that may go away are tried again, and of those only what never left, what was refused unprocessed (a
/// 429), or what is idempotent.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts in all, the first included; 3 by default.
    pub max_attempts: u32,
    /// Further attempts after a 429, which do not count as failures; 10 by default.
    pub max_rate_limit_waits: u32,
    /// The first backoff; 250 ms by default.
    pub base: Duration,
    /// The longest backoff; 8 s by default.
    pub cap: Duration,
    /// How long one attempt may take, its body included; 30 s by default.
    pub attempt_timeout: Duration,
    /// How long a call may take in all, waiting included; 60 s by default.
    pub timeout: Duration,
    /// Retries that a host may see for each first attempt, so that an outage is not made worse; 0.2 by default.
    pub budget: f64,
}

impl RetryPolicy {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        max_attempts: 3,
        max_rate_limit_waits: 10,
        base: Duration::from_millis(250),
        cap: Duration::from_secs(8),
        attempt_timeout: Duration::from_secs(30),
        timeout: Duration::from_secs(60),
        budget: 0.2,
    };

    /// One attempt, no waiting for a refused one.
    #[must_use]
    pub fn never() -> Self {
        Self {
            max_attempts: 1,
            max_rate_limit_waits: 0,
            ..Self::DEFAULT
        }
    }

    /// The wait before attempt `attempt + 1`: uniform between nothing and the exponential step ("full jitter").
    #[must_use]
    pub fn backoff(&self, attempt: u32) -> Duration {
        let step = self
            .base
            .saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1)))
            .min(self.cap);
        step.mul_f64(fastrand::f64())
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How many retries a host may still see. Each first attempt adds a fraction; each retry takes one.
#[derive(Debug)]
pub struct RetryBudget {
    /// In thousandths of a retry.
    balance: AtomicI64,
}

impl RetryBudget {
    /// What is there at the start and at most: enough for a quiet client's few retries.
    const RESERVE: i64 = 20_000;

    /// A full budget.
    #[must_use]
    pub fn new() -> Self {
        Self {
            balance: AtomicI64::new(Self::RESERVE),
        }
    }

    /// A first attempt was made.
    pub fn deposit(&self, ratio: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of a thousand")]
        let thousandths = (ratio.clamp(0.0, 10.0) * 1000.0) as i64;
        let _ = self
            .balance
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |balance| {
                (balance < Self::RESERVE).then_some((balance + thousandths).min(Self::RESERVE))
            });
    }

    /// Takes one retry, if there is one.
    #[must_use]
    pub fn withdraw(&self) -> bool {
        self.balance
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |balance| {
                (balance >= 1000).then_some(balance - 1000)
            })
            .is_ok()
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_and_is_capped() {
        let policy = RetryPolicy::DEFAULT;
        for attempt in 1..40 {
            assert!(policy.backoff(attempt) <= policy.cap);
        }
        assert!((0..200).any(|_| policy.backoff(4) > policy.base));
    }

    #[test]
    fn the_budget_runs_out_and_refills() {
        let budget = RetryBudget::new();
        let spent = (0..1000).filter(|_| budget.withdraw()).count();
        assert_eq!(spent, 20);
        for _ in 0..5 {
            budget.deposit(0.2);
        }
        assert!(budget.withdraw());
        assert!(!budget.withdraw());
    }
}
