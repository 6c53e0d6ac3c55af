use std::time::Duration;

/// The share by which a wait is made longer or shorter at random, so that what failed together does not return together.
const JITTER: f64 = 0.2;
/// So many doublings are beyond any cap.
const DOUBLINGS: u32 = 32;

/// When a failed job is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    tries: u16,
    first: Duration,
    longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new(10, Duration::from_secs(60))
    }
}

impl RetryPolicy {
    /// So many tries in all (at least one), the second one `first` after the first one failed; each wait is twice as
    /// long as the one before, and up to a fifth longer or shorter at random. No wait is longer than half a day.
    pub fn new(tries: u16, first: Duration) -> Self {
        Self {
            // The column is a signed 16-bit number.
            tries: tries.clamp(1, i16::MAX.unsigned_abs()),
            first,
            longest: Duration::from_secs(12 * 60 * 60),
        }
    }

    /// One try: what fails is given up.
    pub fn once() -> Self {
        Self::new(1, Duration::ZERO)
    }

    /// No wait is longer than this.
    pub fn longest(mut self, wait: Duration) -> Self {
        self.longest = wait;
        self
    }

    /// How many tries there are in all.
    #[must_use]
    pub fn tries(&self) -> u16 {
        self.tries
    }

    /// The wait after the failed try number `attempt`, which counts from one.
    #[must_use]
    pub fn wait(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(DOUBLINGS);
        let base = self
            .first
            .saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX))
            .min(self.longest);
        base.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_the_first_and_stay_under_the_cap() {
        let policy = RetryPolicy::default();
        let mut nominal = 60.0;
        for attempt in 1..10 {
            for _ in 0..100 {
                let wait = policy.wait(attempt).as_secs_f64();
                assert!(
                    (nominal * 0.8..=nominal * 1.2).contains(&wait),
                    "{attempt}: {wait}"
                );
            }
            nominal *= 2.0;
        }
        let capped = policy.longest(Duration::from_secs(100));
        for attempt in [3, 40, u32::MAX] {
            assert!(capped.wait(attempt) <= Duration::from_secs(120));
        }
        assert_eq!(RetryPolicy::once().wait(1), Duration::ZERO);
        assert_eq!(RetryPolicy::new(0, Duration::ZERO).tries(), 1);
        assert_eq!(RetryPolicy::new(u16::MAX, Duration::ZERO).tries(), 32_767);
    }
}
