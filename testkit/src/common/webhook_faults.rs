use std::{collections::HashMap, ops::Range, time::Duration};

use crate::fault::mix;

/// What happens to webhooks on their way, by a seed.
///
/// A draw depends on the seed, on the webhook's kind and record, and on how many of that kind there
/// were about it before, so that the order of changes to different records changes nothing.
///
/// ```
/// use std::time::Duration;
///
/// use integrations_testkit::ghl::WebhookFaults;
///
/// let faults = WebhookFaults::seeded(7)
///     .lose(0.05)
///     .duplicate(0.2, 3)
///     .reorder(0.2, Duration::from_millis(200))
///     .delay(Duration::ZERO..Duration::from_millis(20));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct WebhookFaults {
    seed: u64,
    lose: f64,
    duplicate: (f64, u32),
    reorder: (f64, Duration),
    delay: Range<Duration>,
    pub(super) hang_up: (f64, Duration),
    seen: HashMap<String, u64>,
}

/// How long each copy of a webhook waits before it goes out; none if it is lost.
pub(crate) struct Fate {
    pub(crate) waits: Vec<Duration>,
    pub(crate) seed: u64,
}

impl WebhookFaults {
    /// Nothing happens.
    pub fn none() -> Self {
        Self::seeded(0)
    }

    /// Nothing yet; what is added is drawn from this seed.
    pub fn seeded(seed: u64) -> Self {
        Self {
            seed,
            lose: 0.0,
            duplicate: (0.0, 1),
            reorder: (0.0, Duration::ZERO),
            delay: Duration::ZERO..Duration::ZERO,
            hang_up: (0.0, Duration::ZERO),
            seen: HashMap::new(),
        }
    }

    /// With this probability, from 0 to 1, a webhook is never sent. Nobody is told.
    pub fn lose(mut self, probability: f64) -> Self {
        self.lose = probability;
        self
    }

    /// With this probability a webhook is delivered this many times in all, whatever is answered.
    pub fn duplicate(mut self, probability: f64, times: u32) -> Self {
        self.duplicate = (probability, times);
        self
    }

    /// With this probability a webhook, or one more delivery of it, is held back for up to this long, so that later
    /// ones overtake it.
    pub fn reorder(mut self, probability: f64, window: Duration) -> Self {
        self.reorder = (probability, window);
        self
    }

    /// Every webhook is on its way for some time of this range.
    pub fn delay(mut self, range: Range<Duration>) -> Self {
        self.delay = range;
        self
    }

    /// With this probability a try breaks off within this time, whether or not it has arrived: the answer is never read,
    /// and the webhook is tried again as after any failure.
    pub fn hang_up(mut self, probability: f64, within: Duration) -> Self {
        self.hang_up = (probability, within);
        self
    }

    pub(crate) fn decide(&mut self, kind: &str, record: &str) -> Fate {
        let key = format!("{kind} {record}");
        let count = self.seen.entry(key.clone()).or_default();
        let mut rng = fastrand::Rng::with_seed(mix(self.seed, &key, *count));
        *count += 1;
        let lost = rng.f64() < self.lose;
        let copies = match self.duplicate {
            (probability, times) if rng.f64() < probability => times.max(1),
            _ => 1,
        };
        let mut wait = || {
            let spread = self.delay.end.saturating_sub(self.delay.start);
            let mut wait = self.delay.start + spread.mul_f64(rng.f64());
            let (probability, window) = self.reorder;
            let (held, longer) = (rng.f64() < probability, window.mul_f64(rng.f64()));
            if held {
                wait += longer;
            }
            wait
        };
        Fate {
            waits: (0..if lost { 0 } else { copies }).map(|_| wait()).collect(),
            seed: rng.u64(..),
        }
    }
}

impl Default for WebhookFaults {
    fn default() -> Self {
        Self::none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_repeat_with_the_seed_in_any_order() {
        let faults = |seed| {
            WebhookFaults::seeded(seed)
                .lose(0.2)
                .duplicate(0.5, 3)
                .reorder(0.5, Duration::from_millis(100))
                .delay(Duration::from_millis(5)..Duration::from_millis(9))
        };
        let run = |seed, backwards: bool| {
            let mut faults = faults(seed);
            let mut numbers: Vec<u32> = (0..200).collect();
            if backwards {
                numbers.reverse();
            }
            let mut fates: Vec<_> = numbers
                .into_iter()
                .map(|n| (n, faults.decide("ContactUpdate", &n.to_string()).waits))
                .collect();
            fates.sort();
            fates
        };
        assert_eq!(run(7, false), run(7, true));
        assert_ne!(run(7, false), run(8, false));
        let fates = run(7, false);
        let lost = fates.iter().filter(|(_, waits)| waits.is_empty()).count();
        let tripled = fates.iter().filter(|(_, waits)| waits.len() == 3).count();
        assert!((20..=60).contains(&lost), "{lost} of 200 lost at 20 %");
        assert!((50..=110).contains(&tripled), "{tripled} of 200");
        let waits: Vec<_> = fates.iter().flat_map(|(_, waits)| waits).collect();
        assert!(waits.iter().all(|w| **w >= Duration::from_millis(5)));
        assert!(waits.iter().any(|w| **w > Duration::from_millis(30)));
    }

    #[test]
    fn without_faults_everything_goes_out_once_and_at_once() {
        let mut faults = WebhookFaults::none();
        for _ in 0..50 {
            assert_eq!(faults.decide("a", "b").waits, [Duration::ZERO]);
        }
    }
}
