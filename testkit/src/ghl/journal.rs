use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

pub(crate) use crate::common::effect::repeated;
pub use crate::common::effect::{Effect, WriteRecord};
use crate::fault::FaultKind;

/// What kind of credential came with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TokenClass {
    /// None, or one that the simulator does not know or no longer accepts.
    None,
    /// A private integration token of a sub-account.
    PrivateLocation,
    /// A private integration token of an agency.
    PrivateAgency,
    /// An OAuth token of a sub-account (`userType` Location).
    OAuthLocation,
    /// An OAuth token of an agency (`userType` Company).
    OAuthCompany,
}

impl TokenClass {
    pub(crate) fn is_private(self) -> bool {
        matches!(self, Self::PrivateLocation | Self::PrivateAgency)
    }
}

/// One request that reached the simulator. Holds no body and no token.
///
/// `Debug` leaves the query out, because a query may hold personal data.
#[derive(Clone)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Position in the journal, from 0.
    pub sequence: usize,
    /// When it arrived, by the simulator's clock.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path, as sent.
    pub path: String,
    /// Query, as sent, without the question mark.
    pub query: String,
    /// The `Version` header.
    pub version: Option<String>,
    /// The operation that the path and method name, for example `contacts.create`.
    pub operation: Option<&'static str>,
    /// The credential's class.
    pub token: TokenClass,
    /// The location of the credential, for a sub-account credential.
    pub location: Option<String>,
    /// The status that the client was sent; `None` while it waits, or if the connection was cut.
    pub status: Option<u16>,
    /// Whether the request took effect: it passed all checks and its handler ran.
    pub applied: bool,
    /// The fault that was injected.
    pub fault: Option<FaultKind>,
    /// Where its [`WriteRecord`] is.
    pub(crate) write: Option<usize>,
}

impl fmt::Debug for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestRecord")
            .field("sequence", &self.sequence)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("version", &self.version)
            .field("operation", &self.operation)
            .field("token", &self.token)
            .field("status", &self.status)
            .field("applied", &self.applied)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// How often a contact was written through the API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContactWrites {
    /// Creations; more than one cannot be.
    pub created: u64,
    /// Updates and upserts, tags apart, that changed something.
    pub updated: u64,
    /// Tags added or removed.
    pub tagged: u64,
    /// Accepted writes that changed nothing.
    pub unchanged: u64,
    /// Deletions; more than one cannot be.
    pub deleted: u64,
    /// Writes that were refused or throttled, or struck by a fault before their effect.
    pub refused: u64,
}

impl ContactWrites {
    /// All that took effect, those that changed nothing included.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.created + self.updated + self.tagged + self.unchanged + self.deleted
    }

    pub(crate) fn count(&mut self, write: &WriteRecord) {
        let tags = write.operation.ends_with("Tags");
        *match write.effect {
            Effect::None => &mut self.refused,
            Effect::Created => &mut self.created,
            Effect::Changed if tags => &mut self.tagged,
            Effect::Changed => &mut self.updated,
            Effect::Unchanged => &mut self.unchanged,
            Effect::Deleted => &mut self.deleted,
        } += 1;
    }
}

/// Counters since the start, or since [`SimulatedGhl::reset_stats`](super::SimulatedGhl::reset_stats).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests that arrived.
    pub requests: u64,
    /// 429 answers of the rate limiter. Injected ones are not counted here.
    pub throttled: u64,
    /// The most requests that one budget (app and resource) saw in any window, 429s included.
    pub max_in_window: usize,
    /// Authorization codes exchanged for tokens.
    pub token_exchanges: u64,
    /// Refresh tokens exchanged for new pairs.
    pub refreshes: u64,
    /// Refresh tokens presented again after they had been rotated away.
    pub reused_refresh_tokens: u64,
    /// Location tokens minted from company tokens.
    pub location_tokens: u64,
    /// Requests refused with 401 or 403.
    pub refused: u64,
    /// Faults injected into requests.
    pub faults: u64,
    /// Requests that came over a rate limit, those that a fault struck as well included. A client that
    /// keeps to the limits has none.
    pub limit_violations: u64,
    /// Answered reads per operation, for example `contacts.get`.
    pub reads: BTreeMap<&'static str, u64>,
    /// Effects per operation, reads excluded, for example `contacts.create`.
    pub writes: BTreeMap<&'static str, u64>,
}
