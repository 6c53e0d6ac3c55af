//! How much of a rate limit was used while there was work.

use integrations_testkit::SimulatedGhl;
use jiff::SignedDuration;

use crate::crms::SECOND;

/// Requests that were let through, and those that the limit allowed in the same time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    used: u64,
    allowed: u64,
}

impl Usage {
    /// A side is written to from the first to the last contact that is created there, in each process: the listings
    /// before and after are read page by page, each of which says where the next one is. Whole seconds are counted, as
    /// many as there are from the first creation on.
    pub(crate) fn of(ghl: &SimulatedGhl, limit: u32) -> Self {
        let requests = ghl.requests();
        let starts = ghl.starts();
        let mut usage = Self::default();
        for (at, from) in starts.iter().enumerate() {
            let to = starts.get(at + 1).copied().unwrap_or(requests.len());
            let life = &requests[*from..to];
            let mut times: Vec<_> = life
                .iter()
                .filter(|request| request.operation == Some("contacts.create") && request.applied)
                .map(|request| request.at)
                .collect();
            times.sort_unstable();
            let (Some(first), Some(last)) = (times.first(), times.last()) else {
                continue;
            };
            let seconds = last.duration_since(*first).as_secs();
            let end = *first + SignedDuration::from_secs(seconds);
            let within = life
                .iter()
                .filter(|request| request.at >= *first && request.at < end)
                .filter(|request| request.status != Some(429));
            usage.used += within.count() as u64;
            usage.allowed +=
                u64::from(limit) * u64::try_from(seconds).unwrap_or(0) / SECOND.as_secs();
        }
        usage
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            used: self.used + other.used,
            allowed: self.allowed + other.allowed,
        }
    }

    /// Rounded to four places.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of counts that are small"
    )]
    pub(crate) fn share(self) -> Option<f64> {
        let share = (self.allowed > 0).then(|| self.used as f64 / self.allowed as f64)?;
        Some((share * 10_000.0).round() / 10_000.0)
    }
}
