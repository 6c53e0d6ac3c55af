use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

use crate::fault::FaultKind;

/// One request that reached the simulator. Holds no body, no query and no token.
#[derive(Clone)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Position in the journal, from 0.
    pub sequence: usize,
    /// When it arrived, by the simulator's clock.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path below the [base URL](super::SimulatedAloware::base_url), as sent.
    pub path: String,
    /// The operation that the path and method name, for example `contacts.upsert`.
    pub operation: Option<&'static str>,
    /// Whether the token was where it belongs and is valid.
    pub authorized: bool,
    /// The status that the client was sent; `None` while it waits, or if the connection was cut.
    pub status: Option<u16>,
    /// The fault that was injected.
    pub fault: Option<FaultKind>,
}

impl fmt::Debug for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestRecord")
            .field("sequence", &self.sequence)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("operation", &self.operation)
            .field("authorized", &self.authorized)
            .field("status", &self.status)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// Counters since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests that arrived.
    pub requests: u64,
    /// Requests refused with 401.
    pub refused: u64,
    /// Requests that were answered a page of HTML, since their path does not exist.
    pub pages: u64,
    /// Requests over the rate limit.
    pub throttled: u64,
    /// Faults injected into requests.
    pub faults: u64,
    /// How often each operation took effect.
    pub writes: BTreeMap<&'static str, u64>,
}
