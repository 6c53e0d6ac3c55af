use std::time::Duration;

use integrations_core::http::{LimitClass, LimitKey, Priority};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many levels of priority there are, the least urgent first.
pub(super) const LEVELS: usize = Priority::Urgent as usize + 1;

/// The state of one row: where each of the `max` places under a limit is.
///
/// Times are microseconds since 1970 by the database's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Budget {
    /// Requests allowed …
    pub max: u32,
    /// … in any span of so many microseconds.
    pub per: i64,
    /// What the provider's code declares, before its headers say more.
    pub declared: (u32, i64),
    /// Places that nobody holds and that may be used at once.
    pub free: u32,
    /// Places that nobody holds and that may be used a span after this time, the soonest first.
    pub cooling: Vec<(i64, u32)>,
    /// Who holds the others, or wants some.
    pub holders: Vec<Holder>,
    /// The provider refuses everything until then.
    pub blocked_until: i64,
    /// Until when the limit or the block counts as changed lately.
    pub news_until: i64,
}

/// One process, or what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Holder {
    /// Made up by the process; never used again once it was forgotten here.
    pub id: Uuid,
    /// The number of its last report.
    pub seq: u64,
    /// Its places: free, under way or cooling.
    pub held: u32,
    /// It sends nothing from then on, unless it reports again.
    pub deadline: i64,
    /// Nothing that it sent is on its way any more: then its places come back.
    pub gone_at: i64,
    /// Places that it could use, by priority.
    pub want: [u32; LEVELS],
    /// How many tenants wait in it: its weight when there is too little.
    pub weight: u32,
}

/// What a process says in an exchange.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// Whose budget.
    pub key: LimitKey,
    /// The limit as declared.
    pub class: LimitClass,
    /// Who reports.
    pub holder: Uuid,
    /// Counts this holder's reports from 1. A report whose answer did not arrive is sent again under its number.
    pub seq: u64,
    /// The places that it keeps.
    pub held: u32,
    /// The places that it gives back: how many, and how long ago the answers of their last requests began; `None` when
    /// that is longer than a span ago.
    pub returned: Vec<(u32, Option<Duration>)>,
    /// Places that it could use, by priority, the least urgent first.
    pub want: [u32; LEVELS],
    /// How many tenants wait in it.
    pub weight: u32,
    /// For how long it may use its places without reporting again, from before it reports.
    pub lease: Duration,
    /// The longest that a request takes from its permit to the provider.
    pub travel: Duration,
    /// What the provider's headers said the limit is, if that is new.
    pub max: Option<u32>,
    /// What they said the span is, if that is new.
    pub per: Option<Duration>,
    /// How long the provider wants nothing, if that is new.
    pub blocked: Option<Duration>,
}

impl Report {
    /// A first report that asks for nothing.
    #[must_use]
    pub fn new(key: LimitKey, class: LimitClass, holder: Uuid) -> Self {
        Self {
            key,
            class,
            holder,
            seq: 1,
            held: 0,
            returned: Vec::new(),
            want: [0; LEVELS],
            weight: 1,
            lease: Duration::from_secs(6),
            travel: Duration::from_secs(10),
            max: None,
            per: None,
            blocked: None,
        }
    }
}

/// What a process is told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Granted {
    /// The places that it got: how many, and how long it waits before it uses them.
    pub places: Vec<(u32, Duration)>,
    /// It is not known any more: whatever it held is not its own.
    pub lost: bool,
    /// The row, as it is now.
    pub budget: Budget,
    /// The database's time.
    pub now: i64,
}
