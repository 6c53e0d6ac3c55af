use std::time::Duration;

use integrations_core::Timestamp;

/// No two renewals are closer than this: a provider whose clock is wrong is not called all the time.
const LEAST: Duration = Duration::from_secs(30);
/// The first wait after a failure.
const FIRST: Duration = Duration::from_secs(60);
/// The longest wait after a failure.
const MOST: Duration = Duration::from_secs(60 * 60);

/// At two thirds of its life, up to a tenth earlier, so that what was made together is not renewed together. `None`
/// for one that does not end.
pub(super) fn renew_at(now: Timestamp, until: Option<Timestamp>) -> Option<Timestamp> {
    let life = left(now, until?);
    let wait = life.mul_f64(2.0 / 3.0 * (1.0 - fastrand::f64() / 10.0));
    Some(now.checked_add(wait.max(LEAST)).unwrap_or(Timestamp::MAX))
}

/// Twice as long with each failure, but several times before the end.
pub(super) fn again_after(
    failures: u32,
    now: Timestamp,
    until: Option<Timestamp>,
    asked: Option<Duration>,
) -> Duration {
    let step = FIRST.saturating_mul(2u32.saturating_pow(failures.min(10)));
    let step = step.min(MOST).max(asked.unwrap_or_default().min(MOST));
    match until.map(|until| left(now, until)) {
        Some(left) if !left.is_zero() => step.min(left / 4).max(LEAST),
        _ => step,
    }
}

fn left(now: Timestamp, until: Timestamp) -> Duration {
    until.duration_since(now).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[test]
    fn at_two_thirds_of_life() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(renew_at(now, None), None);
        for _ in 0..100 {
            let at = renew_at(now, Some(now + 3 * DAY)).unwrap();
            assert!(at <= now + 2 * DAY && at >= now + DAY * 9 / 5, "{at}");
        }
        assert_eq!(renew_at(now, Some(now)), Some(now + LEAST));
        assert_eq!(renew_at(now, Some(now - DAY)), Some(now + LEAST));
        assert!(renew_at(now, Some(Timestamp::MAX)).is_some());
    }

    #[test]
    fn several_tries_before_the_end() {
        let now = Timestamp::UNIX_EPOCH;
        for life in [DAY, 7 * DAY, Duration::from_secs(3600)] {
            let until = now + life;
            let mut at = renew_at(now, Some(until)).unwrap();
            let mut tries = 0;
            while at < until {
                at += again_after(tries, at, Some(until), None);
                tries += 1;
            }
            assert!(tries >= 7, "{tries} tries in a life of {life:?}");
        }
        assert_eq!(again_after(0, now, None, None), FIRST);
        assert_eq!(again_after(40, now, None, None), MOST);
        assert_eq!(again_after(0, now, None, Some(10 * DAY)), MOST);
    }
}
