use std::time::Duration;

/// When a delivery is attempted again.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Retries {
    waits: Vec<Duration>,
    jitter: f64,
    longest: Duration,
}

impl Retries {
    /// These waits, each after the attempt before; one attempt more than waits in all.
    pub fn new(waits: impl IntoIterator<Item = Duration>) -> Self {
        Self {
            waits: waits.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Each wait is longer by up to this part of itself, so that what failed together is not repeated together: 0.1.
    pub fn jitter(mut self, part: f64) -> Self {
        self.jitter = part.clamp(0.0, 1.0);
        self
    }

    /// The wait after this many attempts, if there is another: no shorter than the receiver asked for, which is believed
    /// up to a day.
    #[must_use]
    pub fn after(&self, attempts: u32, asked: Option<Duration>) -> Option<Duration> {
        let at = usize::try_from(attempts.saturating_sub(1)).ok()?;
        let wait = *self.waits.get(at)?;
        let wait = wait.mul_f64(1.0 + fastrand::f64() * self.jitter);
        Some(wait.max(asked.unwrap_or_default().min(self.longest)))
    }
}

impl Default for Retries {
    /// As Svix: at once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h.
    fn default() -> Self {
        let seconds = [5, 300, 1800, 7200, 18_000, 36_000, 36_000];
        Self {
            waits: seconds.map(Duration::from_secs).to_vec(),
            jitter: 0.1,
            longest: Duration::from_secs(24 * 60 * 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_attempts_over_more_than_a_day() {
        let retries = Retries::default().jitter(0.0);
        let waits: Vec<_> = (1..).map_while(|n| retries.after(n, None)).collect();
        assert_eq!(waits.len(), 7);
        assert_eq!(waits[0], Duration::from_secs(5));
        assert_eq!(waits.iter().sum::<Duration>(), Duration::from_secs(99_305));
    }

    #[test]
    fn the_receiver_may_ask_for_more_but_not_for_ever() {
        let retries = Retries::default();
        let hour = Duration::from_secs(3600);
        assert_eq!(retries.after(1, Some(hour)), Some(hour));
        assert!(
            retries
                .after(5, Some(hour))
                .is_some_and(|wait| wait >= 5 * hour)
        );
        assert_eq!(retries.after(1, Some(Duration::MAX)), Some(24 * hour));
        assert_eq!(retries.after(8, Some(hour)), None);
    }

    #[test]
    fn jitter_only_lengthens() {
        let retries = Retries::new([Duration::from_secs(100)]).jitter(0.5);
        for _ in 0..100 {
            let wait = retries.after(1, None).unwrap().as_secs();
            assert!((100..=150).contains(&wait), "{wait}");
        }
    }
}
