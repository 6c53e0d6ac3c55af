//! Times as the database holds them: microseconds since 1970, UTC.

use std::time::Duration;

use integrations_core::{Result, Timestamp};

use crate::error;

pub(crate) fn to_micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A span, cut at what fits; a lease of 300,000 years is for ever.
pub(crate) fn span(by: Duration) -> i64 {
    i64::try_from(by.as_micros())
        .unwrap_or(i64::MAX / 4)
        .min(i64::MAX / 4)
}

pub(crate) fn from_micros(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| error::corrupt("a stored time is out of range"))
}

/// What the database holds of a time: equal to what will be read back.
pub(crate) fn stored(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
