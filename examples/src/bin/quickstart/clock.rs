//! A clock that can be set ahead, so that a day passes at once for everybody in the story.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use integrations_core::{Clock, SystemClock, Timestamp};
use jiff::SignedDuration;

#[derive(Debug, Clone, Default)]
pub(crate) struct StoryClock {
    ahead: Arc<AtomicI64>,
}

impl StoryClock {
    pub(crate) fn skip_hours(&self, hours: i64) {
        self.ahead.fetch_add(hours, Ordering::Relaxed);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_hours(self.ahead.load(Ordering::Relaxed))
    }
}
